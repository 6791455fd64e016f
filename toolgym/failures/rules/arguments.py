"""What is wrong with the arguments of a call, compared with those of the gold call that it stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgym.database import Session
from toolgym.generation import ArgumentRole, ArgumentRoles


@dataclass(frozen=True)
class Difference:
    """One way in which a call is not the gold call.

    Args:
        pattern: The failure pattern that it shows.
        argument: The argument that differs.
        expected: Its value in the gold call.
        got: Its value in the call.
    """

    pattern: str
    argument: str
    expected: Any
    got: Any


@dataclass(frozen=True)
class ArgumentComparison:
    """A call beside a gold call of the same tool.

    Args:
        tool: The tool.
        given: The call's arguments.
        gold: The gold call's.
        before: The state in which the call ran.
        accepted: Whether the tool took it.
        argument_roles: What is what in the domain.
    """

    tool: str
    given: Mapping[str, Any]
    gold: Mapping[str, Any]
    before: Session
    accepted: bool
    argument_roles: ArgumentRoles

    def differences(self) -> tuple[Difference, ...]:
        """What is wrong, the gravest first; nothing if the call means the same as the gold call."""
        if (record := self._argument("record")) is not None and self.given.get(record) != self.gold.get(record):
            return (self._of_record(record),)
        return (*self._of_items(), *self._of_values())

    def _role(self, argument: str) -> ArgumentRole:
        return self.argument_roles.role(self.tool, argument)

    def _argument(self, role: ArgumentRole) -> str | None:
        """The first argument with a role, by the gold call."""
        return next((name for name in self.gold if self._role(name) == role), None)

    def _of_record(self, name: str) -> Difference:
        given, gold = self.given.get(name), self.gold[name]
        known = isinstance(given, str) and self.argument_roles.owner(self.before, given) is not None
        if not known and not self.accepted:
            return Difference("invalid_argument", name, gold, given)
        items = self._argument("item")
        if items is None:
            return Difference("wrong_record", name, gold, given)
        mine, right = texts(self.given.get(items)), texts(self.gold[items])
        if mine and set(mine) != set(right):
            kinds = [sorted(filter(None, map(self._kind, ids))) for ids in (mine, right)]
            if not set(kinds[0]) & set(kinds[1]):
                return Difference("wrong_record", name, gold, given)
        return Difference("misattributed_item", name, gold, given)

    def _kind(self, item: str) -> str | None:
        return self.argument_roles.kind_of(self.before, item)

    def _of_items(self) -> Iterator[Difference]:
        """What is wrong with the items, and with what they become."""
        items, variants = self._argument("item"), self._argument("variant")
        if items is None:
            if variants is not None:
                new, wanted = texts(self.given.get(variants)), texts(self.gold[variants])
                yield from self._of_variants(variants, zip(new, wanted, strict=False))
            return
        mine, right = texts(self.given.get(items)), texts(self.gold[items])
        extra, missing = Counter(mine) - Counter(right), Counter(right) - Counter(mine)
        if extra:
            yield self._of_extra(items, next(iter(extra)), missing)
        elif (
            not missing
            and items in self.given
            and not isinstance(self.given[items], type(self.gold[items]))
            and not self.accepted
        ):
            yield Difference("invalid_argument", items, self.gold[items], self.given[items])
        if variants is not None:
            yield from self._of_new(variants, mine, right, same=not (missing or extra))
        if missing and not extra:
            yield Difference("ended_early", items, right, mine)

    def _of_new(self, variants: str, mine: Sequence[str], right: Sequence[str], *, same: bool) -> Iterator[Difference]:
        """What is wrong with what items become."""
        new, wanted = texts(self.given.get(variants)), texts(self.gold[variants])
        if len(new) != len(mine):
            if same:
                yield Difference("invalid_argument", variants, wanted, new)
            return
        if any(item == becomes for item, becomes in zip(mine, new, strict=True)):
            yield Difference("invalid_argument", variants, wanted, new)  # nothing becomes itself
            return
        yield from self._of_variants(variants, _pairs(mine, new, right, wanted))

    def _of_extra(self, name: str, item: str, missing: Collection[str]) -> Difference:
        """An item that the gold call does not name, in the place of another one or beside all of them."""
        record = self._argument("record")
        held = self.argument_roles.items(self.before, self.gold[record]) if record is not None else {}
        if item in held:
            pattern = "wrong_variant" if missing else "no_confirmation"
        else:
            pattern = "item_from_another_record" if self._kind(item) is not None else "invalid_argument"
        return Difference(pattern, name, self.gold[name], self.given.get(name))

    def _of_variants(self, name: str, pairs: Iterable[tuple[str, str]]) -> Iterator[Difference]:
        for got, wanted in pairs:
            if got == wanted:
                continue
            kind = self._kind(got)
            alike = kind is not None and kind == self._kind(wanted)
            pattern = "wrong_variant" if alike else "invalid_argument"
            yield Difference(pattern, name, tuple(texts(self.gold[name])), tuple(texts(self.given.get(name))))
            return

    def _of_values(self) -> Iterator[Difference]:
        """Values that are wrong, and arguments that are missing or too many, all as one."""
        names = [
            name
            for name in dict.fromkeys([*self.gold, *self.given])
            if self._role(name) == "value" and self.given.get(name) != self.gold.get(name)
        ]
        if names:
            wanted, got = ({name: given.get(name) for name in names} for given in (self.gold, self.given))
            one = len(names) == 1
            yield Difference(
                "invalid_argument", names[0], wanted[names[0]] if one else wanted, got[names[0]] if one else got
            )


def texts(value: Any) -> list[str]:
    """An argument that names one thing or several, as a list of their ids."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence):
        return [str(one) for one in value]
    return [] if value is None else [str(value)]


def _pairs(
    mine: Sequence[str], new: Sequence[str], right: Sequence[str], wanted: Sequence[str]
) -> list[tuple[str, str]]:
    """What each item becomes beside what it should: by the same item, and of the others by their order."""
    left = list(zip(right, wanted, strict=False))
    found: list[tuple[str, str]] = []
    others: list[str] = []
    for item, becomes in zip(mine, new, strict=False):
        same = [pair for pair in left if pair[0] == item]
        best = next((pair for pair in same if pair[1] == becomes), same[0] if same else None)
        if best is None:
            others.append(becomes)
        else:
            left.remove(best)
            found.append((becomes, best[1]))
    return found + [(becomes, pair[1]) for becomes, pair in zip(others, left, strict=False)]
