"""A scope as the sum of its parts: params, MACs, FLOPs, weights and outputs, with the arithmetic of each part."""

from __future__ import annotations

from itertools import groupby, takewhile
from typing import TYPE_CHECKING

from archcost.analysis.traffic import Traffic, total_traffic
from archcost.explaining.equations import BYTES, Equation, Explanation, Part, traffic_equations
from archcost.explaining.expressions import Number, Product, Symbol, SymbolicExpression, total
from archcost.explaining.field_view import scope_fields
from archcost.explaining.formulas import formulas_of
from archcost.explaining.layer import params_formula
from archcost.paths import inside, join, split
from archcost.tex import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.dims import Shape


class Name(Symbol):
    """A figure of a part, by the part's name."""

    def latex(self, *, numbers: bool = False) -> str:
        return super().latex(numbers=True) if numbers else rf"\texttt{{{spelled(self.name)}}}"


def explain_scope(report: Report, tree: Tree, path: str) -> Explanation:
    """The explanation of the scope at a path; ``tree`` is the subtree there."""
    indices = [index for index, layer in enumerate(report.layers) if inside(layer.path, path)]
    last = indices[-1]
    mark = None
    for scope in report.graph.scopes:
        if scope.path == path:
            mark = scope.mark
            if scope.outputs and scope.outputs[0] >= 0:
                last = report.graph.producers()[scope.outputs[0]][0]
    traffic = report.traffic()
    moved = total_traffic([traffic[index] for index in indices])
    return Explanation(
        report=report,
        path=path,
        kind=tree.kind,
        about="",
        inputs=_inputs(report, indices),
        outputs=tree.output,
        layers=tree.layers,
        equations=(*_sums(tree, _shared(report, indices)), *_moved(moved, tree.costs.unknown_flops)),
        seen=scope_fields(report, path, last),
        parts=tuple(parts_of(tree)),
        mark=mark,
    )


def _moved(traffic: Traffic, unknown: int) -> list[Equation]:
    return traffic_equations([Symbol("read", traffic.read), Symbol("written", traffic.written)], traffic, unknown)


def _inputs(report: Report, indices: list[int]) -> tuple[Shape, ...]:
    """The shapes of what the layers of a scope read from outside of it."""
    first = report.graph.nodes[indices[0]].first_value
    shapes: dict[int, Shape] = {}
    for index in indices:
        node = report.graph.nodes[index]
        for value, tensor in zip(node.inputs, node.signature.inputs, strict=True):
            if value < first:
                shapes.setdefault(value, tensor.shape)
    return tuple(shapes.values())


def _shared(report: Report, indices: list[int]) -> str:
    """Where the weights are counted that layers of a scope share with layers before it: the smallest scope of these."""
    owners = {report.layers[index].node.weights_of for index in indices}
    names = [split(report.layers[owner].path) for owner in sorted(owners) if 0 <= owner < indices[0]]
    common = [level[0] for level in takewhile(lambda level: len(set(level)) == 1, zip(*names, strict=False))]
    if not names:
        return ""
    return f"what it shares with {join(*common) or f'{len(names)} layers before it'} is counted there"


def _sums(tree: Tree, shared: str) -> Iterator[Equation]:
    for figure, label, unit in (
        ("params", "params", ""),
        ("macs", "MACs", ""),
        ("flops", "FLOPs", ""),
        ("weight_bytes", "weights", BYTES),
        ("activation_bytes", "outputs", BYTES),
    ):
        own = mac_formula(tree) if figure == "macs" else None
        formula, unknown = own or sum_formula(tree, figure), tree.costs.unknown(figure)
        note = shared if figure == "params" else ""
        yield Equation(figure, label, getattr(tree.costs, figure), formula, unit, note, unknown)


def sum_formula(tree: Tree, figure: str) -> SymbolicExpression:
    """The children's figures added up, those of 0 left out; equal neighbours as a product. Exact for a single layer."""
    if tree.layer is not None:
        formulas = formulas_of(tree.layer.node.signature)
        own = params_formula(formulas, tree.costs.params)
        exact = {"params": own, "macs": formulas.macs}.get(figure)
        if exact is not None and exact.value == getattr(tree.costs, figure):
            return exact
    named = [(name, getattr(child.costs, figure)) for name, child in tree.children.items()]
    terms: list[SymbolicExpression] = []
    for value, group in groupby([(name, value) for name, value in named if value], key=lambda pair: pair[1]):
        names = [name for name, _ in group]
        if len(names) == 1:
            terms.append(Name(names[0], value))
        else:
            terms.append(Product([Number(len(names)), Name(f"{names[0]}…{names[-1]}", value)]))
    return total(terms) if terms else Number(getattr(tree.costs, figure))


def parts_of(tree: Tree) -> Iterator[Part]:
    """The children, equal neighbours together."""
    for _, group in groupby(tree.children.items(), key=lambda pair: pair[1].key):
        members = list(group)
        (first, child), (last, _) = members[0], members[-1]
        yield Part(
            name=first if len(members) == 1 else f"{first} … {last}",
            path=child.path,
            times=len(members),
            layers=child.layers,
            params=child.costs.params,
            macs=child.costs.macs,
            formula=mac_formula(child),
            unknown=child.costs.unknown_macs,
        )


def mac_formula(tree: Tree) -> SymbolicExpression | None:
    """The MACs' own formula where one layer below does them all, and none has MACs that are not known."""
    if tree.costs.unknown_macs:
        return None
    working = [leaf for leaf in leaves(tree) if leaf.costs.macs]
    return sum_formula(working[0], "macs") if len(working) == 1 else None


def leaves(tree: Tree) -> Iterator[Tree]:
    """All layers at and below a tree."""
    if tree.layer is not None:
        yield tree
    for child in tree.children.values():
        yield from leaves(child)
