"""Every row on MobileNets in the tables of Howard et al. 2017 (arXiv:1704.04861).

Tables 6, 7 and 9 are designs of the space ``mobilenet_v1`` (``test_published_designs.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import archcost
from tests.zoo.published import table

if TYPE_CHECKING:
    from pathlib import Path

ROWS = {(row["table"], row["model"]): row for row in table("mobilenet_v1_tables.csv")}


def weights_of(report: archcost.Report) -> int:
    """Params as the paper counts them: without the norms."""
    return sum(layer.costs.weights for layer in report.layers if not layer.op.startswith("batch_norm"))


KINDS = {
    "pct:Conv 1x1": "pointwise",
    "pct:Conv DW 3x3": "depthwise",
    "pct:Conv 3x3": "conv1",
    "pct:Fully Connected": "fc",
}


@pytest.mark.parametrize("kind", KINDS)
def test_table_2_where_the_operations_and_weights_are(kind: str) -> None:
    """Shares of all. The table's own shares add up to 99.29%: that of the first convolution, 1.19%, is 1.91%."""
    report = archcost.analyze("mobilenet_v1")
    mine = [layer for layer in report.layers if layer.path.rpartition(".")[2] == KINDS[kind]]
    row = ROWS["2", kind]
    macs = f"{sum(layer.macs for layer in mine) / report.totals.macs:.2%}"
    assert macs == ("1.91%" if kind == "pct:Conv 3x3" else row["million_mult_adds"])
    assert f"{sum(layer.costs.weights for layer in mine) / weights_of(report):.2%}" == row["million_params"]


LAYER = """
archcost: 1
name: layer
params: {width: 1, side: 14, conv: separable, channels: 512}
include: [zoo:blocks/mobilenet_v1]
input: [$channels, $side, $side]
layers:
  - {id: layer, $conv: {out: 512}}
"""
LAYERS: dict[str, tuple[dict[str, Any], int]] = {
    # 14 * 14 * 3 * 3 * 512 * 512
    "layer 14x14x512 K3: Convolution": ({"conv": "whole"}, 462_422_016),
    # 14 * 14 * (3 * 3 * 512 + 512 * 512)
    "layer: Depthwise Separable Conv": ({}, 52_283_392),
    # 14 * 14 * (3 * 3 * 384 + 384 * 384)
    "layer: + alpha=0.75": ({"width": 0.75, "channels": 384}, 29_578_752),
    # 10 * 10 * (3 * 3 * 384 + 384 * 384)
    "layer: + rho=0.714": ({"width": 0.75, "channels": 384, "side": 10}, 15_091_200),
}


@pytest.mark.parametrize("name", LAYERS)
def test_table_3_one_layer(name: str, tmp_path: Path) -> None:
    params, macs = LAYERS[name]
    (tmp_path / "layer.yaml").write_text(LAYER, encoding="utf-8")
    report = archcost.analyze(tmp_path / "layer.yaml", params=params)
    assert report.totals.macs == macs
    row = ROWS["3", name]
    digits = len(row["million_mult_adds"].partition(".")[2])
    assert round(macs / 10**6, digits) == float(row["million_mult_adds"])
    assert round(weights_of(report) / 10**6, 2) == float(row["million_params"])


DESIGNS: dict[tuple[str, str], dict[str, Any]] = {
    ("4", "Conv MobileNet"): {"conv": "whole"},
    ("4", "MobileNet"): {},
    ("5", "0.75 MobileNet"): {"width": 0.75},
    ("5", "Shallow MobileNet (without the 5 14x14x512 separable layers)"): {"middle": 0},
    ("10", "1.0 MobileNet-224 (Stanford Dogs)"): {"num_classes": 120},
    ("10", "0.75 MobileNet-224 (Stanford Dogs)"): {"num_classes": 120, "width": 0.75},
    ("10", "1.0 MobileNet-192 (Stanford Dogs)"): {"num_classes": 120, "resolution": 192},
    ("10", "0.75 MobileNet-192 (Stanford Dogs)"): {"num_classes": 120, "width": 0.75, "resolution": 192},
}


@pytest.mark.parametrize("which", DESIGNS, ids=": ".join)
def test_tables_4_5_and_10_whole_models(which: tuple[str, str]) -> None:
    """Millions, rounded or cut off.

    The 4866 of the Conv MobileNet leave its classifier out (4,867,293,184 - 1,024,000), and Table 10 prints the
    operations with 1,000 classes, though its params are those with the 120 of Stanford Dogs.
    """
    report = archcost.analyze("mobilenet_v1", params=DESIGNS[which])
    macs = report.totals.macs
    if which[1] == "Conv MobileNet":
        macs -= 1024 * 1000
    if which[0] == "10":
        macs = archcost.analyze("mobilenet_v1", params={**DESIGNS[which], "num_classes": 1000}).totals.macs
    row = ROWS[which]
    assert abs(macs / 10**6 - float(row["million_mult_adds"])) <= 0.8
    assert round(weights_of(report) / 10**6, 1) == float(row["million_params"])


def test_no_row_is_left_out() -> None:
    """The other rows are of other networks: Tables 8 to 10 compare with them."""
    others = {model for table_number, model in ROWS if table_number in ("8", "9", "10") and "MobileNet" not in model}
    assert others == {"GoogleNet", "VGG 16", "Squeezenet", "AlexNet", "Inception V3 (Stanford Dogs)"}
    mine = {*DESIGNS, *(("2", kind) for kind in KINDS), *(("3", name) for name in LAYERS)}
    designs_of_space = {which for which in ROWS if which[0] in ("6", "7", "9") and "MobileNet" in which[1]}
    assert {which for which in ROWS if which[1] not in others} == mine | designs_of_space
