"""Recurrent layers: Elman, LSTM and GRU, in several layers and both directions; and their cells, one step each."""

# long: layers and cells are one family, which shares the arithmetic of a step
from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcost.dims import decided, elements, numel
from archcost.ops.axes import require
from archcost.ops.base import BIAS, MATRIX, WEIGHTS, Check, Inputs, Op, Outputs, Product
from archcost.ops.fields import choice, flag, index, number, size
from archcost.ops.reach import ALL, window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading


_MAX_LAYERS = 1000
_CELL_PARTS = 4  # a layer runs several steps, each of several products
_OF_INPUT = ("weight_ih", "weight_ih_l0", "weight_ih_l0_reverse")  # what the input itself is multiplied by


class Recurrent(Op, family="Recurrent", channels=-1):
    """What layers and cells share: the tensors and the work of one cell, which has a number of gates and of states."""

    inferred = "input_size"
    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    hidden_size: Dim = size(symbol="hidden")
    bias: bool

    def cell_tensors(self, features: Dim, width: Dim, suffix: str = "") -> dict[str, Shape]:
        """A matrix for what comes in, one for the state, and a bias for each."""
        rows = self.named("gates", self.gates) * self.hidden_size
        tensors: dict[str, Shape] = {f"weight_ih{suffix}": (rows, features), f"weight_hh{suffix}": (rows, width)}
        if self.bias:
            tensors |= dict.fromkeys((f"bias_ih{suffix}", f"bias_hh{suffix}"), (rows,))
        return tensors

    def cell_flops(self) -> int:
        """FLOPs beyond the MACs per hidden unit and step, without biases."""
        raise NotImplementedError  # pragma: no cover - every cell defines it

    def unit_flops(self) -> Dim:
        """The same with both biases."""
        return self.named("cell", self.cell_flops()) + 2 * self.named("gates", self.gates) * self.bias

    def matrix_elements(self, inputs: Inputs) -> Dim:
        """MACs of one step of one sample: every element of every matrix is used once."""
        return elements([shape for shape in self.weights(inputs).values() if len(shape) > 1])

    def runs(self, inputs: Inputs) -> tuple[Dim, Dim]:
        """The samples, and the steps of each."""
        raise NotImplementedError  # pragma: no cover - layers and cells define it

    def waits(self, inputs: Inputs) -> Dim:
        """The steps that run one after the other, each after the state of the one before."""
        return self.runs(inputs)[1]

    def products(self, inputs: Inputs, outputs: Outputs) -> tuple[Product, ...]:
        """Every matrix by what comes in: the state of the first step is given or zeros, later ones follow from all."""
        samples, steps = self.runs(inputs)
        matrix, every = (WEIGHTS,), (*range(len(inputs)), WEIGHTS)
        found: list[Product] = []
        for name, shape in self.weights(inputs).items():
            macs = samples * numel(shape)
            if name.startswith("weight_hh"):
                found += [(macs, (1,) if len(inputs) > 1 else (), matrix), (macs * (steps - 1), every, matrix)]
            elif name.startswith("weight_"):
                first = name in _OF_INPUT
                found.append((macs * steps, (0,) if first else every, matrix))
        return tuple(found)

    def role(self, name: str) -> str:
        return BIAS if name.startswith("bias_") else MATRIX  # of every layer and direction

    def check_states(self, inputs: Inputs, wanted: Outputs, check: Check) -> None:
        """The states are given all or none, and have the shapes of those that come out."""
        require(
            len(inputs) in (1, 1 + self.states),
            "{} takes either 1 input or all of {}, got {}",
            self.kind,
            ", ".join(self.input_names),
            len(inputs),
        )
        for name, given, shape in zip(self.input_names[1:], inputs[1:], wanted, strict=False):
            for a, b in zip(given, shape, strict=True):
                check(a == b, "{} must be {}, got {}", name, shape, given)


class _Elman:
    """One gate, and one state."""

    nonlinearity: str

    def cell_flops(self) -> int:
        """A sum, and tanh or relu."""
        return 1 + (5 if self.nonlinearity == "tanh" else 1)


class _LongShort:
    """Four gates, and two states."""

    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2

    def cell_flops(self) -> int:
        """Four sums, three sigmoids, two tanh, and 4 for c' and h'."""
        return 4 + 3 * 3 + 2 * 5 + 4


