"""Whatever the encoding of standard output: documents mean the same, and nothing that fits a text makes it act."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import sys
from html import unescape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from archcost.printable import harmless
from archcost.render.glyphs import _LIKES, encodable
from archcost.render.progress import progress, spinner
from tests.trust.streams import Encoded, run

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark.structures import ParameterSet

ENCODINGS = ("ascii", "cp1252", "latin-1", "cp437", "utf-8", "utf-16", "no-such-codec")
OTHERS = tuple(name for name in ENCODINGS[:-1] if name != "utf-8")  # that there are
HOSTILE = [
    "██vso[task.setvariable]x",
    "#█[error]x",
    ":\ufe0f:error::x",
    "\ufe0f::error::x",
    '“, "ok": true, "x": “',
    '“““; import os; os.system("echo PWNED"); “““',
    "café 🎉 ×",
    "a ≤ b ≥ c → d <x>",
    "└@octocat└ │ x │",
    "−1+1",
    "—cmd",
    "’; rm -rf ~; ’",
    "…/…",
    "\\“ \\× '''×",
    "é×1234567",
]
SPEC = """archcost: 1
name: {0}
source: {0}
input: [8]
budgets: {{params: {{max: 1, message: {0}}}}}
layers: [{{id: {1}, linear: {{out_features: 8}}}}, {{id: b, relu: }}]
"""
COMMAND = re.compile(r"##\w*\[|^\s*::", re.MULTILINE)
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TARGETS = {
    "table": ["analyze", "SPEC"],
    "tree": ["analyze", "SPEC", "--format", "tree"],
    "csv": ["analyze", "SPEC", "--format", "csv"],
    "json": ["analyze", "SPEC", "--format", "json"],
    "markdown": ["analyze", "SPEC", "--format", "markdown"],
    "full": ["check", "SPEC"],
    "limits": ["check", "SPEC", "--format", "table"],
    "limits tree": ["check", "SPEC", "--format", "tree"],
    "findings": ["check", "SPEC", "--format", "csv"],
    "sarif": ["check", "SPEC", "--format", "sarif"],
    "gitlab": ["check", "SPEC", "--format", "gitlab"],
    "junit": ["check", "SPEC", "--format", "junit"],
    "github": ["check", "SPEC", "--format", "github"],
    "verdict": ["check", "SPEC", "--format", "markdown"],
    "python": ["export", "SPEC"],
    "text": ["explain", "SPEC"],
}


def _written(target: str, name: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> str:
    identifier = re.sub(r"[\s./'\"]", "_", name)
    with open("net.yaml", "w", encoding="utf-8") as file:
        file.write(SPEC.format(json.dumps(name, ensure_ascii=False), json.dumps(identifier, ensure_ascii=False)))
    words = [word.replace("SPEC", "net.yaml") for word in TARGETS[target]]
    ended = run(words, monkeypatch, Encoded(encoding), Encoded(encoding))
    assert ended.code == (1 if words[0] == "check" else 0), ended.err
    assert not COMMAND.search(ended.err.decode(encoding))
    return ended.out.decode(encoding)


def _means(target: str, text: str) -> object:
    """What a reader of the format takes from it."""
    if target in ("json", "sarif", "gitlab"):
        return json.loads(text, parse_constant=pytest.fail)
    if target == "junit":
        return ET.canonicalize(text)
    if target == "python":
        return ast.dump(ast.parse(text))
    if target in ("markdown", "verdict"):
        return unescape(unescape(READER.render(text)))
    return None


def _pair(place: int, name: str, other: int, target: str) -> ParameterSet:
    """Every second pair is long: each name has half of the targets, and each target half of the names."""
    marks = [pytest.mark.long] if (place + other) % 2 else []
    return pytest.param(name, target, marks=marks, id=f"{name!a}-{target}")


PAIRS = [_pair(*one, *other) for one in enumerate(HOSTILE) for other in enumerate(TARGETS)]


@pytest.mark.parametrize(("name", "target"), PAIRS)
def test_a_name_does_nothing_in_any_encoding(
    name: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """In UTF-8 and another encoding, so that each name and each target has each of them; under ``--all`` in all."""
    monkeypatch.chdir(tmp_path)
    utf8 = _written(target, name, "utf-8", monkeypatch)
    meant = _means(target, utf8)
    turn = (HOSTILE.index(name) + list(TARGETS).index(target)) % len(OTHERS)
    others = OTHERS if pytestconfig.getoption("--all") else OTHERS[turn : turn + 1]
    for encoding in ("utf-8", *others):
        text = utf8 if encoding == "utf-8" else _written(target, name, encoding, monkeypatch)
        if target == "github":
            assert not re.search(r"##\w*\[", text)
            begun = [line for line in text.splitlines() if line.lstrip().startswith("::")]
            assert all(re.match(r"::(error|warning|notice) (file|title)=", line) for line in begun)
        else:
            assert not COMMAND.search(text)
        assert _means(target, text) == meant
        if target == "csv":
            rows = list(csv.reader(io.StringIO(text), strict=True))
            assert len({len(row) for row in rows}) == 1
            assert not [cell for row in rows for cell in row if re.match(r"[=+@-]\D", cell)]
        if meant is not None and encoding not in ("utf-8", "utf-16"):
            assert text.isascii()
        if target == "python":
            compile(text, "net.py", "exec")


signs = st.text(st.sampled_from([*_LIKES, *"#:[]\"'`|<&\\ @-=1x\n", "é", "“", "’", "🎉", "\udc80"]), max_size=20)


@settings(max_examples=300, deadline=None)
@given(signs, st.sampled_from(ENCODINGS))
def test_what_fits_is_harmless_and_means_the_same(text: str, encoding: str) -> None:
    document = json.dumps(harmless(text), ensure_ascii=False)
    assert json.loads(encodable(document, encoding, "json")) == json.loads(document)
    source = repr(harmless(text))
    assert ast.literal_eval(encodable(source, encoding, "python")) == harmless(text)
    root = ET.Element("a", name=harmless(text))
    fitted = encodable(ET.tostring(root, encoding="unicode"), encoding, "junit")
    assert ET.fromstring(fitted).get("name") == harmless(text)
    cells = list(csv.reader(io.StringIO(encodable(f'"{text.replace(chr(34), chr(34) * 2)}",1\n', encoding, "csv"))))
    assert [len(row) for row in cells] == [2]


def test_no_like_quotes_or_ends_anything() -> None:
    assert not [char for char, like in _LIKES.items() if set(like) & set("'\"\\;:,%$&\n[]{}@=") - {"="}]
    assert not [char for char, like in _LIKES.items() if like.startswith("=")]


# --- what moves on a terminal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "idna", "cp437"])
@pytest.mark.parametrize("words", ["[/x]", "[link=https://x.example]y[/link]", "[bold]", "\x1b]8;;x\x07", ":tada: é"])
def test_a_spinner_shows_words_as_they_are(words: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Encoded(encoding, terminal=True)
    monkeypatch.setenv("TERM", "xterm")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        with spinner("measuring") as watch:
            watch(words)
            watch(words)
        written = stream.bytes.getvalue()
    assert b"\x1b]" not in written


@pytest.mark.parametrize("words", ["writing and proving the spec", "", "w" * 90])
@pytest.mark.parametrize("what", ["torchvision:resnet18", "timm:" + "x" * 70, "模型" * 40])
def test_a_spinner_has_one_line(what: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Encoded("utf-8", terminal=True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        with spinner(what) as watch:
            watch(words)
    written = stream.bytes.getvalue().decode()
    assert written.count("\n") <= 1
    assert len(words) > 60 or words in written


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "idna", "cp437"])
def test_a_bar_goes_on_whatever_the_terminal(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archcost.render.progress._PATIENCE_SECONDS", -1)
    monkeypatch.setenv("TERM", "xterm")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Encoded(encoding, terminal=True))
        assert list(progress(range(5), "[/x] checking")) == list(range(5))
