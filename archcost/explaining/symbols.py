"""An op and its tensors with symbols for their numbers; what they are called follows from fields and layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dims import decided
from archcost.explaining.expressions import Symbol, as_expression
from archcost.explaining.layouts import BATCH, SPATIAL, input_dims, is_image, letter_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Shape
    from archcost.explaining.expressions import SymbolicExpression
    from archcost.ops.base import Op
    from archcost.ops.field_types import AttributeField

SIZES = frozenset([letter for letters in SPATIAL.values() for letter in letters] + ["c"])  # n in the formula of a size
_UNNAMED = "."  # in the name of a size that has none of its own: where it stands is before or behind it

Symbols = tuple[Symbol, ...]


def is_named(size: Symbol) -> bool:
    """Whether a size has a name that tells it from others."""
    return _UNNAMED not in size.name


def symbolic_op(op: Op) -> Any:
    """The op with symbols for all numbers whose fields have one, to run its rules on."""
    view = object.__new__(type(op))
    view.__dict__.update({name: _symbolic(value, op.field_of(name)) for name, value in op.__dict__.items()})
    view.__dict__["named"] = lambda name, value: Symbol(name, decided(value))
    return view


def _symbolic(value: Any, field: AttributeField) -> Any:
    """The value of an attribute in symbols: ``f, f`` for equal sizes, ``f_h, f_w`` for others.

    The sizes of a list that is told by its product have its name, and their place: ``features.0``. Of a negative number
    the symbol is what is subtracted.
    """
    if not field.symbol or value is None or isinstance(value, str):
        return value
    items = value if isinstance(value, tuple) else (value,)
    if isinstance(field.symbol, tuple):
        names = [field.symbol[place % len(field.symbol)] for place in range(len(items))]
    elif isinstance(value, tuple) and not field.per_dim:
        names = [f"{field.symbol}{_UNNAMED}{place}" for place in range(len(items))]
    elif len(set(items)) <= 1:
        names = [field.symbol] * len(items)
    else:
        names = [f"{field.symbol}_{letter}" for letter in SPATIAL[len(items)]]
    symbols = tuple([_signed(name, item, field.unless) for name, item in zip(names, items, strict=True)])
    return symbols if isinstance(value, tuple) else symbols[0]


def _signed(name: str, item: int | None, unless: int | None) -> SymbolicExpression | int | None:
    if item is None or item == unless:
        return item
    return Symbol(name, item) if item >= 0 else -Symbol(name, -item)


def symbolic_inputs(op: Op, inputs: Sequence[Shape]) -> tuple[Symbols, ...]:
    """The shapes of the inputs in symbols: ``b``, ``c``, ``h``, ``w``; ``0.2`` for dim 2 of input 0 without a name.

    Of the dims that a star stands for each has its word, and its place counted from the last: ``tokens.0``.
    """
    found = []
    for number, shape in enumerate(inputs):
        names = input_dims(op, number, len(shape))
        stars = [place for place, name in enumerate(names) if name.startswith("*")]
        symbols = []
        for place, (name, size) in enumerate(zip(names, shape, strict=True)):
            called = letter_of(name, image=is_image(names)) or f"{number}{_UNNAMED}{place}"
            if place in stars:
                called = f"{name[1:] or 'positions'}{_UNNAMED}{stars[-1] - place}"
            symbols.append(Symbol(called, size))
        found.append(tuple(symbols))
    return tuple(found)


def counted_inputs(op: Op, inputs: tuple[Symbols, ...], inferred: tuple[tuple[Any, ...], ...]) -> tuple[Symbols, ...]:
    """The inputs as counts call them: of an image, sizes that the op changes are ``h_in``, ``c_in``."""
    if not inputs or not is_image(input_dims(op, 0, len(inputs[0]))):
        return inputs
    kept = [as_expression(size).key for size in inferred[0]]
    first = [
        Symbol(f"{size.name}_in", size.value)
        if size.name in SIZES and size.key not in kept[place : place + 1]
        else size
        for place, size in enumerate(inputs[0])
    ]
    return (tuple(first), *inputs[1:])


def counted_outputs(
    op: Op, inputs: tuple[Symbols, ...], inferred: tuple[tuple[Any, ...], ...], outputs: Sequence[Shape]
) -> tuple[Symbols, ...]:
    """The outputs as counts call them: a symbol that was passed on is the same, a size that was computed a new one.

    ``inferred`` is what the op makes of the symbols of ``inputs``, ``outputs`` what it makes of numbers.
    """
    names = input_dims(op, 0, len(inputs[0])) if inputs else []
    found = []
    for number, (shape, sizes) in enumerate(zip(inferred, outputs, strict=True)):
        image = is_image(names) and len(names) == len(shape)
        symbols = []
        for place, (size, value) in enumerate(zip(shape, sizes, strict=True)):
            letter = letter_of(names[place], image=True) if image else f"output_{number}{_UNNAMED}{place}"
            symbols.append(size if isinstance(size, Symbol) else Symbol(letter, value))
        found.append(tuple(symbols))
    return tuple(found)


def word_of(size: Symbol) -> str:
    """The word for the dims that a star stands for, of which this is one; empty if it is none."""
    word = size.name.partition(_UNNAMED)[0]
    return "" if is_named(size) or word[-1].isdigit() else word


def listed(view: Op) -> list[Symbols]:
    """The attributes of an op in symbols that are lists of them."""
    lists = [value for value in view.__dict__.values() if isinstance(value, tuple)]
    return [items for items in lists if all(isinstance(item, Symbol) for item in items)]


def symbol_ranks(op: Op, inputs: tuple[Symbols, ...]) -> dict[str, int]:
    """The order of factors by their names: tensors (0), the batch, places (2), taps, and the channels that come in."""
    ranks = {"outputs": 0, "inputs": 0, BATCH: 1}
    for shape in inputs:
        channel = (-1 if op.channels is None else op.channels) % max(len(shape), 1)
        for place, size in enumerate(shape):
            ranks.setdefault(word_of(size), 0)
            for name in (size.name, size.name.removesuffix("_in")):
                ranks.setdefault(name, 4 if place == channel else 2)
    taps = [field.symbol for field in op.fields.values() if field.per_dim]
    return ranks | {f"{tap}{end}": 3 for tap in taps if tap for end in ("", "_l", "_z", "_h", "_w")}
