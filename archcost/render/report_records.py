"""Reports for sheets and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.figures import ALWAYS
from archcost.render.document import Records
from archcost.render.table_rows import largest_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Layer
    from archcost.render.report_view import ModelView

FIELDS = (
    "model",
    "path",
    "op",
    "inputs",
    "output",
    *ALWAYS,
    "file",
    "line",
)


def report_records(views: Sequence[ModelView]) -> Records:
    """Every layer of every model; shapes as ``1x64x28x28``, several joined by spaces.

    Behind archcost's own fields stand those asked for. If a model has a mistake, a last field ``partial`` says so in
    each of its rows; a model without any layer before it has one row with its name. Sorted and cut as it was asked.
    """
    further = next((view.further for view in views if view.further), ())
    names = [name for each in further for name in each.fields if name not in FIELDS]
    marked = any(view.mark for view in views)
    return Records((*FIELDS, *names, *["partial"] * marked), _rows(views, names, marked=marked))


def _rows(views: Sequence[ModelView], names: Sequence[str], *, marked: bool) -> Iterator[Sequence[object]]:
    for view in views:
        mark = [view.mark] if marked else []
        layers = view.report.layers if view.report is not None else []
        for place in largest_first(layers, view.wanted.sort)[: view.wanted.top]:
            known = {
                name: value
                for further in view.further
                for name, value in zip(further.fields, further.layer(place), strict=True)
            }
            yield (view.name, *_own(layers[place]), *[known[name] for name in names], *mark)
        if not layers:
            yield (view.name, *[None] * (len(FIELDS) - 1 + len(names)), *mark)


def _own(layer: Layer) -> tuple[str | int | None, ...]:
    shapes = " ".join("x".join(map(str, shape)) for shape in layer.output)
    costs = layer.costs
    figures = [None if costs.unknown(name) else getattr(costs, name) for name in ALWAYS]
    return (layer.path, layer.op, " ".join(layer.inputs), shapes, *figures, layer.file, layer.line)


def report_data(view: ModelView) -> Any:
    """The JSON report of a model, with another tool's figures where they are asked for, and with its problems."""
    from archcost.analysis.data import failed_document, with_errors

    if view.report is None:
        return failed_document(view.name, view.diagnostics)
    if view.reading is None:
        document = view.report.document()
    else:
        from archcost.conventions.counted_data import counted_document

        document = counted_document(view.reading)
    if view.prediction is not None:
        from archcost.timing.timed_report import timed_document

        document = timed_document(document, view.prediction)
    return with_errors(document, view.diagnostics) if view.diagnostics else document
