"""Mistakes that are planted in a domain, each with what the check must say of it."""

from __future__ import annotations

from collections.abc import Callable

import mistakes
from parcel import (
    PARCEL,
    toolgym_parcel,
    with_agent,
    with_generator,
    with_gold,
    with_roles,
    with_tasks,
    with_tools,
    with_user,
    with_world,
)
from toolgym_parcel.agents import Oracle
from toolgym_parcel.tools import ParcelTools, RecipientTools

from toolgym.database import WorldStore
from toolgym.domain import Domain
from toolgym.tools import Toolkit

PLANTED: dict[str, tuple[Callable[[], Domain], str]] = {
    "an empty policy": (lambda: PARCEL.with_data(policy=" \n"), r"the policy is ' \\n'; give Domain\(policy="),
    "an empty greeting": (lambda: PARCEL.with_data(greeting=""), r"the greeting is ''; give Domain\(greeting="),
    "tools of a third side": (
        lambda: PARCEL.with_data(toolkits={**PARCEL.toolkits, "courier": RecipientTools}),
        r"Domain\(toolkits=\.\.\.\) has something for the side 'courier'; the sides are",
    ),
    "a tool on both sides": (
        lambda: PARCEL.with_data(toolkits={"assistant": ParcelTools, "user": ParcelTools}),
        "both sides have a tool 'hold_parcel'.*rename one of them",
    ),
    "a tool without a type": (
        lambda: with_tools(mistakes.Untyped),
        "no schema can be made of .*'street_of'.*annotate each",
    ),
    "no tools": (lambda: with_tools(Toolkit), "the assistant has no tools; mark methods"),
    "entities of nothing": (
        lambda: PARCEL.with_data(entities=lambda rows: iter(())),
        r"finds nothing in the world .*yield who and what it holds",
    ),
    "an entity that is reserved": (
        lambda: PARCEL.with_data(reserved=lambda: mistakes.DIGESTS),
        "the split 'train' has the phone '.*which is reserved; draw",
    ),
    "an index that is another than the world's": (
        mistakes.stale,
        "index 'phone' of 'parcels' does not find.*build the world",
    ),
    "a decoy that is the gold": (
        lambda: with_roles(decoys=mistakes.gold_decoy),
        "that is its gold call.*must be wrong",
    ),
    "a decoy without arguments": (
        lambda: with_roles(decoys=mistakes.bare_decoy),
        "decoy whose arguments do not fit.*mend",
    ),
    "a decoy of an unknown pattern": (
        lambda: with_roles(decoys=mistakes.odd_decoy),
        "decoy of the pattern 'odd'.*use one of",
    ),
    "an injector that says nothing": (
        lambda: with_generator(mistakes.Silent),
        "'two_parcels' has no meaning; say it in",
    ),
    "a generator that raises": (
        lambda: with_generator(mistakes.Raises),
        "kind 'forward' raised KeyError.*return nothing where",
    ),
    "generated tasks of other names": (lambda: with_generator(mistakes.Renamed), "with the id 'mine'.*must begin with"),
    "generated worlds that do not fit": (
        lambda: with_generator(mistakes.Unfit),
        "world cannot be built.*fit the domain's",
    ),
    "a tool without docstring": (
        lambda: with_tools(mistakes.Undocumented),
        "'list_streets' has no docstring.*write one",
    ),
    "an argument without description": (
        lambda: with_tools(mistakes.Undescribed),
        "'locker_id'.*'street_of'.*under 'Args:'",
    ),
    "a write marked READ": (
        lambda: with_tools(mistakes.Stealthy),
        r"'hold_parcel' is marked READ.*mark it @tool\(Effect.WR",
    ),
    "a write marked READ that no gold calls": (
        lambda: with_tools(mistakes.StealthyBesideTheGold),
        r"'look_at' is marked READ.*mark it @tool\(Effect.WRITE",
    ),
    "a read marked WRITE": (
        lambda: with_tools(mistakes.Idle),
        r"'list_lockers' is marked WRITE.*mark it @tool\(Effect.READ",
    ),
    "a tool that raises KeyError": (
        lambda: with_tools(mistakes.RaisesKeyError),
        "'street_of'.*raised KeyError.*raise ToolError",
    ),
    "a tool that is not the same twice": (lambda: with_tools(mistakes.Counting), "'ticket', called twice.*state alone"),
    "a gold call that fails": (lambda: with_gold(parcel_id="P1"), "'train-0'.*stage 'replay'.*'P1'.*correct the gold"),
    "a gold that changes nothing": (mistakes.nothing, "'train-0'.*stage 'substance'.*give it gold calls that change"),
    "a world with another digest": (
        lambda: with_world(toolgym_parcel.SPLITS["test"], "0" * 64),
        "the world 0000000000000000 is kept under this digest.*save it under its own",
    ),
    "a world that is not there": (
        lambda: PARCEL.with_data(worlds=WorldStore(PARCEL.schemas)),
        r"world of the split 'train' cannot be opened.*add it to Domain\(worlds=",
    ),
    "a record that is another when read again": (mistakes.unstable, "'L1' of 'lockers'.*Numbered.*leave alone"),
    "two splits with one entity": (
        mistakes.shared,
        "'train' and 'test' share 1 entities, such as the phone '.*names that no",
    ),
    "two splits with one world": (
        lambda: with_tasks(test=PARCEL.tasks["train"]),
        "'train' and 'test' share the world.*worlds of its own",
    ),
    "an id of two tasks": (
        mistakes.same_id,
        r"the task id 'train-1' is that of 2 tasks \(train, test\).*give each its own",
    ),
    "one task under two ids": (mistakes.twin, "'train-0' and 'train-99' are the same.*leave one out"),
    "an empty split": (lambda: with_tasks(test=[]), "the split 'test' has no tasks; write some"),
    "a scenario without what is needed": (
        lambda: PARCEL.with_data(needs=lambda task, database: ["the colour"]),
        "stage 'facts'.*'the colour'.*write into the scenario",
    ),
    "facts and no user": (lambda: PARCEL.with_data(users={}), r"carries facts and the domain has no user.*AgentSpec\("),
    "a user that never ends": (lambda: with_user(mistakes.Endless), "'scripted' does not end.*let its patience end"),
    "a first line that depends on the trial": (
        lambda: with_user(mistakes.Fickle),
        "first line of the user.*task alone",
    ),
    "a user that invents": (lambda: with_user(mistakes.Inventive), "says 'w4711'.*say only what it knows"),
    "a user without an answer": (
        lambda: with_user(mistakes.Speechless),
        "fault .*no answer to a refusal.*must have an answer",
    ),
    "an oracle that fails a kind": (
        lambda: with_agent("oracle", mistakes.NoForwarding),
        "oracle does not solve the task 'train-0'.*DB failed.*mend it",
    ),
    "an oracle that nobody told": (
        lambda: with_agent("oracle", mistakes.Clairvoyant),
        r"oracle calls '\w+_parcel' with parcel_id = 'P\d+'.*let it ask or look it up",
    ),
    "an oracle that hides what it is": (
        lambda: with_agent("oracle", Oracle, privileged=False),
        "'oracle' reads more of a task.*privileged=True",
    ),
    "an agent that raises": (
        lambda: with_agent("desk", mistakes.raising_agent, privileged=False),
        "agent 'desk' ends the task 'train-0' with KeyError.*must have an answer",
    ),
    "a novice with an unknown label": (
        lambda: with_agent("novice", mistakes.Mislabelling),
        "'asked_too_little'; known are",
    ),
    "a novice with a label nowhere": (
        lambda: with_agent("novice", mistakes.Misplacing),
        "at message 999.*count what it had",
    ),
    "a novice without a fault": (
        lambda: with_agent("novice", mistakes.injected),
        "made no fault in 16 episodes; let it err",
    ),
    "a novice that dices": (
        lambda: with_agent("novice", mistakes.Dicing),
        "'novice'.*differ.*generator that is passed",
    ),
    "roles of a tool that is not there": (
        lambda: with_roles(role=mistakes.role_of_a_renamed_tool),
        r"role\('forward_parcel', 'parcel_id'\) raised KeyError.*name the tools as the toolkit does",
    ),
    "a role that there is not": (lambda: with_roles(role=lambda tool, name: "thing"), "is 'thing'; .*must answer one"),
    "a transfer that is no tool": (lambda: with_roles(transfers=("hand_over",)), "names the tool 'hand_over'.*one of"),
    "a record that nobody owns": (
        lambda: with_roles(owner=lambda session, record: None),
        "'forward_parcel'.*has the role 'record'.*let it answer whose",
    ),
    "a variant of no kind": (
        lambda: with_roles(kind_of=lambda session, item: None),
        "locker_id = 'L.'.*has the role 'variant'.*let it answer of which",
    ),
    "a write that takes any id": (
        lambda: with_tools(mistakes.Credulous),
        "'forward_parcel' with locker_id = 'nothing of this name'.*role 'variant'; raise ToolError",
    ),
    "a later record that nobody owns": (
        lambda: with_roles(owner=lambda session, record: record if record[0] == "P" else None),
        "notice_id = 'N1' of the gold call 'accept_notice'.*let it answer whose",
    ),
    "an oracle that does not ask who it is": (
        lambda: with_agent("oracle", mistakes.Unasking),
        r"oracle calls 'find_parcels' with phone = '\d+'.*let it ask or look it up",
    ),
    "a decoy that is no tool": (
        lambda: with_roles(decoys=mistakes.untold_decoy),
        "a decoy that calls 'send_on'.*name one of",
    ),
    "an injector that gives nothing": (
        lambda: with_generator(mistakes.Stingy),
        "'two_parcels' gave no task in 12 tries; let",
    ),
    "an injector with another's provenance": (
        lambda: with_generator(mistakes.OtherPattern),
        "provenance says pattern 'wrong_record'; write 'wrong_variant'",
    ),
    "two injectors of one name": (
        lambda: with_generator(mistakes.Twice),
        "injector 'two_parcels' twice; give each a name",
    ),
    "a generator that dices": (
        lambda: with_generator(mistakes.DicingGenerator),
        "kind 'forward' gives other tasks.*from `rng",
    ),
    "worlds that dice": (lambda: with_generator(mistakes.DicingWorlds), "draws two different worlds.*from `rng`"),
    "worlds that take what is taken": (lambda: with_generator(mistakes.Grasping), "was among those taken; draw again"),
    "tasks of another world": (lambda: with_generator(mistakes.Elsewhere), "in the world '.*asked for one in"),
    "generated tasks that nobody solves": (
        lambda: with_generator(mistakes.Uncertain),
        "of 4 tasks that.*4 fail.*mend|write",
    ),
}
