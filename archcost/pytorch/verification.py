"""The verdict on a spec: what archcost says of every layer beside what PyTorch and fvcore show. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archcost.version import __version__

if TYPE_CHECKING:
    from archcost.dims import Shape

SCHEMA = "archcost.verification/1"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A figure of archcost that something else contradicts, and the likely cause."""

    path: str  # empty for the whole model
    op: str
    metric: str  # output, dtype, params, trainable, buffers, macs, run; weights and others for published figures
    archcost: object
    measured: object
    by: str  # PyTorch, torch counter, fvcore, published …
    cause: str
    place: tuple[str, int] | None = None  # file and line of the step

    def __str__(self) -> str:
        place = f"{self.path} ({self.op})" if self.op else self.path or "the model"
        if self.metric == "run":
            return f"{place}: {self.cause}: {self.measured}"
        words = f"{place}: {self.metric} is {shown(self.archcost)}, {self.by} {shown(self.measured)}"
        return f"{words} ({self.cause})" if self.cause else words

    def to_dict(self) -> dict[str, Any]:
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
    """One layer: archcost's figures, and those of the counters, None where a counter does not cover the layer."""

    path: str
    op: str
    output: tuple[Shape, ...]
    params: int
    macs: int
    measured_output: tuple[Shape, ...] | None  # None: PyTorch did not come that far
    measured_params: int | None
    torch_macs: int | None
    fvcore_macs: int | None
    second_macs: int | None  # our own count from the real tensors, for recurrent layers
    mismatches: tuple[Mismatch, ...] = ()
    unknown_macs: int = 0  # 1 where nobody has declared the MACs

    @property
    def ok(self) -> bool:
        """Whether PyTorch ran the layer and nothing contradicts."""
        return self.measured_output is not None and not self.mismatches

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "path": self.path,
            "op": self.op,
            "output": plain(self.output),
            "measured_output": plain(self.measured_output),
            "params": self.params,
            "measured_params": self.measured_params,
            "macs": {
                "archcost": None if self.unknown_macs else self.macs,
                "torch": self.torch_macs,
                "fvcore": self.fvcore_macs,
                "second_path": self.second_macs,
            },
            "ok": self.ok,
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer of the spec and the layer of another model that has the same tensors."""

    path: str
    other: str
    shapes: tuple[Shape, ...]
    other_shapes: tuple[Shape, ...]
    macs: int
    other_macs: int
    output: Shape | None  # of the first output; None for a module that only holds others
    other_output: Shape | None

    @property
    def ok(self) -> bool:
        """Whether tensors, MACs and, where both have one, outputs agree."""
        outputs = self.output is None or self.other_output is None or self.output == self.other_output
        return outputs and (self.shapes, self.macs) == (self.other_shapes, self.other_macs)


@dataclass(frozen=True, slots=True)
class Against:
    """A spec held against a model that exists in PyTorch: totals, and the layers with tensors in their order."""

    target: str
    params: int
    other_params: int
    macs: int
    other_macs: int
    pairs: tuple[Pair, ...]
    only_spec: tuple[str, ...]  # layers with tensors that found no partner
    only_other: tuple[str, ...]
    unused: tuple[str, ...]  # layers of the other model that its forward pass does not run
    unused_params: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "target": self.target,
            "params": {"archcost": self.params, "target": self.other_params},
            "macs": {"archcost": self.macs, "target": self.other_macs},
            "matched_layers": [{"path": pair.path, "target": pair.other, "ok": pair.ok} for pair in self.pairs],
            "only_spec": list(self.only_spec),
            "only_target": list(self.only_other),
            "unused_in_target": {"layers": list(self.unused), "params": self.unused_params},
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """All that was held against PyTorch for one spec; ``ok`` is the verdict."""

    name: str
    path: str
    sha256: str
    batch: int
    settings: dict[str, Any]
    layers: tuple[LayerCheck, ...]
    mismatches: tuple[Mismatch, ...]
    versions: dict[str, str]
    notes: tuple[str, ...] = ()
    published: int = 0  # figures under `expect` that were judged
    fvcore_total: int | None = None  # what fvcore itself would print: norms and pools included
    against: Against | None = None
    totals: dict[str, int | None] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing contradicts archcost's figures."""
        return not self.mismatches

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

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, version 1."""
        return {
            "schema": SCHEMA,
            "tool": {"name": "archcost", "version": __version__},
            "spec": {"name": self.name, "path": self.path, "sha256": self.sha256, "params": self.settings},
            "batch": self.batch,
            "versions": self.versions,
            "ok": self.ok,
            "totals": self.totals,
            "coverage": {
                counter: {"macs": self.covered(counter), "not_covered": self.uncovered(counter)}
                for counter in ("torch", "fvcore")
            },
            **({"unknown": {"macs": self.unknown}} if self.unknown else {}),
            "fvcore_total": self.fvcore_total,
            "published_figures": self.published,
            "notes": list(self.notes),
            "mismatches": [mismatch.to_dict() for mismatch in self.mismatches],
            "against": self.against.to_dict() if self.against else None,
            "layers": [layer.to_dict() for layer in self.layers],
        }


def shown(value: object) -> str:
    """A figure as text: counts with separators, shapes with ×."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "nothing"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(item)}" for name, item in value.items()) or "none"
    if isinstance(value, (tuple, list)):
        if any(isinstance(item, (tuple, list)) for item in value):
            return ", ".join(map(shown, value))
        return "×".join(map(str, value)) or "scalar"
    return str(value)


def plain(value: object) -> Any:
    """A figure as JSON has it."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value if isinstance(value, (bool, int, float, str)) or value is None else str(value)
