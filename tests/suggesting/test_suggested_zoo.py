"""The engine on models that people know: what is written is analysed, compared, and built in PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost
from archcost import model_zoo
from archcost.analysis.report import analyze
from archcost.named_specs import read_spec
from archcost.pytorch.verify import verify
from archcost.settings import Settings
from archcost.suggesting.edits import LocalChange, Shares
from archcost.suggesting.grounds import BaseText, grounded
from archcost.suggesting.places import JointChange, grouped
from archcost.suggesting.rewrites.convolutions import Reduction
from archcost.suggesting.rewriting import check_outside, rewritten
from archcost.suggesting.view import GraphView
from archcost.suggesting.yaml_text import UnwritableError
from tests.shared import zoo_report

if TYPE_CHECKING:
    from pathlib import Path

WITH_CONVOLUTIONS = (  # by the blocks that they are written in: their own, included, extended, repeated, branched
    "alexnet conv5x5 deeplabv3_resnet50 densenet121 detr_resnet50 dpn92 fcn_resnet50 inception_naive inception_v3 "
    "inception_v4 nin r3d_18 repvgg_a0 res2net50_26w_4s resnet18 resnet34 resnet50 retinanet_resnet50_fpn se_resnet50 "
    "ssd300_vgg16 unet vgg11 vgg16 wide_resnet50_2 yolov3 zfnet"
)
NAMES = [name for name in WITH_CONVOLUTIONS.split() if model_zoo.find(name)]
METRICS = ("params", "macs", "flops", "weight_bytes", "run_bytes")


def reductions(ground: BaseText) -> list[JointChange]:
    """All that the rewrite finds."""
    view = GraphView(ground.graph)
    found = [Reduction.at(view, index) for index in range(len(ground.graph.nodes))]
    return grouped(ground.uses, Reduction, [change for change in found if change is not None])


@pytest.mark.parametrize("name", NAMES)
def test_a_reduced_model_costs_what_compare_says(name: str, tmp_path: Path) -> None:
    before = zoo_report(name)
    ground = grounded(before.graph, folder=str(tmp_path), name=f"{name}_reduced")
    made = rewritten(ground, reductions(ground))
    path = tmp_path / f"{name}_reduced.yaml"
    path.write_text(made.text, encoding="utf-8")
    compared = archcost.compare(name, path)
    for metric in METRICS:
        assert compared.total(metric).delta == getattr(made.report.totals, metric) - getattr(before.totals, metric)
    assert [*archcost.analyze(path).outputs.values()] == [*before.outputs.values()]


@pytest.mark.parametrize("name", ["resnet34", "vgg16", "inception_v3"])
def test_each_suggestion_alone_saves_its_part(name: str) -> None:
    ground = grounded(zoo_report(name).graph)
    whole = ground.report.totals
    found = reductions(ground)
    assert sum(len(one.changes) for one in found) > len(found) > 1
    together = rewritten(ground, found).report.totals
    alone = [rewritten(ground, [one]).report.totals for one in found]
    for metric in ("params", "macs"):  # which add up over places
        saved = sum(getattr(whole, metric) - getattr(one, metric) for one in alone)
        assert saved == getattr(whole, metric) - getattr(together, metric)


@pytest.mark.parametrize(
    ("name", "params"), [("conv5x5", {}), ("inception_naive", {}), ("resnet18", {"resolution": 64})]
)
def test_a_reduced_model_is_what_pytorch_builds(name: str, params: dict[str, int]) -> None:
    ground = grounded(analyze(read_spec(name), Settings(params=params)).graph)
    result = verify(rewritten(ground, reductions(ground)).report)
    assert result.ok


def test_layers_of_a_transformer_that_share_their_weights_are_one() -> None:
    """All rounds use the weights of the first, as in ALBERT: of 12 layers 11 have no weights of their own."""
    report = zoo_report("bert_base")
    ground = grounded(report.graph)
    uses = ground.uses
    first: dict[object, int] = {}
    edits: dict[int, Shares] = {}
    for index, node in enumerate(ground.graph.nodes):
        rounds = [use for use in uses.chain(index) if use.rounds]
        if not node.signature.weights() or not rounds:
            continue
        owner = first.setdefault(tuple(use.place for use in uses.chain(index)), index)
        if owner != index:
            edits[index] = Shares(owner)
    made = rewritten(ground, [JointChange(Reduction, (LocalChange(edits),))])
    own = sum(layer.params for index, layer in enumerate(report.layers) if index in edits)
    assert own > 0
    assert made.report.totals.params == report.totals.params - own


def test_outside_of_a_change_nothing_may_differ() -> None:
    ground = grounded(zoo_report("inception_naive").graph)
    made = rewritten(ground, reductions(ground)[:1])
    check_outside(ground.graph, made.report.graph, {index for one in reductions(ground)[:1] for index in one.edits})
    with pytest.raises(UnwritableError, match=r"no layer|other shapes"):
        check_outside(ground.graph, made.report.graph, ())
