"""What a check of a domain says: each names what was found and how it is mended."""

from __future__ import annotations

CRASHED = "the check of its {part} ended with {error}, raised in {place}; mend what raises there, and check again"

# policy and greeting
POLICY_EMPTY = "the policy is {policy!r}; give Domain(policy=...) the text that the assistant is told to follow"
GREETING_EMPTY = "the greeting is {greeting!r}; give Domain(greeting=...) the assistant's first line"
SIDE_UNKNOWN = "Domain({what}=...) has something for the side {side!r}; the sides are 'assistant' and 'user'"

# tools
NO_TOOLS = "the assistant has no tools; mark methods of the toolkit in Domain(toolkits={{'assistant': ...}}) with @tool"
TOOL_WITHOUT_SCHEMA = (
    "no schema can be made of the {side}'s tool {tool!r}: {error}; annotate each argument with a type that pydantic "
    "knows"
)
TOOL_WITHOUT_DOCSTRING = (
    "the {side}'s tool {tool!r} has no docstring; its first line is all that a model reads of what it does: write one"
)
ARGUMENT_WITHOUT_DESCRIPTION = (
    "the argument {argument!r} of the {side}'s tool {tool!r} has no description; name it under 'Args:' in the docstring"
)
TOOL_ON_BOTH_SIDES = "both sides have a tool {tool!r}; a call is found by its name alone: rename one of them"
WRITES_BY_STEALTH = (
    "the {side}'s tool {tool!r} is marked {effect} and changed the state when called with {arguments}; mark it "
    "@tool(Effect.WRITE), or let it change nothing"
)
WRITES_NOTHING = (
    "the {side}'s tool {tool!r} is marked WRITE and changed nothing in {calls} calls that succeeded; mark it "
    "@tool(Effect.READ) if it only reads, else let it write with self.db.put, edit or delete"
)
TOOL_RAISES = (
    "the {side}'s tool {tool!r}, called with {arguments}, raised {error}; raise ToolError for what cannot be done, "
    "which the model reads"
)
TOOL_RANDOM = (
    "the {side}'s tool {tool!r}, called twice in the same state with {arguments}, answered {one!r} and then {other!r}; "
    "a tool must depend on its arguments and the state alone"
)

# worlds
WORLD_MISSING = "the world of the split {split!r} cannot be opened: {error}; add it to Domain(worlds=...)"
WORLD_DIGEST = (
    "the world {world} is kept under this digest and its content has {found}; save it under its own digest, and make "
    "its tasks anew"
)
RECORD_UNSTABLE = (
    "the record {key!r} of {table!r} is another one when its model {model} reads it again; let the model's validators "
    "leave alone what they have made"
)
INDEX_STALE = (
    "the index {index!r} of {table!r} does not find {key!r} under {value!r}; build the world anew with the index as it "
    "is now"
)
WORLD_SHARED = "the splits {one!r} and {other!r} share the world {world}; give each split worlds of its own"
ENTITY_SHARED = (
    "the splits {one!r} and {other!r} share {count} entities, such as the {kind} {text!r}; draw the worlds of a split "
    "from names that no other split has"
)
ENTITY_RESERVED = "the split {split!r} has the {kind} {text!r}, which is reserved; draw its worlds from other names"
NO_ENTITIES = (
    "Domain(entities=...) finds nothing in the world {world}; yield who and what it holds, or leave out entities"
)

# tasks
NO_TASKS = "the split {split!r} has no tasks; write some, or leave the split out"
NO_SPLITS = "the domain has no tasks; give Domain(tasks=...) a TaskSet with at least one split"
TASK_ID_TWICE = (
    "the task id {task!r} is that of {count} tasks ({splits}); results refer to tasks by id: give each its own"
)
TASK_TWICE = "the tasks {one!r} and {other!r} are the same but for their ids; leave one out"
TASK_FAILS = "the task {task!r} of the split {split!r} fails the stage {stage!r}: {why}; {mend}"
MENDS = {
    "schema": "mend the task's fields, or what its initial state calls",
    "replay": "correct the gold call, or the world in which it is made",
    "substance": "give it gold calls that change something, or something that must be told",
    "passive": "ask for something that an agent which does nothing cannot do",
    "facts": "write into the scenario what the user must know, or let Domain(needs=...) ask for less",
    "duplicate": "leave one of them out",
    "oracle": "mend the oracle, or the user that it talks to",
}
"""What is to be done for a task that fails a stage."""

# users
NO_SCRIPTED_USER = (
    "the task {task!r} carries facts and the domain has no user that plays from them; give Domain(users=...) an "
    "AgentSpec('scripted', ...), or the task no facts"
)
USER_FAILS = (
    "the user {user!r} ends the task {task!r} with the fault {fault!r} before the agent {agent!r}; a user must have an "
    "answer to whatever it hears"
)
FIRST_LINE_VARIES = (
    "the first line of the user {user!r} in the task {task!r} is {one!r} in one trial and {other!r} in another; let it "
    "depend on the task alone, so that trials begin alike: use the generator from the second line on"
)
USER_NEVER_ENDS = (
    "the user {user!r} does not end the task {task!r} before the agent {agent!r}, which does nothing for it: after "
    "{steps} steps it still talks; let its patience end, with STOP in its last line"
)
USER_INVENTS = (
    "the user {user!r} says {value!r} in the task {task!r}, which stands neither in its scenario and facts nor in what "
    "it heard; let it say only what it knows"
)

