"""Names, paths and messages of anybody are shown, and do nothing: to terminals, logs, hosts, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from archcost.printable import harmless, one_line, visible
from archcost.render.csv_cells import Own, csv_pieces
from archcost.render.formats import FORMATS
from archcost.render.markup import escape_html, escape_markdown, with_code
from archcost.render.verdict_github import escape_data, escape_property
from archcost.render.verdict_output import FORMATS as OF_CHECK
from archcost.strict_json import json_text, plain_data
from tests.trust.streams import Encoded, run

if TYPE_CHECKING:
    from pathlib import Path

# --- terminals and logs -----------------------------------------------------------------------------------------------

UNSAFE = [
    *("\x00", "\x07", "\x08", "\t", "\n", "\r", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\x9b"),
    *("\u200b", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u2060", "\u061c", "\ufeff", "\U000e0041"),
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2066, 0x206A)),
    *("\ud800", "\udcff"),
]


@pytest.mark.parametrize("char", UNSAFE, ids=ascii)
def test_what_moves_a_cursor_or_turns_a_line_is_shown_escaped(char: str) -> None:
    shown = visible(f"a{char}b")
    assert shown.isprintable()
    assert shown == f"a{repr(char)[1:-1]}b"
    assert one_line(f"a{char}b").isprintable()
    assert harmless(f"a{char}b").replace("\n", "").isprintable()
    text = json_text({f"a{char}b": char})
    assert text.replace("\n", "").isprintable()
    assert json.loads(text) == plain_data({f"a{char}b": char})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("::error::x", r"\::error::x"),
        ("a\n::add-mask::x\n", "a\n\\::add-mask::x\n"),
        ("  ::stop-commands::x", r"  \::stop-commands::x"),
        ("\x1b[1m::error::x", "\x1b[1m\\::error::x"),
        ("a ::error::x", "a ::error::x"),
        ("x ##[error]y", r"x #\#[error]y"),
        ("##vso[task.setvariable]x", r"#\#vso[task.setvariable]x"),
        ("##teamcity[buildStop]", r"#\#teamcity[buildStop]"),
        ("## heading", "## heading"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
    ],
)
def test_hosts_read_no_command(text: str, left: str) -> None:
    assert harmless(text, colour=True) == left


def test_colours_are_ours_only_where_we_colour() -> None:
    assert harmless("\x1b[31mred") == r"\x1b[31mred"


def test_the_commands_of_github_are_escaped() -> None:
    text = "100%: a,b\r\n::error::c"
    assert escape_data(text) == "100%25: a,b%0D%0A::error::c"
    assert escape_property(text) == "100%25%3A a%2Cb%0D%0A%3A%3Aerror%3A%3Ac"


NAMES = [
    "\x1b[31mred\x1b[0m",
    "a\n::error::pwned",
    "::error::x",
    "a\u202eb\u2028c",
    "##[error]x",
    "##vso[task]x",
    "a\x9b2Jb",
]
BODY = "archcost: 1\ninput: [8]\nbudgets: {params: 1}\nlayers:\n  - {id: '##[error]', linear: {out_features: 8}}\n"
WRONG = BODY.replace("out_features", "out_featurs")
EVERY = [
    *(["analyze", "SPEC", "--format", name] for name in ("table", "tree", "csv", "markdown", "json")),
    *(["analyze", "SPEC", "SPEC2", "--format", name] for name in ("table", "csv", "markdown", "json")),
    *(["check", "SPEC", "--format", name] for name in OF_CHECK),
    *(["compare", "SPEC", "SPEC2", "--format", name] for name in FORMATS),
    *(["compare", "SPEC", "SPEC2", "SPEC", "--format", name] for name in FORMATS),
    *(["explain", "SPEC", "--format", name] for name in FORMATS),
    *(["explain", "SPEC", "##[error]", "--format", name] for name in FORMATS),
    *(["memory", "SPEC", "--format", name] for name in FORMATS),
    *(["reconcile", "SPEC", "--format", name] for name in FORMATS),
    ["export", "SPEC"],
    ["validate", "SPEC"],
    ["analyze", "NONE"],
    ["analyze", "SPEC", "--set", "NONE=1"],
    ["explain", "SPEC", "NONE"],
    ["analyze", "--NONE"],
]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_names_of_files_do_nothing(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """A name is that of a good file in every fourth command, and of a wrong one before; under ``--all`` of both."""
    monkeypatch.chdir(tmp_path)
    for body in (BODY, WRONG):
        turn = EVERY.index(words) + (body is WRONG)
        for name in NAMES if pytestconfig.getoption("--all") else NAMES[turn % 4 :: 4]:
            (tmp_path / f"{name}.yaml").write_text(body)
            (tmp_path / f"{name}2.yaml").write_text(body.replace("8", "4"))
            given = [
                word.replace("SPEC2", f"{name}2.yaml").replace("SPEC", f"{name}.yaml").replace("NONE", name)
                for word in words
            ]
            ended = run(given, monkeypatch, Encoded("utf-8"), Encoded("utf-8"))
            assert ended.code in (0, 1, 2)
            for text in (ended.out.decode(), ended.err.decode()):
                assert text.replace("\n", "").isprintable()
                assert "##[" not in text
                assert "##vso[" not in text
                begun = [line for line in text.splitlines() if line.lstrip().startswith("::")]
                if "github" not in words:
                    assert not begun
                else:  # ours alone
                    assert all(re.match(r"::(error|warning|notice) (file|title)=", line) for line in begun)
            if "json" in words and ended.code != 2:
                json.loads(ended.out, parse_constant=pytest.fail)
            if "junit" in words:
                ET.fromstring(ended.out.decode())


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_colours_of_others_are_shown_where_ours_are_too(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal that shows colours, the net lets colours pass: names have to be safe before."""
    monkeypatch.chdir(tmp_path)
    foreign = "\x1b[7mred\x1b[27m"  # inverted, as nothing of ours is
    for body in (BODY, WRONG):
        (tmp_path / f"{foreign}.yaml").write_text(body)
        (tmp_path / f"{foreign}2.yaml").write_text(body.replace("8", "4"))
        given = [
            word.replace("SPEC2", f"{foreign}2.yaml").replace("SPEC", f"{foreign}.yaml").replace("NONE", foreign)
            for word in words
            if not word.startswith("--N")
        ]
        streams = [Encoded("utf-8", terminal=True) for _ in range(2)]
        ended = run(given, monkeypatch, *streams)
        assert b"\x1b[7m" not in ended.out + ended.err


