"""How tools with hooks count torch's own recurrent layers and cells, of whose inside they see nothing.

Each counts one step of one sample in a formula of its own, and multiplies: so the figures hold gates and sums as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.model import OWN_CLASS, FigurePart, unseen
from archcost.conventions.part_rules import CELLS
from archcost.dims import numel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.conventions.model import LayerUse, Rule, Term

KINDS = ("rnn", "lstm", "gru", *CELLS)
_GATES = {"rnn": 1, "lstm": 4, "gru": 3}
_SUMS = {"rnn": 1, "lstm": 10, "gru": 7}  # beyond the products, per hidden unit, in ptflops and calflops
_MORE_SUMS = {"rnn": 0, "lstm": 4, "gru": 4}  # beyond the gates, per hidden unit, in thop


def hooked(step: Term) -> dict[str, Rule]:
    """The rows for what a hook counts, which is a figure for a step and all samples and steps of it."""

    def term(use: LayerUse) -> FigurePart | None:
        return (step if use.of_torch else unseen(OWN_CLASS))(use)

    return dict.fromkeys(KINDS, (term,))


def by_matrices(factor: int) -> Term:
    """``factor`` per element of a matrix, less a sum per row if it is 2; the biases; some sums per hidden unit.

    Of a layer in both directions it is twice what one of them takes.
    """

    def term(use: LayerUse) -> FigurePart:
        shapes = [shape for name, shape in use.weights().items() if not name.endswith("_reverse")]
        matrices = [shape for shape in shapes if len(shape) > 1][: 2 * _layers(use)]
        step = sum([factor * numel(shape) - (factor - 1) * shape[0] for shape in matrices])
        step += sum([numel(shape) for shape in shapes if len(shape) == 1])
        step += _layers(use) * _SUMS[_stem(use)] * use.op.hidden_size
        return _part(use, step * _directions(use) * _runs(use))

    return term


def by_gates(use: LayerUse) -> FigurePart:
    """(input + hidden + 1) × hidden per gate, 2 × hidden for its biases, and some sums; for each layer, both ways."""
    stem, hidden = _stem(use), use.op.hidden_size
    step = 0
    for features in _widths(use):
        gate = (features + hidden + 1 + 2 * use.op.bias) * hidden
        step += _GATES[stem] * gate + _MORE_SUMS[stem] * hidden
    return _part(use, step * _directions(use) * _runs(use))


def by_projected_gates(use: LayerUse) -> FigurePart:
    """The same with what an LSTM projects its output to, which comes into the gates and the next layer."""
    stem, hidden = _stem(use), use.op.hidden_size
    projected = getattr(use.op, "proj_size", 0)
    step = 0
    for index in range(_layers(use)):
        features = (projected or hidden) * _directions(use) if index else use.inputs[0][-1]
        gate = (features + (projected or hidden) + 1 + 2 * use.op.bias) * hidden
        step += _GATES[stem] * gate + (_MORE_SUMS[stem] + projected) * hidden
    return _part(use, step * _directions(use) * _runs(use))


def _part(use: LayerUse, amount: int) -> FigurePart:
    return FigurePart(use.name, amount, use.macs, "products and sums of a step, by a formula for the module")


def _stem(use: LayerUse) -> str:
    kind: str = use.op.kind
    return kind.removesuffix("_cell")


def _layers(use: LayerUse) -> int:
    return 1 if use.op.kind in CELLS else use.op.num_layers


def _directions(use: LayerUse) -> int:
    return 1 if use.op.kind in CELLS or not use.op.bidirectional else 2


def _widths(use: LayerUse) -> Iterator[int]:
    """The features that come into each layer, as thop has them."""
    yield use.inputs[0][-1]
    for _ in range(_layers(use) - 1):
        yield use.op.hidden_size * _directions(use)


def _runs(use: LayerUse) -> int:
    """Samples × steps."""
    return numel(use.inputs[0][:-1])
