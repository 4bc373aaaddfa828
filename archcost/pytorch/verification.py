"""The verdict on a spec: what archcost says of every layer beside what PyTorch and fvcore show. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.expectations import is_or_are
from archcost.displays import in_line, in_notebook
from archcost.documents import envelope, warned
from archcost.pytorch.beside import layers_beside, model_beside
from archcost.pytorch.verified_figures import plain, shown
from archcost.timing.data import predicted_data

if TYPE_CHECKING:
    from archcost.analysis.data import SettingsData
    from archcost.dims import Shape
    from archcost.errors import Diagnostic, Mark
    from archcost.pytorch.beside import Beside
    from archcost.pytorch.clock import Clock, LayerTime
    from archcost.pytorch.correspondence import Against
    from archcost.pytorch.data import (
        ClockedData,
        LayerCheckData,
        MismatchData,
        PredictedBesideData,
        TimedData,
        UnknownLayersData,
        VerificationData,
    )
    from archcost.timing.prediction import Prediction

NOT_VERIFIED = "not verified"  # beside the name of a spec that has a mistake: PyTorch has not run it


def place_of(mark: Mark) -> tuple[str, int]:
    """The file and line of a step."""
    return mark.source.name, mark.line + 1


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A figure of archcost that something else contradicts, and the likely cause."""

    path: str  # empty for the whole model
    op: str
    metric: str  # output, dtype, params, trainable, buffers, macs, run; weights and others for expected figures
    archcost: object
    measured: object
    by: str  # PyTorch, torch counter, fvcore, published, as imported, stated …
    cause: str
    place: tuple[str, int] | None = None  # file and line of the step

    def __str__(self) -> str:
        place = f"{self.path} ({self.op})" if self.op else self.path or "the model"
        if self.metric == "run":
            return f"{place}: {self.cause}: {self.measured}"
        ours, theirs = shown(self.archcost), shown(self.measured)
        several = ", " in ours or ", " in theirs
        words = f"{place}: {self.metric} {is_or_are(self.metric)} {ours}"
        words += f"; {self.by}: {theirs}" if several else f", {self.by} {theirs}"
        return f"{words} ({self.cause})" if self.cause else words

    def to_dict(self) -> MismatchData:
        """The JSON form."""
        return {
            "path": self.path,
            "op": self.op or None,
            "metric": self.metric,
            "archcost": plain(self.archcost),
            "measured": plain(self.measured),
            "by": self.by,
            "cause": self.cause or None,
            "file": self.place[0] if self.place else None,
            "line": self.place[1] if self.place else None,
        }


