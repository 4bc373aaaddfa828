"""The figures of explanations and stories, one a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.explaining.data import explanation_data
from archcost.explaining.overview_data import story_data
from archcost.render.cell_text import field_cell
from archcost.render.explanation_sentences import one_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.explaining.equations import Explanation
    from archcost.explaining.overview import Story

_ALL = 99  # branches of a field


class ExplanationRecord(NamedTuple):
    """A figure of a path, which is empty for the model: its value, and how it comes about.

    ``times`` is how many equal neighbours have it; of ``unknown_layers`` it is not known, and the value is the known
    part.
    """

    model: str
    path: str
    figure: str
    label: str
    value: object
    unit: str | None = None
    times: int = 1
    unknown_layers: int = 0
    symbols: str | None = None
    numbers: str | None = None
    note: str | None = None


def explanation_records(explanation: Explanation) -> Iterator[ExplanationRecord]:
    """The figures of a layer or scope, then those of its parts."""
    report, data = explanation.report, explanation_data(explanation)
    for equation in data["equations"]:
        yield ExplanationRecord(
            report.name, explanation.path, equation["figure"], equation["label"], equation["value"], equation["unit"],
            note=equation["note"], **_known(equation),
        )  # fmt: skip
    for seen in explanation.seen:
        note = f"in {seen.relative_to}" if seen.relative_to else None
        yield from _field_records(report.name, explanation.path, seen.field, note)
    for part in data["parts"]:
        params = ExplanationRecord(report.name, part["path"], "params", "params", part["params"], times=part["times"])
        yield params
        yield params._replace(figure="macs", label="MACs", value=part["macs"], **_known(part))


def story_records(story: Story) -> Iterator[ExplanationRecord]:
    """The figures of a model, and of the parts that its story tells of."""
    name, data = story.report.name, story_data(story)
    unknown = data.get("unknown", {})
    for figure, value in data["totals"].items():
        yield ExplanationRecord(
            name, "", figure, figure, value, _unit(figure), unknown_layers=len(unknown.get(figure, ()))
        )
    for figure, shares in (("macs", data["macs"]), ("params", data["params"])):
        for share in shares:
            yield ExplanationRecord(name, share["path"], figure, figure, share["value"], **_known(share))
    for holder in data["peak"]["holders"]:
        yield ExplanationRecord(name, holder["path"], "held_bytes", "held at the peak", holder["bytes"], "B")
    workspace = data["peak"]["workspace_bytes"]
    yield ExplanationRecord(name, data["peak"]["path"], "workspace_bytes", "workspace at the peak", workspace, "B")
    bound = data["memory_bound"]
    yield from _numbers(name, "memory_bound", bound)
    for kind in bound["kinds"]:
        yield ExplanationRecord(name, "", "memory_bound_kind_bytes_moved", kind["op"], kind["bytes_moved"], "B")
    yield from _numbers(name, "depth", data["depth"])
    if story.seen is not None:
        yield from _field_records(name, "", story.seen, "at the output")
    if story.widest is not None:
        yield from _field_records(name, story.widest[0], story.widest[1], "the largest that still moves")


def _known(found: Mapping[str, Any]) -> dict[str, Any]:
    """How many layers are not known, and the formula."""
    formula = found["formula"] or {}
    unknown = found.get("unknown_layers", 0)
    return {"unknown_layers": unknown, "symbols": formula.get("symbols"), "numbers": formula.get("numbers")}


def _numbers(name: str, topic: str, found: Mapping[str, Any]) -> Iterator[ExplanationRecord]:
    """Every number of a topic, under the topic's name and its own."""
    for figure, value in found.items():
        if isinstance(value, (int, float)):
            yield ExplanationRecord(name, "", f"{topic}_{figure}", figure.replace("_", " "), value, _unit(figure))


def _unit(figure: str) -> str | None:
    return "FLOPs/B" if figure == "threshold" else "B" if "bytes" in figure else None


def _field_records(name: str, path: str, field: ReceptiveField, note: str | None) -> Iterator[ExplanationRecord]:
    """Size, jump and start: numbers where one holds for all axes and paths."""
    sizes = field_cell(field, most=_ALL)
    for figure, shown in (("", sizes), ("_jump", one_size(field.jump)), ("_start", one_size(field.start))):
        value = int(shown) if shown.lstrip("-").isdecimal() else shown
        yield ExplanationRecord(name, path, f"receptive_field{figure}", "receptive field", value, note=note)
