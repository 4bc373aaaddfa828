"""Signs that an encoding does not have, by ones that it has: ``×`` is ``x`` and a bar is of ``#``."""

from __future__ import annotations

_LIKES = {
    "×": "x", "·": "*", "−": "-", "–": "-", "—": "-", "…": "...", "→": "->", "←": "<-", "≥": ">=", "≤": "<=",
    "≈": "~", "±": "+-", "Δ": "d", "√": "sqrt", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")",
    "µ": "u", "μ": "u", "γ": "gamma", "β": "beta", "²": "^2", "³": "^3", "⁶": "^6", "∞": "inf",
    "✓": "ok", "✗": "x", "✅": "ok", "❌": "x", "⚠": "!", "❔": "?", "\ufe0f": "", "◂": "<", "†": "*", "•": "*",
    "│": "|", "├": "|", "└": "`", "─": "-", "━": "-", "╸": "-", "╺": "-",
    "‘": "'", "’": "'", "“": '"', "”": '"',
    **dict.fromkeys("█▉▊▋▌▍▎▏", "#"),
}  # fmt: skip
_CUT = "~"  # for the sign of a cell that was cut, where three points have no room
_BRAILLE = range(0x2800, 0x2900)  # of a spinner


def has(encoding: str, text: str) -> bool:
    """Whether an encoding can write a text; one that Python does not know can write ASCII alone."""
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def fitted(text: str, encoding: str) -> str:
    """The text, with what the encoding does not have replaced by what is like it, or escaped."""
    if text.isascii() or has(encoding, text):
        return text
    if not has(encoding, "·"):
        text = text.replace(" · ", " - ")  # which stands between words; between factors it is a product
    return "".join([char if char.isascii() or has(encoding, char) else _like(char) for char in text])


def _like(char: str) -> str:
    if ord(char) in _BRAILLE:
        return "*"
    like = _LIKES.get(char)
    return like if like is not None else char.encode("ascii", "backslashreplace").decode("ascii")


def cut_mark(encoding: str) -> str:
    """The sign, of one column, that something was cut off."""
    return "…" if has(encoding, "…") else _CUT
