"""A stand-in of a provider of language models: strict about what it is sent, and as moody as the real ones.

All speak OpenAI's chat completions on 127.0.0.1::

    with OpenAI(brain) as provider:
        ...  # point a client at provider.url, with any key
    assert not provider.client_faults
"""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, NoReturn, Self, TypeAlias

from providers.dialogue import Body, Messages, Refuse
from providers.handler import Handler

Said: TypeAlias = dict[str, Any]
"""What the model says: ``text``, ``calls`` (pairs of a name and the arguments' text), ``thought``."""
Brain: TypeAlias = Callable[[Messages], Said]
Events: TypeAlias = Iterator[str | dict[str, Any]]
"""Of a stream: comments as they are, and data as JSON."""

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
HEX = "0123456789abcdef"
NAME_RULE = "must be a-z, A-Z, 0-9, or contain underscores and dashes, with a maximum length of 64."
LIST_IS_EMPTY = "empty array. Expected an array with minimum length 1, but got an empty array instead."

MISBEHAVIOURS = ("bad_name", "string_args", "empty", "two_calls", "text_beside_call")
# By the number of the accepted request, modulo CYCLE. One that does not fit what the brain says, since there is no
# call to spoil, waits for the next answer that it fits.
DEFAULT_PLAN = {2: "bad_name", 4: "two_calls", 6: "string_args", 8: "text_beside_call", 10: "empty"}
CYCLE = 12
# By the number of the request; "503" comes once only.
DEFAULT_WEATHER = {3: "429", 5: "503", 7: "slow", 16: "429", 19: "slow"}
BAD_NAMES = ("functions.%s", "%s<|channel|>json", "%s_and_report", "tool:%s")


