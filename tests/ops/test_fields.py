"""Fields read what YAML gives, refuse the rest in words, and their JSON Schema accepts the same."""

import math
from typing import Any

import jsonschema
import pytest

from archcost.dims import VaryingSizeError
from archcost.ops import REGISTRY
from archcost.ops import fields as f
from archcost.ops.fields import REQUIRED, AttributeField, AttributeValueError, shown, whole_number
from tests.ops.table import table


class Index:
    """A whole number of another library."""

    def __index__(self) -> int:
        return 3


ACCEPTED = [
    (f.size(), 3, 3),
    (f.size(), 1e3, 1000),
    (f.size(minimum=0), 0, 0),
    (f.size(nullable=True), None, None),
    (f.size(default=None), None, None),
    (f.integer(), -3, -3),
    (f.index(), -1, -1),
    (f.number(), 1, 1.0),
    (f.number(minimum=0, maximum=1), 0.5, 0.5),
    (f.numbers(), 2, 2.0),
    (f.numbers(), [1, 2.5], (1.0, 2.5)),
    (f.flag(default=True), False, False),
    (f.flag(default=None), None, None),
    (f.choice("a", "b"), "b", "b"),
    (f.spatial(), 3, (3, 3)),
    (f.spatial(), [1, 7], (1, 7)),
    (f.spatial(), (1, 7), (1, 7)),
    (f.spatial(words=("same",)), "same", "same"),
    (f.spatial(holes=True), [None, 7], (None, 7)),
    (f.spatial(default=None), None, None),
    (f.integers(), [1, -2], (1, -2)),
    (f.integers(), [], ()),
    (f.integers(scalar="list"), 3, (3,)),
    (f.integers(scalar="keep"), 3, 3),
    (f.integers(scalar="keep"), [3], (3,)),
    (f.indices(), [0, -1], (0, -1)),
    (f.indices(scalar="list"), 2, (2,)),
    (f.sizes(), [3, 4], (3, 4)),
    (f.sizes(wildcards=1), [3, -1], (3, -1)),
    (f.sizes(wildcards=None), [-1, -1, 2], (-1, -1, 2)),
]

REFUSED = [
    (f.size(), 0, "expected a whole number ≥ 1, got 0"),
    (f.size(), 1.5, "expected a whole number ≥ 1, got 1.5"),
    (f.size(), True, "expected a whole number ≥ 1, got true"),
    (f.size(), "3", "expected a whole number ≥ 1, got '3'"),
    (f.size(), None, "expected a whole number ≥ 1, got null"),
    (f.size(default=None), "x", "expected a whole number ≥ 1 or null, got 'x'"),
    (f.integer(), [1], "expected a whole number, got [1]"),
    (f.integer(), float("inf"), "expected a whole number, got inf"),
    (f.number(minimum=0, maximum=1), 1.5, "expected a number from 0 to 1, got 1.5"),
    (f.number(minimum=0, maximum=1), float("nan"), "expected a number from 0 to 1, got nan"),
    (f.number(minimum=0), -1, "expected a number ≥ 0, got -1"),
    (f.number(), "1", "expected a number, got '1'"),
    (f.number(), True, "expected a number, got true"),
    (f.numbers(minimum=0), [1, -1], "expected a number ≥ 0, or a list of them, got -1"),
    (f.flag(default=True), 1, "expected true or false, got 1"),
    (f.flag(default=None), "yes", "expected true or false or null, got 'yes'"),
    (f.choice("a", "b"), "c", "expected one of a, b, got 'c'"),
    (f.choice("a", "b"), ["a"], "expected one of a, b, got ['a']"),
    (f.spatial(), 0, "expected a whole number ≥ 1, or 2 of them, got 0"),
    (f.spatial(), [1, 0], "expected a whole number ≥ 1, or 2 of them, got [1, 0]"),
    (f.spatial(), [1, None], "expected a whole number ≥ 1, or 2 of them, got [1, null]"),
    (f.spatial(), [1, 2, 3], "expected one number or 2 for 2 spatial dimensions, got 3: [1, 2, 3]"),
    (f.spatial(words=("same",)), "sane", """expected a whole number ≥ 1, or 2 of them, or "same", got 'sane'"""),
    (f.integers(), 3, "expected a list of whole numbers, got 3"),
    (f.integers(minimum=1, scalar="list"), [0], "expected a list of whole numbers ≥ 1 or one number, got [0]"),
    (f.integers(scalar="keep"), "3", "expected a list of whole numbers or one number, got '3'"),
    (f.indices(), [1.5], "expected a list of whole numbers, got [1.5]"),
    (f.sizes(), [-1], "expected a list of whole numbers ≥ 1, got [-1]"),
    (f.sizes(wildcards=1), [-1, -1], "expected a list of whole numbers ≥ 1, one of which may be -1, got [-1, -1]"),
    (f.sizes(wildcards=None), [0], "expected a list of whole numbers ≥ 1 or -1, got [0]"),
]


