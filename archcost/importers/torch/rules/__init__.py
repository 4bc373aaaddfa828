"""What a call of a torch function is in archcost's ops: a rule for each function, one module for each family."""

from __future__ import annotations

from archcost.importers.torch.rules import (
    activation,
    arithmetic,
    attention,
    comparison,
    convolutions,
    creation,
    elementwise,
    embedding,
    experts,
    indexing,
    joining,
    linear,
    normalization,
    pooling,
    products,
    recurrent,
    reduction,
    resampling,
    shape,
    taking,
    writing,
)
from archcost.importers.torch.rules.base import RULES

__all__ = [
    "RULES",
    "activation",
    "arithmetic",
    "attention",
    "comparison",
    "convolutions",
    "creation",
    "elementwise",
    "embedding",
    "experts",
    "indexing",
    "joining",
    "linear",
    "normalization",
    "pooling",
    "products",
    "recurrent",
    "reduction",
    "resampling",
    "shape",
    "taking",
    "writing",
]
