"""What an op says of itself is what its module in PyTorch is, and what its figures show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archcost.ops.facets import FAMILIES, Work, WrittenAs
from archcost.pytorch.builders.base import Function
from archcost.pytorch.builders.shape import Slice
from archcost.pytorch.module import Network
from tests.ops.cases import CASES, Case
from tests.pytorch.support import report_of

if TYPE_CHECKING:
    from torch import nn

EXAMPLES = list({case.kind: case for case in CASES}.values())


def written(module: nn.Module) -> WrittenAs:
    """How a module is written: torch's own class, a function of torch, or a class of archcost's."""
    if type(module).__module__.startswith("torch.nn."):
        return WrittenAs.MODULE
    return WrittenAs.FUNCTION if isinstance(module, Function | Slice) else WrittenAs.OWN


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case.kind)
def test_an_op_is_written_as_it_says(case: Case) -> None:
    report = report_of(case)
    (layer,) = report.layers
    assert written(Network(report.graph).get_submodule(layer.path)) is layer.node.op.written


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case.kind)
def test_an_op_has_macs_if_its_work_says_so(case: Case) -> None:
    layers = [report_of(each).layers[0] for each in CASES if each.kind == case.kind]
    work = layers[0].node.op.work
    assert work is Work.DECLARED or any(layer.macs for layer in layers) is work.multiplies
    assert work is not Work.UNCHANGED or not any(layer.flops for layer in layers)


def test_every_family_decides_for_its_ops() -> None:
    """A default that all ops of a family contradict would be none."""
    ops = [report_of(case).layers[0].node.op for case in EXAMPLES]
    for family, facets in FAMILIES.items():
        own = [op for op in ops if op.family == family]
        assert any(op.work is facets.work for op in own), family
        assert any(op.written is facets.written for op in own), family
