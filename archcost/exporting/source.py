"""A report to PyTorch source: the classes of its blocks, the model, and a main part that runs it."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from archcost.exporting.batch import Batch
from archcost.exporting.classes import classes_of, name_classes
from archcost.exporting.constructors import ModuleAccess, Shared, init_lines
from archcost.exporting.forward import Forward
from archcost.exporting.kinds import kinds_in_order
from archcost.exporting.module_tree import ModuleTree
from archcost.exporting.names import input_variables, literal, unused
from archcost.exporting.own_layers import sources
from archcost.exporting.plans import Planner
from archcost.exporting.source_lines import WIDTH, call, lines, tuple_of
from archcost.printable import harmless, one_line
from archcost.spec.vocabulary import GROUP_INPUT

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.exporting.row_plans import RowPlan
    from archcost.exporting.template import Class
    from archcost.graph.model import Graph

_IMPORTS = {
    "import math": r"math\.",
    "from collections import OrderedDict": r"OrderedDict\(",
    "import torch.nn.functional as F": r"F\.",
}


def to_torch(report: Report) -> str:
    """The model of a report as a Python module that needs nothing but torch."""
    source = ModelSource(report)
    body = "\n\n\n".join([source.class_text(made) for made in source.plans])
    used = {node.op.torch_name for node in report.graph.nodes}
    body = "\n\n\n".join([*sources(used), body])
    head = f"{docstring(report, has_comments='  # ' in body)}\n\n{imports(body)}"
    return f"{head}\n\n\n{body}\n\n\n{main_part(report.graph, source.model.name)}\n"


class ModelSource:
    """The classes of one model, those that others use before them, and what they hold; the model is the last."""

    def __init__(self, report: Report) -> None:
        self.graph = report.graph
        self.tree = ModuleTree(self.graph)
        self.plans: dict[Class, list[RowPlan]] = {}
        self.batch = Batch(self.graph)
        planner = Planner(self.graph.spec, self.tree, self.batch)
        groups: list[list[Class]] = []
        for kind, uses in kinds_in_order(self.tree):
            groups.append(classes_of(kind, uses, self.tree))
            self.plans |= {made: planner.plan(made) for made in groups[-1]}
        name_classes(groups, report.name)
        self.model = groups[-1][0]

    def class_text(self, made: Class) -> str:
        """The source of one class."""
        plans = self.plans[made]
        is_model = made is self.model
        inputs = list(self.graph.inputs) if is_model else self._inputs(made)
        holder = ModuleAccess(plans)
        method = Forward(made, plans, holder, inputs).lines(self._comments() if is_model else {})
        init = init_lines(made, plans, holder, Shared(made, self.tree, holder.access))
        return "\n".join([f"class {made.name}(nn.Module):", *init, *method])

    def _inputs(self, made: Class) -> list[str]:
        """What a block calls its inputs; those of a group have numbers, if there are several."""
        count = len(made.pattern.inputs)
        if made.pattern.is_block:
            return self.graph.spec.blocks[made.kind].input_names(count)
        return [GROUP_INPUT] if count == 1 else [f"{GROUP_INPUT}_{number}" for number in range(count)]

    def _comments(self) -> dict[int, str]:
        """The shapes of the model's values, where they are not those of what they are made from; N is the batch."""
        comments = {}
        for unit in self.model.pattern.units:
            value = unit.writes[0]
            is_new = len(unit.writes) == 1 and self.tree.makes(unit, value)
            if is_new and (not unit.reads or self.tree.shape_of(value) != self.tree.shape_of(unit.reads[0])):
                comments[value] = self.batch.shape_text(*self.tree.producers[value])
        return comments


def docstring(report: Report, *, has_comments: bool) -> str:
    """Name, source, params and figures."""
    training = ", its training-only parts included" if report.graph.training else ""
    shapes = ", ".join("×".join(map(str, shape)) or "()" for shape in report.inputs.values())
    given = f"an input of {shapes}" if len(report.inputs) == 1 else f"inputs of {shapes}"
    macs = f"{'at least ' if report.costs.unknown_macs else ''}{report.totals.macs:,}"
    figures = f"Parameters: {report.totals.params:,}. MACs: {macs} for {given}"
    params = ", ".join(f"{name}={literal(value)}" for name, value in report.params.items())
    parts = [
        f"{report.name}{training}: PyTorch source by archcost export.",
        report.spec.source,
        f"Params: {params}." if params else "",
        f"{figures}, as archcost counts them.",
    ]
    paragraphs = ["\n".join(map(_quoted, textwrap.wrap(one_line(part), WIDTH))) for part in parts if part]
    if has_comments:
        paragraphs[-1] += "\nComments show shapes; N is the batch."
    return '"""{}\n"""'.format("\n\n".join(paragraphs))


def _quoted(line: str) -> str:
    """A line that can stand in a docstring."""
    return harmless(line).replace("\\", "\\\\").replace('"""', "'''")


def imports(body: str) -> str:
    """The imports that some source needs."""
    wanted = [line for line, use in _IMPORTS.items() if re.search(rf"(?<![\w.]){use}", body)]
    found = ["import torch", *[line for line in wanted if "torch" in line], "from torch import nn"]
    standard = [line for line in wanted if "torch" not in line]
    return "\n".join([*standard, "", *found] if standard else found)


def main_part(graph: Graph, model: str) -> str:
    """Build the model, run it on random inputs, and print the shapes of what comes out."""
    names = [unused(name, ("model", "name", "output", "outputs")) for name in input_variables(list(graph.inputs))]
    made = f"{model}()" + (f".to(torch.{graph.dtype})" if graph.dtype != "float32" else "")
    text = ['if __name__ == "__main__":', f"    model = {made}.eval()"]
    for index, (shape, dtype) in enumerate(graph.inputs.values()):
        text += lines(f"{names[index]} = ", _random(graph, -1 - index, shape, dtype), "", 4)
    outputs = [literal(name) for name in graph.value_names(graph.outputs)]
    text.append("    with torch.no_grad():")
    if len(outputs) == 1:
        text += lines("output = ", call("model", *names), "", 8)
        text.append('    print(f"output: {tuple(output.shape)}")')
    else:
        text += lines("outputs = ", call("model", *names), "", 8)
        text += lines("for name, output in ", call("zip", tuple_of(outputs), "outputs"), ":", 4)
        text.append('        print(f"{name}: {tuple(output.shape)}")')
    text.append('    print(f"{sum(parameter.numel() for parameter in model.parameters()):,} parameters")')
    return "\n".join(text)


def indexed_by(graph: Graph, value: int) -> list[int]:
    """How many places there are wherever a value is read as indices."""
    return [
        node.op.indexed(node.signature.input_shapes)
        for node in graph.nodes
        for place in node.op.index_inputs
        if node.inputs[place] == value
    ]


def _random(graph: Graph, value: int, shape: tuple[int, ...], dtype: str) -> str:
    """Random numbers for an input; indices stay below what they choose from."""
    size = ", ".join(map(str, shape)) or "()"
    if "int" in dtype:
        below = min(indexed_by(graph, value), default=2)
        return f"torch.randint({below}, {literal(shape)}, dtype=torch.{dtype})"
    if dtype == "bool":
        return f"torch.rand({size}) > 0.5"
    return f"torch.randn({size}" + (f", dtype=torch.{dtype})" if dtype != "float32" else ")")
