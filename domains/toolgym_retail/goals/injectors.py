"""Ways to make a call that stresses a failure pattern, each with what a customer may say then."""

from __future__ import annotations

from functools import partial

from toolgym.generation import Injector
from toolgym.generators.doses import DraftMaker, beside_forbidden, harder, many_errands, with_facts
from toolgym_retail.facts import Request
from toolgym_retail.goals import difficulties, pitfalls
from toolgym_retail.goals.recipes import RECIPES
from toolgym_retail.goals.shopper import Shopper

_beside_forbidden = partial(beside_forbidden, RECIPES["mixed"], name="forbidden, beside what is allowed")

INJECTORS: dict[Injector, DraftMaker[Shopper, Request]] = {
    Injector(
        "near_variants",
        "wrong_variant",
        "Several units become variants that differ from other available ones in a single option.",
        "I want the black mug, the 350 ml one with the handle, and the vase in matte white instead of glossy.",
    ): difficulties.near_variants,
    Injector(
        "same_otherwise",
        "wrong_variant",
        "Only what changes is named, several options at once; the rest stays as it was.",
        "The vase should be taller and in green, all else as it is. The mug in steel with a lid.",
    ): difficulties.same_otherwise,
    Injector(
        "shared_products",
        "item_from_another_record",
        "Several units of one order, while another order of the customer holds the same products.",
        "Send back the mug and the vase of #W1000001. (#W1000002 has a mug as well.)",
    ): difficulties.shared_products,
    Injector(
        "shared_by_clue",
        "item_from_another_record",
        "Several units of an order known by a clue alone; another order of the customer holds the same products.",
        "Send back the mug and the vase, from the order with the lamp. (#W1000002 has a mug as well.)",
    ): difficulties.shared_by_clue,
    Injector(
        "twin_methods",
        "invalid_argument",
        "The customer has two payment methods of one kind, and one of them is meant.",
        "Put the difference for the vase on the card ending in 1234. (Another one ends in 9876.)",
    ): difficulties.twin_methods,
    Injector(
        "many_methods",
        "invalid_argument",
        "The customer has at least three payment methods, and one of them is meant.",
        "I want the money for the mug on my gift card. (There are PayPal and a Visa too.)",
    ): difficulties.many_methods,
    Injector(
        "order_by_neighbour",
        "wrong_record",
        "The order is known by a product in it, among several orders in the same state.",
        "Cancel a recent order, I think it was the one with the vase too.",
    ): partial(difficulties.whole_order, clue="product", name="order by a product in it"),
    Injector(
        "order_by_bill",
        "wrong_record",
        "The order is known by where it went or what it came to, among several orders in the same state.",
        "Ship the order that came to $83.20 to my new address.",
    ): partial(difficulties.whole_order, clue="bill", name="order by its bill"),
    Injector(
        "like_items_by_neighbour",
        "misattributed_item",
        "The unit's product is in several orders in the same state; the right one is known by what else is in it.",
        "I want to return the mug. It is in the order with the vase too.",
    ): partial(difficulties.like_items, clue="product", name="like items, order by a product in it"),
    Injector(
        "like_items_by_total",
        "misattributed_item",
        "The unit's product is in several orders in the same state; the right one is known by its bill.",
        "I'd like another colour for the mug, the one from the order that was shipped to Boston.",
    ): partial(difficulties.like_items, clue="bill", name="like items, order by its bill"),
    Injector(
        "second_thoughts",
        "no_confirmation",
        "A customer in a hurry tells everything at once, and changes its mind when the action is proposed.",
        "Return the mug from #W1000001 to my Visa, quickly. ... Hold on, rather exchange it for the blue one.",
    ): harder(RECIPES["change_of_mind"], "change of mind in a hurry", hurried=True),
    Injector(
        "all_at_once",
        "ended_early",
        "At least three things are asked for in the first message.",
        "Return the mug, send the vase to my new address, and pay for the lamp by PayPal.",
    ): many_errands("many errands at once"),
    Injector(
        "one_by_one",
        "ended_early",
        "At least three things are asked for, the last of them when the others are settled.",
        "Return the mug and change the vase. ... One more thing: my new address.",
    ): many_errands("errand after errand", later=1),
    Injector(
        "sold_out_wish",
        "repeated_call",
        "The wanted variant is sold out; what is taken instead is told only then.",
        "I want the mug in red. ... Sold out? Then the blue one.",
    ): harder(RECIPES["sold_out"], "sold out", lambda request: request.model_copy(update={"says_otherwise": False})),
    Injector(
        "fact_between_errands",
        "fact_not_said",
        "A question stands among things to be done.",
        "Return the mug, tell me what the vase cost, and change my address.",
    ): with_facts(1, lambda dose: min(dose.steps, 2), "a fact among errands"),
    Injector(
        "two_facts",
        "fact_not_said",
        "Two questions come with a thing to be done.",
        "What did the vase cost, and what is left on my gift card? And return the mug.",
    ): with_facts(2, lambda dose: 1, "two facts"),
    Injector(
        "good_excuse",
        "forbidden_write",
        "An order is to be cancelled for a reason that the policy does not accept, beside a thing that can be done.",
        "Cancel the vase, I found it cheaper elsewhere. And return the mug.",
    ): _beside_forbidden(lambda request: request.kind == "cancel" and request.reason is None),
    Injector(
        "second_best",
        "needless_transfer",
        "The refund is wanted where the policy does not allow it; told so, the customer takes what is allowed.",
        "I'm returning the mug; the money should go to my PayPal. ... No? Then the card I paid with.",
    ): harder(RECIPES["refund_elsewhere"], "forbidden at first"),
    Injector(
        "insists_first",
        "needless_transfer",
        "Something that cannot be done is insisted on, beside a thing that can be done.",
        "Cancel the vase that is on its way. ... But I want it cancelled! ... And return the mug.",
    ): _beside_forbidden(lambda request: request.reason is not None or request.kind != "cancel"),
    Injector(
        "other_method",
        "wrong_detail",
        "The difference in price goes on another payment method than the one with which the order was paid.",
        "The vase in green, please, and put the difference on my PayPal. (The order was paid by card.)",
    ): pitfalls.other_method,
    Injector(
        "near_address",
        "wrong_detail",
        "An order goes to another apartment at the address that it has.",
        "Send it to Apt 12C instead, same building. (It has Apt 11C.)",
    ): pitfalls.near_address,
    Injector(
        "several_back",
        "spent_on_part",
        "Several units of an order are to go back, and an order takes but one return.",
        "Send back the mug, the vase and the lamp of #W1000001.",
    ): partial(pitfalls.whole_basket, kind="return"),
    Injector(
        "several_swapped",
        "spent_on_part",
        "Several units of an order are to be exchanged, and an order takes but one exchange.",
        "I'd like the mug in red, the vase in white and the lamp in brass, all from #W1000001.",
    ): partial(pitfalls.whole_basket, kind="exchange"),
    Injector(
        "two_more_later",
        "said_not_done",
        "At least three things are asked for, two of them only when the first is settled.",
        "Return the mug. ... And change the vase. ... And my new address, please.",
    ): many_errands("errands one at a time", later=2),
    Injector(
        "unknown_number",
        "no_lookup",
        "The customer does not know the number of the order, and the records tell which one it is.",
        "I don't have the number, it is the order that was shipped to Boston. I want to return the mug.",
    ): pitfalls.unknown_number,
    Injector(
        "near_figures",
        "wrong_figure",
        "A price or total is asked for, of an order with several units, beside a thing to be done.",
        "What did I pay for the vase in #W1000001? And return the mug. (There are three prices and a total.)",
    ): pitfalls.near_figures,
    Injector(
        "gift_card_refund",
        "refused_allowed",
        "The refund is wanted on a gift card although the order was paid otherwise, which the policy allows.",
        "I'm returning the mug; put the money on my gift card. (It was paid by card.)",
    ): pitfalls.gift_card_refund,
}
"""Every injector with what it does."""
