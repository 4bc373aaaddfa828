"""Every model of the zoo against what is published, and against figures that none of us wrote."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.analysis.expectations import deviations, output_shape
from tests.shared import zoo_report

DATA = Path(__file__).parent / "data"
MODELS = zoo.names()

# The models that must be there, whatever else is.
REQUIRED = {
    *("conv1x1", "linear_over_channels", "conv1x1_28x28", "pooling", "conv1x1_channels", "residual"),
    *("bottleneck", "plain_block", "nin", "nin_dense", "conv5x5", "conv5x5_reduced"),
    *("inception_naive", "inception_reduced", "googlenet", "torchvision_googlenet", "inception_v3"),
    *("alexnet", "squeezenet1_0", "squeezenet1_1", "mobilenet_v1"),
    *(f"vgg{depth}{suffix}" for depth in (11, 13, 16, 19) for suffix in ("", "_bn")),
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
}


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def named_here(row: dict[str, str]) -> dict[str, str]:
    """The plain name of GoogLeNet is the paper's."""
    return {**row, "model": "torchvision_googlenet"} if row["model"] == "googlenet" else row


RECOUNT = [named_here(row) for row in rows("torchvision_exact.csv")]
DEFAULTS = {
    row["model"]: row["ops_input_shape"]
    for row in map(named_here, rows("torchvision_classification.csv"))
    if row["is_default"] == "True"
}
CLASSIFIERS = sorted({row["model"] for row in RECOUNT if row["kind"] == "classification"})


def test_the_required_models_are_there() -> None:
    assert set(MODELS) >= REQUIRED


@pytest.mark.parametrize("name", MODELS)
def test_published_figures_hold(name: str) -> None:
    report = zoo_report(name)
    assert report.name == name
    assert report.spec.source
    assert {"params", "macs"} <= set(report.spec.expect[""].figures)
    assert [str(deviation) for deviation in deviations(report)] == []


def test_every_classifier_of_torchvision_is_there() -> None:
    assert len(CLASSIFIERS) == 80
    assert set(CLASSIFIERS) == set(DEFAULTS)
    assert set(CLASSIFIERS) <= set(MODELS)


@pytest.mark.parametrize("row", RECOUNT, ids=lambda row: f"{row['model']}-{row['input_shape']}")
def test_torchvision_figures_are_met_exactly(row: dict[str, str]) -> None:
    name = row["model"]
    report = zoo_report(name)
    if shape_of(report) != row["input_shape"]:  # another set of weights than the default one
        assert DEFAULTS[name] != row["input_shape"]
        report = archcost.analyze(name, params={"resolution": int(row["input_shape"].rpartition("x")[2])})
    assert shape_of(report) == row["input_shape"]
    # Inception v3's published weights keep the auxiliary head, which inference does not run.
    training = archcost.analyze(name, training=True)
    params = training.totals.params if name == "inception_v3" else report.totals.params
    assert params == int(row["params_meta"])
    assert report.totals.macs == int(row["macs_recount"])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_take_the_images_of_their_default_weights(name: str) -> None:
    assert shape_of(zoo_report(name)) == DEFAULTS[name]


def shape_of(report: archcost.Report) -> str:
    return "x".join(map(str, report.inputs["input"]))


def test_families_are_named() -> None:
    assert [name for name in MODELS if not archcost.load(name).family] == []


TABLE_1 = {
    "convolution 7x7/2": "conv1",
    "convolution 3x3/1": "conv2",
    **{
        f"inception ({stage})": f"inception_{stage}" for stage in ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    },
    "linear": "linear",
}
MISPRINTS = {"conv1", "inception_4c", "inception_5a"}


@pytest.mark.parametrize(
    "row", [row for row in rows("googlenet_table1.csv") if row["params_paper"]], ids=lambda row: row["type"]
)
def test_googlenet_reproduces_table_1(row: dict[str, str]) -> None:
    """Output sizes exactly, weights (K = 1024) and multiplications to 2.5%, but for three misprinted rows."""
    report = archcost.analyze("googlenet")
    name = TABLE_1.get(row["type"]) or TABLE_1[f"{row['type']} {row['patch_stride']}"]
    height, width, channels = map(int, row["output_size"].split("x"))
    shape = output_shape(report, name)
    assert shape is not None
    assert (*shape[2:], shape[1])[-3:] == (height, width, channels) or shape == (1, channels)
    layers = [layer for layer in report.layers if layer.path == name or layer.path.startswith(f"{name}.")]
    weights = sum(layer.costs.weights for layer in layers)
    macs = sum(layer.macs for layer in layers)
    printed_weights = float(row["params_paper"].removesuffix("K")) * 1024
    printed_macs = float(row["ops_paper"].removesuffix("M")) * 10**6
    agree = abs(weights - printed_weights) <= 0.025 * weights and abs(macs - printed_macs) <= 0.025 * macs
    assert agree is (name not in MISPRINTS), (weights, macs)


