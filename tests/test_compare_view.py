"""What a comparison shows: equal changes in one line, as much as a screen holds, the largest first, a line a block."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.comparing import Difference, compare
from archcost.comparing.lines import change_lines, largest_changes, shown_changes
from archcost.figures import OF_LAYERS
from archcost.render.comparison_cells import cost_style, percent
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

    from archcost.comparing import Comparison

SCREEN = 50


def compared(old: str, new: str) -> Comparison:
    return compare(archcost.analyze(old), archcost.analyze(new))


def test_the_rounds_of_large_models_are_one_line_and_all_of_it_fits_a_screen(run: Callable[..., Run]) -> None:
    lines = run("compare", "llama_2_7b", "llama_3_8b", columns=80).out.splitlines()
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= 80
    (rounds,) = [line for line in lines if "0 … 31 ×32 (each below)" in line]
    assert "+43.8 T" in rounds
    assert [lines.index(line) for line in lines if line.startswith((" total ", " change "))] == [4, 15]


PAIRS = [
    ("llama_2_7b", "llama_3_8b"),
    ("resnet50", "res2net50_26w_6s"),
    ("resnet50", "resnet101"),
    ("mobilenet_v1", "mobilenet_v2"),
    ("vit_b_16", "vit_l_16"),
]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_lines_at_any_depth_and_in_any_order_add_up(old: str, new: str) -> None:
    comparison = compared(old, new)
    for metric in OF_LAYERS:
        whole = comparison.total(metric).delta
        top = change_lines(comparison.changes, depth=1, only_changed=False)
        assert sum(line.difference(metric).delta for line in top) == whole
        for depth in (None, 1, 2):
            found = largest_changes(comparison.changes, metric, depth=depth)
            deltas = [line.difference(metric).delta for line in found]
            assert sum(deltas) == whole
            assert list(map(abs, deltas)) == sorted(map(abs, deltas), reverse=True)


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_a_scope_that_is_opened_is_as_often_what_is_below_it(old: str, new: str) -> None:
    lines = change_lines(compared(old, new).changes, depth=None, only_changed=False)
    for place, line in enumerate(lines):
        below = []
        for after in lines[place + 1 :]:
            if after.depth <= line.depth:
                break
            if after.depth == line.depth + 1:
                below.append(after)
        assert bool(below) is line.opened
        if below:
            assert line.times * sum(each.difference("macs").delta for each in below) == line.difference("macs").delta


@pytest.mark.parametrize("room", [1, 12, 30, 10_000])
def test_the_depth_is_the_deepest_that_there_is_room_for(room: int) -> None:
    changes = compared("llama_2_7b", "llama_3_8b").changes
    found = shown_changes(changes, depth=None, only_changed=False, room=room)
    assert found.depth == 1 or len(found.lines) <= room
    if found.depth < found.deepest:
        deeper = shown_changes(changes, depth=found.depth + 1, only_changed=False, room=room)
        assert len(deeper.lines) > room
    same = change_lines(changes, depth=found.depth, only_changed=False)
    assert found.lines == same


def test_stages_that_a_repeat_makes_are_those_that_are_written_out() -> None:
    changes = compared("resnet50", "res2net50_26w_6s").changes
    stages = [change for change in changes if change.children]
    assert [(change.old_name, change.name) for change in stages] == [
        *(("layer1", "layer.0"), ("layer2", "layer.1"), ("layer3", "layer.2"), ("layer4", "layer.3")),
    ]
    # The rounds within them stand beside each other, though only one of both has a group around them.
    assert [len(change.children) for change in stages] == [3, 4, 6, 3]
    assert {child.mark for change in stages for child in change.children} == {"~"}


def test_new_rounds_of_a_longer_stage_are_one_line() -> None:
    lines = change_lines(compared("resnet50", "resnet101").changes, depth=None, only_changed=True)
    assert [(line.mark, line.name, line.times) for line in lines] == [("~", "layer3", 1), ("+", "6 … 22", 17)]


def test_neighbours_that_cost_the_same_in_what_is_told_are_one_line_which_is_not_opened(
    run: Callable[..., Run],
) -> None:
    larger = compare(archcost.analyze("resnet50"), archcost.analyze("resnet50", params={"resolution": 256}))
    lines = change_lines(larger.changes, depth=1, only_changed=True)
    told = [(line.name, line.op, line.folded) for line in lines if not line.difference("macs").delta]
    assert told == [("bn1, relu, maxpool", "same cost", 3), ("avgpool", "adaptive_avg_pool2d", 1)]
    assert len(change_lines(larger.changes, depth=1, only_changed=True, metrics=("activation_bytes", "params"))) == 9
    head = compare(archcost.analyze("vgg16"), archcost.analyze("vgg16", params={"resolution": 256})).changes[-1]
    assert [line.opened for line in change_lines([head], depth=None, only_changed=True)] == [False]
    last = run("compare", "resnet50", "resnet50", "--set-b", "resolution=256", "--stat").out.splitlines()[-1]
    assert last.startswith("9 blocks change")  # in seven lines


def test_an_op_in_place_of_another_is_told_alone_though_it_costs_the_same() -> None:
    spec = (
        "archcost: 1\ninput: [8, %s, 16]\nlayers:\n  - {id: a, silu: {}}\n  - {id: b, %s: {}}\n  - {id: c, silu: {}}\n"
    )
    before, after = [archcost.analyze(loads(spec % filled)) for filled in ((16, "relu"), (18, "gelu"))]
    lines = change_lines(compare(before, after).changes, depth=None, only_changed=True)
    assert [(line.name, line.op) for line in lines] == [("a", "silu"), ("b", "relu → gelu"), ("c", "silu")]


CHAIN = "archcost: 1\ninput: [8, 16, 16]\nlayers:\n"
LAYERS = {
    "wide": "  - {id: %s, conv2d: {out_channels: 8, kernel_size: 5, padding: 2}}\n",
    "narrow": "  - {id: %s, conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}\n",
}


def chain(*layers: tuple[str, str]) -> archcost.Report:
    return archcost.analyze(loads(CHAIN + "".join(LAYERS[kind] % name for kind, name in layers)))


def test_a_layer_that_moved_is_neither_gone_nor_new() -> None:
    before = chain(("wide", "a"), ("narrow", "b"), ("narrow", "c"))
    after = chain(("narrow", "x"), ("narrow", "y"), ("wide", "z"))
    changes = compare(before, after).changes
    assert [change.mark for change in changes] == [" ", " ", " "]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (0, 1, "new"),
        (1, 0, "gone"),
        (100_000, 1, "≈−100%"),  # something is left
        (1_000, 1, "−99.9%"),
        (10, 110, "×11.0"),
        (100, 1_099, "+999.0%"),
        (3, 3_000_000, "×1,000,000.0"),
    ],
)
def test_percentages_do_not_mislead(before: int, after: int, text: str) -> None:
    assert percent(Difference(before, after)) == text


@pytest.mark.parametrize(
    ("delta", "style"), [(+10, "red"), (-10, "bright_blue"), (0, ""), (+1, "red"), (-1, "bright_blue")]
)
def test_colours_tell_costs(delta: int, style: str) -> None:
    assert cost_style(Difference(100, 100 + delta), Difference(1_000, 1_000)) == style


def test_what_is_nothing_beside_the_whole_has_no_colour() -> None:
    assert cost_style(Difference(0, 9), Difference(10_000, 10_009)) == ""
    assert cost_style(Difference(0, 5, 0, 1), Difference(5, 10)) == ""  # not known


def test_signs_and_names_stay_uncoloured(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    lines = run("compare", "resnet18", "mobilenet_v2", "--depth", "1", columns=100).out.splitlines()
    marked = [line for line in lines if re.match(r" [+~-] ", line)]
    assert len(marked) > 3
    assert any("\x1b[31m+" in line for line in marked)
    assert any("\x1b[94m−" in line for line in marked)


VIEWS = {
    **{
        f"compare_{name}_{columns}.txt": (columns, pair)
        for name, pair in {
            "llama": ("llama_2_7b", "llama_3_8b"),
            "stages": ("resnet50", "res2net50_26w_6s"),
            "stat": ("resnet50", "res2net50_26w_6s", "--stat"),
            "delta": ("llama_2_7b", "llama_3_8b", "--sort", "delta", "--top", "6"),
        }.items()
        for columns in (60, 80, 100, 160)
    },
    "compare_stat.md": (None, ("resnet18", "resnet34", "--stat", "--format", "markdown")),
    "compare_stat_top.txt": (80, ("resnet18", "resnet34", "--stat", "--top", "2")),
    "compare_stat.tree": (None, ("resnet18", "resnet34", "--stat", "--format", "tree")),
    "compare_delta.tree": (None, ("resnet18", "resnet34", "--sort", "delta", "--format", "tree")),
    "compare_stat_params.txt": (80, ("bottleneck", "plain_block", "--stat", "--metric", "params", "--depth", "2")),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    columns, arguments = VIEWS[name]
    result = run("compare", *arguments, columns=columns)
    assert result.code == 0, result.err
    if columns:
        assert max(map(len, result.out.splitlines())) <= columns
        assert result.out.count("\n") <= SCREEN
    golden(f"compare/{name}", result.out)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("resnet18", "resnet34", "resnet50", "--stat"), "--stat is for two specs"),
        (("resnet18", "resnet34", "resnet50", "--only-changed"), "--only-changed is for two specs"),
        (("resnet18", "resnet34", "resnet50", "--sort", "delta"), "--sort delta is for two specs"),
        (("resnet18", "resnet34", "--sort", "flops", "--metric", "params"), "--metric params or --sort flops"),
        (("resnet18", "resnet34", "--sort", "detla"), "did you mean 'delta'"),
        (("resnet18", "resnet34", "--top", "0"), "--top"),
    ],
)
def test_views_that_there_are_not(run: Callable[..., Run], arguments: tuple[str, ...], told: str) -> None:
    result = run("compare", *arguments)
    assert result.code == 2
    assert told in result.err
