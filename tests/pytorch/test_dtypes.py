"""The dtype of an op's output where its inputs have several, or are whole numbers: what PyTorch gives."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import archcost
from archcost.dtypes import DTYPE_BYTES
from archcost.errors import SpecError
from archcost.ops.dtypes import promoted
from archcost.pytorch.module import Network
from archcost.spec.loader import loads
from tests.cover import one_of_each
from tests.ops.cases import CASES, Case
from tests.pytorch.support import report_of

MIXED = {
    1: [("int64",), ("uint8",), ("bool",), ("float16",), ("float64",)],
    2: [("float16", "float32"), ("int64", "float32"), ("uint8", "int64"), ("float16", "bfloat16"), ("int64", "int64")],
    3: [("float16", "float32", "float64"), ("int8", "uint8", "bfloat16")],
}


CASES_OF_FLOATS = [case for case in CASES if case.kind != "custom"]


@pytest.mark.parametrize("case", one_of_each(CASES_OF_FLOATS, lambda case: case.kind), ids=str)
def test_outputs_have_the_dtype_that_torch_gives_them(case: Case) -> None:
    for dtypes in MIXED.get(len(case.input_shapes), []):
        try:
            report = report_of(case._replace(dtypes=dtypes))
        except SpecError:
            continue
        inputs = [
            torch.ones(tensor.shape, dtype=getattr(torch, tensor.dtype)) for tensor in report.graph.inputs.values()
        ]
        try:
            with torch.no_grad():
                result = Network(report.graph).eval()(*inputs)
        except (RuntimeError, NotImplementedError, ValueError, TypeError):
            continue  # torch has no such kernel, and verify says so
        first = result[0] if isinstance(result, tuple) else result
        assert (dtypes, report.graph.nodes[0].outputs[0].dtype) == (dtypes, str(first.dtype).removeprefix("torch."))


@pytest.mark.parametrize("pair", list(product(DTYPE_BYTES, repeat=2)), ids=str)
def test_pairs_are_promoted_as_torch_does(pair: tuple[str, str]) -> None:
    wanted = torch.promote_types(*[getattr(torch, name) for name in pair])
    assert promoted([(2,), (2,)], pair) == str(wanted).removeprefix("torch.")


@given(st.lists(st.tuples(st.sampled_from(list(DTYPE_BYTES)), st.booleans()), min_size=2, max_size=2))
def test_tensors_without_dims_count_less(tensors: list[tuple[str, bool]]) -> None:
    shapes = [() if scalar else (2,) for _, scalar in tensors]
    wanted = torch.result_type(
        *[torch.ones(shape, dtype=getattr(torch, name)) for shape, (name, _) in zip(shapes, tensors, strict=True)]
    )
    assert promoted(shapes, [name for name, _ in tensors]) == str(wanted).removeprefix("torch.")


def test_bytes_follow_the_dtype() -> None:
    """bfloat16 + float32 is float32: 4 bytes for each of 1·4·8·8 elements, in the sum and in what follows."""
    spec = """
archcost: 1
dtype: bfloat16
inputs: {x: [4, 8, 8], y: {shape: [4, 8, 8], dtype: float32}}
layers: [{add: , from: [x, y]}, relu]
"""
    report = archcost.analyze(loads(spec))
    assert [layer.activation_bytes for layer in report.layers] == [4 * 4 * 8 * 8] * 2
    assert report.totals.peak_activation_bytes == (2 + 4 + 4 + 4) * 4 * 8 * 8  # x, y, their sum, and relu of it
