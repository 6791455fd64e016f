"""Whether a policy reads where it is served the tokens on which it was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym_trainers.policies.codec import Codec
from toolgym_trainers.policies.native_format import Instructions, NativeFormat
from toolgym_trainers.policies.transcript import encode


class Difference(NamedTuple):
    """Where two dialogues in tokens part.

    Args:
        place: The first token that differs.
        trained: What follows where the policy is trained, as text.
        served: What follows where it is served.
    """

    place: int
    trained: str
    served: str


def differs(
    codec: Codec,
    domain: Domain,
    tools: Sequence[Mapping[str, Any]],
    view: Sequence[Message],
    served: Codec | None = None,
) -> Difference | None:
    """Where the tokens of a dialogue, grown message by message, part from those that a served template gives of it.

    Args:
        codec: How the policy reads and writes in training.
        domain: The domain.
        tools: The assistant's tools, in OpenAI's function format.
        view: What the assistant saw and said, from its instructions on; the last message is another's.
        served: How it does where it is served; by default the same, written as a whole.

    Returns:
        None if they are the same.

    Raises:
        DataError: If the view is not native: then its texts are written one by one where it is served, too.
    """
    other = served or codec
    if not isinstance(other.format, NativeFormat):
        raise DataError("only dialogues in a model's own chat template are written as a whole where they are served")
    trained = encode(codec, domain, tools, view).tokens
    told = Instructions.of(domain, tools, str(view[0].content))
    system = {"role": "system", "content": told.system}
    whole = other.format.encode(other.format.render([system, *other.format.chat(view[1:])], tools=told.tools))
    if trained == whole:
        return None
    pairs = enumerate(zip(trained, whole, strict=False))
    place = next((at for at, (one, two) in pairs if one != two), min(len(trained), len(whole)))
    texts = [one.tokenizer.decode(tokens[place : place + 40]) for one, tokens in ((codec, trained), (other, whole))]
    return Difference(place, *map(str, texts))
