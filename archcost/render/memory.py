"""A memory study as a document: the peak, what holds it, the layers over time, and what would need less."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.at_peak import at_peak, scope_highs, scope_kept
from archcost.analysis.memory.data import memory_data
from archcost.analysis.memory.inference import MADE, MIN_PEAK, READ, WORKSPACE, new_order
from archcost.analysis.memory.run_memory import HELD
from archcost.comparing.naming import model_names
from archcost.figures import METRICS, PEAK, RUN
from archcost.quantities import format_bytes, format_bytes_twice, format_count, format_exact, format_share
from archcost.render.cell_text import lower_bound, shape_cell, stored_dtypes
from archcost.render.document import (
    Column,
    Gap,
    Heading,
    Line,
    Records,
    Table,
    branches_of,
    levels_left_out,
    rows_left_out,
)
from archcost.render.report import title_details
from archcost.render.report_view import ModelView
from archcost.render.row_cells import bytes_cell, kind_of, name_of
from archcost.render.savings import saving_table
from archcost.render.several_specs import with_failed
from archcost.render.table_rows import first_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.analysis.memory.at_peak import PeakPart
    from archcost.analysis.memory.conditions import Conditions
    from archcost.analysis.memory.run_memory import RunMemory
    from archcost.analysis.memory.study import Study
    from archcost.analysis.report import Report
    from archcost.analysis.training_costs import StepCosts
    from archcost.named_specs import SpecResult
    from archcost.render.document import Block, TreeLine
    from archcost.render.table_rows import Row

TO_TRAIN = "memory to train"
_HOLDERS = 8  # tensors told by name
_NAMES = 12  # of layers in a new order


class MemoryDocument(NamedTuple):
    """Studies, one under the other, and a summary of several.

    Specs that ``failed`` have no peak, of which no part is known either; beside others they are named.
    """

    studies: Sequence[Study]
    depth: int | None = None
    failed: Sequence[SpecResult] = ()

    @property
    def _wrong(self) -> list[ModelView]:
        """Those to be named."""
        if len(self.studies) + len(self.failed) <= 1:
            return []
        return [ModelView(one.title, None, unread=one.unread) for one in self.failed]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The blocks for people to read."""
        for index, study in enumerate(self.studies):
            if index:
                yield Gap()
            yield from _study_blocks(study, self.depth, most)
        if len(self.studies) + len(self._wrong) > 1:
            yield Gap()
            yield _summary(self.studies, self._wrong)

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """Every layer of every model in the order they run; nothing where a layer has no such pass.

        Where models are wrong, each has a row with its name, and a last column ``partial`` says why it is empty.
        """
        training = bool(self.studies) and self.studies[0].training is not None
        figures = ("forward_bytes", "backward_bytes", "kept_bytes") if training else ("live_bytes", *HELD)
        wrong = self._wrong
        marks, whole = (("partial",), ("",)) if wrong else ((), ())
        rows: list[Sequence[object]] = [
            (study.report.name, layer["path"], layer["op"], *[layer.get(figure) for figure in figures], *whole)
            for study in self.studies
            for layer in memory_data(study)["layers"]
        ]
        rows += [(entry.name, "", "", *[""] * len(figures), entry.mark) for entry in wrong]
        return Records(("model", "path", "op", *figures, *marks), rows)

    def data(self) -> object:
        """A document, or a list of several."""
        return with_failed(map(memory_data, self.studies), self.failed, "memory")


# --- blocks -----------------------------------------------------------------------------------------------------------


def _study_blocks(study: Study, depth: int | None, most: int | None) -> Iterator[Block]:
    yield Heading(study.report.name, f"{title_details(study.report)} · {when(study.conditions)}")
    if study.training is None:
        yield Line(memory_line(METRICS[RUN].label, study.run, study.report))
    yield Line(_headline(study))
    if study.step is not None:
        yield Line(_work(study.step))
    changed = order_line(study)
    if changed:
        yield Line(changed)
    yield _peak_table(study)
    yield from _layer_blocks(study, depth, most)
    yield from _whatifs(study)


def _whatifs(study: Study) -> Iterator[Block]:
    """What would need less, a row each, with the option that makes it so."""
    found = [entry for entry in study.whatifs if entry.peak < study.peak]
    if found:
        yield saving_table(found, [entry.peak for entry in found], study.peak)
    elif study.whatifs:
        tried = ", ".join(entry.name for entry in study.whatifs)
        yield Line(f"would not lower the peak: {tried}", style="dim")


def when(conditions: Conditions) -> str:
    """``inference``, ``inference, activations in place``, ``training with adam, mixed bfloat16``."""
    words = [f"training with {conditions.optimizer}" if conditions.training else "inference"]
    if conditions.schedule == MIN_PEAK:
        words.append("the order of the lowest peak")
    if conditions.foreach:
        words.append("all params at once")
    if conditions.half:
        words.append(f"mixed {conditions.half}")
    if conditions.master:
        words.append("float32 master weights")
    if conditions.passes > 1:
        words.append(f"{conditions.passes} batches added up")
    if conditions.checkpoints:
        words.append("checkpoints " + " ".join(conditions.checkpoints))
    if conditions.inplace:
        words.append("activations in place")
    if conditions.division.divides:
        words.append(f"one device of {conditions.division}")
    return ", ".join(words)


def order_line(study: Study) -> str:
    """``order: pool, 1x1, 3x3``: what runs in another order than the spec's; empty if nothing does."""
    if study.inference is None:
        return ""
    names = new_order(study.report.graph, study.inference.order)
    shown = names[:_NAMES] + ["…"] * (len(names) > _NAMES)
    return f"order: {', '.join(shown)}" if names else ""


