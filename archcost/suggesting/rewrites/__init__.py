"""The rewrites, a class each, by the part of a network that they change."""

from archcost.suggesting.rewrites import channels, convolutions

__all__ = ["channels", "convolutions"]
