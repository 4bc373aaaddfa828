"""Names that a person would give: of blocks, of params, of steps that need none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcost.importers.folding.params import CHANNELS, FEATURES, FLAG, OTHER, WINDOW, Hint
from archcost.ops import REGISTRY
from archcost.spec.vocabulary import GROUPS, MODIFIERS

if TYPE_CHECKING:
    from archcost.importers.draft import DraftStep

_SHORT = {  # attributes of ops: what they measure, and how a param for them is called
    "out_channels": (CHANNELS, "out"),
    "out_features": (FEATURES, "out"),
    "groups": (CHANNELS, "groups"),
    "num_groups": (CHANNELS, "groups"),
    "hidden_size": (FEATURES, "hidden"),
    "hidden_features": (FEATURES, "hidden"),
    "normalized_shape": (FEATURES, "width"),
    "embedding_dim": (FEATURES, "width"),
    "num_heads": (OTHER, "heads"),
    "num_embeddings": (OTHER, "words"),
    "kernel_size": (WINDOW, "kernel"),
    "split_size_or_sections": (FEATURES, "sizes"),
    "unflattened_size": (OTHER, "sizes"),
    "requires_grad": (FLAG, "trained"),
    "bias": (FLAG, "bias"),
}
_WINDOWS = {"stride", "padding", "dilation", "output_padding", "scale_factor", "output_size", "window_size"}


def hint_of(attribute: str, step: str) -> Hint:
    """What an attribute of an op measures, and what a param for it is called."""
    dimension, name = _SHORT.get(attribute, (WINDOW if attribute in _WINDOWS else OTHER, attribute))
    return Hint(dimension, name, step)


def snake_case(name: str) -> str:
    """The name of a class as that of a block: ``BasicBlock`` is ``basic_block``."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+|__+", "_", name).strip("_").lower() or "part"


class BlockNames:
    """Names for blocks, each once, and none that means something else in a spec."""

    def __init__(self) -> None:
        self._taken = {*REGISTRY, *MODIFIERS, *GROUPS, *GROUPS.values()}

    def fresh(self, kind: str) -> str:
        """A name for a block that is made of a class."""
        name = snake_case(kind)
        if name in REGISTRY or name[0].isdecimal():
            name = f"{name}_block" if name in REGISTRY else f"block_{name}"
        wanted, count = name, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name


def leave_out_default_ids(steps: list[DraftStep], taken: set[str]) -> None:
    """Leave the ids out that the steps of a list have by default; ``taken`` are the names of its inputs.

    A default name is that of the kind, with the first number that no other step has, written or not.
    """
    wanted = [step.id for step in steps]
    written = [_default(step) is None for step in steps]
    while True:
        used = taken | {name for name, is_written in zip(wanted, written, strict=True) if is_written and name is not None}
        counts: dict[str, int] = {}
        changed = False
        for place, step in enumerate(steps):
            base = _default(step)
            if written[place] or base is None:
                continue
            name, count = base, counts.get(base, 0)
            if count:
                name = f"{base}_{count}"
            while name in used:
                count += 1
                name = f"{base}_{count}"
            counts[base] = count
            used.add(name)
            if name != wanted[place]:
                written[place] = changed = True
        if not changed:
            break
    for step, is_written in zip(steps, written, strict=True):
        if not is_written:
            step.id = None


def _default(step: DraftStep) -> str | None:
    """What the default name of a step begins with; None if it needs an id."""
    if step.layers is not None:
        return GROUPS["residual" if step.residual else "layers"]
    return step.kind if isinstance(step.kind, str) else None
