"""The rewrites, a class each, by the part of a network that they change."""

from archcost.suggesting.rewrites import attention, channel_gates, convolutions, matrices, norms, recurrent

__all__ = ["attention", "channel_gates", "convolutions", "matrices", "norms", "recurrent"]
