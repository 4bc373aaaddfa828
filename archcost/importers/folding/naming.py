"""Names that a person would give: of blocks, of params, of steps that need none."""

from __future__ import annotations

import re

from archcost.importers.folding.params import CHANNELS, FEATURES, FLAG, OTHER, WINDOW, Hint
from archcost.ops import REGISTRY
from archcost.spec.vocabulary import GROUPS, MODIFIERS

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


def hint_of(attribute: str, ids: tuple[str, ...]) -> Hint:
    """What an attribute of an op measures, and what a param for it is called."""
    dimension, name = _SHORT.get(attribute, (WINDOW if attribute in _WINDOWS else OTHER, attribute))
    return Hint(dimension, name, ids)


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
