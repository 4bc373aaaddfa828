"""What people publish as a model's size: its params, with or without what some leave out, and the bytes of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from archcost.conventions.published_figures import BYTES, PARAMS, CandidateFigure, Term, figure, product
from archcost.dims import numel
from archcost.dtypes import FLOAT_DTYPES, STORED_BITS, WHOLE_DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Layer, Report
    from archcost.conventions.embedding_tables import EmbeddingTable, Tables

_INT64 = 8  # bytes of what counts batches
_STORED = ("float32", "float16", "int8", "int4")
_LISTED = 3  # products that are written out; more are one number


class _Sums(NamedTuple):
    """Numbers of a layer, or of several."""

    params: int = 0
    biases: int = 0
    norms: int = 0
    norm_biases: int = 0
    frozen: int = 0
    idle: int = 0
    statistics: int = 0  # a mean and a variance for each channel
    counters: int = 0  # num_batches_tracked
    buffers: int = 0  # of another kind
    integers: int = 0  # among all that is no param
    second_biases: int = 0  # of recurrent layers
    no_biases: int = 0  # that convolutions without them would have
    scales: int = 0  # of norms with statistics

    def plus(self, other: _Sums, times: int) -> _Sums:
        return _Sums(*[mine + times * theirs for mine, theirs in zip(self, other, strict=True)])


def sizes(
    report: Report, chosen: Sequence[int], found: Tables, base: tuple[Term, ...] = ()
) -> Iterator[CandidateFigure]:
    """Every figure of the size of the chosen layers; ``base`` is how their params come about."""
    sums = _sums([report.layers[index] for index in chosen])
    params = base or (Term(sums.params, "params"),)
    less = _Less(params)
    yield figure("params", 0, PARAMS, params)
    yield less("trainable params", 1, Term(-sums.frozen, "frozen"))
    yield less("active params", 1, Term(-sums.idle, "of experts that a token does not use"))
    if sums.statistics:
        yield less("params with biases before the norms (Keras's ResNet)", 2, Term(sums.no_biases, "biases"))
        yield less("params without scales of norms (Keras's Inception)", 2, Term(-sums.scales, "scales"))
    yield from _with_buffers(params, sums)
    yield less("params without biases", 2, Term(-sums.biases, "biases"))
    yield less("params without norms", 3, Term(-sums.norms, "of norms"))
    matrices = (Term(-sums.norms, "of norms"), Term(-(sums.biases - sums.norm_biases), "other biases"))
    yield less("params without norms and biases", 3, *matrices)
    yield less("params with one bias a gate (Keras)", 2, Term(-sums.second_biases, "second biases of the gates"))
    yield from _without_tables(less, frozenset(chosen), found)
    yield from _shared_again(report, chosen, less, found)
    yield from _bytes(params, sums)


class _Less(NamedTuple):
    """Params with terms taken away or added; no figure, of value 0, if there is nothing to take away or add."""

    params: tuple[Term, ...]

    def __call__(self, what: str, rank: int, *terms: Term) -> CandidateFigure:
        if not any(term.amount for term in terms):
            return CandidateFigure(what, 0, rank, PARAMS)
        return figure(what, rank, PARAMS, (*self.params, *terms))


def _with_buffers(params: tuple[Term, ...], sums: _Sums) -> Iterator[CandidateFigure]:
    half = sums.statistics // 2
    moving = (Term(half, "means"), Term(half, "variances"))
    if half:
        total = (*params, *moving)
        yield figure("params and moving statistics (Keras's total params)", 1, PARAMS, total)
        more = _Less(total)
        yield more(
            "params and moving statistics, with biases before the norms (Keras's ResNet)",
            2,
            Term(sums.no_biases, "biases"),
        )
        yield more(
            "params and moving statistics, without scales of norms (Keras's Inception)", 2, Term(-sums.scales, "scales")
        )
    others = (Term(sums.counters, "counters of batches"), Term(sums.buffers, "in other buffers"))
    if sums.counters or sums.buffers:
        yield figure("params and all buffers (torch's state_dict)", 2, PARAMS, (*params, *moving, *others))


def _without_tables(less: _Less, chosen: frozenset[int], found: Tables) -> Iterator[CandidateFigure]:
    positions = [table for table in found.positions if table.layer in chosen]
    others = [table for table in found.others if table.layer in chosen]
    yield less(f"params without the position table{'s' * (len(positions) > 1)}", 2, *_terms(positions, -1))
    if others:
        yield less("params without embeddings", 2, *_terms([*others, *positions], -1))
        if positions:
            yield less("params without token embeddings, with those of positions", 3, *_terms(others, -1))


def _shared_again(report: Report, chosen: Sequence[int], less: _Less, found: Tables) -> Iterator[CandidateFigure]:
    here = frozenset(chosen)
    tied = [table for table in found.tied if table.layer in here]
    yield less("params with an untied head", 2, *_terms(tied, 1))
    layers = [report.layers[index] for index in chosen]
    again = sum(_borrowed(layer) for layer in layers if layer.node.weights_of >= 0)
    yield less("params with shared weights counted at each use", 3, Term(again, "of weights that are shared"))


def _borrowed(layer: Layer) -> int:
    """The params that a layer uses of another one."""
    return sum(map(numel, layer.node.signature.weights().values())) - layer.params


def _terms(tables: Sequence[EmbeddingTable], sign: int) -> Iterator[Term]:
    """A term for each shape, with the product: ``− 50,257·1,024 of wte``."""
    shapes = Counter([table.shape for table in tables])
    if len(shapes) > _LISTED:
        yield Term(sign * sum(numel(table.shape) for table in tables), f"of {len(tables)} tables")
        return
    for shape, times in shapes.items():
        paths = [table.path for table in tables if table.shape == shape]
        where = f"of {paths[0]}" if len(paths) == 1 else f"of {len(paths)} tables like {paths[0]}"
        wide = [size for size in shape if size > 1] or [1]
        sizes = ([times] if times > 1 else []) + wide
        yield Term(sign * times * numel(shape), where, product(sizes))


def _bytes(params: tuple[Term, ...], sums: _Sums) -> Iterator[CandidateFigure]:
    """Bytes of the params, and of a checkpoint that holds the buffers as well, without what its container adds."""
    count = sums.params
    floats = sums.statistics + sums.counters + sums.buffers - sums.integers
    for rank, dtype in enumerate(_STORED):
        bits = STORED_BITS[dtype]
        size = max(bits // 8, 1)
        yield figure(f"bytes of the params in {dtype}", rank, BYTES, params, times=size, share=8 * size // bits)
        if dtype in FLOAT_DTYPES and (floats or sums.integers):
            stored = Term(size * (count + floats), "", f"{size}·({count:,} params + {floats:,} in buffers)")
            integers = Term(_INT64 * sums.integers, "of integers", f"{_INT64}·{sums.integers:,}")
            yield figure(f"bytes of params and buffers in {dtype}", rank + 1, BYTES, (stored, integers))


def _sums(layers: Sequence[Layer]) -> _Sums:
    """The sum over layers; equal layers have one object of costs, which is looked at once."""
    times = Counter([id(layer.costs) for layer in layers])
    total = _Sums()
    for layer in {id(layer.costs): layer for layer in layers}.values():
        total = total.plus(_of(layer), times[id(layer.costs)])
    return total


def _of(layer: Layer) -> _Sums:
    costs = layer.costs
    if not costs.params and not costs.buffers:
        return _Sums()
    op = layer.node.op
    norm = op.family == "Normalisation"
    buffers = layer.node.signature.buffers() if costs.buffers else {}
    integers = sum(numel(shape) for name, shape in buffers.items() if op.buffer_dtype(name, "") in WHOLE_DTYPES)
    biases = costs.params - costs.weights
    moving = costs.buffers - integers if norm else 0
    return _Sums(
        params=costs.params,
        biases=biases,
        norms=costs.params if norm else 0,
        norm_biases=biases if norm else 0,
        frozen=costs.params - costs.trainable_params,
        idle=costs.idle_params,
        statistics=moving,
        counters=integers if norm else 0,
        buffers=0 if norm else costs.buffers,
        integers=integers,
        second_biases=biases // 2 if op.family == "Recurrent" else 0,
        no_biases=layer.output[0][1] if op.family == "Convolution" and not biases else 0,
        scales=costs.params - biases if moving else 0,
    )
