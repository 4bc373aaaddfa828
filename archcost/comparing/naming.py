"""Labels that tell compared models apart: name and settings, and the path if these are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.graph.params import set_params
from archcost.ops.fields import shown
from archcost.phrases import told_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report


def _label(report: Report) -> str:
    """A model's name, the params that were set, and the shapes of inputs that were given."""
    given = [f"{name}={_spelled(report.params[name])}" for name in set_params(report.graph)]
    shapes = [f"{name}={'×'.join(map(str, shape))}" for name, shape in report.given_inputs.items()]
    batch = [f"batch={report.batch}"] if report.batch != 1 else []
    return " ".join([report.name, *given, *shapes, *batch])


def _spelled(value: object) -> str:
    """A param's value as ``--set`` takes it, all of it: only that tells some models apart."""
    return value if isinstance(value, str) else shown(value, whole=True)


def model_names(reports: Sequence[Report]) -> list[str]:
    """The name of each model; where several specs have one name, what each is called on the command line."""
    return told_apart([report.name for report in reports], [report.spec.place for report in reports])


def labels(reports: Sequence[Report]) -> list[str]:
    """A label for each model; where labels would be equal, what the model is called on the command line.

    Dtypes that were given are told where not all have them.
    """
    dtypes = [report.graph.settings.dtypes for report in reports]
    given = [[f"{name.replace('_', '-')}={dtype}" for name, dtype in own.items()] for own in dtypes]
    told = given if any(own != given[0] for own in given) else [[]] * len(given)
    found = [" ".join([_label(report), *own]) for report, own in zip(reports, told, strict=True)]
    return [text if found.count(text) == 1 else report.spec.place for text, report in zip(found, reports, strict=True)]