def test_a_file_name_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "a\udcff.yaml"
    try:
        (tmp_path / name).write_text(BODY)
    except OSError:
        pytest.skip("the file system has no such names")
    for words in EVERY[:-4]:
        given = [word.replace("SPEC2", name).replace("SPEC", name) for word in words]
        ended = run(given, monkeypatch, Encoded("utf-8"), Encoded("utf-8"))
        assert ended.code in (0, 1), ended.err
        out = ended.out.decode().replace(r"\textbackslash{}", "\\")
        assert r"\udcff" in out or words[0] in ("validate", "explain", "compare") or "sarif" in words


# --- JSON -------------------------------------------------------------------------------------------------------------

FINITE_NOT = (
    "archcost: 1\nname: n\nparams: {a: .inf, b: .nan, c: -.inf}\ninput: [8]\nlayers: [{linear: {out_features: 8}}]\n"
)


@pytest.mark.parametrize("words", [words for words in EVERY if "json" in words], ids=" ".join)
def test_json_is_strict(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(FINITE_NOT)
    (tmp_path / "b.yaml").write_text(FINITE_NOT.replace("8", "4"))
    given = [word.replace("SPEC2", "b.yaml").replace("SPEC", "a.yaml").replace("##[error]", "linear") for word in words]
    ended = run(given, monkeypatch, Encoded("utf-8"))
    assert ended.code == 0
    json.loads(ended.out, parse_constant=pytest.fail)


def test_numbers_without_end_are_written_as_yaml_spells_them() -> None:
    assert plain_data({"a": [float("inf"), -float("inf"), (float("nan"), 1.5)]}) == {
        "a": [".inf", "-.inf", [".nan", 1.5]]
    }
    assert json.loads(json_text([float("inf"), "\udc80"])) == [".inf", r"\udc80"]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=20))
def test_any_document(value: Any) -> None:
    text = json_text(value)
    text.encode()
    assert json.loads(text, parse_constant=pytest.fail) == plain_data(value)
    assert text.replace("\n", "").isprintable()


