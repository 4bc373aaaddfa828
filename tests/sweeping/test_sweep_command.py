"""The command: what it prints in every format and width, its exit codes, and its errors."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

GROUPED = """archcost: 1
name: grouped
params: {width: 8, groups: 1, act: relu}
input: [6, 16, 16]
layers:
  - conv2d: {out_channels: $width, kernel_size: 3, groups: $groups}
  - $act
"""
GRID = ("--vary", "width=0.25:1.5:0.05", "--vary", "resolution=128..224..32", "--vary", "middle=3..5")
BUDGETS = "params <= 5 M and macs <= 300 M"


def test_the_widths_that_fit_a_budget(run: Callable[..., Run]) -> None:
    done = run("sweep", "mobilenet_v1", *GRID, "--where", BUDGETS, "--sort", "-params", "--top", "3", columns=80)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == ("mobilenet_v1 · 26 widths × 4 resolutions × 3 middle = 312 designs · 178 meet the")
    rows = [line.split() for line in lines if line.startswith("  1.1")]
    assert rows == [
        ["1.10", "128", "5", "4,996,073", "223,628,768"],
        ["1.15", "128", "3", "4,692,217", "198,725,576"],
        ["1.10", "128", "4", "4,671,785", "203,018,464"],
    ]
    single = archcost.analyze("mobilenet_v1", params={"width": 1.1, "resolution": 128, "middle": 5}).totals
    assert (single.params, single.macs) == (4_996_073, 223_628_768)


def test_every_row_is_that_of_a_single_analysis(run: Callable[..., Run]) -> None:
    metrics = "params,macs,flops,weight_bytes,activation_bytes,layers,peak_activation_bytes,run_bytes"
    vary = ("--vary", "width=0.5,1.1", "--vary", "middle=0,5", "--vary", "resolution=128,160")
    done = run("sweep", "mobilenet_v1", *vary, "--metrics", metrics, "--format", "csv", "--dtype", "float16")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) == 8
    for row in rows:
        params = {"width": float(row["width"]), "middle": int(row["middle"]), "resolution": int(row["resolution"])}
        totals = archcost.analyze("mobilenet_v1", params=params, dtype="float16").totals
        assert {name: int(row[name]) for name in metrics.split(",")} == {
            name: getattr(totals, name) for name in metrics.split(",")
        }


def test_bytes_have_units_and_numbers_line_up(run: Callable[..., Run]) -> None:
    words = ("sweep", "mobilenet_v1", "--vary", "width=0.25,1", "--metrics", "weight_bytes", "--vary", "batch=1,2")
    title, _, heading, _, *rows = run(*words, columns=80).out.splitlines()
    assert "2 widths × 2 batches = 4 designs" in title
    assert heading.split() == ["width", "batch", "weight", "bytes"]
    assert [row.split()[0] for row in rows if row] == ["0.25", "0.25", "1.00", "1.00"]
    assert rows[0].split()[2:] == ["1.79", "MiB"]  # 4 · 470,072 params = 1,880,288 bytes = 1.79 · 2²⁰


def test_invalid_rows_stay_and_are_grouped(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "grouped.yaml").write_text(GROUPED)
    vary = ("sweep", "grouped.yaml", "--vary", "groups=1,2,4", "--vary", "width=6,7,8")
    done = run(*vary, columns=80, cwd=tmp_path)
    assert done.code == 0
    assert "3 groups × 3 widths = 9 settings · 5 designs · 4 invalid" in done.out
    text = " ".join(done.out.split())
    # Neither 2 nor 4 groups divide 7 channels, and 4 do not divide the 6 of the input; what is told first is the input.
    assert "3× conv2d: 6 input channels cannot be divided into 4 groups (grouped.yaml:6:5)" in text
    assert "1× conv2d: 7 output channels cannot be divided into 2 groups (grouped.yaml:6:5)" in text
    assert "help: `groups` must divide 6 and 6" in text
    assert run(*vary, "--strict", cwd=tmp_path).code == 1
    rows = list(csv.DictReader(io.StringIO(run(*vary, "--format", "csv", cwd=tmp_path).out)))
    assert [bool(row["error"]) for row in rows] == [not row["params"] for row in rows]
    assert sum(bool(row["error"]) for row in rows) == 4
    with_where = run(*vary, "--where", "params > 0", "--format", "csv", cwd=tmp_path)
    assert len(with_where.out.splitlines()) == 1 + 5


def test_all_invalid_is_the_error_of_a_single_analysis(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "grouped.yaml").write_text(GROUPED)
    swept = run("sweep", "grouped.yaml", "--vary", "groups=4", cwd=tmp_path)
    single = run("analyze", "grouped.yaml", "--set", "groups=4", cwd=tmp_path)
    assert swept.code == single.code == 2
    assert not swept.out
    assert swept.err == single.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--vary", "widht=1"), "error: mobilenet_v1 has no param 'widht'\n --> --vary:1:1"),
        (("--vary", "width=1,1"), "error: the value 1 stands here for the second time\n --> --vary:1:9"),
        (("--vary", "width=1,2", "--where", "mcs < 3"), "help: did you mean 'macs'?"),
        (("--vary", "width=1,2", "--metrics", "parms"), "help: did you mean 'params'"),
        (("--vary", "width=1,2", "--sort", "widht"), "help: did you mean 'width'"),
        (("--vary", "width=1,2", "--histogram", "mac"), "help: did you mean 'macs'"),
        (("--vary", "width=1,2", "--pareto", "macs"), "help: write `min:METRIC` or `max:METRIC`"),
        (("--vary", "width=1,2", "--metrics", "predicted_latency"), "help: name one with --device"),
        (("--set", "widht=1"), "error: mobilenet_v1 has no param 'widht'"),
        (("--space", "nowhere"), "error: there is no space 'nowhere'"),
        (("--vary", "width=1", "--vary", "width=2"), "error: width is to vary twice\n --> --vary:1:1"),
        (
            ("--vary", "width=1,2", "--where", "params < 3 ms"),
            "error: '3 ms' is no amount of params\n --> --where:1:10",
        ),
        (("--vary", "width=1,2", "--where", "1 / (width - 1) > 0"), "help: a part is not asked where one before it"),
    ],
)
def test_usage_errors(run: Callable[..., Run], words: tuple[str, ...], message: str) -> None:
    done = run("sweep", "mobilenet_v1", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--histogram", "macs,params"), "there is no 'macs,params' here"),
        (("--sample", "9999999999999"), "at most 10,000,000 designs are drawn at once"),
        (("--sample", "3", "--count"), "a sample is designs in a list, and counts are of all designs"),
        (("--sample", "3", "--histogram", "macs"), "a sample is designs in a list, and counts are of all designs"),
        (("--vary", "middle=1", "--set", "middle=2"), "middle is to vary, and is set to 2 as well"),
    ],
)
def test_questions_without_an_answer(run: Callable[..., Run], words: tuple[str, ...], message: str) -> None:
    done = run("sweep", "mobilenet_v1", "--vary", "width=0.5,1", *words)
    assert done.code == 2
    assert message in done.err
    assert "help: " in done.err


def test_of_several_conditions_all_hold(run: Callable[..., Run]) -> None:
    words = ("sweep", "mobilenet_v1", "--vary", "width=0.25,0.5,1", "--format", "csv")
    where = ("--where", "macs <= 300 M", "--where", "width == 0.25 or width == 1")
    assert [line.split(",")[0] for line in run(*words, *where).out.splitlines()] == ["width", "0.25"]


def test_nothing_to_draw_is_said(run: Callable[..., Run]) -> None:
    done = run("sweep", "mobilenet_v1", "--vary", "width=0.5,1", "--sample", "5", "--where", "macs < 0", columns=160)
    assert done.out.splitlines()[0].endswith("0 meet the budget · none to draw")


HIDDEN = """archcost: 1
name: hidden
params: {n: 4}
input: [3, 8, 8]
layers:
  - conv2d: {out_channels: $n, kernel_size: 1}
  - custom: {name: secret, output: [$batch, 8], params: 5}
