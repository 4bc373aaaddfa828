"""The ops: one class each, one module per family. Importing this package registers them all."""

from __future__ import annotations

from archcost.ops import (
    activation,
    arithmetic,
    attention,
    conv,
    dropout,
    joining,
    linear,
    normalization,
    pooling,
    recurrent,
    reduction,
    resampling,
    shape,
    softmax,
)
from archcost.ops.base import REGISTRY, Check, Op, OpError, apply, raise_on_false

__all__ = [
    "REGISTRY",
    "Check",
    "Op",
    "OpError",
    "activation",
    "apply",
    "arithmetic",
    "attention",
    "conv",
    "dropout",
    "joining",
    "linear",
    "normalization",
    "pooling",
    "raise_on_false",
    "recurrent",
    "reduction",
    "resampling",
    "shape",
    "softmax",
]
