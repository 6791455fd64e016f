"""What of a model's settings may be secret: it stands as a digest wherever they are kept, and is shown nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote, quote_plus, unquote

_WORD = re.compile(r"[A-Z]*[a-z]+|[A-Z]+|[0-9]+")
_WITHIN = re.compile(
    "secret|password|passwd|passphrase|credential|token|apikey|accesskey|privatekey|bearer|cookie|signature|authoriz"
    "|authent|oauth|session|connectionstring|webhook"
)
"""What makes a name that of a secret wherever it stands in it."""
_AT_AN_END = re.compile("^(?:key|auth|pwd|creds|license)|(?:key|auth|jwt|pass|pwd|pin|creds?|license|dsn)s?$")
"""What does so at its beginning or its end, also glued to another word."""
_WORDS = frozenset(["auth", "creds", "key", "keys", "jwt", "pass", "pin", "private", "pw", "sig"])
"""What does so as a word of its own."""
_HEADERS = re.compile("headers?$|^(?:extra|default)query$|^query(?:string|params?)$")
"""Names whose values are all hidden: any of them may be a secret."""
_SAMPLING = frozenset(
    re.findall(
        r"\w+",
        "stop stop_token_ids stop_tokens stop_token eos_token bos_token pad_token eos_token_id bos_token_id "
        "pad_token_id max_tokens max_completion_tokens max_output_tokens max_new_tokens min_tokens min_new_tokens "
        "budget_tokens max_thinking_tokens thinking_token_budget reasoning_tokens truncate_prompt_tokens "
        "skip_special_tokens "
        "add_special_tokens spaces_between_special_tokens return_token_ids return_tokens_as_token_ids "
        "allowed_token_ids bad_token_ids bad_words logit_bias tokenizer tokenizer_mode temperature top_k top_p min_p "
        "n_keep keep_alive seed grammar",
    )
)
"""Arguments of sampling: they are read and compared, and are not secret, whatever words are in their names."""
_NAME, _VALUE = ("name", "key", "header", "field", "id"), ("value", "values", "val", "content", "data", "default")
"""How an entry of a list names what it sets, and where its value is."""

_SET = re.compile(
    r"""(?P<name>[\w.%\[\]-]+)(?P<sign>["']?\s*[=:]\s*["']?)"""
    r"""(?P<value>(?:(?:Bearer|Basic|Token)\s+)?[^\s&;,#"'(){}]+)""",
    re.IGNORECASE,
)
_SCHEME = re.compile(
    r"(?P<scheme>(?i:\bBearer\s+)|(?i:^\s*Basic\s+)(?=\S+\s*$)|(?i:\bBasic\s+)(?=\S*(?:[0-9=+/]|[a-z][A-Z])))"
    r"(?P<value>[^\s\"',;]+)"
)
_USER = re.compile(r"(?<=//)(?!sha256:)[^/?#\s]+(?=@)|(?<![\w/:.+~%-])(?!sha256:)[\w.+~%-]+:[^\s/@]+(?=@[\w\[])")
_SHAPE = re.compile(
    r"\b(?:(?:sk|pk|rk|nvapi|xai)-[\w-]{8,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|(?:hf|gsk|sk|pk|rk|r8)_\w{16,}"
    r"|AKIA[0-9A-Z]{12,}|AIza[\w-]{20,}|xox[abprs]-[\w-]{8,}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)"
)
"""Keys that tell by their look that they are some."""
SHORTEST = 4
"""Characters of a text that is taken out of what a server says, at least: shorter ones stand in any sentence."""


def masked(value: Any, secrets: Collection[str] = ()) -> Any:
    """Settings with digests in place of what may be secret.

    Masked are all values of headers and of a query; values whose name looks like a secret's, at any depth, also in an
    entry of a list that has a name and a value; in texts a user and password before a host, what follows such a name
    or ``Bearer``, and what looks like a key; and any text that holds one of the secrets that are known. Rather too much
    is masked than too little, but for arguments of sampling.

    Args:
        value: JSON-able data.
        secrets: Texts that are secret wherever they stand, such as the API key in use.

    Example:
        >>> masked({"extra_body": {"api_key": "sk-1"}, "max_tokens": 7})
        {'extra_body': {'api_key': 'sha256:0f2c10bf3d128c71'}, 'max_tokens': 7}
    """
    return _mask(value, digest, secrets)


def hidden(value: Any) -> list[str]:
    """The texts that :func:`masked` hides, each once.

    Example:
        >>> hidden({"extra_headers": {"Authorization": "Bearer hush"}})
        ['Bearer hush', 'hush']
    """
    found: dict[str, None] = {}

    def note(secret: object) -> str:
        text = str(secret)
        found.update(dict.fromkeys([text, text.rpartition(" ")[2], text.rpartition(":")[2]]))
        return digest(secret)

    _mask(value, note, ())
    return list(found)


def hushed(text: str, secrets: Iterable[str]) -> str:
    """A text with ``***`` in place of secrets that it repeats, also as they stand in JSON or in a URL.

    Args:
        text: What a server said.
        secrets: What must not be shown; what has less than :data:`SHORTEST` characters is passed over.

    Example:
        >>> hushed("the key hush is unknown", ["hush"])
        'the key *** is unknown'
    """
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= SHORTEST:
            forms |= {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}
            forms |= {quote(secret), repr(secret)[1:-1], " ".join(secret.split())}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def shown(url: str) -> str:
    """An endpoint's URL as messages show it, without a name, password or query.

    Example:
        >>> shown("https://me:secret@models.example/v1?token=1")
        'https://models.example/v1'
    """
    scheme, mark, rest = url.rpartition("://") if re.match(r"[\w+.-]+://", url) is None else url.partition("://")
    if mark:
        host, slash, path = re.split("[?#;]", rest, maxsplit=1)[0].partition("/")
        return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
    return re.split("[?#;]", rest.rpartition("@")[2], maxsplit=1)[0]


def looks_like_a_key(text: str) -> bool:
    """Whether a text is a key by its look."""
    return _SHAPE.match(text) is not None


def digest(value: object) -> str:
    """What stands in place of a secret: the same for the same."""
    return f"sha256:{sha256(str(value).encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _mask(value: Any, hide: Callable[[object], str], secrets: Collection[str]) -> Any:
    if isinstance(value, Mapping):
        named = any(isinstance(value.get(name), str) and _is_secret(value[name]) for name in _NAME)
        return {
            name: _hide_all(item, hide)
            if _is_secret(str(name), item) or (named and str(name).lower() in _VALUE)
            else _known(item, hide, secrets)
            if name in _SAMPLING
            else _mask(item, hide, secrets)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        if len(value) == 2 and isinstance(value[0], str) and _is_secret(value[0]):  # a name and its value
            return [value[0], _hide_all(value[1], hide)]
        return [_mask(item, hide, secrets) for item in value]
    if isinstance(value, str):
        return _in_text(_known(value, hide, secrets), hide)
    return value


def _known(value: Any, hide: Callable[[object], str], secrets: Collection[str]) -> Any:
    """A value in which texts that hold a known secret are hidden, and nothing else."""
    if isinstance(value, Mapping):
        return {name: _known(item, hide, secrets) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_known(item, hide, secrets) for item in value]
    if isinstance(value, str) and any(secret and secret in value for secret in secrets):
        return hide(value)
    return value


def _hide_all(value: Any, hide: Callable[[object], str]) -> Any:
    """All texts and numbers in a value hidden."""
    if isinstance(value, Mapping):
        return {name: _hide_all(item, hide) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hide_all(item, hide) for item in value]
    return value if value is None or isinstance(value, bool) else hide(value)


def _is_secret(name: str, value: Any = "") -> bool:
    """Whether a name is that of something secret; numbers of tokens and their ids are not."""
    if name in _SAMPLING:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    whole = re.sub("(?:de)?tokeni[sz](?:ers?|ation|e)", "", "".join(words))
    if _HEADERS.search(whole) or not _WORDS.isdisjoint(words) or _AT_AN_END.search(whole):
        return True
    found = _WITHIN.search(whole)
    if found is None:
        return False
    counted = found[0] == "token" and re.search("tokens|tokenids?", whole) is not None
    return not (counted and _is_numbers(value))


def _is_numbers(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[\d.]{1,7}", value) is not None
    numbers = value if isinstance(value, list | tuple) else [value]
    return all(isinstance(number, int | float) for number in numbers)


def _in_text(text: str, hide: Callable[[object], str]) -> str:
    """A text with digests in place of what may be secret in it."""

    def put(found: re.Match[str]) -> str:
        if not _is_secret(unquote(found["name"]), found["value"]):
            return found[0]
        return f"{found['name']}{found['sign']}{hide(unquote(found['value']))}"

    text = _SET.sub(put, text)
    text = _SCHEME.sub(lambda found: f"{found['scheme']}{_once(found['value'], hide)}", text)
    text = _USER.sub(lambda found: hide(found[0]), text)
    return _SHAPE.sub(lambda found: hide(found[0]), text)


def _once(value: str, hide: Callable[[object], str]) -> str:
    return value if re.fullmatch("sha256:[0-9a-f]{16}", value) else hide(value)
