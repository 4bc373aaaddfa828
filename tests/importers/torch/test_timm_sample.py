"""Models of timm, one a family, against params and MACs that torch counts alone."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from archcost.analysis.report import analyze
from archcost.importers.importing import Ask, import_anew
from archcost.importers.sources import required_source
from archcost.settings import Settings
from archcost.spec.loader import loads
from benchmarks.import_timm import count

if TYPE_CHECKING:
    import pytest

    from archcost.analysis.report import Report

FILE = Path(__file__).parent.parent.parent / "data" / "timm_import_sample.csv"
ROWS = {row["model"]: row for row in csv.DictReader(FILE.read_text().splitlines())}
COVER = (  # small ones of many kinds: convolutions, attention in windows and over channels, derived weights, splits
    "botnet50ts_256", "convnextv2_small", "fbnetv3_b", "ghostnet_100", "nest_tiny", "regnetz_d8", "tresnet_xl",
    "visformer_small", "xcit_tiny_24_p16_384",
)  # fmt: skip
LONGER = (  # whose kinds of layers others have
    "convnextv2_small", "fbnetv3_b", "regnetz_d8", "tresnet_xl", "xcit_tiny_24_p16_384",
)  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Most of the cover, or all of the sample under ``--all``."""
    whole = metafunc.config.getoption("--all")
    metafunc.parametrize("model", ROWS if whole else [model for model in COVER if model not in LONGER])


def imported(model: str) -> tuple[str, Report, Report]:
    """The text, and its reports at batch 1 and 3; why it is flat, if it is."""
    found = import_anew(Ask(required_source(f"timm:{model}")))
    spec = loads(found.text, name=model)
    return found.unfolded, analyze(spec), analyze(spec, Settings(batch=3))


def test_an_import_is_what_torch_counts(model: str) -> None:
    row = ROWS[model]
    unfolded, report, larger = imported(model)
    assert "x".join(map(str, report.inputs["input"])) == row["input_shape"]
    assert (report.totals.params, report.totals.macs) == (int(row["params"]), int(row["macs"]))
    assert (larger.totals.params, larger.totals.macs) == count(model, batch=3)  # not always 3 times as many
    assert [layer.path for layer in report.layers if layer.op == "custom"] == []
    assert unfolded == "" or model not in COVER
