"""A report to PyTorch source: the classes of its blocks, the model, and a main part that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.export.batch import Batch
from archcost.export.classes import Class, classes_of, kinds_in_order, name_classes
from archcost.export.constructors import Holder, init_lines
from archcost.export.forward import Forward
from archcost.export.frame import docstring, imports, main_part
from archcost.export.helpers import HELPERS
from archcost.export.ops import LAYERS
from archcost.export.plans import Planner
from archcost.export.rounds import describe_loop
from archcost.export.sharing import Shared
from archcost.export.units import Tree

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.export.plans import RowPlan


def to_torch(report: Report) -> str:
    """The model of a report as a Python module that needs nothing but torch."""
    source = Source(report)
    body = "\n\n\n".join([source.class_text(made) for made in source.plans])
    kinds = {node.op.kind for node in report.graph.nodes}
    used = {LAYERS[kind].name for kind in kinds if kind in LAYERS}
    body = "\n\n\n".join([*[text for name, text in HELPERS.items() if name in used], body])
    head = f"{docstring(report, has_comments='  # ' in body)}\n\n{imports(body)}"
    return f"{head}\n\n\n{body}\n\n\n{main_part(report.graph, source.model.name)}\n"


class Source:
    """The classes of one model, those that others use before them, and what they hold; the model is the last."""

    def __init__(self, report: Report) -> None:
        self.graph = report.graph
        self.tree = Tree(self.graph)
        self.plans: dict[Class, list[RowPlan]] = {}
        self.batch = Batch(self.graph)
        planner = Planner(self.graph.spec, self.tree, self.batch)
        groups: list[list[Class]] = []
        for kind, uses in kinds_in_order(self.tree):
            groups.append(classes_of(kind, uses, self.tree, describe_loop))
            self.plans |= {made: planner.plan(made) for made in groups[-1]}
        name_classes(groups, report.name)
        self.model = groups[-1][0]

    def class_text(self, made: Class) -> str:
        """The source of one class."""
        plans = self.plans[made]
        is_model = made is self.model
        inputs = list(self.graph.inputs) if is_model else self.graph.spec.blocks[made.kind].inputs
        holder = Holder(plans)
        method = Forward(made, plans, holder, inputs).lines(self._comments() if is_model else {})
        init = init_lines(made, plans, holder, Shared(made, self.tree, holder.access))
        return "\n".join([f"class {made.name}(nn.Module):", *init, *method])

    def _comments(self) -> dict[int, str]:
        """The shapes of the model's values, where they are not those of what they are made from; N is the batch."""
        comments = {}
        for unit in self.model.pattern.units:
            value = unit.writes[0]
            is_new = len(unit.writes) == 1 and self.tree.makes(unit, value)
            if is_new and (not unit.reads or self.tree.shape_of(value) != self.tree.shape_of(unit.reads[0])):
                comments[value] = self.batch.shape_text(*self.tree.producers[value])
        return comments
