"""Receptive fields of a layer or scope: relative to the model's input, and to that of the block around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.explaining.equations import FieldView
from archcost.explaining.expressions import Product, Symbol, SymbolicExpression
from archcost.paths import inside

if TYPE_CHECKING:
    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report


def layer_fields(report: Report, index: int) -> tuple[FieldView, ...]:
    """What a layer sees of the model's input, and of that of the outermost block that holds it."""
    return _fields(report, index, block_around(report, report.layers[index].path))


def scope_fields(report: Report, path: str, index: int) -> tuple[FieldView, ...]:
    """What a scope's result, made by the layer with this index, sees of the model's input and of the scope's own."""
    return _fields(report, index, path)


def _fields(report: Report, index: int, scope: str) -> tuple[FieldView, ...]:
    found: list[FieldView] = []
    for relative_to in dict.fromkeys(("", scope)):
        field = report.receptive_fields(relative_to)[index]
        if field is not None and not any(seen.field == field for seen in found):
            found.append(FieldView(relative_to, field, _growth(report, index, relative_to, field)))
    return tuple(found)


def block_around(report: Report, path: str) -> str:
    """The outermost block that holds a path; empty if none does."""
    holding = [scope.path for scope in report.graph.scopes if scope.params is not None and inside(path, scope.path)]
    return min(holding, key=len, default="")


def _growth(report: Report, index: int, scope: str, field: ReceptiveField) -> SymbolicExpression | None:
    """How a window widens the field before it, r + (f − 1)·d·j with the jump j, where both are one and square."""
    node = report.graph.nodes[index]
    op = node.signature.op
    if not hasattr(op, "kernel_size") or len(field.branches) > 1:
        return None
    gaps = getattr(op, "dilation", (1,))
    before = _before(report, node.inputs[0], scope)
    if before is None or any(len(set(sizes)) > 1 for sizes in (op.kernel_size, gaps, field.size)):
        return None
    size, jump = before
    window = [Symbol("f", op.kernel_size[0]) - 1, *([Symbol("d", gaps[0])] if gaps[0] > 1 else []), Symbol("j", jump)]
    growth = Symbol("r", size) + Product(window)
    return growth if jump and growth.value == field.size[0] else None


def _before(report: Report, value: int, scope: str) -> tuple[int, int] | None:
    """Size and jump of the field of a value, where each is one whole number; the source sees itself."""
    producers = report.graph.producers()
    field = report.receptive_fields(scope)[producers[value][0]] if value >= 0 else None
    if field is None:
        return 1, 1
    sizes, jumps = set(field.size), set(field.jump)
    if len(field.branches) > 1 or len(sizes) > 1 or len(jumps) > 1:
        return None
    jump = jumps.pop()
    return (sizes.pop(), jump) if isinstance(jump, int) else None
