"""An einsum of many operands, two at a time: what torch gives, with the MACs that its counter sees of it."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from archcost.ops import REGISTRY
from archcost.ops.einsum import pairwise

MANY = [  # an equation, the shapes of its operands, and its MACs from the left
    ("ij,jk,kl->il", ((2, 3), (3, 5), (5, 7)), 2 * 5 * 3 + 2 * 7 * 5),
    ("ij,jk,kl", ((7, 5), (5, 3), (3, 2)), 7 * 3 * 5 + 7 * 2 * 3),  # an output that is not written
    ("bij,bjk,bkl->bl", ((2, 3, 4), (2, 4, 5), (2, 5, 6)), 2 * 5 * 4 + 2 * 6 * 5),  # i is summed over first
    ("...ij,jk,...kl->...il", ((9, 2, 3), (3, 5), (9, 5, 7)), 9 * 2 * 5 * 3 + 9 * 2 * 7 * 5),
    ("ab,bc,cd,da->", ((2, 3), (3, 4), (4, 5), (5, 2)), 2 * 4 * 3 + 2 * 5 * 4 + 2 * 5),
    ("bhid,bhjd,bhje->bhie", ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7)), 6 * 4 * 6 * 5 + 6 * 4 * 7 * 6),
]


@pytest.mark.parametrize(("equation", "shapes", "macs"), MANY)
def test_pairs_are_the_whole(
    equation: str, shapes: tuple[tuple[int, ...], ...], macs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without opt_einsum, as torch decides where it is not installed."""
    monkeypatch.setattr(torch.backends.opt_einsum, "enabled", False)
    operands = [torch.rand(shape, dtype=torch.float64) for shape in shapes]
    with FlopCounterMode(display=False) as counter:
        whole = torch.einsum(equation, *operands)
    found, counted = operands[0], 0
    for pair, operand in zip(pairwise(equation), operands[1:], strict=True):
        inputs = (tuple(found.shape), tuple(operand.shape))
        found = torch.einsum(pair, found, operand)
        counted += REGISTRY["einsum"](equation=pair).macs(inputs, (tuple(found.shape),))
    assert torch.allclose(found, whole)
    assert counted == macs
    assert counter.get_total_flops() == 2 * macs
