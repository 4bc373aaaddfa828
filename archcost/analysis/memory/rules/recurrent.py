"""Recurrent layers as PyTorch's own functions run them: step by step (not as oneDNN or cuDNN do)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.products import linear
from archcost.analysis.memory.rules.pointwise import dropout
from archcost.dims import ceil_div

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.memory.machine import Machine, Tensor
    from archcost.analysis.memory.rules.call import Call, Rule

    State = list["Tensor"]  # h, and c of an LSTM
    Cell = Callable[["Machine", "Tensor", State, dict[str, "Tensor"]], State]

MAX_STEPS = 2048  # longer sequences train in groups of steps
_STEADY = 2  # steps after which every further one takes what the last one took


def _recurrent(machine: Machine, call: Call) -> list[Tensor]:
    op, tensors = call.op, call.learnt()
    x = call.x
    batch = x.shape[0 if op.batch_first else 1]
    count = op.num_layers * op.directions
    sizes = [op.width, op.hidden_size][: op.states]
    given = call.inputs[1:] or [machine.new((count, batch, size), x.dtype) for size in sizes]
    states = [kernels.unbind(machine, state, 0) for state in given]
    if op.batch_first:
        x = kernels.transpose(machine, x, 0, 1)
    last: list[State] = []
    for layer in range(op.num_layers):
        outputs = []
        for direction in range(op.directions):
            suffix = f"l{layer}" + "_reverse" * direction
            own = {name.removesuffix(f"_{suffix}"): t for name, t in tensors.items() if name.endswith(f"_{suffix}")}
            begin = [state[layer * op.directions + direction] for state in states]
            sequence, state = _sequence(machine, x, begin, own, _CELLS[op.kind])
            outputs.append(sequence)
            last.append(state)
        before, x = x, _joined(machine, outputs)
        if before.storage is not call.x.storage:
            machine.drop(before)
        if op.dropout and layer < op.num_layers - 1:
            before, x = x, dropout(machine, x, op.dropout)
            machine.drop(before)
    if not call.inputs[1:]:
        machine.drop(*(piece for state in states for piece in state))
    ends = [kernels.stack(machine, [state[which] for state in last], 0) for which in range(op.states)]
    return [kernels.transpose(machine, x, 0, 1) if op.batch_first else x, *ends]


def _joined(machine: Machine, outputs: list[Tensor]) -> Tensor:
    """Both directions side by side."""
    if len(outputs) == 1:
        return outputs[0]
    y = kernels.concat(machine, outputs, 2)
    machine.drop(*outputs)
    return y


def _sequence(
    machine: Machine, x: Tensor, state: State, tensors: dict[str, Tensor], cell: Cell
) -> tuple[Tensor, State]:
    """All steps in one direction: what goes into the gates in one product, then step by step."""
    length = x.shape[0]
    whole = linear(machine, x, tensors["weight_ih"], tensors.get("bias_ih"))
    steps = kernels.unbind(machine, whole, 0)
    machine.drop(whole)
    outputs: list[Tensor] = []
    begin = state
    for number, gates in enumerate(steps):
        if not machine.recording and _STEADY <= number < length - 1:
            outputs.append(machine.new(outputs[-1].shape, x.dtype))  # as every step between: only its output stays
            continue
        after = cell(machine, gates, state, tensors)
        if state is not begin:
            machine.drop(*state[1:])
        state = after
        outputs.append(state[0])
    sequence = kernels.stack(machine, outputs, 0)
    machine.drop(*outputs[:-1], *steps)
    return sequence, state


def _hidden(machine: Machine, state: State, tensors: dict[str, Tensor]) -> Tensor:
    return linear(machine, state[0], tensors["weight_hh"], tensors.get("bias_hh"))


def _plus(machine: Machine, gates: Tensor, hidden: Tensor) -> Tensor:
    """hidden += gates"""
    total = view(hidden, hidden.shape, hidden.strides)
    machine.record([total], [hidden, gates], kernels.passed_to_both())
    machine.drop(hidden)
    return total


def _rnn(machine: Machine, gates: Tensor, state: State, tensors: dict[str, Tensor]) -> State:
    """h' = tanh(gates + W·h)"""
    total = _plus(machine, gates, _hidden(machine, state, tensors))
    after = kernels.unary(machine, total, "result")
    machine.drop(total)
    return [after]


def _lstm(machine: Machine, gates: Tensor, state: State, tensors: dict[str, Tensor]) -> State:
    """Four gates in one tensor, worked out in place; c' = f·c + i·g, h' = o·tanh(c')."""
    total = _plus(machine, gates, _hidden(machine, state, tensors))
    width = state[1].shape[1]
    i, f, g, o = _inplace(machine, kernels.split(machine, total, 1, [width] * 4))
    machine.drop(total)
    cell = kernels.binary(machine, f, state[1], "mul")
    new = kernels.binary(machine, i, g, "mul")
    before, cell = cell, _plus(machine, new, cell)
    machine.drop(new, before)
    shown = kernels.unary(machine, cell, "result")
    hidden = kernels.binary(machine, o, shown, "mul")
    machine.drop(shown)
    if "weight_hr" in tensors:
        before, hidden = hidden, linear(machine, hidden, tensors["weight_hr"], None)
        machine.drop(before)
    machine.drop(i, f, g, o)
    return [hidden, cell]


def _inplace(machine: Machine, gates: list[Tensor]) -> list[Tensor]:
    done = [kernels.unary(machine, gate, "result", inplace=True) for gate in gates]
    machine.drop(*gates)
    return done


def _gru(machine: Machine, gates: Tensor, state: State, tensors: dict[str, Tensor]) -> State:
    """r, z = σ(…), n = tanh(… + r·(W·h)), h' = (h - n)·z + n"""
    width = state[0].shape[1]
    from_input = kernels.split(machine, gates, 1, [width] * 3)
    hidden = _hidden(machine, state, tensors)
    parts = kernels.split(machine, hidden, 1, [width] * 3)
    machine.drop(hidden)
    reset, update = _inplace(machine, [_plus(machine, a, b) for a, b in zip(from_input[:2], parts[:2], strict=True)])
    scaled = _times(machine, parts[2], reset)
    total = kernels.binary(machine, from_input[2], scaled, "add")
    (new,) = _inplace(machine, [total])
    difference = kernels.binary(machine, state[0], new, "sub")
    after = _plus(machine, new, _times(machine, difference, update))
    machine.drop(new, difference, reset, update, scaled, *parts, *from_input)
    return [after]


def _times(machine: Machine, x: Tensor, factor: Tensor) -> Tensor:
    """x *= factor: the backward pass needs x as it was, so that a copy is kept."""
    kept = [kernels.copied(machine, x), factor] if machine.recording else []
    y = view(x, x.shape, x.strides)
    machine.record([y], [x, factor], kernels.products_of(x), kept)
    machine.drop(*kept[:1])
    return y


_CELLS: dict[str, Cell] = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}
RULES: dict[str, Rule] = {kind: _recurrent for kind in _CELLS}
