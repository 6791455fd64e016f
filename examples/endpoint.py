"""A model behind an endpoint: evaluated with `toolgym eval`, and its results read.

    pip install 'toolgym[llm]'
    python examples/endpoint.py                                              # a toy model of its own
    python examples/endpoint.py --base-url http://localhost:8000/v1 --model qwen3    # yours

Without `--base-url` it starts a small server that speaks OpenAI's chat format. Its model is a handful of rules, and
shows what such a server gets and has to answer. What to change:

- `--base-url` and `--model`: any OpenAI-compatible server, such as vLLM, SGLang or llama.cpp. A key is taken from the
  environment variable OPENAI_API_KEY.
- `EVALUATE`: the domain, the split, the trials. With `retail`, the user is a scripted customer that has to be asked.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from toolgym.runs import read_trajectories

EVALUATE = ("mock", "--split", "test", "--trials", "2", "--json")


def answer(chat: list[dict[str, Any]]) -> dict[str, Any]:
    """The toy model: marks a task as completed where that is asked for, and then says so."""
    last = chat[-1]
    if last["role"] == "tool":
        return {"role": "assistant", "content": "That did not work." if "Error" in last["content"] else "It is done."}
    asked = re.search(r"(task_\d+)", str(last["content"]))
    if asked is None or not re.search(r"completed|finished|done", str(last["content"])):
        return {"role": "assistant", "content": "I am sorry, I only mark tasks as completed."}
    arguments = json.dumps({"task_id": asked[1], "status": "completed"})
    function = {"name": "update_task_status", "arguments": arguments}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]}


class Server(BaseHTTPRequestHandler):
    """The chat format's one path that an evaluation needs: POST /v1/chat/completions."""

    def do_POST(self) -> None:
        """Answer a chat."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = answer(asked["messages"])
        told = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "choices": [
                {"index": 0, "message": message, "finish_reason": "tool_calls" if "tool_calls" in message else "stop"}
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the standard library's name
        """Print no line for every request."""


@contextmanager
def toy_server() -> Iterator[str]:
    """The toy model's server while the block runs; gives its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def evaluate(base_url: str, model: str, runs: Path) -> None:
    """Evaluate a model and print what came of it."""
    command = [sys.executable, "-m", "toolgym", "eval", *EVALUATE, "--runs", str(runs)]
    command += ["--agent-model", model, "--agent-base-url", base_url]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    (result,) = json.loads(done.stdout)["agents"].values()
    for k, estimate in result["pass_hat"].items():
        print(f"Pass^{k}: {estimate['mean']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})")
    print(f"tasks: {result['tasks']}, void: {result['void']}")
    run = Path(result["run"])
    ended = Counter(trajectory.termination for trajectory in read_trajectories(run))
    print("episodes by how they ended:", dict(ended))
    print(f"what went wrong: toolgym failures {run.name} --runs {runs}")


def main() -> None:
    """Evaluate the model that is named, or the toy model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", help="an OpenAI-compatible endpoint; default: a toy server")
    parser.add_argument("--model", default="toy", help="the model's name at the endpoint")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="the folder of the runs; default: runs")
    asked = parser.parse_args()
    if asked.base_url is not None:
        evaluate(asked.base_url, asked.model, asked.runs)
        return
    with toy_server() as base_url:
        evaluate(base_url, asked.model, asked.runs)


if __name__ == "__main__":
    main()
