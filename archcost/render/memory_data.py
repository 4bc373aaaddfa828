"""A memory study as data: JSON, CSV and Markdown, and the words that the table uses as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.memory.inference import MADE, MIN_PEAK, READ, WORKSPACE, holder_names, new_order
from archcost.render.cells import csv_text
from archcost.units import format_bytes, format_share
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.analysis.memory.study import Study
    from archcost.analysis.memory.training import TrainingMemory
    from archcost.graph.model import Graph
    from archcost.render.summary import Entry

SCHEMA = "archcost.memory/1"
_NAMES = 12  # of layers in a new order
PARAMS, BUFFERS, GRADIENTS, OPTIMIZER = "params", "buffers", "gradients", "optimizer state"
INPUTS, SAVED, WORKING = "inputs", "saved activations", "working tensors"
COPIES, UPDATE = "half-precision weights", "work of the update"
_KINDS = {"gradient": GRADIENTS, "input": INPUTS, "weight copy": COPIES, "optimizer work": UPDATE}


class Part(NamedTuple):
    """Something that is alive at the peak: a tensor with what made it, or all of a category."""

    name: str
    bytes: int
    role: str = ""
    until: str = ""  # the last layer that needs it


def when(study: Study) -> str:
    """``inference``, ``inference, in place``, ``training with adam, bfloat16 where autocast allows it``."""
    conditions = study.conditions
    words = ["inference" if study.training is None else f"training with {conditions.optimizer}"]
    if conditions.schedule == MIN_PEAK:
        words.append("the order of the lowest peak")
    if conditions.foreach:
        words.append("all params at once")
    if conditions.half:
        words.append(f"mixed {conditions.half}")
    if conditions.checkpoints:
        words.append("checkpoints " + " ".join(conditions.checkpoints))
    if conditions.inplace:
        words.append("activations in place")
    return ", ".join(words)


def order_line(study: Study) -> str:
    """``order: pool, 1x1, 3x3``: what runs in another order than the spec's; empty if nothing does."""
    if study.inference is None:
        return ""
    names = new_order(study.report.graph, study.inference.order)
    shown = names[:_NAMES] + ["…"] * (len(names) > _NAMES)
    return f"order: {', '.join(shown)}" if names else ""


def at_peak(study: Study) -> list[Part]:
    """What is alive at the peak: tensors in inference, categories in training; the largest first."""
    if study.training is not None:
        return [Part(name, size) for name, size in categories(study.training).items() if size]
    assert study.inference is not None, "a study has one of the two"
    return holders(study.report.graph, study.inference)


def categories(training: TrainingMemory) -> dict[str, int]:
    """The bytes at the peak of a training step by what they are, the largest first; they sum to the peak."""
    sums = {PARAMS: training.params, BUFFERS: training.buffers, OPTIMIZER: training.state}
    for held in training.held:
        name = _KINDS.get(held.kind) or (SAVED if held.saved else WORKING)
        sums[name] = sums.get(name, 0) + held.bytes
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def holders(graph: Graph, inference: InferenceMemory) -> list[Part]:
    """The storages alive at the peak of inference, by the paths that made them."""
    end = len(graph.nodes)
    parts = []
    for holder, name in zip(inference.holders, holder_names(graph, inference.holders), strict=True):
        role = "input" if holder.node < 0 else holder.role
        until = "" if holder.until == end else graph.nodes[holder.until].path
        parts.append(Part(name, holder.bytes, role, until))
    return parts


def holder_name(part: Part) -> str:
    """A tensor's path; a category's name."""
    return f"workspace of {part.name}" if part.role == WORKSPACE else part.name


def holder_note(part: Part) -> str:
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


def to_document(study: Study) -> dict[str, Any]:
    """The JSON form; all figures are bytes."""
    report, conditions = study.report, study.conditions
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": {"name": "archcost", "version": __version__},
        "spec": {"name": report.name, "path": report.spec.path, "params": report.params},
        "batch": report.batch,
        "dtype": report.dtype,
        "mode": "inference" if study.training is None else "training",
        "inplace": conditions.inplace,
        "peak_bytes": study.peak,
        "peak_path": study.peak_path or None,
    }
    nodes = report.graph.nodes
    if study.training is None:
        assert study.inference is not None, "a study has one of the two"
        inference = study.inference
        document["schedule"] = conditions.schedule
        document["lowest_possible"] = inference.exact if conditions.schedule == MIN_PEAK else None
        document["at_peak"] = [
            {"path": part.name, "role": part.role, "bytes": part.bytes, "until": part.until or None}
            for part in holders(report.graph, inference)
        ]
        document["layers"] = [
            {"path": nodes[node].path, "op": nodes[node].op.kind, "live_bytes": live}
            for node, live in zip(inference.order, inference.live, strict=True)
        ]
    else:
        document |= _training_document(study, study.training)
    document["what_if"] = [
        {"change": entry.name, "option": entry.option, "peak_bytes": entry.peak} for entry in study.whatifs
    ]
    return document


