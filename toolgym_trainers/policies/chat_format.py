"""A chat template in parts: which tokens stand before and after a message, so that a dialogue grows by its new ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolgym.errors import DataError
from toolgym.views import Shown

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""ChatML without a system message of its own, for models whose own template cannot be taken apart."""
ROLES = ("user", "assistant", "tool")
_MARK = "\ue000"


class ChatFormat:
    """Writes messages as tokens, one after the other, in the words of a tokenizer's chat template.

    Tokens of a dialogue are those of its messages in a row: what was sampled is never written anew.

    Args:
        tokenizer: With a chat template that writes each message by itself, whatever stands around it.

    Raises:
        DataError: If it has no template, or one that writes a message otherwise in another place.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        if not tokenizer.chat_template:
            raise DataError(
                "the policy's tokenizer has no chat template; set tokenizer.chat_template, such as to CHATML"
            )
        parts = {role: self._around(role) for role in ROLES}
        self._parts = parts
        self._signs = signs_of(tokenizer)
        self._before = {role: self._encode(before) for role, (before, _) in parts.items()}
        self._after = {role: self._encode(after) for role, (_, after) in parts.items()}
        self.prompt: tuple[int, ...] = tuple(self._before["assistant"])
        """What stands before a message that the policy is to write."""
        if not self._after["assistant"]:
            raise DataError("the chat template puts nothing behind an assistant's message: nobody could tell its end")
        self.end: int = self._after["assistant"][0]
        """The token that ends a message of the policy."""
        self.closing: tuple[int, ...] = tuple(self._after["assistant"][1:])
        """What stands behind that token, which the policy does not write."""
        self._check()

    def encode(self, shown: Shown) -> list[int]:
        """A message as tokens, with what stands around it."""
        return [*self._before[shown.role], *self.content(shown.text), *self._after[shown.role]]

    def text(self, shown: Shown) -> str:
        """A message as text that gives the same tokens, with what stands around it; signs in it are made none."""
        before, after = self._parts[shown.role]
        return f"{before}{without_signs(shown.text, self._signs)}{after}"

    @property
    def asking(self) -> str:
        """What stands before a message that the policy is to write, as text."""
        return self._parts["assistant"][0]

    @property
    def ending(self) -> tuple[str, str]:
        """The sign that ends a message of the policy, and what stands behind it, as text."""
        sign = str(self.tokenizer.convert_ids_to_tokens(self.end))
        return sign, self._parts["assistant"][1].partition(sign)[2]

    def content(self, text: str) -> list[int]:
        """The tokens of a text alone; the template's own signs in it are ordinary text."""
        return list(self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])

    def encode_message(self, text: str) -> list[int]:
        """A message as the policy would have written it, with the token that ends it."""
        return [*self.content(text), self.end]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens; the end of a message is left out."""
        return decoded(self.tokenizer, tokens, self.end)

    def render(self, messages: Sequence[Mapping[str, Any]], *, prompt: bool = False) -> str:
        """Messages in chat format as the template writes them."""
        return str(self.tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=prompt))

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _around(self, role: str) -> tuple[str, str]:
        first = {"role": "user", "content": "A"}
        whole = self.render([first, {"role": role, "content": _MARK}])
        start = self.render([first])
        before, mark, after = whole.removeprefix(start).partition(_MARK)
        if not whole.startswith(start) or not mark:
            raise DataError(_WHOLE)
        return before, after

    def _check(self) -> None:
        """Whether a dialogue is written as its messages one by one."""
        dialogue = [
            Shown("user", "A1, please."),
            Shown("assistant", "<think>Hm.</think>/b B1\n/b B2"),
            Shown("tool", "ok\nC"),
            Shown("tool", "no"),
            Shown("assistant", "Done."),
            Shown("user", "D?"),
        ]
        for length in range(1, len(dialogue) + 1):
            chat = [{"role": one.role, "content": one.text} for one in dialogue[:length]]
            prompt = dialogue[length - 1].role != "assistant"
            apart = [token for one in dialogue[:length] for token in self.encode(one)]
            if self._encode(self.render(chat, prompt=prompt)) != [*apart, *(self.prompt if prompt else ())]:
                raise DataError(_WHOLE)


def signs_of(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The special tokens of a tokenizer, the longest first."""
    return sorted(set(map(str, tokenizer.all_special_tokens)), key=len)[::-1]


def without_signs(text: str, signs: Sequence[str]) -> str:
    """A text in which no sign stands: a blank is put behind its first letter.

    Args:
        text: The text.
        signs: The signs, the longest first.

    Example:
        >>> without_signs("Say <end>!", ["<end>"])
        'Say < end>!'
    """
    for sign in signs:
        text = text.replace(sign, f"{sign[0]} {sign[1:]}")
    return text


def decoded(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int], end: int) -> str:
    """The text of tokens without the token that ends a message.

    Args:
        tokenizer: The tokenizer.
        tokens: The tokens of a message.
        end: The token that ends one.
    """
    kept = [token for token in tokens if token != end]
    return str(tokenizer.decode(kept, skip_special_tokens=False, clean_up_tokenization_spaces=False))


_WHOLE = (
    "the policy's chat template does not write each message by itself (it adds a system message, or leaves out what "
    "was thought before); give the tokenizer one that does, such as toolgym_trainers.policies.chat_format.CHATML"
)
