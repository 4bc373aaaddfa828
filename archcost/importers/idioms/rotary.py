"""Rotary position embeddings, written out with tables of cosines and sines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.idioms.sight import Sight

_PAIR = 2
_NEGATIVE = -1


def rotary_embedding(sight: Sight, place: int) -> IdiomRewrite | None:
    """x·cos + turned(x)·sin, where one half of the features, or every second one, is turned: ``rotary_embedding``."""
    step = sight.step(place)
    if step.kind != "add" or len(step.inputs) != _PAIR:
        return None
    for plain, turned in (step.inputs, step.inputs[::-1]):
        cosine, sine = sight.made_by(plain, "mul"), sight.made_by(turned, "mul")
        if cosine is None or sine is None:
            continue
        for value in sight.step(sine).inputs:
            found = _turned(sight, value)
            if found is not None and _is_turned_with(sight, cosine, sine, found[0], value):
                x, interleaved, parts = found
                attributes: dict[str, Attribute] = {"interleaved": True} if interleaved else {}
                made = NewStep(place, "rotary_embedding", (x,), step.outputs, attributes)
                return IdiomRewrite((*parts, cosine, sine, place), (made,))
    return None


def _is_turned_with(sight: Sight, cosine: int, sine: int, x: int, turned: int) -> bool:
    """Whether both tables are of positions along the dim before the last, which holds the features."""
    tables = (sight.other_input(cosine, x), sight.other_input(sine, turned))
    positions = sight.shape(x)[-2:-1]
    return all(table is not None and sight.shape(table)[-2:-1] == positions for table in tables)


def _turned(sight: Sight, value: int) -> tuple[int, bool, list[int]] | None:
    """Of (-second half, first half), or of neighbours in turn: x, whether these are neighbours, and the steps."""
    joined = sight.made_by(value, "concat")
    if joined is not None and sight.is_last_dim(joined):
        found = _parts(sight, joined)
        if found is None:
            return None
        x, first, second, parts = found
        size = sight.shape(x)[-1]
        half = size // _PAIR if isinstance(size, int) else None
        halves = first == (0, half, 1) and second[0] == half and second[1] in (None, size)
        return (x, False, [*parts, joined]) if halves and second[2] == 1 else None
    shaped = sight.made_by(value, "reshape", "flatten")
    stacked = sight.made_by(sight.step(shaped).inputs[0], "stack") if shaped is not None else None
    if shaped is None or stacked is None or sight.attribute(stacked, "dim") not in (-1, len(sight.shape(value))):
        return None
    found = _parts(sight, stacked)
    if found is None:
        return None
    x, first, second, parts = found
    ends = (None, sight.shape(x)[-1])
    neighbours = first[0] == 0 and second[0] == 1 and {first[1], second[1]} <= set(ends)
    if not neighbours or first[2] != _PAIR or second[2] != _PAIR or sight.shape(x) != sight.shape(value):
        return None
    return x, True, [*parts, stacked, shaped]


_Slice = tuple[object, object, object]  # start, end, step


def _parts(sight: Sight, joined: int) -> tuple[int, _Slice, _Slice, list[int]] | None:
    """Of (-b, a): what a and b are slices of, the slices a and b, and the steps."""
    inputs = sight.step(joined).inputs
    if len(inputs) != _PAIR:
        return None
    negative = sight.made_by(inputs[0], "mul")
    if negative is None or sight.attribute(negative, "other") != _NEGATIVE or len(sight.step(negative).inputs) > 1:
        return None
    second, first = (sight.made_by(value, "slice") for value in (sight.step(negative).inputs[0], inputs[1]))
    if first is None or second is None or sight.step(first).inputs != sight.step(second).inputs:
        return None
    if not (sight.is_last_dim(first) and sight.is_last_dim(second)):
        return None
    of_first, of_second = ((_start(sight, part), *_end(sight, part)) for part in (first, second))
    return sight.step(first).inputs[0], of_first, of_second, [first, second, negative]


def _start(sight: Sight, part: int) -> object:
    return sight.attribute(part, "start") or 0


def _end(sight: Sight, part: int) -> tuple[object, object]:
    return sight.attribute(part, "end"), sight.attribute(part, "step")