@dataclass(frozen=True, slots=True)
class LayerCheck:
    """One layer: archcost's figures, and those that were measured.

    A measured figure is None where nothing measures it: the counter does not cover the layer, PyTorch did not come
    that far, or the layer is ``declared``: its figures are what the spec says, and nothing holds them against anything.
    """

    path: str
    op: str
    output: tuple[Shape, ...]
    params: int
    buffers: int
    macs: int
    measured_output: tuple[Shape, ...] | None = None
    measured_params: int | None = None
    measured_buffers: int | None = None
    torch_macs: int | None = None
    fvcore_macs: int | None = None
    second_macs: int | None = None  # our own count from the real tensors, for recurrent layers
    mismatches: tuple[Mismatch, ...] = ()
    unknown_macs: int = 0  # 1 where nobody has declared the MACs
    declared: bool = False
    time: LayerTime | None = None  # None: not measured

    @property
    def ok(self) -> bool:
        """Whether PyTorch ran the layer and nothing contradicts; never of what is declared."""
        return self.measured_output is not None and not self.mismatches

    def to_dict(self) -> LayerCheckData:
        """The JSON form; ``ok`` is null of what is declared, as nothing judges it."""
        time: TimedData = {"latency_seconds": self.time.to_dict()} if self.time else {}
        return {
            "path": self.path,
            "op": self.op,
            "declared": self.declared,
            "output": plain(self.output),
            "measured_output": plain(self.measured_output),
            "params": self.params,
            "measured_params": self.measured_params,
            "buffers": self.buffers,
            "measured_buffers": self.measured_buffers,
            "macs": {
                "archcost": None if self.unknown_macs else self.macs,
                "torch": self.torch_macs,
                "fvcore": self.fvcore_macs,
                "second_path": self.second_macs,
            },
            "ok": None if self.declared and not self.mismatches else self.ok,
            **time,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """All that was compared with PyTorch for one spec; ``ok`` and ``proved`` are the verdict."""

    name: str
    path: str
    sha256: str
    batch: int
    settings: SettingsData
    layers: tuple[LayerCheck, ...]
    mismatches: tuple[Mismatch, ...]
    versions: dict[str, str]
    notes: tuple[str, ...] = ()
    expected: int = 0  # figures under `expect` that were judged
    unmet: int = 0  # those of them that do not hold
    rest_on_declared: tuple[str, ...] = ()  # those of them that hold, and of which a part is only declared
    fvcore_total: int | None = None  # what fvcore itself would print: norms and pools included
    against: Against | None = None
    totals: dict[str, int | None] = field(default_factory=dict)
    clock: Clock | None = None  # measured times, where they were asked for
    warnings: tuple[Diagnostic, ...] = ()  # of the spec

    def __repr__(self) -> str:
        figures = {"layers": len(self.layers), "mismatches": len(self.mismatches)}
        return in_line(self, self.name, ok=self.ok, proved=self.proved, **figures)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def ok(self) -> bool:
        """Whether nothing contradicts archcost's figures."""
        return not self.mismatches

    @property
    def proved(self) -> bool:
        """Whether something agrees with every layer, and so does the other model, if there is one.

        There are layers, and none is only declared; none with tensors lacks a counterpart of a kind that is known.
        """
        held = self.against is None or self.against.proved
        return self.ok and bool(self.layers) and not self.declared and held

    @property
    def declared(self) -> list[LayerCheck]:
        """The layers whose figures are only what the spec declares."""
        return [layer for layer in self.layers if layer.declared]

    @property
    def declared_params(self) -> int:
        """Their params."""
        return sum(layer.params for layer in self.declared)

    @property
    def declared_macs(self) -> int:
        """Their MACs, as far as they are known."""
        return sum(layer.macs for layer in self.declared)

    @property
    def agreeing(self) -> int:
        """How many layers agree with PyTorch."""
        return sum(layer.ok for layer in self.layers)

    @property
    def unknown(self) -> list[str]:
        """The paths of the layers of which the MACs are not known."""
        return [layer.path for layer in self.layers if layer.unknown_macs]

    def covered(self, counter: str) -> int:
        """The MACs, as archcost counts them, of the layers that a counter (``torch``, ``fvcore``) covers."""
        return sum(layer.macs for layer in self.layers if getattr(layer, f"{counter}_macs") is not None)

    def uncovered(self, counter: str) -> dict[str, int]:
        """The MACs by op that a counter does not cover."""
        kinds: dict[str, int] = {}
        for layer in self.layers:
            if getattr(layer, f"{counter}_macs") is None and layer.macs:
                kinds[layer.op] = kinds.get(layer.op, 0) + layer.macs
        return kinds

    def with_prediction(self, prediction: Prediction) -> Verification:
        """The same with what is predicted of the measured pass; unchanged where nothing was measured."""
        if self.clock is None:
            return self
        latency = replace(self.clock.latency, prediction=prediction)
        return replace(self, clock=replace(self.clock, latency=latency))

    @property
    def beside(self) -> dict[str, Beside]:
        """The predicted beside the measured times of the layers, by path, where both are there."""
        if self.clock is None:
            return {}
        pairs = zip(self.layers, layers_beside(self.clock.latency), strict=True)
        return {layer.path: found for layer, found in pairs if found is not None}

    def to_dict(self) -> VerificationData:
        """The JSON form, version 1."""
        unknown: UnknownLayersData = {"unknown": {"macs": self.unknown}} if self.unknown else {}
        latency: ClockedData = {"latency": self.clock.to_dict()} if self.clock else {}
        beside = self.beside
        return {
            **envelope("verification"),
            "spec": {
                "name": self.name,
                "path": self.path,
                "sha256": self.sha256,
                **self.settings,
                **warned(self.warnings),
            },
            "batch": self.batch,
            "versions": self.versions,
            "ok": self.ok,
            "proved": self.proved,
            "totals": self.totals,
            "declared": {
                "layers": [layer.path for layer in self.declared],
                "params": self.declared_params,
                "macs": self.declared_macs,
            },
            "coverage": {
                counter: {"macs": self.covered(counter), "not_covered": self.uncovered(counter)}
                for counter in ("torch", "fvcore")
            },
            **unknown,
            "fvcore_total": self.fvcore_total,
            "expected_figures": self.expected,
            "notes": list(self.notes),
            "mismatches": [mismatch.to_dict() for mismatch in self.mismatches],
            "against": self.against.to_dict() if self.against else None,
            **latency,
            **_predicted(self),
            "layers": [_layer(layer, beside.get(layer.path)) for layer in self.layers],
        }


def _predicted(verification: Verification) -> PredictedBesideData:
    """What is predicted of the model, where that was asked for."""
    latency = verification.clock.latency if verification.clock else None
    found = model_beside(latency) if latency else None
    if latency is None or latency.prediction is None or found is None:
        return {}
    return {"predicted": predicted_data(latency.prediction), "beside": found.to_dict()}


def _layer(layer: LayerCheck, beside: Beside | None) -> LayerCheckData:
    return {**layer.to_dict(), "beside": beside.to_dict()} if beside is not None else layer.to_dict()


class VerificationOutcome(NamedTuple):
    """What came of one spec: a verification, or the problems that prevent it."""

    name: str
    verification: Verification | None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def label(self) -> str:
        """The model's name, or what was asked for and that it is not verified."""
        return self.verification.name if self.verification else f"{self.name} ({NOT_VERIFIED})"
