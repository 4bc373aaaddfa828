"""Paths and their patterns: one language, held against a slow reading of it; no limit judges less without a word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcost
from archcost import paths
from archcost.conventions.torchvision_style import TORCHVISION
from archcost.paths import PathPattern, matching, passed_over, unmatched_help, widened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

PLACES = ["conv2d", "a", "a.conv2d", "a.b", "a.b.conv2d", "a.b1", "ab.c"]


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("a", ["a"]),
        ("*", ["conv2d", "a"]),
        ("a?", []),
        ("a.b?", ["a.b1"]),
        ("a.[ab]", ["a.b"]),
        ("a.[!a]*", ["a.conv2d", "a.b", "a.b1"]),
        ("a*", ["a"]),
        ("*.*", ["a.conv2d", "a.b", "a.b1", "ab.c"]),
        ("a.**", ["a.conv2d", "a.b", "a.b.conv2d", "a.b1"]),
        ("**.conv2d", ["conv2d", "a.conv2d", "a.b.conv2d"]),
        ("*.conv2d", ["a.conv2d"]),
        ("a.**.conv2d", ["a.conv2d", "a.b.conv2d"]),
        ("**", PLACES),
        ("a**", ["a", "a.conv2d", "a.b", "a.b.conv2d", "a.b1", "ab.c"]),
        ("A", []),
    ],
)
def test_what_a_pattern_names(pattern: str, named: list[str]) -> None:
    assert matching(PLACES, pattern) == named


def test_paths_are_taken_apart_and_joined() -> None:
    path = "stage_1.0.conv"
    assert paths.split(path) == ["stage_1", "0", "conv"]
    assert (paths.first(path), paths.above(path), paths.last(path)) == ("stage_1", "stage_1.0", "conv")
    assert [*paths.ancestors(path)] == ["stage_1.0", "stage_1"]
    assert [*paths.scopes(path)] == [path, "stage_1.0", "stage_1"]
    assert (paths.level(path), paths.outer(path, 2), paths.outer(path, 9)) == (3, "stage_1.0", path)
    assert paths.join("", "stage_1", paths.join("0", "conv")) == path
    assert (paths.split(""), paths.level(""), [*paths.scopes("")], paths.above("conv")) == ([], 0, [], "")


def test_what_is_inside_of_a_scope() -> None:
    assert paths.inside("stage_1", "stage_1")
    assert paths.inside("stage_1.conv", "stage_1")
    assert not paths.inside("stage_10.conv", "stage_1")
    assert not paths.inside("stage_1", "stage_1.conv")
    assert paths.inside("stage_1", "")


def test_a_path_stands_for_itself_whatever_is_in_it() -> None:
    assert matching(["a[0]", "a0", "a*", "a.b"], "a[0]") == ["a[0]", "a0"]
    assert matching(["a[0]", "a0", "a*", "a.b"], "a*") == ["a[0]", "a0", "a*"]


def _translated(pattern: str) -> str:
    """The pattern as a regular expression, item by item."""
    said = {"**.": r"(?:.*\.)?", "**": ".*", "*": r"[^.]*", "?": r"[^.]"}
    items = re.findall(r"\*\*\.|\*+|.", pattern, re.DOTALL)
    return "".join(said.get("**" if set(item) == {"*"} and len(item) > 1 else item, re.escape(item)) for item in items)


@given(st.text("ab.*?", max_size=8).filter(lambda text: "***" not in text), st.text("ab.", max_size=10))
def test_patterns_are_what_a_slow_reading_says(pattern: str, path: str) -> None:
    expected = pattern == path or re.fullmatch(_translated(pattern), path, re.DOTALL) is not None
    assert PathPattern(pattern).matches(path) == expected


@given(st.text("ab.*?[]!", max_size=8), st.text("ab.", max_size=10))
def test_the_wider_form_names_all_that_crossing_stars_do(pattern: str, path: str) -> None:
    single = re.search(r"[?!]|\[[^\]]*\.", pattern)  # stands for one character, which no `**` replaces
    if not single and PathPattern(pattern, crossing=True).matches(path):
        assert PathPattern(widened(pattern)).matches(path)


def test_a_star_in_a_set_is_no_wildcard() -> None:
    assert widened("[*]a*.b?") == "[*]a**.b?"


def test_help_only_where_crossing_would_name_something() -> None:
    assert unmatched_help(PLACES, "*b.conv2d") == "`*` stays within a name, `**` crosses dots: `**b.conv2d`"
    assert unmatched_help(PLACES, "a?b1") == "wildcards stay within a name, `**` crosses dots"
    assert unmatched_help(PLACES, "*x") == ""


@pytest.mark.parametrize("model", TORCHVISION)
def test_each_pattern_of_torchvision_names_layers(model: str) -> None:
    layers = archcost.analyze(archcost.load(model)).layers
    for pattern in TORCHVISION[model]:
        wanted = PathPattern(pattern.removeprefix("derived:"))
        assert any(wanted.text == layer.op or wanted.matches(layer.path) for layer in layers)


# --- the commands -----------------------------------------------------------------------------------------------------

NET = """\
archcost: 1
name: net
input: [3, 8, 8]
blocks:
  inner: {layers: [{id: conv, conv2d: {out_channels: 4, kernel_size: 1, bias: false}}]}
  outer: {layers: [inner, {id: conv, conv2d: {out_channels: 4, kernel_size: 1, bias: false}}]}
