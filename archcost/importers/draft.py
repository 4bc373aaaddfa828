"""A spec that is about to be written: what folding makes, and writing lays out as YAML. It has no shapes any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcost.importers.form import Attribute, Worded


@dataclass(slots=True)
class DraftStep:
    """A step as it is written.

    ``kind`` is an op or a block of the draft, or an expression that gives one; a group has ``layers`` in its place.
    ``id`` is None where the default name is the right one, which writing knows not: folding decides. ``reads`` are
    references as the language has them (``id``, ``x.1``, ``input``, ``stage.*``), or an expression that gives a list of
    them; None: what the step before gives. ``repeat``, ``when`` and the attributes may be expressions.
    """

    kind: str | Worded | None = None
    id: str | None = None
    attributes: dict[str, Attribute] = field(default_factory=dict)
    reads: list[str] | Worded | None = None
    layers: list[DraftStep] | None = None
    branches: dict[str, list[DraftStep]] | None = None
    residual: bool = False  # the layers are those of a residual
    repeat: Attribute = None
    index: str | None = None  # ``as``
    when: Attribute = None
    share: str | None = None
    note: str = ""


@dataclass(slots=True)
class DraftBlock:
    """A block; a param whose default is None is required, and a default may be an expression over those above it.

    ``inputs`` None: one, ``input``. ``outputs`` None: the result of the last step.
    """

    name: str
    params: dict[str, Attribute] = field(default_factory=dict)
    inputs: list[str] | None = None
    layers: list[DraftStep] = field(default_factory=list)
    outputs: list[str] | Worded | None = None


@dataclass(slots=True)
class Draft:
    """The parts of a spec that depend on how it is folded; name, inputs and expectations are the model's."""

    blocks: list[DraftBlock]
    layers: list[DraftStep]
    outputs: list[str] | Worded | None = None
    include: list[str] = field(default_factory=list)
