"""Rewrites of one convolution by convolutions of smaller kernels or of fewer channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.suggesting.body_steps import BodyStep, NamedValue
from archcost.suggesting.convolution import Convolution, replaceable, shortened
from archcost.suggesting.edits import Attributes, LocalChange
from archcost.suggesting.rewrite import Boldness, Rewrite
from archcost.suggesting.view import attribute_text

if TYPE_CHECKING:
    from archcost.suggesting.convolution import Sizes
    from archcost.suggesting.view import GraphView

_WIDE = 5  # kernels from which GoogLeNet reduces to a half
_STACKED = (5, 7)  # kernels that VGG and Inception make stacks of 3×3
_MEDIUM = range(12, 21)  # sizes of maps on which Inception v3 goes along rows and columns
_PLANE = (1, 2)  # the dims of a video besides time


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
    row inception (3a)). Under a stride s the new convolution has s² as many positions. It is followed by the norm and
    the activation of the old one. The receptive field stays. Not behind a 1×1 that reduces the channels already. Also
    for signals and volumes.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        conv = Convolution.at(view, index)
        if conv is None or max(conv.kernel) == 1 or conv.is_reduced:
            return None
        wide = min(conv.kernel) >= _WIDE
        share = "$(out_channels // 2)" if wide else "$(out_channels * 3 // 4)"
        count = conv.out_channels // 2 if wide else conv.out_channels * 3 // 4
        if count < 1:
            return None
        steps = [conv.pointwise(NamedValue("$reduced", count)), *conv.between(), conv.layer()]
        return conv.replaced("reduced", steps, (("reduced", share),), f"to {count} channels")


class Stacked3x3(
    Rewrite,
    name="stacked_3x3",
    title="3×3 stack",
    does="makes a 5×5 or 7×7 convolution two or three of 3×3, the first of which has the stride",
    paper="Simonyan & Zisserman 2014, arXiv:1409.1556, section 2.3; Szegedy et al. 2015, arXiv:1512.00567, section 3.1",
    accuracy="VGG with 5×5 in place of pairs of 3×3 had a top-1 error 7% higher (arXiv:1409.1556, section 4.1)",
    boldness=Boldness.GENTLE,
):
    """k×k becomes m = (k - 1) / 2 times 3×3: 9·m for k² where channels stay, that is 18 for 25 and 27 for 49.

    Where they grow, they do so by the same factor in each layer, as in section 3.1 of Inception's: C, √(C·out), out.
    Where they shrink, the first layer does it, as in the stages of VGG. The padding is divided so that the output has
    the old size for every size of the input. At stride 1 the receptive field stays; with a stride s on the first layer
    it grows from k to 3 + 2·s·(m - 1).
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        conv = Convolution.at(view, index)
        if conv is None or conv.side not in _STACKED or not conv.pads_zeros:
            return None
        count = (conv.side - 1) // 2
        paddings = _divided(conv, count)
        if paddings is None:
            return None
        widths = [_width(conv, number, count) for number in range(1, count)]
        steps: list[BodyStep] = []
        for number, (out, padding) in enumerate(zip([*widths, conv.out], paddings, strict=True)):
            left_out = ("padding", "stride") if number else ("padding",)
            steps += conv.between() if number else []
            steps.append(conv.layer(*left_out, out_channels=out, kernel_size=3, **padding))
        params = tuple([(width.text[1:], _root(number, count)) for number, width in enumerate(widths, 1)])
        return conv.replaced("stacked", steps, params, f"{count} times")


