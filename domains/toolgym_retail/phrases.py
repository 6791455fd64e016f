"""How a customer words what it has to say: many phrasings, by manner."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from toolgym_retail.facts import Facts, ItemRef, Manner, Method, Request

_ANY = "any"

_SAY: dict[str, dict[str, tuple[str, ...]]] = {
    "hello": {
        "plain": ("Hi,", "Hello,", "Hi there,", "Good morning,", "Good afternoon,", "Hey,"),
        "friendly": ("Hi there!", "Hello! I hope you're well.", "Hi! Thanks for being there.", "Good day!", "Hello!"),
        "terse": ("", "Hi.", "Hello."),
        "chatty": (
            "Hi! So, funny story.",
            "Hello there, I hope you can help me out.",
            "Hey, it's been one of those weeks.",
            "Hi! I've been meaning to write for days.",
            "Hello! I'm writing on my lunch break, so bear with me.",
        ),
        "annoyed": ("Hello.", "Hi. I hope this won't take long.", "Right, hello.", "Hi. This is the second time I'm writing."),
    },
    "yes": {
        "plain": (
            "Yes, please go ahead.",
            "Yes, that's right. Go ahead.",
            "Yes, please do.",
            "That's correct, please proceed.",
            "Yes, do it.",
            "Right, go ahead with that.",
            "Exactly. Please do that.",
            "Yes, I confirm.",
            "Yes, that works for me.",
            "Confirmed, please carry on.",
            "Yes, you can go ahead with it.",
            "That's what I want, yes.",
        ),
        "friendly": (
            "Yes please, that would be great!",
            "Perfect, yes, go ahead.",
            "Yes, lovely, please do.",
            "That's exactly it, yes. Thank you!",
            "Yes, that sounds good to me.",
            "Yes, thanks, go right ahead.",
            "Wonderful, yes please.",
            "Yes, that's all correct, thank you.",
        ),
        "terse": ("Yes.", "Yes, go ahead.", "Ok, yes.", "Confirmed.", "Yep, do it.", "Yes, correct.", "Go ahead, yes.", "Fine, yes."),
        "chatty": (
            "Yes! That's the one, go for it.",
            "Oh good, yes, please go ahead with that.",
            "Yes, yes, exactly like that.",
            "Yep, that's what I had in mind. Please do it.",
            "Sounds right to me, so yes, go ahead.",
            "Yes, I've thought it over and that's what I want.",
            "Yes please, the sooner the better.",
        ),
        "annoyed": (
            "Yes, that's what I said. Go ahead.",
            "Yes. Please just do it.",
            "Yes, finally.",
            "Yes, obviously. Go ahead.",
            "Correct, now please do it.",
            "Yes, yes. Proceed.",
            "Yes, can we get on with it?",
        ),
    },
    "right": {
        "plain": ("Yes, that's right.", "That's correct.", "Yes, exactly.", "Right.", "Yes, that's the one I mean.", "Correct, yes."),
        "friendly": ("Yes, that's right, thanks.", "Exactly, well spotted.", "Yes, you've got it.", "That's right!"),
        "terse": ("Yes.", "Right.", "Correct.", "Yep."),
        "chatty": ("Yes, that's it exactly.", "Yep, you've got it right.", "That's right, yes, that's the one.", "Yes indeed."),
        "annoyed": ("Yes, as I said.", "Yes, that's it.", "Correct.", "Yes. Go on, please."),
    },
    "no": {
        "plain": ("No, that's not right.", "No, not quite.", "Sorry, that isn't what I meant.", "No, there's a mistake.", "Hold on, that's not it."),
        "friendly": ("Oh, not quite, sorry.", "Sorry, that's not what I meant.", "Almost, but no.", "No, I think there's a mix-up."),
        "terse": ("No.", "No, wrong.", "Not that.", "That's wrong."),
        "chatty": ("Oh no, wait, that's not it.", "Hmm, no, that's a bit off.", "No no, you've got me wrong there.", "Whoa, not that."),
        "annoyed": ("No, that's wrong.", "No. Please read what I wrote.", "No, that is not what I asked for.", "Wrong. Listen, please."),
    },
    "bye": {
        "plain": (
            "No, that's all. Thank you.",
            "That was everything, thanks.",
            "Nothing else, thank you. Goodbye.",
            "That's it for me, thanks.",
            "No, I'm all set. Thanks.",
            "Thanks, that's all I needed.",
            "All good then, thank you. Bye.",
            "No more from me, thanks for your help.",
        ),
        "friendly": (
            "That's everything, thank you so much!",
            "No, that's all. You've been very helpful!",
            "Wonderful, thanks a lot. Have a nice day!",
            "All done then, thank you. Take care!",
            "Great, that's all I wanted. Many thanks!",
            "Thank you, that was easy. Bye!",
        ),
        "terse": ("That's all.", "No. Thanks.", "Nothing else. Bye.", "Thanks, bye.", "All done, thanks.", "Ok, bye."),
        "chatty": (
            "Nope, that was the lot. Thanks for sorting me out!",
            "That's all from me, I'll let you get on. Thanks!",
            "Brilliant, nothing else on my list. Bye now!",
            "No, that's everything off my chest. Thank you!",
            "I think that's it. Right, back to work. Thanks!",
        ),
        "annoyed": (
            "No. That's all.",
            "That's all, goodbye.",
            "Nothing else. Finally done.",
            "No, thank you, I've spent enough time on this.",
            "Good. Then we're finished here.",
        ),
    },
    "give_up": {
        "plain": (
            "This isn't getting us anywhere. I'll try another time.",
            "Never mind, please leave everything else as it is.",
            "I'd rather stop here and call back later.",
            "Let's leave it. Goodbye.",
            "No, that's still not it. I'll leave it for today.",
        ),
        "friendly": ("I think we keep missing each other. Let's leave it for today.", "Never mind, I'll try again another day. Bye!", "Let's leave it there, thanks for trying."),
        "terse": ("Forget it.", "Leave it. Bye.", "Never mind."),
        "chatty": ("Okay, I don't think this is working, so let's forget it. Bye!", "You know what, never mind. I'll come back when I have more time."),
        "annoyed": ("I've had enough. Goodbye.", "This is a waste of my time. Leave it.", "Forget it, I'll complain elsewhere."),
    },
    "too_bad": {
        "plain": ("All right, then not.", "Okay, I understand.", "I see. Then we leave it.", "Well, if that's the rule.", "A pity, but okay.", "Fine, I'll live with it."),
        "friendly": ("Oh well, I understand.", "No problem, thanks for checking.", "Too bad, but I understand.", "That's a shame, but okay."),
        "terse": ("Ok then.", "Pity.", "Fine.", "I see."),
        "chatty": ("Ah well, you can't have everything.", "Oh, that's a shame. I'll live.", "Bummer, but rules are rules I guess."),
        "annoyed": ("That's ridiculous, but fine.", "I don't like it, but all right.", "Not what I wanted to hear. Fine.", "Great. Just great. Fine then."),
    },
    "insist": {
        "plain": ("Can't you make an exception?", "Are you sure? I'd really like that.", "Isn't there any way?", "Could you check again, please?", "But it matters to me. Please try."),
        "friendly": ("Oh, is there really nothing you can do?", "Could you perhaps check once more?", "Hmm, might there be a way around it?"),
        "terse": ("Really? Why not?", "Check again.", "No way at all?"),
        "chatty": ("Oh come on, surely there's a little something you can do?", "Hmm, my neighbor got exactly that last month. Can you look again?"),
        "annoyed": ("That can't be true. Try again.", "I don't accept that. Check again.", "Seriously? Other shops do that without asking."),
    },
    "thanks": {
        "plain": ("Thanks.", "Good, thank you.", "Okay, thanks.", "All right.", "Great.", "Good to know."),
        "friendly": ("Great, thank you!", "Lovely, thanks!", "Perfect, thank you.", "That was quick, thanks!"),
        "terse": ("Ok.", "Good.", "Thanks.", ""),
        "chatty": ("Oh, that was quick, thanks.", "Brilliant, thank you.", "Ah, good, one thing less to worry about."),
        "annoyed": ("Finally.", "Fine.", "Good.", "About time."),
    },
    "wait": {
        "plain": ("Okay, I'll wait.", "Sure, take your time.", "All right.", "Okay.", "No problem, I'm here."),
        "friendly": ("Of course, no rush!", "Sure, thank you.", "Take all the time you need."),
        "terse": ("Ok.", "Waiting.", "Sure."),
        "chatty": ("Sure, I'll grab a coffee meanwhile.", "Go ahead, I'm not going anywhere.", "No rush, the kettle's on."),
        "annoyed": ("Please hurry.", "Fine, but be quick.", "I'm waiting."),
    },
    "heard": {
        "plain": ("Okay.", "I see.", "All right, thanks.", "Okay, thanks for telling me.", "Got it."),
        "friendly": ("Good to know, thanks.", "I see, thank you.", "Okay, great."),
        "terse": ("Ok.", "I see.", "Right."),
        "chatty": ("Ah, I see, interesting.", "Oh, okay, good to know.", "Right, right."),
        "annoyed": ("Yes, and?", "I know that.", "Fine."),
    },
    "still": {
        "plain": (
            "I'm still waiting for this:",
            "There is still the other thing:",
            "What about my request?",
            "Coming back to what I asked:",
            "One thing is still open:",
        ),
        "friendly": ("If I may come back to my request:", "There's still this one thing:", "Just to remind you:"),
        "terse": ("Still open:", "And this:", "Again:"),
        "chatty": ("Oh, and don't forget what I came for:", "So, about the thing I mentioned:", "But we haven't done this yet:"),
        "annoyed": ("You haven't done what I asked:", "Once more:", "I'm repeating myself:"),
    },
    "next": {
        "plain": ("There's one more thing.", "I have another request.", "Next,", "Also,", "And one more thing:", "Then there's something else."),
        "friendly": ("If you don't mind, one more thing:", "While I have you:", "There's something else you could help me with."),
        "terse": ("Also:", "Next:", "And:", "One more:"),
        "chatty": ("Oh, and while we're at it:", "Right, now to the next thing on my list.", "That reminds me of something else."),
        "annoyed": ("And that's not all.", "There's more.", "Next problem:"),
    },
    "change_mind": {
        "plain": ("Actually, wait. I've changed my mind.", "Hold on, I'd rather do something else.", "Sorry, on second thought:", "Hmm, no, let me change that."),
        "friendly": ("Oh, sorry, I just changed my mind.", "I'm sorry, could we do it differently after all?", "Forgive me, I've thought again."),
        "terse": ("Wait, no.", "Changed my mind.", "Actually, different:"),
        "chatty": ("Oh, hang on, my partner just said something. New plan.", "Wait wait wait, I have a better idea.", "Hmm, now that I see it written down, I'd rather not."),
        "annoyed": ("Stop, I want something else.", "No, wait. Not like that after all.", "I've reconsidered."),
    },
    "unknown": {
        "plain": ("I don't know that, sorry.", "I don't have that at hand.", "No idea, I'm afraid.", "I can't tell you that."),
        "friendly": ("Oh, I'm afraid I don't know that.", "Sorry, I don't have that here."),
        "terse": ("Don't know.", "No idea."),
        "chatty": ("Gosh, I wouldn't know where to look for that.", "That I couldn't tell you, sorry."),
        "annoyed": ("How should I know?", "I don't have that."),
    },
    "no_email": {
        "plain": ("I don't remember which e-mail address I used.", "I'm not sure which e-mail I signed up with.", "I don't have my e-mail address for that at hand.", "I forgot what e-mail address that account has."),
        "terse": ("Don't remember the e-mail.", "No idea which e-mail."),
        "chatty": ("I have so many e-mail addresses, I couldn't tell you which one.", "Oh, the e-mail, I really don't remember that."),
        "annoyed": ("I don't remember the e-mail. Is there no other way?", "How should I remember the e-mail?"),
    },
    "no_number": {
        "plain": ("I don't have the order number.", "I don't know the number of the order.", "I can't find the order number.", "I don't remember the number, sorry."),
        "terse": ("No number.", "Don't have the number."),
        "chatty": ("Oh, the number, I've deleted that e-mail long ago.", "I never write those numbers down."),
        "annoyed": ("I don't have the number. You can see my orders, can't you?", "I don't keep such numbers."),
    },
    "number_says_nothing": {
        "plain": ("That number tells me nothing.", "I can't tell from the number.", "The number alone doesn't help me.", "I don't know these numbers."),
        "terse": ("Number means nothing to me.", "Can't tell by the number."),
        "chatty": ("Those numbers all look the same to me.", "I couldn't tell those numbers apart, honestly."),
        "annoyed": ("I can't check a number that I don't have.", "How am I to know that number?"),
    },
    "name_zip": {_ANY: (
        "My name is {name}, zip code {zip}.", "{name}, {zip}.", "It's {name} and my zip is {zip}.", "I'm {name}, and the zip code is {zip}.",
        "The name is {name} and I live in {zip}.", "{name}, zip {zip}.", "That's {name}, {zip} is the zip code.", "You'll find me as {name}, zip code {zip}.",
    )},
    "name": {_ANY: ("My name is {name}.", "{name}.", "It's {name}.", "I'm {name}.", "The name is {name}.")},
    "zip": {_ANY: ("My zip code is {zip}.", "{zip}.", "The zip is {zip}.", "It's {zip}.")},
    "email": {_ANY: (
        "My e-mail is {email}.", "{email}", "It's {email}.", "You'll find me under {email}.", "The address is {email}.", "I use {email}.",
        "My account is under {email}.", "Sure, {email}.",
    )},
    "no_user_id": {_ANY: ("I don't know my user id.", "No idea what my user id is.", "I've never seen my user id.")},
    "order": {_ANY: ("It's {order}.", "The order number is {order}.", "{order}", "That's order {order}.", "It's about {order}.", "Number {order}.", "I mean order {order}.")},
    "clue": {_ANY: ("It's {clue}.", "I mean {clue}.", "It should be {clue}, I think.", "As far as I remember, {clue}.", "All I know is that it's {clue}.", "Well, {clue}.", "Please look for {clue}.")},
    "is_it_clue": {_ANY: ("Is that {clue}?", "Are we talking about {clue}?", "Would that be {clue}?", "Can you tell me whether that's {clue}?", "You do mean {clue}?")},
    "items": {_ANY: ("{items}.", "It's {items}.", "That would be {items}.", "I mean {items}.", "Just {items}.", "{items}, please.", "Only {items}.")},
    "whole": {_ANY: ("The whole order.", "All of it, the entire order.", "Everything in it.", "It's about the order as a whole.")},
    "options": {_ANY: ("{options}.", "I'd like {options}.", "Please make it {options}.", "I want {options}.", "Ideally {options}.", "What I'm after is {options}.", "{options}, please.")},
    "payment": {_ANY: ("{payment}, please.", "Please use {payment}.", "I'd like that on {payment}.", "{payment}.", "That should go through {payment}.", "Let's take {payment}.", "With {payment}, please.")},
    "any_payment": {_ANY: ("Whatever I paid with is fine.", "I don't mind, the usual way.", "The way I paid is fine.")},
    "reason": {_ANY: ("{excuse}.", "Well, {excuse}.", "Simply because {excuse}.", "The thing is, {excuse}.", "It's just that {excuse}.")},
    "no_reason": {_ANY: ("No particular reason.", "I'd rather not go into that.", "Does that matter?", "There's no special reason.")},
    "address": {_ANY: ("{address}.", "It's {address}.", "The new address is {address}.", "Please use {address}.", "That would be {address}.", "To {address}.")},
    "no_address": {_ANY: ("My address has nothing to do with it.", "The address stays as it is.", "No address needs changing.")},
    "no_options": {_ANY: ("I don't want another one instead.", "I'm not after another variant.", "No replacement, please.")},
    "all": {
        "plain": ("Yes, that's all for this order.", "Yes, nothing else from that order.", "That's everything I want changed there.", "No other items, no.", "Yes, only what I told you."),
        "terse": ("That's all.", "Yes, only that.", "Nothing more there."),
        "chatty": ("Yep, that's the whole list for that order.", "Yes, the rest is fine as it is."),
        "annoyed": ("Yes, only what I said.", "That's all. I told you."),
    },
    "which_option": {_ANY: ("Which one exactly would I get?", "What exactly would I get then?", "Could you tell me which variant that would be?", "So which one would it become?")},
    "which_payment": {_ANY: ("And where does the money go?", "How would that be paid?", "And what about the payment, which method is that?", "Which payment method would that be on?")},
    "which_address": {_ANY: ("To which address exactly?", "Which address have you got there?", "And what address would that be?")},
    "with_what": {_ANY: ("With what exactly? Please tell me what you're going to do.", "I'm not sure what you want to do. Could you spell it out?", "What exactly would happen then?", "Can you say precisely what you'd do?")},
    "not_clear": {_ANY: ("I'm not sure I follow.", "I don't quite understand what you're asking.", "Sorry, I don't get the question.")},
    "no_transfer": {_ANY: ("I'd rather sort it out with you.", "No need to hand me over, please help me yourself.", "Can't you do it?")},
    "hold": {_ANY: ("All right.", "Okay, put me through.", "Fine, I'll hold.", "Okay, thanks.")},
    "not_asked": {_ANY: ("That's not what I asked for.", "I never asked for that.", "Wait, I wanted something else.", "But that isn't what I wanted.")},
    "listen": {_ANY: ("", "Once more:", "What I want:", "To be clear,", "Again,")},
    "only_me": {_ANY: ("No, that's not me.", "No, you've got the wrong person.", "That's somebody else.")},
}  # fmt: skip

_ASK: dict[str, tuple[str, ...]] = {
    "cancel": (
        "I'd like to cancel {order}{reason}",
        "please cancel {order} for me{reason}",
        "I want {order} cancelled{reason}",
        "could you call off {order}{reason}",
        "{order} should be cancelled{reason}",
        "I need to get out of {order}{reason}",
        "can you stop {order} before it ships{reason}",
        "I have to cancel {order}{reason}",
    ),
    "return": (
        "I'd like to return {items}{order}{payment}",
        "I want to send back {items}{order}{payment}",
        "can I return {items}{order}{payment}",
        "{items}{order} should go back{payment}",
        "I'm not happy with {items}{order} and want to return it{payment}",
        "please set up a return for {items}{order}{payment}",
        "I need to give back {items}{order}{payment}",
        "I'd like my money back for {items}{order}{payment}",
    ),
    "exchange": (
        "I'd like to exchange {items}{order} for {options}{payment}",
        "I want to swap {items}{order} for {options}{payment}",
        "could I trade in {items}{order} for {options}{payment}",
        "{items}{order} isn't right for me, I'd like {options} instead{payment}",
        "I got {items}{order} and need {options} instead{payment}",
        "please exchange {items}{order} for {options}{payment}",
        "can I have {options} in exchange for {items}{order}{payment}",
    ),
    "modify_items": (
        "I'd like to change {items}{order} to {options}{payment}",
        "before it ships, please change {items}{order} to {options}{payment}",
        "I picked the wrong one: {items}{order} should become {options}{payment}",
        "could you switch {items}{order} to {options}{payment}",
        "I'd rather have {options} instead of {items}{order}{payment}",
        "{items}{order} needs to be changed to {options}{payment}",
        "can {items}{order} still be changed to {options}{payment}",
    ),
    "modify_address": (
        "I'd like to change where {order} is shipped{address}",
        "please send {order} somewhere else{address}",
        "{order} has the wrong shipping address{address}",
        "can you ship {order} to another address{address}",
        "the delivery address of {order} needs to change{address}",
        "I won't be home, so {order} has to go elsewhere{address}",
    ),
    "modify_payment": (
        "I'd like to pay for {order} differently{payment}",
        "please change how {order} is paid{payment}",
        "can I switch the payment method of {order}{payment}",
        "{order} is on the wrong payment method{payment}",
        "I want another payment method for {order}{payment}",
    ),
    "user_address": (
        "I've moved, so my profile needs a new address{address}",
        "please update the default address in my account{address}",
        "I'd like to change the address in my profile{address}",
        "my home address on file is out of date{address}",
        "we moved last month; can you change my default address{address}",
    ),
    "question": (
        "could you tell me {question}",
        "I'd like to know {question}",
        "please tell me {question}",
        "can you look up {question}",
        "I was wondering {question}",
        "I need to know {question}",
    ),
}  # fmt: skip


class Voice:
    """Picks wordings for one customer; a phrasing is not used again while others are left.

    Args:
        facts: Who speaks.
        rng: Chooses.
    """

    def __init__(self, facts: Facts, rng: np.random.Generator) -> None:
        self.facts = facts
        self.manner: Manner = facts.manner
        self._rng = rng
        self._used: dict[str, set[str]] = {}

    def say(self, act: str, **slots: str) -> str:
        """One wording of an act, its slots filled."""
        kinds = _SAY[act]
        choices = kinds.get(_ANY) or kinds.get(self.manner) or kinds["plain"]
        if self.manner == "friendly" and "plain" in kinds and "friendly" in kinds:
            choices = (*kinds["friendly"], *kinds["plain"][:4])
        return _sentence(self._pick(act, choices).format(**slots))

    def ask(self, request: Request, *, full: bool, known: bool = True) -> str:
        """A request as the customer brings it up.

        Args:
            request: What it wants.
            full: Whether it names every particular.
            known: Whether it names the order's number where it knows it.
        """
        order = request.order
        named = order.id if order is not None and order.known and full and known else ""
        slots = {
            "items": items_text(request.items, self._flip),
            "options": options_text(request.items, self._flip),
            "reason": f", {self._pick('because', ('because', 'since', 'as'))} {request.excuse}" if full and request.excuse else "",
            "payment": self._with_payment(request) if full else "",
            "address": f": {request.address}" if full and request.address else "",
            "question": request.question,
        }
        if request.kind in ("return", "exchange", "modify_items"):
            slots["order"] = f" from order {named}" if named else self._from_clue(request)
        else:
            slots["order"] = self._order_text(request, named)
        text = self._pick(request.kind, _ASK[request.kind]).format(**slots)
        if request.otherwise is not None and request.says_otherwise:
            text += self._otherwise(request.otherwise)
        question = bool(re.match(r"(?:could|can|would|is|are)\b", text))
        return text + ("?" if question else ".")

    def _order_text(self, request: Request, named: str) -> str:
        order = request.order
        if named:
            return self._pick("an order", ("order {}", "my order {}")).format(named)
        if order is not None and order.clue:
            return order.clue
        product = items_text(request.items[:1], self._flip).removeprefix("the ")
        return self._pick("that order", ("the order with the {}", "my order with the {}", "my {} order")).format(product.split(" (")[0])

    def _from_clue(self, request: Request) -> str:
        order = request.order
        if order is None or not order.clue:
            return ""
        return self._pick("from clue", (" from {}", ", from {}")).format(order.clue)

    def _with_payment(self, request: Request) -> str:
        if request.payment is None:
            return ""
        text = method_text(request.payment, self.facts)
        if request.kind == "return":
            return self._pick("refund to", (", with the refund to {}", ", refund to {}", ", and the money should go to {}")).format(text)
        if request.kind == "modify_payment":
            return self._pick("pay by", (": {} instead", ", it should be {}", "; please use {}")).format(text)
        return self._pick("difference on", (", any difference on {}", ", and settle the difference with {}", "; use {} for the difference")).format(text)

    def _otherwise(self, request: Request) -> str:
        if request.kind in ("exchange", "modify_items"):
            return self._pick("or else", (", or if that's not to be had, {}", ", and failing that, {}", "; if there is none, then {}")).format(options_text(request.items, self._flip))
        wish = self.ask(request.model_copy(update={"otherwise": None}), full=False).rstrip(".?")
        return self._pick("or else wish", ("; and if that's not possible, {}", "; otherwise, {}")).format(wish)

    def _flip(self, choices: Sequence[str]) -> str:
        return choices[int(self._rng.integers(len(choices)))]

    def _pick(self, act: str, choices: Sequence[str]) -> str:
        used = self._used.setdefault(act, set())
        left = [choice for choice in choices if choice not in used]
        if not left:
            used.clear()
            left = list(choices)
        chosen = left[int(self._rng.integers(len(left)))]
        used.add(chosen)
        return chosen


def method_text(method: Method, facts: Facts) -> str:
    """A payment method as its owner calls it."""
    if method.source == "paypal":
        return "my PayPal account"
    twins = [other for other in facts.methods if other.source == method.source]
    if method.source == "gift_card":
        return "my gift card" if len(twins) < 2 else f"the gift card {method.id}"
    name = method.brand.title() if method.brand else "credit card"
    return f"{'the' if len(twins) > 1 else 'my'} {name} ending in {method.last_four}"


def item_text(item: ItemRef, flip: object = None) -> str:
    """A unit as its owner calls it."""
    values = [item.options[axis] for axis in item.tell_apart]
    return f"the {item.product}" + (f" (the {', '.join(values)} one)" if values else "")


def items_text(items: Sequence[ItemRef], flip: object = None) -> str:
    """Several units in a sentence."""
    listed = [item_text(item) for item in items]
    return joined(listed) if listed else "it"


def options_text(items: Sequence[ItemRef], flip: object = None) -> str:
    """What the customer wants instead, as far as it names it."""
    listed = []
    for item in items:
        if item.new_options is None:
            continue
        values = ", ".join(item.new_options[axis] for axis in item.wanted)
        listed.append(f"the {values} one" if len(items) == 1 else f"the {values} {item.product}")
    return joined(listed)


def joined(listed: Sequence[str]) -> str:
    """Words in a sentence: ``a, b and c``."""
    if len(listed) < 2:
        return "".join(listed)
    return ", ".join(listed[:-1]) + " and " + listed[-1]


def _sentence(text: str) -> str:
    """The text with a capital at its beginning, unless that is an address or a number."""
    text = text.strip()
    first = text.split(" ", 1)[0]
    return text if "@" in first else text[:1].upper() + text[1:]
