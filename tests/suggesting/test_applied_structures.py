"""Rewrites of several layers in the texts of specs: the figures are those of the flat graph with the same edits."""

from __future__ import annotations

import pytest

import archcost
from archcost.suggesting.grounds import grounded
from archcost.suggesting.places import grouped
from archcost.suggesting.rewrite import REWRITES
from archcost.suggesting.rewriting import rewritten as applied
from archcost.suggesting.view import GraphView
from tests.suggesting import flat_specs

CASES = [  # how many changes the texts need: those of a block that is used alike are one
    ("alexnet", "one_dense", 1),
    ("alexnet", "plain_bottleneck", 1),
    ("densenet121", "pool_first", 1),
    ("googlenet", "patch_stem", 1),
    ("mobilenet_v2", "earlier_stride", 4),
    ("mobilenet_v2", "late_features", 1),
    ("nin_dense", "global_pooling", 1),
    ("repvgg_a0_train", "fused_branches", 8),
    ("nin_dense", "max_first", 3),
    ("resnet18", "bottleneck", 1),
    ("resnet34", "fold_norm", 4),
    ("resnet34", "zero_shortcut", 1),
    ("resnet50", "earlier_stride", 3),
    ("resnet50", "strided", 1),
    ("vgg16", "class_maps", 1),
    ("vgg16", "global_pooling", 1),
    ("vgg16", "plain_bottleneck", 4),
    ("vgg16", "strided", 5),
    ("vgg16_bn", "no_bias", 1),
]


@pytest.mark.parametrize(("model", "name", "count"), CASES, ids=[f"{model}-{name}" for model, name, _ in CASES])
def test_figures_of_the_text(model: str, name: str, count: int) -> None:
    """No formula has a part in it: both are counted, once on the text of blocks, and once on single steps."""
    report = archcost.analyze(model)
    ground = grounded(report.graph)
    view, rewrite = GraphView(ground.graph), REWRITES[name]
    changes = [rewrite.at(view, index) for index in range(len(view.nodes))]
    suggestions = grouped(ground.uses, rewrite, [change for change in changes if change is not None])
    assert len(suggestions) == count
    made = applied(ground, suggestions).report.totals
    flat = flat_specs.rewritten(report, *flat_specs.found(report, name)).totals
    assert (made.params, made.macs, made.flops) == (flat.params, flat.macs, flat.flops)
