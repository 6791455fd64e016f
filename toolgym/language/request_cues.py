"""The words by which an assistant asks for a go-ahead, in English and in lower case."""

from __future__ import annotations

import re

_PLEASE = (
    r"(?:please |kindly |just |now |also |explicitly |first |really |then |quickly |go ahead and |go on and |"
    r"still )*+"
)
_LOOKS = (
    r"(?:check|look|see|find|verify|search|review|pull up|open up|read|explain|show|tell|list|describe|go over|"
    r"walk you|help|assist|hear|"
    r"know|ask|have|get|be of|repeat|clarify|share|give|offer|suggest|recommend|point|interest|reach you|call you|"
    r"address you|trouble|start by|"
    r"confirm|double-check|compare|provide|send you (?:a|the) (?:list|link)|guide|elaborate|do (?:for you|to help|"
    r"today|next|about|instead|with))"
)
"""What an assistant may offer to do that needs no consent."""
_ASSENT = (
    r"(?:permission|approval|consent|ok|okay|go-?\s?ahead|green light|authori[sz]ation|blessing|agreement|confirmation|"
    r"final word|yes|affirmation|assent|nod|say-?so|word|sign-?off|thumbs up)"
)
_NO_PAPER = (
    r"(?! (?:number|code|email|e-mail|page|letter|message|id|link|text|screen|from your|of your (?:name|identity|"
    r"address|email|account|phone|zip)))"
)
_FINE = (
    r"(?:right|correct|ok|okay|fine|good|great|alright|all right|accurate|acceptable|agreeable|in order|as (?:you|"
    r"expected|it should|intended|desired)|"
    r"satisfactory|suitable|clear|(?:really |exactly |indeed )?what you(?:'d|'re| would| were| are| have| had|"
    r" really)* (?:want|wanted|like|looking|need|needed|wish|prefer|mind|in mind|asked|meant|after)"
    r"(?: (?:me|us) to (?:do|change|update|make|book|cancel|process|submit))?)"
)
_TO_YOU = (
    r"(?=$|[\W]*$|[,;?!.)(]| (?:with|for|to|by) (?:you|u)\b| to (?:save|go|do|make|send|start|begin|submit|book|"
    r"cancel|process)\b| (?:so|before|and|or|here|then|now\W*$|if|that i|for me|to (?:go|proceed|continue|you))\b)"
)
_THIS = (
    r"(?:this|that|it|these|those|they|everything|all|all of (?:this|that|it)|(?:all )?(?:the|these|those|"
    r"my) (?:\w+ ){0,2}?(?:above|following|details?|information|info|summary|changes?|"
    r"terms|price|fee|cost|plan|proposal|updates?|booking|order|cancellation|exchange|return|refund|total|amount))"
)
_DEED = r"(?:to )?+" + _PLEASE + r"(?!" + _LOOKS + r"\b)[a-z]"
_GOES_ON = (
    r"(?:continue|proceed|go (?:ahead|on|through|forward)|move (?:ahead|forward|on with)|carry on|complete|"
    r"finali[sz]e|confirm)"
)
_DETAIL = (
    r"(?:hear|see|know|look|view|check|choose|pick|pay|use|try|discuss|tell|share|provide|do(?! (?:it|this|that|"
    r"so)\b)|have|get|receive|add|learn|start|speak|talk|"
    r"review|explore|browse|search|find|be|ask|read|compare|consider|wait|select|go with|specify|keep)"
)
_IDENTITY = (
    r"(?:names?|surname|e-?mail|address|phone|telephone|mobile|number|zip|post ?code|postal|birth\w*|dob|identity|"
    r"identification|id|username|user|account|"
    r"digits?|pin|password|passcode|reference|code|security|ssn|last four|contact|login|details? on (?:file|"
    r"your account)|size|colou?r|model|reason|date of|spelling|quantity|status)"
)
_OWN_DATA = (
    r"(?:(?:your|the|his|her|their|my|a|an|both|which|what|where|when|how|who|why)\b(?! (?:new|updated|changed|"
    r"above|following|revised|proposed|details above))"
    r"(?: (?!of\b|to\b|for\b|that\b|above\b|is\b|change\b)[\w'-]+){0,4}? "
    + _IDENTITY
    + r"\b(?! change| update)|(?:which|what|where|when|how|who|whom|whose|why)\b)"
)
_YES_TO = (
    r"(?:you(?:'d|'re|'ve| do| still| really| are| have| would| explicitly)* (?:want|like|wish|agree|accept|"
    r"approve|consent|happy|okay|ok|fine|sure|ready|authori[sz]e|understand)|"
    + _THIS
    + r"|i (?:can|may|should|have|am)|we (?:can|may|should)|to (?:proceed|continue)|yes)"
)
_CONFIRM = (
    r"(?:confirm|approve|verify that|verify (?:the (?:details|information|above|summary|following)|this|"
    r"everything|these|all)|authori[sz]e|okay this)"
)
CONSENT = re.compile(
    "|".join(
        (
            # a question for leave
            r"\b(?:shall|should|may|can|could|might|must) (?:i|we) (?:have|get|take|count on) (?:that as |it as |"
            r"this as )?(?:your|the|a|an)? ?(?:\w+ ){0,2}?" + _ASSENT + r"\b" + _NO_PAPER,
            r"(?<!what )(?<!how )\b(?:shall|should|may|can|could|might|must) (?:i|we) " + _DEED,
            r"\b(?:shall|should|may) (?:i|we)\W*\?",
            r"\b(?:whether|if) (?:i|we) (?:shall|should|may|can|could|might) " + _DEED,
            r"\b(?:want|like|wish|prefer|need) (?:for )?(?:me|us) " + _DEED,
            r"(?:^(?:still )?|\b(?:do|would) you(?: \w+)? |\b(?:if|whether) you(?:'d| would)?(?: \w+)? )(?:want|"
            r"like|wish) to " + _PLEASE + r"(?!" + _DETAIL + r"\b)[a-z]",
            r"\b(?:do|would) you (?:\w+ )?(?:want|like) (?:it|this|that|these|them)(?: (?:done|to happen|"
            r"to go (?:ahead|through)|\w+ed|sent))?(?: now)?\W*\?",
            # is it fine?
            r"\b(?:are you|you're|you are|are we) (?:\w+ )?(?:sure|certain|positive)\b(?! (?:which|what|where|"
            r"when|how|whether|the (?:router|phone|device|sim)))",
            r"\b(?:are you|you're|you are|would you be|you be) (?:\w+ )?(?:happy|ok|okay|fine|comfortable|alright|"
            r"all right|good|satisfied|agreeable|in agreement|on board|content) (?:with|to|for|"
            r"if)\b(?! (?:\w+ )?(?:product|item|service|device|phone|connection|hear|help))",
            r"(?:^|\b(?:is it|would it be|if it's|be|it|is) )(?:happy|ok|okay|fine|good|alright|all right|cool|"
            r"ready|clear|safe|free) (?:for (?:me|us) to|if (?:i|we)|that (?:i|we)|(?:with|for) you (?:if|to|for|"
            r"that)|for me)\b(?! " + _LOOKS + r"\b)",
            r"\b(?:mind if (?:i|we)|leave to|am i (?:permitted|clear|free|good|okay|allowed|cleared)) (?!"
            + _LOOKS
            + r"\b)",
            r"\b(?:is|are|does|do|would|will|did|be|if|that|whether) (?:"
            + _THIS
            + r"|all|you find (?:this|that))(?:'s|'re| is| are| all| be| look| looks| sound| sounds| seem| seems|"
            r" still| is all| are all)*(?: \w+ly| all| still)? ?" + _FINE + _TO_YOU,
            r"\b(?:does|would|will|do|if) "
            + _THIS
            + r" (?:all )?(?:works?|suits?|match(?:es)?|fit|fits|reflects?|meets?|align)(?: (?:for|with|to|what|"
            r"your|you|all)\b|\W*$|\W*\?)(?! (?:now|again))",
            r"^(?:does )?(?:that |this |it |everything |all )?(?:sounds?|looks?|works|good|ok|okay|fine|"
            r"alright) ?(?:good|right|ok|okay|fine|correct|alright|for you|to go|so far|like a plan)?\W*\?",
            r"\b(?:right|correct|ok|okay|agreed|deal|alright|all right|yes|fine|good to go|confirm|proceed|"
            r"continue|go ahead|all good|sound good|sounds good|looks good|everything (?:okay|ok|fine|good|"
            r"correct)(?: so far)?|go for it|(?:you|u|u guys) (?:are )?agree|"
            r"(?:ok|okay|fine|alright|good) (?:with|for|by) (?:you|u)|(?:do|save|book|ship|send|cancel|apply|"
            r"submit|swap|change|make|place|delete|create|update|process|return|issue|charge|switch|add|"
            r"remove) (?:it|this|that|them|these)(?: now)?)\W*\?",
            r"(?:^|[,.;:-] ?)(?:k|y|go)\W*\?",
            r"^\W*(?:is it |all |would it be )?(?:ok|okay|fine|alright|ready|good|cool|safe) to (?!"
            + _LOOKS
            + r"\b)[a-z][^?]{0,80}\?",
            r"\b(?:you|u) (?:are |do )?(?:agree|accept|approve|consent) (?:that |if )?(?:i|we)\b|\bone word from you\b",
            r"\byour (?:\w+ )?(?:permission|approval|consent|go-?ahead|authori[sz]ation|agreement|assent)\b"
            + _NO_PAPER
            + r"[^?]{0,80}\?|"
            r"\bi may (?!"
            + _LOOKS
            + r"\b)[a-z][^?]{0,60}\?|\bawait(?:ing)? your (?:\w+ )?affirmative\b|\bis it your wish\b",
            r"\b(?:any|no) objections?\b",
            r"\b(?:have|has|had|did) (?:i|we) (?:got|get|gotten|understood|understand|captured?) (?:that|this|it|"
            r"you|everything|all)\b",
            r"\bam i (?:right|correct|understanding)\b",
            r"\bdo we have (?:a deal|an agreement)\b|\b(?:is|does) (?:that|this) (?:a )?(?:go|deal|yes)\b|"
            r"\bfinal (?:decision|answer)\W*\?",
            # do you agree?
            r"\b(?:do|can|could|would|will) you (?:still |hereby |all |please )*(?:agree|approve|consent|accept|"
            r"assent|authori[sz]e|permit|allow|give (?:me |us )?(?:your|the|an?) (?:\w+ )?"
            + _ASSENT
            + r")\b"
            + _NO_PAPER,
            r"\b(?:if|whether|once|when|as soon as|until|unless|that) you(?:'ve| have|'re| are| do|"
            r" would)* (?:agree|agreed|approve|approved|accept|consent|give (?:me |us )?(?:your|the|an?) (?:\w+ )?"
            + _ASSENT
            + r")\b"
            + _NO_PAPER,
            # confirm
            r"\b(?:do|can|could|would|will|did) you (?:please |kindly |just |also |hereby |explicitly |now |"
            r"then )*"
            + _CONFIRM
            + r"\b(?! (?:for me |me |with me |again )*(?:"
            + _OWN_DATA
            + r"|(?:that|if|whether) (?!"
            + _YES_TO
            + r")))",
            r"(?:^|[.!?:;,(-] ?|\b(?:please|kindly|just|and|to proceed|so|then|now|simply|to|either|you to|should|"
            r"must|need to) )"
            + _CONFIRM
            + r"(?! (?:for me |me |with me |again )*(?:"
            + _OWN_DATA
            + r"|(?:that|if|whether) (?!"
            + _YES_TO
            + r"))| your)(?=$|[\W]*$| ?[,.:;!?()]| (?:the|this|that|these|those|it|all|with|by|and|so|if|whether|"
            r"before|below|above|now|here|to|or|y|yes|everything|you|for me to|in order|please|pls|plz|i )\b)",
            r"(?:\bplease|\bkindly|\bto|\bcan you|\bcould you) confirm your (?!(?:\w+ ){0,3}" + _IDENTITY + r"\b)",
            r"\b(?:if|once|when|whenever|as soon as|until|unless|after|upon|that) (?:you(?:'ve| have|'d)?|"
            r"your) (?:explicitly |explicit |final )?(?:confirm|confirmed|confirmation)\b(?! (?:your|the (?:\w+ )?"
            + _IDENTITY
            + r"))"
            + _NO_PAPER,
            r"(?:\b|^)(?:need|needs|await|awaits|awaiting|require|requires|request|want|wait for|waiting for|"
            r"looking for|have|get|give(?: me| us)?|^with|once i (?:have|get)|pending) (?:your|you|an|a|"
            r"the)(?: \w+){0,2}? " + _ASSENT + r"\b" + _NO_PAPER + r"(?=\W|$)",
            # what to answer
            r"\b(?:reply|answer|say|type|respond|write|send|enter|text|with|click|tell me|give me)(?: me|"
            r" back)?(?: with)?(?: an?| the word| either| one)? ?[\"'(*]*(?:yes|ok|okay|confirm|confirmed|y|go|"
            r"proceed|agree|so|go ahead)\b",
            r"\byes ?(?:/|or) ?no\b|\by ?/ ?n\b|\b(?:a|one|your|an) (?:clear |simple |quick |explicit )?yes\b|"
            r"\bsay the word\b|\bgive (?:me )?the (?:word|nod|ok|okay|go-?ahead)\b|\bis (?:that|this) a (?:yes|"
            r"go)\b",
            r"\b(?:let (?:me|us) know|tell (?:me|us)|say|advise|indicate|confirm)(?: \w+)? (?:if|whether|that|to|"
            r"when) (?:to |i |we |you |you'd |you would |it's |this is |that's |all is )*(?:may|can|should|could|"
            r"shall|agree|approve|okay|ok|accept|"
            + _GOES_ON
            + r"|like (?:me|us) to "
            + _DEED
            + r"|want (?:me|us) to "
            + _DEED
            + r"|like to (?:proceed|continue|go ahead)|happy|fine|correct|right|ready)\b",
            r"\bif (?:that|this|it|everything|all|you|you're|you are|that's|it's|this's|so)(?: \w+)? ?(?:is |are |"
            r"looks? |sounds? |find )*(?:agree|ok|okay|fine|right|correct|good|happy|acceptable|approve|accurate|"
            r"so|in order)\b[^?]{0,60}\b(?:i'll|i will|please|just|say|tell|reply|let me know|type|confirm|answer|"
            r"respond|i can|we'll|go ahead)\b",
            r"^"
            + _PLEASE
            + r"(?:verify|check|review|double-check|look over|go over|make sure)(?: that| if| whether)? "
            + _THIS
            + r"\b[^?]{0,80}\b(?:correct|right|ok|okay|fine|accurate|good|order|so (?:that )?i|and i'll|and let|"
            r"and confirm|and tell|before i)\b",
            # on the way
            r"\b(?:ready|ok|okay|happy|set|clear) to (?:go|" + _GOES_ON + r")\b[^?]{0,40}\?",
            r"^" + _PLEASE + _GOES_ON + r"(?: with (?:this|that|it|the \w+))?\W*\?",
        )
    )
)
"""A request for a yes to what is about to be done."""
OPEN = re.compile(
    r"(?!how (?:does|do|would) (?:that|this|it|these) (?:sound|look|work)|what do you (?:say|think))(?:\b(?:which|"
    r"what|what's|where|how|who|whom|whose|why|when)\b(?! (?:you|i (?:have|will|would|am|can|understand)|"
    r"we)\b)[^,;:?!]{0,80}?\b(?:should|shall|may|can|could|would|do|did|will|are|is|does|might) (?:i|we|you|the|"
    r"this|that|it)\b|"
    r"^\W*(?:(?:and|so|thank you|thanks|got it|one more|ok|okay|also)\W+)*(?:which|what|what's|where|how|who|whom|"
    r"whose|why|when)\b(?! (?:you|i|we)\b))"
)
"""A question that a yes does not answer."""
CHOICE = re.compile(
    r" or (?!not\b|no\b|\W*n\b|let\b|would\b|do you\b|should (?:i|we) (?:wait|hold|leave|stop|change|make)|"
    r"is there\b|are there\b|anything|if\b|tell\b|cancel it\b|stop\b|change\b|[\"'(]*no\b|make\b|correct\b|want\b|"
    r"wish\b|need\b|prefer to\b|keep\b|leave\b|rather\b|\w+ to (?:stop|cancel|change)|please\b|say\b|else\b|"
    r"more\b|have\b|some)"
)
"""A question that offers a choice."""
NO_REQUEST = re.compile(
    r"^\W*(?:thanks?|thank you|many thanks)\b[^?]*$|"
    r"\b(?:able|pleased|glad|managed|tried) to confirm\b|(?:not|n't) (?:permit|allow)(?:ed)?\b|\b(?:can(?:'t|not|"
    r" not)|won't|unable to|not able to|couldn't|didn't|did not|doesn't|don't) (?:\w+ ){0,2}?(?:proceed|go ahead|"
    r"continue|agree|approve|accept|authori[sz]e|confirm)\b(?![^.?!]*\b(?:until|unless|without your|"
    r"before you)\b)|"
    r"^\W*(?:\w+ )?(?:to|in order to|before (?:i|we)(?: can)?) (?:\w+ )?(?:proceed|continue|go ahead|go on|verify|"
    r"find|look|locate|help|get started|start|begin|assist)[^?]{0,60}?\b(?:i|we)(?:'ll| will| would)?(?: just|"
    r" still| also)? (?:need|require|have to ask)\b(?! (?:your|an?|you to)(?: \w+){0,2}? "
    + _ASSENT
    + r"\b"
    + _NO_PAPER
    + r")(?! you to confirm (?:that|this|the (?:above|details)))|"
    r"\b(?:as you|you have|you've) (?:\w+ )?(?:agreed|confirmed|approved)\b(?=[^?]*$)(?<!once )(?<!if )|"
    r"\bi (?:can|am happy to|do) confirm\b|\b(?:may|can|could|might) (?:i|we) (?:ask|know|inquire|enquire)\b"
    r"(?! (?:you )?(?:whether|if) (?:i|we) (?:shall|should|may|can|could|might)\b)"
)
"""What holds such words and asks for nothing."""
PROMISE = re.compile(
    r"\b(?:yes|yep|ok|okay|word|nod|go-?\s?ahead|approval|confirmation)\b[\"')]*,? (?:and|"
    r"then) (?:it|that|they|this|consider)\b",
    re.IGNORECASE,
)
"""What is as good as done once the user has said yes."""
