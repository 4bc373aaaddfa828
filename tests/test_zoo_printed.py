"""What is printed of the zoo's models, held against what archcost counts under the same convention."""

from __future__ import annotations

import pytest

import archcost

# docs/templates/applications.md of keras-team/keras@034466b; the ResNets as templates/api/applications/index.md of
# keras-team/keras-io@e7be306 rounds them: 25.6M, 44.7M and 60.4M.
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


def test_gmlp_flops() -> None:
    """31.6 GFLOPs, cut off, on paperswithcode.com/paper/pay-attention-to-mlps: two operations for each multiply-add."""
    assert archcost.analyze("gmlp_b16").totals.flops // 10**8 == 316
