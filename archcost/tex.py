"""Escapes text for LaTeX: characters that TeX interprets are spelled out, so that TeX shows them and runs nothing."""

from __future__ import annotations

SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_SPELLED = str.maketrans(SIGNS)


def spelled(text: str) -> str:
    """The text with the signs that mean something to TeX spelled."""
    return text.translate(_SPELLED)
