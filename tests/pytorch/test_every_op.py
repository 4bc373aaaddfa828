"""Every op in every configuration, as PyTorch builds and runs it: shapes, tensors by name, buffers and MACs."""

from __future__ import annotations

import torch

from archcost.dtypes import DTYPE_BYTES
from archcost.ops import REGISTRY
from archcost.pytorch.builders import BUILDERS, VERIFYING
from archcost.pytorch.counters import FVCORE_MACS, NO_MACS, fill_with_zeros
from archcost.pytorch.module import Network, example_inputs
from archcost.pytorch.verify import verify
from tests.ops.cases import CASES, Case, for_each_kind
from tests.pytorch.support import RECURRENT, everything, report_of

APART = [case for case in CASES if VERIFYING[case.kind] is not BUILDERS[case.kind]]


def test_every_op_has_a_builder_and_a_case() -> None:
    assert set(BUILDERS) == set(VERIFYING) == set(REGISTRY) == {case.kind for case in CASES}


def test_bytes_of_dtypes_are_those_of_torch() -> None:
    assert {name: getattr(torch, name).itemsize for name in DTYPE_BYTES} == DTYPE_BYTES


def test_operators_without_macs_hold_none_that_multiply_and_accumulate() -> None:
    products = (
        "addmm",
        "bmm",
        "mm",
        "mv",
        "dot",
        "conv",
        "lstm",
        "gru",
        "rnn",
        "einsum",
        "attention",
        "matmul",
        "cdist",
    )
    assert not [name for name in NO_MACS if any(name.startswith(word) for word in products) or name == "linear"]
    assert not NO_MACS & FVCORE_MACS


@for_each_kind(CASES)
def test_case(case: Case) -> None:
    report = report_of(case)
    verification = verify(report)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    assert verification.notes == ()
    (layer,) = verification.layers
    if case.kind == "custom":
        assert layer.declared
        assert (layer.measured_output, layer.measured_params, layer.measured_buffers) == (None, None, None)
        assert (layer.torch_macs, layer.fvcore_macs) == (None, None)
        return
    assert layer.measured_output == report.layers[0].output
    assert layer.torch_macs == report.totals.macs
    if case.kind in RECURRENT:
        assert (layer.fvcore_macs, layer.second_macs) == (None, report.totals.macs)
    else:
        assert (layer.fvcore_macs, layer.second_macs) == (report.totals.macs, None)


@for_each_kind(CASES)
def test_module_for_users(case: Case) -> None:
    """The module that users get has the same outputs and tensors as the one that is taken apart for the counters."""
    report = report_of(case)
    graph = everything(report.graph)
    with torch.device("meta"), torch.no_grad():
        network = Network(graph).eval()
        result = network(*example_inputs(graph))
    outputs = result if isinstance(result, tuple) else (result,)
    assert tuple(tuple(tensor.shape) for tensor in outputs) == report.layers[0].output
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    signature = graph.nodes[0].signature
    assert shapes == {f"layer.{name}": shape for name, shape in {**signature.weights(), **signature.buffers()}.items()}


@for_each_kind(APART)
def test_taken_apart_gives_the_same_numbers(case: Case) -> None:
    graph = everything(report_of(case).graph)
    torch.manual_seed(0)
    whole, apart = Network(graph).eval(), Network(graph, VERIFYING).eval()
    apart.load_state_dict(whole.state_dict())
    inputs = [
        torch.zeros(tensor.shape, dtype=torch.int64) if tensor.dtype == "int64" else torch.randn(tensor.shape)
        for tensor in graph.inputs.values()
    ]
    with torch.no_grad():
        torch.testing.assert_close(apart(*inputs), whole(*inputs))


def test_a_boolean_mask_hides_what_is_false() -> None:
    case = Case("scaled_dot_product_attention", {}, ((2, 7, 8), (2, 9, 8), (2, 9, 8), (7, 9)))
    graph = report_of(case).graph
    inputs = [torch.randn(tensor.shape) for tensor in graph.inputs.values()]
    inputs[-1] = torch.rand(7, 9) > 0.3
    torch.testing.assert_close(Network(graph, VERIFYING)(*inputs), Network(graph)(*inputs))


@for_each_kind(CASES)
def test_attributes_reach_the_module(case: Case) -> None:
    """Where a module keeps an attribute under its name, it has the value of the op."""
    graph = report_of(case).graph
    with torch.device("meta"):
        (module,) = (m for name, m in Network(graph).named_modules() if name == "layer")
    settings = {**vars(module), **getattr(module, "settings", {})}
    for name, value in vars(graph.nodes[0].op).items():
        kept = settings.get(name)
        if name in settings and value is not None and isinstance(kept, (int, float, str, tuple)) and value != -1:
            expected = value[0] if isinstance(value, tuple) and not isinstance(kept, tuple) else value
            assert kept == expected, name


def test_zeros_keep_what_is_shared() -> None:
    layer = torch.nn.Linear(3, 3, device="meta")
    module = torch.nn.Sequential(layer, torch.nn.Linear(3, 3, device="meta"), torch.nn.BatchNorm1d(3, device="meta"))
    module[1].weight = layer.weight
    fill_with_zeros(module)
    assert module[1].weight is layer.weight
    assert {tensor.device.type for tensor in module.state_dict().values()} == {"cpu"}
    assert module[2].num_batches_tracked.dtype == torch.int64
    assert module(torch.ones(2, 3)).shape == (2, 3)
