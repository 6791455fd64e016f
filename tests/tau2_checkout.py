"""A small checkout of tau2-bench, made up: its mock domain and the words that its models are given."""

from __future__ import annotations

from pathlib import Path

GUIDELINES = "data/tau2/user_simulator/simulation_guidelines.md"
WITH_TOOLS = "data/tau2/user_simulator/simulation_guidelines_tools.md"
TOOLS = "src/tau2/domains/mock/tools.py"
USER_TOOLS = "src/tau2/domains/mock/user_tools.py"

ASSISTANTS = '''
import a_module_that_is_missing

raise SystemExit("this file was run")


class BaseTools(Toolkit):
    @is_tool(ToolType.READ)
    def get_users(self) -> List[User]:
        """Base words."""

    @is_tool(ToolType.GENERIC)
    def transfer_to_human_agents(self, summary: str) -> str:
        """Hand over.

        Args:
            summary: Why it is
                handed over.

        Returns:
            Nothing of use.
        """


class MockTools(BaseTools):
    """Tools."""

    def __init__(self, db: MockDB) -> None:
        super().__init__(db)

    def helper(self, x: int) -> int:
        """Not a tool."""

    @is_tool(ToolType.WRITE)
    def create_task(self, user_id: str, title: str, description: str = None) -> Task:
        """
        Make a task
        for a user.

        Think first.

        Args:
            user_id (str): Whose it is.
            title: What it is: a title.
        """

    @toolkit.is_tool
    def get_users(self) -> List[User]:
        """All the users."""

    @is_tool(ToolType.WRITE)
    def update_task_status(self, task_id: str, status: TaskStatus) -> Task:
        """Change it.

        Args:
            task_id: Which.
            status: To what.
        """
'''
USERS = '''
class MockUserTools(Toolkit):
    @is_tool(ToolType.READ)
    def check_notifications(self): ...

    @is_tool(ToolType.WRITE)
    def dismiss_notification(self, notification_id: str) -> str:
        """Off with it."""
'''
AGENT = "src/tau2/agent/llm_agent.py"
AGENTS = '''
import a_module_that_is_missing
from somewhere import STOP

AGENT_INSTRUCTION = """
Bé an agent, one {thing} at a time.
""".strip()

SYSTEM_PROMPT: str = """
<instructions>
{agent_instruction}
</instructions>
<policy>
{domain_policy}
</policy>
""".strip()

AGENT_SOLO_INSTRUCTION = f"""
Be alone, and say {STOP}.
""".strip()

SYSTEM_PROMPT_SOLO = SYSTEM_PROMPT + "<ticket>{ticket}</ticket>"
AGENT_GT_INSTRUCTION = "You know it all."
SYSTEM_PROMPT_GT = "{agent_instruction}{domain_policy}{resolution_steps}"

raise SystemExit("this file was run")


class LLMAgent:
    SYSTEM_PROMPT = "Not at the top."
'''
TOLD = "<instructions>\nBé an agent, one {thing} at a time.\n</instructions>\n<policy>\n{policy}\n</policy>"
FILES = {GUIDELINES: "Bé a user.\n", WITH_TOOLS: "Be a user with hands.\n", TOOLS: ASSISTANTS, USER_TOOLS: USERS}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
