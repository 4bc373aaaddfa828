"""Predicted times as a document: one in full with the layers that take longest, several as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.comparing.naming import model_names
from archcost.phrases import listed
from archcost.quantities import format_nanoseconds, format_share
from archcost.render.cell_text import shape_cell
from archcost.render.chosen_columns import NOTHING
from archcost.render.document import (
    WHOLE,
    Cell,
    Column,
    Field,
    Gap,
    Heading,
    Line,
    Records,
    Table,
    branches_of,
    rows_left_out,
)
from archcost.render.report import title_details
from archcost.render.several_specs import named_rows, with_failed
from archcost.timing.data import predicted_data, prediction_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.named_specs import SpecResult
    from archcost.render.document import Block, Document, TreeLine
    from archcost.timing.error_classes import ErrorClass
    from archcost.timing.prediction import Prediction
    from archcost.timing.training_cost import TrainingCost

_SHOWN = 12  # layers
LEAST_NAME = 14  # of a model or a device beside others, before a column leaves
_NAMED = 3  # layers in a sentence
NOTHING_RUNS = "nothing: nothing runs, for views are free"
NOT_VALIDATED = "not validated: nothing of this kind was held against measurements"
_HEADINGS = ("model", "device", "batch", "path", "op", "predicted_ns", "bound_by", "samples_per_second")


class PredictionsDocument(NamedTuple):
    """One prediction in full, or a row for each of several; ``top`` is how many layers are asked for.

    Programs and sheets are also told the specs that ``failed``.
    """

    found: Sequence[Prediction]
    top: int | None = None
    failed: Sequence[SpecResult] = ()

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # the slowest layers are few
        if len(self.found) == 1:
            yield from _blocks(self.found[0], self.top or _SHOWN)
        elif self.found:
            yield _table(self.found)
            yield from _classes(self.found)

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row for each prediction, and one for each of its layers."""
        rows: list[tuple[object, ...]] = []
        for one in self.found:
            head = (one.report.name, one.device.name, one.report.batch)
            rows.append((*head, "", "", one.nanoseconds, _most(one), one.throughput))
            for layer, time in zip(one.report.layers, one.layers, strict=True):
                rows.append((*head, time.path, layer.op, time.nanoseconds, time.by, None))
        return Records(_HEADINGS, [*rows, *named_rows(self.failed, len(_HEADINGS), beside=bool(self.found))])

    def data(self) -> object:
        """A document, or a list of several."""
        return with_failed(map(prediction_data, self.found), self.failed, "prediction")


class TimedDocument(NamedTuple):
    """A document about models, with their predicted times behind it."""

    document: Document
    found: Sequence[Prediction]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        yield from self.document.blocks(most)
        yield Gap()
        yield from time_lines(self.found)

    def branches(self) -> Iterator[TreeLine]:
        """The tree, and the times."""
        yield from self.document.branches()
        yield from branches_of(time_lines(self.found))

    def records(self) -> Records:
        """Those of the document."""
        return self.document.records()

    def data(self) -> object:
        """The document, with the times as ``predicted``."""
        found = self.document.data()
        assert isinstance(found, dict), "comparisons and stories are one document"
        return {**found, "predicted": list(map(predicted_data, self.found))}


def time_lines(found: Sequence[Prediction]) -> Iterator[Line]:
    """The time of each model, by how much it differs from the first, and how wrong that may be."""
    first = found[0]
    yield Line(f"predicted on {first.device.label} ({how(first)}), not measured:")
    for one in found:
        times = f": {format_nanoseconds(one.nanoseconds)} for a batch of {one.report.batch:,}"
        more = "" if one is first or not first.nanoseconds else f", {_change(first.nanoseconds, one.nanoseconds)}"
        shares = [f"{name} {format_share(time, one.nanoseconds)}" for name, time in one.bounds.items() if time]
        yield Line(f"  {one.report.name}{times}{more}; bound by {', '.join(shares) or NOTHING_RUNS}")
    for told in dict.fromkeys(text for one in found for text in caveats(one)):
        yield Line(f"  {told}", style="dim")


def caveats(one: Prediction) -> list[str]:
    """What stands beside a predicted time wherever it is printed: how wrong it may be, and what is not in it."""
    error, *more = _caveats(one)
    return [f"error of the time: {error}", *more]


def caveat(one: Prediction) -> str:
    """The same in a sentence, for a place that is called so already."""
    return "; ".join(_caveats(one))


def _caveats(one: Prediction) -> list[str]:
    unknown = [f"at least: {unknown_text(one)}"] if one.unknown else []
    return [error_text(one.error), *unknown, *([f"products: {guessed_text(one)}"] if one.guessed_rate else [])]


def unknown_text(one: Prediction) -> str:
    """Of which layers the products are not in the time."""
    layers = listed(one.unknown[:_NAMED], len(one.unknown))
    return f"the MACs of {layers} are unknown and not in the time: declare `macs` there"


def guessed_text(one: Prediction) -> str:
    """At which rate products are taken, for there is none of their own."""
    return f"no rate in {one.guessed_rate} is known of {one.device.name}, and they are taken at that in float32"


def rate_text(one: Prediction) -> str:
    """Samples a second, or why there is no such figure."""
    return f"{one.rate_text} samples/s" if one.rate_text else NOTHING_RUNS


