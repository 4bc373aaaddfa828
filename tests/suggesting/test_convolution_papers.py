"""Papers' own figures before and after: what the rewrites of convolutions make of one is the other, to the unit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.spec.loader import loads
from archcost.suggesting.view import GraphView
from tests.shared import zoo_report
from tests.suggesting.one_rewrite import REWRITES, analyzed, block_of, body_of, found, rewritten

if TYPE_CHECKING:
    from archcost.analysis.report import Report

# GoogLeNet, Table 1: input, 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool; the weights and MACs of the module
MODULES = {
    "inception_3a": ((192, 28), 64, 96, 128, 16, 32, 32),
    "inception_3b": ((256, 28), 128, 128, 192, 32, 96, 64),
    "inception_4a": ((480, 14), 192, 96, 208, 16, 48, 64),
    "inception_4b": ((512, 14), 160, 112, 224, 24, 64, 64),
    "inception_4c": ((512, 14), 128, 128, 256, 24, 64, 64),
    "inception_4d": ((512, 14), 112, 144, 288, 32, 64, 64),
    "inception_4e": ((528, 14), 256, 160, 320, 32, 128, 128),
    "inception_5a": ((832, 7), 256, 160, 320, 32, 128, 128),
    "inception_5b": ((832, 7), 384, 192, 384, 48, 128, 128),
}

NAIVE = """\
archcost: 1
name: naive
input: [{channels}, {size}, {size}]
layers:
  - concat:
    branches:
      1x1: [conv2d: {{out_channels: {conv1}, kernel_size: 1}}, relu]
      3x3:
        - {{id: conv3, conv2d: {{out_channels: {conv3}, kernel_size: 3, padding: 1}}}}
        - relu
      5x5:
        - {{id: conv5, conv2d: {{out_channels: {conv5}, kernel_size: 5, padding: 2}}}}
        - relu
      pool:
        - max_pool2d: {{kernel_size: 3, stride: 1, padding: 1}}
        - conv2d: {{out_channels: {pool}, kernel_size: 1}}
        - relu
"""


def reduced(text: str, **widths: int) -> str:
    """The text with a 1×1 in front of both wide convolutions; ``three`` and ``five`` are widths other than usual."""
    for path, name in (("3x3.conv3", "three"), ("5x5.conv5", "five")):
        text = rewritten(text, "reduction", path).replace("reduced_conv2d", name)
        if name in widths:
            text = text.replace(f"{name}: {{out", f"{name}: {{reduced: {widths[name]}, out")
    return text


@pytest.mark.parametrize("module", MODULES)
def test_reductions_make_a_naive_module_the_one_of_googlenet(module: str) -> None:
    """To the widths of Table 1; those of the rewrite are the shares of its first module, and save in all nine."""
    (channels, size), conv1, reduce3, conv3, reduce5, conv5, pool = MODULES[module]
    naive = NAIVE.format(channels=channels, size=size, conv1=conv1, conv3=conv3, conv5=conv5, pool=pool)
    report = analyzed(reduced(naive, three=reduce3, five=reduce5))
    paper = [layer for layer in zoo_report("googlenet").layers if layer.path.startswith(f"{module}.")]
    assert report.totals.macs == sum(layer.macs for layer in paper)
    assert report.totals.params == sum(layer.params for layer in paper)
    usual = analyzed(reduced(naive))
    assert usual.totals.macs < analyzed(naive).totals.macs
    assert module != "inception_3a" or usual.totals.macs == report.totals.macs


def test_the_naive_module_of_the_zoo_becomes_the_reduced_one() -> None:
    text = NAIVE.format(channels=192, size=28, conv1=64, conv3=128, conv5=32, pool=32)
    naive = analyzed(text)
    assert (naive.totals.macs, naive.totals.params) == (308_281_344, 393_472)  # specs/inception_naive.yaml
    after = analyzed(reduced(text)).totals
    assert (after.macs, after.params) == (128_049_152, 163_696)  # specs/inception_reduced.yaml


# rewrite, kernel, size of the map, what of the MACs is saved: arXiv:1512.00567, sections 3.1 and 3.2
FACTORISED = (
    ("stacked_3x3", 5, 35, (7, 25)),  # "a relative gain of 28%"
    ("asymmetric", 3, 17, (1, 3)),  # "33% cheaper"
    ("asymmetric", 7, 17, (5, 7)),  # 7×7 as 1×7 and 7×1: 14 of 49
)


@pytest.mark.parametrize(("rewrite", "kernel", "size", "saved"), FACTORISED)
def test_factorisations_of_inception_save_what_the_paper_says(
    rewrite: str, kernel: int, size: int, saved: tuple[int, int]
) -> None:
    text = (
        f"archcost: 1\nname: one\ninput: [96, {size}, {size}]\nlayers:\n"
        f"  - {{id: conv, conv2d: {{out_channels: 96, kernel_size: {kernel}, padding: {kernel // 2}, bias: false}}}}\n"
    )
    before, after = analyzed(text).totals, analyzed(rewritten(text, rewrite)).totals
    part, whole = saved
    assert (before.macs - after.macs) * whole == before.macs * part
    assert (before.params - after.params) * whole == before.params * part


def test_rows_and_columns_are_those_of_inception_v3() -> None:
    """Figure 6: 7×7 from 128 to 192 channels is branch7x7 of the first module of 17×17, without its reduction."""
    text = """\
archcost: 1
name: one
input: [128, 17, 17]
layers:
  - {id: conv, conv2d: {out_channels: 192, kernel_size: 7, padding: 3, bias: false}}
  - batch_norm2d: {eps: 0.001}
  - relu
