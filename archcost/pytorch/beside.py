"""A prediction beside a measurement: the ratio, and whether it is within the error that predictions of its kind have.

Measured times are floats in seconds, predicted ones whole nanoseconds; neither stands for the other. Imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypedDict

from archcost.documents import Count
from archcost.hardware.device import CPU
from archcost.paths import inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.pytorch.timing import Latency
    from archcost.timing.prediction import Prediction

_NANO = 1e9
_MILLE = 1000


class BesideMeasuredData(TypedDict):
    """A predicted time beside the measured one; null: nothing was measured, or no error of this kind is stated."""

    predicted_ns: Count
    predicted_over_measured: float | None
    outside_stated_error: bool | None


class Beside(NamedTuple):
    """What is predicted, what was measured, and the error of nine of ten predictions of the kind in thousandths.

    ``seconds`` is None where nothing was measured, ``p90`` where predictions of the kind are not validated.
    """

    nanoseconds: int
    seconds: float | None
    p90: int | None

    @property
    def ratio(self) -> float | None:
        """Predicted ÷ measured time; None where nothing was measured, or nothing is predicted to run."""
        return self.nanoseconds / _NANO / self.seconds if self.seconds and self.nanoseconds else None

    @property
    def outside(self) -> bool | None:
        """Whether the predicted speed differs from the measured one by more than the stated error; None: not known.

        The error is of speed, as error classes are: |measured ÷ predicted time − 1|.
        """
        ratio = self.ratio
        return None if ratio is None or self.p90 is None else abs(1 / ratio - 1) > self.p90 / _MILLE

    def to_dict(self) -> BesideMeasuredData:
        """The JSON form."""
        return {
            "predicted_ns": self.nanoseconds,
            "predicted_over_measured": self.ratio,
            "outside_stated_error": self.outside,
        }


def model_beside(latency: Latency) -> Beside | None:
    """The whole model; None where nothing is predicted."""
    found = latency.prediction
    return None if found is None else Beside(found.nanoseconds, latency.total.median, _p90(found))


def layers_beside(latency: Latency) -> list[Beside | None]:
    """Each layer that was measured; None for others, and for all where a compiler fuses what is measured alone."""
    found = latency.prediction
    if found is None or found.run.compiled:
        return [None] * len(latency.layers)
    return [
        None if timing is None else Beside(time.nanoseconds, timing.median, _p90(found))
        for time, timing in zip(found.layers, latency.layers, strict=bool(latency.layers))
    ]


def part_beside(latency: Latency, layers: Iterable[Beside | None], path: str, times: int = 1) -> Beside | None:
    """Of the layers of a model one, or those of a scope together, as often as they are repeated; None for none."""
    pairs = zip(latency.report.layers, layers, strict=True)
    return together([found for layer, found in pairs if found is not None and inside(layer.path, path)], times)


def together(parts: Iterable[Beside], times: int = 1) -> Beside | None:
    """Several as one; None for none."""
    found = list(parts)
    if not found:
        return None
    seconds = sum(part.seconds or 0.0 for part in found)
    return Beside(times * sum(part.nanoseconds for part in found), times * seconds, found[0].p90)


def mismatch_of(latency: Latency) -> list[str]:
    """What makes a comparison doubtful: a prediction for another kind of device, or for other threads than measured."""
    found, environment = latency.prediction, latency.environment
    if found is None:
        return []
    if (found.device.kind == CPU) != (environment.device == "cpu"):
        return [f"measured on {environment.device}, predicted for {found.device.label}: they are not the same"]
    threads = found.device.measured.threads if found.device.kind == CPU and found.device.measured else None
    if threads in (None, environment.threads):
        return []
    return [f"measured with --threads {environment.threads}, predicted for --threads {threads}: give both the same"]


def _p90(prediction: Prediction) -> int | None:
    return prediction.error.p90 if prediction.error is not None else None
