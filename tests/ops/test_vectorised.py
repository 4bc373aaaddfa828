"""Rules are the same for one candidate and for many: tables of sizes give, variant by variant, what ints give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.dims import VaryingSizeError, numel, total
from archcost.ops import REGISTRY, OpError, apply, raise_on_false
from archcost.ops.field_types import IntField
from tests.ops.cases import CASES, Shape
from tests.ops.harness import MaskCheck
from tests.ops.table import Table, table
from tests.profiles import examples

if TYPE_CHECKING:
    from archcost.ops.base import Op

VARIANTS = 5
STRUCTURE_FOLLOWS_SIZE = {"squeeze", "chunk", "split", "unbind"}  # how many dims or outputs there are
TENSORS_FOLLOW_SIZE = {"lstm", "multihead_attention"}  # which weights there are
TERMS_FOLLOW_SIZE = {"fold"}  # how many taps a sum goes over


class Costs(NamedTuple):
    """All that the rules of an op say."""

    outputs: tuple[Shape, ...]
    params: int
    buffers: int
    macs: int
    flops: int


def costs(op: Op, inputs: tuple[Shape, ...], check: Any) -> Costs:
    op.validate(check)
    outputs = apply(op, inputs, check)
    return Costs(
        outputs,
        total(numel(shape) for shape in op.weights(inputs).values()),
        total(numel(shape) for shape in op.buffers(inputs).values()),
        op.macs(inputs, outputs),
        op.flops(inputs, outputs),
    )


def scalar_costs(kind: str, attributes: dict[str, Any], inputs: tuple[Shape, ...]) -> Costs | None:
    try:
        return costs(REGISTRY[kind](**attributes), inputs, raise_on_false)
    except OpError:
        return None


def pick(value: Any, variant: int) -> Any:
    """One variant of a value that may hold tables, at any depth."""
    if isinstance(value, Table):
        assert {type(entry) for entry in value.entries} == {int}
        return value.entries[variant]
    if isinstance(value, (tuple, list)):
        picked = [pick(item, variant) for item in value]
        return tuple(picked) if isinstance(value, tuple) else picked
    return value


class Sweep:
    """Turns the sizes of a case into tables; a size that occurs twice mostly stays equal to itself."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.known: dict[tuple[int, int | None], Any] = {}

    def size(self, value: int, minimum: int | None) -> Any:
        """An int or table; the first variant is the value of the case."""
        if self.draw(st.integers(0, 5)) == 0:
            return self._candidates(value, minimum)
        minimum = minimum if value < 1 else max(minimum or 1, 1)  # equal sizes are one, whatever else may be 0
        key = (value, minimum)
        if key not in self.known:
            self.known[key] = self._candidates(value, minimum)
        return self.known[key]

    def _candidates(self, value: int, minimum: int | None) -> Any:
        if self.draw(st.integers(0, 3)) == 0:
            return value
        near = st.sampled_from([value, value, 2 * value, 3 * value, value + 1, value - 1, 1, 2, 12])
        if minimum is not None:
            near = near.map(lambda candidate: max(candidate, minimum))
        return Table([value, *self.draw(st.lists(near, min_size=VARIANTS - 1, max_size=VARIANTS - 1))])

    def attribute(self, field: Any, value: Any) -> Any:
        if not isinstance(field, IntField) or isinstance(value, str) or value is None:
            return value
        if isinstance(value, list):
            return [self.attribute(field, item) for item in value]
        if field.fixed:
            return Table([value] * VARIANTS) if self.draw(st.booleans()) else value
        if getattr(field, "wildcards", 0) != 0 and value == -1:
            return value
        return self.size(value, field.minimum)


@pytest.mark.parametrize("kind", sorted(REGISTRY))
@settings(max_examples=examples(30, usual=10))
@given(data=st.data())
def test_tables_give_what_ints_give(kind: str, data: st.DataObject) -> None:
    case = data.draw(st.sampled_from([case for case in CASES if case.kind == kind]))
    sweep = Sweep(data.draw)
    inputs = tuple([tuple([sweep.size(dim, 1) for dim in shape]) for shape in case.input_shapes])
    fields = REGISTRY[kind].fields
    attributes = {name: sweep.attribute(fields[name], value) for name, value in case.attributes.items()}

    one_by_one = [scalar_costs(kind, pick_all(attributes, at), pick(inputs, at)) for at in range(VARIANTS)]
    check = MaskCheck()
    try:
        at_once = costs(REGISTRY[kind](**attributes), inputs, check)
    except OpError:  # ranks and the like are wrong for every variant
        assert not any(one_by_one)
        return
    except VaryingSizeError:
        assert kind in STRUCTURE_FOLLOWS_SIZE | TENSORS_FOLLOW_SIZE | TERMS_FOLLOW_SIZE
        return
    valid = check.mask.entries if isinstance(check.mask, Table) else (check.mask,) * VARIANTS
    assert tuple([costs is not None for costs in one_by_one]) == valid
    for variant, expected in enumerate(one_by_one):
        if expected is not None:
            assert Costs(*pick(tuple(at_once), variant)) == expected


def pick_all(attributes: dict[str, Any], variant: int) -> dict[str, Any]:
    return {name: pick(value, variant) for name, value in attributes.items()}


def test_widths_and_resolutions_broadcast() -> None:
    widths, sizes = [8, 16, 32], [32, 64, 65, 224]
    grid = [(width, size) for width in widths for size in sizes]
    column, row = Table([width for width, _ in grid]), Table([size for _, size in grid])
    geometry = {"kernel_size": 3, "padding": 1, "stride": 2}
    inputs: Any = ((1, column, row, row),)
    found: Any = costs(REGISTRY["conv2d"](out_channels=2 * column, **geometry), inputs, MaskCheck())
    for at, (width, size) in enumerate(grid):
        expected = scalar_costs("conv2d", {"out_channels": 2 * width, **geometry}, ((1, width, size, size),))
        assert expected is not None
        assert (found.macs.entries[at], found.flops.entries[at]) == (expected.macs, expected.flops)
        assert found.params.entries[at] == expected.params


@pytest.mark.parametrize(
    ("kind", "attributes", "inputs"),
    [
        ("chunk", {"chunks": 4}, ((table(8, 9, 5),),)),
        ("squeeze", {}, ((table(1, 2), 3),)),
        ("split", {"split_size_or_sections": table(2, 3)}, ((6,),)),
    ],
)
def test_a_structure_that_varies_is_refused(kind: str, attributes: dict[str, Any], inputs: Any) -> None:
    with pytest.raises(VaryingSizeError, match="must be the same for all variants, got values from"):
        apply(REGISTRY[kind](**attributes), inputs, MaskCheck())
