"""What PyTorch does when nobody looks on: the three things that a dispatch mode keeps it from, by its profiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from archcost.analysis.memory.liveness import Storages
from archcost.analysis.memory.training import Setting, training_memory
from archcost.graph.unroll import unroll
from archcost.pytorch.module import build, example_inputs
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

PERMUTED = "  - permute: {dims: [0, 2, 1]}\n  - linear: {out_features: 6}"
POOLED = "  - max_pool1d: {kernel_size: 2}"
JOINED = (
    "  - {parameter: {shape: [1, 64, 256]}, id: w, from: []}\n  - {mul: , id: x, from: [input, w]}\n"
    "  - {tanh: , id: a}\n  - {tanh: , id: b, from: x}\n  - {tanh: , id: c, from: x}\n  - add: {}\n    from: [a, b, c]"
)


def allocated(function: Callable[[], object]) -> int:
    """The most bytes that a call has from PyTorch's CPU allocator at a time."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        result = function()
    del result
    events = [event for event in found.profiler.kineto_results.events() if event.name() == "[memory]"]
    live = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        live += event.nbytes()
        most = max(most, live)
    return most


@pytest.mark.parametrize(("layers", "saved"), [(PERMUTED, 64 * 6 * 4), (POOLED, 16 * 32 * 8)], ids=["bias", "indices"])
def test_inference(layers: str, saved: int) -> None:
    """A bias is added in place; a pool over sequences makes no indices."""
    graph = unroll(loads(f"archcost: 1\ninput: [16, 64]\nlayers:\n{layers}"))
    network, (x,) = build(graph).eval(), example_inputs(graph)
    with torch.no_grad():
        network(x)
        most = allocated(lambda: network(x))
    assert max(Storages(graph).live()) == most + 16 * 64 * 4
    apart = Storages(graph, watched=True).live()
    assert max(apart) > max(Storages(graph).live())
    assert max(apart) <= max(Storages(graph).live()) + saved


@pytest.mark.parametrize(("dim", "outputs"), [("1", 16 * 32), ("[0, 2]", 64)])
def test_logsumexp(dim: str, outputs: int) -> None:
    """The maxima and the exponentials are tensors that a dispatch mode does not see."""
    graph = unroll(
        loads(
            f"archcost: 1\ninputs: {{x: {{shape: [16, 64, 32], batch: false}}}}\nlayers:\n  - logsumexp: {{dim: {dim}}}"
        )
    )
    network, (x,) = build(graph).eval(), example_inputs(graph)
    with torch.no_grad():
        network(x)
        most = allocated(lambda: network(x))
    assert most == (16 * 64 * 32 + 2 * outputs) * 4
    assert max(Storages(graph).live()) == most + 16 * 64 * 32 * 4
    assert max(Storages(graph, watched=True).live()) == (16 * 64 * 32 + outputs) * 4


def test_gradients_are_added_in_place() -> None:
    """Three branches: each further gradient is added to the first, where a watched PyTorch makes a new tensor."""
    graph = unroll(loads(f"archcost: 1\ninput: [64, 256]\nlayers:\n{JOINED}"))
    network, (x,) = build(graph).train(), example_inputs(graph)

    def step() -> object:
        network.zero_grad()
        result = network(x)
        result.sum().backward()
        return result

    step()
    network.zero_grad()
    most = allocated(step)
    predicted = training_memory(graph, Setting())
    tolerance = 1024  # scalars, and what the profiler itself holds
    assert abs(predicted.peak.live - predicted.fixed - 64 * 256 * 4 - most) <= tolerance
    assert training_memory(graph, Setting(watched=True)).peak.live >= predicted.peak.live