def matches_schema(field: AttributeField, value: Any) -> bool:
    schema = field.schema(2)
    if field.nullable:
        schema = {"anyOf": [schema, {"type": "null"}]}
    plain = list(value) if isinstance(value, tuple) else value
    return bool(jsonschema.Draft7Validator(schema).is_valid(plain))


@pytest.mark.parametrize(("field", "value", "parsed"), ACCEPTED)
def test_accepted(field: AttributeField, value: Any, parsed: Any) -> None:
    found = field.parse(value, 2)
    assert found == parsed
    assert type(found) is type(parsed)
    assert matches_schema(field, value)


@pytest.mark.parametrize(("field", "value", "message"), REFUSED)
def test_refused(field: AttributeField, value: Any, message: str) -> None:
    with pytest.raises(AttributeValueError) as caught:
        field.parse(value, 2)
    assert str(caught.value) == message


def beyond_schemas(value: Any, message: str) -> bool:
    """A schema cannot say how many items are -1, and JSON has no inf and nan."""
    return message.count("-1") > 2 or (isinstance(value, float) and not math.isfinite(value))


@pytest.mark.parametrize(("field", "value", "message"), [case for case in REFUSED if not beyond_schemas(*case[1:])])
def test_the_schema_refuses_as_well(field: AttributeField, value: Any, message: str) -> None:
    del message
    assert not matches_schema(field, value)


def test_a_plain_field_refuses_everything() -> None:
    with pytest.raises(AttributeValueError, match="expected a value, got 1"):
        AttributeField().parse(1, 1)


def test_one_spatial_dimension_reads_naturally() -> None:
    assert f.spatial().type_text(1) == "a whole number ≥ 1"
    assert f.spatial().parse([3], 1) == (3,)


def test_tables_pass_where_sizes_do() -> None:
    widths = table(8, 16)
    assert f.size().parse(widths, 2) is widths
    assert [size is widths for size in f.spatial().parse(widths, 2)] == [True, True]
    assert f.sizes().parse([widths, 3], 2)[0] is widths
    with pytest.raises(AttributeValueError, match="expected a whole number ≥ 1, got Table"):
        f.size().parse(table(0, 0), 2)
    with pytest.raises(VaryingSizeError):
        f.size().parse(table(8, 0), 2)


def test_what_decides_a_structure_is_one_number_for_all() -> None:
    assert f.index().parse(table(2, 2), 2) == 2
    assert f.indices().parse([table(1, 1), 0], 2) == (1, 0)
    with pytest.raises(VaryingSizeError, match="must be the same for all variants, got values from 1 to 2"):
        f.index().parse(table(1, 2), 2)


def test_values_are_shown_as_in_yaml() -> None:
    assert shown([1, None, True, [False, "x"], 2.5]) == "[1, null, true, [false, 'x'], 2.5]"
    assert repr(REQUIRED) == "required"


def test_whole_numbers() -> None:
    assert whole_number(3.0) == 3
    assert type(whole_number(3.0)) is int
    assert whole_number(3.5) is whole_number(True) is whole_number("3") is whole_number(None) is None
    assert type(whole_number(Index())) is int


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_defaults_fit_their_own_fields(kind: str) -> None:
    op = REGISTRY[kind]
    for field in op.fields.values():
        jsonschema.Draft7Validator.check_schema(field.schema(op.ndim))
        assert field.type_text(op.ndim)
        if field.default is not REQUIRED:
            field.parse(field.default, op.ndim)
            assert matches_schema(field, field.default) or field.default is None
