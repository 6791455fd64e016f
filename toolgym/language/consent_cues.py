"""The words of a yes, and those that take one back; a small grammar of consent in English.

All patterns are for clauses as :mod:`toolgym.language.clauses` cuts them: in lower case, chat spellings written out.
"""

from __future__ import annotations

import re

_SUBJECT = (
    r"(?:it|that|this|these|those|they|everything|all|all of (?:it|that|this|them)|(?:all )?(?:the |these |"
    r"those )?(?:above|details?|changes?|summary|info|information|numbers?|plan)(?: (?:above|below))?)"
)
_BE = (
    r"(?:'s| is| are|'re| was| all| both| looks?| sounds?| seems?| reads?| works| would be|'d be| will be|'ll be|"
    r" should be| do| does| will do|'ll do| checks? out)"
)
_VERY = (
    r"(?: (?:all|both|so|very|just|really|perfectly|absolutely|totally|completely|quite|pretty|entirely|exactly|"
    r"also|still|the|much))*"
)
_PRAISE = (
    r"(?:right|correct|fine|good|great|okay|ok|alright|all right|perfect|perfectly|accurate|lovely|wonderful|excellent|"
    r"awesome|amazing|brilliant|fantastic|ideal|acceptable|cool|super|nicely|as (?:it should be|agreed|discussed|"
    r"requested|expected|described)|in order|spot on|on point|like a plan|what i (?:want|wanted|need|needed|meant|said|"
    r"asked for|had in mind|would like|requested))"
)
_FOR_ME = r"(?: (?:to|for|by|with) (?:me|us|my end|that|it|this)| on my (?:end|side)| here| too| as well)?"
_THING = r"(?:it|that|this|them|those|these|both|everything|all of (?:it|them|that)|so)"
_CHANGE = (
    r"(?:change|switch|exchange|booking|purchase|payment|order|transfer|update|swap|return|refund|cancellation|"
    r"reservation|request|edit|move|exchanges|changes|updates)"
)
_OKAY = (
    r"(?:ok(?:ay)?k?|okey(?: ?-?dokey)?|okie(?: ?-?dokie)?|k+|alright|all right|right|righto|fine|great|good|cool|nice|"
    r"awesome|excellent|wonderful|lovely|super|brilliant|fantastic|fair enough|very well|good enough)"
)
_FILLER = (
    r"(?:"
    + _OKAY
    + r"|well|oh|ah+|aha|h+m+|m+|um+|uh+|er+|hey|hi|hello|ha(?:ha)*|lol|wow|phew|so|then|now|and|also|please|"
    r"just|simply|kindly|thanks?(?: you)?(?: (?:so|very) much| a lot| for (?:checking|asking|confirming|the summary|"
    r"explaining(?: that)?))?|sorry|honestly|finally|understood|got it|noted|i see|gotcha|i (?:guess|think|"
    r"suppose|say)|"
    r"in that case|my answer is|let me see|as i said|like i said|absolutely|definitely|certainly|again|anyway|"
    r"if so|sure|yes|yeah|yep)"
)
_OPEN = r"(?:^|\b(?:and|so|then|now|say) +)(?:" + _FILLER + r"\b[ !~]*){0,6}"
_SAYING_SO = (
    r"ye(?:s+[a-z]?|ah*|a+|e)?|y+|y[sr]s?e?|eys|yers|yeppers|ya+h?|yah|ye[pb]+|yess?ir|yup+|yus|yass*|aye|oui|"
    r"affirmative|positive|indeed|sure+(?: thing)?|surely|"
    r"for sure|absolutely|definitely|certainly|totally|gladly|of course|by all means|agreed|granted|approved|"
    r"precisely|exactly|confirm(?:ed)?|correct|right on|spot on|bingo|deal|roger(?: that)?|m+-?hm+|uh-?huh|you bet|"
    r"perfect|100 ?%|100 percent|(?:a |one )?hundred percent|\+1|10-4|lgtm|(?:hell|heck) ya?e?[sa]h?|with pleasure|"
    r"please do|be my guest|thumbs up|green light|count me in|amen|no objections?|sold|(?:permission|approval|"
    r"consent) (?:granted|given)|(?:naturally|bet|agree)$"
)
_GO = (
    r"(?:please )?(?:go (?:right |straight )?(?:ahead|on|for it|4 it)(?: then)?|go-ahead|proceed|carry on|"
    r"continue|crack on|keep going|"
    r"fire away|move forward|go through with it|make it (?:so|happen|official)|ship it|send it through|hit it|"
    r"have at it|knock yourself out|get (?:it|that|this) done|get on with it|pull the trigger|"
    r"(?:do|book|submit|process|apply|issue|place|finish|complete|finalize|charge|activate|purchase|buy|execute|"
    r"run|commit|publish|"
    r"launch|file|approve|confirm|create|schedule|delete|remove|return|refund|exchange|transfer|upgrade|send|ship|"
    r"archive|renew|order|pay|implement|take care of|sort|perform) " + _THING + r"\b|"
    r"please (?:submit|book|process|finalize|complete|apply|execute|activate|purchase|buy)$|go$|i say (?:go|yes|do it)|"
    r"(?:take|consider|treat|count) (?:this|that|it) (?:as )?(?:my |a |an |our )?(?:\w+ )?(?:confirmation|"
    r"confirmed|yes|approval|approved|consent|agreement|go-?ahead|ok|okay|done deal)|"
    r"(?:make|submit|process|place|apply|complete|finalize|issue|execute|confirm|approve|do) (?:the|this|that|my|"
    r"these|those) "
    r"(?:\w+ )?" + _CHANGE + r"\b)"
)
_WILLING = (
    r"i(?:'d| would)? (?:like|love|want|wish|prefer|need) (?:you )?to (?:please )?(?:go ahead|proceed|continue|"
    r"move forward|go forward|"
    r"carry on|go through with|go for|do (?:it|that|this|so)|confirm)\b|"
    r"(?:i(?:'d| would)? (?:like|want|love) (?:it|that|this))$|"
    r"you (?:can|may|should|have to|could) (?:please |now |just |certainly |definitely |absolutely )*(?:go ahead|"
    r"proceed|continue|do (?:it|that|so|this)|"
    r"(?:book|submit|process|apply|issue|place|finish|complete|charge|cancel|delete|return|refund|exchange|send|change|"
    r"make|create|update|remove|transfer|switch|upgrade|close|confirm) (?:it|that|this|them|both|the|my|everything)\b)|"
    r"let's (?:please |just )*(?:go(?: ahead|$| for it| with (?:it|that|this))|proceed|continue|move forward|"
    r"do (?:it|that|this|so)|"
    r"get (?:it|that|this) done|get (?:going|started|on with it)|book it|make it happen|roll)|"
    r"i(?:'ll| will| can| do| hereby| fully| totally| completely|'m happy to| am happy to| would| could|'d|"
    r")* ?(?:confirm|agree|approve|consent|authori[sz]e|accept)\b"
    r"(?! (?:you|something|anything)\b)|we(?:'re| are) agreed|i(?:'m| am) (?:very |quite |totally |completely |"
    r"absolutely |perfectly |100% |really )*(?:sure|certain|positive)\b(?! (?:if|whether|that's not|about))|"
    r"i(?:'m| am) (?:very |quite |totally |completely |absolutely |perfectly |really )*(?:(?:fine|happy|okay|ok|"
    r"good|cool|comfortable|alright|all right|satisfied|down) with|(?:happy|glad|ready|okay|ok|fine) "
    r"(?:for you )?to (?:proceed|go ahead|continue|do|accept|pay|confirm)|in\b(?! )|in favou?r|game\b|on board|"
    r"all for (?:it|that)|good to go)|"
    r"you(?:'ve| have)? (?:have |got )?(?:my|our|the) (?:full |explicit |express )?(?:permission|approval|consent|"
    r"okay|ok|go-?ahead|blessing|word|confirmation|authori[sz]ation|green light|yes)|"
    r"i(?:'ll| will| do| hereby)? give (?:you )?(?:my|our|the|a) (?:full |explicit )?(?:permission|approval|"
    r"consent|okay|ok|go-?ahead|blessing|word|confirmation|authori[sz]ation|green light)|"
    r"(?:(?:it|this|that)'s|it is|that is|make (?:it|that)) an? (?:definite |big |clear |firm )?(?:yes|go|deal)\b|"
    r"you(?:'ve| have)? got (?:it|that right)$|"
    r"i(?:'ve| have)? (?:already |just )?said yes\b(?! (?:to|for)\b)|i(?:'ll| will) take it|i(?:'d|"
    r" would) (?:really |very much |"
    r"greatly |so )?(?:appreciate|welcome) (?:that|it|this)\b|all (?:good|correct|clear|right|fine|okay|"
    r"ok)(?: (?:for|by|with) me)?$|"
    r"(?:works?|good|fine|okay|ok|alright|all right|great|perfect|lovely|suits me|right|correct) (?:with|by|for|"
    r"to) (?:me|us)\b|suits me|works\b$|"
    r"if you (?:could|would|can) (?:please |just |kindly )*(?:do (?:it|that|this|so)|go ahead|proceed|continue|"
    r"process it|book it|submit it)\b"
)
FIRM = re.compile(
    _OPEN
    + r"(?:(?:"
    + _SAYING_SO
    + r")(?![\w'%-])(?! (?:confirm|whether|the name|my))|(?:"
    + _GO
    + r")(?![\w'])|(?:"
    + _WILLING
    + r"))"
    r"|\b(?:so|then|is|still|a|but|say|definitely|big) yes\b(?! or\b)|, yes$|\byes (?:please|yes)\b"
)
"""A clear yes at the beginning of a clause, after words that say nothing, or after "so"."""
JUDGED = re.compile(
    _OPEN + r"(?:"
    r"(?:"
    + _SUBJECT
    + _BE
    + r"+|(?:looks|sounds|seems|reads|works|is|all|both))"
    + _VERY
    + r" "
    + _PRAISE
    + _FOR_ME
    + r"(?![\w'])|"
    + _SUBJECT
    + r"(?: (?:all|both|certainly|definitely))? (?:works|will do|'ll do|checks? out|suits (?:me|us))|"
    r"(?:that|this|it)'ll (?:do|work)|exactly (?:right|that|it|what i))"
)
"""What was proposed is called good: a yes, if nothing else is wanted."""
NOTED = re.compile(
    r"(?>(?:" + _OKAY + r"|then|thanks|thank you|please|by all means|ah|oh|well|so|now|much|very|a lot)\b[\W_]*)+"
)
"""Words that take note; a yes to a proposal where the whole answer says nothing else."""
OKAY = re.compile(r"\b" + _OKAY + r"\b")
COURTESY = re.compile(
    r"\bif you (?:(?:could|would|can) |(?=went ahead|did (?:it|that|so)))(?=went|did|(?:please |just |"
    r"kindly )*(?:do (?:it|that|this|so)|" + _GO + r"))"
)
"""A bidding in the form of a condition."""
ASKED_TO = re.compile(
    r"(?:" + _FILLER + r"\b[ ,!]*){0,6}(?:can|could|would|will) you (?:please |just |kindly |go ahead and )*"
    r"(?:go ahead|proceed|continue|do (?:it|that|this|so)|(?:book|submit|process|complete|finalize) (?:it|that|this))"
    r"(?: (?:please|now|then|for me|right away|thanks|with (?:it|that|this)))*"
)
"""A yes in the form of a question."""

