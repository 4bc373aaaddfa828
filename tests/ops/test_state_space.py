"""The selective scan: its figures, its refusals, and its module against the recurrence written out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from archcost.pytorch.layers.state_space import SelectiveScan
from tests.ops.cases import CASES, SCANNED, Case
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

N, D, L, S = *SCANNED, 4
SCAN = "selective_scan"
STATES, ELEMENTS = N * D * L * S, N * D * L
GIVEN = (SCANNED, SCANNED, (D, S), (N, S, L), (N, S, L))
FIGURES = [
    Figures(SCAN, {}, GIVEN, (SCANNED,), macs=STATES, flops=5 * STATES + ELEMENTS),
    Figures(SCAN, {}, (*GIVEN, (D,)), (SCANNED,), macs=STATES, flops=5 * STATES + ELEMENTS * (1 + 2)),
    Figures(SCAN, {}, (*GIVEN, (D,), SCANNED), (SCANNED,), macs=STATES, flops=5 * STATES + ELEMENTS * (1 + 2 + 5)),
    Figures(
        SCAN,
        {"delta_softplus": True},
        (*GIVEN, (D,), SCANNED, (D,)),
        (SCANNED,),
        macs=STATES,
        flops=5 * STATES + ELEMENTS * (1 + 2 + 5 + 1 + 6),
    ),
    Figures(SCAN, {}, (*GIVEN[:3], (D, S), (N, 3, S, L)), (SCANNED,), macs=STATES, flops=5 * STATES + ELEMENTS),
]
REFUSALS = [
    Refusal(SCAN, {}, GIVEN[:4], "selective_scan takes 5 to 8 inputs, got 4"),
    Refusal(SCAN, {}, ((N, L), *GIVEN[1:]), "u has 3 dims (N, D, L), got (2, 7)"),
    Refusal(SCAN, {}, (*GIVEN[:2], (S,), *GIVEN[3:]), "A has 2 dims (D, S), got (4)"),
    Refusal(SCAN, {}, (SCANNED, (N, D, L + 1), *GIVEN[2:]), "delta must be (2, 6, 7), got (2, 6, 8)"),
    Refusal(SCAN, {}, (*GIVEN[:2], (D + 1, S), *GIVEN[3:]), "A must be (6, 4), got (7, 4)"),
    Refusal(SCAN, {}, (*GIVEN[:3], (N, L, S), GIVEN[4]), "B must be (2, 4, 7), got (2, 7, 4)"),
    Refusal(SCAN, {}, (*GIVEN[:4], (N, 5, S, L)), "6 channels cannot be divided into the 5 groups of C"),
    Refusal(SCAN, {}, (*GIVEN[:4], (N,)), "C has 2 to 4 dims, got (2)"),
    Refusal(SCAN, {}, (*GIVEN, (D, 1)), "D must be (6), got (6, 1)"),
    Refusal(SCAN, {}, (*GIVEN, (D,), (N, D)), "z must be (2, 6, 7), got (2, 6)"),
    Refusal(SCAN, {}, (*GIVEN, (D,), SCANNED, (L,)), "delta_bias must be (6), got (7)"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


def at(x: Tensor, sample: int, channel: int, position: int) -> Tensor:
    """B or C for one channel at one position."""
    if x.dim() == 2:
        return x[channel]
    if x.dim() == 3:
        return x[sample, :, position]
    return x[sample, channel * x.size(1) // D, :, position]


def scanned(u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The recurrence, number by number."""
    y = torch.zeros_like(u)
    for sample in range(N):
        for channel in range(D):
            state = torch.zeros(S)
            for position in range(L):
                place = sample, channel, position
                state = (delta[place] * a[channel]).exp() * state + delta[place] * at(b, *place) * u[place]
                y[place] = at(c, *place) @ state
    return y


@pytest.mark.parametrize("case", [case for case in CASES if case.kind == SCAN], ids=str)
def test_the_module_is_the_recurrence(case: Case) -> None:
    torch.manual_seed(0)
    u, delta, a, b, c, *more = [torch.randn(shape) for shape in case.input_shapes]
    softplus = case.attributes.get("delta_softplus", False)
    step = delta + more[2][:, None] if len(more) > 2 else delta
    y = scanned(u, functional.softplus(step) if softplus else step, a, b, c)
    y = y + u * more[0][:, None] if more else y
    y = y * functional.silu(more[1]) if len(more) > 1 else y
    torch.testing.assert_close(SelectiveScan(delta_softplus=softplus)(u, delta, a, b, c, *more), y)
