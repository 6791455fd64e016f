"""The words by which a customer understands an assistant: stems and short phrases by what they point to.

Nothing here is a whole sentence: what a message calls for is worked out in
:mod:`toolgym_retail.customer.understanding` from which of these stand in which kind of sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


class Cue:
    """Stems that point to something, upper and lower case aside.

    Args:
        stems: Patterns in lower case; each begins at a word's beginning.
    """

    __slots__ = ("_pattern",)

    def __init__(self, stems: Sequence[str]) -> None:
        # In lower case: a pattern that ignores case cannot tell by its first letter which stems to try.
        self._pattern = re.compile(r"(?<![\w'])(?:" + "|".join(stems) + ")")

    def search(self, text: str) -> bool:
        """Whether a stem stands in a text."""
        return self._pattern.search(text.lower()) is not None

    def last(self, text: str) -> int:
        """At which character the last stem in a text begins; -1 if there is none."""
        return max((found.start() for found in re.finditer(f"(?={self._pattern.pattern})", text.lower())), default=-1)

    def match(self, text: str) -> bool:
        """Whether a text begins with a stem."""
        return self._pattern.match(text.lower()) is not None


def cue(*stems: str) -> Cue:
    """A cue of several stems."""
    return Cue(stems)


# What a question or a request is about

MAIL = cue(r"e-?mail\b(?! (?:you|with|will|shortly|soon|confirmation|instruct))", r"mail\b", r"electronic mail")
IDENTITY = cue(
    r"e-?mail",
    r"mail\b",
    r"zip",
    r"post(?:al)? ?code",
    r"(?:full |first |last |family |sur|user ?)names?\b",
    r"(?:your|ur) name",
    r"name (?:and|\+|&|,|plus|with|or|on)",
    r"the name\b",
    r"identi(?:ty|fy|fi)",
    r"authenticat",
    r"user ?id",
    r"who (?:you are|am i|i am|i'm|are you|is this|do i)",
    r"verif(?:y|ication)",
    r"(?:find|locate|look up|pull up|access|open) (?:you|ur|your|the) ?(?:up|account|profile|record|file)",
    r"account (?:holder|details|info)",
)
ORDER = cue(
    r"number\s*\?",
    r"order ?(?:number|num|no\b|nr|id\b|#(?!w\d)|ref|code)",
    r"(?:which|what|whose)(?: of (?:the|your|these|those|them))?(?: \w+){0,2} (?:orders?|purchases?)\b",
    r"(?:number|id|reference)\b[^?.!]{0,25}\b(?:order|purchase)",
    r"(?:order|purchase)\b[^?.!]{0,30}\b(?:number|mean|refer|talking|concern|about)",
    r"from which order",
    r"order (?:is|are|was|should|do|did|would|we|you|i|contains?|has|holds?)\b",
    r"#w\b",
)
ITEMS = cue(
    r"items?\b",
    r"products?\b",
    r"articles?\b",
    r"things?\b",
    r"stuff\b",
    r"pieces?\b",
    r"goods\b",
    r"which ones?\b",
    r"what(?: \w+){0,4} (?:go|going|gets?|sen[dt])\b[^?.!]{0,12}back",
    r"units?\b",
    r"\w+,? (?:\w+,? )?or both",
    r"what (?:are|is|exactly|do|would|will|did|shall)\b[^?.!]{0,30}\b(?:return|exchang|"
    r"send|swap|give back|going back|modif|chang)",
)
OPTIONS = cue(
    r"colou?rs?\b",
    r"sizes?\b",
    r"variants?\b",
    r"variations?\b",
    r"versions?\b",
    r"options?\b",
    r"materials?\b",
    r"capacit",
    r"models?\b",
    r"specifi?c?a?t?i?o?n?s?\b",
    r"configuration",
    r"features?\b",
    r"attributes?\b",
    r"characteristic",
    r"brightness",
    r"finish\b",
    r"kinds?\b",
    r"style\b",
    r"replacement",
    r"in lieu",
    r"have in mind",
    r"new (?:item|one|product)",
    r"instead\b",
    r"(?:exchange|swap|change|switch|trade)\w* (?:it |them |this |that |your [^?.!]{0,30})?(?:for|to|into|with)\b",
)
PAYMENT = cue(
    r"pay(?!pal\b)",
    r"paid\b",
    r"paypal",
    r"refund",
    r"money\b",
    r"\$\$",
    r"cash\b",
    r"difference",
    r"credit",
    r"gift ?card",
    r"cards?\b",
    r"charge",
    r"reimburs",
    r"funds\b",
    r"amount",
    r"billing",
)
REASON = cue(
    r"reason",
    r"why\b",
    r"motiv",
    r"grounds?\b",
    r"how come",
    r"cause\b",
    r"what (?:made|makes|happened)",
    r"what's behind",
    r"no longer need\w*[^?.!]{0,30}\bor\b",
    r"mistake[^?.!]{0,30}\bor\b",
)
ADDRESS = cue(
    r"address",
    r"addr\b",
    r"street",
    r"city\b",
    r"destination",
    r"where\b[^?.!]{0,40}\b(?:ship|deliver|sen[dt]|mov|parcel|package|live|mail|arrive|desk|order)",
    r"(?:ship|deliver|send)\w*[^?.!]{0,30}\b(?:to where|where)",
)

# How something is asked

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
    r"right\s*\?",
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

# What an assistant does

ACT = cue(
    r"back[,.]",
    r"(?:be|are|is) (?:with|in|of) the (?:color|size)",
    r"cancel",
    r"nuk(?:e|ing)",
    r"return",
    r"refund",
    r"reimburs",
    r"exchang",
    r"swap",
    r"replac",
    r"modif",
    r"chang",
    r"updat",
    r"switch",
    r"ship",
    r"re-?rout",
    r"redirect",
    r"sen(?:d|t|ding)(?: \w+){0,4} (?:back|to)",
    r"carry (?:this|that|it) out",
    r"place it",
    r"enter it",
    r"going back",
    r"gets? sent",
    r"mov(?:e|ing)",
    r"put(?:ting)?\b",
    r"set(?:ting)?\b",
    r"amend",
    r"alter",
    r"adjust",
    r"becomes?\b",
    r"charg",
    r"bill",
    r"debit",
    r"process",
    r"submit",
    r"supplied",
    r"gonna go",
    r"goes from",
    r"goes? to",
    r"give back",
    r"take back",
    r"transfer",
    r"make it",
    r"tak(?:e|ing) (?:the|your)",
    r"do (?:it|that|this)\b",
    r"->",
    r"➡",
    r"sav(?:e|ing)\b",
    r"deliver",
)

# What else may be asked

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
    r"any ?(?:thing)? ?(?:other|else|more|further|additional)",
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

# What may be told

DONE = cue(
    r"(?:address|order|payment|items?|profile|card)\b[^?.!]{0,30} (?:updated|changed|"
    r"cancell?ed|modified|switched|exchanged)\b",
    r"(?:has|have|had|'s|'ve|was|were|is|are|been|got|now|u're|you're)(?: been| now| all| "
    r"just| already| successfully| both| officially| duly| also| its| it){0,8} (?:cancell?ed|"
    r"returned|refunded|exchanged|swapped|replaced|modified|changed|updated|switched|"
    r"processed|submitted|completed?|placed|done|set\b|confirmed|arranged|initiated|filed|"
    r"registered|requested|executed|finali[sz]ed|taken care|gone through|moved|adjusted|"
    r"amended|altered|recorded|effected|in place|carried out|saved|logged|sorted|booked|"
    r"started|opened|issued|made|redirected|rerouted|in the system|approved|through)",
    r"(?:i|we)(?:'ve| have|'d)?(?: now| just| already| successfully| gone ahead and| also|"
    r" went ahead and| duly)* (?:cancell?ed|returned|refunded|exchanged|swapped|replaced|"
    r"modified|changed|updated|switched|processed|submitted|completed|placed|did (?:it|"
    r"that|the)|arranged|initiated|filed|registered|requested|executed|finali[sz]ed|taken "
    r"care|put (?:through|in|your|the)|moved|made|adjusted|amended|finished|sorted|booked|"
    r"saved|redirected|sent the)",
    r"done\b",
    r"all set\b",
    r"success",
    r"(?:it|that|everything)(?:'s| is) (?:all )?(?:done|set|sorted|complete|finished|in "
    r"place|taken care|through|settled|made|in)\b",
    r"(?:went|gone|going) (?:through|on your)",
    r"(?:now|from now) (?:reads?|shows?|ships?|goes|going|coming|paid|set|on|is)\b",
    r"(?:is|are) (?:coming|going|shipping|headed) now",
    r"now (?:being )?(?:shipped|paid|billed|sent|charged)",
    r"is paid by \w+ (?:from now|now)",
    r"(?:return|exchange|cancell?ation|change|update|modification|request|refund|swap)(?: "
    r"\w+){0,3} (?:is|was|has been)? ?(?:complete|confirmed|successful|registered|in "
    r"place|on (?:its|the) way|submitted|requested|filed)",
    r"mission accomplished",
    r"completed\b",
    r"finished processing",
    r"(?<!be )(?<!been )cancell?ed\s*(?:[.!,✅]|$)",
    r"(?:that's|okay,|alright,) [^?.!]{0,50}(?:cancell?ed|opened|returned|changed|"
    r"switched|updated|swapped|done|sent|moved|filed|booked|started)\b",
    r"\w+'s (?:an?|the|now|all|"
    r"on|going|cancell?ed|headed)\b",
    r"(?:refund|return|exchange|cancell?ation|change|update|swap)s? (?:is |are "
    r")?(?:opened|done|filed|booked|started|placed|in|submitted|requested|registered|"
    r"complete)\b",
)
CANNOT = cue(
    r"unable",
    r"not able",
    r"(?:can ?not|can't|cant|could ?n[o']t|won't be|will not be|may not|must not|mustn't|cannot)\b",
    r"no way\b",
    r"(?:not|isn't|ain't|no longer|aren't|wasn't|nor)(?: \w+){0,2} (?:possible|allowed|"
    r"permitted|eligible|supported|within|qualif\w+|authori[sz]ed|admissible|permissible|"
    r"an option|something)",
    r"impossible",
    r"ineligible",
    r"(?:policy|polic|rules?|regulation|guideline|terms)\w*\b[^?.!]{0,40}\b(?:not|only|"
    r"forbid|prohibit|prevent|\w+n't|no|let|limit|restrict|allow)",
    r"decline",
    r"refus",
    r"deny|denied",
    r"reject",
    r"(?:does|do|did)(?:\w+n't| not) (?:allow|permit|let|meet|accept|support)",
    r"against (?:our|the|my|company)",
    r"prohibit",
    r"forbid",
    r"only (?:return|cancel|change|modify|exchange|accept|possible|be|pending|delivered|for|orders)",
    r"no can do",
    r"nothing (?:more |else |that )?(?:i|we) can do",
    r"(?:does|do|will|would)(?:n't| not) (?:fully )?cover",
    r"out of my",
    r"beyond (?:my|our|what)",
    r"not (?:in (?:a|my)|something)",
    r"(?:won't|doesn't|can't|will not|does not) work",
    r"regret",
)
SOLD_OUT = cue(
    r"(?:no|not any) [^.?!]{0,70}\bleft\b",
    r"(?:out|not|nothing|none|\w+n't|no)(?: \w+){0,3}[- ]?(?:of|in|on)?[- ]?(?:our |the )?stock",
    r"(?:sold|sells?)[- ]out",
    r"(?:not|\w+n't|no longer|nor|un)(?: \w+){0,4} ?(?:available|obtainable|offered|"
    r"carried(?! (?:over|out))|carry|exist|made|sold|produced|come in|comes in|stocked|to "
    r"be had|on offer)\b",
    r"unavailable",
    r"is finished\b",
    r"(?:finished|exhausted|depleted|ran out|run out|discontinued|back-?order\w*)",
    r"(?:is|are|all) gone\b",
    r"(?:no|not any|zero) (?:such )?(?:\w+ ){0,5}(?:variants?|versions?|options?|"
    r"available|in stock|left|one like)\b",
    r"\w+n't (?:make|sell|carry|stock|produce)",
    r"don't have (?:it|that|this|one|any|a|the)\b[^?.!]{0,40}\b(?:in|with|left|stock|size|color|at)",
    r"only (?:in|comes?|available|silver|left)\b",
)
TRANSFER = cue(
    r"(?:transferr?|connect|hand|pass|forward|putt?|escalat|redirect|referr?|convey|rout|"
    r"send|bring)(?:ing|ed|s)?\b(?: \w+){0,5} (?:to|over|through|with|on)(?: \w+){0,5} (?:human|"
    r"agent|colleague|specialist|representative|person|team|supervisor|expert|manager|"
    r"department|someone|coworker|operator)",
    r"(?:transferring|connecting|escalating|handing|passing) (?:you|u|this|your|the|ya)\b",
    r"being (?:transferred|connected|handed|passed)",
    r"(?:human|live|real) (?:agent|person|representative|colleague|operator|being|specialist|advisor)\b"
    r"[^?.!]{0,25}\b(?:will (?:take|help|assist|continue|join|be with)|takes? over|joins?\b)",
    r"(?:colleague|specialist|representative|supervisor|teammate)\b[^?.!]{0,30}\b(?:will "
    r"(?:take|help|assist|continue|join|be with)|takes? over|is taking)",
)
# What speaks of a transfer without making one.
NO_TRANSFER = cue(
    r"(?:not|never|no need to|\w+n't)(?: \w+){0,3} (?:transfer|connect|hand|pass|escalat|need a)",
    r"(?:without|instead of|rather than) (?:transfer|connect|hand|pass|escalat)",
    r"(?:if|should) you\b",
    r"available\b",
)
WAIT = cue(
    r"(?:one|a|just a|give me a|1|brief|another|few|quick|couple(?: of)?|little) "
    r"?(?:short |quick |brief |little |few )?(?:moment|sec\b|second|minute|mins?\b|while|"
    r"instant|bit\b)",
    r"hold (?:on|please)",
    r"hang (?:on|tight)",
    r"bear with",
    r"wait\b",
    r"stand by",
    r"patien",
    r"(?:let me|i'll|i will|i am going to|i'm going to|lemme|i shall|allow me to|i'm "
    r"gonna|gonna|whilst i|while i)(?: just| now| quickly| first| go| and| have| take)* "
    r"(?:a )?(?:check|look|pull|see\b|find|search|verify|review|fetch|consult|retriev|"
    r"examine|investigat|get (?:that|your|the)|bring|dig|inspect|peek|double|locate)",
    r"(?:checking|looking|searching|pulling|fetching|retrieving|consulting|reviewing|"
    r"loading|digging|verifying|working) ",
    r"on it\b",
    r"brb\b",
    r"momentarily",
    r"indulgence",
)
CLOSING = cue(
    r"(?:let me know|feel free|please|do not hesitate|don't hesitate|just ask|reach out|"
    r"shout|contact us)[^?.!]{0,40}\bif\b",
    r"(?:have a|enjoy|thank you|thanks|take care|don't hesitate|do not hesitate|feel free)",
)

WHICH_ITEM = cue(
    r"(?:which|what)(?: \w+){0,2} (?:items?|articles?|products?|things?|stuff|pieces?)\b",
    r"(?:specify|name|list|indicate|tell me)(?: \w+){0,3} (?:items?|articles?|products?|things?|pieces?)\b",
)
WHICH_ORDER = cue(r"(?:which|what)(?: \w+){0,2} orders?\b", r"order (?:number|#|id)", r"number of\b")
BARE_CHOICE = cue(
    r"which (?:one|of (?:these|those|them))s?\b(?! (?:order|item|product)s?)", r"which from (?:them|these|those)"
)
SORRY = cue(r"sorry", r"regret", r"afraid", r"unfortunately", r"apologi", r"policy", r"unable", r"decline")
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
_METHOD = (
    r"(?:gift ?cards?|paypal|visa|master ?card|credit ?card|debit ?card|card\b|original "
    r"(?:payment|method|form|card))"
)
EITHER_PAYMENT = re.compile(
    rf"\b{_METHOD}[^?.!]{{0,60}},? or \b[^?.!]{{0,40}}?\b{_METHOD}|\brefund there,? or\b", re.IGNORECASE
)
GIVE_ME = cue(r"(?:give|tell|send|write) me\b", r"provide\b")
# What could not be found is no refusal, and neither is a word of warning.
NOT_FOUND = cue(
    r"(?:can ?not|can't|cant|could ?n[o']t|unable to|not able to|did ?n[o']t|\w+n't)(?: \w+){0,3} "
    r"(?:find|found|locate|see|access|verify|match|identify|pull up)\b",
    r"no (?:account|customer|profile|user|match)\b",
)
CAUTION = cue(
    r"(?:please |kindly )?(?:note|remember|be aware|keep in mind|be advised)\b",
    r"[^?.!]{0,60}\b(?:undone|reversed|restored|taken back)\b",
    r"our (?:policy|rules?) (?:is|are|says?|states?)\b",
)
ALL_NAMED = re.compile(
    r"\b(?:listed|named|included|mentioned|told|given|provided)\b[^?.!]{0,30}\b(?:all|every\w*)\b|"
    r"\b(?:all|every\w*)\b[^?.!]{0,50}\b(?:listed|included|named|mentioned)\b",
    re.IGNORECASE,
)
EITHER_ITEMS = re.compile(r"\b(?:both|all|everything)\b[^?]{0,60}\bor (?:only|just)\b", re.IGNORECASE)
# "It cannot be changed again" warns of what comes after.
AGAIN = cue(
    r"again\b", r"any ?more\b", r"later\b", r"after(?:wards?| that| this)\b", r"second time", r"once\b", r"twice\b"
)
