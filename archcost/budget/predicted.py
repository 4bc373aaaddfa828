"""Limits on the time that is predicted for a device: what takes most of it, and how wrong it may be."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING

from archcost.budget.contributors import TOP
from archcost.budget.verdict import Contributor
from archcost.quantities import format_share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.analysis.report import Report
    from archcost.hardware.device import Device
    from archcost.spec.budget_limits import Limit
    from archcost.timing.prediction import Prediction


def predicted(report: Report, limit: Limit, own: Mapping[str, Device]) -> tuple[Prediction, Limit]:
    """The prediction for the device of a limit, and the limit with how wrong that may be in its text.

    ``own`` are the devices of the configuration. Raises UsageError for a device that there is not, and one of which a
    figure that is needed is not known.
    """
    from archcost.hardware.names import find
    from archcost.timing.kernels import RunMode
    from archcost.timing.prediction import predict

    found = predict(report, find(limit.device, own), RunMode())
    error = found.error
    words = f"±{format_share(error.median, 1000)} by the median" if error else "not validated"
    return found, limit._replace(text=f"{limit.text} ({words})")


def slowest(found: Prediction) -> tuple[Contributor, ...]:
    """The layers that take longest."""
    weights = [
        Contributor(time.path, layer.op, time.nanoseconds)
        for layer, time in zip(found.report.layers, found.layers, strict=True)
        if time.nanoseconds
    ]
    return tuple(nlargest(TOP, weights, key=lambda weight: weight.figure))
