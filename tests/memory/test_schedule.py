"""The best order, against all orders."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import archcost
from archcost.analysis.memory import schedule
from archcost.analysis.memory.inference import MIN_PEAK, inference_memory, new_order
from archcost.analysis.memory.liveness import Storages
from archcost.analysis.memory.schedule import min_peak
from archcost.analysis.memory.schedule_problem import Problem, problem
from archcost.graph.unroll import unroll
from archcost.spec.loader import loads
from tests.profiles import examples

if TYPE_CHECKING:
    from collections.abc import Iterator


def random_problem(rng: random.Random, count: int) -> Problem:
    """Nodes that each make a storage, read by those that come after them; some stay, some need more while they run."""
    before = [set(rng.sample(range(node), min(node, rng.choice([0, 1, 1, 2])))) for node in range(count)]
    sizes = [rng.randint(0, 9) for _ in range(count)]
    made = Problem(before, [size + rng.choice([0, 0, rng.randint(0, 5)]) for size in sizes])
    for node in range(count):
        readers = {other for other in range(count) if node in before[other]}
        made.storage(sizes[node], node, {node} | readers, stays=rng.random() < 0.1)
    made.storage(3, -1, {rng.randrange(count)}, stays=rng.random() < 0.5)
    return made


def orders(before: list[set[int]]) -> Iterator[list[int]]:
    """Every order in which nodes come after what they need."""

    def extend(order: list[int]) -> Iterator[list[int]]:
        if len(order) == len(before):
            yield list(order)
            return
        for node, needed in enumerate(before):
            if node not in order and needed <= set(order):
                yield from extend([*order, node])

    yield from extend([])


@settings(max_examples=examples(300))
@given(st.integers(0, 10**9), st.integers(1, 7))
def test_no_order_has_a_lower_peak(seed: int, count: int) -> None:
    made = random_problem(random.Random(seed), count)
    plan = min_peak(made)
    assert plan.exact
    assert plan.peak == made.peak(plan.order) == min(made.peak(order) for order in orders(list(made.before)))
    assert plan.order in list(orders(list(made.before)))
    assert plan.peak <= made.peak(range(count))


@settings(max_examples=examples(60))
@given(st.integers(0, 10**9))
def test_where_it_is_not_searched_in_full_it_is_never_worse(seed: int) -> None:
    made = random_problem(random.Random(seed), 30)
    limit, schedule.MAX_STATES = schedule.MAX_STATES, 5
    try:
        plan = min_peak(made)
    finally:
        schedule.MAX_STATES = limit
    assert plan.peak == made.peak(plan.order) <= made.peak(range(30))
    ran: set[int] = set()
    for node in plan.order:
        assert made.before[node] <= ran
        ran.add(node)
    assert len(ran) == 30


# Parts with more orders than a full search looks at: skips over a whole U-Net, pooled attention, computed biases,
# two towers that may run in turns (clip), and distances that all layers use (chinchilla, deberta).
SEARCHED_IN_PART = {
    "chinchilla_44m",
    "clip",
    "deberta",
    "nfnet_f0",
    "ddpm_cifar10",
    "stable_diffusion_v1_unet",
    "mvit_v2_s",
    "swin_v2_t",
    "swin_v2_s",
    "swin_v2_b",
}


@pytest.mark.few
def test_every_model_of_the_zoo(zoo_model: str) -> None:
    graph = unroll(archcost.load(zoo_model))
    made = problem(graph, Storages(graph))
    spec = inference_memory(graph)
    assert made.peak(range(len(graph.nodes))) == spec.peak
    best = inference_memory(graph, schedule=MIN_PEAK)
    assert best.exact == (zoo_model not in SEARCHED_IN_PART)
    assert best.peak <= spec.peak
    assert sum(holder.bytes for holder in best.holders) == best.peak


def test_what_is_too_long_to_be_searched_keeps_its_order_and_may_not_be_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = unroll(archcost.load("inception_reduced"))
    made = problem(graph, Storages(graph))
    assert min_peak(made).exact
    monkeypatch.setattr(schedule, "MAX_BEAM", 2)
    plan = min_peak(made)
    assert (plan.order, plan.exact) == (list(range(len(graph.nodes))), False)


def test_the_pool_comes_first() -> None:
    """The pool takes the most, so that it runs while nothing waits; then only its own 32 channels do."""
    graph = unroll(archcost.load("inception_reduced"))
    image = 192 * 28 * 28 * 4
    spec = inference_memory(graph)
    waiting = (64 + 128 + 32) * 28 * 28 * 4
    assert spec.peak == image + waiting + image + 2 * image == 3_110_912
    best = inference_memory(graph, schedule=MIN_PEAK)
    assert best.peak == image + image + 2 * image == 2_408_448
    assert new_order(graph, best.order)[0] == "pool"


def test_writes_in_place_keep_their_place() -> None:
    """The sum must read x before the ReLU overwrites it, whatever that costs."""
    graph = unroll(
        loads(
            "archcost: 1\ninput: [8, 4, 4]\nlayers:\n"
            "  - {conv2d: {out_channels: 8, kernel_size: 1}, id: x}\n"
            "  - {conv2d: {out_channels: 64, kernel_size: 1}, id: wide, from: x}\n"
            "  - {relu: {inplace: true}, id: cut, from: x}\n"
            "  - {conv2d: {out_channels: 8, kernel_size: 1}, id: narrow, from: wide}\n"
            "  - {add: , id: sum, from: [narrow, cut]}\n"
        )
    )
    made = problem(graph, Storages(graph))
    assert made.before[2] == {0, 1}
    assert made.before[4] == {2, 3}


def test_learnt_tensors_do_not_tie_regions_together() -> None:
    graph = unroll(
        loads(
            "archcost: 1\ninput: [8, 4, 4]\nblocks:\n  unit:\n    layers:\n"
            "      - {parameter: {shape: [8, 1, 1]}, id: scale, from: []}\n      - {mul: , from: [input, scale]}\n"
            "layers:\n  - {unit: , repeat: 200}\n"
        )
    )
    plan = min_peak(problem(graph, Storages(graph)))
    assert plan.exact
    assert plan.order == list(range(400))
