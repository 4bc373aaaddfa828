"""Verifications for sheets: a row a layer with every count, and one for each mismatch of a model as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.pytorch.verification import NOT_VERIFIED
from archcost.render.beside import BESIDE_HEADINGS, beside_record
from archcost.render.document import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.dims import Shape
    from archcost.pytorch.correspondence import Pair
    from archcost.pytorch.verification import LayerCheck, Verification, VerificationOutcome

_COUNTS = (
    "output",
    "measured_output",
    "params",
    "measured_params",
    "buffers",
    "measured_buffers",
    "macs",
    "torch_macs",
    "fvcore_macs",
    "second_path_macs",
)
_TIMES = ("median_seconds", "iqr_seconds", "p95_seconds", "runs", "reason")
_TARGET = ("target_path", "target_params", "target_macs", "target_output", "kinship")


def verification_records(outcomes: Sequence[VerificationOutcome]) -> Records:
    """Every layer of every model; times and the other model's figures where there are any.

    ``verdict`` is ``ok``, ``wrong``, ``declared``, ``not proved`` where the model that the spec is compared with has no
    layer of a known kind with the tensors, or ``not verified`` of a spec with errors, and of layers that PyTorch did
    not come to. ``mismatch`` says what is wrong. What contradicts no layer but a model or a scope has a row of its own.
    """
    done = [outcome.verification for outcome in outcomes if outcome.verification is not None]
    timed, held = any(each.clock for each in done), any(each.against for each in done)
    predicted = BESIDE_HEADINGS * any(each.beside for each in done)
    headings = ("model", "path", "op", *_COUNTS, *_TIMES * timed, *predicted, *_TARGET * held, "verdict", "mismatch")
    rows: list[Sequence[object]] = []
    for outcome in outcomes:
        if outcome.verification is None:
            row = {"model": outcome.name, "verdict": NOT_VERIFIED, "mismatch": _messages(outcome)}
            rows.append([row.get(heading) for heading in headings])
        else:
            rows += [[row.get(heading) for heading in headings] for row in _rows(outcome.verification)]
    return Records(headings, rows)


def _messages(outcome: VerificationOutcome) -> str:
    return "; ".join(diagnostic.message for diagnostic in outcome.diagnostics)


def _rows(verification: Verification) -> Iterator[dict[str, object]]:
    against = verification.against
    pairs = {pair.path: pair for pair in against.pairs} if against is not None else {}
    unproved = against.unproved if against is not None else {}
    told: dict[str, list[str]] = {layer.path: [] for layer in verification.layers}
    for mismatch in verification.mismatches:
        if mismatch.path in told:
            told[mismatch.path].append(str(mismatch))
        else:
            where = {"model": verification.name, "path": mismatch.path, "op": mismatch.op}
            yield {**where, "verdict": "wrong", "mismatch": str(mismatch)}
    beside = verification.beside
    for layer in verification.layers:
        found = told[layer.path]
        yield {
            "model": verification.name,
            "path": layer.path,
            "op": layer.op,
            **_counts(layer),
            **_times(layer),
            **dict(zip(BESIDE_HEADINGS, beside_record(beside.get(layer.path)), strict=True)),
            **_target(pairs.get(layer.path)),
            "verdict": _verdict(layer, found, proved=layer.path not in unproved),
            "mismatch": "; ".join(found),
        }


def _verdict(layer: LayerCheck, mismatches: Sequence[str], *, proved: bool) -> str:
    if mismatches:
        return "wrong"
    if layer.declared:
        return "declared"
    if not layer.ok:
        return NOT_VERIFIED
    return "ok" if proved else "not proved"


def _counts(layer: LayerCheck) -> dict[str, object]:
    return {
        "output": _shapes(layer.output),
        "measured_output": _shapes(layer.measured_output),
        "params": layer.params,
        "measured_params": layer.measured_params,
        "buffers": layer.buffers,
        "measured_buffers": layer.measured_buffers,
        "macs": None if layer.unknown_macs else layer.macs,
        "torch_macs": layer.torch_macs,
        "fvcore_macs": layer.fvcore_macs,
        "second_path_macs": layer.second_macs,
    }


def _times(layer: LayerCheck) -> dict[str, object]:
    if layer.time is None:
        return {}
    timing = layer.time.timing
    return {
        "median_seconds": timing.median,
        "iqr_seconds": timing.iqr,
        "p95_seconds": timing.p95,
        "runs": timing.runs,
        "reason": layer.time.reason,
    }


def _target(pair: Pair | None) -> dict[str, object]:
    if pair is None:
        return {}
    return {
        "target_path": pair.other,
        "target_params": pair.other_params,
        "target_macs": pair.other_macs,
        "target_output": _shapes((pair.other_output,)) if pair.other_output is not None else None,
        "kinship": pair.kinship.value,
    }


def _shapes(shapes: tuple[Shape, ...] | None) -> str | None:
    """As ``1x64x28x28``, several joined by spaces."""
    return None if shapes is None else " ".join("x".join(map(str, shape)) for shape in shapes)
