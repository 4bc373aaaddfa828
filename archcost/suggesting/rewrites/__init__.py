"""The rewrites, a class each, by the part of a network that they change."""

from archcost.suggesting.rewrites import (
    attention,
    channel_gates,
    channels,
    convolutions,
    exact,
    heads,
    matrices,
    norms,
    recurrent,
    structures,
)

__all__ = [
    "attention",
    "channel_gates",
    "channels",
    "convolutions",
    "exact",
    "heads",
    "matrices",
    "norms",
    "recurrent",
    "structures",
]
