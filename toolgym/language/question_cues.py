"""The words by which a message asks: stems and short phrases, by what they point to.

None is a whole sentence: :mod:`toolgym.language.speech_acts` works out what a message calls for from which of these
stand in which kind of sentence.
"""

from __future__ import annotations

import re

from toolgym.language.cue import cue

WH = cue(r"which", r"whats?", r"where", r"why", r"how", r"who", r"whose", r"whom", r"to whom")
PLEASE_SAY = cue(
    r"(?:please|kindly|pls|plz|could|can|would|might|may|care|have to|need to|want to|"
    r"let) ?(?:you |u |i |me |also |just |be so \w+ as to |to |then |know |perhaps "
    r")*(?:tell|give|provide|share|send|specify|supply|state|furnish|enter|name|know|pick|"
    r"choose|select|indicate|advise|type|drop|spell|describe|say|inform|list|write|"
    r"confirm|have|get|ask|point|clarify|remind|identify|submit|verify|mention)\b",
    r"(?:tell|give|provide|share|specify|supply|state|furnish|indicate|let me know|inform "
    r"me|remind me|describe|name|choose|pick|select|list|enter|drop|send me|send over)\b",
    r"(?:i|we)(?:'ll| will|'d| would| must| shall| am| have| do)? (?:\w+ ){0,3}(?:need|"
    r"require|enquire|inquire|ascertain|ask|know)\b",
    r"need(?:ed|s)?\b",
    r"required?\b",
    r"(?:works|do) too\b",
    r"missing\b",
    r"your preference",
    r"mind (?:giving|telling|sharing|sending|providing|confirming|letting me know)\b",
    r"(?:do|would|did) you (?:happen to )?(?:have|know|remember|recall|prefer)\b",
    r"please\b",
)
GO_AHEAD = cue(
    r"(?:say|give)(?: me)? the word",
    r"(?:shall|should|may|might|can|could|do|did|must) (?:i|we)\b(?! (?:please )?(?:have|"
    r"get|ask|know|see|trouble you for))",
    r"(?:ready|ok|okay|fine|right|happy|good|mind|alright) (?:for me|if i|if we|that i)\b",
    r"(?:want|like|wish|need|prefer|care for) (?:for )?(?:me|us) to\b",
    r"(?:do|would|will|could|can) you (?:agree|approve|consent|assent|authori[sz]e|accept|permit|allow|concur)",
    r"you (?:are )?agree",
    r"agree(?:d|able|ment)?\b",
    r"(?:re-?)?confirm(?:ation|ed|ing|s)?\b",
    r"yes\b",
    r"y/n\b",
    r"go-? ?ahead",
    r"green light",
    r"approv",
    r"consent",
    r"assent",
    r"authori[sz]",
    r"permission",
    r"proceed",
    r"your (?:ok|okay|word|nod|blessing|sign|say|affirmative|instruction)",
    r"affirmative",
    r"(?:ok|okay|fine|good|alright|all right|cool|happy|ready|clear|set|great|acceptable|"
    r"satisfactory)(?: \w+){0,3} to (?:go|proceed|submit|continue|do|process|run|start|"
    r"cancel|make|carry)",
    r"(?:is|are|does|would|will|be|look|sound|everything|all) (?:that|this|it|these|you|u|"
    r"all|everything|of \w+)?(?: \w+){0,2} ?(?:ok|okay|fine|good|alright|all right|"
    r"acceptable|agreeable|cool|work|suit)\b",
    r"(?:sounds?|looks?) (?:good|ok|okay|right|fine|correct|like a plan|about right)",
    r"(?:good|ready|set|ok|okay|clear) to go\b",
    r"word from you",
    r"pull the trigger",
    r"kick (?:that|it|this) off",
    r"go for it",
    r"give (?:me )?the (?:word|nod|ok)",
    r"want me to\b",
    r"do you (?:ok|okay)\b",
    r"(?:shall|should|may|can) (?:the|this|that|it|these|those|they|your)\b[^?]{0,60}\bbe (?:\w+ed|done|sent|set)\b",
    r"all good\b",
    r"(?:ok|okay|k|go|deal|cool|alright|good|fine|thumbs up)(?: \w+){0,3} ?\?",
)
EXPLICIT = cue(
    r"(?:say|give)(?: me)? the word",
    r"confirm",
    r"(?:a|one|your) word\b",
    r"do it\b",
    r"(?:grant|give) us leave",
    r"i take it upon",
    r"go\s*\?",
    r"yes\b",
    r"y/n\b",
    r"go-? ?ahead",
    r"green light",
    r"approv",
    r"consent",
    r"assent",
    r"authori[sz]",
    r"permission",
    r"proceed",
    r"shall (?:i|we)\b",
    r"want me to\b",
    r"affirmative",
    r"(?:if|do|are) (?:you )?agree",
    r"agreeable",
    r"(?:like|wish|want|need) me to\b",
    r"good to go",
    r"ok(?:ay)? to\b",
    r"(?:should|may|can) i\b(?! (?:please )?(?:have|get|ask|know|see|trouble you for))",
    r"(?:ready|ok|okay|fine|right|happy|good|mind|alright) (?:for me|if i|if we)\b",
    r"agree\b",
    r"word from you",
    r"pull the trigger",
    r"kick (?:that|it|this) off",
    r"happy for me",
)
CHECKING = cue(
    r"am i right",
    r"(?:is|was|are|were) (?:that|this|it|these|they)(?: \w+){0,2} (?:right|correct|the "
    r"(?:one|order|item|right|correct)|true|accurate|so|what|your|you|order)",
    r"correct\s*\?",
    r"(?<!all )right\s*\?",
    r"(?:did|do) (?:i|you) (?:understand|understood|mean|get|have (?:that|this|it)|say|refer)",
    r"(?:have|had) (?:i|you) (?:understood|got|correctly|the)",
    r"you(?:'re| are)? mean",
    r"if i understand",
    r"is (?:it|this|that|there) (?:order|the|your|about|a|an|indeed)\b",
    r"is it so",
    r"are (?:you|we) (?:talking|speaking|looking|referring|still|the)",
    r"just to (?:be sure|make sure|check|verify|clarify|double)",
    r"(?:does|do) (?:that|this|it|these) (?:match|ring|look|sound|seem|fit)",
    r"to (?:make|be) sure",
    r"double[- ]check",
    r"this is (?:the )?(?:order|item|one|right|\w+ you)",
    r"that's (?:the|you|your)",
)
MORE = cue(
    r"any ?thing (?:else|more|further|other)",
    r"some ?thing (?:else|more|further)",
    r"what else\b",
    r"(?:other|further|additional|more|another) (?:\w+ )?(?:matter|wish|request|question|"
    r"help|assistance|service|concern|issue|point|thing|way|need|topic|business|inquir|"
    r"enquir)",
    r"else (?:that )?(?:i|we|you|u) (?:can|could|may|might|need|want|would|like)",
    r"(?:help|assist|serve)(?: you)?(?: \w+){0,3} (?:else|further)\b",
    r"of (?:any )?(?:further|more|additional) (?:\w+ )?(?:assist|help|service)",
    r"assist (?:you )?further",
    r"other (?:things|wishes)",
    r"else (?:today|for you|on your)",
)
WHOLE = cue(
    r"all\b(?! (?:right|good|set|the best))",
    r"every(?:thing| \w+| single)?\b",
    r"only (?:thing|item|change|one|article|these|those|this|the)",
    r"just (?:the|these|those|this)\b",
    r"complete (?:list|set)",
    r"any ?(?:thing)? ?(?:other|else|more|further|additional|besides?\b|apart from|in addition|on top of)",
    r"(?:some|any) (?:other|more|further)",
    r"other (?:items?|things?|changes?|articles?|products?|pieces?)",
    r"nothing (?:else|more)",
    r"no other",
    r"forg[eo]t",
    r"missing",
    r"left out",
    r"leave out",
    r"complete\b",
    r"to add\b",
)
ONCE = cue(
    r"(?:only|just|but|a)? ?(?:once|one time|one shot|one go|one chance|single time|single call|a single)\b",
    r"(?:can(?:not|'t|t)?|may|no|not|be|more|only)(?: \w+){0,4} (?:changed?|modif\w+|"
    r"exchang\w+|return\w*|again|anymore|any more|later|after)",
    r"second time",
    r"at (?:once|the same time)",
    r"before (?:i|we)\b",
    r"items?\b",
    r"changes?\b",
    r"articles?\b",
    r"products?\b",
    r"pieces?\b",
    r"(?:in|from|of|to|for|with|on) (?:this|that|the|your) (?:same )?(?:order|return|"
    r"exchange|parcel|request|modification)",
    r"include",
    r"return\b",
    r"exchange\b",
    r"swap\b",
    r"modif",
    r"list\b",
    r"add\b",
)
OFFER = cue(
    r"(?:how|what|where|with what|in what (?:way|manner))\b[^?.!]{0,30}\b(?:help|assist|"
    r"service|serve|support|do for (?:you|ya|u))",
    r"what (?:can|may|could) (?:i|we)\b",
    r"what (?:brings|brought)",
    r"what(?:'s| is|s)? (?:up|going on|wrong|happening|the (?:matter|issue|problem|"
    r"trouble)|on your mind|your (?:request|concern|question|issue|problem|inquiry|"
    r"enquiry))\b",
    r"what seems",
    r"what (?:do|would|did|d'you) (?:you|u|ya)(?:'d)? (?:like|need|want|wish)(?: (?:me "
    r")?(?:to (?:do|get|have|accomplish|achieve|talk|discuss)|help|today|from|done|with|"
    r"assistance))?(?: \w+){0,3}\s*[?.]",
    r"(?:nature|purpose|subject) of your",
    r"(?:tell|say|explain|describe|state|let)\b(?: me| us)?(?: know)?[^?.!]{0,20} (?:what "
    r"(?:you (?:need|want|would like|wish)|i can|it is|brings|'s)|how (?:i|we)|your "
    r"(?:concern|request|issue|inquiry|enquiry|matter|problem|wish|business))",
    r"what (?:are|r) (?:you|u) (?:looking|calling|contacting|after|here)",
    r"(?:describe|explain|tell me about|share) (?:the|your) (?:issue|problem|concern|"
    r"situation|matter|request|reason for)",
    r"(?:be|being) of (?:service|help|assistance)",
    r"(?:happy|glad|here|ready|pleased|at your)[^?.!]{0,25}\b(?:to (?:help|assist)|service|disposal)\b",
    r"help you (?:with )?(?:today|with\b)",
    r"what is it (?:that )?you",
)
NOT_UNDERSTOOD = cue(
    r"re-?phras",
    r"repeat",
    r"re-?word",
    r"re-?state",
    r"reformulat",
    r"(?:say|express|write|put|tell)\w* [^?.!]{0,20}anew\b",
    r"pardon",
    r"(?:once )?again\?",
    r"say (?:that|it|this) (?:again|differently|once more|another)",
    r"(?:come|one more time|explain|tell me|write|send) (?:it )?again",
    r"(?:in|with|using) (?:an)?other words",
    r"(?:lost|confus)(?:t|ed|ing)? ?(?:me|you|by|there|\b)",
    r"(?:not|\w+n't|nt|never|hardly|fail(?:ed)? to|unable to|difficult(?:y)? (?:to|in)|"
    r"trouble)(?: \w+){0,4} (?:understand\w*|understood|follow\w*|catch|get (?:that|what|"
    r"it|your)|got (?:that|what)|grasp|comprehend|make (?:out|sense)|intelligible|"
    r"clear(?:ly)?|interpret|parse|sure (?:what|i (?:understand|follow|got)))",
    r"unclear",
    r"misunderst",
    r"what (?:do|did) you mean",
    r"(?:please |could you |can you |would you )(?:clarify|elaborate)\b(?! (?:wh|if))",
    r"(?:more|a bit|bit|some) (?:detail|context|information|info|specific)s?\b(?: (?:on|about|so|what|of|please))",
    r"sorry\s*\?",
    r"huh\b",
    r"come again",
    r"(?:put|say|word|phrase|explain|express) (?:it|that|this) (?:in )?(?:another|a different|differently|some other)",
    r"sorry, (?:what|how|huh)",
)
BARE_CHOICE = cue(
    r"which (?:one|of (?:these|those|them))s?\b(?! (?:order|item|product)s?)", r"which from (?:them|these|those)"
)
AWAITS = cue(
    r"one (?:clear )?yes\b",
    r"the word\b",
    r"confirm\w* ?(?:and|pls|plz|please|to|so|this|it|if)\b",
    r"confirm[.! ]*$",
    r"await",
    r"wait(?:ing)? (?:for|on)",
    r"need",
    r"once",
    r"upon",
    r"as soon as",
    r"if you",
    r"when you",
    r"with your",
    r"reply",
    r"say\b",
    r"type\b",
    r"respond",
    r"answer",
    r"just\b",
    r"simply",
    r"give",
    r"write",
    r"tell",
    r"send",
    r"hit me",
    r"lmk",
    r"word from you",
    r"(?:a|with|your|an?) (?:clear |explicit )?[\"']?yes\b",
    r"[\"']yes[\"']",
    r"please",
    r"kindly",
    r"confirm y",
)
SAY_IT = cue(
    r"(?:please|kindly|pls|plz)\b",
    r"(?:tell|give|send|let|inform|remind) (?:me|us)\b",
    r"(?:i|we)(?:'ll| will|'d| would| must| shall| am| have| do)? (?:\w+ ){0,3}(?:need|"
    r"require|enquire|inquire|ascertain)\b(?! no| any)",
    r"works? too\b",
    r"need(?:ed)? (?:the|your|ur|a)\b",
)
IMPERATIVE = re.compile(
    r"^(?:tell|give|provide|share|specify|supply|state|furnish|indicate|describe|name|"
    r"choose|pick|select|list|enter|drop|send|confirm|so,? tell|and tell|just tell)\b",
    re.IGNORECASE,
)
GIVE_ME = cue(r"(?:give|tell|send|write) me\b", r"provide\b")
ALL_NAMED = re.compile(
    r"\b(?:listed|named|included|mentioned|told|given|provided)\b[^?.!]{0,30}\b(?:all|every\w*)\b|"
    r"\b(?:all|every\w*)\b[^?.!]{0,50}\b(?:listed|included|named|mentioned)\b",
    re.IGNORECASE,
)