def test_googlenet_in_full() -> None:
    report = archcost.analyze("googlenet")
    assert (report.totals.params, report.totals.macs) == (6_998_552, 1_582_671_872)
    assert sum(layer.costs.weights for layer in report.layers) == 6_990_272
    training = archcost.analyze("googlenet", training=True)
    # An auxiliary head: 1×1 convolution to 128, linear to 1024, linear to 1000, each with a bias.
    heads = sum(channels * 128 + 128 for channels in (512, 528)) + 2 * (4 * 4 * 128 * 1024 + 1024 + 1024 * 1000 + 1000)
    assert training.totals.params - report.totals.params == heads
    assert len(training.outputs) == 3


MOBILENETS = [
    row for row in rows("mobilenet_v1_tables.csv") if row["table"] in ("6", "7", "9") and "MobileNet-" in row["model"]
]


@pytest.mark.parametrize("row", MOBILENETS, ids=lambda row: f"{row['table']}: {row['model']}")
def test_mobilenet_v1_pairs(row: dict[str, str]) -> None:
    width, resolution = float(row["model"].split()[0]), int(row["model"].rsplit("-", 1)[1])
    report = archcost.analyze("mobilenet_v1", params={"width": width, "resolution": resolution})
    assert abs(report.totals.macs / 10**6 - float(row["million_mult_adds"])) <= 0.8  # as printed, rounded or cut
    weights = sum(layer.costs.weights for layer in report.layers if not layer.op.startswith("batch_norm"))
    digits = len(row["million_params"].partition(".")[2])
    assert round(weights / 10**6, digits) == float(row["million_params"])


def test_mobilenet_v1_shallow() -> None:
    report = archcost.analyze("mobilenet_v1", params={"middle": 0})
    assert round(report.totals.macs / 10**6) == 307
    assert round(report.totals.params / 10**6, 1) == 2.9


@pytest.mark.parametrize(("name", "published"), [("resnet50", 3.8), ("resnet101", 7.6), ("resnet152", 11.3)])
def test_resnet_v1_puts_the_stride_into_the_1x1(name: str, published: float) -> None:
    """He et al. 2015, Table 1; the SENet paper prints 3.86, 7.58 and 11.30 for the same models."""
    report = archcost.analyze(name, params={"stride_in_1x1": True})
    assert abs(report.totals.macs / 10**9 - published) < 0.06
    assert report.totals.params == zoo_report(name).totals.params


@pytest.mark.parametrize(
    "row", [row for row in rows("squeezenet_table1.csv") if row["params_before_pruning"]], ids=lambda row: row["layer"]
)
def test_squeezenet_reproduces_table_1(row: dict[str, str]) -> None:
    report = archcost.analyze("squeezenet1_0")
    name = row["layer"]
    layers = [layer for layer in report.layers if layer.path == name or layer.path.startswith(f"{name}.")]
    found = report.totals.params if name == "total" else sum(layer.params for layer in layers)
    assert found == int(row["params_before_pruning"])


@pytest.mark.parametrize(("kernel", "factor"), [(1, 1), (3, 9), (5, 25)])
def test_larger_kernels_cost_their_area(kernel: int, factor: int) -> None:
    report = archcost.analyze("conv1x1_28x28", params={"kernel": kernel})
    assert report.totals.macs == 28 * 28 * 32 * 192 * factor
    assert report.outputs == {report.layers[-1].path: (1, 32, 28, 28)}


def test_a_1x1_convolution_is_a_linear_layer_over_channels() -> None:
    convolution, linear = archcost.analyze("conv1x1").totals, archcost.analyze("linear_over_channels").totals
    assert (convolution.params, convolution.macs) == (linear.params, linear.macs)


def test_the_reduction_saves_nine_tenths() -> None:
    assert archcost.analyze("conv5x5").totals.macs == 28 * 28 * 32 * 5 * 5 * 192
    reduced = archcost.analyze("conv5x5_reduced")
    assert [layer.macs for layer in reduced.layers] == [28 * 28 * 16 * 192, 28 * 28 * 32 * 5 * 5 * 16]
    assert reduced.totals.macs == 2_408_448 + 10_035_200 == 12_443_648


def test_both_inception_modules_have_the_same_output() -> None:
    for name in ("inception_naive", "inception_reduced"):
        assert list(archcost.analyze(name).outputs.values()) == [(1, 64 + 128 + 32 + 32, 28, 28)]


def test_the_residual_add_needs_its_projection() -> None:
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze("residual", params={"projection": False})
    (diagnostic,) = caught.value.diagnostics
    assert "(1, 64, 56, 56)" in diagnostic.message
    assert "(1, 128, 28, 28)" in diagnostic.message
    assert "conv2d: {out_channels: 128, kernel_size: 1, stride: 2}" in diagnostic.help


# One spec with params for what the models of a library differ in: a line for each param, and a step for each option.
FAMILY_SPECS = ("bart", "clip", "deberta", "decoder", "image_encoder", "text_encoder", "wav2vec2_base")


@pytest.mark.parametrize("name", MODELS)
def test_specs_stay_short(name: str) -> None:
    text = Path(zoo.find(name) or "").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) < (60 if name == "googlenet" else 80 if name in FAMILY_SPECS else 40)
    assert max(map(len, lines)) <= 120
