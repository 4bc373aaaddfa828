"""A formula for every kind of op: what its sizes, params, MACs and FLOPs are made of."""

from __future__ import annotations

from archcost.explain.formulas.base import Formula, Formulas, Size, Subject
from archcost.explain.formulas.layers import LAYERS
from archcost.explain.formulas.places import PLACES
from archcost.explain.formulas.sequences import SEQUENCES
from archcost.explain.formulas.tensors import TENSORS
from archcost.explain.formulas.windows import WINDOWS

FORMULAS: dict[str, Formula] = {**WINDOWS, **LAYERS, **TENSORS, **SEQUENCES, **PLACES}

__all__ = ["FORMULAS", "Formula", "Formulas", "Size", "Subject"]