class Asymmetric(
    Rewrite,
    name="asymmetric",
    title="1×n and n×1",
    does="makes a convolution of n×n one of 1×n and one of n×1",
    paper="Szegedy et al. 2015, Rethinking the Inception Architecture, arXiv:1512.00567, section 3.2",
    accuracy="said to be very good on maps of 12 to 20, and not to work well on early layers (section 3.2)",
    boldness=Boldness.GENTLE,
):
    """n×n becomes 1×n and n×1: n·M·(C + out) for n²·C·out a position, which is 2/n of it where channels stay.

    M, the channels between them, are the fewer of C and out, as in the modules of Figure 6. Each dim has its stride and
    padding in the layer that looks along it: the receptive field stays, and so does the size of the output for every
    size of the input. Only for maps of 12 to 20, for which the paper proposes it.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        conv = Convolution.at(view, index, ("conv2d",))
        if conv is None or conv.side <= 1 or not all(size in _MEDIUM for size in conv.sizes):
            return None
        middle = NamedValue("$middle", min(conv.channels, conv.out_channels))
        steps = [conv.along((1,), middle), *conv.between(), conv.along((0,), conv.out)]
        return conv.replaced("asymmetric", steps, (("middle", "$(min(in_channels, out_channels))"),))


class Factored3d(
    Rewrite,
    name="factored_3d",
    title="space, then time",
    does="makes a convolution over space and time one in space and one in time",
    paper="Xie et al. 2017, Rethinking Spatiotemporal Feature Learning (S3D), arXiv:1712.04851; "
    "Tran et al. 2017, R(2+1)D, arXiv:1711.11248",
    accuracy="S3D is more accurate than I3D, from which it is made so, at 1/1.5 of the FLOPs (arXiv:1712.04851, "
    "abstract)",
    boldness=Boldness.GENTLE,
):
    """t×k×k becomes 1×k×k and t×1×1: k²·C·out + t·out² for t·k²·C·out a position, 12 for 27 where channels stay.

    The channels between them are those that go out, as in S3D. R(2+1)D has as many as keep the params of the whole,
    t·k²·C·out / (k²·C + t·out), which saves nothing: that is ``middle`` of the block. Each dim has its stride and
    padding in the layer that looks along it: the receptive field stays, and the size of every output.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        conv = Convolution.at(view, index, ("conv3d",))
        if conv is None or conv.kernel[0] == 1 or max(conv.kernel[1:]) == 1:
            return None
        middle = NamedValue("$middle", conv.out_channels)
        steps = [conv.along(_PLANE, middle), *conv.between(), conv.along((0,), conv.out)]
        return conv.replaced("factored", steps, (("middle", "$out_channels"),))


class Dilated(
    Rewrite,
    name="dilated",
    title="dilated 3×3",
    does="makes a 5×5 convolution one of 3×3 with holes, which spans as much",
    paper="Yu & Koltun 2015, Multi-Scale Context Aggregation by Dilated Convolutions, arXiv:1511.07122",
    boldness=Boldness.BOLD,
):
    """A kernel of 5 with dilation d becomes one of 3 with dilation 2·d: 9/25 of params and MACs, 3/5 of a signal's.

    Both span 4·d + 1, so stride and padding stay, the size of every output, and the receptive field, of which the new
    kernel sees every other position. Also for depthwise and grouped convolutions.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if not replaceable(view, index) or set(view.op(index).attribute("kernel_size")) != {5}:
            return None
        dilation = tuple([2 * size for size in view.op(index).attribute("dilation")])
        return LocalChange(
            {index: Attributes((("kernel_size", "3"), ("dilation", attribute_text(shortened(dilation)))))}
        )


def _width(conv: Convolution, number: int, count: int) -> NamedValue:
    """The channels behind layer ``number`` of ``count``, counted from 1: as in :func:`_root`."""
    product = conv.channels ** (count - number) * conv.out_channels**number
    return NamedValue(f"$middle_{number}", min(round(product ** (1 / count)), conv.out_channels))


def _root(number: int, count: int) -> str:
    """The same as an expression: between C and out by equal factors, and no more than out."""
    factors = " * ".join(["in_channels"] * (count - number) + ["out_channels"] * number)
    return f"$(min(round(({factors}) ** (1 / {count})), out_channels))"


def _divided(conv: Convolution, count: int) -> list[dict[str, Any]] | None:
    """The padding of each layer of a stack of 3×3, so that all sizes stay; None if there is no such division."""
    if conv.padding == "same":
        return [{"padding": NamedValue("$padding", "same")}] * count
    padding: Sizes = (0,) * len(conv.sizes) if isinstance(conv.padding, str) else conv.padding
    rows = [_row(*dims, count) for dims in zip(padding, conv.stride, conv.dilation, strict=True)]
    whole = [row for row in rows if row is not None]
    if len(whole) < len(rows):
        return None
    return [{"padding": shortened(layer)} if any(layer) else {} for layer in zip(*whole, strict=True)]


def _row(padding: int, stride: int, dilation: int, count: int) -> list[int] | None:
    """The same along one dim: ⌊(n + 2p - d·(k - 1) - 1) / s⌋ + 1 for all n.

    At stride 1 the padding of all layers adds up to the old one. The layers behind a strided first one keep the size,
    by a padding of d, as they are to take nothing off, or s times as much as they took would be missing; the first
    has the rest.
    """
    if stride == 1:
        full, rest = divmod(padding, dilation)
        return [dilation] * full + [0] * (count - full) if rest == 0 and full <= count else None
    first = padding - (count - 1) * dilation
    return [first] + [dilation] * (count - 1) if 0 <= first <= dilation else None
