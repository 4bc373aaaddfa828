"""Dropout. FLOPs are counted for inference, where dropout computes nothing."""

from __future__ import annotations

from archcost.ops.base import Op
from archcost.ops.facets import Work, WrittenAs
from archcost.ops.fields import choice, flag, number
from archcost.ops.reach import pointwise


class _Dropout(Op, family="Activation", work=Work.UNCHANGED, main="p"):
    """The input in inference; in training elements are set to zero with probability p, which is not counted."""

    p: float = number(default=0.5, minimum=0, maximum=1, doc="the probability of setting an element to zero")
    inplace: bool = flag(default=False)

    reach = pointwise


class Dropout(_Dropout, kind="dropout"):
    """x in inference; in training each element is zeroed with probability p; no MACs, no FLOPs counted."""


class Dropout1d(_Dropout, kind="dropout1d", min_rank=2, max_rank=3, layout="(N, C, L) or (C, L)"):
    """x in inference; in training each channel is zeroed with probability p; no MACs, no FLOPs counted."""


class Dropout2d(_Dropout, kind="dropout2d", min_rank=3, max_rank=4, layout="(N, C, H, W) or (C, H, W)"):
    """x in inference; in training each channel is zeroed with probability p; no MACs, no FLOPs counted."""


class Dropout3d(_Dropout, kind="dropout3d", min_rank=4, max_rank=5, layout="(N, C, D, H, W) or (C, D, H, W)"):
    """x in inference; in training each channel is zeroed with probability p; no MACs, no FLOPs counted."""


class AlphaDropout(_Dropout, kind="alpha_dropout"):
    """x in inference; in training elements are dropped, keeping mean and variance; no MACs, no FLOPs counted."""


class StochasticDepth(
    Op, kind="stochastic_depth", family="Activation", min_rank=1, work=Work.UNCHANGED, written=WrittenAs.OWN
):
    """x in inference; in training it is zeroed with probability p, else divided by 1 - p; no MACs, no FLOPs counted.

    It drops the branch of a residual block before the sum, for the whole batch at once (`mode: batch`) or for each
    sample separately (`mode: row`). Attributes as in torchvision.
    """

    p: float = number(minimum=0, maximum=1, doc="the probability of setting an element to zero")
    mode: str = choice("batch", "row")

    reach = pointwise
