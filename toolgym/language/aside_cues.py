"""The words that set apart what a message says by the way: conditions, what comes later, courtesies."""

from __future__ import annotations

import re

from toolgym.language.cue import cue

CONDITION = cue(
    r"(?:(?:also|and|but|or|otherwise|alternatively|please|note|however),? )*"
    r"(?:if (?!(?:that|this|it|everything|all|so|these|those)\b)|should you\b|should any|should some|in case\b|"
    r"in the event\b|unless\b)",
    r"(?:if|should) (?:that|this|it|any|some|every)\w* (?:is|are|looks?|seems?|should|needs?)?(?: \w+){0,2} ?"
    r"(?:wrong|off|different|incorrect|not|needs?|missing|amiss)",
)
"""How a sentence begins that is meant for a case that may not be."""
IN_CASE = cue(r"if\b[^?]{0,60}\b(?:tell|let|send|give|write) (?:me|us|to us)\b")
"""A condition in the middle of a sentence, with what to do then."""
LATER = cue(
    r"(?:i|we)(?:'ll| will| shall| can|'m going to| am going to| would)(?: \w+){0,2} (?:then|afterwards|next|also ask|"
    r"ask|show|read|repeat|display|send you|put everything|prepare|list|search|find|check|look|verify|be able|have to "
    r"come back|give you an? (?:\w+ )?(?:summary|overview|recap)|sort|settle|come to|summari[sz]e|confirm)\b",
    r"(?:once|as soon as|when|after) (?:i|we|you|that|this|it)(?:'ve|'re|'s)?\b",
    r"you(?:'ll| will) (?:then |also |later |still )*(?:have to|need to|be asked|get to|be able|"
    r"receive|decide|confirm)",
    r"(?:in|for) the next step",
    r"(?:afterwards|after that|later on|next step|in the end|at the end)\b",
)
"""What tells of something that comes after the answer."""
BIDS = cue(r"please\b", r"kindly\b", r"i(?:'ll)? (?:just |still |first |also )?need\b", r"(?:could|can|would) you\b")
GOES_ON = cue(
    r"(?:go (?:ahead|on)|proceed|submit|carry)\b",
    r"do (?:this|it|that)\b",
    r"(?:shall|should|may) i\b",
    r"(?:want|like) me to\b",
)
"""What in a question for a go-ahead leaves no doubt that it is one."""
DEMANDS = cue(
    r"(?:please|kindly|need|needs|require[sd]?|must|have to|has to|can't|cannot|unable|until|without|only)\b",
    r"(?:send|give|tell|provide|supply|share|fill|complete|reply|choose|pick|state|type|enter|write|answer|let me)\b",
)
"""What in a message asks something of the user, question or not."""
TO_DO = cue(
    r"(?:please|kindly|and|then) (?:also |then |just |kindly |always )*(?:follow|print|pack|drop (?:it|them|off)|"
    r"attach|allow|wait|keep|note|remember|be |make sure|ensure|hold|expect|look out|watch|take your time|ship|mail it|"
    r"return (?:it|them|the item)|use the|don't|do not|rest assured|understand|disregard|ignore|enjoy|visit)",
    r"(?:please|kindly) (?:also |then |just )*(?:check|double-check|review|have a look|look over|look at|go over)\b"
    r"(?![^.?!]*\b(?:and|then|or|to) (?:tell|send|give|let|reply|share|provide|type|answer|choose|pick))",
    r"(?:check|see) your (?:e-?mail|inbox|mail)",
    r"you(?:'ll| will) (?:get|receive)",
    r"(?:no need|(?:don't|do not|won't|didn't|needn't|not) (?:\w+ )?need)",
)
"""What a user is to do after the talk, or need not do."""
HOW_ON = cue(
    r"how (?:would|do|should|shall|can|may|could|will) (?:you|we|i)(?:'d)? (?:like |want |wish |"
    r"prefer )?(?:me |us )?(?:to )?"
    r"(?:proceed|go on|continue|move forward|handle this|do this|go from here)",
    r"how you(?:'d| would)? (?:like|want|wish|prefer)(?: (?:me|us))? to (?:proceed|go on|continue|move|handle|do)",
    r"what (?:would|do) you (?:like|want|wish|prefer)(?: me| us)? to do\b(?! with)",
    r"what (?:would|do) you (?:like|want)(?: to do)? (?:instead|now|next)",
    r"(?:is|are) there (?:something|anything) different",
    r"different request",
    r"what you(?:'d| would)? (?:prefer\b(?! (?:for|as))|(?:like|want|wish) to do\b)",
)
"""How a message asks what should happen now, without a proposal of its own."""
HELP_MORE = cue(
    r"(?:any|some)thing (?:else|more|further) (?:that )?(?:i|we) (?:can|may|could)\b",
    r"(?:help|assist\w*)(?: you)?(?: (?:with|in))? (?:any|some)(?:thing)?(?: of your)? (?:else|other|more|further)",
    r"(?:help|assist\w*)(?: you)? (?:with )?(?:any|some)thing (?:else|more|further)",
    r"(?:help|assist\w*)(?: you)? with (?:any|some|one) of your other",
    r"something different\b",
)
"""An offer of more help, whatever stands beside it."""
AND_GO = re.compile(
    r"(?:\b(?:and|then|also|so|or)\b|[,;:(/-])[^?]{0,60}?\b(?:(?:shall|should|may|can|"
    r"could) i\b(?! (?:help|assist|do))|"
    r"proceed|go ahead|want me to|like me to|go on|continue|confirm|start|submit|(?:do|"
    r"would) you (?:want|like) to|agree|"
    r"approve|consent|(?:have|got) your (?:yes|ok|okay|approval|consent|go-?ahead|permission))\b",
    re.IGNORECASE,
)
"""A go-ahead asked for in the same sentence as something else."""
YES_OR_NO = re.compile(r"\byes,? or no\b|\byes ?/ ?no\b|\by ?/ ?n\b", re.IGNORECASE)
AND_IS = re.compile(
    r",? and (?=(?:(?:is|are|was|were|have|has|did|do) |that (?:this|that|these|those|it|you|nothing)\b))",
    re.IGNORECASE,
)
BIDDING = re.compile(r"\byes\b|\bplease confirm\b|\breply\b", re.IGNORECASE)
PLANS = cue(
    r"(?:i|we)(?:'ll| will|'d| would| am going to|'m going to)\b(?! (?:like|love|need|be happy|be glad|help|check|look|"
    r"verify|ask|see|have to|then))",
    r"will (?:now )?be (?:\w+ed|set|sent|paid)\b",
)
"""How it is said what will be done."""
ALL_OF_IT = re.compile(
    r"\b(?:(?:are|is|include\w*|contain\w*|cover\w*|has|have|got|get)\b[^?.!]{0,40}?\b(?:all (?:of )?(?:the |your )?"
    r"(?:\w+ )?(?:items?|changes?|articles?|products?|things)|every (?:\w+ )?(?:item|change|article|product|thing)|"
    r"everything|the only (?:\w+ )?(?:items?|changes?|articles?|products?|things?|ones?)|"
    r"the (?:whole|full|complete) list)|"
    r"list (?:of (?:\w+ )?(?:items|changes) )?(?:right|complete|correct|full))\b",
    re.IGNORECASE,
)
"""Whether what was named is all of it."""
YOU_TOLD = re.compile(
    r"\b(?:you(?:'ve| have)?|have you) (?:\w+ )?(?:told|named|listed|given|mentioned|included|provided|said|"
    r"thought of)\b"
    r"[^,.;:?!]{0,120}?(?=,|[.;:?!]|\band\b|\bor\b|\Z)",
    re.IGNORECASE,
)
"""How a reminder puts that the user has told all there is."""
ALL = re.compile(r"\b(?:all|both|every)\b(?: of)?(?: (?:the|your|these|those))? ?|\bevery(?=thing\b)", re.IGNORECASE)
PICK = cue(
    r"(?:reply|answer|respond|choose|pick|select)\b(?: \w+)? (?:with )?(?:one |a |the |"
    r"just )*(?:\w+ )?(?:letters?|numbers?|"
    r"options?|choice)\b",
    r"(?:reply|answer|respond)(?: with)? (?:[a-d1-9]\b|[a-d1-9],)",
    r"your choice\b",
    r"select the\b",
    r"(?:reply|answer) with the (?:id|name|order|height|size|colou?r)",
)
"""A bidding to choose among what the message lists."""
ONE_OF = cue(
    r"(?:one|any|either|some|which) of (?:these|those|the (?:alternatives|options|others|available|above|following))",
    r"(?:another|a different|an alternative) (?:one|variant|version|option|colou?r|size|model)",
)
ITEMS = cue(r"(?<!per )(?:items?|articles?|products?|pieces?|things?|orders?)\b")
EITHER_OR = re.compile(
    r"\b(?:is it|was it|is that|do you mean|did you mean|would it be|will it be|"
    r"are you (?:speaking|talking|thinking) of|are we talking about)\b[^?]{0,80}[ ,]or "
    r"(?!not\b|no\b|is\b|do\b|did\b|am\b|was\b|should\b|shall\b|something\b|anything\b)",
    re.IGNORECASE,
)
"""A question which of two things is meant."""
FIELD_CHOICE = re.compile(r"\A[A-Z][\w ]{0,30}: [^?:]{1,80}[ ,]or (?!no\b|not\b)[^?:]{1,60}\?\Z")
"""A line of a list that asks which value a field is to have."""
MISSED = re.compile(
    r"\b(?:did|have) (?:i|we) (?:miss|missed|forget|forgot|forgotten|overlook\w*|leave|left|leave out|left out)\b",
    re.IGNORECASE,
)
"""A question whether something is missing from what was named."""
OFFERS_TO_TELL = cue(
    r"(?:shall|should|may|can|could) (?:i|we) (?:also |just |then )*"
    r"(?:tell|show|list|explain|describe|give you|suggest)\b",
    r"(?:would|do) you (?:like|want) (?:me to )?(?:tell|show|list|explain|describe|suggest|see|hear)\b",
)
"""An offer to tell or show something."""
