"""What people see first: figures above warnings, one empty line between parts, and names of wide characters in line."""

from __future__ import annotations

import io
import os
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from archcost.explaining.op_reference import op_references
from archcost.explaining.op_words import computed, first_line
from archcost.render.document import Cell, Column, Table
from archcost.render.safe_console import Console
from archcost.render.table_layout import table_lines
from archcost.render.wrapping import labelled, padded, shortened, sums, text_width
from scripts import forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

WIDE = """\
archcost: 1
name: 残差网络
input: [3, 32, 32]
layers:
  - conv2d: {out_channels: 16, kernel_size: 3, padding: 1}
    id: 卷积层一二三四五六七八九十一二三四五六七
  - adaptive_avg_pool2d: 1
  - flatten
  - linear: 10
budgets: {params: 100, macs: 10 M}
"""
UNUSED = "archcost: 1\nname: unused\nparams: {spare: 3}\ninput: [8]\nlayers: [linear: 3]\n"
BROKEN = "archcost: 1\nname: broken\ninput: [8]\nlayers: [linear: 3, conv2d: {out_channels: 2, kernel_size: 3}]\n"
RIGHT = "archcost: 1\nname: right\ninput: [8]\nlayers: [linear: 3]\n"
LIMITED = f"{RIGHT.replace('right', 'limited')}budgets: {{params: 30}}\n"  # 8·3 + 3 = 27


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    texts = {"wide": WIDE, "unused": UNUSED, "broken": BROKEN, "right": RIGHT, "limited": LIMITED}
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def together(*arguments: str, cwd: Path) -> list[str]:
    """The lines of both streams as a terminal has them: one below the other."""
    return forked.run(arguments, cwd, {**os.environ, "NO_COLOR": "1", "COLUMNS": "80"}, merged=True).stdout.splitlines()


SCREENS = [
    ("analyze", "broken.yaml"),
    ("analyze", "broken.yaml", "right.yaml"),
    ("analyze", "unused.yaml"),
    ("compare", "unused.yaml", "right.yaml"),
    ("compare", "right.yaml", "wide.yaml", "--fail-on", "params:1%"),
    ("explain", "unused.yaml", "linear"),
    ("explain", "unused.yaml"),
    ("suggest", "unused.yaml"),
]


@pytest.mark.parametrize("arguments", SCREENS, ids=" ".join)
def test_problems_stand_below_the_figures_behind_one_empty_line(specs: Path, arguments: tuple[str, ...]) -> None:
    lines = together(*arguments, cwd=specs)
    (first, *_) = [place for place, line in enumerate(lines) if re.match(r"(error|warning|fail):", line)]
    assert first > 1
    assert lines[0], "the first line has something to say"
    assert (lines[first - 1], lines[first - 2] != "") == ("", True)
    assert not any(one == other == "" for one, other in pairwise(lines))


ANALYSED = [  # commands that tell the warnings of their specs at the end, each with what it is asked for
    ("compare", "unused.yaml", "right.yaml"),
    ("explain", "unused.yaml"),
    ("export", "unused.yaml"),
    ("reconcile", "unused.yaml"),
    ("report", "unused.yaml", "--format", "svg"),
    ("suggest", "unused.yaml"),
]


@pytest.mark.parametrize("arguments", ANALYSED, ids=" ".join)
def test_a_warning_is_told_once_below_all_that_is_shown(
    specs: Path, run: Callable[..., Run], arguments: tuple[str, ...]
) -> None:
    told = run(*arguments, cwd=specs, columns=80).err
    assert (told.startswith("warning: "), told.count("warning: ")) == (True, 1)
    shown = "\n".join(together(*arguments, cwd=specs))
    assert shown.endswith(told.rstrip("\n") + "\n")
    assert not shown.startswith("warning: ")


def test_a_warning_stands_above_the_error_that_ends_a_command(specs: Path) -> None:
    words = [line.partition(":")[0] for line in together("explain", "unused.yaml", "lineer", cwd=specs)]
    assert [word for word in words if word in ("warning", "error")] == ["warning", "error"]


def test_separate_streams_have_no_empty_line_for_each_other(specs: Path, run: Callable[..., Run]) -> None:
    result = run("analyze", "broken.yaml", cwd=specs)
    assert result.err.startswith("error: ")
    assert not result.out.endswith("\n\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "resnet18", "resnet34"),
        ("compare", "resnet18", "resnet34", "resnet50"),
        ("analyze", "resnet18", "resnet50"),
        ("zoo", "llama"),
        ("ops", "*pool2d"),
        ("suggest", "--list"),
    ],
    ids=" ".join,
)
def test_no_screen_begins_or_ends_with_an_empty_line_or_has_two(
    run: Callable[..., Run], arguments: tuple[str, ...]
) -> None:
    out = run(*arguments, columns=80).out
    assert out == out.strip("\n") + "\n"
    assert "\n\n\n" not in out


