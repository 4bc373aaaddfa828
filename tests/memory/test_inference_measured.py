"""Inference: the predicted peak is the measured one, to the byte, layer by layer."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
import torch

import archcost
from archcost.analysis.memory.inference import MIN_PEAK, inference_memory, inplace_nodes
from archcost.analysis.memory.liveness import Storages
from archcost.graph.unroll import unroll
from archcost.pytorch import memory
from archcost.pytorch.module import build, example_inputs
from archcost.settings import Settings
from archcost.spec.loader import loads
from tests.cover import one_of_each, zoo_models
from tests.memory.networks import OF_FLOATS, case_graph, module_of, permuted_orders, real, reorder, set_inplace
from tests.ops.cases import CASES, Case, for_each_kind
from tests.shared import zoo_report

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.graph.model import Graph

ON_CPU = (
    "alexnet",
    "googlenet",
    "inception_reduced",
    "linear_over_channels",
    "mobilenet_v1",
    "resnet18",
    "squeezenet1_1",
)
# A bias that is added in place when nobody looks: it follows a product whose input is strided, and that has the peak.
ONLY_WATCHED = {
    *("gmlp_b16", "gmlp_s16", "gmlp_ti16", "linear_over_channels"),
    *("mixer_b32", "mixer_l32", "mixer_s32"),
}


@pytest.fixture(autouse=True)
def _no_warnings() -> None:
    warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")


def same(graph: Graph) -> int:
    """Predicted and measured are equal on fake CPU tensors, layer by layer; the peak."""
    network, inputs = module_of(graph)
    measured = memory.inference(network, inputs)
    live = Storages(graph, watched=True).live()
    assert measured.peak_bytes == max(live), graph.spec.name
    for node, expected in zip(graph.nodes, live, strict=True):
        assert measured.layers.get(network.module_path(node.path), expected) == expected, node.path
    return measured.peak_bytes


@pytest.mark.few
def test_models_of_the_zoo(zoo_model: str, cover_model: Report) -> None:
    peak = same(cover_model.graph)
    if zoo_model not in ONLY_WATCHED:
        assert peak == cover_model.totals.peak_activation_bytes


def test_what_specs_build_only_for_training(pytestconfig: pytest.Config) -> None:
    """Auxiliary classifiers, in the order in which they run; no other model has more layers in training."""
    others = set()
    for name in zoo_models(pytestconfig):
        spec = archcost.load(name)
        graph = unroll(spec, Settings(training=True))
        if [node.path for node in graph.nodes] != [node.path for node in zoo_report(name).graph.nodes]:
            same(graph)
            others.add(name)
    assert others == {"googlenet", "inception_v3", "torchvision_googlenet"}


@pytest.mark.parametrize("name", ON_CPU)
def test_real_tensors_take_what_fake_ones_take(name: str) -> None:
    graph = unroll(archcost.load(name))
    measured = memory.inference(build(graph), example_inputs(graph))
    assert measured.peak_bytes == max(Storages(graph, watched=True).live())


def test_a_shuffle_of_one_group_is_a_copy() -> None:
    """On real tensors, and on fake ones the first time as well as later, when they know the result."""
    layers = "layers:\n  - relu\n  - {channel_shuffle: {groups: 1}}\n"
    graph = unroll(loads(f"archcost: 1\ninput: [7, 3, 5]\n{layers}"))
    real = memory.inference(build(graph), example_inputs(graph)).peak_bytes
    assert [real, same(graph), same(graph)] == [3 * 7 * 3 * 5 * 4] * 3


@pytest.mark.parametrize("name", ["resnet18", "vgg11", "inception_reduced"])
def test_meta_tensors_give_the_same(name: str) -> None:
    """But for the statistics of a batch norm, which only ``meta`` makes in inference."""
    graph = unroll(archcost.load(name))
    with torch.device("meta"):
        measured = memory.inference(build(graph), example_inputs(graph))
    widest = max((node.outputs[0].shape[1] for node in graph.nodes if "norm" in node.op.kind), default=0)
    predicted = max(Storages(graph).live())
    assert predicted <= measured.peak_bytes <= predicted + 2 * 4 * widest


@for_each_kind(CASES)
def test_every_kind_of_op(case: Case) -> None:
    graph = case_graph(case)
    network, inputs = module_of(graph)
    assert memory.inference(network, inputs).peak_bytes == max(Storages(graph, watched=True).live())


@pytest.mark.parametrize("case", one_of_each(OF_FLOATS, lambda case: case.kind), ids=str)
def test_every_kind_of_op_in_half_precision(case: Case) -> None:
    same(case_graph(case, floats="bfloat16"))


WIDENED = [  # by whole numbers and truth values: what sums are made in, and functions with real values
    Case(kind, attributes, ((3, 5),) * count, (dtype,) * count)
    for dtype in ("bool", "uint8", "int32", "int64")
    for kind, attributes, count in (
        ("sum", {"dim": 1}, 1),
        ("cumsum", {"dim": 1}, 1),
        ("sigmoid", {}, 1),
        ("sqrt", {}, 1),
        ("div", {}, 2),
        ("mul", {"other": 0.5}, 1),
        ("argmax", {"dim": 1}, 1),
    )
    if (kind, dtype) != ("argmax", "bool")  # which PyTorch refuses
]


@pytest.mark.parametrize("case", WIDENED, ids=str)
def test_what_becomes_of_whole_numbers(case: Case) -> None:
    same(case_graph(case))


WITH_INPUTS = [case for case in CASES if case.input_shapes]


@pytest.mark.parametrize("case", one_of_each(WITH_INPUTS, lambda case: case.kind), ids=str)
def test_inputs_that_lie_otherwise_in_memory(case: Case) -> None:
    """Peaks and the strides of the result, for dims in other orders in memory, on real CPU tensors."""
    for orders in permuted_orders(case, 3):
        graph = case_graph(case, orders)
        network, inputs = real(graph)
        storages = Storages(graph, watched=True)
        assert memory.inference(network, inputs).peak_bytes == max(storages.live()), orders
        with torch.no_grad(), memory.plain_kernels(network):
            result = network(*inputs)
        result = result[0] if isinstance(result, tuple) else result
        strides = storages.strides.get(graph.nodes[-1].first_value)
        if strides is None:
            assert result.is_contiguous(), orders
        else:
            sizes = zip(result.shape, strides, result.stride(), strict=True)
            assert all(size == 1 or ours == theirs for size, ours, theirs in sizes), orders


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_0", "vgg11", "resnet18", "googlenet"])
def test_activations_in_place(name: str) -> None:
    graph = unroll(archcost.load(name))
    network, inputs = memory.fake(graph)
    set_inplace(network, inplace_nodes(graph))
    assert memory.inference(network, inputs).peak_bytes == inference_memory(graph, inplace=True).peak


@pytest.mark.parametrize("name", ["inception_reduced", "inception_naive", "googlenet", "resnet50", "squeezenet1_1"])
@pytest.mark.parametrize("inplace", [False, True], ids=["apart", "in place"])
def test_the_best_order_takes_what_it_should(name: str, inplace: bool) -> None:
    graph = unroll(archcost.load(name))
    network, inputs = memory.fake(graph)
    if inplace:
        set_inplace(network, inplace_nodes(graph))
    best = inference_memory(graph, schedule=MIN_PEAK, inplace=inplace)
    reorder(network, graph, best.order)
    assert memory.inference(network, inputs).peak_bytes == best.peak


def test_half_precision() -> None:
    graph = unroll(archcost.load("resnet18"), Settings(dtype="float16"))
    network, inputs = memory.fake(graph)
    assert memory.inference(network, inputs).peak_bytes == max(Storages(graph).live())
