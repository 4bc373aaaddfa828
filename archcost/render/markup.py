"""Text of anybody as Markdown and HTML: it shows as it is, and does nothing.

Backslashes keep Markdown itself from reading it. They do not keep GitHub and GitLab from it: those look for mentions,
references, links, emoji and formulas in the text that is left once Markdown has been read, where an escape or an entity
is gone; but not in code. So a word in which they could find anything is shown as code.
"""

from __future__ import annotations

import re
from html import escape

from archcost.printable import one_line

_SYNTAX = re.compile(r"([\\`*_|<>\[\]~#])")  # what Markdown reads, wherever it stands in a line
_ENTITY = re.compile(r"&(?=[#\w])")
# What hosts look for: @name and name@host, #1 and owner/repo#1, formulas, addresses, :emoji: (of which a colon of ours
# may be the second), GH-1, GitLab's !1 %1 ~1 &1, commits. A boundary is whatever is no ASCII letter or digit.
_LIVE = re.compile(
    r"@|#\w|\$|://|(?<![a-z0-9])www\.|(?:mailto|xmpp):|:[\w+-]+(?![^\s:])|(?<![a-z0-9])(?:GH|GHSA|CVE)-\w"
    r"|(?<![a-z0-9_])[!%~&^]\w|(?<![a-z0-9_])[0-9a-f]{7,64}(?![a-z0-9_])",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"^(?:[-+=]+(?= |$)|\d+(?=[.)](?: |$)))")  # what begins a list or a rule where a line begins


def escape_markdown(text: str) -> str:
    """Text within a line or a cell, or at its start: nothing in it is markup, and no host makes anything of it."""
    return _BLOCK.sub(_no_block, _inline(one_line(text).strip(" ")))  # blanks could begin code, and end no bold text


def is_live(text: str) -> bool:
    """Whether a host could find anything in a text."""
    return _LIVE.search(text) is not None


def _inline(text: str) -> str:
    return re.sub(r"\S+", _word, text) if is_live(text) else _plain(text)


def _no_block(match: re.Match[str]) -> str:
    """A list's number has its point escaped, for a backslash before a digit is one that shows."""
    sign = match[0]
    return f"{sign}\\" if sign.isdigit() else f"\\{sign}"


def _word(match: re.Match[str]) -> str:
    """A word, as code where a host could read it; what Markdown reads stands beside the code, never in it."""
    word = match[0]
    if not _LIVE.search(word):
        return _plain(word)
    word, tail = _bare(word)
    parts = [part for part in re.split(r"([\\`|])", word) if part]
    return "".join([_plain(part) if part in "\\`|" else f"`{part}`" for part in parts]) + _plain(tail)


def _bare(word: str) -> tuple[str, str]:
    """A word and the punctuation behind it, unless that is what makes it read."""
    bare = word.rstrip(":;,.!?)")
    return (bare, word[len(bare) :]) if _LIVE.search(bare) else (word, "")


def _plain(text: str) -> str:
    return _SYNTAX.sub(r"\\\1", _ENTITY.sub("&amp;", text))


def escape_html(text: str) -> str:
    """Text within an HTML element, such as a summary, where Markdown is not read."""
    return re.sub(r"\S+", _html_word, one_line(text))


def _html_word(match: re.Match[str]) -> str:
    if not _LIVE.search(match[0]):
        return escape(match[0])
    word, tail = _bare(match[0])
    return f"<code>{escape(word)}</code>{escape(tail)}"


def with_code(text: str) -> str:
    """Our own text with commands between backticks, which stay code; the rest is escaped."""
    pieces = one_line(text).split("`")
    commands = pieces[1::2]
    between = [_inline(piece) for piece in pieces[::2]]
    ours = all(commands) and len(between) == len(commands) + 1
    if not ours or any("`" in (piece[:1], piece[-1:]) for piece in between):  # there are backticks of others
        return escape_markdown(text)
    return between[0] + "".join([f"`{code}`{rest}" for code, rest in zip(commands, between[1:], strict=True)])
