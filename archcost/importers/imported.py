"""Model → the text of its spec: idioms, blocks, text, and the proof before anything is handed out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.importers.flat import flat as flat_draft
from archcost.importers.proof import prove
from archcost.importers.unread import marked
from archcost.importers.writing import NO_FIGURES, Figures, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.importers.draft import Draft
    from archcost.importers.form import Form
    from archcost.importers.proof import Proof
    from archcost.spec.source_calls import SourceCall

_MAX_SHOWN = 3  # differences in a message


class Imported(NamedTuple):
    """The text of a spec that is proven to be the model.

    ``remarks`` are sentences for the user, which stand in the text as comments, too. ``unfolded`` is the sentence that
    says why there are no blocks; empty where there are, or where nobody asked for them. ``calls`` say how the
    source computes the layers, by their paths. ``inputs`` are the names that the source has for inputs of other names.
    """

    text: str
    remarks: tuple[str, ...] = ()
    unfolded: str = ""
    calls: Mapping[str, SourceCall] = {}
    inputs: Mapping[str, str] = {}


def import_text(model: Form, *, flat: bool = False) -> Imported:
    """The spec of a model, in blocks unless ``flat`` is asked for, or the text in blocks would say another model.

    Raises UsageError, with what archcost and the model have, if even the flat spec is not the model.
    """
    from archcost.importers.idioms import improved

    if not model.steps:
        raise UsageError(f"{model.name} computes nothing: its outputs are its inputs", "import what has layers")
    model = marked(improved(model))
    reason = ""
    if not flat:
        folded = _folded(model)
        if isinstance(folded, Imported):
            return folded
        reason = folded
    draft = flat_draft(model)
    proof = prove(write(model, draft, NO_FIGURES), model, in_order=True)
    if not proof.holds:
        raise UsageError(_refusal(model, proof), "nothing is written, because it would be wrong; please report this")
    return _handed_out(model, draft, proof, reason)


def _folded(model: Form) -> Imported | str:
    """The spec in blocks; why there is none if it would not be the model."""
    from archcost.importers.folding import UnfoldableError, fold

    try:
        draft = fold(model)
    except UnfoldableError as problem:
        return f"Written without blocks, which cannot say this model: {problem}."
    proof = prove(write(model, draft, NO_FIGURES), model)
    if not proof.holds:
        return f"Written without blocks, since these would say another model: {proof.differences[0]}."
    return _handed_out(model, draft, proof, "")


def _refusal(model: Form, proof: Proof) -> str:
    shown = "; ".join(map(str, proof.differences[:_MAX_SHOWN]))
    return f"the spec of {model.name} would not be the model: {shown}"


def _handed_out(model: Form, draft: Draft, proof: Proof, unfolded: str) -> Imported:
    """The text once more, with what the proof has found: figures to expect, and what is not proven."""
    remarks = [*model.remarks, *proof.gaps]
    text = write(replace(model, remarks=remarks), draft, _figures(proof))
    renamed = {given.own: given.name for given in model.inputs if given.own not in ("", given.name)}
    return Imported(text, tuple(remarks), unfolded, _calls(model, proof), renamed)


def _calls(model: Form, proof: Proof) -> dict[str, SourceCall]:
    """How the source computes the layers of the spec, by their paths there."""
    steps = {model.path_of(step): step.call for step in model.steps if step.call is not None}
    return {proof.paths[path]: call for path, call in steps.items() if path in proof.paths}


def _figures(proof: Proof) -> Figures:
    """Params, MACs and output at batch 1; no MACs where some are unknown."""
    report = proof.report
    if report is None:
        return NO_FIGURES
    macs = None if report.unknown("macs") else report.totals.macs
    return Figures(report.totals.params, macs, next(iter(report.outputs.values()), None))
