"""Hostile configurations: limits with a place before the standard library reads, and globs in linear time."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost import globs
from archcost.budget.config import MAX_BUDGETS, MAX_GLOBS, load_config
from archcost.budget.config_text import MAX_BYTES
from archcost.budget.contributors import named, pattern_meter
from archcost.errors import ConfigError, Source
from archcost.globs import GlobError, expand, matches
from archcost.meter import BUDGET, Meter, WorkError
from archcost.patterns import MAX_LENGTH, Pattern
from archcost.spec.toml import MAX_DEPTH, MAX_DIGITS, MAX_PARTS, MAX_VALUES, parse_toml
from scripts import forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NET = "archcost: 1\nname: net\ninput: [3, 8, 8]\nlayers: [{conv2d: {out_channels: 8, kernel_size: 1}}]\n"

CPU_SECONDS, BYTES = 20, 2**30  # of a loaded machine; a mebibyte takes about two


BEYOND = [
    ("x = " + "9" * (MAX_DIGITS + 1), "1:5", "more than 100 digits"),
    ("x = " + "9" * 5000, "1:5", "more than 100 digits"),
    ("x = -" + "9" * 5000, "1:5", "more than 100 digits"),
    ("x = 0x" + "f" * 5000, "1:5", "more than 100 digits"),
    ("x = 1" + "_1" * 3000, "1:5", "more than 100 digits"),
    ("x = [1, 2,\n" + "9" * 5000 + "]", "2:1", "more than 100 digits"),
    ("x = " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), f"1:{5 + MAX_DEPTH}", "deeper than 30 levels"),
    ("x = " + "[" * 900 + "]" * 900, f"1:{5 + MAX_DEPTH}", "deeper than 30 levels"),
    ("x = " + "{a=" * 900 + "1" + "}" * 900, f"1:{5 + 3 * MAX_DEPTH}", "deeper than 30 levels"),
    (".".join("a" * (MAX_PARTS + 1)) + " = 1", "1:1", "more than 30 parts"),
    (".".join(["a"] * 200_000) + " = 1", "1:1", "more than 30 parts"),
    (" . ".join(["'a.b'"] * 3000) + " = 1", "1:1", "more than 30 parts"),
    ("[" + ".".join(["a"] * 3000) + "]", "1:2", "more than 30 parts"),
    ("[[" + ".".join(["a"] * 3000) + "]]", "1:3", "more than 30 parts"),
    ("x = {" + ".".join(["a"] * 3000) + " = 1}", "1:6", "more than 30 parts"),
]


@pytest.mark.parametrize(("text", "place", "words"), BEYOND, ids=[f"{row[2]} {row[0][:12]}" for row in BEYOND])
def test_what_is_beyond_a_limit_never_reaches_the_standard_library(
    text: str, place: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tomllib, "loads", lambda *_, **__: pytest.fail("tomllib was given the text"))
    with pytest.raises(ConfigError) as caught:
        parse_toml(Source("archcost.toml", text))
    (diagnostic,) = caught.value.diagnostics
    assert words in diagnostic.message
    assert place is None or str(diagnostic.mark) == f"archcost.toml:{place}"


WITHIN = [
    "x = " + "9" * MAX_DIGITS,
    "x = " + "[" * MAX_DEPTH + "]" * MAX_DEPTH,
    ".".join("a" * MAX_PARTS) + " = 1",
    "x = '" + "9" * 5000 + "'",  # in strings and comments nothing counts
    'x = "' + "[" * 5000 + '"',
    'x = """\n' + "[.]\\n\n" * 500 + '"" \\""" """""',
    "x = '''\n" + "[.]\n" * 500 + "'' '''",
    "x = 1 # " + "[" * 5000,
    "x = [" + "[1.5, 2.5], " * 5000 + "]",
    "a" * 5000 + " = 1",
    "[[a]]\n" * 5000,
    "x = [" + ("'" + "9" * 50 + "', ") * 50 + "]",
]


@pytest.mark.parametrize("text", WITHIN, ids=[text[:16] for text in WITHIN])
def test_what_is_within_the_limits_is_read(text: str) -> None:
    assert parse_toml(Source("archcost.toml", text)).entries.keys() == tomllib.loads(text).keys()


