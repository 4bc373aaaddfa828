"""The models of the zoo by family, and as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from archcost.documents import Count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.analysis.report import Report

_NO_FAMILY = "Others"


class ZooModelData(TypedDict):
    """A model of the zoo: its figures, the params that can be set, and where it is described."""

    name: str
    family: str
    params: Count
    macs: Count
    peak_activation_bytes: Count
    settings: dict[str, Any]
    source: str


def families(reports: Iterable[Report]) -> dict[str, list[Report]]:
    """The models by family, in the order of the families' names; those without one come last."""
    groups: dict[str, list[Report]] = {}
    for report in reports:
        groups.setdefault(report.spec.family or _NO_FAMILY, []).append(report)
    return dict(sorted(groups.items(), key=lambda item: (item[0] == _NO_FAMILY, item[0].casefold())))


def zoo_data(reports: Iterable[Report]) -> list[ZooModelData]:
    """The JSON form: an object a model, by family."""
    return [_model(report) for members in families(reports).values() for report in members]


def _model(report: Report) -> ZooModelData:
    return {
        "name": report.name,
        "family": report.spec.family,
        "params": report.totals.params,
        "macs": report.totals.macs,
        "peak_activation_bytes": report.totals.peak_activation_bytes,
        "settings": dict(report.params),
        "source": report.spec.source,
    }
