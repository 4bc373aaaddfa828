"""Training MACs are what torch's own counter sees in a forward and a backward pass, of every op and of whole models."""

from __future__ import annotations

import warnings
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.checkpoint import set_checkpoint_early_stop
from torch.utils.flop_counter import FlopCounterMode

from archcost.analysis.memory.checkpoints import checkpoint_ranges
from archcost.analysis.report import analyze
from archcost.analysis.training_costs import StepCosts, step_costs
from archcost.graph.gradient_flow import gradient_flow
from archcost.ops import REGISTRY, apply
from archcost.pytorch import memory
from archcost.settings import Settings
from archcost.spec.loader import load
from tests.cover import one_of_each, some
from tests.memory.networks import Checkpointed, case_graph
from tests.memory.test_frozen_measured import frozen_below
from tests.ops.cases import CASES, Case
from tests.pytorch.support import document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.graph.model import Graph
    from archcost.spec.model import Spec

TRAINING = Settings(training=True, batch=2)


def counts(case: Case) -> bool:
    """Whether the counter sees the products of a case: not of a vector (mv, dot), nor of an outer product."""
    op = REGISTRY[case.kind](**case.attributes)
    if op.declared or not op.macs(case.input_shapes, apply(op, case.input_shapes)):
        return False
    vectors = case.kind == "matmul" and any(len(shape) == 1 for shape in case.input_shapes)
    return not vectors and case.input_shapes != ((3, 1), (1, 5))


@pytest.fixture(autouse=True)
def _no_warnings() -> None:
    warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")


def step_of(graph: Graph, ranges: Sequence[range] = ()) -> StepCosts:
    from archcost.analysis.report import Report

    return step_costs(graph, [layer.costs for layer in Report(graph).layers], ranges)


def counted(graph: Graph, ranges: Sequence[range] = ()) -> int:
    """The MACs that torch counts in a step on fake tensors: attention as products, recurrent layers step by step.

    What is checkpointed runs again as a whole; PyTorch's `checkpoint` may stop after the last tensor that is needed.
    """
    network, inputs = memory.fake(graph)
    for value in graph.learnt_inputs():
        inputs[-1 - value].requires_grad_()
    module: Any = Checkpointed(network, graph, ranges) if ranges else network
    counter = FlopCounterMode(display=False)
    kernels = (
        memory.plain_kernels(network.train()),
        sdpa_kernel(SDPBackend.MATH),
        set_checkpoint_early_stop(enable=False),
    )
    with memory._mode_of(network), kernels[0], kernels[1], kernels[2], counter:
        loss = memory._loss(module(*inputs))
        if loss is not None:
            loss.backward()
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return int(flops) // 2


def overcounted(graph: Graph) -> int:
    """What torch counts too much: the gradient of a weight in groups as if it had none, groups times its MACs."""
    flow = gradient_flow(graph)
    found = 0
    for index, node in enumerate(graph.nodes):
        groups = getattr(node.op, "groups", 1)
        weight = flow.wanted(index, node)[1 if node.op.stem.startswith("functional_conv") else -1]
        if flow.runs[index] and weight and groups > 1:
            macs = node.op.macs(node.signature.input_shapes, node.signature.output_shapes)
            found += (groups - 1) * macs
    return found


OPS = [case for case in CASES if counts(case)]


@pytest.mark.parametrize("case", OPS, ids=str)
def test_the_products_of_an_op_are_its_macs(case: Case) -> None:
    op = REGISTRY[case.kind](**case.attributes)
    outputs = apply(op, case.input_shapes)
    products = op.products(case.input_shapes, outputs)
    assert sum(macs for macs, _, _ in products) == op.macs(case.input_shapes, outputs)
    assert {place for _, *factors in products for factor in factors for place in factor} <= {
        *range(len(case.input_shapes)),
        -1,
    }


@pytest.mark.parametrize(("learnt", "frozen"), list(product([False, True], repeat=2)))
@pytest.mark.parametrize("case", one_of_each(OPS, lambda case: case.kind), ids=str)
def test_every_op(case: Case, learnt: bool, frozen: bool) -> None:
    graph = case_graph(case, learnt=learnt, frozen=frozen)
    assert step_of(graph).training_macs + overcounted(graph) == counted(graph)


def test_a_convolution_in_groups_is_one_for_each_group() -> None:
    """Torch counts three convolutions as they are, and the same in three groups as more."""
    given: dict[str, Any] = {"kernel_size": 3, "padding": 1}
    one = {"parameter": {"shape": [1, 6, 8, 8]}}, {"conv2d": {"out_channels": 9, "groups": 3, **given}}
    branches = {
        f"b{place}": {"from": f"parts.{place}", "layers": [{"conv2d": {"out_channels": 3, **given}}]}
        for place in range(3)
    }
    many = one[0], {"id": "parts", "chunk": {"chunks": 3, "dim": 1}}, {"concat": {"dim": 1}, "branches": branches}
    graphs = [analyze(document({"input": [1], "layers": list(layers)})).graph for layers in (one, many)]
    macs = 64 * 9 * 2 * 9  # positions × out_channels × in_channels of a group × kernel
    assert [step_of(graph).training_macs for graph in graphs] == [3 * macs, 3 * macs]
    assert [counted(graph) for graph in graphs] == [3 * macs + 2 * macs, 3 * macs]


