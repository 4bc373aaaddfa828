"""Ops, cases and documentation stay in step: whatever is registered is in the table of cases, with all attributes."""

import inspect
import re

import pytest

from archcost.ops import REGISTRY, apply, raise_on_false
from archcost.ops.base import Op
from tests.ops.cases import CASES, Case

FAMILIES = {
    "Activation",
    "Arithmetic",
    "Attention",
    "Convolution",
    "Custom",
    "Linear and embedding",
    "Normalisation",
    "Pooling",
    "Recurrent",
    "Resampling",
    "Shape",
}


def test_every_kind_has_cases_and_every_case_a_kind() -> None:
    assert {case.kind for case in CASES} == set(REGISTRY)


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_every_attribute_is_set_in_a_case(kind: str) -> None:
    covered = {name for case in CASES if case.kind == kind for name in case.attributes}
    assert covered == set(REGISTRY[kind].fields)


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_every_number_of_inputs_is_in_a_case(kind: str) -> None:
    op = REGISTRY[kind]
    counts = {len(case.input_shapes) for case in CASES if case.kind == kind}
    assert op.min_inputs in counts
    if op.max_inputs is None:
        assert max(counts) > op.min_inputs
    else:
        assert op.max_inputs in counts


def test_what_follows_from_the_input_is_the_size_of_its_channels() -> None:
    assert [kind for kind, op in REGISTRY.items() if op.inferred and (op.channels is None or op.min_inputs == 0)] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_case_is_valid(case: Case) -> None:
    op = REGISTRY[case.kind](**case.attributes)
    op.validate(raise_on_false)
    outputs = apply(op, case.input_shapes)
    figures = [op.macs(case.input_shapes, outputs), op.flops(case.input_shapes, outputs)]
    assert all(type(figure) is int and figure >= 0 for figure in figures)
    assert all(type(dim) is int for shape in outputs for dim in shape)
    assert len(case.dtypes) in {0, len(case.input_shapes)}
    assert ("int64" in case.dtypes) == op.integer_inputs


@pytest.mark.parametrize("op", REGISTRY.values(), ids=sorted(REGISTRY))
def test_every_op_is_documented(op: type[Op]) -> None:
    text = inspect.getdoc(op)
    assert text
    first = text.split("\n")[0]
    assert first.endswith(".")
    assert op.family in FAMILIES
    assert "MACs" in text
    assert "FLOP" in text
    assert not re.search(r"\bTODO\b", text)


def test_input_names_suit_the_number_of_inputs() -> None:
    for op in REGISTRY.values():
        if op.max_inputs is not None:
            assert len(op.input_names) == op.max_inputs, op.kind
