"""What both sides' models are told, in words of ours, or of tau2 as read from the user's own checkout of it.

Scores depend on these words. Ours are in this package; tau2's, with which scores can be compared with its own, are not
ours to ship: ``toolgym tau2 import`` reads them from a checkout and stores them in the user's data folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from toolgym.database.records import thaw
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.files.strict_json import read_json
from toolgym.messages import AgentID
from toolgym.tools import Tool

FORMAT = 1
"""The layout of the stored file."""

POLICY = "{policy}"
"""In the text for an assistant, the place of the domain's policy."""

_FILE = "tau2_wording.json"


@dataclass(frozen=True)
class ToolText:
    """How one tool is described to a model.

    Args:
        description: What it does.
        parameters: The JSON schema of its arguments.
        unread: Arguments whose types could not be read: they are described here, and typed by our own tool.
    """

    description: str
    parameters: Mapping[str, Any]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wording:
    """What the models of both sides are told, beside policies and scenarios.

    Args:
        user: The guidelines of a user without tools.
        user_with_tools: The guidelines of a user with tools.
        tools: By domain, side and name, in order, the tools that are not described as our own toolkits do.
        commit: The commit of the checkout that this was read from, if that is known.
        files: The files that this was read from, each with its sha256; none for our own wording.
        assistant: What the assistant is told first, with :data:`POLICY` where the domain's policy goes.
    """

    user: str
    user_with_tools: str
    tools: Mapping[str, Mapping[AgentID, Mapping[str, ToolText]]] = field(default_factory=dict)
    commit: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    assistant: str = field(default_factory=lambda: _own_assistant())

    @property
    def name(self) -> str:
        """``"toolgym"``, or ``"tau2@"`` and what tells this reading of it from others: commit, or digest of the files.

        With ``"+agent"`` what the assistant is told is tau2's too.

        Example:
            >>> OWN.name, Wording("Play.", "Play.", commit="2f6dbd0a6e1c9d", files={"a.md": "…"}).name
            ('toolgym', 'tau2@2f6dbd0a6e1c')
        """
        if not self.files:
            return "toolgym"
        digest = hashlib.sha256(json.dumps(sorted(self.files.items())).encode()).hexdigest()
        return f"tau2@{(self.commit or digest)[:12]}{'' if self.assistant == _own_assistant() else '+agent'}"

    def instructions(self, policy: str) -> str:
        """What the assistant is told first.

        Args:
            policy: The domain's policy.

        Example:
            >>> Wording("", "", assistant="Obey: {policy} Always.").instructions("Be kind.")
            'Obey: Be kind. Always.'
        """
        before, _, after = self.assistant.partition(POLICY)
        return f"{before}{policy}{after}"

    def schemas(self, domain: str, side: AgentID, tools: Iterable[Tool]) -> list[dict[str, Any]]:
        """The schemas of tools in OpenAI's function format, in these words.

        Args:
            domain: The domain's name.
            side: Whose tools they are.
            tools: The tools that are offered.

        Raises:
            DataError: If this wording has the domain, but not one of its tools.
        """
        if domain not in self.tools:
            return [tool.schema for tool in tools]
        texts = self.tools[domain].get(side, {})
        offered = {tool.name: tool for tool in tools}
        if missing := [name for name in offered if name not in texts]:
            raise DataError(
                f"{self.name} has no words for the {side}'s tools {', '.join(missing)} of {domain!r}, only for "
                f"{', '.join(texts) or 'none'}; import it again, from a checkout of the version that is played here"
            )
        return [_schema(offered[name], text) for name, text in texts.items() if name in offered]


@cache
def own_text(name: str) -> str:
    """A text of this package, such as ``"judge"``, without its last line break."""
    return files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8").rstrip("\n")


def _own_assistant() -> str:
    return f"<instructions>\n{own_text('assistant')}\n</instructions>\n<policy>\n{POLICY}\n</policy>"


OWN = Wording(user=own_text("user"), user_with_tools=f"{own_text('user')}\n\n{own_text('user_tools')}")
"""Our own wording."""


def wording_of(domain: Domain) -> Wording:
    """The wording with which a domain is played: an imported one, if its rules want that and there is one, or ours.

    Raises:
        DataError: If what was imported cannot be read.
    """
    if not domain.compat.imported_wording:
        return OWN
    path = home() / _FILE
    try:
        status = path.stat()
    except FileNotFoundError:
        return OWN
    imported = _read(path, status.st_mtime_ns, status.st_size)
    return imported if domain.name in imported.tools else OWN


def home() -> Path:
    """The user's data folder: what ``TOOLGYM_HOME`` names, else ``toolgym`` where the user's programs keep data."""
    if chosen := os.environ.get("TOOLGYM_HOME"):
        return Path(chosen)
    place = os.environ.get("XDG_DATA_HOME")
    return (Path(place) if place else Path.home() / ".local" / "share") / "toolgym"


def store(wording: Wording) -> Path:
    """Keep a wording of tau2's in the user's data folder, in place of the one before.

    Returns:
        The file.

    Raises:
        OSError: If it cannot be written.
    """
    path = home() / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps({"format": FORMAT, **asdict(wording)}, indent=1), encoding="utf-8")
    partial.replace(path)
    return path


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, size: int) -> Wording:
    """What :func:`store` wrote; read again only when the file has changed."""
    try:
        data = read_json(path)
        if data.pop("format") != FORMAT:
            raise ValueError(f"it is not of format {FORMAT}")
        data["tools"] = {
            domain: {side: {name: _tool_text(text) for name, text in texts.items()} for side, texts in sides.items()}
            for domain, sides in data["tools"].items()
        }
        return Wording(**data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{str(path)!r} cannot be used: {error!r}; run `toolgym tau2 import PATH` again, or delete it"
        ) from error


def _tool_text(data: dict[str, Any]) -> ToolText:
    return ToolText(data["description"], data["parameters"], tuple(data["unread"]))


def _schema(tool: Tool, text: ToolText) -> dict[str, Any]:
    """The tool in the text's words, and in its own types where the text has none."""
    parameters: dict[str, Any] = thaw(text.parameters)
    if text.unread:
        own = tool.schema["function"]["parameters"]
        for name in text.unread:
            typed = {key: value for key, value in own["properties"].get(name, {}).items() if key != "description"}
            parameters["properties"][name] = dict(sorted((typed | parameters["properties"][name]).items()))
        if "$defs" in own:
            parameters = {"$defs": own["$defs"], **parameters}
    function = {"name": tool.name, "description": text.description, "parameters": parameters}
    return {"type": "function", "function": function}