"""
    after = analyzed(rewritten(text, "asymmetric"))
    layers = zoo_report("inception_v3").layers
    paper = [layer for layer in layers if layer.path.startswith("Mixed_6b.branch7x7.conv_bn_")]
    assert after.totals.macs == sum(layer.macs for layer in paper)
    assert after.totals.params == sum(layer.params for layer in paper)


def test_separable_convolutions_make_conv_mobilenet_mobilenet() -> None:
    """Table 4: 4866 M and 29.3 M for whole convolutions, 569 M and 4.2 M for MobileNet, which is the zoo's."""
    text, whole = _mobilenet()
    assert (whole.totals.macs, whole.totals.params) == (4_867_293_184, 29_294_088)  # 4,866,269,184 but for fc
    view = GraphView(whole.graph)
    blocks = set()
    for index, node in enumerate(view.nodes):
        change = REWRITES["separable"].at(view, index)
        if node.path == "conv1":
            assert change is None  # an image stays whole
        elif view.kind(index) == "conv2d":
            blocks.add(block_of(body_of(change), view.given(index)))
    (block,) = blocks  # 13 layers of one step, and one body for all of them
    changed = text.replace("      - conv2d:\n", "      - separable_conv2d:\n", 1).replace(
        "blocks:\n", f"blocks:\n{block}", 1
    )
    report = archcost.analyze(loads(changed), params={"conv": "whole"})
    paper = zoo_report("mobilenet_v1").totals
    assert (report.totals.macs, report.totals.params) == (paper.macs, paper.params) == (568_740_352, 4_231_976)


def _mobilenet() -> tuple[str, Report]:
    """The zoo's mobilenet_v1 with its blocks in its own text, and its report with whole convolutions."""
    text = Path(zoo.path_of("mobilenet_v1")).read_text(encoding="utf-8").partition("expect:\n")[0]
    blocks = (Path(zoo.folder()) / "blocks" / "mobilenet_v1.yaml").read_text(encoding="utf-8").partition("blocks:\n")[2]
    text = text.replace("include: [blocks/mobilenet_v1.yaml]\n", f"blocks:\n{blocks}")
    return text, archcost.analyze(loads(text), params={"conv": "whole"})


# of SqueezeNet's Table 1: channels that come in, channels that go out, params before pruning
FIRE = {
    "fire2": (96, 128, 11_920),
    "fire3": (128, 128, 12_432),
    "fire4": (128, 256, 45_344),
    "fire5": (256, 256, 49_440),
    "fire6": (256, 384, 104_880),
    "fire7": (384, 384, 111_024),
    "fire8": (384, 512, 188_992),
    "fire9": (512, 512, 197_184),
}


@pytest.mark.parametrize("name", FIRE)
def test_fire_modules_have_the_params_of_squeezenet(name: str) -> None:
    channels, out, params = FIRE[name]
    text = f"""\
archcost: 1
name: one
input: [{channels}, 13, 13]
layers:
  - {{id: conv, conv2d: {{out_channels: {out}, kernel_size: 3, padding: 1}}}}
  - relu
"""
    report = analyzed(rewritten(text, "fire"))
    assert report.totals.params == params
    (fire,) = [layer.macs for layer in zoo_report("squeezenet1_0").layers if layer.path == f"{name}.squeeze"]
    rows = {"fire2": 54, "fire3": 54, "fire4": 54, "fire9": 13}  # the maps at 224×224; 27 for the others
    assert report.layers[0].macs * rows.get(name, 27) ** 2 == fire * 13**2


def test_a_ghost_module_is_that_of_ghostnet() -> None:
    """A 1×1 with norm and activation becomes the zoo's ghost_module: its two norms have the params of ours."""
    text = """\
archcost: 1
name: one
input: [16, 112, 112]
layers:
  - {id: conv, conv2d: {out_channels: 48, kernel_size: 1, bias: false}}
  - batch_norm2d
  - relu
"""
    report = analyzed(rewritten(text, "ghost"))
    module = """\
archcost: 1
name: one
include: [zoo:blocks/ghostnet]
input: [16, 112, 112]
layers: [ghost_module: {out: 48}]
"""
    theirs = analyzed(module).totals
    assert (report.totals.macs, report.totals.params) == (theirs.macs, theirs.params)
    assert theirs.macs == 112 * 112 * (24 * 16 + 24 * 9)


def test_space_and_time_apart_are_r2plus1d_at_its_width() -> None:
    """R(2+1)D keeps the params of the whole by 27·64·64 / (9·64 + 3·64) = 144 channels between; S3D has 64."""
    text = """\
archcost: 1
name: one
input: [64, 16, 56, 56]
layers:
  - {id: conv, conv3d: {out_channels: 64, kernel_size: 3, padding: 1, bias: false}}
  - batch_norm3d
  - relu
"""
    changed = rewritten(text, "factored_3d")
    as_s3d = analyzed(changed)
    assert as_s3d.layers[0].params + as_s3d.layers[3].params == 9 * 64 * 64 + 3 * 64 * 64
    wide = analyzed(changed.replace("factored_conv3d: {out", "factored_conv3d: {middle: 144, out"))
    theirs = {layer.path: layer for layer in zoo_report("r2plus1d_18").layers}
    for place, path in ((0, "space"), (1, "batch_norm3d"), (3, "time")):
        ours, paper = wide.layers[place], theirs[f"layer1.0.conv1.{path}"]
        assert (ours.macs, ours.params) == (paper.macs, paper.params)
    assert found(analyzed(text.replace("3,", "1,")), "factored_3d", "conv") is None
