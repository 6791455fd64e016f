"""tau2's results format as pydantic models, written from its description: what tau2 itself would refuse to load.

Stricter than tau2 in two points: keys that it does not know are refused, and nothing is coerced.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Side = Literal["assistant", "user"]
RewardType = Literal["DB", "ENV_ASSERTION", "NL_ASSERTION", "ACTION", "COMMUNICATE"]
TerminationReason = Literal[
    "user_stop",
    "agent_stop",
    "max_steps",
    "timeout",
    "too_many_errors",
    "agent_error",
    "user_error",
    "infrastructure_error",
    "context_window_exceeded",
    "unexpected_error",
]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Lenient(BaseModel):
    """A task and its parts: keys that are not known are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True)


class StructuredUserInstructions(Lenient):
    domain: str
    reason_for_call: str
    task_instructions: str
    known_info: str | None = None
    unknown_info: str | None = None


class UserScenario(Lenient):
    persona: str | None = None
    instructions: StructuredUserInstructions | str


class Action(Lenient):
    action_id: str
    requestor: Side = "assistant"
    name: str
    arguments: dict[str, Any]
    info: str | None = None
    compare_args: list[str] | None = None


class EnvFunctionCall(Lenient):
    env_type: Side
    func_name: str
    arguments: dict[str, Any]


class EnvAssertion(EnvFunctionCall):
    assert_value: bool = True
    message: str | None = None


class EvaluationCriteria(Lenient):
    actions: list[Action] | None = None
    env_assertions: list[EnvAssertion] | None = None
    communicate_info: list[str] | None = None
    nl_assertions: list[str] | None = None
    reward_basis: list[RewardType] = ["DB", "COMMUNICATE"]


class InitializationData(Lenient):
    agent_data: dict[str, Any] | None = None
    user_data: dict[str, Any] | None = None


class InitialState(Lenient):
    initialization_data: InitializationData | None = None
    initialization_actions: list[EnvFunctionCall] | None = None
    message_history: list[dict[str, Any]] | None = None


class TaskIssue(Lenient):
    id: str
    title: str
    description: str | None = None
    status: Literal["open", "resolved", "wont_fix"]
    resolution: str | None = None
    created_at: str | None = None
    resolved_at: str | None = None
    author_email: str | None = None
    pr_link: str | None = None
    simulation_file: str | None = None


class Task(Lenient):
    id: str
    description: dict[str, str | None] | None = None
    user_scenario: UserScenario
    ticket: str | None = None
    initial_state: InitialState | None = None
    evaluation_criteria: EvaluationCriteria | None = None
    issues: list[TaskIssue] | None = None
    required_documents: list[str] | None = None
    user_tools: list[str] | None = None


class ToolCall(Part):
    id: str = ""
    name: str
    arguments: dict[str, Any]
    requestor: Side = "assistant"


class Participant(Part):
    """A message of the assistant or the user."""

    role: Side
    content: str | None = None
    tool_calls: list[ToolCall] | None = None
    is_audio: bool = False
    turn_idx: int | None = None
    timestamp: str | None = None
    cost: float | None = None
    usage: dict[str, Any] | None = None
    raw_data: dict[str, Any] | None = None
    generation_time_seconds: float | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Participant:
        if self.tool_calls == []:
            raise ValueError("an empty list counts as a tool call")
        if not self.tool_calls and not (self.content and self.content.strip()):
            raise ValueError("a message is empty")
        return self


class ToolMessage(Part):
    id: str
    role: Literal["tool"]
    content: str | None = None
    requestor: Side = "assistant"
    error: bool = False
    turn_idx: int | None = None
    timestamp: str | None = None


class DBCheck(Part):
    db_match: bool
    db_reward: float


class EnvAssertionCheck(Part):
    env_assertion: EnvAssertion
    met: bool
    reward: float


class ActionCheck(Part):
    action: Action
    action_match: bool
    action_reward: float
    tool_type: Literal["read", "write", "think", "generic"] | None = None


class NLAssertionCheck(Part):
    nl_assertion: str
    met: bool
    justification: str


class CommunicateCheck(Part):
    info: str
    met: bool
    justification: str


class RewardInfo(Part):
    reward: float
    db_check: DBCheck | None = None
    env_assertions: list[EnvAssertionCheck] | None = None
    action_checks: list[ActionCheck] | None = None
    nl_assertions: list[NLAssertionCheck] | None = None
    communicate_checks: list[CommunicateCheck] | None = None
    reward_basis: list[RewardType] | None = ["DB"]
    reward_breakdown: dict[RewardType, float] | None = None
    info: dict[str, Any] | None = None


class SimulationRun(Part):
    id: str
    task_id: str
    timestamp: str
    start_time: str
    end_time: str
    duration: float
    termination_reason: TerminationReason
    agent_cost: float | None = None
    user_cost: float | None = None
    agent_usage: dict[str, Any] | None = None
    reward_info: RewardInfo | None = None
    messages: list[Participant | ToolMessage] | None = None
    ticks: list[Any] | None = None
    trial: int | None = None
    seed: int | None = None
    mode: Literal["half_duplex", "full_duplex"] = "half_duplex"
    info: dict[str, Any] | None = None
    hallucination_retries_used: int = 0
    policy: str | None = None


class AgentInfo(Part):
    implementation: str
    llm: str | None = None
    llm_args: dict[str, Any] | None = None
    voice_settings: dict[str, Any] | None = None


class UserInfo(AgentInfo):
    global_simulation_guidelines: str | None = None
    persona_config: dict[str, Any] | None = None


class EnvironmentInfo(Part):
    domain_name: str
    policy: str
    tool_defs: dict[str, Any] | None = None


class Info(Part):
    git_commit: str
    num_trials: int
    max_steps: int
    max_errors: int
    user_info: UserInfo
    agent_info: AgentInfo
    environment_info: EnvironmentInfo
    seed: int | None = None
    text_streaming_config: dict[str, Any]


class Results(Part):
    timestamp: str
    info: Info
    tasks: list[Task]
    simulations: list[SimulationRun]
    simulation_index: list[Any] | None = Field(default=None)

    @model_validator(mode="after")
    def _simulations_can_be_graded_again(self) -> Results:
        """Every call is followed by its result, in order, with the same id; every task is there."""
        known = {task.id for task in self.tasks}
        for simulation in self.simulations:
            if simulation.task_id not in known:
                raise ValueError(f"no task {simulation.task_id!r}")
            awaited: list[str] = []
            for message in simulation.messages or ():
                if isinstance(message, ToolMessage):
                    if not awaited or message.id != awaited.pop(0):
                        raise ValueError(f"a result of no call, or out of order: {message.id!r}")
                elif awaited:
                    raise ValueError(f"calls without results: {awaited}")
                else:
                    awaited = [call.id for call in message.tool_calls or ()]
            if awaited:
                raise ValueError(f"calls without results: {awaited}")
        return self