def _training_document(study: Study, training: TrainingMemory) -> dict[str, Any]:
    conditions, nodes = study.conditions, study.report.graph.nodes
    highs = {
        phase: {moment.node: moment.live for moment in training.moments if moment.phase == phase}
        for phase in ("forward", "backward")
    }
    kept = training.kept()
    return {
        "optimizer": conditions.optimizer,
        "foreach": conditions.foreach,
        "mixed": conditions.half or None,
        "checkpoints": list(conditions.checkpoints),
        "peak_phase": training.peak.phase,
        "phases": {f"{phase}_bytes": training.phase_peak(phase) for phase in ("forward", "backward", "update")},
        "param_bytes": training.params,
        "buffer_bytes": training.buffers,
        "gradient_bytes": training.gradients,
        "optimizer_bytes": training.state,
        "input_bytes": training.inputs,
        "saved_bytes": training.saved,
        "at_peak": [{"category": name, "bytes": size} for name, size in categories(training).items()],
        "layers": [
            {
                "path": node.path,
                "op": node.op.kind,
                "forward_bytes": highs["forward"].get(index),
                "backward_bytes": highs["backward"].get(index),
                "kept_bytes": kept.get(index, 0),
            }
            for index, node in enumerate(nodes)
        ],
    }


def to_csv(studies: Sequence[Study], wrong: Sequence[Entry] = ()) -> str:
    """Every layer of every model, one a line, in the order they run; empty where a layer has no such pass.

    Where models are ``wrong``, each has a line with its name, and a last column ``partial`` says why it is empty.
    """
    training = bool(studies) and studies[0].training is not None
    figures = ("forward_bytes", "backward_bytes", "kept_bytes") if training else ("live_bytes",)
    marks, whole = (("partial",), ("",)) if wrong else ((), ())
    rows: list[Sequence[object]] = [
        (study.report.name, layer["path"], layer["op"], *[layer[figure] for figure in figures], *whole)
        for study in studies
        for layer in to_document(study)["layers"]
    ]
    rows += [(entry.name, "", "", *[""] * len(figures), entry.mark) for entry in wrong]
    return csv_text(("model", "path", "op", *figures, *marks), rows)


def to_markdown(study: Study, depth: int | None) -> str:
    """A heading, the peak, what holds it, and the layers as tables; exact figures."""
    from archcost.render.markup import escape_markdown
    from archcost.render.memory import layer_highs, layer_kept
    from archcost.render.rows import report_rows

    def row(*cells: str) -> str:
        return "| " + " | ".join(cells) + " |"

    where = f" ({escape_markdown(study.peak_path)})" if study.peak_path else ""
    lines = [f"### {escape_markdown(study.report.name)}: {escape_markdown(when(study))}", ""]
    lines += [f"Peak: **{study.peak:,}** bytes, {format_bytes(study.peak)}{where}.", ""]
    changed = order_line(study)
    lines += [escape_markdown(changed[0].upper() + changed[1:]) + ".", ""] if changed else []
    lines += [row("at the peak", "bytes", "share", ""), row(":--", "--:", "--:", ":--")]
    for part in at_peak(study):
        share = format_share(part.bytes, study.peak)
        note = escape_markdown(holder_note(part))
        lines.append(row(escape_markdown(holder_name(part)), f"{part.bytes:,}", share, note))
    rows, _, _ = report_rows(study.report, depth=depth)
    highs = layer_highs(study, rows)
    if study.training is not None:
        highs["kept"] = layer_kept(study, rows)
    lines += ["", row("layer", "op", *highs), row(":--", ":--", *["--:"] * len(highs))]
    for place, line in enumerate(rows):
        times = f" ×{line.times}" if line.times > 1 else ""
        name = "&emsp;" * (line.depth - 1) + escape_markdown(line.name) + times
        lines.append(row(name, escape_markdown(line.op), *[f"{values[place]:,}" for values in highs.values()]))
    if study.whatifs:
        lines += ["", row("what if", "peak", "option"), row(":--", "--:", ":--")]
        lines += [row(entry.name, f"{entry.peak:,}", f"`{entry.option}`") for entry in study.whatifs]
    return "\n".join(lines) + "\n"
