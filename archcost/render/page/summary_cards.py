"""The headlines of a model: its figures with their parts, and whether its limits hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from archcost.analysis.expectations import deviations, expected_count
from archcost.analysis.memory.conditions import Conditions
from archcost.analysis.memory.run_memory import run_of
from archcost.budget.judge import Case, judge
from archcost.budget.verdict_words import Rule, Status
from archcost.figures import METRICS, PEAK, RUN
from archcost.fitting.fit import DeviceFit
from archcost.fitting.reserve import flash_of, usual_reserve
from archcost.fitting.workload import Workload
from archcost.quantities import format_bytes, format_count, format_exact, format_nanoseconds
from archcost.render.cell_text import lower_bound
from archcost.render.memory import TO_TRAIN
from archcost.render.page.what_runs import step_of
from archcost.render.prediction import caveat, error_short, how, rate_text

if TYPE_CHECKING:
    from archcost.analysis.memory.run_memory import RunMemory
    from archcost.analysis.report import Report
    from archcost.hardware.device import Device
    from archcost.render.page.page_data import CardData, CardPartData
    from archcost.render.page.what_runs import TrainingStep
    from archcost.timing.prediction import Prediction

_BESIDE_PARAMS = ("active_params", "trainable_params", "buffers")
_TEXTS: tuple[Literal["value", "exact"], ...] = ("value", "exact")
_JUDGED = (Status.OK, Status.FAIL)


class OnDevice(NamedTuple):
    """A device, and the time on it; None where it cannot be predicted."""

    device: Device
    found: Prediction | None


def cards_of(report: Report, on: OnDevice | None, step: TrainingStep | None = None) -> list[CardData]:
    """The headlines, those of every model first; ``step`` is that of a report of training, if it is at hand."""
    step = step_of(report) if step is None else step
    training = report.graph.training
    cards = [_params(report), _training_macs(report) if training else _macs(report), _memory(report, step)]
    if on is not None:
        time = [] if on.found is None else [time_card(on.found)]
        room = [] if training and step.study is None else [_fits(report, on.device)]
        cards += [*time, *room]
    return cards + _budgets(report) + _stated(report)


def count_part(label: str, value: int) -> CardPartData:
    """A count beside a headline."""
    return {"label": label, "value": format_count(value), "exact": format_exact(value)}


def bytes_part(label: str, value: int) -> CardPartData:
    """A number of bytes beside a headline."""
    return {"label": label, "value": format_bytes(value), "exact": f"{value:,} B"}


def _params(report: Report) -> CardData:
    totals = report.totals
    figures = totals.to_dict()
    told = [METRICS[name] for name in _BESIDE_PARAMS if METRICS[name].tells(figures)]
    return {
        "label": "params",
        "value": format_count(totals.params),
        "exact": format_exact(totals.params),
        "parts": [
            *[count_part(metric.short, figures[metric.name]) for metric in told],
            bytes_part("weights", totals.weight_bytes),
            count_part("layers", totals.layers),
        ],
        "state": None,
    }


def _macs(report: Report) -> CardData:
    return {**_work(report, "macs"), "parts": [_work(report, "flops")], "state": None}


def _training_macs(report: Report) -> CardData:
    """Those of a training step, and of its passes."""
    totals, unknown = report.totals, report.costs.unknown("training_macs")
    passes = (("forward", totals.macs), ("backward", totals.training_macs - totals.macs))
    parts = [_work_part(label, value, unknown) for label, value in passes]
    return {**_work(report, "training_macs"), "parts": [*parts, _work(report, "training_flops")], "state": None}


def _work(report: Report, name: str) -> CardPartData:
    """Operations as far as they are known."""
    return _work_part(METRICS[name].label, getattr(report.totals, name), report.costs.unknown(name))


def _work_part(label: str, value: int, unknown: int) -> CardPartData:
    told, exact = (lower_bound(text, value, unknown) for text in (format_count(value), format_exact(value)))
    return {"label": label, "value": told, "exact": exact}


def _memory(report: Report, step: TrainingStep) -> CardData:
    """What is resident; of a training step whose memory is not known, that of its forward pass alone."""
    if step.study is not None:
        return memory_card(step.study.run, f"{TO_TRAIN} with {step.study.conditions.optimizer}")
    label = "memory of the forward pass alone" if report.graph.training else METRICS[RUN].label
    return memory_card(run_of(report.totals, report.totals.peak), label)


def memory_card(run: RunMemory, label: str) -> CardData:
    """What must be there, and its parts."""
    parts = [bytes_part(METRICS[PEAK].label if part.metric == PEAK else part.name, part.bytes) for part in run.parts]
    return {**bytes_part(label, run.total), "parts": parts, "state": None}


def time_card(found: Prediction) -> CardData:
    value = found.nanoseconds
    bounds = [(by, spent) for by, spent in found.bounds.items() if spent]
    parts: list[CardPartData] = [
        {"label": "throughput", "value": f"{found.rate_text or 0}/s", "exact": rate_text(found)},
        *[
            CardPart(f"bound by {by}", format_nanoseconds(spent), f"{spent:,} ns").to_dict()
            for by, spent in sorted(bounds, key=lambda each: -each[1])
        ],
        {"label": "predicted", "value": f"{how(found)}, {error_short(found.error)}", "exact": caveat(found)},
    ]
    label = f"time: {found.device.label}"
    return {"label": label, "value": format_nanoseconds(value), "exact": f"{value:,} ns", "parts": parts, "state": None}


class CardPart(NamedTuple):
    """A part of a headline."""

    label: str
    value: str
    exact: str

    def to_dict(self) -> CardPartData:
        """The JSON form."""
        return {"label": self.label, "value": self.value, "exact": self.exact}


def _fits(report: Report, device: Device) -> CardData:
    conditions = Conditions(training=report.graph.training)
    workload = Workload(report.spec, report.graph.settings, conditions, report.params)
    return fit_card(DeviceFit(workload, device, usual_reserve(device)))


def fit_card(fit: DeviceFit) -> CardData:
    """Whether a workload fits a device, and how much is left; a microcontroller has it in SRAM and flash, in int8."""
    parts = [
        bytes_part("SRAM needed in int8" if fit.chip else "needed", fit.needed),
        bytes_part("capacity", fit.capacity),
        bytes_part("left" if fit.headroom >= 0 else "missing", abs(fit.headroom)),
    ]
    if fit.chip:
        parts += [bytes_part("flash needed", fit.chip.flash.total), bytes_part("flash", flash_of(fit.device))]
    return {
        "label": f"fits {fit.device.label}",
        "value": "yes" if fit.fits else "no",
        "exact": f"{fit.needed:,} B of {fit.capacity:,} B",
        "parts": parts,
        "state": "ok" if fit.fits else "bad",
    }


def _budgets(report: Report) -> list[CardData]:
    """The limits of the spec that need nothing to compare with; none where it has no such limits.

    They judge inference, so that a training step has none.
    """
    if not report.spec.budgets or not report.complete or report.graph.training:
        return []
    verdict = judge(Case(report.spec.path, report.spec.path, report, settings=report.graph.settings))
    found = [one for one in verdict.findings if one.rule is Rule.MAXIMUM and one.status in _JUDGED]
    if not found:
        return []
    bad = [one for one in found if one.status is Status.FAIL]
    parts: list[CardPartData] = []
    for one in bad or found:
        metric = METRICS[one.metric]
        told = bytes_part if metric.unit == "bytes" else count_part
        label = f"{one.path or 'model'}: {metric.label}"
        figure, allowed = told(label, one.figure or 0), told(label, one.allowed or 0)
        value, exact = (f"{figure[key]} of {allowed[key]}" for key in _TEXTS)
        parts.append({"label": label, "value": value, "exact": exact})
    return [_state("budgets", len(found) - len(bad), len(found), parts)]


def _stated(report: Report) -> list[CardData]:
    """The figures that the spec expects, where it is as they are meant."""
    count = expected_count(report) if report.complete else 0
    if not count or not report.graph.settings.as_it_stands:
        return []
    wrong = deviations(report)
    parts = [CardPart(f"{one.path or 'model'}: {one.metric}", "differs", str(one)).to_dict() for one in wrong]
    return [_state("stated figures", count - sum(one.figures for one in wrong), count, parts)]


def _state(label: str, good: int, count: int, parts: list[CardPartData]) -> CardData:
    return {
        "label": label,
        "value": f"{good} of {count}",
        "exact": f"{good:,} of {count:,} hold",
        "parts": parts,
        "state": "ok" if good == count else "bad",
    }
