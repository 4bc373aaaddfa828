"""Random graphs from the op registry: up to 30 layers that archcost accepts, and what PyTorch makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

import archcost
from archcost.dims import numel
from archcost.ops import REGISTRY, Op, OpError, apply, raise_on_false
from archcost.ops.field_types import (
    AttributeField,
    AttributeValueError,
    BoolField,
    ChoiceField,
    FloatField,
    IntField,
    IntsField,
    SpatialField,
)
from archcost.pytorch.verify import verify
from tests.profiles import examples
from tests.pytorch.support import document

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = sorted(REGISTRY)
# What multiplies and accumulates, and what needs one rank exactly, is drawn as often as all others together.
FAVOURED = [kind for kind, op in REGISTRY.items() if op.macs is not Op.macs or op.min_rank == op.max_rank]
POOLS = [kind for kind in KINDS if "_pool" in kind]
MAX_LAYERS = 30
MAX_NUMEL = 4096
Shape = tuple[int, ...]
OTHERS: dict[str, tuple[Shape, str]] = {"i": ((2, 5), "int64"), "m": ((1,), "bool")}  # indices, and a mask


@st.composite
def attribute(draw: st.DrawFn, op: type[Op], name: str, field: AttributeField, shape: Shape) -> Any:
    """A value for one attribute; not all values fit the input."""
    special = fitting(op.kind, name, shape)
    return draw(any_value(field, op.ndim) if special is None else special)


def any_value(field: AttributeField, ndim: int) -> st.SearchStrategy[Any]:
    """Values that the field accepts."""
    low = -3 if getattr(field, "minimum", None) is None else field.minimum
    number = st.integers(int(low), int(low) + 4)
    values: dict[type[AttributeField], Callable[[], st.SearchStrategy[Any]]] = {
        BoolField: lambda: st.booleans() if field.default is not None else st.none(),
        ChoiceField: lambda: st.sampled_from(field.options),
        SpatialField: lambda: st.one_of(
            number, st.lists(number, min_size=ndim, max_size=ndim), *map(st.just, field.words)
        ),
        IntsField: lambda: st.lists(st.integers(0, 3), min_size=1, max_size=3),
        IntField: lambda: number,
        FloatField: lambda: st.sampled_from((max(low, 0.1), 0.9)),
    }
    return values.get(type(field), lambda: st.just(field.default))()


def fitting(kind: str, name: str, shape: Shape) -> st.SearchStrategy[Any] | None:
    """Values for attributes that would hardly ever fit by chance; None for all others."""
    rank = len(shape)
    dims = st.integers(-max(rank, 1), max(rank, 1) - 1)
    count = numel(shape)
    factors = [size for size in range(1, 7) if count % size == 0]
    special: dict[tuple[str, str], st.SearchStrategy[Any]] = {
        ("*", "inplace"): st.just(False),  # torch refuses it on views and parameters
        ("*", "dim"): dims,
        ("*", "dim0"): dims,
        ("*", "dim1"): dims,
        ("*", "normalized_shape"): st.sampled_from([[*shape[at:]] for at in range(rank)] or [[1]]),
        ("upsample", "scale_factor"): st.none(),
        ("multihead_attention", "kdim"): st.none(),
        ("multihead_attention", "vdim"): st.none(),
        ("roll", "dims"): st.permutations(range(rank)),
        ("permute", "dims"): st.permutations(range(rank)),
        ("*", "num_heads"): st.sampled_from((1, 2)),
        ("*", "num_groups"): st.sampled_from((1, 2, 3)),
        ("*", "groups"): st.sampled_from((1, 1, 1, 2, 3)),
        ("*", "padding_mode"): st.sampled_from(("zeros", "zeros", "zeros", "circular", "replicate")),
        ("expand", "sizes"): st.just([4 if size == 1 else -1 for size in shape]),
        ("pad", "pad"): st.lists(st.integers(0, 2), min_size=2, max_size=2),
        ("parameter", "shape"): st.lists(st.integers(1, 4), max_size=3),
        ("constant", "shape"): st.lists(st.integers(1, 4), max_size=3),
        ("buffer", "shape"): st.lists(st.integers(1, 4), max_size=3),
        ("einsum", "equation"): st.sampled_from(equations("abcde"[:rank])),
        ("*", "window_size"): st.sampled_from((1, 2, 3, [1, 2], [2])),
        ("window_reverse", "output_size"): st.sampled_from((2, [2, 3], [4])),
        ("rotary_embedding", "base"): st.sampled_from((10.0, 10000.0)),
        ("prelu", "num_parameters"): st.just(shape[1] if rank > 1 else 1),
        ("split", "split_size_or_sections"): st.integers(1, 5),
        ("reshape", "shape"): st.sampled_from(factors).map(lambda size: [size, -1]),
        ("unflatten", "unflattened_size"): st.sampled_from(([1, -1], [-1, 1], [2, -1])),
        ("roll", "shifts"): st.just([1] * rank),
        ("pixel_shuffle", "upscale_factor"): st.sampled_from((1, 2)),
        ("upsample", "size"): st.sampled_from(([*range(2, rank)] or [1], 3)),
    }
    special |= {(pool, "padding"): st.sampled_from((0, 0, 1)) for pool in POOLS}
    return special.get((kind, name), special.get(("*", name)))


def equations(letters: str) -> list[str]:
    """Equations over one tensor or two of one shape: permuted, summed, products of elements and of matrices."""
    single = [f"{letters}->{letters[::-1]}", "...->...", f"{letters}->{letters[:1]}"]
    double = [f"{letters},{letters}->{letters[:kept]}" for kept in range(len(letters) + 1)]
    other = letters[:-1] + "z"
    return [*single, *double, f"{letters},{other}->{letters}z", "...,...->..."]


@st.composite
def layers(draw: st.DrawFn) -> dict[str, Any]:
    """The parts of a spec: inputs, and layers that each read values made before them."""
    sizes = st.tuples(st.integers(1, 3), st.sampled_from((1, 2, 3, 4, 6, 12)), *[st.integers(1, 9)] * 3)
    shape = draw(sizes)[: draw(st.sampled_from((4, 3, 5, 2, 1)))]
    inputs = {
        "x": {"shape": list(shape), "batch": False},
        **{name: {"shape": [*own], "dtype": dtype, "batch": False} for name, (own, dtype) in OTHERS.items()},
    }
    floats: dict[str, Shape] = {"x": shape}
    steps: list[dict[str, Any]] = []
    wanted = draw(st.integers(1, MAX_LAYERS))
    for _ in range(4 * wanted):
        if len(steps) == wanted:
            break
        first = draw(st.sampled_from(list(floats)[-4:]))
        possible = [
            [kind for kind in kinds if takes(REGISTRY[kind], len(floats[first]))] for kinds in (KINDS, FAVOURED)
        ]
        kind = draw(st.one_of(*[st.sampled_from(kinds) for kinds in possible if kinds]))
        step = draw(layer(REGISTRY[kind], first, floats, f"n{len(steps)}"))
        if step is not None:
            steps.append(step)
    outputs = [name for name in floats if name != "x"][-3:]
    return {"inputs": inputs, "layers": steps, "outputs": outputs or ["x"]}


def takes(op: type[Op], rank: int) -> bool:
    """Whether an op takes a float input of this rank, or none."""
    return (
        0 in op.index_inputs
        or op.max_inputs == 0
        or op.min_rank <= rank <= (rank if op.max_rank is None else op.max_rank)
    )


@st.composite
def layer(draw: st.DrawFn, op: type[Op], first: str, floats: dict[str, Shape], name: str) -> dict[str, Any] | None:
    """One step on ``first`` and others like it, if the attributes drawn fit; its outputs join ``floats``."""
    most = 3 if op.max_inputs is None else op.max_inputs
    equal = [known for known in floats if floats[known] == floats[first]]
    sources = [first, *(draw(st.sampled_from(equal)) for _ in range(most))][
        : draw(st.sampled_from((op.min_inputs, most)))
    ]
    for place in range(len(sources)):
        sources[place] = "i" if place in op.index_inputs else "m" if place in op.mask_inputs else sources[place]
    shapes = tuple(OTHERS[source][0] if source in OTHERS else floats[source] for source in sources)
    dtypes = [OTHERS[source][1] if source in OTHERS else "float32" for source in sources]
    first_shape = shapes[0] if shapes else ()
    values = {key: draw(attribute(op, key, field, first_shape)) for key, field in op.fields.items()}
    given_values = {key: value for key, value in values.items() if value is not None}
    try:
        made = op(**given_values)
        made.validate(raise_on_false)
        outputs = apply(made, shapes)
    except (OpError, AttributeValueError, TypeError):
        return None
    if sum(map(numel, (*outputs, *made.weights(shapes).values()))) > MAX_NUMEL:
        return None
    if made.result_dtype(shapes, dtypes, "float32") == "float32":
        named = {name if len(outputs) == 1 else f"{name}.{index}": shape for index, shape in enumerate(outputs)}
        floats |= {each: shape for index, (each, shape) in enumerate(named.items()) if index not in op.index_outputs}
    return {op.kind: given_values, "id": name, "from": sources}


@settings(
    max_examples=examples(60, usual=25),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(layers())
def test_random_graphs_agree_with_pytorch(parts: dict[str, Any]) -> None:
    if not parts["layers"]:
        return
    verification = verify(archcost.analyze(document(parts)))
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    assert verification.notes == ()
