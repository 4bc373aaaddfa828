"""A spec beside another model: totals, pairs of layers, and what has no counterpart. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from archcost.pytorch.alignment import essential
from archcost.pytorch.kinds import Kinship
from archcost.pytorch.verified_figures import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.dims import Shape
    from archcost.pytorch.data import AgainstData, PairData


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer of the spec, and the layers of another model that have its tensors.

    MACs are None where either side does not tell them for these tensors alone; outputs where one has none of its own.
    ``kinds`` are the kinds of the layers on either side, in words; ``settings`` what differs between equal kinds.
    """

    path: str
    other: str
    shapes: tuple[Shape, ...]
    other_shapes: tuple[Shape, ...]
    macs: int | None
    other_macs: int | None
    output: Shape | None
    other_output: Shape | None
    kinship: Kinship = Kinship.SAME
    kinds: tuple[str, str] = ("", "")
    settings: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def same_output(self) -> bool:
        """Whether the outputs have as many elements; their layout is each model's own business."""
        return self.output is None or self.other_output is None or prod(self.output) == prod(self.other_output)

    @property
    def same_tensors(self) -> bool:
        """Whether the tensors have the same shapes, but for their order and for dims of size 1."""
        ours, theirs = ([essential(shape) for shape in shapes] for shapes in (self.shapes, self.other_shapes))
        return sorted(ours) == sorted(theirs)

    @property
    def ok(self) -> bool:
        """Whether tensors, outputs and MACs agree, and kinds and settings as far as they are known."""
        figures = self.same_output and self.same_tensors and self.macs == self.other_macs
        return figures and self.kinship is not Kinship.DIFFERS and not self.settings

    @property
    def proved(self) -> bool:
        """Whether all agrees, and the kind is known."""
        return self.ok and self.kinship is Kinship.SAME

    @property
    def other_params(self) -> int:
        """Numbers in the other model's tensors."""
        return sum(map(prod, self.other_shapes))

    def to_dict(self) -> PairData:
        """The JSON form: the other model's own figures beside ours."""
        return {
            "path": self.path,
            "target": self.other,
            "ok": self.ok,
            "kind": {"archcost": self.kinds[0], "target": self.kinds[1], "kinship": self.kinship.value},
            "settings": {
                name: {"archcost": plain(ours), "target": plain(theirs)}
                for name, (ours, theirs) in self.settings.items()
            },
            "params": {"archcost": sum(map(prod, self.shapes)), "target": self.other_params},
            "macs": {"archcost": self.macs, "target": self.other_macs},
            "output": {"archcost": plain(self.output), "target": plain(self.other_output)},
        }


@dataclass(frozen=True, slots=True)
class Against:
    """A spec compared with an existing PyTorch model: totals, and the layers with tensors in their order."""

    target: str
    params: int
    other_params: int
    macs: int
    other_macs: int
    pairs: tuple[Pair, ...]
    only_spec: tuple[str, ...]  # layers with tensors that are not aligned with any
    only_other: tuple[str, ...]
    unused: tuple[str, ...]  # layers of the other model that its forward pass does not run
    unused_params: int
    activations: Mapping[str, int] = field(default_factory=dict)  # of the spec: how often each one runs
    other_activations: Mapping[str, int] = field(default_factory=dict)
    dtype: str = ""  # of the spec's weights
    other_dtypes: tuple[str, ...] = ()
    unseen: Mapping[str, int] = field(default_factory=dict)  # of the model's MACs, what torch's counter does not see
    ran: str = ""  # how the model was run, where that is not the usual way
    same_activations: bool | None = True  # None: one may be composed of others, or is only declared

    @property
    def unseen_macs(self) -> int:
        """The model's MACs that torch's counter does not see, by formula."""
        return sum(self.unseen.values())

    @property
    def layers(self) -> int:
        """The layers with tensors that the spec has."""
        return len(self.pairs) + len(self.only_spec)

    @property
    def agreeing(self) -> int:
        """Those of them that have a counterpart with the same figures, of the same kind as far as that is known."""
        return sum(pair.ok for pair in self.pairs)

    @property
    def kind_unknown(self) -> int:
        """Those that agree in shapes alone: what their counterparts do with the tensors is not known."""
        return sum(pair.ok and not pair.proved for pair in self.pairs)

    @property
    def proved(self) -> bool:
        """Whether every layer with tensors, on either side, has a counterpart of the same kind and figures."""
        whole = len(self.pairs) == self.layers and not self.only_other
        return whole and all(pair.proved for pair in self.pairs) and self.same_activations is True

    @property
    def unproved(self) -> dict[str, str]:
        """The layers with tensors that are not compared with a layer of a known kind, by path, and why."""
        why = dict.fromkeys(self.only_spec, f"not aligned with any layer of {self.target}")
        named = {pair.path: f"the kind of {pair.other} is not known" for pair in self.pairs if pair.ok != pair.proved}
        return why | named

    @property
    def notes(self) -> list[str]:
        """How the model was run and counted, and what is other in it, and no mismatch: dtypes change bytes alone."""
        notes = [f"{self.target} was run {self.ran}"] if self.ran else []
        notes += [f"{macs:,} MACs of {self.target} are {what}" for what, macs in self.unseen.items()]
        if self.other_dtypes and self.other_dtypes != (self.dtype,):
            theirs = ", ".join(self.other_dtypes)
            same = "bytes differ, shapes and counts do not"
            notes.append(f"{self.target} has weights of {theirs}, the spec of {self.dtype}: {same}")
        return notes

    def to_dict(self) -> AgainstData:
        """The JSON form."""
        return {
            "target": self.target,
            "dtypes": {"archcost": self.dtype, "target": list(self.other_dtypes)},
            "params": {"archcost": self.params, "target": self.other_params},
            "macs": {"archcost": self.macs, "target": self.other_macs},
            "layers": {"with_tensors": self.layers, "agree": self.agreeing, "kind_not_known": self.kind_unknown},
            "activations": {
                "archcost": dict(self.activations),
                "target": dict(self.other_activations),
                "same": self.same_activations,
            },
            "matched_layers": [pair.to_dict() for pair in self.pairs],
            "only_spec": list(self.only_spec),
            "only_target": list(self.only_other),
            "unused_in_target": {"layers": list(self.unused), "params": self.unused_params},
        }