def test_columns_without_anything_in_them_are_not_shown() -> None:
    columns = [
        Column("layer", ["a", "b"]),
        Column("none", ["", ""], right=True),
        Column("some", ["", "1"], right=True),
        Column("sum", ["", ""], Cell("2"), right=True),
        Column("no bars", (), parts=(0, 0)),
    ]
    page = Console(file=io.StringIO(), width=80, leaving_as="utf-8")
    lines = ["".join([text for text, _ in pieces]).split() for pieces in table_lines(Table(columns), page)]
    assert lines[1] == ["layer", "some", "sum"]
    empty = [Column("layer", ()), Column("figure", ())]
    lines = ["".join([text for text, _ in pieces]).split() for pieces in table_lines(Table(empty), page)]
    assert lines[1] == ["layer", "figure"]  # a table without rows still says what it is of


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("conv_bn_relu … conv_bn_relu_1 ×2", "conv_bn_relu … con… ×2"),
        ("conv_bn_relu … conv_bn_relu_1 ×2 (each below)", "conv_bn_relu … con… ×2"),
        ("conv_bn_relu … conv_bn_relu_1", "conv_bn_relu … conv_b…"),
        ("layers ×32 (each below)", "layers ×32  "),
        ("conv_bn_relu … conv_bn_relu_1 ×2 (1 below)", "conv_bn_relu … con… ×2"),  # the short form, which is cut too
    ],
)
def test_a_cut_name_says_how_many_it_stands_for(name: str, shown: str) -> None:
    page = Console(file=io.StringIO(), width=24 + 2 + 8, leaving_as="utf-8")
    table = Table([Column("layer", [name], flexible=True), Column("MACs", ["1" * 8], right=True)], least_flexible=22)
    assert shown in ["".join([text for text, _ in pieces]) for pieces in table_lines(table, page)][3]


@pytest.mark.parametrize("columns", [44, 60, 100])
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "wide.yaml"),
        ("explain", "wide.yaml"),
        ("explain", "wide.yaml", "卷积层一二三四五六七八九十一二三四五六七"),
        ("analyze", "wide.yaml", "--format", "tree"),
        ("suggest", "wide.yaml"),
    ],
    ids=lambda value: value[0],
)
def test_wide_names_stay_within_the_page(
    specs: Path, run: Callable[..., Run], arguments: tuple[str, ...], columns: int
) -> None:
    result = run(*arguments, columns=columns, cwd=specs)
    assert max(map(text_width, result.out.splitlines())) <= columns


def test_figures_beside_wide_names_are_in_line(specs: Path, run: Callable[..., Run]) -> None:
    lines = run("check", "wide.yaml", columns=100, cwd=specs).out.splitlines()
    shares = [text_width(line) for line in lines if re.search(r"(conv2d|linear) +\d+ +\d+\.\d%$", line)]
    assert len(shares) == 2
    assert len(set(shares)) == 1


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("inception_3a", 12, "inception_3a"),
        ("inception_3a.conv", 9, "ince…conv"),
        ("卷积层一二三", 9, "卷积…二三"),  # 4 cells, the mark, 4 cells
        ("卷积层一二三", 8, "卷…二三"),  # 3 and 4 cells are left: of three a wide character takes two
        ("卷积层", 6, "卷积层"),
    ],
)
def test_a_text_is_shortened_to_cells(text: str, width: int, shown: str) -> None:
    assert shortened(text, width) == shown
    assert text_width(padded(shortened(text, width), width)) == width


def test_an_equals_sign_stays_with_its_figure() -> None:
    figure = "144,115,192,370,823,168/70,660,806,148,096"
    assert list(sums(f"FLOPs/bytes = {figure} = 2,040", 40)) == ["FLOPs/bytes", f"= {figure}", "= 2,040"]
    lines = list(labelled("intensity", f"FLOPs/bytes = {figure}", 60, 17))
    assert max(map(len, lines)) <= 60
    assert lines[-1].strip() == f"= {figure}"


@pytest.mark.parametrize(
    ("words", "help_text"),
    [
        (("--metric", "params"), "`--sort params` puts them in its order"),
        (("--depth", "2"), "`archcost compare resnet18 resnet34 --depth 2`"),
        (("--stat",), "`archcost compare resnet18 resnet34 --stat`"),
    ],
)
def test_what_is_of_two_specs_is_refused_for_three_with_a_way_out(
    run: Callable[..., Run], words: tuple[str, ...], help_text: str
) -> None:
    result = run("compare", "resnet18", "resnet34", "resnet50", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {' '.join(words).removesuffix(' params')} is for two specs\n")
    assert help_text in result.err


def test_a_check_names_the_specs_that_have_no_limits(specs: Path, run: Callable[..., Run]) -> None:
    both = run("check", "limited.yaml", "right.yaml", cwd=specs)
    assert (both.code, both.out.splitlines()[0]) == (0, "no limits: right")
    assert both.out.endswith("✓ 2 specs: 1 limit holds; no limits on 1 spec\n")
    quiet = run("check", "limited.yaml", "right.yaml", "-q", cwd=specs)
    assert quiet.out == "✓ 2 specs: 1 limit holds; no limits on 1 spec\n"
    assert run("check", "limited.yaml", "-q", cwd=specs).out == "✓ 1 spec: 1 limit holds\n"


def test_expected_figures_are_no_limits(run: Callable[..., Run]) -> None:
    assert run("check", "resnet18", "--expect").out == "✓ 1 spec: all expected figures hold\n"
    several = run("check", "resnet18", "resnet34", "--expect").out
    assert several == "✓ 2 specs: all expected figures of 2 specs hold\n"


def test_the_answer_about_a_published_figure_comes_first(run: Callable[..., Run]) -> None:
    out = run("reconcile", "resnet18", "--published", "1.8 GMACs", "--with", "fvcore").out
    assert 0 < out.index("1.8 GMACs could be") < out.index("fvcore 0.")


def test_two_alike_are_said_to_be_so_first(run: Callable[..., Run]) -> None:
    lines = run("compare", "resnet18", "resnet18").out.splitlines()
    assert lines[1] == "no layer differs"
    assert lines[3].split() == ["total", "before", "after", "Δ"]


def test_a_list_of_ops_tells_what_each_computes_in_full(run: Callable[..., Run]) -> None:
    for columns in (60, 100):
        out = run("ops", columns=columns).out
        assert "…\n" not in out
        assert "`" not in out
    for op in op_references():
        words = computed(op.text)
        assert words
        assert first_line(op.text).startswith(words)
        assert not re.search(r"\b(MACs|FLOPs)\b", words)
        assert " - " not in words
