"""A model's own chat template, taken apart where its messages end: what stands between them, with tools and calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from toolgym.actions import parse_action
from toolgym.actions.thoughts import split_thoughts
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.models.tool_formats import TextFormat, read_calls
from toolgym.prompts import as_chat, wording_of
from toolgym_trainers.policies.chat_format import decoded, signs_of, without_signs

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_MARK = "\ue000"
_FIRST = {"role": "user", "content": "A"}
_WRITTEN = {"role": "assistant", "content": _MARK}


class Instructions(NamedTuple):
    """What a model is told before anybody speaks.

    Args:
        system: The system message.
        tools: What it may call, in OpenAI's function format.
    """

    system: str
    tools: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, domain: Domain, tools: Sequence[Mapping[str, Any]], policy: str) -> Instructions:
        """What the agent ``llm`` tells the model of an assistant.

        Args:
            domain: The domain.
            tools: The assistant's tools, in OpenAI's function format.
            policy: The domain's policy.
        """
        wording = wording_of(domain)
        offered = [domain.toolkits["assistant"].tools[tool["function"]["name"]] for tool in tools]
        schemas = wording.schemas(domain.name, "assistant", offered) if domain.name in wording.tools else tools
        return cls(wording.instructions(policy), [json.loads(json.dumps(one)) for one in schemas])


class NativeFormat:
    """Writes a dialogue in the words of a model's own chat template: instructions, tools, calls and outputs in full.

    A dialogue only grows. What the model wrote stays as it was sampled, thoughts included; of what the template puts
    behind it, the text from there to the model's next message is made with a stand-in in its place. Signs of the
    template in what others say become ordinary text.

    Args:
        tokenizer: With a chat template that knows tools.
        options: Further arguments of the template, such as ``enable_thinking=False``.

    Raises:
        DataError: If the template knows no tools, or writes a message otherwise where it stands elsewhere.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, options: Mapping[str, Any] | None = None) -> None:
        self.tokenizer = tokenizer
        self.options = dict(options or {})
        if not tokenizer.chat_template:
            raise DataError("the policy's tokenizer has no chat template, which says how tools and calls are written")
        self._signs = signs_of(tokenizer)
        after = self.encode(self.after([{"role": "user", "content": "B"}]))
        if not after:
            raise DataError("the chat template puts nothing behind an assistant's message: nobody could tell its end")
        self.end: int = after[0]
        """The token that ends a message of the policy."""
        self.end_sign = str(tokenizer.convert_ids_to_tokens(self.end))
        self.tool_format = self._check()
        """In which of the known forms it writes calls."""

    # Text

    def opening(self, told: Instructions, messages: Sequence[Message]) -> str:
        """The first prompt.

        Args:
            told: What it is told.
            messages: What was said so far.
        """
        system = {"role": "system", "content": told.system}
        return self.render([system, *self.chat(messages)], tools=told.tools, prompt=True)

    def after(self, chat: Sequence[Mapping[str, Any]], *, prompt: bool = True) -> str:
        """What stands behind a message of the policy, from its end on.

        Args:
            chat: What others said then, in chat format.
            prompt: Whether the policy is to speak next: the beginning of its message is there too.
        """
        text = self.render([_FIRST, _WRITTEN, *chat], prompt=prompt)
        _, mark, behind = text.rpartition(_MARK)
        if not mark:
            raise DataError("the chat template leaves out what the assistant said; it cannot be used for training")
        return behind

    def written(self, message: Message) -> str:
        """A message of somebody else as the policy would have written it, without what ends it.

        Args:
            message: The assistant's message; its thoughts, too, where the template writes them.
        """
        chat = self.chat([message])
        before = self.render([_FIRST], prompt=True)
        text = self.render([_FIRST, *chat])
        if not text.startswith(before):
            raise DataError("the chat template begins an assistant's message otherwise than it asks for one")
        said, end, _ = text[len(before) :].rpartition(self.end_sign)
        return said if end else text[len(before) :]

    def chat(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        """Messages as templates take them: content is text, arguments are mappings, signs of the template are none."""
        found = []
        for one in as_chat(messages, "assistant", reasoning=True):
            chat = {**one, "content": one["content"] or ""}
            chat["content"] = self.plain(chat["content"])
            for call in chat.get("tool_calls", ()):
                call["function"]["arguments"] = json.loads(call["function"]["arguments"])
            found.append(chat)
        return found

    def plain(self, text: str) -> str:
        """A text in which nothing is a sign of the template: a blank stands behind its first letter."""
        return without_signs(text, self._signs)

    def render(
        self, chat: Sequence[Mapping[str, Any]], *, tools: Sequence[Mapping[str, Any]] = (), prompt: bool = False
    ) -> str:
        """A dialogue as the template writes it.

        Args:
            chat: Messages in chat format.
            tools: What may be called.
            prompt: Whether the policy is to speak next.

        Raises:
            DataError: If the template refuses them.
        """
        from jinja2 import TemplateError

        try:
            return str(
                self.tokenizer.apply_chat_template(
                    [dict(one) for one in chat],
                    tools=[dict(one) for one in tools] or None,
                    tokenize=False,
                    add_generation_prompt=prompt,
                    **self.options,
                )
            )
        except TemplateError as error:
            roles = ", ".join(str(one["role"]) for one in chat)
            raise DataError(f"the chat template refuses a dialogue of {roles}: {error}") from error

    # Tokens

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, the template's signs among them."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def encode_message(self, text: str) -> list[int]:
        """A message as the policy would have written it, with the token that ends it."""
        return [*self.encode(self.plain(text)), self.end]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; the end of a message is left out."""
        return decoded(self.tokenizer, tokens, self.end)

    def read(self, text: str, tools: Sequence[Mapping[str, Any]]) -> Message:
        """What the policy wrote, as the assistant's message: thoughts, words, and calls in the template's form.

        Args:
            text: What it wrote, without what ends it.
            tools: What it may call.
        """
        if self.tool_format == "hermes":
            return parse_action(text)
        thoughts, said = split_thoughts(text)
        content, calls = read_calls(said, tools, self.tool_format)
        return parse_action(Message("assistant", content, calls, reasoning="\n\n".join(thoughts) or None))

    # Checks

    def _check(self) -> TextFormat:
        """Whether the template writes tools, calls and outputs, and a dialogue as its messages one by one; its form."""
        call = {"name": "look_up", "arguments": {"number": "B1"}}
        tool = {"type": "function", "function": {"name": "look_up", "description": "Look.", "parameters": _NUMBER}}
        asked = {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function", "function": call}]}
        output = {"role": "tool", "content": "It is 7.", "tool_call_id": "1"}
        chat: list[dict[str, Any]] = [{"role": "system", "content": "S"}, _FIRST, asked, output]
        whole = self.render(chat, tools=[tool], prompt=True)
        lacking = [
            what for what, sign in (("tools", "Look."), ("calls", "B1"), ("outputs", "It is 7.")) if sign not in whole
        ]
        if lacking:
            raise DataError(f"the chat template does not write {' and '.join(lacking)}")
        before = self.render(chat[:2], tools=[tool], prompt=True)
        said, _, _ = self.render([_FIRST, asked])[len(self.render([_FIRST], prompt=True)) :].rpartition(self.end_sign)
        grown = before + said + self.after([output])
        if whole != grown:
            raise DataError(f"the chat template does not write each message by itself: {_difference(whole, grown)}")
        return form_of(said)


def form_of(call: str) -> TextFormat:
    """The form in which a call is written.

    Args:
        call: A message that calls one tool with arguments.

    Raises:
        DataError: If it is none of those that are known.

    Example:
        >>> form_of('{"name": "look_up", "parameters": {"number": "B1"}}')
        'llama'
    """
    if "<function=" in call and "<parameter=" in call:
        return "qwen"
    if '"name"' in call and "<tool_call>" in call:
        return "hermes"
    if '"name"' in call and '"parameters"' in call:
        return "llama"
    raise DataError(f"the chat template writes calls in a form that is not known: {call.strip()!r:.200}")


_NUMBER = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}


def _difference(whole: str, grown: str) -> str:
    """Where two texts part."""
    place = next((at for at, (one, other) in enumerate(zip(whole, grown, strict=False)) if one != other), len(grown))
    shown = slice(max(0, place - 40), place + 40)
    return f"{whole[shown]!r} as a whole is {grown[shown]!r} message by message"
