"""A spec with suggestions applied, as a report: read again from its text, and held against what must stay equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.report import analyze
from archcost.errors import SpecError
from archcost.spec.loader import reads
from archcost.suggesting.applying import applied
from archcost.suggesting.grounds import CHANGED
from archcost.suggesting.tidying import tidied
from archcost.suggesting.yaml_text import UnwritableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.analysis.report import Report
    from archcost.graph.model import Graph
    from archcost.spec.model import Spec
    from archcost.suggesting.grounds import BaseText
    from archcost.suggesting.places import JointChange


class Rewritten(NamedTuple):
    """The text of a changed spec, its report, and what is to be said of how it was written."""

    text: str
    report: Report
    notes: tuple[str, ...]


def rewritten(ground: BaseText, suggestions: Sequence[JointChange]) -> Rewritten:
    """The changed spec, analysed under the settings of the ground; raises UnwritableError if it does not hold.

    It holds if every layer but those that change, and those between them, has the inputs and outputs that it had, and
    the model, too. So what changes outside is nothing, and savings are differences of two reports.
    """
    made = applied(ground, suggestions)
    try:
        report = _analyzed(ground, made.text)
    except SpecError as error:
        first = error.diagnostics[0]
        raise UnwritableError(f"the changed spec is wrong: {first.message}") from None
    free = {node for one in suggestions for node in (*one.edits, *one.inside)}
    check_outside(ground.graph, report.graph, free)
    return Rewritten(made.text, report, made.notes)


def finished(ground: BaseText, suggestions: Sequence[JointChange]) -> str:
    """The text of the changed spec for a file: without the params that its changes leave unused."""
    made = rewritten(ground, suggestions)
    try:
        text = tidied(made.text, ground.spec, lambda text: _read(ground, text))
        if text != made.text:
            check_outside(made.report.graph, _analyzed(ground, text).graph, ())
    except (SpecError, UnwritableError):
        return made.text  # which holds, and only warns
    return text


def _read(ground: BaseText, text: str) -> Spec:
    spec = reads(text, name=CHANGED, folder=ground.folder, is_made=True)
    if spec.problems:
        raise spec.problems.error()
    return spec


def _analyzed(ground: BaseText, text: str) -> Report:
    return analyze(_read(ground, text), ground.settings)


def check_outside(before: Graph, after: Graph, free: Iterable[int]) -> None:
    """Raise UnwritableError unless all nodes but the free ones, by their paths, have the shapes that they had."""
    exempt = set(free)
    there = {node.path: node.signature for node in after.nodes}
    for index, node in enumerate(before.nodes):
        if index in exempt:
            continue
        found, signature = there.get(node.path), node.signature
        if found is None:
            raise UnwritableError(f"the changed spec has no layer {node.path}")
        if (found.op.kind, found.inputs, found.outputs) != (signature.op.kind, signature.inputs, signature.outputs):
            raise UnwritableError(f"{node.path} would have other shapes than before")
    if before.inputs != after.inputs or _outputs(before) != _outputs(after):
        raise UnwritableError("the model would have other inputs or outputs than before")


def _outputs(graph: Graph) -> list[object]:
    inputs = list(graph.inputs.values())
    made = [tensor for node in graph.nodes for tensor in node.outputs]
    return [inputs[-1 - value] if value < 0 else made[value] for value in graph.outputs]
