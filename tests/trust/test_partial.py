"""What is known of a wrong spec is marked as partial in every format, and looks like the whole otherwise."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import archcost
from archcost.render.schemas import document_schema
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

MARK = "up to the error"
GOOD = """\
archcost: 1
name: good
input: [4, 6, 6]
layers:
  - conv2d: {out_channels: 5, kernel_size: 1}
"""
BROKEN = f"""{GOOD.replace("good", "broken_1")}\
  - conv2d: {{out_channels: 5, kernel_size: 7}}
  - linear: {{out_features: 1000}}
"""
EMPTY = GOOD.replace("kernel_size: 1", "kernel_size: 7").replace("good", "empty")  # its first layer is wrong
UNREADABLE = "archcost: 1\nname: [\n"
PARAMS, MACS = 4 * 5 + 5, 36 * 4 * 5
BYTES = [
    f"{4 * PARAMS} B",
    f"{4 * 36 * (4 + 5) / 1024:.2f} KiB",
]  # of the weights; of the input and the output, at the peak
RUN = f"{(4 * PARAMS + 4 * 36 * (4 + 5)) / 1024:.2f} KiB"  # memory to run: the sum of these
FORMATS = ("table", "markdown", "tree", "csv", "json", "latex")


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    for name, text in {"good": GOOD, "broken": BROKEN, "empty": EMPTY, "unreadable": UNREADABLE}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def shown(run: Callable[..., Run], folder: Path, *arguments: str) -> str:
    """Standard output of an analysis that fails."""
    result = run("analyze", *arguments, cwd=folder, columns=120)
    assert result.code == 2
    assert "error: " in result.err
    return result.out


def rows(text: str) -> list[list[str]]:
    """The cells of a Markdown table."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


# --- one spec -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", FORMATS)
def test_one_broken_spec_is_marked(style: str, specs: Path, run: Callable[..., Run]) -> None:
    out = shown(run, specs, "broken.yaml", "--format", style)
    assert f"{PARAMS}" in out
    assert f"{MACS}" in out
    assert ('"partial": true' if style == "json" else MARK) in out
    whole = run("analyze", "good.yaml", "--format", style, cwd=specs)
    assert (whole.code, whole.err) == (0, "")
    assert MARK not in whole.out
    assert "partial" not in whole.out


def test_the_sums_say_of_what_they_are(specs: Path, run: Callable[..., Run]) -> None:
    markdown = shown(run, specs, "broken.yaml", "--format", "markdown")
    assert rows(markdown)[-1] == [f"**{MARK} · 1 layer**", "", "", f"**{PARAMS}**", f"**{MACS}**", ""]
    assert "1 layers" not in run("analyze", "good.yaml", "--format", "markdown", cwd=specs).out
    tree = shown(run, specs, "broken.yaml", "--format", "tree")
    assert tree.splitlines()[0] == f"broken_1  {MARK}: {PARAMS} params, {MACS} MACs"
    assert f"{MARK} · 1 layer " in shown(run, specs, "broken.yaml")


def test_every_line_of_a_csv_says_so(specs: Path, run: Callable[..., Run]) -> None:
    whole = run("analyze", "good.yaml", "--format", "csv", cwd=specs).out.splitlines()[0]
    read = list(csv.DictReader(io.StringIO(shown(run, specs, "broken.yaml", "--format", "csv"))))
    assert list(read[0]) == [*whole.split(","), "partial"]
    assert [row["partial"] for row in read] == [MARK]
    more = ("--convention", "torchinfo", "--columns", "intensity")
    (row,) = csv.DictReader(io.StringIO(shown(run, specs, "broken.yaml", "--format", "csv", *more)))
    assert (row["convention_figure"], row["partial"]) == (str(MACS + 36 * 5), MARK)  # torchinfo counts the bias


