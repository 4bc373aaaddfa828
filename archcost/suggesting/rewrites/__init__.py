"""The rewrites, a class each, by the part of a network that they change."""

from archcost.suggesting.rewrites import convolutions, exact, heads, structures

__all__ = ["convolutions", "exact", "heads", "structures"]
