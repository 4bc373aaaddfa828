"""The whole zoo as it was when the language had fewer short forms: old specs mean what they meant."""

from __future__ import annotations

import csv
from pathlib import Path
from zlib import crc32

import pytest

from archcost.analysis.report import analyze
from archcost.spec.loader import load

FOLDER = Path(__file__).parent / "data" / "specs"
with (FOLDER / "figures.csv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["model"])
def test_old_specs_have_the_figures_and_paths_that_they_had(row: dict[str, str]) -> None:
    report = analyze(load(FOLDER / f"{row['model']}.yaml"))
    paths = "\n".join(layer.path for layer in report.layers)
    figures = (len(report.layers), report.totals.params, report.totals.macs, report.totals.flops)
    assert figures == tuple(int(row[name]) for name in ("layers", "params", "macs", "flops"))
    assert crc32(paths.encode()) == int(row["paths_crc32"])
