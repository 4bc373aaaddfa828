"""What is known of one layer beyond its figures, said once for layers that are equal in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.conventions import TOOLS, convention
from archcost.conventions.tool_report import read
from archcost.explaining.formulas import formulas_of
from archcost.explaining.layer import about, layer_equations
from archcost.render.explanation_sentences import equation_text
from archcost.render.page.page_data import figure
from archcost.strict_json import compact_json

if TYPE_CHECKING:
    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.conventions.tool_report import ToolReport
    from archcost.explaining.formulas import Formulas
    from archcost.graph.model import Signature
    from archcost.render.page.folded_nodes import Folded
    from archcost.render.page.page_data import CountedData, DetailData, ReceptiveData

_AMONG_FIGURES = ("weight_bytes", "output_bytes")  # what the figures of a node tell as well


class Details(NamedTuple):
    """The details of a model, and by node the place of its own; None for scopes, and for what is left out."""

    found: list[DetailData]
    of_nodes: list[int | None]
    left_out: int


def details_of(folded: Folded, most_bytes: int) -> Details:
    """The details of every layer that is told of, in so many bytes: those that compute least are left out first."""
    maker = _Maker(folded.report)
    places = {id(layer): place for place, layer in enumerate(folded.report.layers)}
    made = {
        number: maker.detail(places[id(node.tree.layer)])
        for number, node in enumerate(folded.nodes)
        if node.tree.layer is not None
    }
    texts = {number: compact_json(detail) for number, detail in made.items()}
    known = {text: made[number] for number, text in texts.items()}
    kept, spent = set[str](), 0
    for number in sorted(texts, key=lambda number: _rank(folded, number)):
        size = 0 if texts[number] in kept else len(texts[number].encode())
        if spent + size <= most_bytes:
            kept.add(texts[number])
            spent += size
    order = {text: place for place, text in enumerate(dict.fromkeys(text for text in texts.values() if text in kept))}
    of_nodes = [order.get(texts[number]) if number in texts else None for number in range(len(folded.nodes))]
    left_out = sum(text not in kept for text in texts.values())
    return Details([known[text] for text in order], of_nodes, left_out)


def _rank(folded: Folded, number: int) -> tuple[int, int, int]:
    """The layers that compute most first, then those with the most params, then in order."""
    costs = folded.nodes[number].costs
    return -costs.macs, -costs.params, number


class _Maker:
    """Makes the details of one report; formulas are found once for equal layers."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.fields = report.receptive_fields()
        self.readings: list[ToolReport] = [read(report, convention(name)) for name in TOOLS] if report.complete else []
        self._formulas: dict[Signature, Formulas] = {}

    def detail(self, index: int) -> DetailData:
        """What is known of the layer with this index."""
        layer = self.report.layers[index]
        signature = layer.node.signature
        formulas = self._formulas.get(signature)
        if formulas is None:
            formulas = self._formulas[signature] = formulas_of(signature)
        equations = layer_equations(self.report, index, formulas)
        told = [each for each in equations if each.figure not in _AMONG_FIGURES and (each.value or each.unknown)]
        lines = [f"{each.label}: {equation_text(each)}" for each in told]
        return {
            "arithmetic": lines,
            "receptive": _receptive(self.fields[index]),
            "tools": self._counted(index),
            "flops": figure(layer.costs.flops),
            "notes": [] if formulas.sizes else [about(signature)],
        }

    def _counted(self, index: int) -> list[CountedData] | None:
        """The tools' figures; None where archcost knows of no MACs."""
        if not self.report.layers[index].costs.macs:
            return None
        counts = [(reading.convention, reading.counts[index].amount) for reading in self.readings]
        names: dict[tuple[int | None, str], list[str]] = {}
        for tool, amount in counts:
            names.setdefault((amount, tool.unit), []).append(tool.name)
        return [
            {"name": ", ".join(alike), "figure": None if amount is None else figure(amount), "unit": unit}
            for (amount, unit), alike in names.items()
        ]


def _receptive(field: ReceptiveField | None) -> ReceptiveData | None:
    if field is None:
        return None
    plain = field.to_dict()  # of whose positions fractions are text
    axes = [sorted({branch.size[axis] for branch in field.branches}) for axis in range(len(field.source))]
    return {
        "size": [sizes[0] if len(sizes) == 1 else sizes for sizes in axes],
        "jump": plain["jump"],
        "offset": plain["start"],
    }
