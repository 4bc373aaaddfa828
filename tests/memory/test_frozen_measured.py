"""Frozen weights: the predicted step is the measured one, to the byte while PyTorch is watched."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
import yaml

from archcost.analysis.memory.checkpoints import checkpoint_ranges
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.training import training_memory
from archcost.graph.unroll import unroll
from archcost.model_zoo import folder
from archcost.ops import REGISTRY
from archcost.pytorch import memory
from archcost.pytorch.module import build, example_inputs
from archcost.settings import Settings
from archcost.spec.loader import loads
from tests.cover import one_of_each, some
from tests.memory.networks import Checkpointed, adam, case_graph, sgd
from tests.memory.test_training_measured import REAL, WATCHED, same
from tests.ops.cases import CASES, Case, for_each_kind

if TYPE_CHECKING:
    from archcost.spec.model import Spec


def has_weights(case: Case) -> bool:
    op = REGISTRY[case.kind](**case.attributes)
    return bool(op.weights(case.input_shapes))


LEARNT = [case for case in CASES if has_weights(case)]


@pytest.fixture(autouse=True)
def _no_warnings() -> None:
    warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")


@pytest.mark.parametrize("floats", some(["float32", "bfloat16"], ["float32"]))
@pytest.mark.parametrize("case", one_of_each(LEARNT, lambda case: case.kind), ids=str)
def test_a_frozen_op_hands_gradients_on(case: Case, floats: str) -> None:
    one_op(case, floats, learnt=True, frozen=True)


@pytest.mark.parametrize("case", one_of_each(LEARNT, lambda case: case.kind), ids=str)
def test_an_op_whose_input_needs_no_gradient(case: Case) -> None:
    one_op(case, "float32", learnt=False, frozen=False)


# What experts take depends on where the router sends the tokens, and of real ones these are random.
@for_each_kind([case for case in LEARNT if case.kind != "mixture_of_experts"])
def test_real_tensors_agree_where_the_input_needs_no_gradient(case: Case) -> None:
    """PyTorch's rules for fake tensors make gradients that its kernels leave out."""
    one_op(case, "float32", learnt=False, frozen=False, real=True)


def one_op(case: Case, floats: str, *, learnt: bool, frozen: bool, real: bool = False) -> None:
    graph = case_graph(case, learnt=learnt, frozen=frozen, floats=floats)
    real = real or (case.kind in REAL and case.attributes.get("momentum", 0.1) is None)
    network, inputs = (build(graph), example_inputs(graph)) if real else memory.fake(graph)
    same(memory.training(network, inputs, sgd), training_memory(graph, WATCHED))


def frozen_below(model: str, count: int) -> Spec:
    """A model of the zoo whose first steps are frozen, all of them but the last ``count``."""
    path = Path(folder()) / f"{model}.yaml"
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    steps = [step if isinstance(step, dict) else {step: None} for step in given["layers"]]
    given["layers"] = [{**step, "requires_grad": False} for step in steps[:-count]] + steps[-count:]
    return loads(yaml.safe_dump(given, sort_keys=False), folder=str(path.parent))


@pytest.mark.parametrize("count", some([1, 4, 6], [4]))
@pytest.mark.parametrize("model", ["resnet18", "googlenet", "vit_b_16"])
def test_a_frozen_backbone(model: str, count: int) -> None:
    graph = unroll(frozen_below(model, count), Settings(training=True, batch=2))
    setting = WATCHED._replace(optimizer=OPTIMIZERS["adam"])
    predicted = training_memory(graph, setting)
    same(memory.training(*memory.fake(graph), adam), predicted)
    assert sum(held.bytes for held in predicted.held) + predicted.fixed == predicted.peak.live


def test_mixed_precision_copies_frozen_weights_for_each_use() -> None:
    """Autocast keeps its copy of a weight for the step only where the weight needs a gradient."""
    graph = unroll(frozen_below("resnet18", 2), Settings(training=True, batch=2))
    measured = memory.training(*memory.fake(graph), sgd, torch.autocast("cpu", dtype=torch.bfloat16)).peak_bytes
    predicted = training_memory(graph, WATCHED._replace(half="bfloat16")).peak.live
    assert abs(predicted - measured) <= 0.001 * measured


def test_checkpoints_of_a_half_frozen_model() -> None:
    graph = unroll(frozen_below("resnet18", 5), Settings(training=True, batch=2))
    ranges = checkpoint_ranges(graph, ["layer?"])
    network, inputs = memory.fake(graph)
    measured = memory.training(Checkpointed(network, graph, ranges), inputs, sgd).peak_bytes
    predicted = training_memory(graph, WATCHED._replace(checkpoints=ranges)).peak.live
    assert abs(predicted - measured) <= 0.003 * measured
