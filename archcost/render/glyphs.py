"""Text in an encoding that does not have all its signs.

What people read gets signs that are like them: ``×`` is ``x`` and a bar is of ``#``. What programs read gets the
escapes of its own format, so that it means the same, and nothing in it can end a string, a cell or a code span. Such a
document is ASCII in all encodings but UTF-8, because its readers know no other.
"""

from __future__ import annotations

import codecs

_LIKES = {
    "×": "x", "·": "*", "−": "-", "–": "-", "—": "-", "÷": "/", "…": "...", "→": "->", "←": "<-", "↑": "^", "↓": "v",
    "≥": ">=", "≤": "<=", "●": "*",
    "≈": "~", "±": "+-", "Δ": "d", "√": "sqrt", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")",
    "µ": "u", "μ": "u", "α": "alpha", "β": "beta", "γ": "gamma", "ε": "eps", "λ": "lambda", "σ": "sigma", "Σ": "sum ",
    "‖": "||", "½": "1/2", "₁": "_1", "₂": "_2", "₃": "_3", "ₑ": "_e", "ˣ": "^x", "ᵖ": "^p", "ᵀ": "^T", "⁻": "^-",
    "²": "^2", "³": "^3", "⁶": "^6", "∞": "inf",
    "✓": "ok", "✗": "x", "✅": "ok", "❌": "x", "⚠": "!", "❔": "?", "\ufe0f": "", "◂": "<", "▸": ">",
    "†": "*", "•": "*", "‰": " per mille",
    "│": "|", "├": "|", "└": "`", "─": "-", "━": "-", "╸": "-", "╺": "-",
    **dict.fromkeys("█▉▊▋▌▍▎▏", "#"),
}  # fmt: skip
_ESCAPES = {  # by format, the handler of what ASCII does not have
    **dict.fromkeys(("json", "sarif", "gitlab"), "archcost.json"),
    **dict.fromkeys(("junit", "markdown", "svg"), "xmlcharrefreplace"),
    "python": "backslashreplace",
}
_CUT = "~"  # for the sign of a cell that was cut, where three points have no room
_BRAILLE = range(0x2800, 0x2900)  # of a spinner


def has(encoding: str, text: str) -> bool:
    """Whether an encoding can write a text; one that Python does not know can write ASCII alone."""
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def encodable(text: str, encoding: str, format: str) -> str:  # noqa: A002 - as the option
    """The text of a format, as an encoding can write it and the readers of the format understand it."""
    if _is_utf8(encoding) and has(encoding, text):
        return text
    if format in _ESCAPES:
        return text.encode("ascii", _ESCAPES[format]).decode("ascii")
    if format == "csv":  # its readers take the encoding of the machine; a backslash quotes nothing there
        return "".join([char if has(encoding, char) else _escape(char) for char in text])
    return fitted(text, encoding)


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def _json_escapes(error: UnicodeError) -> tuple[str, int]:
    r"""``\u00e9``, and two of them for what is beyond 16 bits."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join([f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4)]), error.end


codecs.register_error("archcost.json", _json_escapes)


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
    return like if like is not None else _escape(char)


def _escape(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode("ascii")


def cut_mark(encoding: str) -> str:
    """The sign, of one column, that something was cut off."""
    return "…" if has(encoding, "…") else _CUT
