"""Whether the variants that an assistant speaks of are those that a customer has and wants."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence

from toolgym.language.changes import REVERSED, TURNS, runs_forward
from toolgym.language.parts import Part, Role
from toolgym.language.words import Words, places_of, words_of
from toolgym_retail.customer.option_values import AXES, Value, option_values, runs_on, unknown_value
from toolgym_retail.customer.wish_text import ITEM_KINDS, WishText
from toolgym_retail.facts import ItemRef

# Words after which a value is what an item becomes.
_BECOMES = re.compile(r"\b(?:to|into|for|with|new|receive|get|become|becomes)\b")
_TIMES = frozenset(("hours", "days", "weeks"))
_OTHERS = re.compile(r"\b(?:available|others?|another|sell|in stock|ones?)\b", re.I)
# "While the top wood stays spruce and the gloss finish stays as well".
_CLAUSE = re.compile(r"[,;:()]|\band\b|\bwhile\b|\bwith\b|\bbut\b")
_STAYS = re.compile(r"\b(?:stays?|remains?|unchanged|untouched|as before|kept|keep(?:s|ing)?|the same)\b", re.I)
# Where what is said of one item ends and the next begins.
_PART = re.compile(r"(?<=[.!?;])\s|\n|(?<=\)),\s|,? and (?=the |your )|,? plus | \+ ")


def wrong_options(reading: WishText) -> bool:
    """Whether a unit is described otherwise than it is, or becomes another variant than the one wanted."""
    request, whole, reading = reading.request, reading, reading.meant
    if request.kind not in ITEM_KINDS:
        return _described_otherwise(reading)
    roles = _roles(reading)
    spans = _spans(reading, dict.fromkeys(item.product for item in request.items))
    # All are looked at, wrong or not, since each may show something that the customer recognises.
    wrong = [
        _wrong_unit(reading, item, spans[item.product])
        if item.new_options is None
        else _wrong_change(reading, item, spans[item.product], roles) or _kept_old(whole, item)
        for item in request.items
    ]
    changed = [item for item in request.items if item.new_options is not None]
    several = len(changed) > 1 and {item.product for item in changed} <= set(reading.named())
    if several and not all(_new_named(reading, item) for item in changed):
        whole.shown.discard("options")
    return any(wrong)


def _new_named(reading: WishText, item: ItemRef) -> bool:
    """Whether a value that a unit does not have yet, and is to have, is named."""
    new = item.new_options or {}
    named = option_values(reading, item, range(len(reading.words)))
    return any(item.options.get(one.axis) != new.get(one.axis) == one.value for one in named)


def _described_otherwise(reading: WishText) -> bool:
    """Whether the one unit of its kind in an order that is not changed itself is described otherwise than it is."""
    order = reading.request.order
    inside = reading.facts.orders.get(order.id, ()) if order else ()
    sure = [item for item in reading.request.items if inside.count(item.product) == 1]
    named = reading.named() if sure else {}
    sure = [item for item in sure if item.product in named]
    if not sure:
        return False
    spans = _spans(reading, named)
    return any(
        item.options.get(value.axis) != value.value
        for item in sure
        for value in option_values(reading, item, spans[item.product])
    )


# Which words speak of which item


def _roles(reading: WishText) -> list[Role]:
    """For each word, the role of its part."""
    ends, roles, end = [], [], -1
    for part in reading.parts:
        end += len(part.text) + 1
        ends.append(end)
        roles.append(part.role)
    return [roles[bisect_left(ends, start)] for start in reading.words.starts]


def _spans(reading: WishText, names: Iterable[str]) -> Mapping[str, Collection[int]]:
    """The words that speak of each product: those nearest to its name, in its own line or clause."""
    products = list(names)
    everything = range(len(reading.words))
    named = reading.named() if len(products) > 1 else {}
    marks = sorted((spot, product) for product in products for spot in named.get(product, ()))
    if not marks:
        return dict.fromkeys(products, everything)
    spans: dict[str, set[int]] = {product: set() for product in products}
    parts = _parts(reading)
    here: dict[int, list[tuple[int, str]]] = {}
    for mark in marks:
        here.setdefault(parts[mark[0]], []).append(mark)
    for place in everything:
        spans[_owner(place, marks, here.get(parts[place], ()))].add(place)
    return spans


def _parts(reading: WishText) -> list[int]:
    """For each word, the number of its sentence, line or clause."""
    ends = [match.start() for match in _PART.finditer(reading.body)]
    return [bisect_right(ends, start) for start in reading.words.starts]


def _owner(place: int, marks: Sequence[tuple[int, str]], here: Sequence[tuple[int, str]]) -> str:
    """The product that a word speaks of: the nearest in its own clause first, else the last one named before.

    Args:
        place: Which word.
        marks: Where each product is named, in order.
        here: Those of them that are in the word's clause.
    """
    if here:
        after = bisect_left(here, (place + 1,))
        last = here[after - 1][0] if after else 0
        nearest = [*here[after : after + 1], *here[bisect_left(here, (last,)) :][:1]] if after else [here[0]]
        return min(nearest, key=lambda mark: (abs(mark[0] - place), mark[0] > place))[1]
    return marks[max(0, bisect_left(marks, (place + 1,)) - 1)][1]


def _other_figure(words: Words, span: Collection[int], item: ItemRef) -> bool:
    """Whether a figure with the unit of an option, such as "800 pieces", is neither the old one nor the new."""
    for axis in item.axes:
        known = [words_of(value) for value in (item.options.get(axis, ""), (item.new_options or {}).get(axis, ""))]
        if any(len(value) != 2 or not value[0].isdigit() or value[1] in _TIMES for value in known):
            continue
        figures = {value[0] for value in known}
        unit = known[0][1]
        spots = [spot for spot in places_of(unit, words) if spot in span and spot and words[spot - 1].isdigit()]
        if any(words[spot - 1] not in figures for spot in spots if runs_on(words, spot)):
            return True
    return False


def _of_another_option(reading: WishText, values: Sequence[Value], item: ItemRef) -> bool:
    """Whether a value is given to another option than its own, as in "a walnut body" where the handle is of walnut."""
    words = reading.words
    places = {one.place for one in values}
    names = {words_of(axis)[-1]: axis for axis in item.axes}
    for one in values:
        end = one.place + len(words_of(one.value))
        if not runs_on(words, end) or {end, end + 1} & places:
            continue
        if names.get(words[end], one.axis) != one.axis and words[end] not in words_of(one.axis):
            return True
    return False


# What is said of it


def _wrong_unit(reading: WishText, item: ItemRef, span: Collection[int]) -> bool:
    """Whether a unit that is only referred to is described otherwise than it is."""
    found = option_values(reading, item, span)
    if any(value == item.options.get(axis) for _, axis, value in found if axis in item.tell_apart):
        reading.shown.add("unit")
    others = {value for other in reading.request.items if other is not item for value in other.options.values()}
    right = {axis for _, axis, value in found if value == item.options.get(axis)}
    return any(
        item.options.get(axis) != value and (value not in others or axis not in right) for _, axis, value in found
    )


def _wrong_change(reading: WishText, item: ItemRef, span: Collection[int], roles: Sequence[Role]) -> bool:
    """Whether a unit becomes another variant than the one wanted, or the change runs the other way round."""
    new, old = item.new_options or {}, item.options
    everywhere = option_values(reading, item, span)
    told: dict[Role, dict[str, str]] = {"now": old, "new": new}
    changing = {axis for axis, value in new.items() if old.get(axis) != value}
    given = {one.axis for one in everywhere if one.axis in changing and one.value == new[one.axis]}
    figures = {axis: words_of(new[axis])[0] for axis in changing - given}  # "48" is 48 inch
    given |= {axis for axis, figure in figures.items() if figure.isdigit() and places_of(figure, reading.words)}
    if given and given != changing:
        reading.doubtful.add("options")
    if unknown_value(reading, item):
        reading.doubtful.add("options")
    wrong = (
        _other_figure(reading.words, span, item)
        or _numbers_reversed(reading, item)
        or _of_another_option(reading, everywhere, item)
    )
    wrong |= any(_out_of_place(one, everywhere, roles, told, item) for one in everywhere if roles[one.place] in told)
    becomes = {one.axis for one in everywhere if roles[one.place] == "new" and new.get(one.axis) == one.value}
    if any(roles[one.place] == "new" and old.get(one.axis) != one.value for one in everywhere):
        reading.shown.add("options")
    found = [one for one in everywhere if roles[one.place] not in told]
    for axis in item.axes:
        places = _places(found, axis)
        if set(places) - {old.get(axis), new.get(axis)}:
            wrong = True
        if old.get(axis) == new.get(axis) or not places:
            continue
        news, olds = places.get(new.get(axis, ""), []), places.get(old.get(axis, ""), [])
        if news:
            reading.shown.add("options")
            wrong |= bool(olds) and not runs_forward(reading.words, olds, news)
        elif olds and axis not in becomes:
            wrong |= any(_becomes_old(reading.words, place, found, item) for place in olds)
    return wrong


def _kept_old(reading: WishText, item: ItemRef) -> bool:
    """Whether an option that is to change is said to stay: "lift: electric (unchanged)", "the gloss finish stays"."""
    new = item.new_options or {}
    changing = {axis: old for axis, old in item.options.items() if old != new.get(axis)}
    if any(
        part.role == "left" and part.label == axis and places_of(old, words_of(part.text))
        for part in reading.parts
        if part.label
        for axis, old in changing.items()
    ):
        return True
    if any(_kept_other(part, item) for part in reading.parts if part.role == "left"):
        return True
    others = {value for one in reading.request.items for axis, value in one.options.items() if one is not item}
    others |= {old for axis, old in item.options.items() if axis not in changing}
    told = [words_of(clause) for part in reading.parts for clause in _CLAUSE.split(part.text) if _STAYS.search(clause)]
    return any(
        places_of(old, words) and places_of(words_of(axis)[-1], words) and not places_of(new.get(axis, ""), words)
        for words in told
        for axis, old in changing.items()
        if old not in others
    )


def _kept_other(part: Part, item: ItemRef) -> bool:
    """Whether something is said to stay that the unit does not have: "width: 4 ft (stays)", "it keeps the oak legs"."""
    words = words_of(part.text)
    if not (part.label or _STAYS.search(part.text)) or _OTHERS.search(part.text):
        return False
    if any(places_of(words_of(name)[-1], words) for name in AXES if name != item.product):
        return False
    for axis, values in item.axes.items():
        name = words_of(axis)[-1]
        known = (item.options.get(axis), (item.new_options or {}).get(axis))
        for value in values:
            for place in places_of(value, words) if value not in known else ():
                end = place + len(words_of(value))
                if part.label == axis or (end < len(words) and words[end] == name and runs_on(words, end)):
                    return True
    return False


def _out_of_place(
    one: Value,
    values: Sequence[Value],
    roles: Sequence[Role],
    told: Mapping[Role, Mapping[str, str]],
    item: ItemRef,
) -> bool:
    """Whether a value is given as what the unit is or becomes, and is not; both may stand there side by side."""
    role = roles[one.place]
    right = told[role].get(one.axis)
    if one.value == right:
        return False
    beside = any(
        other.axis == one.axis
        and other.value == right
        and roles[other.place] == role
        and abs(other.place - one.place) <= 12
        for other in values
    )
    return not beside or one.value not in (item.options.get(one.axis), (item.new_options or {}).get(one.axis))


def _places(found: Sequence[Value], axis: str) -> dict[str, list[int]]:
    """Where each value of an option is named."""
    places: dict[str, list[int]] = {}
    for place, of, value in found:
        if of == axis:
            places.setdefault(value, []).append(place)
    return places


def _numbers_reversed(reading: WishText, item: ItemRef) -> bool:
    """Whether the number of the new variant stands before that of the old one, as if it were changed back."""
    new, old = item.new_item_id or "", item.item_id
    if not new or new not in reading.body or old not in reading.body:
        return False
    first, second = reading.body.index(new), reading.body.index(old)
    return first < second and not REVERSED.search(reading.body[first:second])


def _becomes_old(words: Sequence[str], old: int, found: Sequence[Value], item: ItemRef) -> bool:
    """Whether an old value is given as what the item becomes: after a word of becoming, or among new values."""
    if _BECOMES.search(" ".join(words[max(0, old - 4) : old])):
        return True
    new = item.new_options or {}
    near = found[bisect_left(found, (old - 5,)) : bisect_left(found, (old + 6,))]
    for place, axis, value in near:
        if value == new.get(axis) != item.options.get(axis):
            low, high = sorted((place, old))
            between = words[low + 1 : high]
            if len(between) <= 4 and not set(between) & TURNS:
                return True
    return False
