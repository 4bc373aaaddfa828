"""Recurrent layers and cells as PyTorch's own functions run them: step by step (not as oneDNN or cuDNN do)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.products import linear
from archcost.analysis.memory.rules.pointwise import dropout
from archcost.analysis.memory.shadow_torch import alias, view
from archcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor

    State = list["Tensor"]  # h, and c of an LSTM
    Weights = dict[str, "Tensor"]
    Share = Callable[[], "Tensor"]  # the input's share of the gates, made when it is asked for
    Cell = Callable[["Machine", Share, State, Weights], State]

MAX_STEPS = 4096  # of a sequence that trains; each is run by itself
MAX_CELLS = 2 * MAX_STEPS  # of all layers and directions of a model together
_TENSORS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
_STEADY = 2  # steps after which, in inference, every further one takes what the last one took


def _recurrent(machine: Machine, call: Call) -> list[Tensor]:
    """Layer by layer, direction by direction; then the last states of all, each kind in one tensor."""
    op, x = call.op, call.x
    length = x.shape[1 if op.batch_first else 0]
    if machine.recording and length > MAX_STEPS:
        raise UsageError(
            f"the training memory of {op.kind} is worked out step by step, for at most {MAX_STEPS:,} steps",
            f"its input has {length:,}: take the figure of a shorter sequence, which grows in proportion",
        )
    if machine.recording:
        machine.cells += length * op.num_layers * op.directions
        if machine.cells > MAX_CELLS:
            raise UsageError(
                f"the training memory of {op.kind} is worked out for at most {MAX_CELLS:,} steps of all layers",
                f"here are {machine.cells:,}: take the figure of a shorter sequence, which grows in proportion",
            )
    states = _initial_states(machine, call)
    x = kernels.transpose(machine, x, 0, 1) if op.batch_first else alias(x)
    tensors = call.learnt()
    last: list[State] = []
    for layer in range(op.num_layers):
        sequences: list[_Sequence] = []
        for direction in range(op.directions):
            suffix = f"_l{layer}" + "_reverse" * direction
            own = {name: tensors[name + suffix] for name in _TENSORS if name + suffix in tensors}
            sequences.append(_Sequence())
            sequences[-1].run(machine, x, [state[len(last)] for state in states], own, _CELLS[op.kind], sequences)
            last.append(sequences[-1].state)
        whole = [sequence.whole for sequence in sequences]
        x = whole[0] if op.directions == 1 else kernels.concat(machine, whole, 2)
        del sequences, whole
        if op.dropout and layer < op.num_layers - 1:
            x = dropout(machine, x, op.dropout)
    ends = [kernels.stack(machine, [state[which] for state in last], 0) for which in range(op.states)]
    return [kernels.transpose(machine, x, 0, 1) if op.batch_first else x, *ends]


def _initial_states(machine: Machine, call: Call) -> list[list[Tensor]]:
    """Those given, or zeros; one for each layer and direction."""
    op, x = call.op, call.x
    batch = x.shape[0 if op.batch_first else 1]
    sizes = [op.width, op.hidden_size][: op.states]
    given = call.inputs[1:] or [machine.new((op.num_layers * op.directions, batch, size), x.dtype) for size in sizes]
    return [kernels.unbind(machine, state, 0) for state in given]


class _Sequence:
    """The steps in one direction: what it holds until both directions of a layer are joined."""

    gates: list[Tensor]
    outputs: list[Tensor]
    state: State
    whole: Tensor

    def run(
        self, machine: Machine, x: Tensor, state: State, weights: Weights, cell: Cell, others: list[_Sequence]
    ) -> None:
        """The inputs' share of the gates in one product, then step by step."""
        length = x.shape[0]
        gates = linear(machine, x, weights["weight_ih"], weights.get("bias_ih"))
        skipped = 0 if machine.recording else max(0, length - _STEADY - 1)
        if skipped:
            self.gates = [kernels.select(machine, gates, 0) for _ in range(length - skipped)]
        else:
            self.gates = kernels.unbind(machine, gates, 0)
        del gates
        for other in others[:-1]:
            other.gates = []
        self.outputs = []
        self.state = state
        for number, gate in enumerate(self.gates):
            if skipped and number == _STEADY:  # of the steps between, only the outputs stay
                self.outputs.append(machine.new((skipped, *self.outputs[-1].shape), x.dtype))
            self.state = cell(machine, partial(_itself, gate), self.state, weights)
            self.outputs.append(self.state[0])
        del gate
        if skipped:
            self.whole = machine.new((length, *self.state[0].shape), x.dtype)
        else:
            self.whole = kernels.stack(machine, self.outputs, 0)


