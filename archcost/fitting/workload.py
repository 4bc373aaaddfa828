"""What is to fit: a spec under settings and conditions, at any batch and at any context."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.analysis.memory.conditions import Conditions
from archcost.analysis.memory.run_memory import run_of
from archcost.analysis.memory.study import study
from archcost.analysis.report import analyze
from archcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.analysis.memory.run_memory import RunMemory
    from archcost.analysis.microcontroller.study import FusedStudy
    from archcost.analysis.report import Report
    from archcost.settings import Settings
    from archcost.spec.model import Spec

TOKENS, PAST = "tokens", "past"  # the params of a spec that say how long a sequence is, and what lies in its caches


class Workload:
    """A spec under settings, in inference or in a training step; it is analysed when that is first asked for.

    ``params`` are the spec's, as they are then.
    """

    def __init__(self, spec: Spec, settings: Settings, conditions: Conditions, params: Mapping[str, Any]) -> None:
        self.spec = spec
        self.settings = settings
        self.conditions = conditions
        self.params = params

    @property
    def context(self) -> int | None:
        """How many positions the sequence has, past ones among them; None for a model without the param ``tokens``."""
        tokens, past = self.params.get(TOKENS), self.params.get(PAST, 0)
        return tokens + past if _is_size(tokens) and _is_size(past) else None

    @property
    def generates(self) -> bool:
        """Whether it is one step of a language model that reads what it has kept in its caches."""
        return self.has_caches and self.params[TOKENS] == 1

    @property
    def has_caches(self) -> bool:
        """Whether it is a language model that keeps what it has read, in inference."""
        return not self.conditions.training and PAST in self.params and self.context is not None

    @cached_property
    def report(self) -> Report:
        """What it costs."""
        return analyze(self.spec, self.settings)

    @cached_property
    def memory(self) -> RunMemory:
        """What must be resident: what ``archcost memory`` says of the same settings."""
        report = self.report
        if self.conditions == Conditions(whatifs=self.conditions.whatifs):
            return run_of(report.totals, report.totals.peak_activation_bytes)
        return study(report, self.conditions._replace(whatifs=False)).run

    @property
    def runs_on_chips(self) -> bool:
        """Whether it is what a microcontroller runs: inference in int8, in the order of the spec."""
        return not self.settings.dtypes and self.conditions == Conditions(
            inplace=self.conditions.inplace, whatifs=self.conditions.whatifs
        )

    @property
    def stores_weights(self) -> bool:
        """Whether it may have weights in other dtypes than it computes in: a training step those that are frozen."""
        return not self.conditions.training or self.settings.lora is not None

    @cached_property
    def on_chip(self) -> FusedStudy:
        """What a microcontroller holds of it; raises UsageError for what runs on none."""
        from archcost.analysis.microcontroller.study import fused_study

        if not self.runs_on_chips:
            message = "a microcontroller runs inference in int8, in the order of the spec"
            raise UsageError(message, "leave out the options of training, of order and of dtypes")
        return fused_study(self.report, inplace=self.conditions.inplace)

    def with_batch(self, batch: int) -> Workload:
        """The same on so many sequences or images."""
        return self._under(self.settings._replace(batch=batch))

    def with_dtypes(self, **dtypes: str | None) -> Workload:
        """The same in other dtypes, by the names of their settings."""
        return self._under(self.settings.with_dtypes(dtypes))

    def with_conditions(self, conditions: Conditions) -> Workload:
        """The same run or trained in another way."""
        return Workload(self.spec, self.settings, conditions, self.params)

    def with_context(self, context: int) -> Workload:
        """The same on a sequence of so many positions: past ones where it generates, else new ones.

        Raises UsageError for a spec that has no such params.
        """
        if self.context is None:
            message = f"{self.spec.name} has no context: none of its params is called `{TOKENS}`"
            hint = f"call the param of its length `{TOKENS}`, or give the sizes of its inputs: `--input`"
            raise UsageError(message, hint)
        changed = context - 1 if self.generates else context - self.params.get(PAST, 0)
        return self._with({PAST if self.generates else TOKENS: changed})

    def generating(self) -> Workload:
        """The step that makes the last position of the context; all others are in the caches."""
        return self._with({TOKENS: 1, PAST: (self.context or 1) - 1})

    def prompt(self) -> Workload:
        """All positions of the context in one pass, with nothing in the caches before."""
        return self._with({TOKENS: self.context, PAST: 0})

    def _with(self, changed: Mapping[str, Any]) -> Workload:
        settings = self.settings._replace(params={**self.settings.params, **changed})
        return Workload(self.spec, settings, self.conditions, {**self.params, **changed})

    def _under(self, settings: Settings) -> Workload:
        return Workload(self.spec, settings, self.conditions, self.params)


def workload_of(spec: Spec, settings: Settings, conditions: Conditions) -> Workload:
    """A spec under settings; a language model generates, with its context in the caches, unless they say otherwise.

    Raises SpecError and UsageError as :func:`archcost.analyze`.
    """
    found = Workload(spec, settings, conditions, {})
    found.params = found.report.params
    is_given = not {TOKENS, PAST}.isdisjoint(settings.params) or bool(settings.inputs)
    return found.generating() if found.has_caches and not is_given else found


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