def page_fault_text(one: Prediction) -> str:
    """How many pages are touched anew, and what they take."""
    time = format_nanoseconds(one.page_fault_ns)
    return f"{one.page_faults:,} pages given back and asked for again: {time}, in no layer"


def update_text(one: Prediction) -> str:
    """What the optimizer takes, which no layer has."""
    return f"{format_nanoseconds(one.update_ns)} to update all params with {one.run.optimizer}, in no layer"


def _change(before: int, after: int) -> str:
    sign = "+" if after >= before else "−"
    return f"{sign}{format_share(abs(after - before), before)}"


def _blocks(one: Prediction, most: int) -> Iterator[Block]:
    yield Heading(one.report.name, title_details(one.report))
    yield Line(f"{one.device.label} · {how(one)} · predicted, not measured", style="dim", indent=0)
    what = "a training step" if one.run.training else "a pass"
    batch = f" of {one.report.batch:,}" if one.report.batch > 1 else ""
    yield Field("latency", f"{format_nanoseconds(one.nanoseconds)} for {what}{batch}")
    if one.rate_text:
        yield Field("throughput", rate_text(one))
    yield Field("error", error_text(one.error))
    shares = [f"{name} {format_share(time, one.nanoseconds)}" for name, time in one.bounds.items() if time]
    yield Field("bound by", ", ".join(shares) or NOTHING_RUNS)
    if one.update_ns:
        yield Field("optimizer", update_text(one))
    if one.page_faults:
        yield Field("page faults", page_fault_text(one))
    if one.unknown:
        yield Field("at least", unknown_text(one))
    if one.guessed_rate:
        yield Field("products", guessed_text(one))
    if one.nanoseconds:
        yield from _layers(one, most)


def _layers(one: Prediction, most: int) -> Iterator[Block]:
    """The layers that take longest."""
    pairs = [pair for pair in zip(one.report.layers, one.layers, strict=True) if pair[1].nanoseconds]
    longest = sorted(pairs, key=lambda pair: -pair[1].nanoseconds)[:most]
    yield Table(
        [
            Column("layer", [time.path for _, time in longest], flexible=True, paths=True),
            Column("op", [layer.op for layer, _ in longest], leaves=1),
            Column("output", [shape_cell(layer.output) for layer, _ in longest], leaves=2),
            Column("time", [format_nanoseconds(time.nanoseconds) for _, time in longest], right=True),
            Column("share", [format_share(time.nanoseconds, one.nanoseconds) for _, time in longest], right=True),
            Column("bound by", [time.by for _, time in longest]),
        ],
        least_flexible=WHOLE,
    )
    yield from rows_left_out(len(longest), len(pairs), f"`--top {len(pairs)}` shows all of them")


def _table(found: Sequence[Prediction]) -> Table:
    return Table(
        [
            Column("model", model_names([one.report for one in found]), flexible=True),
            Column("device", [one.device.name for one in found], flexible=True),
            Column("batch", [f"{one.report.batch:,}" for one in found], right=True),
            Column("latency", [format_nanoseconds(one.nanoseconds) for one in found], right=True),
            Column("samples/s", [one.rate_text or NOTHING for one in found], right=True, leaves=2),
            Column("bound by", [_most(one) for one in found], leaves=1),
            Column("error", [_short(one.error) for one in found], right=True, leaves=3),
        ],
        least_flexible=LEAST_NAME,
    )


def _classes(found: Sequence[Prediction]) -> Iterator[Line]:
    """What the column of errors means."""
    yield Line(f"{how(found[0])} · predicted, not measured", style="dim")
    for unknown in dict.fromkeys(unknown_text(one) for one in found if one.unknown):
        yield Line(f"at least: {unknown}", style="dim")
    for guessed in dict.fromkeys(guessed_text(one) for one in found if one.guessed_rate):
        yield Line(f"products: {guessed}", style="dim")
    for error in dict.fromkeys(one.error for one in found):
        text = error_text(error)
        yield Line(f"±{_percent(error.median)}: {text}" if error else f"–: {text}", style="dim")


def how(one: Prediction | TrainingCost) -> str:
    """How the model is run: ``float16, eager, channels-last``."""
    run = one.run
    dtype = f"mixed {run.mixed}" if run.mixed else one.report.dtype
    mode = "torch.compile" if run.compiled else "eager"
    layout = ["channels-last"] if run.channels_last else []
    attention = ["plain attention"] if run.plain_attention else []
    trained = [f"training with {run.optimizer}"] if run.training else []
    return ", ".join([dtype, mode, *layout, *attention, *trained])


def error_text(error: ErrorClass | None) -> str:
    """How wrong predictions of a kind have been, in a sentence."""
    if error is None:
        return NOT_VALIDATED
    return (
        f"half of the predictions for {error.kind} were within {_percent(error.median)} of what was measured, nine of "
        f"ten within {_percent(error.p90)} ({error.rows:,} measurements of {error.models} image models on "
        f"{error.devices} device{'s' * (error.devices != 1)})"
    )


def error_short(error: ErrorClass | None) -> str:
    """What half of the predictions of a kind were within, where there is little room."""
    return f"±{_percent(error.median)}" if error else "not validated"


def _short(error: ErrorClass | None) -> Cell:
    return Cell(error_short(error)) if error else Cell("–", style="dim")


def _percent(thousandths: int) -> str:
    return format_share(thousandths, 1000)


def _most(one: Prediction) -> str:
    return max(one.bounds, key=one.bounds.__getitem__) if one.nanoseconds else ""