def test_json_says_so_beside_the_errors(specs: Path, run: Callable[..., Run]) -> None:
    for name in ("broken", "empty", "unreadable"):
        document = json.loads(shown(run, specs, f"{name}.yaml", "--format", "json"))
        jsonschema.validate(document, document_schema("report"))
        assert document["partial"] is True
        assert document["errors"]
    document = json.loads(run("analyze", "good.yaml", "--format", "json", cwd=specs).out)
    assert not {"partial", "errors"} & set(document)


def test_python_says_so() -> None:
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(loads(BROKEN))
    partial = caught.value.partial
    assert partial.complete is False
    assert partial.to_dict()["partial"] is True
    assert repr(partial) == f"Report('broken_1', params={PARAMS}, macs={MACS}, partial=True)"


def test_a_tool_is_not_said_to_leave_out_what_the_missing_layers_would_read(
    specs: Path, run: Callable[..., Run]
) -> None:
    """A tracing tool skips what no output depends on, which nobody knows before the error."""
    out = shown(run, specs, "broken.yaml", "--format", "markdown", "--convention", "fvcore")
    assert "no output of the model depends on it" not in out
    assert rows(out)[-1][-2] == f"**{MACS}**"


# --- several specs --------------------------------------------------------------------------------------------------

SEVERAL = ("good.yaml", "broken.yaml", "empty.yaml", "unreadable.yaml")


def test_the_summary_has_a_row_for_each_and_marks_the_broken(specs: Path, run: Callable[..., Run]) -> None:
    lines = [line.split() for line in shown(run, specs, *SEVERAL).splitlines() if line.strip()]
    assert lines[2][:3] == ["good", f"{PARAMS}", f"{MACS}"]
    assert " ".join(lines[3][:6]) == f"broken_1 ({MARK}) {PARAMS}"
    assert " ".join(lines[4][:5]) == f"empty ({MARK})"
    assert " ".join(lines[5]) == f"unreadable.yaml ({MARK})"
    markdown = rows(shown(run, specs, *SEVERAL, "--format", "markdown"))[2:]
    assert markdown == [
        ["good", f"{PARAMS}", f"{MACS}", RUN, "1", *BYTES],
        [f"broken\\_1 ({MARK})", f"{PARAMS}", f"{MACS}", RUN, "1", *BYTES],
        [f"empty ({MARK})", "–", "–", "576 B", "0", "0 B", "576 B"],
        [f"unreadable.yaml ({MARK})", *[""] * 6],
    ]


def test_every_other_format_has_them_all_too(specs: Path, run: Callable[..., Run]) -> None:
    tree = shown(run, specs, *SEVERAL, "--format", "tree")
    assert [line for line in tree.splitlines() if line and line[0] not in "├└│ "] == [
        f"good  {PARAMS} params, {MACS} MACs",
        f"broken_1  {MARK}: {PARAMS} params, {MACS} MACs",
        f"empty  {MARK}: 0 params, 0 MACs",
        f"unreadable.yaml  {MARK}: no layer",
    ]
    read = list(csv.DictReader(io.StringIO(shown(run, specs, *SEVERAL, "--format", "csv"))))
    assert [(row["model"], row["path"], row["macs"], row["partial"]) for row in read] == [
        ("good", "conv2d", f"{MACS}", ""),
        ("broken_1", "conv2d", f"{MACS}", MARK),
        ("empty", "", "", MARK),
        ("unreadable.yaml", "", "", MARK),
    ]
    assert all(None not in row and None not in row.values() for row in read)  # every line has all cells
    documents = json.loads(shown(run, specs, *SEVERAL, "--format", "json"))
    assert ["partial" in document for document in documents] == [False, True, True, True]


@pytest.mark.parametrize("style", FORMATS)
def test_a_model_whose_first_layer_is_wrong_is_marked_in_every_format(
    style: str, specs: Path, run: Callable[..., Run]
) -> None:
    out = shown(run, specs, "empty.yaml", "--format", style)
    assert "empty" in out
    assert ('"partial": true' if style == "json" else MARK) in out


