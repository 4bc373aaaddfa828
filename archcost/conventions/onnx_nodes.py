"""What onnx-tool 1.0.1 counts for the nodes of an ONNX file (its ``node.py``), as terms over what an exporter writes.

It counts "x86 instructions", and calls them MACs: a product of matrices 1 per multiply-add, and every other node a
constant per element: 1 for a sum, 4 for a quotient, 32 for an exponential. What only moves elements is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.model import FigurePart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.conventions.model import Term

ADD, MUL, COMPARE, DIV = 1, 1, 1, 4
EXP, LOG, SIN, SQRT = 32, 43, 39, 24
TANH = 2 * (EXP + 2 * ADD + DIV)  # it takes twice what it has worked out

PER_ELEMENT: Mapping[str, int] = {
    **dict.fromkeys(("Add", "Sub", "Neg", "Abs", "Mod", "Ceil", "Floor", "Round", "CumSum"), ADD),
    **dict.fromkeys(("Max", "Min", "Sign", "Relu", "Not", "And", "Or", "Equal"), COMPARE),
    **dict.fromkeys(("Less", "LessOrEqual", "Greater", "GreaterOrEqual"), COMPARE),
    "Mul": MUL,
    "Div": DIV,
    "Reciprocal": DIV,
    "Exp": EXP,
    "Pow": EXP,
    "Sigmoid": EXP,
    "Log": LOG,
    "Sin": SIN,
    "Cos": SIN,
    "Sqrt": SQRT,
    "Tanh": TANH,
    "Clip": 2 * COMPARE,
    "LeakyRelu": MUL + COMPARE,
    "PRelu": MUL + COMPARE,
    "Elu": COMPARE + EXP + ADD + MUL,
    "Gelu": EXP + 2 * MUL,
    "HardSigmoid": MUL + ADD + 2 * COMPARE,
    "HardSwish": 2 * MUL + ADD + 2 * COMPARE,
    "Softplus": EXP + ADD + LOG,
    "Softmax": EXP + DIV,
    "LogSoftmax": EXP + DIV + ADD + LOG,
    "InstanceNormalization": ADD + MUL + ADD + DIV,
    "BatchNormalization": ADD + SQRT + DIV + ADD + MUL,
    "Erf": 0,
    "Where": 0,
}


def nodes(*names: str) -> Term:
    """Nodes that each give what the layer gives, element by element."""
    each = sum(PER_ELEMENT[name] for name in names)
    rate = f"{each} per output: {', '.join(names)}"
    return lambda use: FigurePart(use.name, each * use.results, 0, rate) if each else None
