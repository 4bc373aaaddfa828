"""Escapes text for LaTeX: characters that TeX interprets are spelled out, so that TeX shows them and runs nothing."""

from __future__ import annotations

import unicodedata

SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_SPELLED = str.maketrans(SIGNS)


def spelled(text: str) -> str:
    """The text with the signs that mean something to TeX spelled."""
    return text.translate(_SPELLED)


ACCENTS = {  # by the character that combines with the letter before it
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=", "\u0306": r"\u",
    "\u0307": r"\.", "\u0308": r"\"", "\u030a": r"\r", "\u030b": r"\H", "\u030c": r"\v", "\u0327": r"\c",
}  # fmt: skip
LETTERS = {
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}",
    "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
}  # fmt: skip


def accented(letter: str) -> str | None:
    r"""A letter of Europe in ASCII, ``\'{e}`` for é; None where LaTeX has no accent for it."""
    if letter in LETTERS:
        return LETTERS[letter]
    base, *accents = list(unicodedata.normalize("NFD", letter))
    if not (accents and base.isascii() and base.isalpha() and all(each in ACCENTS for each in accents)):
        return None
    for each in accents:
        base = f"{ACCENTS[each]}{{{base}}}"
    return base
