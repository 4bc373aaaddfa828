"""What a training run costs: FLOPs, device-hours, days, money and energy, with the utilisation that is assumed.

FLOPs are those of products, 2 × the training MACs: what the model needs, as published figures and MFU count. Time =
FLOPs ÷ (the device's dense rate × MFU). MFU, model FLOPs utilisation, is defined in Chowdhery et al. 2022, PaLM,
arXiv:2204.02311: recomputation is work of the devices, and not of the model.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.memory.checkpoints import checkpoint_ranges, refuse_no_blocks
from archcost.analysis.training_costs import step_costs
from archcost.dims import ceil_div, numel
from archcost.displays import in_line, in_notebook
from archcost.errors import UsageError
from archcost.ops.facets import Work
from archcost.timing.backward import update_kernels
from archcost.timing.eager import pipe_of
from archcost.timing.kernels import Pipe
from archcost.timing.prediction import check_runs, predict, rates_of
from archcost.timing.rates import NANOSECONDS, dense_rate, runs_in
from archcost.timing.six_n import RuleTerm, six_n, six_n_terms

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.analysis.training_costs import StepCosts
    from archcost.hardware.device import Device
    from archcost.timing.kernels import RunMode
    from archcost.timing.prediction import Prediction

HOUR = 3600  # seconds
TOKENS, SAMPLES = "tokens", "samples"
GIVEN, STEP, USUAL = "given", "step", "usual"  # where an MFU is from
USUAL_MFU = Fraction(40, 100)
USUAL_SOURCE = "38 to 43% (Llama 3 405B, arXiv:2407.21783, table 4)"


class RunLength(NamedTuple):
    """How long a training run is: so many tokens, or samples, in all, on so many devices.

    ``global_batch`` is the samples of a step over all devices; None: a batch on each.
    """

    amount: int
    unit: str
    devices: int = 1
    global_batch: int | None = None


class TrainingCost:
    """What a training run costs, by a report of a training step on a batch of one device.

    ``mfu`` is the utilisation if it is given, ``price`` that of an hour of a device in any currency, ``checkpoints``
    the patterns of the blocks that are computed again in the backward pass.
    """

    def __init__(
        self,
        report: Report,
        device: Device,
        run: RunMode,
        length: RunLength,
        *,
        mfu: Fraction | None = None,
        price: Fraction | None = None,
        checkpoints: tuple[str, ...] = (),
    ) -> None:
        self.report = report
        self.device = device
        self.run = run
        self.length = length
        self.price = price
        self.checkpoints = checkpoints
        self._given = mfu
        self.dtype = runs_in(device, run.mixed or report.dtype, _main_pipe(report))
        self.rate = dense_rate(device, self.dtype)

    def __repr__(self) -> str:
        return in_line(self, self.report.name, self.device.name, flops=self.flops, hours=round(self.device_hours))

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    # --- FLOPs ---

    @cached_property
    def step(self) -> StepCosts:
        """The passes over a batch of one device."""
        costs = [layer.costs for layer in self.report.layers]
        return step_costs(self.report.graph, costs, checkpoint_ranges(self.report.graph, self.checkpoints))

    @cached_property
    def units(self) -> int:
        """The tokens, or samples, of a batch of one device."""
        tokens = tokens_of(self.report) if self.length.unit == TOKENS else 1
        return self.report.batch * (tokens or 1)

    @property
    def model_flops(self) -> int:
        """The FLOPs of products of a batch, forward and backward, each once."""
        return 2 * (self.step.forward_macs + self.step.backward_macs)

    @property
    def flops(self) -> int:
        """The FLOPs of products of the whole training, without what is computed again; rounded down."""
        return self.length.amount * self.model_flops // self.units

    @property
    def flops_per_unit(self) -> int:
        """Those of a token, or a sample, rounded down."""
        return self.model_flops // self.units

    @property
    def recomputed_flops(self) -> int:
        """What the devices compute again in the whole training; no FLOPs of the model."""
        return self.length.amount * 2 * self.step.recomputed_macs // self.units

    @property
    def rule(self) -> int | None:
        """The FLOPs of a batch by the rule of 6 × params × tokens; None where nothing is counted in tokens."""
        return six_n(self.report, self.units) if self.length.unit == TOKENS else None

    @cached_property
    def terms(self) -> list[RuleTerm]:
        """Why the FLOPs of a batch are not those of the rule: what is added to it, in all to ``model_flops``."""
        return six_n_terms(self.report, self.units) if self.length.unit == TOKENS else []

    # --- time ---

    @cached_property
    def prediction(self) -> Prediction | None:
        """The time of a pass and an update on one device; None where a figure of the device is not known."""
        try:
            return predict(self.report, self.device, self.run)
        except UsageError:
            if self._given is None:
                raise
            return None

    @property
    def passes(self) -> int:
        """How many batches each device takes between two updates."""
        batch = self.length.global_batch
        return ceil_div(batch, self.length.devices * self.report.batch) if batch else 1

    @property
    def step_samples(self) -> int:
        """The samples of an update, over all devices."""
        return self.length.global_batch or self.length.devices * self.report.batch

    @property
    def steps(self) -> int:
        """How many updates the training has, rounded up."""
        return ceil_div(self.length.amount * self.report.batch, self.units * self.step_samples)

    @cached_property
    def step_mfu(self) -> Fraction | None:
        """The utilisation that the predicted time of a step means: one device alone, that waits for no other.

        With checkpoints the forward kernels of these blocks run again. None without a prediction.
        """
        found = self.prediction
        if found is None or not found.nanoseconds:
            return None
        rates = rates_of(self.device, found.run, self.report.graph)
        update = sum(rates.time(kernel).nanoseconds for kernel in update_kernels(self.report, self.run.optimizer))
        spent = self.passes * (found.nanoseconds - update + self._again(found)) + update
        return Fraction(self.passes * self.model_flops * NANOSECONDS, spent * self.rate)

    def _again(self, found: Prediction) -> int:
        """The nanoseconds of what is computed again."""
        ranges = checkpoint_ranges(self.report.graph, self.checkpoints)
        if not ranges:
            return 0
        forward = predict(self.report, self.device, found.run._replace(training=False)).layers
        return sum(forward[index].nanoseconds for nodes in ranges for index in nodes)

    @cached_property
    def mfu(self) -> Fraction:
        """The share of the device's dense rate that the model's FLOPs are assumed to take up, over the whole run."""
        return self._assumed[0]

    @property
    def mfu_from(self) -> str:
        """Where it is from: it is given, that of the predicted step, or what runs on many devices have reached."""
        return self._assumed[1]

    @cached_property
    def _assumed(self) -> tuple[Fraction, str]:
        if self._given is not None:
            return self._given, GIVEN
        step = self.step_mfu
        if step is None or step > USUAL_MFU:
            return USUAL_MFU, USUAL
        return step, STEP

    @property
    def device_seconds(self) -> Fraction:
        """The time of all devices together."""
        return Fraction(self.flops) / (self.rate * self.mfu)

    @property
    def device_hours(self) -> float:
        """The same in hours, for people who compute with it."""
        return float(self.device_seconds / HOUR)

    @property
    def days(self) -> float:
        """How long it takes."""
        return float(self.device_seconds / (24 * HOUR * self.length.devices))

    @property
    def money(self) -> float | None:
        """The price of the device-hours, in its currency; None where no price is given."""
        return None if self.price is None else float(self.device_seconds / HOUR * self.price)

    @property
    def energy_wh(self) -> int | None:
        """Watt-hours of devices that always draw their printed power, rounded down; None where it is not known."""
        watts = self.device.power_watts
        return None if watts is None else int(self.device_seconds * watts / HOUR)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        from archcost.timing.training_cost_data import training_cost_data

        return {**training_cost_data(self)}


def _main_pipe(report: Report) -> Pipe:
    """What most products of a model are."""
    macs = dict.fromkeys(Pipe, 0)
    for layer in report.layers:
        convolves = layer.node.op.work in (Work.CONVOLUTION, Work.TRANSPOSED)
        macs[pipe_of(layer.node) if convolves else Pipe.MATRICES] += layer.costs.macs
    return max(macs, key=macs.__getitem__)


def tokens_of(report: Report) -> int | None:
    """The tokens of a sample: the length of its first input, where all inputs are whole numbers; None for others."""
    inputs = list(report.graph.inputs.values())
    if not inputs or any("int" not in kind.dtype for kind in inputs):
        return None
    return numel(inputs[0].shape) // report.batch


def told(cost: TrainingCost) -> TrainingCost:
    """The cost, once it is sure that it can be told.

    Raises UsageError for tokens of a model that reads none, a layer of which the MACs are unknown, a model of which
    nothing trains, more devices than samples in a step, and a device of which no rate or, without ``mfu``, no
    bandwidth is known.
    """
    report, length = cost.report, cost.length
    check_runs(report, cost.run)
    refuse_no_blocks(report, cost.checkpoints)
    if length.unit == TOKENS and tokens_of(report) is None:
        inputs = ", ".join(f"'{name}' is {kind.dtype}" for name, kind in report.graph.inputs.items())
        message = f"{report.name} is not trained on tokens alone: {inputs}"
        raise UsageError(message, "count samples: `--samples N`, the images or the like times the epochs")
    if cost.step.unknown_macs:
        named = ", ".join(cost.step.unknown_macs[:3])
        raise UsageError(f"the MACs of {named} in {report.name} are unknown", "declare `macs` there")
    if not cost.step.backward_macs:
        raise UsageError(f"nothing of {report.name} trains", "all of its weights are frozen, or it has none")
    _check_global_batch(length, report.batch)
    _ = cost.mfu  # it raises for a device without the figures
    return cost


def _check_global_batch(length: RunLength, batch: int) -> None:
    """Raise UsageError for a step in which devices would not have the same whole number of batches each."""
    wanted, at_once = length.global_batch, length.devices * batch
    if not wanted or wanted % at_once == 0:
        return
    if wanted < at_once:
        message = f"a global batch of {wanted:,} is not enough for {length.devices:,} devices"
        raise UsageError(message, f"each takes a batch of {batch:,}: `--batch`")
    message = f"a global batch of {wanted:,} does not divide into batches of {batch:,} on {length.devices:,} devices"
    below = wanted // at_once * at_once
    raise UsageError(message, f"{below:,} and {below + at_once:,} do, the multiples of {batch:,} × {length.devices:,}")