def _itself(tensor: Tensor) -> Tensor:
    return tensor


def _hidden(machine: Machine, state: State, weights: Weights) -> Tensor:
    return linear(machine, state[0], weights["weight_hh"], weights.get("bias_hh"))


def _plus(machine: Machine, x: Tensor, other: Tensor) -> Tensor:
    """In place: x += other."""
    total = view(x, x.shape, x.strides)
    machine.record([total], [x, other], kernels.passed_to_both())
    return total


def _times(machine: Machine, x: Tensor, factor: Tensor) -> Tensor:
    """X *= factor: the backward pass needs x as it was, so that a copy is kept."""
    kept = [machine.like(x), factor] if machine.recording else []
    y = view(x, x.shape, x.strides)
    machine.record([y], [x, factor], kernels.products_of(x), kept)
    return y


def _inplace(machine: Machine, x: Tensor) -> Tensor:
    """A sigmoid or tanh in the storage of its input."""
    return kernels.unary(machine, x, "result", inplace=True)


def _rnn(machine: Machine, share: Share, state: State, weights: Weights) -> State:
    """One step: h' = tanh(W·h + gates)."""
    hidden = _hidden(machine, state, weights)
    gates = share()  # is there until the end
    return [kernels.unary(machine, _plus(machine, hidden, gates), "result")]


def _lstm(machine: Machine, share: Share, state: State, weights: Weights) -> State:
    """Four gates in one tensor, worked out in place; c' = f·c + i·g, h' = o·tanh(c')."""
    total = _plus(machine, _hidden(machine, state, weights), share())
    width = state[1].shape[1]
    i, f, g, o = [_inplace(machine, gate) for gate in kernels.split(machine, total, 1, [width] * 4)]
    del total
    kept = kernels.binary(machine, f, state[1], "mul")
    cell = _plus(machine, kept, kernels.binary(machine, i, g, "mul"))
    shown = kernels.unary(machine, cell, "result")
    hidden = kernels.binary(machine, o, shown, "mul")
    del shown
    if "weight_hr" in weights:
        hidden = linear(machine, hidden, weights["weight_hr"], None)
    return [hidden, cell]


def _gru(machine: Machine, share: Share, state: State, weights: Weights) -> State:
    """One step: r, z = σ(…), n = tanh(… + r·(W·h)), h' = (h - n)·z + n."""
    width = state[0].shape[1]
    given = kernels.split(machine, share(), 1, [width] * 3)
    parts = kernels.split(machine, _hidden(machine, state, weights), 1, [width] * 3)
    reset = _inplace(machine, _plus(machine, parts[0], given[0]))
    update = _inplace(machine, _plus(machine, parts[1], given[1]))
    new = _inplace(machine, kernels.binary(machine, given[2], _times(machine, parts[2], reset), "add"))
    difference = kernels.binary(machine, state[0], new, "sub")
    return [_plus(machine, _times(machine, difference, update), new)]


def _one_step(machine: Machine, call: Call) -> list[Tensor]:
    """A cell: the input's share of the gates, then the step; one tensor of zeros for all states that are not given."""
    op, tensors = call.op, call.learnt()
    state = call.inputs[1:]
    if not state:
        state = [machine.new(call.shape, call.x.dtype)] * op.states
    share = partial(linear, machine, call.x, tensors["weight_ih"], tensors.get("bias_ih"))
    return _CELLS[op.kind.removesuffix("_cell")](machine, share, state, tensors)


_CELLS: dict[str, Cell] = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}
RULES: dict[str, Rule] = {
    **dict.fromkeys(_CELLS, _recurrent),
    **dict.fromkeys([f"{kind}_cell" for kind in _CELLS], _one_step),
}