WRONG = [
    ("x = 1\ny = \n", "2:5"),
    ("# \u2028 in a comment ends a line for people\ny = \n", "3:5"),
    ("x = \r1\n", "1:5"),
    ("x = \0\n", "1:5"),
    ("\ufeffx = 1\n", "1:1"),  # a second mark of the byte order
    ('x = "\\ud800"\n', "1:12"),
    ("x = 9999-99-99\n", None),
    ("x = 25:61:61\n", None),
    ("x = 1\nx = 2\n", "2:6"),
    ("[a]\n[a]\n", "2:3"),
    ("[[a]]\n[a]\n", "2:3"),
    ("a = 1\na.b = 2\n", "2:8"),
    ("x = {a = 1,}\n", None),
    ('x = "' + "\\" * 5000, None),
    ('"' * 5000, None),
    ("]" * 5000, "1:1"),
    ("=" * 5000, "1:1"),
]


@pytest.mark.parametrize(("text", "place"), WRONG, ids=[row[0][:16] for row in WRONG])
def test_wrong_toml_has_a_place(text: str, place: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_toml(Source("archcost.toml", text))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message.startswith("this is not TOML: ")
    assert place is None or str(diagnostic.mark) == f"archcost.toml:{place}"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("[]{}=.,#\"'\\\n\r\t ab1_-+:euUTZ\u2028é")), max_size=60))
def test_any_text_is_toml_or_a_problem_with_a_place(text: str) -> None:
    try:
        keys = tomllib.loads(text).keys()
    except tomllib.TOMLDecodeError:
        with pytest.raises(ConfigError) as caught:
            parse_toml(Source("archcost.toml", text))
        assert all(diagnostic.mark is not None for diagnostic in caught.value.diagnostics)
        return
    assert parse_toml(Source("archcost.toml", text)).entries.keys() == keys