class _Resetting:
    """Three gates, and one state."""

    gates: ClassVar[int] = 3

    def cell_flops(self) -> int:
        """Three sums, two sigmoids, tanh, 1 for r·(…) and 4 for h'."""
        return 3 + 2 * 3 + 5 + 1 + 4


class _Layers(Recurrent, min_rank=3, max_rank=3, layout="(N, L, features)"):
    """What the layers share: several of them, and directions, each with a cell of its own."""

    num_layers: int = index(default=1, minimum=1, symbol="layers", unless=1)
    bias: bool = flag(default=True)
    batch_first: bool = flag(default=True, doc="false: input and output are (L, N, features)")
    dropout: float = number(
        default=0.0, minimum=0, maximum=1, doc="the dropout probability between layers, in training"
    )
    bidirectional: bool = flag(default=False)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        require(self.num_layers <= _MAX_LAYERS, "num_layers is {}, more than {}", self.num_layers, _MAX_LAYERS)
        first, second, _ = inputs[0]
        batch = first if self.batch_first else second
        layers = self.num_layers * self.directions
        state = (layers, batch, self.width)
        cell = (layers, batch, self.hidden_size)
        outputs = ((first, second, self.directions * self.width), state, cell)[: 1 + self.states]
        self.check_states(inputs, outputs[1:], check)
        return outputs

    def letters(self) -> tuple[str, ...]:
        return ("(N, L, in)" if self.batch_first else "(L, N, in)",)

    @property
    def directions(self) -> Dim:
        """1, or 2 if the op is bidirectional."""
        return self.named("directions", 2) if self.bidirectional else 1

    @property
    def width(self) -> Dim:
        """The features of the output in one direction."""
        return self.hidden_size

    def parts(self, inputs: Inputs) -> int:
        return self.num_layers * self.directions * _CELL_PARTS

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        tensors: dict[str, Shape] = {}
        for suffix, features in self._cells(inputs[0][2]):
            tensors |= self.cell_tensors(features, self.width, f"_{suffix}")
        return tensors

    def _cells(self, features: Dim) -> Iterator[tuple[str, Dim]]:
        """The suffix of the weights of each cell and the features that come in."""
        for layer in range(self.num_layers):
            yield f"l{layer}", features
            if self.bidirectional:
                yield f"l{layer}_reverse", features
            features = self.directions * self.width

    def runs(self, inputs: Inputs) -> tuple[Dim, Dim]:
        first, second, _ = inputs[0]
        return (first, second) if self.batch_first else (second, first)

    def waits(self, inputs: Inputs) -> Dim:
        """Those of every layer and direction."""
        return super().waits(inputs) * self.num_layers * self.directions

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return inputs[0][0] * inputs[0][1] * self.matrix_elements(inputs)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        units = inputs[0][0] * inputs[0][1] * self.num_layers * self.directions * self.hidden_size
        return units * self.unit_flops()

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        place = 0 if number == 0 and self.batch_first else 1  # of the batch in the output
        batch = window(place)
        sequence = (batch, ALL, ALL) if self.batch_first else (ALL, batch, ALL)  # later steps are not told from earlier
        return (sequence, *[(ALL, batch, ALL)] * (len(inputs) - 1))


class RNN(_Elman, _Layers, kind="rnn", max_inputs=2, input_names=("input", "h_0")):
    """h' = tanh(W_ih·x + b_ih + W_hh·h + b_hh); MACs = N·L × matrix elements, without biases.

    Input (N, L, features) and, if given, h_0 (layers·directions, N, hidden_size); outputs: the states of the last layer
    (N, L, directions·hidden_size), and h_n shaped as h_0. FLOPs beyond the MACs, per step and hidden unit: 2 for the
    biases, 1 sum, and tanh 5 or relu 1.
    """

    nonlinearity: str = choice("tanh", "relu", default="tanh")


