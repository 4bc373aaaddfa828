"""Every rewrite that a model offers, written, compared with the model, and built in PyTorch.

A few models, and with ``--all`` 40 of the zoo and 20 of torchvision and timm: ``make test-all``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archcost.suggesting.suggestion import Suggestion, Suggestions

FEW = ("conv5x5", "inception_naive", "nin_dense", "lstm_lm", "torchvision:squeezenet1_1")
ZOO = (
    *("alexnet", "albert_base", "bert_base", "bn_inception", "convnext_tiny", "crossvit_tiny_240", "darknet53"),
    *(
        "densenet121",
        "dla60",
        "efficientnet_b0",
        "ghostnet",
        "gmlp_ti16",
        "googlenet",
        "gpt2",
        "gru_lm",
        "inception_v3",
    ),
    *("inception_v4", "mixer_s32", "mixnet_s", "mnasnet0_5", "mobilenet_v1", "mobilenet_v2"),
    *(
        "mobilenet_v3_small",
        "nin",
        "poolformer_s12",
        "r3d_18",
        "regnet_y_400mf",
        "repvgg_a0_train",
        "resnet18",
        "resnet34",
    ),
    *("resnet50",),
    *("resnext50_32x4d", "se_resnet50", "shufflenet_v1", "squeezenet1_0", "swin_t", "t5_small", "unet", "vgg16"),
    *("vit_b_32", "whisper_tiny", "xception"),
)
IMPORTED = (
    *("torchvision:alexnet", "torchvision:densenet121", "torchvision:efficientnet_b0", "torchvision:googlenet"),
    *("torchvision:mnasnet0_5", "torchvision:mobilenet_v2", "torchvision:mobilenet_v3_small", "torchvision:resnet18"),
    *("torchvision:resnet50", "torchvision:shufflenet_v2_x0_5", "torchvision:swin_t", "torchvision:vgg11_bn"),
    *("torchvision:vit_b_32", "timm:convnext_atto", "timm:deit_tiny_patch16_224", "timm:mixer_s32_224"),
    *("timm:regnetx_002", "timm:repvgg_a0", "timm:seresnet18", "timm:tf_efficientnet_lite0"),
)
METRICS = ("params", "macs", "run_bytes")


def one_of_each(found: Suggestions) -> Iterator[Suggestion]:
    """The first suggestion of each rewrite, choice or not, that holds by itself."""
    seen: set[str] = set()
    for choice in found.found:
        for one in (choice, *choice.beside):
            if one.rewrite.name not in seen and one.holds:
                seen.add(one.rewrite.name)
                yield one


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = (*ZOO, *IMPORTED) if metafunc.config.getoption("--all") else FEW
    metafunc.parametrize("name", names)


def test_every_rewrite_is_what_compare_and_pytorch_say(name: str, tmp_path: Path) -> None:
    if name.startswith("timm:"):
        pytest.importorskip("timm")
    found = archcost.suggest(name, boldness="bold")
    names = []
    for one in one_of_each(found):
        path = tmp_path / f"{one.rewrite.name}.yaml"
        path.write_text(found.apply([one.number], folder=str(tmp_path)), encoding="utf-8")
        compared = archcost.compare(name, path)
        saved = {metric: -compared.total(metric).delta for metric in METRICS}
        assert saved == {metric: one.saved.of(metric) for metric in METRICS}, one.words
        assert archcost.verify(path).ok, one.words
        names.append(one.rewrite.name)
    assert names, "nothing is suggested"