# --- CSV --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),
        (' "=1', "' \"=1"),
        ("x;=1+1", "x;'=1+1"),
        ("\t=1", r"\t=1"),
        ("\r=1", r"\r=1"),
        ("-12", "-12"),
        ("+1,234.5%", "+1,234.5%"),
        ("-", "'-"),
        ("=", "'="),
        ("+", "'+"),
        ("@", "'@"),
        ("＝", "'＝"),
        ("\t", r"\t"),
        ("\r", r"\r"),
        (" =", "' ="),
        ("x;=", "x;'="),
        (Own("="), "="),
        ("a=b", "a=b"),
        (-12, "-12"),
        (-1.5, "-1.5"),
        (None, ""),
    ],
)
def test_cells_are_no_formulas(cell: object, written: str) -> None:
    assert list(csv.reader(io.StringIO("".join(csv_pieces(["a", "b"], [(cell, 1)])))))[1] == [written, "1"]


@pytest.mark.parametrize("words", [words for words in EVERY if "csv" in words], ids=" ".join)
def test_no_command_writes_a_formula(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    layers = "layers: [{id: '=HYPERLINK(\"http://x\")', relu: }, {id: '@SUM(A1)', linear: {out_features: 8}}]"
    for name in ("=1+1", "-2+3"):
        (tmp_path / f"{name}.yaml").write_text(f"archcost: 1\nname: '{name}'\ninput: [8]\n{layers}\n")
        given = [word.replace("SPEC2", f"./{name}.yaml").replace("SPEC", f"./{name}.yaml") for word in words]
        given = [word.replace("##[error]", "@SUM(A1)") for word in given]
        ended = run(given, monkeypatch, Encoded("utf-8"))
        assert ended.code == 0
        cells = [cell for row in csv.reader(io.StringIO(ended.out.decode())) for cell in row]
        assert not [cell for cell in cells if re.match(r"[=+@＝-].", cell) and not re.fullmatch(r"[+-]?[\d.,]+", cell)]


# --- Markdown ---------------------------------------------------------------------------------------------------------

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# What GitHub and GitLab make something of, once Markdown has been read, in all that is not code.
HOST = re.compile(
    r"@\w|@-\w|#\w|\$|https?://|ftp://|www\.|mailto:|xmpp:|:[a-z0-9_+-]+:|\bGH-\d|\b[0-9a-f]{7,40}\b|(?<!\w)[!%&~^]\w",
    re.IGNORECASE,
)
PAGES = {
    "heading": "### {}\n",
    "cell": "| a | b |\n| :-- | --: |\n| {} | 1 |\n",
    "item": "- ❌ {}: more\n",
    "bold": "❌ **{}.** more\n",
    "text": "where: {}\n",
    "start": "{}\n",
    "bullet": "- {}: more\n",
    "below": "- more\n  - {}: more\n",
}
HOSTILE = [
    "- x",
    "+ x",
    "1. x",
    "12) x",
    "    code",
    "     - x",
    " - x",
    "-",
    "---",
    "- - -",
    "===",
    "> x",
    "1.",
    "_www.example.com",
    "*www.example.com",
    "foo@-evil.example",
    "_mailto:a@b.example",
    "xhttp://example.com",
    ":tada",
    "x:+1",
    "@octocat",
    "a@octocat",
    "@org/team",
    "owner/repo#1",
    "closes #1",
    "fixes GH-12",
    "https://example.com/x",
    "www.example.com",
    "mailto:a@b.example",
    "someone@example.com",
    ":tada:",
    "::tada::",
    "$x$",
    "$$\nx\n$$",
    "[x](y)",
    "![x](y)",
    "<a href=x>",
    "<details>",
    "<!-- x",
    "--> x",
    "`@octocat`",
    "``@octocat",
    "@a`@b|@c\\`@d",
    "|@octocat|",
    "\\@octocat",
    "&#64;octocat",
    "&commat;octocat",
    "[^1]",
    "**x**",
    "~~x~~",
    "~label !1 %2 &3",
    "deadbeefcafe 0123456",
    "a\n\n# b\n\n- @c",
    "# x #",
    "x ###",
    "</summary></details><h1>@a",
    "`",
    "\\",
    "a\\",
]


def _shown(text: str) -> str:
    return " ".join(one_line(text).split())


def _read(page: str, text: str) -> tuple[list[str], list[str], set[str]]:
    """Of a page with the text in it: what is text, what is text or code in their order, and the kinds of markup."""
    words, everything, kinds = [], [], set()
    for token in READER.parse(PAGES[page].format(escape_markdown(text))):
        kinds.add(token.type)
        inline = token.children or []
        kinds |= {child.type for child in inline}
        everything += [child.content for child in inline]
        words.append("".join([child.content if child.type == "text" else "\x00" for child in inline]))
    return words, everything, kinds


def _count(page: str, text: str, kind: str) -> int:
    """Blocks of a kind in a page with the text in it."""
    return sum(token.type.endswith(kind) for token in READER.parse(PAGES[page].format(escape_markdown(text))))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_and_does_nothing(text: str, page: str) -> None:
    words, everything, kinds = _read(page, text)
    assert not any(HOST.search(word) for word in words)
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "em_open", "s_open", "fence", "code_block"}
    lists = {"bullet": 1, "item": 1, "below": 2}.get(page, 0)
    assert _count(page, text, "list_open") == lists
    assert not _count(page, text, "hr")
    assert ("strong_open" in kinds) == (page == "bold")
    assert _shown(text) in _shown("".join(everything))


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("@#$:/\\`|<>[]()*_~&!%^.- \n\taab1deadbf;x"), min_size=1, max_size=30))
@example("`a`@b")
@example("@|`a")
def test_markdown_of_any_text(text: str) -> None:
    for page in ("cell", "text"):
        words, everything, kinds = _read(page, text)
        assert not any(HOST.search(word) for word in words)
        assert not kinds & {"link_open", "image", "html_inline", "html_block", "em_open", "s_open", "strong_open"}
        assert _shown(text) in _shown("".join(everything))


