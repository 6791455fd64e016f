"""A chat message as clauses: spelling as in chats made regular, sentences cut at their marks and contrasts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolgym.language.text import sentences
from toolgym.messages import STOP_MARKS

_QUOTES = str.maketrans(
    {
        "\u2019": "'",
        "\u2018": "'",
        "\u00b4": "'",
        "`": "'",
        "\u2026": "...",
        "*": " ",
        "_": " ",
        '"': " ",
        "\u201c": " ",
        "\u201d": " ",
    }
)
_SIGNS = str.maketrans(
    dict.fromkeys("\U0001f44d\U0001f44c\u2705\u2714\U0001f197\U0001f91d\U0001f4af", " yes ")
    | dict.fromkeys("\U0001f44e\u274c\U0001f6ab\U0001f6d1\u2716\u26d4\U0001f645", " no ")
)
"""What a thumb up or down, a tick or a cross, stands for."""
_SHORT = {
    "pls": "please",
    "plz": "please",
    "plss": "please",
    "plzz": "please",
    "ty": "thanks",
    "tysm": "thanks",
    "thx": "thanks",
    "tnx": "thanks",
    "thanx": "thanks",
    "thnx": "thanks",
    "u": "you",
    "ur": "your",
    "r": "are",
    "tho": "though",
    "altho": "although",
    "cuz": "because",
    "coz": "because",
    "bc": "because",
    "b4": "before",
    "nvm": "never mind",
    "nevermind": "never mind",
    "idk": "i don't know",
    "wanna": "want to",
    "gotta": "got to",
    "gonna": "going to",
    "lemme": "let me",
    "gimme": "give me",
    "gud": "good",
    "gd": "good",
    "rn": "right now",
    "asap": "right away",
    "cannot": "can't",
    "til": "until",
    "till": "until",
    "im": "i'm",
    "ive": "i've",
    "thats": "that's",
    "theres": "there's",
    "lets": "let's",
    "youre": "you're",
    "whats": "what's",
    "hes": "he's",
    "shes": "she's",
} | {
    f"{verb}nt": f"{verb}n't"
    for verb in (
        "do",
        "does",
        "did",
        "is",
        "are",
        "was",
        "were",
        "wo",
        "ca",
        "could",
        "would",
        "should",
        "have",
        "has",
        "had",
    )
}
_OFTEN_MISTYPED = (
    "ahead",
    "proceed",
    "confirm",
    "confirmed",
    "correct",
    "perfect",
    "absolutely",
    "definitely",
    "certainly",
    "exactly",
    "continue",
    "affirmative",
    "approve",
    "approved",
    "actually",
    "instead",
    "different",
    "except",
    "unless",
    "cancel",
    "please",
    "incorrect",
    "mistake",
    "although",
)
_OTHER_WORDS = frozenset(
    re.findall(
        r"\w+",
        "head heads proceeds conform conforms confirms perfects prefect corrects pleased pleases plead pleas approves "
        "cancels cancer certainty continued continues expect accept excepts exact direct mistakes mistaken lease",
    )
)
"""Words that differ by one letter from those that are often mistyped."""
_LONGEST = 14  # letters of a word that may be a slip of the keys


def _cut(word: str) -> set[str]:
    """A word with one letter left out, each in turn."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


_MEANT = {cut: word for word in _OFTEN_MISTYPED for cut in _cut(word)} | {word: word for word in _OFTEN_MISTYPED}
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?\d?")
_SPLIT_YES = re.compile(r"\b(?:y es|ye s)+\b")
_LONG = re.compile(r"([a-z])\1{2,}")
_ENDS = re.compile(r"(?<=;)\s+|\.{2,}")
_BREAK = re.compile(r"[,;:()]+|\s[-\u2013]+\s|\u2014|--+|\b(?=(?:but|however|although|though)\b)")
_CONTRAST = re.compile(r"\W*(?:but|however)\b")
_TRAILING = ".!;)' \t"


@dataclass(frozen=True)
class Clause:
    """A part of a sentence.

    Args:
        text: Its words in lower case.
        sentence: The number of its sentence, from 0.
        question: Whether it belongs to a sentence that ends with a question mark.
        contrast: Whether a "but" sets it against what came before.
    """

    text: str
    sentence: int
    question: bool
    contrast: bool


def regular(text: str) -> str:
    """A message in lower case, without stop marks, its chat spellings and slips of the keys written out.

    Example:
        >>> regular("Yess plz, go ahed, thats fine")
        "yess please, go ahead, that's fine"
    """
    for mark in STOP_MARKS:
        text = text.replace(mark, " ")
    text = text.translate(_SIGNS).translate(_QUOTES).lower()
    text = _LONG.sub(r"\1\1", _SPLIT_YES.sub("yes", text))
    return _WORD.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    word = found.group()
    if word in _SHORT:
        return _SHORT[word]
    if not 4 <= len(word) <= _LONGEST or word in _OTHER_WORDS or "'" in word:
        return word
    if word in _MEANT:
        return _MEANT[word]
    return next((_MEANT[cut] for cut in sorted(_cut(word)) if cut in _MEANT), word)


def spoken_sentences(text: str) -> list[str]:
    """The sentences of a message as :func:`regular` writes it, each with its mark; dots and a semicolon end one too."""
    parts = [part for one in sentences(regular(text)) for part in _ENDS.split(one)]
    return [part.strip() for part in parts if re.search(r"\w", part)]


def clauses(sentence: str, number: int = 0) -> list[Clause]:
    """The clauses of a sentence: cut at commas, brackets and dashes, and before a contrast.

    Example:
        >>> [(one.text, one.contrast) for one in clauses("it's not ideal but yes, go ahead.")]
        [("it's not ideal", False), ('yes', True), ('go ahead', False)]
    """
    question = sentence.rstrip(")' ").endswith("?")
    found = []
    contrast = False
    for part in _BREAK.split(sentence):
        against = _CONTRAST.match(part)
        contrast = contrast or against is not None
        words = part[against.end() :] if against else part
        words = words.strip(_TRAILING + "?")
        if not re.search(r"\w", words):
            continue
        found.append(Clause(words, number, question, contrast))
        contrast = False
    return found
