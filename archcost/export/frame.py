"""What stands around the classes: the docstring, the imports, and the part that runs the model."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from archcost.export.forward import input_variables
from archcost.export.layout import WIDTH, call, lines, tuple_of
from archcost.export.literals import literal
from archcost.export.names import unused
from archcost.printable import harmless, one_line

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.graph.model import Graph


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
    found = ["import torch", "from torch import nn"]
    if re.search(r"(?<![\w.])F\.", body):
        found.insert(1, "import torch.nn.functional as F")
    if re.search(r"(?<![\w.])OrderedDict\(", body):
        found = ["from collections import OrderedDict", "", *found]
    return "\n".join(found)


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


def _random(graph: Graph, value: int, shape: tuple[int, ...], dtype: str) -> str:
    """Random numbers for an input; indices stay below the rows of the embeddings that read them."""
    size = ", ".join(map(str, shape)) or "()"
    if "int" in dtype:
        nodes = [node for node in graph.nodes if node.op.integer_inputs and value in node.inputs]
        below = min([node.signature.weights()["weight"][0] for node in nodes], default=2)
        return f"torch.randint({below}, {literal(shape)}, dtype=torch.{dtype})"
    if dtype == "bool":
        return f"torch.rand({size}) > 0.5"
    return f"torch.randn({size}" + (f", dtype=torch.{dtype})" if dtype != "float32" else ")")