layers: [{id: conv, conv2d: {out_channels: 4, kernel_size: 1, bias: false}}, outer]
"""
# conv: 3 * 4 = 12 params; outer.inner.conv and outer.conv: 4 * 4 = 16


def check(run: Callable[..., Run], folder: Path, pattern: str, *arguments: str) -> Run:
    path = folder / "net.yaml"
    path.write_text(f"{NET}budgets: {{layers: {{'{pattern}': {{params: 16, macs: 1 k}}}}}}\n")
    return run("check", str(path), *arguments)


def test_a_limit_that_passes_over_layers_says_so(run: Callable[..., Run], tmp_path: Path) -> None:
    result = check(run, tmp_path, "*.conv")
    assert result.code == 1  # outer.conv has 16 * 64 = 1,024 MACs
    warning = "net: not named by '*.conv', and not judged: outer.inner.conv"
    assert result.out.count(warning) == 1  # though both of its limits pass over it
    assert "`**.conv`" in result.out
    assert "3 limits hold" not in result.out


@pytest.mark.parametrize("pattern", ["**.conv", "outer.*", "out*", "*", "**"])
def test_a_limit_that_names_all_is_quiet(pattern: str, run: Callable[..., Run], tmp_path: Path) -> None:
    assert "not named by" not in check(run, tmp_path, pattern).out


@pytest.mark.parametrize("format", ["full", "json", "markdown", "github", "gitlab", "junit", "sarif"])
def test_every_format_says_so(format: str, run: Callable[..., Run], tmp_path: Path) -> None:  # noqa: A002 - the option
    assert "outer.inner.conv" in check(run, tmp_path, "*.conv", "--format", format).out


def test_a_pattern_that_would_have_to_cross_dots_is_told_how(run: Callable[..., Run], tmp_path: Path) -> None:
    result = check(run, tmp_path, "*inner.conv")
    assert result.code == 2
    assert "no layer or block of net matches '*inner.conv'" in result.err + result.out
    assert "`**inner.conv`" in result.err + result.out


def test_a_pattern_of_the_configuration_that_names_nothing_here_says_so(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    budget = '[[budgets]]\nlayers = "*inner.conv"\nparams = 1\n'
    (tmp_path / "archcost.toml").write_text(f'specs = ["*.yaml"]\n{budget}')
    result = run("check", cwd=tmp_path)
    assert "net: not named by '*inner.conv', and not judged: outer.inner.conv" in result.out
    assert "`**inner.conv`" in result.out
    assert not result.out.startswith("✓")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("reconcile", "NET", "--functional", "*inner.conv"), "`**inner.conv`"),
        (("memory", "NET", "--training", "--checkpoint", "*inner"), "`**inner`"),
        (("explain", "NET", "*inner.conv"), "`**inner.conv`"),
        (("explain", "NET", "**.conv"), "name one of conv, outer.inner.conv, outer.conv"),
        (("analyze", "NET", "--columns", "receptive_field", "--relative-to", "*inner"), "`**inner`"),
    ],
)
def test_every_option_is_told_the_same(
    arguments: tuple[str, ...], told: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    result = run(*[str(path) if argument == "NET" else argument for argument in arguments])
    assert result.code == 2
    assert told in re.sub(r"\s+", " ", result.err)


def test_a_pattern_that_names_less_than_it_might_is_told(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    told = "warning: --functional '*.conv' names 1 layer of net, and passes over outer.inner.conv\nhelp: "
    for arguments in (("reconcile", "--with", "thop"), ("analyze", "--convention", "thop")):
        command, *options = arguments
        narrow = run(command, str(path), *options, "--functional", "*.conv")
        assert (narrow.code, narrow.err.startswith(told), "`**.conv`" in narrow.err) == (0, True, True)
        for wide in ("**.conv", "conv", "conv2d"):
            assert run(command, str(path), *options, "--functional", wide).err == ""


def test_what_a_pattern_passes_over() -> None:
    paths = ["conv", "a.conv", "a.b.conv", "a.bconv", "a.b.relu"]
    assert passed_over(paths, "*.conv") == ["a.b.conv"]
    assert passed_over(paths, "a.*conv") == ["a.b.conv"]
    assert passed_over(paths, "**.conv") == passed_over(paths, "conv") == passed_over(paths, "*.x") == []


def test_functional_layers_without_a_tool_are_no_question(run: Callable[..., Run]) -> None:
    result = run("analyze", "alexnet", "--functional", "relu")
    assert (result.code, "--functional goes with --convention" in result.err) == (2, True)


def test_explain_takes_a_pattern_that_names_one_thing(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(NET)
    assert run("explain", str(path), "*.inner.c*").out == run("explain", str(path), "outer.inner.conv").out
