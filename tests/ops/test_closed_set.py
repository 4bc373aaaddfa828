"""Ops, cases and all rooms stay in step: what an op lacks is told at once, with the place where it belongs."""

from collections.abc import Iterator

import pytest

from archcost.ops import REGISTRY, apply, raise_on_false
from archcost.ops.base import Op
from tests.ops.cases import CASES, Case, for_each_kind
from tests.ops.gaps import gaps, message


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_an_op_lacks_nothing(kind: str) -> None:
    found = gaps(kind)
    assert not found, message(kind, found)


def test_every_case_has_a_kind() -> None:
    assert {case.kind for case in CASES} <= set(REGISTRY)


def test_what_follows_from_the_input_is_the_size_of_its_channels() -> None:
    assert [kind for kind, op in REGISTRY.items() if op.inferred and (op.channels is None or op.min_inputs == 0)] == []


@for_each_kind(CASES)
def test_every_case_is_valid(case: Case) -> None:
    op = REGISTRY[case.kind](**case.attributes)
    op.validate(raise_on_false)
    outputs = apply(op, case.input_shapes)
    figures = [op.macs(case.input_shapes, outputs), op.flops(case.input_shapes, outputs)]
    assert all(type(figure) is int and figure >= 0 for figure in figures)
    assert all(type(dim) is int for shape in outputs for dim in shape)
    assert len(case.dtypes) in {0, len(case.input_shapes)}
    assert {place for place, dtype in enumerate(case.dtypes) if dtype == "int64"} == set(op.index_inputs)


@pytest.fixture
def bare() -> Iterator[str]:
    """An op of which nothing is said."""

    class Bare(Op, kind="bare_op", family="Shape", max_inputs=2):
        pass

    yield Bare.kind
    del REGISTRY[Bare.kind]


def test_an_op_with_indices_says_how_many_places_there_are(bare: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY[bare], "index_inputs", (1,))
    assert any(line.startswith("indexed, how many places its indices may name: ") for line in gaps(bare))


def test_all_that_an_op_lacks_is_told_at_once(bare: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_cases = [line.rpartition(":")[0].split(": ")[0] for line in gaps(bare)]
    assert without_cases == [
        "a docstring whose first line is its formula and ends with a full stop",
        "a word on its MACs and FLOP in the docstring",
        "a name for each of its 2 inputs (input_names)",
        "reach, what an element of its output reads of the inputs",
        "a case",
        "what its backward pass keeps (keeps)",
    ]
    monkeypatch.setattr(REGISTRY[bare], "input_names", ("input", "other"))
    CASES.append(Case(bare, {}, ((2, 3),)))
    try:
        found = gaps(bare)
    finally:
        CASES.pop()
    assert any(line.startswith("a case with 2 inputs: tests/ops/cases.py:") for line in found)
    assert "a section in docs/ops.md: make docs" in found
    assert "its FLOPs in docs/figures.md: make docs" in found
    assert message(bare, found).startswith("bare_op lacks:\n  - a docstring")
