"""The words by which a message tells: what is done, what cannot be, what comes next."""

from __future__ import annotations

from toolgym.language.cue import cue

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
DONE = cue(
    r"(?:address|order|payment|items?|profile|card)\b[^?.!]{0,30} (?:updated|changed|"
    r"cancell?ed|modified|switched|exchanged)\b",
    r"(?:has|have|had|'s|'ve|was|were|is|are|been|got|now|u're|you're)(?: been| now| all| "
    r"just| already| successfully| both| officially| duly| also| its| it){0,8} (?:cancell?ed|"
    r"returned|refunded|exchanged|swapped|replaced|modified|changed|updated|switched|"
    r"processed|submitted|completed?|placed|done|set\b|confirmed|arranged|initiated|filed|"
    r"registered|requested|executed|finali[sz]ed|taken care|gone through(?! (?:the|your|all|every))|moved|adjusted|"
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
    r"(?:went|gone|going) (?:through(?! (?:the|your|all|every))|on your)",
    r"(?:now|from now) (?:reads?|shows?|ships?|goes|going|coming|paid|set|on|is)\b",
    r"(?:is|are) (?:coming|going|shipping|headed) now",
    r"now (?:being )?(?:shipped|paid|billed|sent|charged)",
    r"is paid by \w+ (?:from now|now)",
    r"(?:return|exchange|cancell?ation|change|update|modification|request|refund|swap)(?: "
    r"\w+){0,3} (?:is|was|has been)? ?(?:complete|confirmed|successful|registered|in "
    r"place|on (?:its|the) way|submitted|requested|filed)",
    r"mission accomplished",
    r"(?:is|are) (?:now )?up to date\b",
    r"(?:order|#?w\d{7}|it|profile)\b now (?:contains?|has|have|holds?|includes?)\b",
    r"(?:has|have) (?:now )?gone (?:in|out)\b",
    r"(?<!\bto )(?<!\bas )(?<!\bstatus )completed\b",  # "set it to completed" names a value
    r"finished processing",
    r"(?<!be )(?<!been )cancell?ed\s*(?:[.!,✅]|$)",
    r"(?:that's|okay,|alright,) [^?.!]{0,50}(?:cancell?ed|opened|returned|changed|"
    r"switched|updated|swapped|done|sent|moved|filed|booked|started)\b",
    r"\w+'s (?:an?|the|now|all|"
    r"on|going|cancell?ed|headed)\b",
    r"(?:refund|return|exchange|cancell?ation|change|update|swap)s? (?:is |are "
    r")?(?:opened|done|filed|booked|started|placed|in(?! (?:order|the|your|this|that)\b)|submitted|requested|"
    r"registered|complete)\b",
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
    r"(?:does|do|did)(?:n't| not) (?:allow|permit|let|meet|accept|support)",
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
    r"no longer able",
    r"(?:can|may|could) no longer\b",
    r"out of the question",
    r"(?:that |this |which )?rules? (?:that |this |it )?out\b",
    r"is (?:a|still a|sadly a) no\b",
    r"answer (?:is|remains|stays)(?: \w+){0,2} no\b",
    r"(?:aren't|isn't|are not|is not|are never|is never|never) (?:\w+ )?(?:paid|issued|sent|granted|accepted|"
    r"given|made|"
    r"refunded|something|one (?:for|of|that)|one i)\b(?! (?:until|unless|before|yet))",
    r"(?:has|have|needs?) to (?:stay|remain|be) (?:within|the same|of the same)\b",
    r"no (?:exceptions?|compensation|exchange|refund|return|change|cancell?ation)s?\b[^?.!]{0,30}\b(?:can|"
    r"could|may|is|are|"
    r"possible|allowed)\b",
    r"don't (?:do|make|give|grant|have a way|have any way|have the option|see a way)\b",
    r"(?:allowed|possible|permitted|eligible|accepted|refundable|returnable|approved)\w*\s*[:|] ?(?:no|false)\b",
    r"\| ?no\b[^|]{0,30}\|?\s*\Z",
    r"won't (?:change|be possible|be able|go through|let)",
    r"to (?:answer (?:you )?plainly|be (?:honest|clear|frank)|put it plainly)[:,] no\b",
    r"no[,.:] (?:i|we|that|this|sorry)\b",
    r"(?:falls?|lies|is) outside\b",
    r"(?:isn't|is not|aren't|are not|not) (?:among|one of|ok\b|okay\b|open to)",
    r"(?:say|saying) no to\b",
    r"(?:break|breach|violate|bend)\w* (?:the|our|my|any) (?:\w+ )?(?:rules?|polic)",
    r"no (?:means|way|possibility) (?:of|to|for)\b",
    r"(?:falls?|drops?) away\b",
    r"(?:decision|answer|outcome|result) (?:stands?|remains|is final|stays)\b",
    r"(?:no|nothing) (?:\w+ ){0,2}(?:that|whose|which) (?:\w+ ){0,2}(?:i|we) (?:can|could)\b",
    r"(?:is|are|be) (?:excluded|ruled out|off the table|barred)\b",
    r"(?:we|i) (?:only|never|don't|do not) (?:ever )?(?:refund|return|exchange|cancel|move|pay|send money|accept|allow|"
    r"support|let)\b",
    r"won't (?:go|work|help|fly)\b",
    r"\w+ not supported|isn't supported|unsupported",
    r"wasn't (?:used|part|charged|among)\b[^.?!]{0,40}\bso\b",
    r"(?:can't|cannot|can only|only) (?:go|return) (?:back )?(?:to|on|onto)\b",
    r"(?:window|period|deadline)(?: \w+){0,5} (?:has |is |have )?(?:already )?(?:closed|passed|expired|over|ended)\b",
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
    r"none (?:are |is |were )?(?:left|available|to be had)\b",
    r"(?:availability|available|stock|in stock)\s*: ?(?:no\b|none|0\b|sold)",
    r"(?:can't|cannot|can not) be (?:supplied|ordered|had|obtained)\b",
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
    r"(?:can|could|may|might|would|possible|option|offer|want|like|want me|"
    r"like me)(?: \w+){0,4} (?:transfer|connect|hand|pass|"
    r"escalat|put|bring|refer|route|forward)",
    r"transfer(?: to (?:a|an) \w+(?: \w+)?)?\s*:",
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
    r"shout|contact us)[^?.!]{0,40}\bif\b(?! (?:the|this|these|those|all)\b)(?! (?:i|we) (?:may|"
    r"should|shall) (?!help|assist|be\b|do any))",
    r"(?:have a|enjoy|thank you|thanks|take care|don't hesitate|do not hesitate|feel free)",
)
SORRY = cue(r"sorry", r"regret", r"afraid", r"unfortunately", r"apologi", r"policy", r"unable", r"decline")
# What could not be found is no refusal, and neither is a word of warning.
NOT_FOUND = cue(
    r"(?:can ?not|can't|cant|could ?n[o']t|unable to|not able to|did ?n[o']t|\w+n't)(?: \w+){0,3} "
    r"(?:find|found|locate|see|access|verify|match|identify|pull up)\b",
    r"no (?:account|customer|profile|user|match)\b",
)
OTHER_WANTED = cue(
    r"(?:another|a different|some other|which other|what other|other) (?:\w+ ){0,2}(?:methods?|reasons?|"
    r"cards?|variants?|one|"
    r"ways?|address|options?)\b"
)
"""What asks for something else in the place of what was wanted."""
UNTIL = cue(r"until\b", r"unless\b", r"without your\b", r"without you\b", r"before (?:i|we|you|authent|verif)")
"""What cannot be done yet is no refusal."""
TURNED_DOWN = cue(r"rejected", r"declined", r"denied", r"refused", r"not (?:possible|allowed|permitted)")
"""What is said of a wish, whatever was not found beside it."""
HANDS_OVER = cue(r"(?:transfer|hand|connect|pass) you\b", r"human agent")
"""What a question for a go-ahead speaks of that offers to hand the user over."""
EVERYTHING = cue(r"both\b", r"all (?:done|set|of (?:it|them|that))\b", r"everything\b", r"all your requests\b")
"""Words by which all that was agreed to is reported at once."""
CAUTION = cue(
    r"(?:please |kindly )?(?:note|remember|be aware|keep in mind|be advised)\b",
    r"[^?.!]{0,60}\b(?:undone|reversed|restored|taken back)\b",
    r"our (?:policy|rules?) (?:is|are|says?|states?)\b",
)
# "It cannot be changed again" warns of what comes after.
AGAIN = cue(
    r"again\b",
    r"any ?more\b",
    r"later\b",
    r"after(?:wards?| that| this)\b",
    r"second time",
    r"once\b",
    r"(?<!checked )twice\b",
)
BECAUSE = cue(r"sorry", r"regret", r"afraid", r"unfortunately", r"apologi", r"because\b", r"since\b", r"already\b")
"""What makes "it cannot be changed anymore" a refusal all the same."""
STAYS = cue(
    r"(?:keeps?|will keep|retains?) (?:the|its|their|your) (?:\w+ ){0,2}(?:address|method|payment|items?|price|status)",
    r"(?:won't|will not|isn't|aren't|is not|are not|not) (?:be )?(?:touched|affected|changed by|altered)",
    r"(?:stays?|remains?|will stay|will remain) (?:as (?:it is|they are)|the same|unchanged|untouched|unaffected)",
    r"(?:doesn't|does not|don't|won't|will not) (?:affect|touch|change) (?:your |any |the )?(?:other|existing|"
    r"open|earlier|"
    r"orders)",
)
"""What tells of something that it is left as it is."""
TO_BE_HAD = cue(
    r"in stock\b(?<!not in stock)",
    r"(?:are|is|currently|still|following|these|available|we have)(?: \w+){0,4} available\b",
    r"available (?:combinations|options|variants|versions|\w+ )?(?:are|:|now|today|in)",
    r"(?:i|we) (?:can|could)(?: also)? (?:offer|send|supply|give you)",
    r"(?:we|i) (?:still |currently |also |do )*(?:carry|stock|offer|have (?:quite|these|"
    r"the following|left|else|several))",
    r"what (?:else )?we (?:have|carry|could send|can send)",
    r"(?:choose|pick|select) from\b",
    r"(?:available|alternatives|options|choices|variants)(?: \w+){0,2}\s*:",
    r"(?:the )?(?:list|table) above\b",
    r"checked (?:the |our )?stock\b",
    r"your options\b",
)
"""What tells which variants there are."""