_NONE = (
    r"(?:no|nothing|not (?:any|a)|zero|without (?:any|a)|i (?:(?:do|did|can|could|have|would|see)(?:n't| not)|"
    r"can't) (?:really |actually )?(?:see|find|have|spot|notice|need|think of|require|got)?(?: to)?(?: see| find|"
    r" have| change)? ?(?:any|anything|a single|nothing|an?)?)"
)
_AMISS = (
    r"(?:wrong|amiss|incorrect|mistakes?|errors?|typos?|problems?|issues?|objections?|concerns?|complaints?|questions?|"
    r"doubts?|reservations?|qualms|changes?|changed|changing|to (?:change|correct|add|fix|adjust|object to)|"
    r"corrections?|missing|against|discrepanc\w+|"
    r"regrets|reasons? (?:not to|to (?:wait|say no|refuse|object))|reason why not|else|more|further|"
    r"need to (?:wait|ask|check|change \w+|apologi[sz]e)|out of place|hesitation|delay)"
)
IDIOM = re.compile(
    r"\b(?:(?:no|nope|nah),? )?(?:(?:i (?:have|see) )?(?:no|not an?) (?:problem|problemo|prob|probs|biggie|sweat|"
    r"worries|objections?|issues?)(?: (?:at all|here|from me|with (?:that|it|this)|whatsoever|from my side|"
    r"on my end))?|"
    r"i (?:don't|do not|can't) see (?:any reason )?why not|i (?:can |could )?see no reason (?:not to|why not)|"
    r"why (?:not|wouldn't i)|(?:i )?(?:don't|do not|wouldn't|would not) mind(?: (?:at all|that|it|if you do))?|"
    r"i(?: have|'ve)?(?: don't have| do not have) any objections?|i have no objections?)(?![\w'])"
)
"""Words of refusal that mean: fine."""
SURE = re.compile(
    r"\b(?:(?:i |we )?(?:couldn't|could not|can't) (?:agree more|wait(?: any longer)?|say no to that|complain|"
    r"argue with that|be (?:better|happier|more sure))|"
    r"nothing would make me happier|never been (?:more )?(?:sure|surer))\b"
)
HARMLESS = re.compile(
    r"\b(?:(?:no|nope|nah),? )?(?:"
    + _NONE
    + r" (?:\w+ ){0,2}?"
    + _AMISS
    + r"(?: (?:at all|there|here|with (?:that|it|this)|whatsoever|about (?:that|it|this)|of mine))?"
    r"|no (?:need|reason) (?:to|for) (?:\w+ ?){1,3}|no (?:longer|matter what|doubt)|(?:without|"
    r"no) (?:a )?(?:doubt|hesitation|delay)"
    r"|(?:please )?(?:don't|do not|never|not to|no need to) (?:you )?(?:worry|mind|bother|hesitate|delay|fret|"
    r"be sorry|apologi[sz]e)(?: (?:about|with|over|for) [\w' ]{1,200})?"
    r"|never mind (?:about )?(?:the|that|my|those|this) [\w' ]{1,200}|(?:i )?(?:don't|"
    r"do not) care(?: about [\w' ]{1,200})?|(?:it|that) (?:doesn't|does not) matter"
    r"|(?:please )?(?:don't|do not) forget to (?:email|send|text|mail)[\w' ]{0,200}"
    r"|(?:isn't|is not|'s not|wasn't|won't be|not) (?:really )?(?:an? |any |much of an? )?(?:big |real |"
    r"huge )?(?:problem|issue|concern|obstacle|bother|deal ?breaker|trouble)(?: for (?:me|us)| at all| here)?|"
    r"not (?:bad|only|a big deal|the end of the world)|(?:don't|do not|didn't) (?:want|need|have|"
    r"like) to wait(?: (?:any (?:longer|more)|longer))?|(?:don't|do not|no need to) wait|(?:don't|"
    r"do not) make me wait"
    r"|i (?:don't|do not) (?:need|want|use|have|like) (?:it|this|that|them|any of (?:it|them)) (?:any ?more|any longer)"
    r"|even (?:if|though) [\w' ]{1,200}|(?:despite|in spite of|regardless of) [\w' ]{1,200}|as (?:i|we) (?:don't|"
    r"can't|won't|no longer) [\w' ]{1,200}"
    r"|i(?:'m| am)?(?: do| fully| completely| also| already| totally)* (?:understand|know|realize|realise|aware|"
    r"acknowledge|get|accept)(?: and (?:accept|agree))?(?: of)?(?: that)? (?![\w' ]{0,120}\b(?:wrong|incorrect|"
    r"mistake|error|typo)\b)[\w'$. ]{0,120}?(?:n't|not|no|non|lose|once|only|when|if|until|after|unless|"
    r"never)\b[\w' -]{0,120}?(?= but\b| so\b| and (?:yes|please|i)\b|$|[~,;.!])"
    r"|by (?:mistake|accident)|(?:can't|cannot|can not|won't|not|never) be (?:undone|reversed|changed|refunded|"
    r"reverted|taken back)"
    r"|if (?:you don't mind|possible|you (?:would|please|say so|wish|like|insist)|that(?:'s| is) (?:okay|ok|fine|"
    r"all right|alright|possible|easier|quicker|faster|simpler|better|cheaper)(?: with you)?|"
    r"(?:it|that)(?:'s| is) (?:all the same(?: to you)?|the (?:only|best|easiest|quickest) (?:\w+)|(?:what|how|"
    r"the way) [\w' ]{1,40}?(?=,|$| then\b)|the (?:policy|case|rule|price))|(?:there(?:'s| is)|we have|"
    r"i have) no (?:other )?(?:\w+)|(?:it|that) (?:helps|has to be|must be)|need(?:ed| be)|necessary|i must|"
    r"anything)"
    r"|(?:once|when|whenever|as soon as) (?:you(?:'re| are) (?:ready|able|free|set)|you (?:can|get a chance|"
    r"have (?:time|a moment)|like|want)|possible)"
    r"|(?:let me know|tell me|email me|text me|message me|notify me|ping me|call me|update me|write me|"
    r"inform me) (?:\w+ ){0,2}?(?:when|once|as soon as|if|after)\b[\w' ]{0,200}"
    r"|once (?:again|more|and for all)|after all|until then|(?:only )?(?:my|"
    r"the) (?:other )?\w+ #?\w*\d\w* (?:has to|must|should|needs to) (?:stay|remain) (?:as it is|the same|"
    r"untouched)|"
    r"the only (?:way|one|option|thing left)|"
    r"only too (?:happy|glad)|if only"
    r"|(?:have|has|had|got|'s|is|at|with|there's|are|comes? with) no (?:extra |additional |further |other |"
    r"more )?(?:cost|charge|fees?|refund|fee|longer|questions?|problems?|changes?)"
    r"|no (?:more|further|other|additional) [\w']+|another (?:question|thing|matter|request)|(?:actually|"
    r"wait),? (?=(?:yes|yeah|go ahead|please do|do it)\b)"
    r"|(?:i|we)(?:'ve| have)? (?:waited|been waiting)[\w' ]{0,200}|on hold|otherwise (?:it's |all )?(?:fine|good|"
    r"okay|great|perfect))(?![\w'])"
)
"""Refusals and conditions that take nothing back: of a mistake, of a worry, of what is understood, of mere courtesy."""
_ALTER = (
    r"(?:change|make|switch|swap|move|add|remove|use|update|fix|correct|put|set|send|ship|take|replace|adjust|"
    r"edit|include|"
    r"exclude|deliver|charge|refund|keep|leave|drop|skip|return|exchange|note|upgrade|downgrade|split|check|tell|"
    r"explain|push|deduct|apply|pick|give|wait|double-check|verify|ask|rename|extend|shorten|mark|assign)"
)
_PERSON = r"(?:i|we|you|he|she|they|it|my|our|your|the|that|this|there|everything|all|both|someone|somebody)"
REFUSES = re.compile(
    r"^only if\b|\b(?:not|never|nothing|none|neither|nor|nobody|can't)\b|n't\b|"
    r"^(?:"
    + _FILLER
    + r"\b[ !]*){0,6}(?:no+|nope|nop|nah+|naw|nay|nuh|negative|stop|abort|pass|hold|pause|scrap|undo|drop|"
    r"skip)(?: (?:that|it|this))?(?=$|\W*$| no\b| (?:way|go|thanks?|thank you|thx|please|not|sorry|chance|deal|i|"
    r"that|that's|it|it's|this|the|wait|don't|but|to|for|dice|can do|sir|ma'am|need|more|stop|everything|all)\b)|"
    r"\bno+(?=$|[ ]*[!.]|~)|^no+\b(?! (?:other|one)\b)|\bno (?:to|for|way|go|on|thanks?|thank you)\b|"
    r"\b(?:wrong|incorrect|inaccurate|mistaken|misspell?ed|misspelt|mixed up|mix-?up|out of date|outdated|"
    r"too (?:expensive|pricey|much|late|early|high)|"
    r"disagree\w*|refuse|decline|reject|object|oppose|deny|withdraw|revoke|hold (?:on|off|up|that|it)|hang on|"
    r"wait|stop|actually|rather|instead|think(?:ing)? (?:about|over) (?:it|that|this)|"
    r"think (?:it|that|this) over|sleep on it|changed? my mind|reconsider\w*|second thoughts?|different(?:ly)?|"
    r"new plan|better idea|no (?:rush|hurry)|take (?:your|all the) time|not so fast|slow down|"
    r"(?:maybe|perhaps) later|forget (?:it|that|about)|never mind|leave (?:it|that|them|everything|things|my|the|"
    r"out|off)|as (?:it )?is\b|the way it is|i'll pass|i(?:'m| am) out|undecided|unsure|against it|prefer|"
    r"supposed to|ought to|(?:has|have|needs?) to be|must be|should (?:be|have been|say|read) (?!fine\b|good\b|"
    r"great\b|okay\b|ok\b|alright\b|all\b|perfect\b|right\b|correct\b)|you (?:forgot|missed|overlooked|"
    r"misunderstood|misread|misheard)|i'm good$|"
    r"(?:an?|one|some|another|small|slight|big) (?:\w+ )?(?:problem|issue|error|typo|concern|catch|snag|mismatch|"
    r"discrepancy|correction)|mistake (?:there|in|with|on)|off by|is (?:off|missing|old)|"
    r"would (?:have )?(?:say|said)|would have|almost|nearly|yea[h]? right$|yeah right as if|as if$)\b|"
    r"\bdepend(?:s|ing)?\b|\bbefore (?:you|that|we|doing|i|it|this|anything|any)\b"
)
"""What refuses, corrects or puts off."""
LIMITS = re.compile(
    r"\b(?:if|unless|except(?:ing|ion)?|provided|providing|as long as|so long as|on (?:the |one )?condition|"
    r"conditional|contingent|assuming|supposing|subject to|in case|given that|otherwise|until|"
    r"apart from|aside from|other than|besides|minus|without|only|excluding|instead of|rather than|but|however|"
    r"although|though|maybe|perhaps|possibly|probably|might|"
    r"make sure|ensure|later|stays?|leave (?:out|off)|keep|skip|drop)\b(?! going\b)|"
    r"\b(?:once|after|when|as soon as|the moment|whenever) " + _PERSON + r"\b|"
    r"\b(?:and|then|also) (?:please |also |then |first |just )*(?:add|make|change|include|switch|swap|move|remove|"
    r"use|update|put|exclude|split|keep|leave|drop|skip|upgrade)\b(?! (?:it|that|this|them|both|everything|all|so|"
    r"sure)\b|$| (?:(?:the|my|a|those|these) )?" + _CHANGE + r"\b)|"
    r"\b(?:just|simply|but|first) (?:please |also |then |first |just )*"
    + _ALTER
    + r"\b(?! (?:it|that|this|them|both|everything|all|so|already|please|me (?:the |a |an )?(?:receipt|confirmation|"
    r"e-?mail))\b|$| (?:(?:the|my|a|those|these) )?" + _CHANGE + r"\b)|"
    r"\b(?:just|only|simply) (?:the|that|this|one|those|these|for the|with the|my|a|an|two|three|not)\b(?! (?:way|"
    r"same|" + _CHANGE + r"))|"
    r"\bfirst(?=$|\W*$)|\bfirst (?:add|change|make|check|tell|let|fix|send|explain|remove|update)\b|"
    r"\bmake (?:it|that|them|this) (?!so\b|happen|quick|fast|snappy|right\b|official|now\b|please|soon|work|easy|"
    r"all\b)|"
    r"\b(?:with|use|to|on|in|for|from|by|the|my|an) other (?!order|request|question|matter|thing)|\banother\b|"
    r"^yes (?:for|on) (?:the|my)\b|\bdo (?:it|that|this) (?:for (?!me\b|us\b)|at |by |under )|"
    r"\b(?:confirm|approve|agree|accept|answer|reply|decide)(?: \w+){0,2}? (?:tomorrow|tonight|soon|next|"
    r"on \w+day|in a|when|once|after)\b|"
    r"\b(?:to|for|with|on|do) the (?:first|second|third|last|former|latter|other)\b|"
    r"\bone (?:sec|second|moment|minute|min|last thing|more thing|thing)\b|\b(?:give me|just) (?:a|an|one|some|"
    r"two) (?:\w+ )?(?:sec|second|seconds|moment|minute|minutes|min|mins|day|days|hour|time)\b|"
    r"\blet (?:me|us) (?!know|see\b)|\b(?:ask|come back|get back|try|call|decide|remind|do (?:it|that|this)|"
    r"go ahead|proceed) (?:\w+ ){0,2}?(?:later|tomorrow|tonight|another (?:day|time)|next (?:week|month|year)|"
    r"on (?:mon|tues|wednes|thurs|fri|satur|sun)day|in (?:a|an|one|two|three|\d+) (?:minute|hour|day|week|"
    r"month)s?)\b|"
    r"\b(?:i|we)(?:'d| would| will|'ll| still| also| really| just| first)* (?:need|have|want|wanted|like|got|"
    r"'ve got|ve got) (?:you )?to (?:\w+ )?(?:check|think|ask|talk|speak|look|know|see|consult|verify|discuss|"
    r"decide|understand|hear|read|wait|be sure|make sure|sleep|find)\b"
)
"""What makes a yes depend on something, leaves something out of it, or puts something else into it."""
WANTS_OTHER = re.compile(
    r"\b(?:instead|rather|different|another (?!order\b|question\b|request\b|thing\b|matter\b|task\b|booking\b)|make it|"
    r"what about|how about|what if|other (?:card|address|one|option|flight|color|size|method|date|day|plan|seat)|"
    r"(?:can|could|would) (?:you|we|i) (?:please |just |first |maybe )*(?:change|make|use|switch|swap|put|move|"
    r"keep|leave|remove|hold|wait)|wait|before (?:you|that|we)|really|sure)\b"
)
"""A question that takes a yes beside it back."""
RESTATES = re.compile(
    r"^(?:please |just |now |then )*" + _ALTER + r"\b(?! (?:it|that|this|them|both|everything|all)\b|$)"
)
"""A bidding with an object of its own; beside mere praise ("Sounds good, change the date") it is something new."""
HARD = re.compile(
    r"^(?:"
    + _FILLER
    + r"\b[ !]*){0,6}(?:no+|nope|nah|never|don't|do not|stop|wait|hold|cancel|not (?:yet|now|today|that|so fast))\b|"
    r"\bi (?:don't|do not|won't|can't|will not|didn't|wouldn't|never) (?:\w+ )?(?:want|agree|accept|approve|"
    r"confirm|authori[sz]e|consent|wish|proceed)\b|"
    r"\b(?:wait|hold on|hang on|stop|instead|rather not|changed? my mind|wrong|incorrect|refuse|decline)\b"
)
"""A refusal that a "but yes" after it does not undo; a mere complaint it does."""
CLEAN = re.compile(
    r"(?>(?:"
    + _FILLER
    + r"|"
    + _SAYING_SO
    + r"|"
    + _GO
    + r"|"
    + _WILLING
    + r"|fine by me|with (?:it|that|this)|for me|cancel it|it|(?:that|it)(?:'s| is) (?:okay|ok|fine|alright|"
    r"all right)|~)\b[\W_]*)+"
)
"""A clause that is nothing but a yes."""
CONCEDES = re.compile(r"^(?:although|though|while|even though)\b[^,;]*,")
"""A concession that a sentence begins with."""
WISHES = re.compile(
    r"\bi(?:'d| had| would)?(?: have| really| only| kind of| still)* (?:wish|wished|hope|hoped|was hoping|"
    r"were hoping|thought|expected|was expecting|wanted|liked|preferred|like)\b"
)
"""What a user would have liked better."""
ASKING = re.compile(
    r"(?:and |also |so |then |but )*(?:what|when|where|which|who|why|how|do|does|did|is|are|was|were|can|could|"
    r"will|would|should|shall|may|have|has|am)\b"
)
"""How a question begins."""
ELLIPTIC = re.compile(r"^(?:yes,? )?you (?:do|may|have (?:it|my (?:go-ahead|permission|consent|ok|okay|blessing)))$")
"""A yes to "Do I have your go-ahead?" or "May I?"."""
ANSWER_FORM = re.compile(r"[\W_]*yes\W*(?:or|/)?\W*no[\W_]*", re.IGNORECASE)
"""How a question may be answered; it asks for what the question does."""
OFFER = re.compile(
    r"^(?:(?:ah|oh|well|yes|sure|great|ok(?:ay)?),? )?(?:(?:you (?:may|can|should|do|have)|i (?:can|do|am|would)|"
    r"(?:we|they) do|they are|it (?:is|does))(?:,? and (?:you (?:may|can|should)|i do))?)"
    r"(?=[.!,]| (?:and |so )?(?:please|thanks|thank you|yes)\b|$)|^(?:please )?(?:update|cancel|return|exchange|swap|"
    r"change|switch|submit|process|save) away\b|^(?:apply|save) the new (?:address|one|details?)(?=[.!]|$)|"
    r"^(?:consent|permission|approval) given\b|"
    r"^(?:all )?(?:good|ready|clear|fine) to go(?=\W*$)|^ready(?=\W*$| :\))|"
    r"\bhere(?:'s| is) my (?:yes|ok|okay|consent|go-?ahead|approval)\b|"
    r"(?<![\w'] )\b(?:yes )?(?:go on and )?(?:please )?(?:save|update|change|make|switch|swap|file) "
    r"(?:it|that|the (?:change|changes|switch|swap|update))(?: please)?(?=[.!,]|$)(?!, (?:but|to|in)\b)"
)
"""A yes to how it was asked: "You may!" to "May I?", "Good to go." to "Good to go?"."""
REMARK = re.compile(
    r"(?:(?:and|well|oh|phew|sadly|honestly|unfortunately|luckily|besides) )*"
    r"(?:(?:i|we|it|they|he|she|there|nobody|no one|(?:my|our|the|an?) [a-z]+(?: [a-z]+)?)\b|"
    r"(?=(?:wasn't|weren't) )|(?=(?:didn't|never|hadn't) (?:\w+ )?(?:expect|think|realis|realiz|notic|hear|thought)))"
)
"""How a sentence begins that tells something."""
DENIAL = re.compile(r"\b(?:\w+n't|not|never|nothing|none|nobody|can't)(?!\w)")
TOUCHES = re.compile(
    r"\b(?:(?:want|wish|need|agree|accept|approv|confirm|authori|consent|proceed|ahead|done|yet|right|correct|match|"
    r"mine|charg|pay|refund|money|card|account|sure|ready|certain|until|budget|afford|told|mean|meant|order|true|"
    r"cancel|chang|return|exchang|send|ship|submit|touch|keep|includ|add|please|you|your|complet|decid|sound|look|ok|"
    r"okay|fine|happy|convinc|comfortabl|this|size|colou?r|reason|price|item|mention|list|belong|suppos|exist|"
    r"recogni[sz]|use|using|allow|permit|possib)(?:s|ed|e|es|ing|d|able|le|al)?|what i|(?:the|that) (?:\w+ )?ones?|"
    r"(?:do|like|have|think|know if|know whether|see why) ?(?:so|it|that|if|whether)?$|think (?:so|it|that|we|i)|"
    r"know (?:if|whether|about|what|which)|said|do (?:it|that|so))\b"
)
"""Words that make a denial one of what was proposed."""
