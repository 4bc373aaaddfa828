"""Torch's multi-head layer is one step, whatever masks it takes; its weights are another where they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

# Width 8, 10 positions: 4 projections of 10 · 8 · 8, two products of 10 · 10 · 8. Params: 4 · (8 · 8 + 8).
MACS, PARAMS = 4 * 640 + 2 * 800, 288


class Attending(nn.Module):
    def __init__(self, call: Callable[[nn.Module, Tensor], Any], **how: Any) -> None:
        super().__init__()
        self.call = call
        self.m = nn.MultiheadAttention(8, 2, **how)

    def forward(self, x: Tensor) -> Any:
        return self.call(self.m, x)


def _causal() -> Tensor:
    return torch.ones(10, 10, dtype=torch.bool).triu(1)


WEIGHTS: dict[str, tuple[Callable[[Any, Any], Any], list[int] | None]] = {
    "both are outputs": (lambda m, x: m(x, x, x), [1, 10, 10]),
    "a mask": (lambda m, x: m(x, x, x, attn_mask=_causal()), [1, 10, 10]),
    "a mask of keys": (lambda m, x: m(x, x, x, key_padding_mask=torch.zeros(len(x), 10).bool()), [1, 10, 10]),
    "of each head": (lambda m, x: m(x, x, x, average_attn_weights=False), [1, 2, 10, 10]),
    "a mask, and the weights are not read": (lambda m, x: m(x, x, x, attn_mask=_causal())[0], None),
    "without weights": (lambda m, x: m(x, x, x, attn_mask=_causal(), need_weights=False)[0], None),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_batch_first(name: str) -> None:
    call, weights = WEIGHTS[name]
    report = archcost.analyze(archcost.import_model(Attending(call, batch_first=True), "10x8"))
    own = "m.multihead_attention" if weights else "m"
    assert [layer.path for layer in report.layers] == [own, "m.custom"][: 2 if weights else 1]
    assert [list(shape) for shape in report.outputs.values()][1:] == ([weights] if weights else [])
    assert (report.totals.params, report.totals.macs, report.unknown("macs")) == (PARAMS, MACS, frozenset())


@pytest.mark.parametrize("name", WEIGHTS)
def test_positions_first(name: str) -> None:
    call, weights = WEIGHTS[name]
    turned = Attending(lambda m, x: call(lambda *_, **how: m(*[x.transpose(0, 1)] * 3, **how), x))
    report = archcost.analyze(archcost.import_model(turned, "10x8"))
    kinds = [layer.op for layer in report.layers if layer.op != "transpose"]
    assert kinds == ["multihead_attention", "custom"][: 2 if weights else 1]
    assert (report.totals.params, report.totals.macs, report.unknown("macs")) == (PARAMS, MACS, frozenset())


def test_without_a_batch_it_is_told() -> None:
    call = Attending(lambda m, x: m(x[0], x[0], x[0], need_weights=False)[0][None], batch_first=True)
    assert "its inputs have no batch" in archcost.import_model(call, "10x8").text