def memory_line(label: str, memory: RunMemory, report: Report) -> str:
    """``memory to run 31.8 GiB (34,045,… B): weights 15.0 GiB + KV cache 16.0 GiB + peak activations 768 MiB``."""
    stored = stored_dtypes(report)
    parts = [
        f"{part.name} {format_bytes(part.bytes)}" + (f" as {dtype}" if (dtype := stored.get(part.metric)) else "")
        for part in memory.parts
    ]
    told = f"{label} {format_bytes_twice(memory.total, rounded_first=True)}"
    return f"{told}: {' + '.join(parts)}" if parts else told


def _headline(study: Study) -> str:
    """``peak activations 9.76 MiB (10,235,904 B) while norm2 runs``."""
    peak = f"{_name_of_peak(study)} {format_bytes_twice(study.peak, rounded_first=True)}"
    if study.training is None:
        where = f" while {study.peak_path} runs" if study.peak_path else ""
        known = ": no order has a lower one" if study.inference is not None and study.inference.exact else ""
        return peak + where + known
    moment = study.training.peak
    if moment.phase == "update":
        return f"{peak} in the update"
    where = f" of {study.peak_path}" if study.peak_path else ""
    return f"{peak} in the {moment.phase} pass{where}"


def _work(step: StepCosts) -> str:
    """``training MACs 168: 72 forward, 96 backward; training FLOPs 336``: what a training step computes."""
    unknown = len(step.unknown_macs)
    figures = {"forward": step.forward_macs, "backward": step.backward_macs, "recomputed": step.recomputed_macs}
    parts = [f"{lower_bound(format_count(macs), macs, unknown)} {name}" for name, macs in figures.items() if macs]
    whole = lower_bound(format_exact(step.training_macs), step.training_macs, unknown)
    told = f"{METRICS['training_macs'].label} {whole}" + (f": {', '.join(parts)}" if parts else "")
    flops = lower_bound(format_exact(step.training_flops), step.training_flops, len(step.unknown_flops))
    return f"{told}; {METRICS['training_flops'].label} {flops}"


def _name_of_peak(study: Study) -> str:
    """What the most bytes alive at a time are: in training params, gradients and optimizer state are among them."""
    return METRICS[PEAK].label if study.training is None else TO_TRAIN


def _peak_table(study: Study) -> Table:
    """What is alive at the peak, the largest first."""
    parts = at_peak(study)
    shown = parts[:_HOLDERS]
    rest = sum(part.bytes for part in parts[_HOLDERS:])
    named = [(holder_name(part), part.bytes, holder_note(part)) for part in shown]
    named += [(f"{len(parts) - _HOLDERS} more", rest, "")] if rest else []
    columns = [
        Column("at the peak", [name for name, _, _ in named], flexible=True, paths=True),
        Column("bytes", [bytes_cell(size) for _, size, _ in named], right=True),
        Column("share", [format_share(size, study.peak) for _, size, _ in named], right=True),
        Column("", [note for _, _, note in named], flexible=True, folds=True, paths=True, style="dim"),
    ]
    return Table(columns)


def holder_name(part: PeakPart) -> str:
    """A tensor's path; a category's name."""
    return f"workspace of {part.name}" if part.role == WORKSPACE else part.name


def holder_note(part: PeakPart) -> str:
    """Why it is there."""
    notes = {
        MADE: "made now",
        READ: "read now",
        WORKSPACE: "",
        "input": "the model's input, held by the caller",
        "": "",
    }
    if part.role in notes:
        return notes[part.role]
    return f"waits for {part.until}" if part.until else "an output of the model"


def _layer_blocks(study: Study, depth: int | None, most: int | None) -> Iterator[Block]:
    """The most that is alive while each layer or block runs."""
    rows, found, shown, deepest = first_rows(study.report, most, depth=depth)
    if not rows:
        return
    yield _layer_table(study, rows)
    yield from rows_left_out(len(rows), found)
    if depth is None:
        yield from levels_left_out(shown, deepest)


def _layer_table(study: Study, rows: Sequence[Row]) -> Table:
    highs = {
        name: [max(by_path.get(path, 0) for path in row.paths or (row.path,)) for row in rows]
        for name, by_path in scope_highs(study).items()
    }
    largest = [max(values) for values in zip(*highs.values(), strict=True)]
    if study.training is not None:
        kept = scope_kept(study)
        sums = [sum(kept.get(path, 0) for path in row.paths or (row.path,)) for row in rows]
        if any(sums):
            highs["kept"] = sums
    columns = [
        Column("layer", [name_of(row) for row in rows], flexible=True),
        Column("op", [kind_of(row) for row in rows], leaves=1),
        Column("output", [shape_cell(row.output) for row in rows], leaves=2),
        *[
            Column(heading, list(map(bytes_cell, values)), right=True, measure="alive")
            for heading, values in highs.items()
        ],
        *([Column("peak", ["◂" if size == study.peak else "" for size in largest])] if study.peak in largest else []),
        Column("of the peak", (), style="green", leaves=3, parts=largest),
    ]
    return Table(columns)


def _summary(studies: Sequence[Study], wrong: Sequence[ModelView]) -> Table:
    none = [""] * len(wrong)
    models = [*model_names([study.report for study in studies]), *[entry.label for entry in wrong]]
    columns = [Column("model", models, flexible=True)]
    if not studies or studies[0].training is None:
        runs = [format_bytes(study.run.total) for study in studies]
        columns.append(Column(METRICS[RUN].label, runs + none, right=True))
    name = _name_of_peak(studies[0]) if studies else METRICS[PEAK].label
    return Table(
        [
            *columns,
            Column(name, [format_bytes(study.peak) for study in studies] + none, right=True),
            Column("where", [study.peak_path or "–" for study in studies] + none, flexible=True),
        ]
    )
