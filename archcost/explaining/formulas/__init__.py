"""A formula for every kind of op: what its sizes, params, MACs and FLOPs are made of."""

from __future__ import annotations

from archcost.explaining.formulas.base import Formula, Formulas, Size, Subject
from archcost.explaining.formulas.layers import LAYERS
from archcost.explaining.formulas.places import PLACES
from archcost.explaining.formulas.sequences import SEQUENCES
from archcost.explaining.formulas.tensors import TENSORS
from archcost.explaining.formulas.windows import WINDOWS

FORMULAS: dict[str, Formula] = {**WINDOWS, **LAYERS, **TENSORS, **SEQUENCES, **PLACES}

__all__ = ["FORMULAS", "Formula", "Formulas", "Size", "Subject"]
