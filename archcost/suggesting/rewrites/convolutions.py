"""Rewrites of a single convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.suggesting.edits import Body, Change
from archcost.suggesting.rewrite import Boldness, Rewrite

if TYPE_CHECKING:
    from archcost.suggesting.view import View

_WIDE = 5  # kernels from which GoogLeNet reduces to a half


class Reduction(
    Rewrite,
    name="reduction",
    title="1×1 reduction",
    does="puts a 1×1 convolution to fewer channels in front of a wide one",
    paper="Szegedy et al. 2014, Going Deeper with Convolutions, arXiv:1409.4842, section 4",
    boldness=Boldness.GENTLE,
    where="before",
):
    """k×k over C channels becomes 1×1 from C to R channels and k×k from R: C·R + k²·R·out for k²·C·out a position.

    R has the share of the outputs that the paper's first module has: 96 of 128 for 3×3, 16 of 32 for 5×5 (Table 1,
    row inception (3a)). The new convolution is followed by the norm and the activation that the old one has. The
    receptive field stays.
    """

    @classmethod
    def find(cls, view: View, index: int) -> Change | None:
        op = view.op(index)
        if view.kind(index) != "conv2d" or op.attribute("groups") != 1 or not view.owns_weights(index):
            return None
        channels, out = view.input(index)[1], op.attribute("out_channels")
        height, width = op.attribute("kernel_size")
        share = "out_channels // 2" if min(height, width) >= _WIDE else "out_channels * 3 // 4"
        reduced = out // 2 if min(height, width) >= _WIDE else out * 3 // 4
        area = height * width
        if area == 1 or reduced < 1 or channels * reduced + area * reduced * out >= area * channels * out:
            return None
        handed = [name for name in ("bias",) if name in view.given(index)]
        small = ", ".join(["out_channels: $reduced", "kernel_size: 1", *[f"{name}: ${name}" for name in handed]])
        steps = (f"conv2d: {{{small}}}", *view.between(index), view.call(index))
        body = Body("reduced_conv2d", steps, (("reduced", f"$({share})"),))
        return Change({index: body}, note=f"to {reduced} channels")