def call_form(identity: str, name: str, arguments: str | None, **more: Any) -> dict[str, Any]:
    """A call as it is sent."""
    return {**more, "id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def default_brain(messages: Messages) -> Said:
    """Greets, whatever it is told."""
    return {"text": "Hello, how can I help you?", "calls": [], "thought": "The user greets me."}


class Provider:
    """What the providers share; each says in its own words what it refuses, and answers in its own form.

    Args:
        brain: What the model says to messages, which it sees as the client sent them.
        plan: Which accepted request brings which misbehaviour of the model; empty or None for none.
        weather: Which request meets ``429``, ``503`` or a ``slow`` first byte; empty or None for none.
        retry_after: Seconds that an answer 429 asks for.
        slow: Seconds until the first byte of a slow answer.
        context_tokens: Of a longer request (four characters a token) it says that it does not fit.
        second_call: What the model calls besides when it makes two calls; by default, a tool of the request that needs
            no argument, else the same call again.
        piece: Characters in one event of a stream.
        options: The provider's own, by the names of its class's attributes.

    Attributes:
        requests: What was asked.
        refusals: Each answer 4xx: number, status, kind (client, weather, overflow), reason, error, request.
        warnings: What was taken, but some real server may mind it, or answer worse for it.
        answers: What the model said.
    """

    name, base, model, server_header = "base", "/v1", "model", "double"
    keep_alive = ""
    """A comment before the first event of a slow stream."""
    lead_full = b""
    """Bytes before a slow body that is whole."""

    def __init__(
        self,
        brain: Brain | None = None,
        *,
        plan: Mapping[int, str] | None = DEFAULT_PLAN,
        weather: Mapping[int, str] | None = DEFAULT_WEATHER,
        retry_after: float = 1,
        slow: float = 0.6,
        context_tokens: int | None = None,
        second_call: tuple[str, str] | None = None,
        piece: int = 9,
        **options: Any,
    ) -> None:
        self.brain = brain or default_brain
        self.plan, self.weather = dict(plan or {}), dict(weather or {})
        self.retry_after, self.slow, self.context_tokens = retry_after, slow, context_tokens
        self.second_call, self.piece = second_call, piece
        for option, value in options.items():
            if not hasattr(type(self), option):
                raise TypeError(f"{type(self).__name__} has no option {option!r}")
            setattr(self, option, value)
        self.requests: list[dict[str, Any]] = []
        self.refusals: list[dict[str, Any]] = []
        self.warnings: list[dict[str, Any]] = []
        self.answers: list[Said] = []
        self.accepted = 0
        self.issued: dict[Any, Any] = {}  # what was sent with a call, by its id
        self.was_down = False
        self.lock = threading.RLock()
        self._due: list[str] = []
        self._serial = 0

    def __enter__(self) -> Self:
        handler = type("Handler", (Handler,), {"provider": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        """The endpoint, as ``base_url`` has it."""
        return f"http://127.0.0.1:{self._http.server_address[1]}{self.base}"

    @property
    def client_faults(self) -> list[dict[str, Any]]:
        """What was refused by the client's own fault."""
        return [refusal for refusal in self.refusals if refusal["kind"] == "client"]

    def serial(self, length: int = 24, alphabet: str = LETTERS) -> str:
        """The next of this server's made-up identities."""
        with self.lock:
            self._serial += 1
            rest = int(hashlib.sha512(f"{self.name}/{self._serial}".encode()).hexdigest(), 16)
        made = ""
        while len(made) < length:
            rest, place = divmod(rest, len(alphabet))
            made += alphabet[place]
        return made

    def warn(self, n: int, what: str) -> None:
        """Note what request ``n`` has that others may mind."""
        self.warnings.append({"n": n, "what": what})

    def weak_arguments(self, arguments: str, where: str, n: int) -> None:
        """Note arguments that are not an object's text, where they are not refused."""
        try:
            if isinstance(json.loads(arguments), dict):
                return
        except ValueError:
            pass
        told = f"arguments are not the text of a JSON object: {arguments!r}"
        self.warn(n, f"{where}: {told} (this provider does not check; others refuse)")

    def tokens(self, what: Any) -> int:
        """How long something is."""
        return max(1, len(json.dumps(what, ensure_ascii=False)) // 4)

    # What each provider says itself.

    def err(self, status: int, message: str, **kw: Any) -> Any:
        """The body of an error."""
        kind = "invalid_request_error"
        return {"error": {"message": message, "type": kind, "param": kw.get("param"), "code": kw.get("code")}}

    def refuse(self, message: str, reason: str, status: int = 400, **kw: Any) -> NoReturn:
        """Refuse the request, in the provider's words and for a reason in ours."""
        raise Refuse(status, self.err(status, message, **kw), reason)

    def unauthorized(self) -> tuple[int, Any]:
        """The answer to a request without a key."""
        return 401, self.err(401, "Incorrect API key provided.", code="invalid_api_key")

    def weather_429(self) -> tuple[Any, dict[str, Any]]:
        """The body and headers of an answer 429."""
        return self.err(429, "Rate limit reached.", code="rate_limit_exceeded"), {}

    def weather_503(self) -> tuple[int, Any, dict[str, Any]]:
        """The status, body and headers of an answer that comes when it is overloaded."""
        return 503, self.err(503, "Service unavailable."), {}

    def overflow(self, got: int) -> tuple[int, Any]:
        """The answer to what does not fit."""
        message = (
            f"This model's maximum context length is {self.context_tokens} tokens. However, your messages resulted in "
            f"{got} tokens. Please reduce the length of the messages."
        )
        return 400, self.err(400, message, param="messages", code="context_length_exceeded")

    def check(self, body: Body, n: int) -> None:
        """Refuse what the provider refuses."""

    def new_id(self) -> str:
        """The id of another call."""
        return "call_" + self.serial()

    def full(self, body: Body, a: Said, n: int) -> dict[str, Any]:
        """An answer as a whole."""
        raise NotImplementedError

    def stream(self, body: Body, a: Said, n: int) -> Events:
        """An answer as a stream, up to ``[DONE]``."""
        raise NotImplementedError

    # What the model says.

    def think(self, body: Body, n: int) -> Said:
        """What the brain says, or what is made of it when a misbehaviour is due."""
        with self.lock:
            self.accepted += 1
            turn = self.accepted
            due = self.plan.get(turn % CYCLE if turn >= CYCLE else turn)
            if due:
                self._due.append(due)
        thought = self.brain(copy.deepcopy(body["messages"])) or {}
        said = {
            "text": thought.get("text"),
            "calls": [tuple(call) for call in thought.get("calls") or []],
            "thought": thought.get("thought"),
            "misbehaviour": None,
        }
        with self.lock:
            kind = next((kind for kind in self._due if kind == "empty" or said["calls"]), None)
            if kind:
                self._due.remove(kind)
                self._spoil(said, kind, body)
                said["misbehaviour"] = kind
            self.answers.append(dict(said, n=n))
        return said

    def _spoil(self, said: Said, kind: str, body: Body) -> None:
        if kind == "empty":
            said["text"], said["calls"] = None, []
            return
        name, arguments = said["calls"][0]
        if kind == "bad_name":
            before = sum(answer["misbehaviour"] == "bad_name" for answer in self.answers)
            said["calls"][0] = (BAD_NAMES[before % 4] % name, arguments)
        elif kind == "string_args":
            said["calls"][0] = (name, json.dumps(arguments))
        elif kind == "two_calls" and len(said["calls"]) == 1:
            offered = [tool["function"] for tool in body.get("tools") or []]
            easy = (
                (tool["name"], "{}")
                for tool in offered
                if tool["name"] != name and not (tool.get("parameters") or {}).get("required")
            )
            said["calls"].append(tuple(self.second_call or next(easy, (name, arguments))))
        elif kind == "text_beside_call":
            said["text"] = said["text"] or "Let me look that up for you."

    # In which form it is said.

    def no_args(self, args: str | None) -> str | None:
        """What is sent for the arguments of a call without arguments."""
        return args

    def wire_args(self, args: str | None) -> str | None:
        """What is sent for the arguments of a call."""
        try:
            empty = json.loads(args or "") == {}
        except ValueError:
            empty = args in (None, "")
        return self.no_args(args) if empty else args

    def pieces(self, text: str | None) -> list[str]:
        """A text in the pieces in which it is streamed."""
        text = text or ""
        return [text[start : start + self.piece] for start in range(0, len(text), self.piece)]

    def usage(self, body: Body, a: Said) -> dict[str, Any]:
        """How many tokens were read and generated."""
        read, made = self.tokens(body["messages"]), self.tokens([a["text"], a["calls"]])
        return {"prompt_tokens": read, "completion_tokens": made, "total_tokens": read + made}