class LSTM(_LongShort, _Layers, kind="lstm", max_inputs=3, input_names=("input", "h_0", "c_0")):
    """i, f, o = σ(W·[x, h] + b), g = tanh(…), c' = f·c + i·g, h' = o·tanh(c'); MACs = N·L × matrix elements.

    Input (N, L, features) and, if given, h_0 (layers·directions, N, hidden_size) and c_0 of the same shape; outputs:
    the states of the last layer (N, L, directions·hidden_size), h_n and c_n. `proj_size` projects h' to fewer features
    with one more matrix. FLOPs beyond the MACs, per step and hidden unit: 8 for the biases, 4 sums, three sigmoids (9),
    two tanh (10), and 4 for c' and h'.
    """

    proj_size: Dim = size(default=0, minimum=0, symbol="proj", unless=0, doc="0: no projection")

    def validate(self, check: Check) -> None:
        check(
            self.proj_size < self.hidden_size,
            "proj_size {} must be smaller than hidden_size {}",
            self.proj_size,
            self.hidden_size,
        )

    @property
    def width(self) -> Dim:
        return self.proj_size + self.hidden_size * (self.proj_size == 0)

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        tensors = super().weights(inputs)
        if not decided(self.proj_size == 0):
            for suffix, _ in self._cells(inputs[0][2]):
                tensors["weight_hr_" + suffix] = (self.proj_size, self.hidden_size)
        return tensors


class GRU(_Resetting, _Layers, kind="gru", max_inputs=2, input_names=("input", "h_0")):
    """r, z = σ(W·[x, h] + b), n = tanh(W·x + b + r·(W·h + b)), h' = (1 - z)·n + z·h; MACs = N·L × matrix elements.

    Input (N, L, features) and, if given, h_0 (layers·directions, N, hidden_size); outputs: the states of the last layer
    (N, L, directions·hidden_size), and h_n shaped as h_0. FLOPs beyond the MACs, per step and hidden unit: 6 for the
    biases, 3 sums, two sigmoids (6), tanh 5, 1 for r·(…) and 4 for h'.
    """


class _Cell(Recurrent, min_rank=2, max_rank=2, layout="(N, features)"):
    """What the cells share: one step of one layer in one direction."""

    bias: bool = flag(default=True)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        outputs = ((inputs[0][0], self.hidden_size),) * self.states
        self.check_states(inputs, outputs, check)
        return outputs

    def letters(self) -> tuple[str, ...]:
        return ("(N, in)", "(N, hidden)")

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return self.cell_tensors(inputs[0][1], self.hidden_size)

    def runs(self, inputs: Inputs) -> tuple[Dim, Dim]:
        return inputs[0][0], 1

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return inputs[0][0] * self.matrix_elements(inputs)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return inputs[0][0] * self.hidden_size * self.unit_flops()

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        every, own = (window(0), ALL), (window(0), window(1))
        return (every, every, own)[: len(inputs)]


class RNNCell(_Elman, _Cell, kind="rnn_cell", max_inputs=2, input_names=("input", "h")):
    """h' = tanh(W_ih·x + b_ih + W_hh·h + b_hh), one step of `rnn`; MACs = N × matrix elements, without biases.

    Input (N, features) and, if given, h (N, hidden_size), else zeros; output: h'. FLOPs beyond the MACs, per hidden
    unit: 2 for the biases, 1 sum, and tanh 5 or relu 1.
    """

    nonlinearity: str = choice("tanh", "relu", default="tanh")


class LSTMCell(_LongShort, _Cell, kind="lstm_cell", max_inputs=3, input_names=("input", "h", "c")):
    """c' = f·c + i·g and h' = o·tanh(c'), one step of `lstm`; MACs = N × matrix elements, without biases.

    Input (N, features) and, if given, h and c (N, hidden_size), else zeros; outputs: h' and c'. FLOPs beyond the MACs,
    per hidden unit: 8 for the biases, 4 sums, three sigmoids (9), two tanh (10), and 4 for c' and h'.
    """


class GRUCell(_Resetting, _Cell, kind="gru_cell", max_inputs=2, input_names=("input", "h")):
    """h' = (1 - z)·n + z·h, one step of `gru`; MACs = N × matrix elements, without biases.

    Input (N, features) and, if given, h (N, hidden_size), else zeros; output: h'. FLOPs beyond the MACs, per hidden
    unit: 6 for the biases, 3 sums, two sigmoids (6), tanh 5, 1 for r·(…) and 4 for h'.
    """
