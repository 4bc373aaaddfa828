"""Single analyses of designs: figures that are no sums, and what is wrong with an invalid design."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.report import analyze
from archcost.errors import Diagnostic, SpecError, UsageError
from archcost.figures import PEAK, PREDICTED, RUN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.analysis.report import Report
    from archcost.hardware.device import Device
    from archcost.sweeping.space import Space
    from archcost.timing.error_classes import ErrorClass
    from archcost.timing.prediction import Prediction

PER_ROW = (PEAK, RUN, PREDICTED)
MAX_ANALYSES = 5_000  # a run of a few seconds to a minute


def analysis_of(space: Space, design: Sequence[int]) -> Report:
    """The analysis of one design; raises SpecError with what is wrong with it."""
    return analyze(space.spec, space.settings_of(design))


def error_of(space: Space, design: Sequence[int]) -> SpecError | None:
    """What is wrong with one design, as a single analysis tells it; None for a valid one."""
    try:
        analysis_of(space, design)
    except SpecError as error:
        return error
    return None


class Singles:
    """What single analyses of the designs of a space give; each is made once."""

    def __init__(self, space: Space, device: Device | None = None) -> None:
        self._space = space
        self._device = device
        self._known: dict[tuple[int, ...], dict[str, int]] = {}
        self.made = 0
        self.predictions: dict[ErrorClass | None, Prediction] = {}  # the first of each kind, for how wrong it may be

    def figures(self, design: Sequence[int], metrics: Iterable[str]) -> dict[str, int]:
        """Figures of a valid design by name; raises SpecError for one that is not."""
        key = tuple(design)
        known = self._known.setdefault(key, {})
        if not known:
            report = analysis_of(self._space, design)
            self.made += 1
            known.update({name: getattr(report.totals, name) for name in (PEAK, RUN)})
            if self._device is not None:
                known[PREDICTED] = self._time(report, self._device)
        return {name: known[name] for name in metrics}

    def _time(self, report: Report, device: Device) -> int:
        from archcost.timing.prediction import execution_of, predict

        found = predict(report, device, execution_of())
        self.predictions.setdefault(found.error, found)
        return found.nanoseconds

    def error(self, design: Sequence[int]) -> SpecError:
        """What is wrong with an invalid design."""
        return error_of(self._space, design) or SpecError([Diagnostic("the design is valid by itself")])


class Refusal(NamedTuple):
    """What would need too many analyses, and a way out."""

    analyses: int
    metrics: tuple[str, ...]

    def error(self) -> UsageError:
        """As a usage error."""
        names = ", ".join(self.metrics)
        message = f"{names}: {self.analyses:,} single analyses, one a design, and at most {MAX_ANALYSES:,} are made"
        hint = "bound params or macs with --where first, vary less, or draw designs with --sample N"
        return UsageError(message, hint)


def check_device(metrics: Iterable[str], device: Device | None) -> None:
    """Raise UsageError for a predicted time without a device to predict it for."""
    if PREDICTED in metrics and device is None:
        raise UsageError(f"{PREDICTED} is of a device", "name one with --device, such as `--device t4`")