@pytest.mark.parametrize("style", FORMATS)
def test_a_file_that_cannot_be_read_is_no_part_of_a_model(style: str, specs: Path, run: Callable[..., Run]) -> None:
    (specs / "bytes.yaml").write_bytes(b"archcost: 1\nname: \xff\n")
    (specs / "folder.yaml").mkdir()
    for name in ("nosuch.yaml", "bytes.yaml", "folder.yaml"):
        out = shown(run, specs, "good.yaml", name, "--format", style)
        assert MARK not in out
        assert name in out
        assert "not read" in out or style == "json"


@pytest.mark.parametrize("style", [style for style in FORMATS if style != "tree"])
def test_memory_names_the_models_that_it_has_no_figures_of(style: str, specs: Path, run: Callable[..., Run]) -> None:
    result = run("memory", "good.yaml", "broken.yaml", "nosuch.yaml", "--format", style, cwd=specs, columns=120)
    assert result.code == 2
    if style == "json":
        documents = json.loads(result.out)
        assert [document["schema"] for document in documents] == ["archcost.memory/1"] * 3
        assert [document.get("partial", False) for document in documents] == [False, True, True]
        assert "peak_bytes" not in documents[1]
    elif style == "csv":
        read = list(csv.DictReader(io.StringIO(result.out)))
        assert [(row["model"], row["path"], row["partial"]) for row in read] == [
            ("good", "conv2d", ""),
            ("broken_1", "", MARK),
            ("nosuch.yaml", "", "not read"),
        ]
    else:
        marked = result.out.replace("\\_", "_")
        assert f"broken_1 ({MARK})" in marked
        assert "nosuch.yaml (not read)" in marked
    alone = run("memory", "good.yaml", "--format", style, cwd=specs, columns=120).out
    assert "partial" not in alone
    assert MARK not in alone


def test_a_table_for_each_where_rows_are_asked_for(specs: Path, run: Callable[..., Run]) -> None:
    out = shown(run, specs, "good.yaml", "broken.yaml", "--depth", "1")
    assert "total · 1 layer " in out
    assert f"{MARK} · 1 layer " in out
    assert f"broken_1 ({MARK})" in out


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "good.yaml", "broken.yaml"),
        ("compare", "good.yaml", "good.yaml", "broken.yaml"),
        ("memory", "broken.yaml"),
        ("explain", "broken.yaml"),
        ("explain", "broken.yaml", "conv2d"),
        ("reconcile", "broken.yaml"),
        ("export", "broken.yaml"),
        ("validate", "broken.yaml"),
    ],
    ids=" ".join,
)
def test_what_needs_the_whole_shows_nothing(command: tuple[str, ...], specs: Path, run: Callable[..., Run]) -> None:
    result = run(*command, cwd=specs)
    assert result.code == 2
    assert "--> broken.yaml:6:5" in result.err
    assert str(MACS) not in result.out


# --- groups ---------------------------------------------------------------------------------------------------------

HEAD = """\
archcost: 1
name: groups
input: [4, 6, 6]
blocks:
  point: {layers: [{conv2d: {out_channels: 4, kernel_size: 1}}]}
  two: {layers: [{id: a, relu: }, {id: b, relu: }], outputs: [a, b]}
  late: {layers: [relu, {id: bad, conv2d: {out_channels: 4, kernel_size: 7}}, relu]}
layers:
"""
BAD = "  - {id: bad, conv2d: {out_channels: 4, kernel_size: 7}}\n"
CLOSED = f"""{HEAD}\
  - {{id: stack, repeat: 3, point: }}
  - add:
    branches:
      body: [point]
      skip: []
  - {{id: pair, two: }}
{BAD}"""
SHAPE = "1×4×6×6"
# A repeat whose third round, a branch whose second step and a block whose second layer fails: open at the error.
OPEN = {
    "repeat": (
        HEAD + '  - {id: stack, repeat: 3, point: , when: "$(4 > 0)"}\n' + BAD,
        {"stack": ("repeat", SHAPE)},
    ),
    "round": (
        HEAD.replace("blocks:", "params: {widths: [4, 4]}\nblocks:")
        + '  - {id: stack, repeat: 3, conv2d: {out_channels: "$(widths[i])", kernel_size: 1}}\n',
        {"stack": ("repeat", "")},
    ),
    "branch": (
        HEAD
        + "  - add:\n    branches:\n      body: [point, {conv2d: {out_channels: 4, kernel_size: 7}}]\n      skip: []\n",
        {"body": ("branch", ""), "body.point": ("point", SHAPE)},
    ),
    "block": (HEAD + "  - late\n", {"late": ("late", "")}),
    "block in a repeat": (
        HEAD + "  - {id: stack, repeat: 2, late: }\n",
        {"stack": ("repeat", ""), "stack.0": ("late", "")},
    ),
}