@pytest.mark.parametrize("text", HOSTILE)
def test_html_shows_and_does_nothing(text: str) -> None:
    escaped = escape_html(text)
    root = ET.fromstring(f"<summary>{escaped}</summary>")
    assert {element.tag for element in root.iter()} <= {"summary", "code"}
    assert all(element.tag == "code" or not HOST.search(element.text or "") for element in root.iter())
    assert not any(HOST.search(element.tail or "") for element in root.iter())
    assert "".join(root.itertext()) == one_line(text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("if intended: `archcost baseline update a_b.yaml`", "if intended: `archcost baseline update a_b.yaml`"),
        ("see `archcost check '@a.yaml'` now", "see `archcost check '@a.yaml'` now"),
        ("`archcost check '@a`@b`c'`", r"\`archcost check `'@a`\``@b`\``c'`\`"),
    ],
)
def test_commands_in_help_stay_code(text: str, escaped: str) -> None:
    assert with_code(text) == escaped
    tokens = [child for token in READER.parse(with_code(text)) for child in token.children or ()]
    assert not any(HOST.search(token.content) for token in tokens if token.type == "text")


@pytest.mark.parametrize("words", [words for words in EVERY if "markdown" in words], ids=" ".join)
def test_no_command_writes_live_markdown(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, sources, ids, branches, blocks, messages and the help of errors."""
    monkeypatch.chdir(tmp_path)
    live = "@octocat"
    spec = f"""
archcost: 1
name: '{live} https://example.com #1'
source: '{live} www.example.com <img> :tada:'
input: [8]
blocks: {{'{live}': {{layers: [{{id: '#1', linear: {{out_features: 8}}}}]}}}}
budgets: {{params: {{max: 1, message: 'ask {live} or [x](y)'}}}}
layers: [{{id: '{live}/x', '{live}': }}, {{id: 'GH-1|<b>', linear: {{out_features: 8}}}}, {{id: '##[error]', relu: }}]
"""
    (tmp_path / "@a.yaml").write_text(spec)
    (tmp_path / "@b.yaml").write_text(spec.replace("8}}, {id: '##", "4}}, {id: '##"))
    given = [word.replace("SPEC2", "@b.yaml").replace("SPEC", "@a.yaml") for word in words]
    ended = run(given, monkeypatch, Encoded("utf-8"))
    assert ended.code in (0, 1), ended.err
    for token in READER.parse(ended.out.decode()):
        for child in token.children or ():
            assert child.type not in ("link_open", "image", "html_inline", "em_open")
            if child.type == "text":
                assert not re.search(r"@octo|#1|https?:|www\.|:tada:", child.content)
        if token.type == "html_block" and "summary" in token.content:
            assert "<code>@octocat</code>" in token.content
