"""The graph's gradient flow is that of the memory engine, which follows autograd inside of every op."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from archcost.analysis.memory.graph_run import Execution
from archcost.analysis.memory.shadow_torch import Machine
from archcost.analysis.memory.training import BACKWARD, LOSS, Setting, training_memory
from archcost.graph.gradient_flow import gradient_flow
from archcost.graph.unroll import unroll
from archcost.pytorch import memory
from archcost.settings import Settings
from tests.memory.networks import case_graph, sgd
from tests.memory.test_frozen_measured import frozen_below
from tests.memory.test_training_measured import WATCHED
from tests.ops.cases import CASES, Case, for_each_kind
from tests.pytorch.support import document

if TYPE_CHECKING:
    from archcost.graph.model import Graph
    from archcost.spec.model import Spec

PASSED_ON = {"parameter", "identity", "dropout", "stochastic_depth", "kv_cache"}  # may give the very tensor, in no step
# The engine knows nothing of what a `custom` keeps, nor that a gradient passes; a count, `norm` of power 0, has none.
CASES_THAT_PASS_ON = [case for case in CASES if case.kind != "custom" and case.attributes.get("ord") != 0]
TRAINING = Settings(training=True, batch=2)


def agree(graph: Graph) -> None:
    """Whose values need gradients, and which layers the backward pass goes through."""
    flow = gradient_flow(graph)
    execution = Execution(graph, Machine(training=True))
    execution._frees = [[] for _ in graph.nodes]
    execution.forward()
    assert flow.needed == {value for value, tensor in execution.values.items() if tensor.source is not None}
    moments = training_memory(graph, Setting(), details=False).moments
    ran = {moment.node for moment in moments if moment.phase == BACKWARD and moment.node != LOSS}
    runs = {index for index, told in enumerate(flow.runs) if told}
    assert ran <= runs
    assert {graph.nodes[index].op.kind for index in runs - ran} <= PASSED_ON


@for_each_kind(CASES_THAT_PASS_ON)
def test_every_op(case: Case) -> None:
    for learnt, frozen in product([False, True], repeat=2):
        agree(case_graph(case, learnt=learnt, frozen=frozen))


def test_a_model_of_the_zoo(zoo_spec: Spec) -> None:
    agree(unroll(zoo_spec, TRAINING))


@pytest.mark.parametrize("count", [1, 4, 6])
@pytest.mark.parametrize("model", ["resnet18", "googlenet", "vit_b_16"])
def test_a_frozen_backbone(model: str, count: int) -> None:
    agree(unroll(frozen_below(model, count), TRAINING))


@pytest.mark.parametrize("frozen", [False, True])
def test_an_input_that_needs_a_gradient(frozen: bool) -> None:
    layers: list[dict[str, Any]] = [
        {"linear": 6, "requires_grad": not frozen},
        {"linear": 4, "requires_grad": not frozen},
    ]
    spec = document({"input": {"shape": [8], "requires_grad": True}, "layers": layers})
    graph = unroll(spec, TRAINING)
    agree(graph)
    params = 4 * (6 * 8 + 6 + 4 * 6 + 4)
    assert training_memory(graph, Setting()).gradients == 4 * 2 * 8 + (0 if frozen else params)


PARTS: dict[str, list[dict[str, Any]]] = {
    "linear": [{"linear": 6}, {"linear": 4}],
    "read twice": [{"id": "a", "linear": 8}, {"add": None, "from": ["input", "a"]}, {"linear": 4}],
    "activations first": [{"gelu": None}, {"layer_norm": None}, {"linear": 4}],
    "frozen": [{"linear": 6, "requires_grad": False}, {"relu": None}, {"linear": 4, "requires_grad": False}],
}


@pytest.mark.parametrize("name", PARTS)
def test_the_memory_of_the_gradient_of_an_input_is_measured(name: str) -> None:
    spec = document({"input": {"shape": [8], "requires_grad": True}, "layers": PARTS[name]})
    graph = unroll(spec, Settings(training=True, batch=16))
    network, inputs = memory.fake(graph)
    inputs[0].requires_grad_()
    assert training_memory(graph, WATCHED).peak.live == memory.training(network, inputs, sgd).peak_bytes
