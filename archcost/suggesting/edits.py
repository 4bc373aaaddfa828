"""What a rewrite does to the steps of a spec: plain values, which say nothing of where the steps stand in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class NewSteps(NamedTuple):
    """Steps in place of one: the kind of the step becomes a block, called ``name``, that has these steps.

    ``steps`` are steps as YAML, one a line: ``conv2d: {out_channels: $reduced, kernel_size: 1}``. The block has a
    param for every attribute that the step gives, under its name, so that the values in the spec stay as they are
    written: ``$out_channels`` is one of them. ``params`` are further ones, with their defaults as YAML: they may use
    the params of the step and ``in_channels``, ``in_features`` and ``in_shape``. Whatever else the steps need is
    written out in them. Of several inputs, those after ``input`` are called ``input_1``, ``input_2`` …
    """

    name: str
    steps: tuple[str, ...]
    params: tuple[tuple[str, str], ...] = ()


class Attributes(NamedTuple):
    """The same step with other attributes, each as YAML; None takes one away."""

    changed: tuple[tuple[str, str | None], ...]


class Shares(NamedTuple):
    """The same step with the weights of an earlier one, the node of this index."""

    owner: int


class SharedRounds(NamedTuple):
    """All rounds of a repeated step have the weights of its first: the step of this path gets ``share: NAME.0``.

    It is the edit of the first node of the first round. No layer changes but in whose weights it uses.
    """

    path: str


class Removed(NamedTuple):
    """The input passes through: the step becomes ``identity``, under the name that it had."""


Edit = NewSteps | Attributes | Shares | SharedRounds | Removed


class LocalChange(NamedTuple):
    """What a rewrite does at one place: the edits of nodes, by index.

    ``inside`` are the other nodes whose shapes may change, because they lie between edited ones; all others keep
    theirs. ``note`` says in some words what was chosen, as ``to 16 channels``.
    """

    edits: Mapping[int, Edit]
    inside: frozenset[int] = frozenset()
    note: str = ""