def groups(text: str) -> dict[str, tuple[str, str]]:
    """Op and output of every group of layers before the error."""
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(loads(text))
    from archcost.render.cell_text import shape_cell
    from archcost.render.table_rows import first_rows

    found = first_rows(caught.value.partial, None, depth=9).rows
    return {row.path: (row.op, shape_cell(row.output)) for row in found if row.group}


def test_groups_that_are_closed_before_the_error_are_as_in_a_whole_report() -> None:
    assert groups(CLOSED) == {
        "stack": ("repeat", SHAPE),
        "stack.0": ("point", SHAPE),
        "body": ("branch", SHAPE),
        "body.point": ("point", SHAPE),
        "pair": ("two", f"{SHAPE}, {SHAPE}"),
    }


@pytest.mark.parametrize("name", OPEN)
def test_groups_that_are_open_at_the_error_have_their_op_and_no_output(name: str) -> None:
    text, expected = OPEN[name]
    found = groups(text)
    assert {path: found[path] for path in expected} == expected
    assert all(op for op, _ in found.values())


@pytest.mark.parametrize("style", ["table", "markdown", "tree"])
def test_no_format_leaves_the_op_of_a_group_empty(style: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    for name, text in {"closed": CLOSED, **{name: text for name, (text, _) in OPEN.items()}}.items():
        path = tmp_path / f"{name.replace(' ', '_')}.yaml"
        path.write_text(text)
        out = run("analyze", str(path), "--format", style, "--depth", "9").out
        for line in out.splitlines():
            assert ":  →" not in line
            assert not line.endswith("→ ")
            assert not line.startswith("| ") or line.split("|")[2].strip() or MARK in line


# --- one mistake, one error -----------------------------------------------------------------------------------------

TWO = """\
archcost: 1
name: two
inputs: {a: [8, 16, 16], b: [8, 8, 8]}
blocks:
  two:
    inputs: [a, b]
    layers:
      - {id: x, relu, from: a}
      - {id: y, relu, from: b}
    outputs: [x, y]
layers:
  - {id: s0, two, from: [a, b]}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(loads(text))
    return [diagnostic.message for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize("after", ["", "  - two\n", "  - two\n  - relu\n", "  - {id: s2, two, from: s1}\n"])
def test_one_mistake_gives_one_error(after: str) -> None:
    """What a step takes cannot be counted while one of its inputs is not known; what follows from it is passed over."""
    one = "  one: {layers: [{id: x, relu}], outputs: [x, x]}\n"
    text = TWO.replace("layers:\n  - {id: s0", f"{one}layers:\n  - {{id: s0")
    message = "'s0' has 2 outputs, and the block 'one' takes 1 input (input)"
    assert problems(f"{text}  - {{id: s1, one, from: s0}}\n{after}") == [message]


def test_a_wrong_number_of_inputs_is_still_told() -> None:
    assert problems(f"{TWO}  - {{id: s1, two, from: s0.0}}\n") == ["the block 'two' takes 2 inputs (a, b), got 1"]
    three: Any = f"{TWO}  - {{id: s1, two, from: [s0.0, s0.1, a]}}\n"
    assert problems(three) == ["the block 'two' takes 2 inputs (a, b), got 3"]