LARGE = {
    "comments": "#\n" * (MAX_BYTES // 2),
    "arrays of tables": "[[a]]\n" * (MAX_BYTES // 6),
    "tables": "".join(f"[a.b.c.t{k}]\n" for k in range(MAX_BYTES // 15)),
    "array": "x = [" + "1," * (MAX_BYTES // 2 - 10) + "]",
    "inline tables": "x = [" + "{a=1}," * (MAX_BYTES // 6 - 10) + "]",
    "escapes": 'x = "' + "\\n" * (MAX_BYTES // 2 - 10) + '"',
    "quotes": 'x = """' + '\\"""' * (MAX_BYTES // 4 - 10) + '"""',
    "one string": "x = '" + "a" * (MAX_BYTES - 10) + "'",
    "an open string": 'x = """' + '""a' * (MAX_BYTES // 3 - 10),
    "dotted keys": "".join(f"a.b.c.d.e.f.g{k}=1\n" for k in range(MAX_BYTES // 22)),
}


# What takes a second, and is ended by a count that a test below reaches, or read as the others are.
SLOW = ["arrays of tables", "array", "tables", "inline tables", "dotted keys"]
QUICK = [name for name in LARGE if name not in SLOW]


@pytest.mark.parametrize("names", [QUICK, pytest.param(SLOW, marks=pytest.mark.long)], ids=["quick", "slow"])
def test_a_mebibyte_of_anything_ends(names: list[str], tmp_path: Path) -> None:
    """With little time and memory."""
    orders = []
    for name in names:
        assert len(LARGE[name]) <= MAX_BYTES
        (tmp_path / name).mkdir()
        (tmp_path / name / "archcost.toml").write_text(LARGE[name])
        orders.append((["check"], tmp_path / name))
    found = forked.run_all(["archcost.commands.check"], orders, forked.Limits(CPU_SECONDS, BYTES))
    done = dict(zip(names, found, strict=True))
    assert {name: each.returncode for name, each in done.items()} == dict.fromkeys(names, 2)
    assert [name for name, each in done.items() if "Traceback" in each.stderr] == []
    told = ("archcost.toml:", "archcost.toml lists none")
    assert [name for name, each in done.items() if not any(words in each.stderr for words in told)] == []


def test_values_are_counted() -> None:
    parse_toml(Source("archcost.toml", "x = [" + "1," * (MAX_VALUES - 1) + "]"))  # the array is one of them
    with pytest.raises(ConfigError, match="more than 50,000 values") as caught:
        parse_toml(Source("archcost.toml", "x = [" + "1," * MAX_VALUES + "]"))
    assert str(caught.value.diagnostics[0].mark) == f"archcost.toml:1:{6 + 2 * (MAX_VALUES - 1)}"


def test_more_than_a_mebibyte_is_not_read(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "archcost.toml").write_text("#" * (MAX_BYTES + 1))
    result = run("check", cwd=tmp_path)
    assert result.code == 2
    assert "cannot read archcost.toml: the file is larger than 1 MiB" in result.err


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (
            "[[budgets]]\nparams = 1\n" * (MAX_BUDGETS + 1),
            f"{2 * MAX_BUDGETS + 1}:1",
            "at most 1,000 budgets, got 1,001",
        ),
        (f"specs = {['a'] * (MAX_GLOBS + 1)}\n", "1:9", "holds more than 1,000 globs"),
        (f'specs = ["{"a" * (MAX_LENGTH + 1)}"]\n', "1:10", "is longer than 1,000 characters"),
        (f'[[budgets]]\nspecs = "{"*a" * 600}"\nmacs = 1\n', "2:9", "is longer than 1,000 characters"),
        (f'[[budgets]]\nlayers = "{"*a" * 600}"\nmacs = 1\n', "2:10", "is longer than 1,000 characters"),
    ],
)
def test_what_there_is_too_much_of(
    text: str, place: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "archcost.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config()
    assert words in caught.value.diagnostics[0].message
    assert str(caught.value.diagnostics[0].mark) == f"archcost.toml:{place}"


def test_a_spec_has_a_thousand_patterns_at_most(tmp_path: Path, run: Callable[..., Run]) -> None:
    limits = "".join(f"    p{k}: {{macs: 1}}\n" for k in range(1001))
    (tmp_path / "net.yaml").write_text(NET + "budgets:\n  layers:\n" + limits)
    result = run("check", "net.yaml", cwd=tmp_path)
    assert result.code == 2
    assert "'budgets.layers' holds more than 1,000 patterns" in result.err


# --- patterns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "path", "chosen"),
    [
        ("specs?a.yaml", "specs/a.yaml", False),  # ? stays within a folder
        ("specs?a.yaml", "specs-a.yaml", True),
        ("specs*a.yaml", "specs/a.yaml", False),
        ("specs[/]a.yaml", "specs/a.yaml", False),
        ("specs[!b]a.yaml", "specs/a.yaml", False),
        ("specs[!b]a.yaml", "specs-a.yaml", True),
        ("?", "", False),
        ("?", "ab", False),
        ("**", "a/b", True),
        ("**/b", "b", True),
        ("**/b", "a/a/b", True),
        ("**/b", "ab", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "ab", False),
        ("a**/b", "ax/y/b", True),
        ("[a-c]x", "bx", True),
        ("[]a]", "]", True),
        ("[a-]", "-", True),
        ("[a", "[a", True),
        ("a.c", "abc", False),
    ],
)
def test_globs(pattern: str, path: str, *, chosen: bool) -> None:
    assert matches(pattern, path) is chosen


def expression(pattern: str) -> str:
    """The same as a regular expression, which may take exponential time."""
    parts = re.findall(r"(?:\*\*/)+|\*\*+|\*|\?|\[!?[ab]+\]|.", pattern)
    known = {"*": "[^/]*", "?": "[^/]", "[ab]": "[ab]", "[!a]": "[^a/]"}
    return "".join(
        known.get(part) or ("(?:.*/)?" if part[-2:] == "*/" else ".*" if part[0] == "*" else re.escape(part))
        for part in parts
    )


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "[ab]", "[!a]", "."]), max_size=7).filter(
        lambda parts: not any(left.endswith("*") and right.startswith("*") for left, right in pairwise(parts))
    ),
    st.text(alphabet="ab/.", max_size=9),
)
def test_a_pattern_is_its_regular_expression(parts: list[str], path: str) -> None:
    pattern = "".join(parts)
    assert Pattern(pattern, "/").matches(path) == bool(re.fullmatch(expression(pattern), path))


@pytest.mark.parametrize(
    "pattern", ["*a" * 30 + "b", "**/" * 300 + "b", "*?" * 300 + "b", "[!b]*" * 200 + "b", "*" * 1000 + "b"]
)
def test_a_match_takes_a_step_a_character(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    reachable = Pattern._reachable
    monkeypatch.setattr(Pattern, "_reachable", lambda self, items: steps.append(1) or reachable(self, items))
    assert not Pattern(pattern, "/").matches("a" * 200)
    assert len(steps) <= 201


# --- files that globs find --------------------------------------------------------------------------------------------


def tree(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(NET)


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (["*.yaml"], ["a.yaml"]),
        (["*/*.yaml"], ["s/b.yaml", "t/d.yaml"]),
        (["**/*.yaml"], ["a.yaml", "s/b.yaml", "s/u/c.yaml", "t/d.yaml"]),
        (["s/**"], ["s/b.yaml", "s/u/c.yaml"]),
        (["s/**/c.yaml"], ["s/u/c.yaml"]),
        (["[st]/?.yaml"], ["s/b.yaml", "t/d.yaml"]),
        (["./s//b.yaml"], ["s/b.yaml"]),
        (["**/*.yaml", "!s/**"], ["a.yaml", "t/d.yaml"]),
        ([".h/*.yaml"], [".h/e.yaml"]),
    ],
)
def test_files_of_globs(chosen: list[str], found: list[str], tmp_path: Path) -> None:
    tree(tmp_path, "a.yaml", "s/b.yaml", "s/u/c.yaml", "t/d.yaml", ".h/e.yaml")
    assert expand([globs.normal(glob) for glob in chosen], str(tmp_path)) == found


def test_a_glob_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    tree(tmp_path, "a.yaml")
    with pytest.raises(GlobError, match="no file matches it"):
        expand(["*.yaml", "nowhere/*.yaml"], str(tmp_path))


def test_links_are_followed_and_circles_end(tmp_path: Path) -> None:
    tree(tmp_path, "s/b.yaml", "t/d.yaml")
    for name, target in {"s/here": ".", "s/up": "..", "s/t": "../t", "t/s": "../s", "s/loop.yaml": "loop.yaml"}.items():
        (tmp_path / name).symlink_to(target)
    (tmp_path / "s" / "etc").symlink_to("/etc")
    found = expand(["**/*.yaml"], str(tmp_path))
    # each folder once on every way to it; the link in a circle is found as well, for the door to refuse
    assert found == ["s/b.yaml", "s/loop.yaml", "s/t/d.yaml", "t/d.yaml", "t/s/b.yaml", "t/s/loop.yaml"]


def test_what_globs_look_at_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, *[f"{k}.yaml" for k in range(10)])
    monkeypatch.setattr(globs, "MAX_ENTRIES", 10)
    assert len(expand(["*.yaml"], str(tmp_path))) == 10
    with pytest.raises(GlobError, match="more than 10 files to look at") as caught:
        expand(["*.yaml", "?.yaml"], str(tmp_path))  # 10 entries each
    assert caught.value.number == 1


# --- patterns of layers -----------------------------------------------------------------------------------------------


def test_patterns_of_layers_are_counted() -> None:
    import archcost
    from archcost.analysis.tree import build_tree
    from archcost.spec.loader import loads

    report = archcost.analyze(loads("archcost: 1\ninput: [3]\nlayers: [{id: long_name, repeat: 50, relu: }]\n"))
    scopes, meter = build_tree(report), Meter()
    assert [scope.path for scope in named(scopes, "long_name.7", meter).trees] == ["long_name.7"]
    assert meter.spent == 0  # a path is looked up
    assert named(scopes, "*x", meter) == ([], [])
    # 1 scope and 50 layers: 10 steps each, and 1 for every 10 letters: 41 of 11 letters, from long_name.10 on of 12
    assert meter.spent == 51 * 10 + 50
    with pytest.raises(WorkError):
        named(scopes, "*x", Meter(allowed=100))
    assert pattern_meter(report).allowed == BUDGET + 50 * 300
