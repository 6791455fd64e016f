"""Every block of the page about tau2-bench runs as written, over tau2's own data and a checkout that is made up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tau2_checkout import AGENT, AGENTS, FILES, write

PAGE = Path(__file__).parents[2] / "docs" / "tau2.md"
BLOCK = re.compile(r"^```(?P<lang>python|console)(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_of_the_page_runs_in_order(
    tau2_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command ends with 0, unless ``fails`` stands behind the language of its block."""
    write(tmp_path / "tau2-bench", FILES | {AGENT: AGENTS})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAU2_CHECKOUT", str(tmp_path / "tau2-bench"))
    monkeypatch.setenv("TOOLGYM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    names: dict[str, object] = {"__name__": "example"}
    commands = []
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if block["lang"] == "python":
            exec(compile(block["body"], PAGE.name, "exec"), names)
            continue
        script = ["bash", "-e", "-c", block["body"]]
        done = subprocess.run(script, capture_output=True, text=True, timeout=900, check=False)
        assert (done.returncode != 0) == ("fails" in block["info"].split()), (
            f"{block['body']}{done.stdout}{done.stderr}"
        )
        commands += re.findall(r"^toolgym (tau2 \w+|\w+)", block["body"], re.MULTILINE)
    assert set(commands) == {"doctor", "tau2 import", "tau2 verify", "eval", "regrade"}
    assert (tmp_path / "results.json").is_file()


def test_what_the_page_passes_over_is_named_by_doctor(tau2_data: Path) -> None:
    voice = [path.parent.name for path in (tau2_data / "tau2" / "domains").glob("*/tasks_voice.json")]
    if not voice:
        pytest.skip("this data folder of tau2 has no tasks_voice.json")
    script = [sys.executable, "-m", "toolgym", "doctor", "--json"]
    told = subprocess.run(script, capture_output=True, text=True, timeout=600, check=True).stdout
    for domain in {"mock", "retail"} & set(voice):
        assert f'"{domain}/tasks_voice.json"' in told
