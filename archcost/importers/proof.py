"""The proof of an imported spec: its text is read and analysed as any other, and held against the model.

Params and MACs must be those that the source itself counted; every layer must be the step of the model at its place:
the same op, on the same values, with the same shapes; and all of that at the batch sizes of the recording, and at 1.
What the source cannot count is said, and what archcost cannot count is a lower bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.report import analyze
from archcost.errors import SpecError
from archcost.importers.form import size_at
from archcost.importers.proof_of_layers import UnlikeModel, layer_differences, places_by_path
from archcost.settings import Settings
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archcost.analysis.report import Report
    from archcost.importers.form import Form


class Proof(NamedTuple):
    """What the proof found: nothing that differs, or what differs first; and what could not be compared.

    ``report`` is that of the spec at batch 1; None if the text is no valid spec. ``paths`` has for the path of each
    step of the model that of its layer in the spec.
    """

    differences: tuple[UnlikeModel, ...]
    gaps: tuple[str, ...] = ()
    report: Report | None = None
    paths: Mapping[str, str] = {}

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def prove(text: str, model: Form, *, in_order: bool = False) -> Proof:
    """Hold a text against the model that it was written from.

    ``in_order``: layers are found by their place in the run, as in the flat form, instead of by their paths.
    """
    reports: list[Report] = []
    for batch in model.batch_sizes:
        try:
            report = analyze(loads(text, name=f"{model.name}.yaml"), Settings(batch=batch))
        except SpecError as error:
            return Proof((UnlikeModel("", "the text", _problem(error), "", batch),))
        reports.append(report)
        places = list(range(len(report.layers))) if in_order else places_by_path(report, model)
        differences = (*_of_totals(report, model), *layer_differences(report, model, places))
        if differences:
            return Proof(differences, report=reports[0])
    first = reports[0]
    paths = {model.path_of(model.steps[place]): layer.path for layer, place in zip(first.layers, places, strict=True)}
    return Proof((), tuple(_gaps(first, model)), first, paths)


def _problem(error: SpecError) -> str:
    """The first problem of a spec, with its place."""
    problem = error.diagnostics[0]
    return f"{problem.mark}: {problem.message}" if problem.mark else problem.message


# --- figures ----------------------------------------------------------------------------------------------------------


def _of_totals(report: Report, model: Form) -> Iterator[UnlikeModel]:
    """Params to the unit; MACs to the unit, but for what the source's own counter cannot see.

    That counter may see a part of what it does not see whole: of these ops it is between nothing and all.
    """
    truth, batch, totals = model.truth, report.batch, report.totals
    if truth.params is not None and totals.params != truth.params:
        yield UnlikeModel("", "params", f"{totals.params:,}", f"{truth.params:,}", batch)
    if truth.macs is None:
        return
    counted = size_at(truth.macs, batch)
    if not totals.macs - unseen_macs(report, model) <= counted <= totals.macs:
        yield UnlikeModel("", "MACs", f"{totals.macs:,}", f"{counted:,}", batch)


def unseen_macs(report: Report, model: Form) -> int:
    """The MACs of the layers whose ops the source's own counter reads as 0, or in part."""
    kinds = set(model.truth.unseen_macs)
    return sum([layer.macs for layer in report.layers if layer.op in kinds]) if kinds else 0


def _gaps(report: Report, model: Form) -> Iterator[str]:
    """What the proof does not show, in sentences."""
    truth = model.truth
    if truth.params is None:
        yield "The source does not say how many params it has: they are archcost's own count."
    if truth.macs is None:
        yield "The source does not count MACs: they are archcost's own count."
    elif (unseen := unseen_macs(report, model)) > 0:
        kinds = ", ".join(sorted({layer.op for layer in report.layers} & set(truth.unseen_macs)))
        yield f"The source's counter does not see all products of {kinds}: {unseen:,} MACs are archcost's own count."
    unknown = report.unknown("macs")
    if unknown:
        names = ", ".join(sorted({layer.node.op.attribute("name") for layer in report.layers if layer.path in unknown}))
        count = f"{len(unknown):,} layer{'s' * (len(unknown) > 1)}"
        yield f"MACs are unknown for {count} that archcost has no op for ({names}): the total is a lower bound."