# agents
PLAYS_DIFFERENTLY = (
    "the agent {agent!r} with the user {user!r} plays the task {task!r} twice with the same seed and the dialogues "
    "differ: {one!r} and then {other!r}; take what is random from the generator that is passed, and from nothing else"
)
ORACLE_FAILS = (
    "the oracle does not solve the task {task!r} of the split {split!r} in trial {trial}: {why}; an oracle solves each "
    "task that it can play, so mend it, its user, or the task"
)
ORACLE_KNOWS_UNTOLD = (
    "the oracle calls {tool!r} with {argument} = {value!r} in the task {task!r}, which nobody told it and no tool "
    "returned before; let it ask or look it up first, as an agent must that does not know the gold"
)
NOT_PRIVILEGED = (
    "the {role} {name!r} reads more of a task than its side may see, and its AgentSpec does not say so; give it "
    "privileged=True, so that nobody takes its figures for an agent's"
)
AGENT_FAILS = "the agent {agent!r} ends the task {task!r} with {error}; an agent must have an answer to what it hears"
LABEL_UNKNOWN = (
    "the novice labels a fault in the task {task!r} with the pattern {pattern!r}; known are {known}: use one of them, "
    "or add it to the domain's own patterns"
)
LABEL_NOWHERE = (
    "the novice labels a fault in the task {task!r} at message {message}, and its side saw {count}; count what it had "
    "seen when the fault happened"
)
NOVICE_FAULTLESS = (
    "the novice made no fault in {count} episodes; let it err more often, and list what it did in `injected`"
)

# argument roles, decoys
ROLE_UNKNOWN = (
    "the role of the argument {argument!r} of {tool!r} is {role!r}; argument_roles.role must answer one of {known}"
)
ROLE_RAISES = (
    "argument_roles.role({tool!r}, {argument!r}) raised {error}; it must answer for each argument of each tool: name "
    "the tools as the toolkit does"
)
ROLE_OF_NO_TOOL = "argument_roles.transfers names the tool {tool!r}; the domain has {known}: name one of them"
RECORD_UNOWNED = (
    "{argument} = {value!r} of the gold call {tool!r} in the task {task!r} has the role 'record', and "
    "argument_roles.owner knows no such record; let it answer whose it is, or give the argument another role"
)
KIND_UNKNOWN = (
    "{argument} = {value!r} of the gold call {tool!r} in the task {task!r} has the role {role!r}, and "
    "argument_roles.kind_of does not know it; let it answer of which kind it is, or give the argument another role"
)
TAKES_ANYTHING = (
    "{tool!r} with {argument} = {value!r}, which there is nowhere, changed the state, and the argument has the role "
    "{role!r}; raise ToolError where there is no such thing, or give the argument the role 'value'"
)
DECOY_OF_NO_TOOL = "the task {task!r} has a decoy that calls {tool!r}; the assistant has {known}: name one of them"
DECOY_DOES_NOT_FIT = "the task {task!r} has a decoy whose arguments do not fit: {error}; mend argument_roles.decoys"
DECOY_IS_GOLD = "the task {task!r} has a decoy that is its gold call {tool!r} itself; a decoy must be wrong"
DECOY_PATTERN = "the task {task!r} has a decoy of the pattern {pattern!r}; known are {known}: use one of them"

# generator
GENERATED_WORLD_FAILS = "the generator's world cannot be built: {error}; let it fit the domain's schemas"
GENERATED_WORLD_VARIES = (
    "the generator draws two different worlds with the same seed; take what is random from `rng`, and from nothing else"
)
GENERATED_WORLD_SHARES = (
    "the generator draws a world with the {kind} {text!r}, which was among those taken; draw again until nothing is"
)
NAME_TWICE = "the generator has {what} {name!r} twice; give each a name of its own"
INJECTOR_UNTOLD = "the injector {injector!r} has no {field}; say it in a sentence, which reports and prompts show"
GIVES_NOTHING = (
    "the generator's {what} {name!r} gave no task in {tries} tries; let worlds hold what it needs, or leave it out"
)
GENERATOR_RAISES = "the generator's {what} {name!r} raised {error}; return nothing where a world has no such task"
GENERATOR_VARIES = (
    "the generator's {what} {name!r} gives other tasks with the same seed; take what is random from `rng`, and from "
    "nothing else"
)
GENERATED_ELSEWHERE = (
    "the generator's {what} {name!r} gives the task {task!r} in the world {found!r}, and was asked for one in {world}"
)
GENERATED_UNNAMED = (
    "the generator's {what} {name!r} gives a task with the id {task!r}; its id must begin with {wanted!r}, as asked"
)
PROVENANCE_WRONG = (
    "the injector {injector!r} gives a task whose provenance says {field} {found!r}; write {wanted!r}, by which "
    "failures are counted"
)
GENERATED_FAILS = (
    "of {checked} tasks that the generator's {what} {name!r} gives, {failed} fail their certificate, the first of them "
    "the stage {stage!r}: {why}; {mend}"
)