@pytest.mark.parametrize(
    ("needs", "macs"),
    [
        (False, 72 + 72 + 24),  # forward 6·8 + 4·6, gradients of both weights, of the second layer's input
        (True, 72 + 72 + 24 + 48),  # and of the first layer's input
    ],
)
def test_two_layers_by_hand(needs: bool, macs: int) -> None:
    layers = [{"linear": {"out_features": 6, "bias": False}}, {"linear": {"out_features": 4, "bias": False}}]
    graph = analyze(document({"input": {"shape": [8], "requires_grad": needs}, "layers": layers})).graph
    assert step_of(graph).training_macs == macs == counted(graph)


SPECS: dict[str, dict[str, Any]] = {
    "shared": {
        "input": [8],
        "layers": [
            {"id": "a", "linear": {"out_features": 8}},
            "relu",
            {"linear": {"out_features": 8}, "share": "a"},
        ],
    },
    "shared with a frozen one": {
        "input": [8],
        "layers": [
            {"linear": 8},
            {"id": "a", "linear": {"out_features": 8}, "requires_grad": False},
            {"linear": {"out_features": 8}, "share": "a"},
        ],
    },
    "never read": {"input": [8], "layers": [{"id": "_a", "linear": 6}, {"linear": 5, "from": "input"}]},
    "places stop gradients": {
        "input": [8],
        "layers": [{"id": "a", "linear": 6}, {"argmax": {"dim": 1}}, {"embedding": [6, 4]}, {"linear": 3}],
    },
    "a constant needs none": {
        "input": [8, 8],
        "layers": [
            {"id": "c", "constant": {"shape": [8, 4]}, "from": []},
            {"id": "a", "linear": 8, "from": "input"},
            {"matmul": None, "from": ["a", "c"]},
        ],
    },
    "a product of two activations": {
        "input": [8, 8],
        "layers": [
            {"id": "a", "linear": 8},
            {"id": "b", "linear": 8, "from": "input"},
            {"matmul": None, "from": ["a", "b"]},
        ],
    },
    "a product with itself": {
        "input": [8, 8],
        "layers": [{"id": "a", "linear": 8}, {"matmul": None, "from": ["a", "a"]}],
    },
    "a learnt bias of attention alone": {
        "input": [2, 5, 4],
        "layers": [
            {"id": "mask", "parameter": {"shape": [5, 5]}, "from": []},
            {"scaled_dot_product_attention": None, "from": ["input", "input", "input", "mask"]},
        ],
    },
}
SPECS["places stop gradients"]["layers"][2] = {"embedding": {"num_embeddings": 6, "embedding_dim": 4}}


@pytest.mark.parametrize("name", SPECS)
def test_small_models(name: str) -> None:
    graph = analyze(document(SPECS[name]), Settings(training=True, batch=3)).graph
    assert step_of(graph).training_macs == counted(graph)


def whole(spec: Spec, settings: Settings = TRAINING, patterns: Sequence[str] = ()) -> None:
    graph = analyze(spec, settings).graph
    ranges = checkpoint_ranges(graph, patterns)
    step = step_of(graph, ranges)
    assert step.training_macs + overcounted(graph) == counted(graph, ranges)
    assert bool(step.recomputed_macs) == bool(patterns)


@pytest.mark.few
def test_a_model_of_the_zoo(zoo_spec: Spec) -> None:
    whole(zoo_spec)


@pytest.mark.parametrize("count", some([1, 4, 6], [4]))
@pytest.mark.parametrize("model", ["resnet18", "googlenet", "vit_b_16"])
def test_a_frozen_backbone(model: str, count: int) -> None:
    whole(frozen_below(model, count))


@pytest.mark.parametrize(
    ("model", "patterns"), [("resnet18", ["layer?"]), ("resnet18", ["layer1.*", "layer3"]), ("gpt2", ["h.*"])]
)
def test_checkpoints_run_again(model: str, patterns: list[str]) -> None:
    settings = Settings({"tokens": 16} if model == "gpt2" else {}, training=True, batch=2)
    whole(load(model), settings, patterns)


def test_frozen_checkpoints_do_not_run_again() -> None:
    """The backward pass does not go through layer1: nothing of it is needed again."""
    graph = analyze(frozen_below("resnet18", 4), TRAINING).graph
    ranges = checkpoint_ranges(graph, ["layer1", "layer4"])
    step = step_of(graph, ranges)
    assert step.training_macs == counted(graph, ranges)
    again = [node for index in ranges[1] for node in [graph.nodes[index]]]
    assert step.recomputed_macs == sum(
        node.op.macs(node.signature.input_shapes, node.signature.output_shapes) for node in again
    )


def test_the_counter_sees_what_it_is_said_to_see() -> None:
    """Otherwise equal figures would prove nothing."""
    assert torch.ops.aten.convolution_backward in FlopCounterMode().flop_registry
