"""Reading expected figures (``expect``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.figures import BYTES, EXPECTED, METRICS
from archcost.quantities import UnitError, parse_bytes, parse_count, parse_percent
from archcost.spec.document import Mapping, Scalar
from archcost.spec.model import Expectation, Figure
from archcost.spec.value_reader import brief

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.spec.document import Value
    from archcost.spec.model import Spec
    from archcost.spec.value_reader import Reader

_EXPECT_KEYS = ("output", *EXPECTED, "tolerance", "source")
_MAX_LENGTH = 60  # characters of a figure


def read_expect(reader: Reader, value: Value, spec: Spec) -> None:
    """The figures of the whole model, and of paths under ``layers``."""
    mapping = reader.mapping(value, "'expect'")
    if mapping is None:
        return
    reader.keys(mapping, ("layers", *_EXPECT_KEYS), "expect")
    spec.expect[""] = _expectation(reader, mapping)
    if "layers" in mapping.entries:
        layers = reader.mapping(mapping.entries["layers"][1], "'expect.layers'")
        for key, figures in layers.entries.values() if layers else ():
            inner = reader.mapping(figures, f"the figures of '{brief(key)}'")
            if inner is not None:
                reader.keys(inner, _EXPECT_KEYS, f"the figures of '{brief(key)}'")
                spec.expect[key.text] = _expectation(reader, inner)


def _expectation(reader: Reader, mapping: Mapping) -> Expectation:
    output, output_mark = None, None
    if "output" in mapping.entries:
        key, value = mapping.entries["output"]
        plain = value.plain()
        if isinstance(plain, list) and all(type(dim) is int and dim > 0 for dim in plain):
            output, output_mark = tuple(plain), key.mark
        else:
            reader.report("'output' is a shape with the batch", value, "write it like `[1, 1000]`")
    figures = {}
    common = _tolerance_and_source(reader, mapping)
    for metric in EXPECTED:
        if metric in mapping.entries:
            figure = _figure(reader, *mapping.entries[metric], *common)
            if figure is not None:
                figures[metric] = figure
    return Expectation(output, output_mark, figures)


def _tolerance_and_source(reader: Reader, mapping: Mapping, tolerance: Any = 0, source: str = "") -> tuple[Any, str]:
    """The two keys that a figure has itself, or takes from the mapping around it."""
    if "source" in mapping.entries:
        source = reader.text(mapping.entries["source"][1], "'source'") or ""
    if "tolerance" in mapping.entries:
        value = mapping.entries["tolerance"][1]
        tolerance = _unit(reader, value, parse_percent) or 0
        if tolerance < 0:
            reader.report("a tolerance is not negative: it holds both ways", value)
    return tolerance, source


def _figure(reader: Reader, key: Scalar, value: Value, tolerance: Any, source: str) -> Figure | None:
    number = value
    if isinstance(value, Mapping):
        reader.keys(value, ("value", "tolerance", "source"), "a figure")
        if "value" not in value.entries:
            reader.report("a figure needs its value", key, "write `{value: 4.1 G, tolerance: 1%}`")
            return None
        number = value.entries["value"][1]
        tolerance, source = _tolerance_and_source(reader, value, tolerance, source)
    count = _unit(reader, number, _parse_bytes if METRICS[key.text].unit == BYTES else parse_count)
    if count is None:
        return None
    if count.denominator != 1 or count < 0:
        reader.report(f"a figure is a whole number ≥ 0, got {brief(number)}", number)
        return None
    return Figure(int(count), tolerance, source, key.mark)


def _parse_bytes(text: str) -> Fraction:
    """Bytes with or without their unit: a figure is exact as a number, too."""
    return parse_count(text) if text.strip().isdigit() else parse_bytes(text)


def _unit(reader: Reader, value: Value, parse: Any) -> Fraction | None:
    if not isinstance(value, Scalar) or value.value is None or len(value.text) > _MAX_LENGTH:
        reader.report(f"expected a number with its unit, such as 4.1 G or 1%, got {brief(value)}", value)
        return None
    try:
        result: Fraction = parse(value.text)
    except UnitError as error:
        reader.report(str(error), value)
        return None
    return result
