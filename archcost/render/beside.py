"""Predicted beside measured times as text: columns of their own, the ratio, and a mark outside the stated error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.pytorch.beside import mismatch_of, model_beside
from archcost.quantities import format_nanoseconds, format_ratio, format_share
from archcost.render.document import Cell, Column
from archcost.render.prediction import caveats, how

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.pytorch.beside import Beside
    from archcost.pytorch.timing import Latency

OUTSIDE = "outside"
BESIDE_HEADINGS = ("predicted_ns", "predicted_over_measured", "outside_stated_error")
_RATIO = "pred./meas."


def beside_columns(parts: Sequence[Beside | None], whole: Beside | None = None) -> list[Column]:
    """What is predicted, the ratio, and a mark where that is outside the stated error; ``whole`` stands below."""
    marks = [_mark(part) for part in parts]
    columns = [
        Column("predicted", [_time(part) for part in parts], _time(whole) if whole else "", right=True),
        Column(_RATIO, [_ratio(part) for part in parts], _ratio(whole) if whole else "", right=True),
    ]
    return [*columns, Column("error", marks)] if any(marks) else columns


def beside_lines(latency: Latency) -> list[str]:
    """What is predicted of a model, how far that is from what was measured, and how wrong it may be."""
    found, beside = latency.prediction, model_beside(latency)
    if found is None or beside is None:
        return []
    where = {True: f", {OUTSIDE} the stated error", False: ", within the stated error"}
    verdict = where[beside.outside] if beside.outside is not None else ""
    times = f"{_time(beside)} on {found.device.label} ({how(found)}): {_ratio(beside)} of the measured time{verdict}"
    lines = [times, *caveats(found)]
    if not latency.layers:
        return lines
    if found.error is None:
        lines.append("no error is stated for this kind, so nothing is marked")
    else:
        limit = format_share(found.error.p90, 1000)
        lines.append(f"a layer is marked where speed is off by more than {limit}, the error of nine models of ten")
    return lines


def doubts(latency: Latency) -> list[str]:
    """What makes the comparison doubtful."""
    return mismatch_of(latency)


def beside_record(part: Beside | None) -> tuple[object, ...]:
    """The cells under ``BESIDE_HEADINGS``."""
    return (None,) * 3 if part is None else (part.nanoseconds, part.ratio, part.outside)


def _time(part: Beside | None) -> str:
    return "–" if part is None else format_nanoseconds(part.nanoseconds)


def _ratio(part: Beside | None) -> str:
    from fractions import Fraction

    return "–" if part is None or part.ratio is None else format_ratio(Fraction(part.ratio))


def _mark(part: Beside | None) -> Cell | str:
    return Cell(OUTSIDE, style="yellow") if part is not None and part.outside else ""
