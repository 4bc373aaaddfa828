"""What a node of ONNX is in archcost's ops: a rule for each operator of the standard, by its name."""

from __future__ import annotations

from archcost.importers.onnx.rules import (
    convolutions,
    elementwise,
    normalization,
    pooling,
    products,
    quantized,
    recurrent,
    reduction,
    resampling,
    shape,
    taking,
)
from archcost.importers.onnx.rules.base import FREE, RULES

__all__ = [
    "FREE",
    "RULES",
    "convolutions",
    "elementwise",
    "normalization",
    "pooling",
    "products",
    "quantized",
    "recurrent",
    "reduction",
    "resampling",
    "shape",
    "taking",
]