"""


def test_a_bound_on_what_is_unknown_in_part_says_so(run: Callable[..., Run], tmp_path: Path) -> None:
    spec = tmp_path / "hidden.yaml"
    spec.write_text(HIDDEN)
    words = ("sweep", str(spec), "--vary", "n=4,8", "--metrics", "params", "--where", "macs < 1 M")
    assert "layers leave MACs unknown" in run(*words, columns=160).out


NAMESAKES = """archcost: 1
name: namesakes
params: {macs: 4, valid: 3}
input: [2, 8, 8]
layers:
  - conv2d: {out_channels: $macs, kernel_size: 1}
  - conv2d: {out_channels: $valid, kernel_size: 1}
"""


def test_a_param_called_like_a_column_keeps_its_own(run: Callable[..., Run], tmp_path: Path) -> None:
    spec = tmp_path / "namesakes.yaml"
    spec.write_text(NAMESAKES)
    words = ("sweep", str(spec), "--vary", "macs=3,1,2", "--vary", "valid=5")
    rows = list(csv.DictReader(io.StringIO(run(*words, "--sort", "-param.macs", "--format", "csv").out)))
    assert [row["param.macs"] for row in rows] == ["3", "2", "1"]
    assert [int(row["macs"]) for row in rows] == [64 * (2 * n + n * 5) for n in (3, 2, 1)]  # 8×8 places of 1×1 kernels
    assert run(*words, "--sort", "macs", "--format", "csv").out.splitlines()[1].startswith("1,5,")
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run(*words, "-o", str(tmp_path / "rows.parquet")).code == 0
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.column_names == ["param.macs", "param.valid", "params", "macs", "valid", "error"]
    assert table["param.macs"].to_pylist() == [3, 1, 2]
    (chunk,) = archcost.space(spec, vary={"macs": [3, 1, 2]}).tables().rows()
    assert chunk["param.macs"].tolist() == [3, 1, 2]
    assert chunk["macs"].tolist() == [64 * (2 * n + n * 3) for n in (3, 1, 2)]


def test_a_design_tells_a_param_from_a_metric(tmp_path: Path) -> None:
    spec = tmp_path / "namesakes.yaml"
    spec.write_text(NAMESAKES)
    best = archcost.space(spec, vary={"macs": [3, 1, 2]}).tables().best(max="macs")
    assert best is not None
    assert (best["macs"], best["param.macs"]) == (64 * (2 * 3 + 3 * 3), 3)


def test_one_distinct_design_is_one(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("archcost: 1\ninput: [4]\nparams: {a: 1}\nlayers: [relu]\n")
    assert "1 distinct design\n" in run("sweep", str(tmp_path / "net.yaml"), "--vary", "a=1,2", "--count").out


def test_one_space_at_a_time(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "slim.yaml").write_text("archcost_space: 1\nspec: zoo:mobilenet_v1\nvary: {width: [1]}\n")
    done = run("sweep", str(tmp_path / "slim.yaml"), "--space", "mobilenet_v1")
    assert done.code == 2
    assert "slim.yaml is a space, and so is mobilenet_v1" in " ".join(done.err.split())


def test_arrays_of_mixed_values_keep_their_kinds(tmp_path: Path) -> None:
    spec = tmp_path / "grouped.yaml"
    spec.write_text(GROUPED)
    (chunk,) = archcost.space(spec, vary={"act": ["relu", 3, True]}).tables().rows()
    assert chunk["act"].tolist() == ["relu", 3, True]


def test_counts_are_exact_and_say_so(run: Callable[..., Run]) -> None:
    done = run("sweep", "mobilenet_v1", *GRID, "--count", "--where", BUDGETS)
    assert f"{BUDGETS}: 178 (57.051%), counted exactly" in done.out  # 178 / 312
    rows = run("sweep", "mobilenet_v1", *GRID, "--count", "--where", BUDGETS, "--format", "csv").out
    assert rows == f"where,designs,low,high\n{BUDGETS},178,178,178\n"


def test_the_front(run: Callable[..., Run]) -> None:
    words = ("sweep", "mobilenet_v1", *GRID, "--pareto", "min:macs,max:params")
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").out)))
    points = [(int(row["macs"]), int(row["params"])) for row in rows]
    assert points == sorted(points)
    assert [params for _, params in points] == sorted({params for _, params in points})
    assert f"front of {len(rows)} by least MACs, most params" in run(*words, "--top", "2").out


def test_samples_are_the_same_for_a_seed(run: Callable[..., Run]) -> None:
    words = ("sweep", "mobilenet_v1", *GRID, "--sample", "5", "--where", "macs <= 300 M", "--format", "csv")
    first = run(*words, "--seed", "3").out
    assert first == run(*words, "--seed", "3").out != run(*words, "--seed", "4").out
    assert all(int(row["macs"]) <= 300_000_000 for row in csv.DictReader(io.StringIO(first)))


def test_a_space_in_a_file(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "grouped.yaml").write_text(GROUPED)
    (tmp_path / "space.yaml").write_text(
        "# widths\narchcost_space: 1\nname: widths\nspec: grouped.yaml\nset: {groups: 2}\n"
        'vary: {width: "6..12..2"}\nzip: [{act: [relu, gelu]}]\nwhere: params >= 200\n'
    )
    for words in (("sweep", "space.yaml"), ("sweep", "--space", "space.yaml")):
        done = run(*words, "--format", "json", cwd=tmp_path)
        found = json.loads(done.out)
        assert (found["space"], found["settings"], found["where"]) == ("widths", 8, "params >= 200")
        assert [row["values"]["width"] for row in found["rows"]] == [8, 8, 10, 10, 12, 12]  # 28·w, 6: 168
        assert found["spec"]["params"] == {"groups": 2}
    more = run("sweep", "space.yaml", "--vary", "groups=1", "--where", "width > 10", "--count", cwd=tmp_path)
    assert "width > 10: 2 (25%), counted exactly" in more.out


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("archcost_space: 1\nspec: x\nvary: {a: '1,1'}\n", "3:11", "the value 1 stands here for the second time"),
        ("archcost_space: 2\nspec: x\n", "1:17", "version 2 of spaces is not known"),
        ("archcost_space: 1\nvary: {a: 1}\n", "1:1", "'spec' is missing"),
        ("archcost_space: 1\nspec: x\nvery: {a: 1}\n", "3:1", "unknown key 'very' in a space"),
        ("archcost_space: 1\nspec: x\nzip: [{a: [1], b: [1, 2]}]\n", "3:7", "zip: params that vary together have"),
        ("archcost_space: 1\nspec: x\nvary: [1]\n", "3:7", "'vary' must be a mapping of names to values"),
    ],
)
def test_wrong_spaces(run: Callable[..., Run], tmp_path: Path, text: str, place: str, message: str) -> None:
    (tmp_path / "space.yaml").write_text(text)
    done = run("sweep", "--space", "space.yaml", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"error: {message}" in done.err
    assert f"--> space.yaml:{place}\n" in done.err


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_no_line_is_wider_than_the_page(run: Callable[..., Run], tmp_path: Path, columns: int) -> None:
    (tmp_path / "grouped.yaml").write_text(GROUPED)
    words = ("sweep", "grouped.yaml", "--vary", "groups=1,2,4", "--vary", "width=6,7,8", "--vary", "act=relu,gelu")
    metrics = "params,macs,flops,weight_bytes,activation_bytes,layers,run_bytes"
    for more in ((), ("--metrics", metrics), ("--histogram", "macs"), ("--count", "--where", "macs <= 50%")):
        done = run(*words, *more, columns=columns, cwd=tmp_path)
        assert done.code == 0
        assert max(map(len, done.out.splitlines())) <= columns


def test_a_param_that_is_called_like_a_metric(run: Callable[..., Run]) -> None:
    """GPT-2 has a param ``layers``: 2 of them are 53 layers of a report, 4 are 99."""
    sweep = ("sweep", "gpt2", "--vary", "layers=4,2", "--metrics", "layers", "--format", "csv")
    plain = ["param.layers,layers", "4,99", "2,53"]
    assert run(*sweep).out.splitlines() == plain
    assert run(*sweep, "--sort", "-layers").out.splitlines() == plain
    assert run(*sweep, "--sort", "param.layers").out.splitlines() == [plain[0], plain[2], plain[1]]
    assert run(*sweep, "--pareto", "min:layers,max:params").code == 0
    assert run("sweep", "gpt2", "--vary", "layers=4,2", "--metrics", "layers").out.splitlines()[2].split() == [
        "param.layers",
        "layers",
    ]
    (chunk,) = archcost.space("gpt2", vary={"layers": [4, 2]}).tables().rows(metrics=("layers",))
    assert (chunk["param.layers"].tolist(), chunk["layers"].tolist()) == ([4, 2], [99, 53])
