"""``analyze --sort`` and ``--top``: the same layers in every format, and no row is made that is not shown."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.figures import METRICS, OF_LAYERS
from archcost.render import table_rows as report_rows
from archcost.render.document import Line, Table, cell
from archcost.render.report import ReportDocument
from archcost.render.report_view import ModelView, Wanted
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run


def paths(text: str) -> list[str]:
    return [row["path"] for row in csv.DictReader(io.StringIO(text))]


@pytest.mark.parametrize("key", OF_LAYERS)
def test_a_sheet_is_sorted_and_cut_like_the_table(key: str, run: Callable[..., Run]) -> None:
    training = METRICS[key].of_training
    words = ("analyze", "googlenet", "--sort", key, "--top", "9", *["--training"] * training)
    found = paths(run(*words, "--format", "csv").out)
    markdown = [line.split(" | ")[0] for line in run(*words, "--format", "markdown").out.splitlines() if "| " in line]
    tree = run(*words, "--format", "tree").out.splitlines()[1:]
    assert [line.strip("| ").replace("\\", "") for line in markdown[2:-1]] == found
    assert [line[4:].partition(":")[0] for line in tree] == found
    layers = archcost.analyze("googlenet", training=training).layers
    figures = [getattr(layer, key) for layer in layers]
    largest = {layer.path: figure for layer, figure in zip(layers, figures, strict=True)}
    assert [largest[path] for path in found] == sorted(figures, reverse=True)[:9]


def test_each_model_is_cut_by_itself(run: Callable[..., Run]) -> None:
    rows = csv.DictReader(io.StringIO(run("analyze", "vgg16", "conv5x5_reduced", "--top", "1", "--format", "csv").out))
    assert [(row["model"], row["path"]) for row in rows] == [
        ("vgg16", archcost.analyze("vgg16").layers[0].path),
        ("conv5x5_reduced", archcost.analyze("conv5x5_reduced").layers[0].path),
    ]


def test_what_is_unknown_stands_first_in_a_sheet(run: Callable[..., Run], tmp_path: Path) -> None:
    text = (
        "archcost: 1\ninput: [8]\nlayers: [{linear: {out_features: 8}}, {custom: {name: fft, output: [$batch, 8]}}]\n"
    )
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    words = ("analyze", "net.yaml", "--format", "csv")
    assert paths(run(*words, "--sort", "macs", cwd=tmp_path).out) == ["custom", "linear"]
    assert paths(run(*words, "--sort", "params", cwd=tmp_path).out) == ["linear", "custom"]
    assert paths(run(*words, cwd=tmp_path).out) == ["linear", "custom"]


def test_a_table_makes_the_rows_that_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 300 distinct layers ten rows are made, with cells and bars for ten, and the line below says how many are."""
    steps = "\n".join([f"  - {{id: l{k * 7}x, linear: {{out_features: {8 + k}}}}}" for k in range(300)])
    report = archcost.analyze(loads(f"archcost: 1\ninput: [8]\nlayers:\n{steps}\n"))
    made, row = 0, report_rows._row

    def counted(place: report_rows.Place) -> report_rows.Row:
        nonlocal made
        made += 1
        return row(place)

    monkeypatch.setattr(report_rows, "_row", counted)
    for wanted, count in ((Wanted(), 10), (Wanted(sort="macs"), 10), (Wanted(top=25), 25)):
        made = 0
        blocks = list(ReportDocument(ModelView("net", report, wanted)).blocks(10))
        (table,) = [block for block in blocks if isinstance(block, Table)]
        assert (made, {len(column.parts or column.cells) for column in table.columns}) == (count, {count})
        told = [block.text for block in blocks if isinstance(block, Line)]
        assert told == ([] if wanted.top else ["10 of 300 rows: `--top 300` shows all of them"])
        assert cell(table.columns[0].cells[0]).text == ("l2093x" if wanted.sort else "l0x")
