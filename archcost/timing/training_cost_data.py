"""What a training run costs as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict, cast

from archcost.analysis.data import spec_data
from archcost.documents import Count, Envelope, Positive, SpecData, envelope

if TYPE_CHECKING:
    from archcost.timing.training_cost import TrainingCost


class RuleTermData(TypedDict):
    """A reason why the FLOPs are not those of 6 × params × tokens, and by how many of one batch."""

    reason: str
    flops: int


class RuleData(TypedDict):
    """The rule of 6 × params × tokens for one batch; with all terms it is ``batch_flops``."""

    params: Count
    flops: Count
    terms: list[RuleTermData]


class UtilisationData(TypedDict):
    """The share of the dense rate that is assumed, and that of the predicted step of one device alone.

    ``basis``: it is given, that of the step, or what long runs on many devices have reached.
    """

    assumed: float
    basis: Literal["given", "step", "usual"]
    step: Annotated[float | None, "Null: no time of a step can be predicted."]


class TrainingCostData(Envelope):
    """What a training run costs; it is estimated, not measured. FLOPs are of products."""

    spec: SpecData
    batch: Positive
    dtype: str
    mixed: str | None
    optimizer: str
    compiled: bool
    checkpoints: list[str]
    device: str
    title: str
    devices: Positive
    unit: Literal["tokens", "samples"]
    amount: Positive
    batch_units: Positive
    batch_flops: Count
    forward_flops: Count
    flops: Count
    recomputed_flops: Count
    six_n: NotRequired[RuleData]
    step_samples: Positive
    steps: Positive
    flops_per_second: Positive
    utilisation: UtilisationData
    device_hours: float
    days: float
    price_per_hour: float | None
    money: float | None
    power_watts: Positive | None
    energy_wh: Annotated[Count | None, "Null: no power of the device is known."]


def training_cost_data(cost: TrainingCost) -> TrainingCostData:
    """The JSON form."""
    report, run, length = cost.report, cost.run, cost.length
    document: dict[str, Any] = {
        **envelope("training-cost"),
        "spec": spec_data(report),
        "batch": report.batch,
        "dtype": report.dtype,
        "mixed": run.mixed or None,
        "optimizer": run.optimizer,
        "compiled": run.compiled,
        "checkpoints": list(cost.checkpoints),
        "device": cost.device.name,
        "title": cost.device.label,
        "devices": length.devices,
        "unit": length.unit,
        "amount": length.amount,
        "batch_units": cost.units,
        "batch_flops": cost.model_flops,
        "forward_flops": 2 * cost.step.forward_macs,
        "flops": cost.flops,
        "recomputed_flops": cost.recomputed_flops,
        **_rule(cost),
        "step_samples": cost.step_samples,
        "steps": cost.steps,
        "flops_per_second": cost.rate,
        "utilisation": {
            "assumed": float(cost.mfu),
            "basis": cost.mfu_from,
            "step": None if cost.step_mfu is None else float(cost.step_mfu),
        },
        "device_hours": cost.device_hours,
        "days": cost.days,
        "price_per_hour": None if cost.price is None else float(cost.price),
        "money": cost.money,
        "power_watts": cost.device.power_watts,
        "energy_wh": cost.energy_wh,
    }
    return cast("TrainingCostData", document)


def _rule(cost: TrainingCost) -> dict[str, RuleData]:
    if cost.rule is None:
        return {}
    terms: list[RuleTermData] = [{"reason": term.reason, "flops": term.flops} for term in cost.terms]
    return {"six_n": {"params": cost.report.totals.params, "flops": cost.rule, "terms": terms}}
