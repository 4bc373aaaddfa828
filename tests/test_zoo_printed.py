"""A figure whose source says "prints 4.2M" rounds to what is printed: the zoo quotes nothing that it does not meet."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import pytest

import archcost
from archcost import zoo

SCALES = {"M": 10**6, "million": 10**6, "MFLOPs": 10**6, "G": 10**9, "B": 10**9, "GFLOPS": 10**9, "GFLOPs": 10**9}
PRINTED = re.compile(rf"prints (\d+(?:\.\d+)?) ?({'|'.join(SCALES)})\b(.*cut off)?")

# Models of images: language and speech models are named after their sizes in round numbers, such as 117M.
IMAGE_MODELS = {name: spec for name in zoo.names() if list((spec := archcost.load(name)).inputs) == ["input"]}
FIGURES = {
    f"{name}-{metric}": (figure.value, match)
    for name, spec in IMAGE_MODELS.items()
    for metric, figure in spec.expect[""].figures.items()
    if (match := PRINTED.search(figure.source)) and not figure.tolerance
}


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_rounds_to_what_is_printed(figure: str) -> None:
    value, match = FIGURES[figure]
    printed, unit, cut = match.groups()
    rounding = ROUND_FLOOR if cut else ROUND_HALF_EVEN
    found = (Decimal(value) / SCALES[unit]).quantize(Decimal(printed), rounding)
    assert found == Decimal(printed), f"{figure}: {value:,}"


def test_many_figures_are_quoted() -> None:
    assert len(FIGURES) > 100


KERAS = {
    "resnet50_v2": 25_613_800,
    "resnet101_v2": 44_675_560,
    "resnet152_v2": 60_380_648,
    "xception": 22_910_480,
    "inception_v3": 23_851_784,
    "inception_resnet_v2": 55_873_736,
    "mobilenet_v1": 4_253_864,
}
WITHOUT_GAMMA = {"inception_v3", "inception_resnet_v2"}


@pytest.mark.parametrize("name", KERAS)
def test_keras_counts_the_moving_statistics(name: str) -> None:
    """Keras counts the mean and variance of each norm as parameters; its Inceptions scale by no gamma."""
    report = archcost.analyze(name)
    norms = [layer for layer in report.layers if layer.op == "batch_norm2d"]
    channels = sum(layer.output[0][1] for layer in norms)
    assert report.totals.buffers == 2 * channels + len(norms)  # and num_batches_tracked, which is torch's
    assert report.totals.params + 2 * channels - (channels if name in WITHOUT_GAMMA else 0) == KERAS[name]


REPVGG = {  # parameters in training, with the moving statistics, and deployed, as printed by a port to Keras
    "a0": (9_132_616, 8_309_384),
    "a1": (14_122_088, 12_789_864),
    "a2": (28_253_160, 25_499_944),
    "b0": (15_853_160, 14_339_048),
    "b1": (57_483_112, 51_829_480),
    "b1g2": (45_850_472, 41_360_104),
    "b1g4": (40_034_152, 36_125_416),
    "b2": (89_107_432, 80_315_112),
    "b2g4": (61_843_432, 55_777_512),
}


@pytest.mark.parametrize("member", REPVGG)
def test_repvgg_in_training_and_deployed(member: str) -> None:
    training, deployed = archcost.analyze(f"repvgg_{member}_train"), archcost.analyze(f"repvgg_{member}")
    norms = sum(layer.op == "batch_norm2d" for layer in training.layers)
    assert training.totals.params + training.totals.buffers - norms == REPVGG[member][0]
    assert deployed.totals.params == REPVGG[member][1]


@pytest.mark.parametrize(
    ("member", "millions"),
    [("s16", 18), ("s32", 19), ("b16", 59), ("b32", 60), ("l16", 207), ("l32", 206), ("h14", 431)],
)
def test_mlp_mixer_without_its_classifier(member: str, millions: int) -> None:
    """Tolstikhin et al. 2021, Table 1, leaves the classifier out."""
    report = archcost.analyze(f"mixer_{member}")
    assert round((report.totals.params - report.layers[-1].params) / 10**6) == millions


@pytest.mark.parametrize(("member", "billions"), [("ti16", 2.7), ("s16", 8.9), ("b16", 31.6)])
def test_gmlp_flops(member: str, billions: float) -> None:
    """Liu et al. 2021 counts two operations for each multiply-add."""
    assert abs(archcost.analyze(f"gmlp_{member}").totals.flops / 10**9 - billions) < 0.15
