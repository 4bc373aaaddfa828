"""Helpful messages for YAML syntax errors, and for expressions that YAML cuts at a comma."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from archcost.errors import Diagnostic, Mark

if TYPE_CHECKING:
    from archcost.errors import Source

NOT_TEXT = yaml.reader.Reader.NON_PRINTABLE  # compiled already: a character class of this size takes 3 ms
_MAX_EXPRESSION = 1000
QUOTE = 'quote the expression: "$(…)"'
_JOINED = re.compile(r"(?: *- )? *(\w+)(:| *= *)([^\s:=][^:=]*)")  # a key and its value, without `: ` between
_BEFORE_FLOW = re.compile(r" *(?:- )? *(\w+):\{")
_OTHER_DASH = re.compile(r" *([–—−•·])[ \t]+(\w[\w.]{0,98})")
_WIDE_COLON = re.compile(r" *(?:- )? *(\w{1,99})：")
_SIDES = ("<<<<<<< ", "=======", ">>>>>>> ")  # as git marks them
_DASH = re.compile(r" *(-)([A-Za-z][\w.]*)")
_WORDS = {  # part of libyaml's or PyYAML's message -> what it means here, and what would mend it
    "mapping values are not allowed": (
        "a `:` is not expected here",
        "indent the keys of a level alike, put nested keys on lines below or inside `{}`, quote a text that holds `: `",
    ),
    "found unexpected ':'": (
        "the `:` of this key has no blank behind it",
        "a key and its value are written `key: value`",
    ),
    "could not find expected ':'": (
        "this key has no `: ` after it",
        "a key and its value are written `key: value`, and an item of a list `- item`",
    ),
    "did not find expected key": (
        "expected a key of the mapping above, or its end",
        "indent the keys of a mapping alike, and close every quote, `{` and `[`",
    ),
    "did not find expected '-' indicator": (
        "expected the next `- ` of the list above, or its end",
        "indent the items of a list alike",
    ),
    "expected ',' or '}'": (
        "expected a comma or the closing `}`",
        "every `{` needs its `}`, and items a comma between",
    ),
    "expected ',' or ']'": (
        "expected a comma or the closing `]`",
        "every `[` needs its `]`, and items a comma between",
    ),
    "did not find expected node content": ("expected a value", ""),
    "block sequence entries are not allowed": (
        "a list item `- ` is not expected here",
        "put the list on the lines below its key",
    ),
    "found unexpected end of stream": ("a quote is opened and never closed", "close it, or leave it out"),
    "found unexpected document indicator": ("a quote is opened and never closed", "close it, or leave it out"),
    "unknown escape": ("an unknown escape after `\\`", "single quotes take a backslash as it is"),
    "cannot start any token": ("a plain value cannot start with this character", "quote the value"),
    "expected alphabetic or numeric character": ("a name is expected after `&` or `*`", "quote a text that starts so"),
    "undefined tag handle": ("tags (`!`) have no meaning here", "quote a text that starts with `!`"),
    "expected <document start>": ("this belongs to no key: the document has ended", "indent all keys of a level alike"),
}


def place(source: Source, index: int, length: int = 1) -> Mark:
    """The mark of a character of the text."""
    lines = (source.text[:index] + "x").splitlines()
    return Mark(source, len(lines) - 1, len(lines[-1]) - 1, length)


def expression_at(text: str, start: int) -> str:
    """The ``$(…)`` that starts here, up to the parenthesis that closes it; empty if there is none."""
    depth = 0
    for index in range(start + 1, min(start + _MAX_EXPRESSION, len(text))):
        depth += (text[index] == "(") - (text[index] == ")")
        if depth == 0:
            return text[start : index + 1]
    return ""


def split_diagnostic(expression: str, mark: Mark) -> Diagnostic:
    """The problem that YAML ends an expression too early."""
    words = " ".join(expression.split())
    quote = "'" if '"' in words else '"'
    hint = f"quote the expression: {quote}{words}{quote}" if words and quote not in words else QUOTE
    return Diagnostic("YAML ends this expression at a comma, bracket or brace", mark, hint)


def syntax_diagnostic(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    """A syntax error at its place, with a way out for the traps that specs run into."""
    problem = error.problem or error.context or "this is not YAML"
    found = error.problem_mark or error.context_mark
    if "quote" in _words(problem)[0] or "':'" in problem:
        found = error.context_mark or found  # where it begins, not where YAML gives up
    line, column = (found.line, found.column) if found else (0, 0)
    text = source.line(line)
    before = text[: column + 1]
    opened = before.rfind("$(")
    if opened >= 0 and before.count("(", opened) > before.count(")", opened):
        return split_diagnostic(expression_at(text, opened), Mark(source, line, opened, max(1, column - opened)))
    tab = _tab(text, column)
    if tab is not None:
        return Diagnostic("YAML is not indented with tabs", Mark(source, line, tab), "use spaces")
    brace = before.rfind("${")
    if brace >= 0:
        name = text[brace + 2 :].partition("}")[0].strip()
        hint = f"write `${name}`" if name.isidentifier() else "write `$name` or `$(…)`"
        return Diagnostic("'${' does not begin an expression", Mark(source, line, brace, 2), hint)
    trap = _conflict(source, line) or _wrong_sign(source, line, problem)
    trap = trap or _blank_missing(source, line, column, problem)
    if trap is not None:
        return trap
    message, hint = _words_at(problem, text, column)
    kind = before.partition("{")[0].strip(" -")
    if kind.isidentifier() and "{" in before and "mapping values" in problem:
        message, hint = f"a `:` is missing between {kind} and its attributes", f"write `{kind}: {{…}}`"
        column = before.index(kind) + len(kind)
    bare = _kind_above(source, line, text) if "mapping values" in problem else ""
    if bare:
        message = f"the step '{bare}' has no `:`, so that the line below belongs to its name"
        hint = _with_colon(bare, text.strip())
    notes: tuple[str, ...] = ()
    context = error.context_mark
    if context is not None and context.line != line:
        opening = source.line(context.line)[context.column : context.column + 1]
        what = {"{": "the `{`", "[": "the `[`", '"': "the quote", "'": "the quote", "-": "the list"}.get(opening)
        notes = (f"{what or 'the mapping'} starts at {source.name}:{context.line + 1}:{context.column + 1}",)
    if column >= len(text) and line > 0 and not text.strip():
        line, column = _end_of_text(source, line)
    return Diagnostic(message, Mark(source, line, column), hint, notes)


def _conflict(source: Source, line: int) -> Diagnostic | None:
    """The problem that git has left both sides of a merge in the file."""
    if not source.line(line).startswith(_SIDES):
        return None
    return Diagnostic("a merge conflict is left here", Mark(source, line, 0, 7), "keep one of its sides, or join them")


def _wrong_sign(source: Source, line: int, problem: str) -> Diagnostic | None:
    """The problem that a dash has no blank behind it, or that a dash or a colon is of another alphabet; or None."""
    text = source.line(line)
    if len(text) > _MAX_EXPRESSION or not ("could not find" in problem or "mapping values" in problem):
        return None
    if dash := _DASH.match(text):
        mark = Mark(source, line, dash.start(1))
        return Diagnostic("a blank is missing behind the `-`", mark, f"write `- {dash[2]}`")
    if other := _OTHER_DASH.match(text):
        message = f"an item of a list begins with `-`, and this is `{other[1]}`"
        return Diagnostic(message, Mark(source, line, other.start(1)), f"write `- {other[2]}`")
    for place in range(line, max(-1, line - 2), -1):
        if wide := _WIDE_COLON.match(source.line(place)[:_MAX_EXPRESSION]):
            mark = Mark(source, place, wide.end() - 1)
            return Diagnostic("a key ends with `:`, and this is a full-width colon", mark, f"write `{wide[1]}: `")
    return None


def _blank_missing(source: Source, line: int, column: int, problem: str) -> Diagnostic | None:
    """The problem that a colon has no blank behind it, which makes it a part of the word; None elsewhere."""
    text, above = source.line(line), source.line(line - 1) if line else ""
    if max(len(text), len(above)) > _MAX_EXPRESSION or "mapping values" not in problem:
        return None
    flow = _BEFORE_FLOW.match(text)
    if flow is not None and flow.end() <= column:
        mark = Mark(source, line, flow.end() - 1)
        return Diagnostic(f"a blank is missing behind `{flow[1]}:`", mark, f"write `{flow[1]}: {{…}}`")
    joined = _JOINED.fullmatch(above.partition(" #")[0])
    if joined is None:
        return None
    hint = f"write `{joined[1]}: {joined[3].strip()}`"
    return Diagnostic("a key and its value need `: ` between them", Mark(source, line - 1, joined.start(2)), hint)


def _kind_above(source: Source, line: int, text: str) -> str:
    """The bare kind of a step on the line before, where a modifier or an attribute follows that is indented."""
    above = source.line(line - 1).partition(" #")[0] if line else ""
    kind = above.strip().removeprefix("- ").strip()
    follows = len(text) - len(text.lstrip()) > len(above) - len(above.lstrip())
    return kind if above.lstrip().startswith("- ") and follows and kind.replace(".", "_").isidentifier() else ""


def _with_colon(kind: str, below: str) -> str:
    """How a bare kind takes the line below it: a modifier in line with it, an attribute further in."""
    from archcost.spec.vocabulary import MODIFIERS

    key = below.partition(":")[0].strip()
    if key in MODIFIERS:
        return f"write `- {{{kind}, {below}}}`, or `- {kind}:` with `{key}` in line with it"
    return f"write `- {kind}:`, and indent `{key}` further than `{kind}`"


def _words_at(problem: str, text: str, column: int) -> tuple[str, str]:
    """The message and the help for a problem at a place in a line."""
    if "did not find expected" in problem and text[:column].rstrip().endswith(("}", "]")):
        return _after_closing(text[:column].strip(), text[column:].strip())
    if "expected key" in problem and text.lstrip().startswith("- "):
        return _words("did not find expected '-' indicator")
    return _words(problem)


def _after_closing(before: str, rest: str) -> tuple[str, str]:
    """The message and the help for what follows the last brace or bracket of a value on its line."""
    message = f"nothing can follow the closing `{before[-1]}`"
    if rest[:1] in ("}", "]"):
        return message, f"this `{rest[0]}` closes nothing: leave it out, or open it"
    more = rest.lstrip(", ")
    if not more or more.startswith("#"):
        return message, "leave the comma out"
    if before.startswith("- ") and ": " in more:
        return message, f"braces go around what belongs together: `- {{{before[2:].strip()}, {more}}}`"
    return message, "begin the next step on a line of its own, with `- `"


def _words(problem: str) -> tuple[str, str]:
    return next((words for part, words in _WORDS.items() if part in problem), (f"YAML: {problem}", ""))


def _tab(text: str, column: int) -> int | None:
    """The column of a tab in the indentation of a line, or where YAML stumbled over one."""
    indentation = text[: len(text) - len(text.lstrip())]
    if "\t" in indentation:
        return indentation.index("\t")
    return column if text[column : column + 1] == "\t" else None


def _end_of_text(source: Source, line: int) -> tuple[int, int]:
    """The last character before a line that is empty: where something unclosed can be seen to end."""
    while line > 0 and not source.line(line).strip():
        line -= 1
    return line, max(0, len(source.line(line).rstrip()) - 1)
