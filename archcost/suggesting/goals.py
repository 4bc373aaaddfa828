"""What is to become less: a figure of the whole model, by the word that people use, and how much of it may be left."""

# Annotations stand evaluated: a NamedTuple compiles those that are text, which takes as long as all the rest of it.
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import CallError, did_you_mean
from archcost.figures import BYTES, METRICS, PREDICTED, RUN, TIME
from archcost.hardware.device import Device
from archcost.quantities import (
    UnitError,
    format_bytes,
    format_count,
    format_nanoseconds,
    parse_bytes,
    parse_count,
    parse_nanoseconds,
    parse_percent,
)

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.timing.prediction import Prediction

MACS, PARAMS = "macs", "params"
LATENCY_AT = "latency@"
GOALS = {MACS: MACS, PARAMS: PARAMS, "memory": RUN, "latency": PREDICTED}  # by the word that people use
TOLD = (PARAMS, MACS, RUN, PREDICTED)  # what is said of every suggestion, the last where there is a device
_HUNDRED = "100%"


class Saved(NamedTuple):
    """The figures of a model that a suggestion is told by; no time without a device."""

    params: int
    macs: int
    run_bytes: int
    predicted_latency: int | None = None

    def of(self, metric: str) -> int:
        """A figure by the name of its metric; 0 for a time that is not there."""
        value: int | None = getattr(self, metric)
        return value or 0

    def less(self, after: "Saved") -> "Saved":
        """What is saved where these are the figures before."""
        times = self.predicted_latency, after.predicted_latency
        gained = None if times[0] is None or times[1] is None else times[0] - times[1]
        return Saved(self.params - after.params, self.macs - after.macs, self.run_bytes - after.run_bytes, gained)


class Goal(NamedTuple):
    """A metric, and the device that times are predicted on."""

    metric: str
    device: Device | None = None

    @property
    def word(self) -> str:
        """What people call it: ``macs``, ``latency@rtx4090``."""
        if self.metric == PREDICTED and self.device is not None:
            return LATENCY_AT + self.device.name
        return next(word for word, metric in GOALS.items() if metric == self.metric)

    def figures(self, report: "Report") -> Saved:
        """The figures of a model; raises UsageError for a device on which no time can be predicted."""
        totals = report.totals
        return Saved(totals.params, totals.macs, totals.run_bytes, self._time(report))

    def _time(self, report: "Report") -> int | None:
        return None if self.device is None else self.predicted(report).nanoseconds

    def predicted(self, report: "Report") -> "Prediction":
        """The time of a model on the device."""
        from archcost.timing.kernels import RunMode
        from archcost.timing.prediction import predict

        assert self.device is not None, "times are asked of a device"
        return predict(report, self.device, RunMode())

    def by_layer(self, report: "Report") -> list[int]:
        """What each layer adds to the figure; of memory its weights and buffers, which are there all the time."""
        if self.metric == PREDICTED:
            return [layer.nanoseconds for layer in self.predicted(report).layers]
        if self.metric == RUN:
            return [layer.costs.weight_bytes + layer.costs.buffer_bytes for layer in report.layers]
        return [getattr(layer.costs, self.metric) for layer in report.layers]


def read_goal(word: str, device: Device | None = None) -> tuple[str, str]:
    """The metric that a word names, and the device in it (else empty); raises CallError for any other word."""
    if word.startswith(LATENCY_AT) and len(word) > len(LATENCY_AT):
        return PREDICTED, word.removeprefix(LATENCY_AT)
    metric = GOALS.get(word) or (word if word in GOALS.values() else "")
    if not metric:
        words = [name for name in GOALS if name != "latency"] + [f"{LATENCY_AT}DEVICE"]
        hint = did_you_mean(word, list(GOALS)) or "`archcost devices` lists devices"
        raise CallError(f"a goal is one of {', '.join(words)}, not '{word}'", hint)
    if metric == PREDICTED and device is None:
        raise CallError("a latency is that of a device", "name it: `--goal latency@4090` (`archcost devices`)")
    return metric, ""


_PARSERS = {BYTES: (parse_bytes, "64 MiB"), TIME: (parse_nanoseconds, "8 ms")}


def read_target(text: str, metric: str, now: int) -> int:
    """The most that may be left of a figure: a share of what there is now, or an amount in its unit.

    Raises CallError for what is neither, and for a share of all or more.
    """
    parse, example = _PARSERS.get(METRICS[metric].unit, (parse_count, "5 M"))
    try:
        if not text.rstrip().endswith("%"):
            amount = parse(text)
            if amount < 0:
                raise CallError(
                    f"--target is what is to be left, at least 0, got '{text}'", f"an amount such as {example}"
                )
            return min(amount.numerator // amount.denominator, now)  # more than there is asks for nothing
        share = parse_percent(text)
    except UnitError as error:
        raise CallError(f"--target: {error}", f"what is to be left: a share such as 50%, or {example}") from None
    if not 0 <= share < 1:
        raise CallError(f"--target is what is to be left, below {_HUNDRED}, got '{text}'", "half is 50%")
    return int(share * now)


def figure_names(figures: Saved) -> tuple[str, ...]:
    """The metrics that are told: without a device there is no time."""
    return TOLD if figures.predicted_latency is not None else TOLD[:-1]


def figure_text(metric: str, value: int) -> str:
    """A figure in few digits, in the unit of its metric."""
    unit = METRICS[metric].unit
    if unit == BYTES:
        return format_bytes(value)
    return format_nanoseconds(value) if unit == TIME else format_count(value)
