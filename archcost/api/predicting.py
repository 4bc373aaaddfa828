"""How long a model takes on a device, and what it costs to train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.api.hardware import device_in
from archcost.api.models import report_of
from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from archcost.analysis.report import Report
    from archcost.api.models import AnyInputs, AnySpec
    from archcost.hardware.device import Device
    from archcost.timing.kernels import RunMode
    from archcost.timing.prediction import Prediction
    from archcost.timing.training_cost import RunLength, TrainingCost

_AMOUNT = "write it like 2e12, 2T or 1.28M"
_MOST = 10**24  # of tokens and the like, and of a price: far beyond what there is, and within what a float can hold
_LEAST_SHARE = 10**6  # its part is the least MFU


def predict(
    spec: AnySpec | Report,
    *,
    device: str | os.PathLike[str] | Device,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    mixed: str | None = None,
    compiled: bool = False,
    channels_last: bool = False,
    plain_attention: bool = False,
    training: bool = False,
    optimizer: str | None = None,
) -> Prediction:
    """How long a pass of a model takes on a device, or a training step, layer by layer, and how wrong that may be.

    ``device`` is a name, a file or a :class:`Device`. ``dtype`` is that of weights and activations, ``mixed`` the half
    precision of autocast over float32 weights; ``compiled`` is under torch.compile, ``channels_last`` in that layout,
    ``plain_attention`` with the scores of attention in memory, as before PyTorch 2.0.
    An ``optimizer`` (sgd, adamw …) is that of a ``training`` step, and implies one. Nothing is measured: kernels take
    as long as their products, their bytes or their launch. Raises UsageError for a device that there is not, and one of
    which a figure that is needed is not known, and what :func:`archcost.analyze` raises.
    """
    from archcost.timing.prediction import execution_of
    from archcost.timing.prediction import predict as predict_time

    run = execution_of(
        mixed=mixed,
        compiled=compiled,
        channels_last=channels_last,
        training=training,
        optimizer=optimizer,
        plain_attention=plain_attention,
    )
    settings = Settings(params or {}, batch, run.training, dtype, weight_dtype, shapes_by_name(inputs))
    report = _report(spec, settings, run)
    return predict_time(report, device_in(device), run._replace(training=report.graph.training))


def training_cost(
    spec: AnySpec | Report,
    *,
    device: str | os.PathLike[str] | Device,
    tokens: float | str | None = None,
    samples: float | str | None = None,
    devices: int = 1,
    price_per_hour: float | str | None = None,
    mfu: float | str | None = None,
    global_batch: int | None = None,
    checkpoint: Sequence[str] = (),
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    dtype: str | None = None,
    mixed: str | None = None,
    compiled: bool = False,
    channels_last: bool = False,
    plain_attention: bool = False,
    optimizer: str | None = None,
) -> TrainingCost:
    """What it costs to train a model: FLOPs, device-hours, days, money and energy, and how far 6 × params × tokens is.

    The run is as long as ``tokens`` or ``samples`` say in all, epochs included: ``2e12``, ``"2T"``. ``price_per_hour``
    is of one device, in any currency. ``mfu`` is the share of the device's dense rate that the model's products take
    up: ``0.4``, ``"40%"``; without it that of the predicted step, but no more than long runs have reached.
    ``batch`` is what a device takes at once, ``global_batch`` the samples between two updates over all ``devices``.
    ``checkpoint`` names the blocks that are computed again. All else is as of :func:`predict`, in a training step.
    Raises UsageError for what cannot be told, such as tokens of a model of images, and what :func:`predict` raises.
    """
    from archcost.timing.prediction import execution_of
    from archcost.timing.training_cost import TrainingCost, told

    length = _length(tokens, samples, devices, global_batch)
    share, price = _share(mfu), _price(price_per_hour)
    run = execution_of(
        mixed=mixed,
        compiled=compiled,
        channels_last=channels_last,
        training=True,
        optimizer=optimizer,
        plain_attention=plain_attention,
    )
    report = _report(spec, Settings(params or {}, batch, True, dtype, inputs=shapes_by_name(inputs)), run)
    cost = TrainingCost(report, device_in(device), run, length, mfu=share, price=price, checkpoints=tuple(checkpoint))
    return told(cost)


def _report(spec: AnySpec | Report, settings: Settings, run: RunMode) -> Report:
    """The report of a spec, or the one that is given; raises UsageError where that one is of inference, wrongly."""
    from archcost.analysis.report import Report as ReportType
    from archcost.errors import UsageError

    if isinstance(spec, ReportType):  # it has its settings already
        settings = settings._replace(training=False)
    report = report_of(spec, settings)
    if run.training and not report.graph.training:
        raise UsageError(f"the report of {report.name} is of inference", "analyse it with `training=True`")
    return report


def _length(
    tokens: float | str | None, samples: float | str | None, devices: int, global_batch: int | None
) -> RunLength:
    from archcost.errors import CallError
    from archcost.timing.training_cost import SAMPLES, TOKENS, RunLength

    given = {TOKENS: tokens, SAMPLES: samples}
    units = [unit for unit, amount in given.items() if amount is not None]
    if len(units) != 1:
        raise CallError("a training run is as long as its tokens, or its samples", "give one: `--tokens`, `--samples`")
    for name, count in (("devices", devices), ("global-batch", global_batch)):
        if count is not None and (type(count) is not int or not 1 <= count <= _MOST):
            raise CallError(f"--{name} takes a whole number from 1 to 1e24, got {_shown(count)}")
    (unit,) = units
    return RunLength(_amount(given[unit], unit), unit, devices, global_batch)


def _shown(count: object) -> str:
    """A number as it was given, of no more digits than anybody reads."""
    return "one of more digits" if isinstance(count, int) and abs(count) > _MOST else repr(count)


def _amount(given: float | str | None, unit: str) -> int:
    """A whole number of tokens or samples, however it is written."""
    from archcost.errors import CallError
    from archcost.quantities import UnitError, parse_count

    try:
        amount = parse_count(given if given is not None else "")
    except UnitError as error:
        raise CallError(f"--{unit}: {error}", _AMOUNT) from None
    if not 1 <= amount <= _MOST or amount.denominator != 1:
        raise CallError(f"--{unit} takes a whole number from 1 to 1e24, got '{given}'", _AMOUNT)
    return amount.numerator


def _share(given: float | str | None) -> Fraction | None:
    """An MFU, as a share or a percentage."""
    from archcost.errors import CallError
    from archcost.quantities import UnitError, parse_count, parse_percent

    if given is None:
        return None
    try:
        share = parse_percent(given) if str(given).rstrip().endswith("%") else parse_count(given)
    except UnitError:
        share = parse_count(0)
    if not 1 <= share * _LEAST_SHARE <= _LEAST_SHARE:
        raise CallError(
            f"--mfu takes a share above 0 and up to 1, such as 0.4 or 40%, got '{given}'",
            "long runs on many devices reach 38 to 43%; the least is 0.0001%",
        )
    return share


def _price(given: float | str | None) -> Fraction | None:
    """What an hour of a device costs."""
    from archcost.errors import CallError
    from archcost.quantities import UnitError, parse_quantity

    if given is None:
        return None
    try:
        price, unit = parse_quantity(given)
    except UnitError:
        price, unit = None, ""
    if price is None or unit or not 0 <= price <= _MOST:
        message = f"--price takes what a device costs an hour, such as 2.5, got '{given}'"
        raise CallError(message, "in any currency, and without its sign")
    return price
