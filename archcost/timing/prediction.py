"""A prediction: how long each layer of a model takes on a device, what bounds it, and how wrong that may be."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.displays import in_line, in_notebook
from archcost.errors import CallError, UsageError, suggestion
from archcost.hardware.device import CPU
from archcost.quantities import format_ratio
from archcost.timing.kernels import Pipe, RunMode
from archcost.timing.precision import FLOAT32
from archcost.timing.rates import ARITHMETIC, LAUNCH, MEMORY, NANOSECONDS, PRODUCTS, Rates, taken_as_float32

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.graph.model import Graph
    from archcost.hardware.device import Device
    from archcost.timing.error_classes import ErrorClass
    from archcost.timing.kernels import DeviceKernel
    from archcost.timing.measured_rates import MeasuredRates

PAGE_FAULTS = "page faults"
BOUNDS = (PRODUCTS, MEMORY, ARITHMETIC, LAUNCH)
MIXED = ("bfloat16", "float16")
FEW = 100  # samples a second, of which a fraction counts


class PredictedTime(NamedTuple):
    """The time of a layer, and what most of it is spent on; 0 and "" for one that runs nothing of its own."""

    path: str
    nanoseconds: int
    by: str


class Prediction:
    """How long a run of a model takes on a device: the sum over its kernels, each as long as what bounds it.

    ``report`` is the model under its settings (batch, dtype, training), ``run`` how it is executed.
    """

    def __init__(self, report: Report, device: Device, run: RunMode) -> None:
        self.report = report
        self.device = device
        self.run = run._replace(tensor_cores=device.kind != CPU)

    def __repr__(self) -> str:
        return in_line(self, self.report.name, self.device.name, nanoseconds=self.nanoseconds)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @cached_property
    def kernels(self) -> list[DeviceKernel]:
        """What the device runs, in order."""
        return kernels_of(self.report, self.run)

    @property
    def layers(self) -> list[PredictedTime]:
        """The time of each layer of the report; of a fused group it stands with the last."""
        return self._times[:-1]

    @property
    def update_ns(self) -> int:
        """What the optimizer takes to update the params of a training step, which is in no layer; 0 of a pass."""
        return self._times[-1].nanoseconds

    @cached_property
    def _times(self) -> list[PredictedTime]:
        """The time of each layer, and behind them that of the update."""
        nodes = self.report.graph.nodes
        rates = rates_of(self.device, self.run, self.report.graph)
        spent: list[dict[str, int]] = [{} for _ in range(len(nodes) + 1)]
        for kernel, time in zip(self.kernels, rates.times(self.kernels), strict=True):
            own = spent[-1 if kernel.update else kernel.node]
            own[time.by] = own.get(time.by, 0) + time.nanoseconds
        return [
            PredictedTime(path, sum(own.values()), max(own, key=own.__getitem__, default=""))
            for path, own in zip([*[node.path for node in nodes], ""], spent, strict=True)
        ]

    @cached_property
    def unknown(self) -> list[str]:
        """The paths of the layers of which the MACs are unknown: the time has no products of theirs."""
        return [layer.path for layer in self.report.layers if layer.costs.unknown_macs]

    @cached_property
    def guessed_rate(self) -> str:
        """The half precision of products that are taken at the rate of float32, for none of its own is known; or ""."""
        halves = {kernel.dtype for kernel in self.kernels if kernel.macs and kernel.pipe is not Pipe.DEPTHWISE}
        return next((dtype for dtype in MIXED if dtype in halves and taken_as_float32(self.device, dtype)), "")

    @cached_property
    def nanoseconds(self) -> int:
        """The time of the whole batch: a pass, or a training step: all layers, the update and page faults."""
        return sum(time.nanoseconds for time in self._times) + self.page_fault_ns

    @cached_property
    def page_faults(self) -> int:
        """The pages that a run touches anew, of a process that runs this model alone, again and again.

        0 where the device does not say what they cost, and for other runs than eager inference in float32.
        """
        measured, run = self.device.measured, self.run
        usual = not (run.compiled or run.training or run.mixed or run.channels_last or run.plain_attention)
        if not (measured and measured.page_fault_ns and usual and self.report.dtype == FLOAT32):
            return 0
        from archcost.timing.page_faults import page_faults

        return page_faults(self.report, measured.threads)

    @property
    def page_fault_ns(self) -> int:
        """What they take, which is in the time of the batch and in that of no layer."""
        return self.page_faults * self.device.measured.page_fault_ns if self.device.measured else 0

    @property
    def latency_ms(self) -> float:
        """The time of the whole batch in milliseconds, for people who compute with it."""
        return self.nanoseconds / 10**6

    @property
    def throughput(self) -> int:
        """Samples a second, rounded down."""
        return self.report.batch * NANOSECONDS // self.nanoseconds if self.nanoseconds else 0

    @property
    def rate_text(self) -> str:
        """The same as people read it: of few samples a second with what is behind the point; "" if nothing runs."""
        if not self.nanoseconds:
            return ""
        if self.throughput >= FEW:
            return f"{self.throughput:,}"
        from fractions import Fraction

        return format_ratio(Fraction(self.report.batch * NANOSECONDS, self.nanoseconds))

    @cached_property
    def bounds(self) -> dict[str, int]:
        """The nanoseconds by what bounds the layers and the update, and those of page faults, if any."""
        found = dict.fromkeys(BOUNDS, 0)
        for time in self._times:
            if time.by:
                found[time.by] += time.nanoseconds
        return found | ({PAGE_FAULTS: self.page_fault_ns} if self.page_fault_ns else {})

    @cached_property
    def error(self) -> ErrorClass | None:
        """How wrong predictions of this kind have been; None where none was held against measurements."""
        from archcost.timing.error_classes import error_class

        return error_class(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        from archcost.timing.data import prediction_data

        return {**prediction_data(self)}


def rates_of(device: Device, run: RunMode, graph: Graph) -> Rates | MeasuredRates:
    """The rates of a device: those that were measured of it, or the shares of printed ones that its kind reaches."""
    if device.measured is None:
        return Rates(device, run)
    from archcost.timing.measured_rates import MeasuredRates

    return MeasuredRates(device, graph)


def kernels_of(report: Report, run: RunMode) -> list[DeviceKernel]:
    """What a device runs for a model, in order."""
    if run.compiled:
        from archcost.timing.fusion import Fusion

        fusion = Fusion(report, run)
        layers, forward = fusion.layers, fusion.kernels()
    else:
        from archcost.timing.eager import eager_kernels
        from archcost.timing.layers import Layers

        layers = Layers(report, run)
        forward = eager_kernels(layers)
    if not run.training:
        return forward
    from archcost.timing.backward import training_kernels

    return training_kernels(report, layers, forward)


def check_runs(report: Report, run: RunMode) -> None:
    """Raise UsageError for a part of a model, and for autocast of weights that are not in float32."""
    if run.mixed and report.dtype != "float32":
        message = f"--mixed runs float32 weights in {run.mixed}, and {report.name} has {report.dtype}"
        raise UsageError(message, "`--dtype float32` gives it such weights; or leave --mixed out")
    if not report.complete:
        raise UsageError(f"{report.name} is not whole, so no time can be predicted")


def predict(report: Report, device: Device, run: RunMode) -> Prediction:
    """The time of a model on a device.

    Raises UsageError for a device of which no bandwidth or no rate in the dtype is known, and for autocast of weights
    that are not in float32.
    """
    check_runs(report, run)
    found = Prediction(report, device, run)
    found.layers  # noqa: B018 - it raises for a device without the figures
    return found


def execution_of(
    *,
    mixed: str | None = None,
    compiled: bool = False,
    channels_last: bool = False,
    training: bool = False,
    optimizer: str | None = None,
    plain_attention: bool = False,
) -> RunMode:
    """How a model is run, from the words that people give; an optimizer implies training.

    Raises CallError for a word that names nothing, and for plain attention under torch.compile.
    """
    from archcost.analysis.memory.optimizers import OPTIMIZERS

    for what, word, names in (("half precision", mixed, MIXED), ("optimizer", optimizer, tuple(OPTIMIZERS))):
        if word is not None and word not in names:
            raise CallError(f"there is no {what} '{word}'", suggestion(word, list(names), f"{what}s"))
    if plain_attention and compiled:
        raise CallError("torch.compile fuses attention that is written out", "leave one of the two out")
    trains = training or optimizer is not None
    return RunMode(mixed or "", compiled, channels_last, trains, optimizer or "sgd", plain_attention=plain_attention)
