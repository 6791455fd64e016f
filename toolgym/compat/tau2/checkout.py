"""A checkout of tau2-bench: the words that its models are given, which are its own and not shipped here.

Nothing of it is run. A file is taken from where it usually is, else from wherever it is below the checkout.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from toolgym.compat.tau2.agentfile import read_agent
from toolgym.compat.tau2.toolfile import read_tools
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import SIDES, AgentID
from toolgym.prompts import ToolText, Wording
from toolgym.registry import DOMAINS

_GUIDELINES = {
    "simulation_guidelines.md": "guidelines of users without tools",
    "simulation_guidelines_tools.md": "guidelines of users with tools",
}
_AGENT, _AGENT_FOLDER = "agent/llm_agent.py", "src/tau2"
_TOOLS: dict[AgentID, str] = {"assistant": "tools.py", "user": "user_tools.py"}
_NOT_SEARCHED = frozenset({"node_modules", "site-packages", "__pycache__"})


class CheckoutSource(NamedTuple):
    """A file that was read: what it gave, its path below the checkout, and the sha256 of its bytes."""

    what: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Checkout:
    """What was read from a checkout.

    Args:
        wording: Its words.
        sources: The files that they are from.
        left_out: Domains whose words are not used, and why.
        own_instruction: Why the assistant is told toolgym's own words besides the policy; empty if it is told tau2's.
    """

    wording: Wording
    sources: tuple[CheckoutSource, ...]
    left_out: Mapping[str, str]
    own_instruction: str = ""


def read_checkout(path: str | Path) -> Checkout:
    """Read the guidelines of users, the instruction of the assistant, and the descriptions of tools.

    The instruction is left out if it cannot be found in its file. A domain is left out if its tool files cannot be
    read, or if it is installed here and its tools or their arguments have other names here than in the checkout.

    Args:
        path: The checkout.

    Raises:
        DataError: If the guidelines or the tools of all domains are missing, or if there are several versions of the
            guidelines.
    """
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{str(root)!r} is no folder; it must be a checkout of tau2-bench")
    files = sorted(_files(root))
    (user, plain), (user_with_tools, with_tools) = (
        _read(root, _one(root, files, "data/tau2/user_simulator", name), what) for name, what in _GUIDELINES.items()
    )
    sources = [plain, with_tools]
    tools: dict[str, dict[AgentID, dict[str, ToolText]]] = {}
    left_out: dict[str, str] = {}
    for name in sorted({file.parent.name for file in files if file.name == _TOOLS["assistant"]}):
        try:
            kits, read = _read_domain(root, files, name)
            if name in DOMAINS.names():
                _check(kits, DOMAINS.load(name))
        except DataError as reason:
            left_out[name] = str(reason)
        else:
            tools[name] = kits
            sources += read
    if not tools:
        reasons = "".join(f"; {name}: {reason}" for name, reason in left_out.items())
        raise DataError(
            f"{str(root)!r} has no tools that can be used; they are looked for in every domains/<domain>/tools.py, "
            f"which a checkout of tau2-bench has below src/tau2{reasons}"
        )
    told: dict[str, str] = {}
    missing = ""
    try:
        told["assistant"], source = _read_instruction(root, files)
        sources.append(source)
    except DataError as reason:
        missing = str(reason)
    digests = {source.path: source.sha256 for source in sources}
    wording = Wording(user, user_with_tools, tools, read_commit(root), digests, **told)
    return Checkout(wording, tuple(sources), left_out, missing)


def read_commit(root: Path) -> str | None:
    """The commit that is checked out, as ``.git`` tells it; None if it does not."""
    git = root / ".git"
    try:
        if git.is_file():  # of a worktree or a submodule: it names the real one
            git = root / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return head or None
        name = head.removeprefix("ref:").strip()
        if (git / "commondir").is_file():
            git = git / (git / "commondir").read_text(encoding="utf-8").strip()
        if (git / name).is_file():
            return (git / name).read_text(encoding="utf-8").strip() or None
        packed = (line.split() for line in (git / "packed-refs").read_text(encoding="utf-8").splitlines())
        return next((line[0] for line in packed if line[1:] == [name]), None)
    except (OSError, UnicodeDecodeError):
        return None


def _files(root: Path) -> Iterator[Path]:
    """The files that may be of use."""
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".") and name not in _NOT_SEARCHED]
        wanted = {*_GUIDELINES, *(_TOOLS.values() if Path(folder).parent.name == "domains" else ())}
        wanted |= {Path(_AGENT).name} if Path(folder).name == Path(_AGENT).parent.name else set()
        yield from (Path(folder, name) for name in names if name in wanted)


def _one(root: Path, files: Sequence[Path], usual: str, tail: str) -> Path:
    """The file whose path ends so, from its usual folder if it is there."""
    ending = Path(tail).parts
    found = [file for file in files if file.parts[-len(ending) :] == ending]
    if (first := root / usual / tail) in found:
        return first
    if not found:
        raise DataError(
            f"{str(root)!r} has no file {tail}, in no folder of it; a checkout of tau2-bench has it in {usual}"
        )
    if len({file.read_bytes() for file in found}) > 1:
        raise DataError(
            f"{str(root)!r} has several versions of {tail}: {', '.join(_place(root, file) for file in found)}; "
            "name the folder of one checkout"
        )
    return found[0]


def _read(root: Path, file: Path, what: str) -> tuple[str, CheckoutSource]:
    content = file.read_bytes()
    try:
        return content.decode(), CheckoutSource(what, _place(root, file), hashlib.sha256(content).hexdigest())
    except UnicodeDecodeError as error:
        raise DataError(f"{str(file)!r} is not text in UTF-8: {error}") from error


def _place(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix()


def _read_instruction(root: Path, files: Sequence[Path]) -> tuple[str, CheckoutSource]:
    text, source = _read(root, _one(root, files, _AGENT_FOLDER, _AGENT), "instruction of the assistant")
    try:
        return read_agent(text), source
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"{source.path} cannot be read by this Python: {error}") from error
    except DataError as error:
        raise DataError(f"{source.path}: {error}") from error


def _read_domain(
    root: Path, files: Sequence[Path], domain: str
) -> tuple[dict[AgentID, dict[str, ToolText]], list[CheckoutSource]]:
    kits: dict[AgentID, dict[str, ToolText]] = {}
    sources: list[CheckoutSource] = []
    for side, name in _TOOLS.items():
        tail = f"domains/{domain}/{name}"
        if side == "user" and not any(file.as_posix().endswith(f"/{tail}") for file in files):
            continue
        text, source = _read(root, _one(root, files, "src/tau2", tail), "")
        try:
            kit = read_tools(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise DataError(f"{source.path} cannot be read by this Python: {error}") from error
        if not kit:
            raise DataError(f"{source.path} has no class with methods that are marked with is_tool")
        kits[side] = kit
        sources.append(source._replace(what=f"{len(kit)} tools of {domain}'s {side}"))
    return kits, sources


def _check(kits: Mapping[AgentID, Mapping[str, ToolText]], domain: Domain) -> None:
    """Check that the tools and their arguments have the names that they have here."""
    for side in SIDES:
        there = {name: set(text.parameters["properties"]) for name, text in kits.get(side, {}).items()}
        kit = domain.toolkits[side].tools if side in domain.toolkits else {}
        here = {name: set(tool.parameters.model_fields) for name, tool in kit.items()}
        differing = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
        if differing:
            raise DataError(
                f"the {side}'s tools have other names or arguments than those that are installed here: "
                f"{', '.join(differing)}"
            )
