"""Rules, closed forms and ops stay in step; strides are PyTorch's."""

from __future__ import annotations

import itertools
import random

import torch

from archcost.analysis.memory import strides
from archcost.analysis.memory.closed_forms import SCRATCH, plain_profile
from archcost.analysis.memory.graph_run import HALVED, SINGLE, Execution
from archcost.analysis.memory.node_profile import profile
from archcost.analysis.memory.rules import RULES, rule
from archcost.analysis.memory.shadow_torch import Machine
from archcost.errors import SpecError
from archcost.ops import REGISTRY
from tests.memory.networks import case_graph
from tests.ops.cases import CASES, Case, for_each_kind

SHAPES = 3000


def test_every_kind_has_a_rule() -> None:
    assert [kind for kind, op in REGISTRY.items() if not callable(rule(op))] == []
    known = {name for op in REGISTRY.values() for name in (op.kind, op.stem)}
    assert set(RULES) | set(SCRATCH) | HALVED | SINGLE <= known


@for_each_kind(CASES)
def test_closed_forms_are_what_the_rules_give(case: Case) -> None:
    signature = case_graph(case).nodes[-1].signature
    count = len(signature.inputs)
    for watched in (False, True):
        found = profile(signature, (None,) * count, tuple(range(count)), watched=watched)
        assert plain_profile(signature) in (None, found)
        assert found.rise >= sum(found.sizes)


@for_each_kind(CASES)
def test_rules_make_what_the_op_says_of_whole_numbers(case: Case) -> None:
    """A sum of int32 is int64, a sigmoid float32: in the rules, where training goes by them, as in the graph."""
    for dtype in ("bool", "uint8", "int32", "int64"):
        holds_its_dtypes(case, dtype)


def holds_its_dtypes(case: Case, dtype: str) -> None:
    floats = case.dtypes or ("float32",) * len(case.input_shapes)
    try:
        graph = case_graph(case._replace(dtypes=tuple([dtype if one == "float32" else one for one in floats])))
    except SpecError:  # an op that does not take them
        return
    execution = Execution(graph, Machine())
    execution.forward()
    node = graph.nodes[-1]
    for place, tensor in enumerate(node.outputs):
        held = execution.values.get(node.first_value + place)
        assert held is None or held.dtype == tensor.dtype


def test_most_kinds_have_a_closed_form() -> None:
    """So that a plain analysis of a convolutional network runs no rule."""
    common = {"conv2d", "batch_norm2d", "relu", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "add", "concat"}
    common |= {"linear", "layer_norm", "gelu", "softmax", "local_response_norm", "upsample"}
    common |= {"flatten", "dropout", "identity", "reshape"}
    closed = {case.kind for case in CASES if plain_profile(case_graph(case).nodes[-1].signature)}
    assert common <= closed


def tensors() -> list[torch.Tensor]:
    """Tensors whose dims are permuted, cut and expanded in many ways."""
    rng = random.Random(0)
    found = []
    for _ in range(SHAPES):
        tensor = torch.empty([rng.choice([1, 2, 3, 4]) for _ in range(rng.randint(1, 5))])
        for _ in range(rng.randint(0, 3)):
            change = rng.choice(["permute", "cut", "expand"])
            dim = rng.randrange(tensor.dim())
            if change == "permute":
                tensor = tensor.permute(*rng.sample(range(tensor.dim()), tensor.dim()))
            elif change == "cut" and tensor.size(dim) > 1:
                tensor = tensor.narrow(dim, 0, tensor.size(dim) - 1)
            elif change == "expand":
                tensor = tensor.expand([3 if size == 1 and rng.random() < 0.5 else size for size in tensor.shape])
        found.append(tensor)
    return found


def test_strides_are_those_of_pytorch() -> None:
    rng = random.Random(1)
    for tensor in tensors():
        shape, own = tuple(tensor.shape), tensor.stride()
        assert strides.is_contiguous(shape, own) == tensor.is_contiguous()
        assert strides.dense_like(shape, own) == torch.empty_like(tensor).stride()
        wanted = list(shape)
        rng.shuffle(wanted)
        split = rng.randrange(len(wanted))
        wanted = [
            *wanted[:split],
            *([2, wanted[split] // 2] if wanted[split] % 2 == 0 else [wanted[split], 1]),
            *wanted[split + 1 :],
        ]
        try:
            expected = tensor.view(wanted).stride()
        except RuntimeError:
            expected = None
        assert strides.view_strides(shape, own, tuple(wanted)) == expected, (shape, own, wanted)


def test_strides_of_sums_are_those_of_pytorch() -> None:
    found = [tensor for tensor in tensors() if tensor.dim() == 3]
    for a, b in itertools.pairwise(found):
        try:
            total = a + b
        except RuntimeError:
            continue
        shape = tuple(total.shape)
        operands = [strides.broadcast_strides(tuple(t.shape), t.stride(), shape) for t in (a, b)]
        ours = strides.elementwise(shape, *operands)
        assert all(size == 1 or x == y for size, x, y in zip(shape, ours, total.stride(), strict=True))


def test_channels_last_is_what_pytorch_takes_for_it() -> None:
    from torch._prims_common import suggest_memory_format

    for tensor in tensors():
        if tensor.dim() in (4, 5):
            expected = suggest_memory_format(tensor) != torch.contiguous_format
            assert strides.is_channels_last(tuple(tensor.shape), tensor.stride()) == expected
            layout = torch.channels_last if tensor.dim() == 4 else torch.channels_last_3d
            whole = torch.empty(tensor.shape).to(memory_format=layout)
            assert strides.channels_last(tuple(tensor.shape)) == whole.stride()
