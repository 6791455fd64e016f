"""What a check of a domain says: each names what was found and how it is mended."""

from __future__ import annotations

CRASHED = "the check of its {part} ended with {error}, raised in {place}; mend what raises there, and check again"

# policy and greeting
POLICY_EMPTY = "the policy is {policy!r}; give Domain(policy=...) the text that the assistant is told to follow"
GREETING_EMPTY = "the greeting is {greeting!r}; give Domain(greeting=...) the assistant's first line"
NAMES_NO_TOOL = (
    "{place} names {name!r}, and there is no tool, argument, field or value of this name; {hint} name what there is"
)
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

TABLE_UNKNOWN = (
    "the {side}'s tool {tool!r}, called with {arguments}, looks into the table {table!r}; its side has {known}: name "
    "one of them"
)
CHANGES_SHARED = (
    "the {side}'s tool {tool!r}, called with {arguments}, changes what get, find or records gave it, which all "
    "episodes share; take the copy that self.db.edit(table, key) gives, and change that"
)
WRITES_RANDOMLY = (
    "the {side}'s tool {tool!r}, called twice in the same state with {arguments}, leaves the record {key!r} of "
    "{table!r} once as {one!r} and once as {other!r}; what it writes must depend on its arguments and the state alone"
)
WRITES_UNKNOWN_FIELD = (
    "the {side}'s tool {tool!r}, called with {arguments}, writes the field {field!r} into the record {key!r} of "
    "{table!r}; its model {model} has {known}: write one of them, or add the field to the model"
)
WRITES_UNFIT = (
    "the {side}'s tool {tool!r}, called with {arguments}, leaves the record {key!r} of {table!r} with {field} = "
    "{value}, which its model {model} refuses: {why}; give the argument the type of the field, or raise ToolError"
)
SYNC_AGAIN = (
    "Domain(sync=...) changes the {side}'s record {key!r} of {table!r} again when it runs once more {when}; it runs "
    "after each call and each step: let it write only where the two sides differ"
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
INDEX_IS_TEXT = (
    "the index {index!r} of {table!r} gives the text {value!r} for {key!r}, of which each letter is taken for a text "
    "of its own; return a list of texts, such as [{value!r}]"
)
INDEX_STALE = (
    "the index {index!r} of {table!r} does not find {key!r} under {value!r}; build the world anew with the index as it "
    "is now"
)
KEY_DIFFERS = (
    "the record {key!r} of {table!r} says {field} = {value!r}; keep each record under the {field} that it has, or "
    "calls that name one do not find the other"
)
REFERENCE_BROKEN = (
    "the record {key!r} of {table!r} says {field} = {value!r}, and {other!r} has no such record, as it has for others; "
    "correct the {field}, or add the record"
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
GOLD_OF_NO_TOOL = (
    "the gold call {tool!r} of the task {task!r} is the {side}'s, which has {known}; name one of them, or give "
    "Domain(toolkits=...) the tools of that side"
)
SCENARIO_LACKS = (
    "the gold call {tool!r} of the task {task!r} names {argument} = {value!r}, which neither its scenario tells nor a "
    "record that can be found by what it tells; write it into the scenario, or let what finds it be there"
)
TASK_FAILS = "the task {task!r} of the split {split!r} fails the stage {stage!r}: {why}; {mend}{more}"
TASK_FAILS_TOO = ". So do {count} more of the {looked_at} tasks looked at, such as {other!r}"
# users
NO_SCRIPTED_USER = (
    "the task {task!r} carries facts and the domain has no user that plays from them; give Domain(users=...) an "
    "AgentSpec('scripted', ...), or the task no facts"
)
USER_FAILS = (
    "the user {user!r} ends the task {task!r} with the fault {fault!r} before the agent {agent!r}; a user must have an "
    "answer to whatever it hears"
)
FACTS_LACK = (
    "the user {user!r} reads {field!r} from the facts of the task {task!r}, which have only {known}, while those of "
    "{other!r} have it; write it into these facts too, or let the user do without"
)
USER_DEAF = (
    "the user {user!r} says the same in the task {task!r} to thanks, a refusal and questions, or says nothing after "
    "its first line: {said!r}; let it answer the assistant's last message, which is view[-1]"
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
    "the {name} does not solve the task {task!r} of the split {split!r} in trial {trial}: {why}; an oracle solves each "
    "task that it can play, so mend it, its user, or the task"
)
USER_LEAVES = (
    "the user {user!r} ends the task {task!r} in trial {trial} before the {name} made its gold call {tool!r}, after "
    "{said!r}; let it stay while it is asked something or wants something, and hear the assistant's last message"
)
ORACLE_KNOWS_UNTOLD = (
    "the {name} calls {tool!r} with {argument} = {value!r} in the task {task!r}, which nobody told it and no tool "
    "returned before; let it ask or look it up first, as an agent must that does not know the gold"
)
NOT_PRIVILEGED = (
    "the {role} {name!r} reads more of a task than its side may see, and its AgentSpec does not say so; give it "
    "privileged=True, so that nobody takes its figures for an agent's"
)
TOOL_RAISES_IN_PLAY = (
    "{note}, the agent {agent!r} got {error} in the task {task!r}; raise ToolError for what cannot be done, which the "
    "model reads"
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
LABEL_OF_USER = (
    "the novice labels a fault in the task {task!r} with the pattern {pattern!r}, which is a fault of the user's side; "
    "label what the assistant did"
)
LABEL_WITHOUT_FAULT = (
    "the novice lists {pattern!r} in the task {task!r} in trial {trial}, and its dialogue is word for word that of the "
    "{name}; list a fault only where it was made"
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
GENERATED_WORLD_SAME = (
    "the generator draws the same world with {count} different seeds; draw from the `rng` that is passed, so that "
    "fresh worlds are fresh"
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
GENERATED_SAME = (
    "the generator's {what} {name!r} gives one and the same task each of the {tries} times that it is asked in a "
    "world; draw from the `rng` that is passed"
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
KIND_MISNAMED = (
    "the generator's kind {name!r} gives a task whose provenance says kind {found!r}; write {name!r}, by which tasks "
    "are counted"
)
GENERATED_FAILS = (
    "of {checked} tasks that the generator's {what} {name!r} gives, {failed} fail their certificate, the first of them "
    "the stage {stage!r}: {why}; {mend}"
)

# another process
ORDER_VARIES = (
    "two processes get {one!r} and {other!r} for {what}; sort what comes from a set, and use no hash() of a text, no "
    "clock and no random numbers without a seed: only PYTHONHASHSEED differs between the two"
)
PROCESS_FAILS = "the domain could not be built and played in a new process: {error}; mend what fails there"
