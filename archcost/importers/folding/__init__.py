"""Folding: a flat model to a draft with blocks, groups and loops. Nothing here depends on torch."""

from archcost.importers.folding.folding import fold
from archcost.importers.folding.params import UnfoldableError

__all__ = ["UnfoldableError", "fold"]
