"""Mistakes that are planted in a domain, each with what the check must say of it."""

from __future__ import annotations

from collections.abc import Callable

import mistaken_generators as generators
import mistaken_people as people
import mistaken_tools as tools
from mistakes import (
    _DIGESTS,
    PARCEL,
    _nothing,
    _same_id,
    _shared,
    _stale,
    _twin,
    _unstable,
    add_notice,
    spelt_index,
    toolgym_parcel,
    untold_tasks,
    wishless_tasks,
    with_agent,
    with_changed,
    with_generator,
    with_gold,
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
        lambda: with_tools(tools.Untyped),
        "no schema can be made of .*'street_of'.*annotate each",
    ),
    "no tools": (lambda: with_tools(Toolkit), "the assistant has no tools; mark methods"),
    "entities of nothing": (
        lambda: PARCEL.with_data(entities=lambda rows: iter(())),
        r"finds nothing in the world .*yield who and what it holds",
    ),
    "an entity that is reserved": (
        lambda: PARCEL.with_data(reserved=lambda: _DIGESTS),
        "the split 'train' has the phone '.*which is reserved; draw",
    ),
    "an index that is another than the world's": (_stale, "index 'phone' of 'parcels' does not find.*build the world"),
    "a decoy that is the gold": (
        lambda: generators.with_roles(decoys=generators.gold_decoy),
        "that is its gold call.*must be wrong",
    ),
    "a decoy without arguments": (
        lambda: generators.with_roles(decoys=generators.bare_decoy),
        "decoy whose arguments do not fit.*mend",
    ),
    "a decoy of an unknown pattern": (
        lambda: generators.with_roles(decoys=generators.odd_decoy),
        "decoy of the pattern 'odd'.*use one of",
    ),
    "an injector that says nothing": (
        lambda: with_generator(generators.Silent),
        "'two_parcels' has no meaning; say it in",
    ),
    "a generator that raises": (
        lambda: with_generator(generators.Raises),
        "kind 'forward' raised KeyError.*return nothing where",
    ),
    "generated tasks of other names": (
        lambda: with_generator(generators.Renamed),
        "with the id 'mine'.*must begin with",
    ),
    "generated worlds that do not fit": (
        lambda: with_generator(generators.Unfit),
        "world cannot be built.*fit the domain's",
    ),
    "a tool without docstring": (lambda: with_tools(tools.Undocumented), "'list_streets' has no docstring.*write one"),
    "an argument without description": (
        lambda: with_tools(tools.Undescribed),
        "'locker_id'.*'street_of'.*under 'Args:'",
    ),
    "a write marked READ": (
        lambda: with_tools(tools.Stealthy),
        r"'hold_parcel' is marked READ.*mark it @tool\(Effect.WR",
    ),
    "a write marked READ that no gold calls": (
        lambda: with_tools(tools.StealthyBesideTheGold),
        r"'look_at' is marked READ.*mark it @tool\(Effect.WRITE",
    ),
    "a read marked WRITE": (
        lambda: with_tools(tools.Idle),
        r"'list_lockers' is marked WRITE.*mark it @tool\(Effect.READ",
    ),
    "a tool that raises KeyError": (
        lambda: with_tools(tools.RaisesKeyError),
        "'street_of'.*raised KeyError.*raise ToolError",
    ),
    "a tool that is not the same twice": (lambda: with_tools(tools.Counting), "'ticket', called twice.*state alone"),
    "a gold call that fails": (lambda: with_gold(parcel_id="P1"), "'train-0'.*stage 'replay'.*'P1'.*correct the gold"),
    "a gold that changes nothing": (_nothing, "'train-0'.*stage 'substance'.*give it gold calls that change"),
    "a world with another digest": (
        lambda: with_world(toolgym_parcel.SPLITS["test"], "0" * 64),
        "the world 0000000000000000 is kept under this digest.*save it under its own",
    ),
    "a world that is not there": (
        lambda: PARCEL.with_data(worlds=WorldStore(PARCEL.schemas)),
        r"world of the split 'train' cannot be opened.*add it to Domain\(worlds=",
    ),
    "a record that is another when read again": (_unstable, "'L1' of 'lockers'.*Numbered.*leave alone"),
    "two splits with one entity": (_shared, "'train' and 'test' share 1 entities, such as the phone '.*names that no"),
    "two splits with one world": (
        lambda: with_tasks(test=PARCEL.tasks["train"]),
        "'train' and 'test' share the world.*worlds of its own",
    ),
    "an id of two tasks": (_same_id, r"the task id 'train-1' is that of 2 tasks \(train, test\).*give each its own"),
    "one task under two ids": (_twin, "'train-0' and 'train-99' are the same.*leave one out"),
    "an empty split": (lambda: with_tasks(test=[]), "the split 'test' has no tasks; write some"),
    "a scenario without what is needed": (
        lambda: PARCEL.with_data(needs=lambda task, database: ["the colour"]),
        "stage 'facts'.*'the colour'.*write into the scenario",
    ),
    "facts and no user": (lambda: PARCEL.with_data(users={}), r"carries facts and the domain has no user.*AgentSpec\("),
    "a user that never ends": (lambda: with_user(people.Endless), "'scripted' does not end.*let its patience end"),
    "a first line that depends on the trial": (lambda: with_user(people.Fickle), "first line of the user.*task alone"),
    "a user that invents": (lambda: with_user(people.Inventive), "says 'w4711'.*say only what it knows"),
    "a user without an answer": (
        lambda: with_user(people.Speechless),
        "fault .*no answer to a refusal.*must have an answer",
    ),
    "an oracle that fails a kind": (
        lambda: with_agent("oracle", people.NoForwarding),
        "oracle does not solve the task 'train-0'.*DB failed.*mend it",
    ),
    "an oracle that nobody told": (
        lambda: with_agent("oracle", people.Clairvoyant),
        r"oracle calls '\w+_parcel' with parcel_id = 'P\d+'.*let it ask or look it up",
    ),
    "an oracle that hides what it is": (
        lambda: with_agent("oracle", Oracle, privileged=False),
        "'oracle' reads more of a task.*privileged=True",
    ),
    "an agent that raises": (
        lambda: with_agent("desk", people.raising_agent, privileged=False),
        "agent 'desk' ends the task 'train-0' with KeyError.*must have an answer",
    ),
    "a novice with an unknown label": (
        lambda: with_agent("novice", people.Mislabelling),
        "'asked_too_little'; known are",
    ),
    "a novice with a label nowhere": (
        lambda: with_agent("novice", people.Misplacing),
        "at message 999.*count what it had",
    ),
    "a novice without a fault": (
        lambda: with_agent("novice", people.injected),
        "made no fault in 16 episodes; let it err",
    ),
    "a novice that dices": (lambda: with_agent("novice", people.Dicing), "'novice'.*differ.*generator that is passed"),
    "roles of a tool that is not there": (
        lambda: generators.with_roles(role=generators.role_of_a_renamed_tool),
        r"role\('forward_parcel', 'parcel_id'\) raised KeyError.*name the tools as the toolkit does",
    ),
    "a role that there is not": (
        lambda: generators.with_roles(role=lambda tool, name: "thing"),
        "is 'thing'; .*must answer one",
    ),
    "a transfer that is no tool": (
        lambda: generators.with_roles(transfers=("hand_over",)),
        "names the tool 'hand_over'.*one of",
    ),
    "a record that nobody owns": (
        lambda: generators.with_roles(owner=lambda session, record: None),
        "'forward_parcel'.*has the role 'record'.*let it answer whose",
    ),
    "a variant of no kind": (
        lambda: generators.with_roles(kind_of=lambda session, item: None),
        "locker_id = 'L.'.*has the role 'variant'.*let it answer of which",
    ),
    "a write that takes any id": (
        lambda: with_tools(tools.Credulous),
        "'forward_parcel' with locker_id = 'nothing of this name'.*role 'variant'; raise ToolError",
    ),
    "a later record that nobody owns": (
        lambda: generators.with_roles(owner=lambda session, record: record if record[0] == "P" else None),
        "notice_id = 'N1' of the gold call 'accept_notice'.*let it answer whose",
    ),
    "an oracle that does not ask who it is": (
        lambda: with_agent("oracle", people.Unasking),
        r"oracle calls 'find_parcels' with phone = '\d+'.*let it ask or look it up",
    ),
    "a decoy that is no tool": (
        lambda: generators.with_roles(decoys=generators.untold_decoy),
        "a decoy that calls 'send_on'.*name one of",
    ),
    "an injector that gives nothing": (
        lambda: with_generator(generators.Stingy),
        "'two_parcels' gave no task in 12 tries; let",
    ),
    "an injector with another's provenance": (
        lambda: with_generator(generators.OtherPattern),
        "provenance says pattern 'wrong_record'; write 'wrong_variant'",
    ),
    "two injectors of one name": (
        lambda: with_generator(generators.Twice),
        "injector 'two_parcels' twice; give each a name",
    ),
    "a generator that dices": (
        lambda: with_generator(generators.DicingGenerator),
        "kind 'forward' gives other tasks.*from `rng",
    ),
    "worlds that dice": (lambda: with_generator(generators.DicingWorlds), "draws two different worlds.*from `rng`"),
    "worlds that take what is taken": (
        lambda: with_generator(generators.Grasping),
        "was among those taken; draw again",
    ),
    "tasks of another world": (lambda: with_generator(generators.Elsewhere), "in the world '.*asked for one in"),
    "generated tasks that nobody solves": (
        lambda: with_generator(generators.Uncertain),
        "of 4 tasks that.*4 fail.*mend|write",
    ),
    "a generated task that nobody solves": (
        lambda: with_generator(generators.OnceUncertain),
        "of 4 tasks that.*1 fail.*mend|write",
    ),
    "a policy that names no tool": (
        lambda: PARCEL.with_data(policy=f"{PARCEL.policy} Send it on with forwards_parcel."),
        "the policy names 'forwards_parcel'.*did you mean 'forward_parcel'.*name what there is",
    ),
    "a docstring that names no tool": (
        lambda: with_tools(tools.Referring),
        "docstring of the tool 'hold_parcel' names 'look_up'.*find_parcels.*name what there is",
    ),
    "a table that is not there": (
        lambda: with_tools(tools.Misspelt),
        "'list_lockers', called with {}, looks into the table 'locker'; its side has parcels, lockers: name one",
    ),
    "a tool that changes what get gave": (
        lambda: with_tools(tools.Changing),
        "'hold_parcel'.*changes what get, find or records gave it.*self.db.edit",
    ),
    "a tool that writes a counter": (
        lambda: with_tools(tools.Numbering),
        "'hold_parcel'.*leaves the record 'P1.*once as .*and once as .*the state alone",
    ),
    "gold calls that are not the same twice": (
        lambda: with_tools(tools.Numbering),
        "stage 'substance': gold play does not score 1: DB; let the gold calls leave the same state.*So do 3 more of",
    ),
    "a misspelt field that is written": (
        lambda: with_tools(tools.Misnaming),
        "'hold_parcel'.*writes the field 'state'.*Parcel has parcel_id.*write one of them",
    ),
    "a value that its model refuses": (
        lambda: with_tools(tools.Overstating),
        "'hold_parcel'.*with status = 'on hold', which its model Parcel refuses.*the type of the field",
    ),
    "a tool that raises what no probe finds": (
        lambda: with_agent("desk", people.PokingDesk, privileged=False).with_data(
            toolkits={"assistant": tools.Fragile, "user": RecipientTools}
        ),
        "while running the tool 'hold_parcel'.*the agent 'desk' got KeyError.*raise ToolError",
    ),
    "a sync that adds each time": (
        lambda: PARCEL.with_data(sync=add_notice),
        r"Domain\(sync=\.\.\.\) changes the user's record 'N4' of 'notices' again.*after the gold call 'hold_parcel'",
    ),
    "a record under another's key": (
        lambda: with_changed("parcels", "P103", parcel_id="p103"),
        "the record 'P103' of 'parcels' says parcel_id = 'p103'; keep each record under",
    ),
    "a record that names one that is not there": (
        lambda: with_changed("parcels", "P103", locker_id="L9"),
        "the record 'P103' of 'parcels' says locker_id = 'L9', and 'lockers' has no such record.*add the record",
    ),
    "user's gold without user's tools": (
        lambda: PARCEL.with_data(toolkits={"assistant": ParcelTools}),
        r"gold call 'accept_notice' of the task 'train-2' is the user's, which has no tools.*Domain\(toolkits=",
    ),
    "a scenario without what finds the user, and no needs": (
        lambda: with_tasks(train=untold_tasks()).with_data(needs=None),
        "gold call 'find_parcels' of the task 'train-0' names phone = '.*neither its scenario tells.*write it into",
    ),
    "facts that lack what others have": (
        lambda: with_tasks(train=wishless_tasks()),
        "user 'scripted' reads 'wish' from the facts of the task 'train-1', which have only .*write it into these",
    ),
    "a user that hears itself": (
        lambda: with_user(people.Deaf),
        "'scripted' says the same in the task 'train-0' to thanks, a refusal and questions.*view\\[-1\\]",
    ),
    "a user that leaves when it is asked to agree": (
        lambda: with_user(people.Leaving),
        "ends the task 'train-0' in trial 0 before the oracle made its gold call 'forward_parcel', after 'I am about",
    ),
    "a novice that labels what it did not do": (
        lambda: with_agent("novice", people.Boasting),
        "lists 'no_confirmation' in the task 'train-0' in trial 0.*word for word that of the oracle",
    ),
    "a novice that blames the user": (
        lambda: with_agent("novice", people.Blaming),
        "with the pattern 'user_act_missing', which is a fault of the user's side; label what",
    ),
    "a generator of one world": (
        lambda: with_generator(generators.OneWorld),
        "draws the same world with 3 different seeds; draw from the `rng`",
    ),
    "a generator of one task": (
        lambda: with_generator(generators.OneTask),
        "kind 'hold' gives one and the same task each of the 4 times.*draw from the `rng`",
    ),
    "an index that is one text": (
        spelt_index,
        "index 'phone' of 'parcels' gives the text '.*each letter.*return a list of texts",
    ),
    "generated tasks of another kind": (
        lambda: with_generator(generators.OtherKind),
        "kind 'forward' gives a task whose provenance says kind 'parcel'; write 'forward'",
    ),
}
