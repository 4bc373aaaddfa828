"""Rewrites of one convolution in which a filter sees, or makes, only a part of the channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.suggesting.body_steps import BodyStep, Fork, NamedValue, step_of
from archcost.suggesting.convolution import Convolution
from archcost.suggesting.rewrite import Boldness, Rewrite

if TYPE_CHECKING:
    from archcost.suggesting.edits import LocalChange
    from archcost.suggesting.view import GraphView

_GROUPS = (4, 3, 2)  # of Table 1 of ShuffleNet, those that this splits into
_EXPANDED = 3  # the kernel of the wide half of a fire module
_SQUEEZE = 8  # outputs of a fire module for each channel that it is squeezed to
_CHEAP = 3  # the kernel of the cheap half of a ghost module


class Separable(
    Rewrite,
    name="separable",
    title="depthwise separable",
    does="makes a convolution one of each channel alone and a 1×1 over all channels",
    paper="Howard et al. 2017, MobileNets, arXiv:1704.04861, section 3.1",
    accuracy="MobileNet has 70.6% on ImageNet, and with whole convolutions 71.7% (Table 4)",
    boldness=Boldness.BOLD,
):
    """k×k over C channels becomes k×k on each channel and 1×1: k²·C + C·out for k²·C·out a position.

    That is 1/out + 1/k² of it. The depthwise convolution has the old one's stride, padding and dilation, so the
    receptive field stays, and the size of every output. Norm and activation of the old one stand between the two, too.
    A convolution on an image stays whole, as MobileNet's first. Also for signals and volumes.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        conv = Convolution.at(view, index)
        if conv is None or conv.on_image or max(conv.kernel) == 1:
            return None
        channels = NamedValue("$in_channels", conv.channels)
        depthwise = conv.layer("groups", out_channels=channels, groups=channels)
        return conv.replaced("separable", [depthwise, *conv.between(), conv.pointwise(conv.out)])


class Grouped(
    Rewrite,
    name="grouped",
    title="groups",
    does="makes a convolution one of groups of channels, and shuffles the channels behind it",
    paper="Zhang et al. 2017, ShuffleNet, arXiv:1707.01083, section 3.1; Xie et al. 2016, ResNeXt, arXiv:1611.05431",
    accuracy="groups in ResNet-50 save 45% of the operations at similar or higher accuracy (Ioannou et al. 2016, Deep "
    "Roots, arXiv:1605.06489, abstract)",
    boldness=Boldness.BOLD,
):
    """k×k in g groups: k²·C·out / g a position. The channel shuffle behind it, which has no MACs, mixes the groups.

    g is 4, or 3 or 2 where channels do not split into 4: ShuffleNet tries 1, 2, 3, 4 and 8 (Table 1). A convolution on
    an image stays whole, and so does one on a single position, which is a linear layer. Receptive field and sizes stay.
    Also for signals and volumes.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        conv = Convolution.at(view, index)
        if conv is None or conv.on_image or max(conv.sizes) == 1:
            return None
        groups = next((count for count in _GROUPS if conv.channels % count == conv.out_channels % count == 0), 1)
        if groups == 1:
            return None
        steps = [conv.layer("groups", groups=groups), step_of("channel_shuffle", {"groups": groups})]
        return conv.replaced("grouped", steps, note=f"in {groups}")


class Fire(
    Rewrite,
    name="fire",
    title="fire module",
    does="squeezes the channels by a 1×1 and expands them by 1×1 and 3×3 side by side",
    paper="Iandola et al. 2016, SqueezeNet, arXiv:1602.07360, section 3.2",
    accuracy="half of the filters 3×3 are as good as more of them on ImageNet: 85.6% top-5 (Figure 3b)",
    boldness=Boldness.BOLD,
):
    """3×3 over C channels becomes 1×1 to S = out / 8, then 1×1 and 3×3 to half of out each, joined by channel.

    C·S + S·out / 2 + 9·S·out / 2 for 9·C·out a position. The shares are those of every fire module of the paper's
    Table 1, such as fire2: 16 to 64 and 64. Norm and activation of the old one stand behind the squeeze, too. Only
    where the old one keeps the size but for its stride: then both branches do, for every size. Not behind a 1×1 that
    reduces the channels already. The receptive field stays.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        conv = Convolution.at(view, index, ("conv2d",))
        if conv is None or conv.side != _EXPANDED or not conv.keeps_size or conv.on_image or conv.is_reduced:
            return None
        out = conv.out_channels
        squeezed = out // _SQUEEZE
        if not squeezed:
            return None
        half = NamedValue("$(out_channels // 2)", out // 2)
        rest = NamedValue("$(out_channels - out_channels // 2)", out - out // 2)
        squeeze = conv.pointwise(NamedValue("$squeezed", squeezed))
        expand1x1, expand3x3 = conv.pointwise(half, strided=True), conv.layer(out_channels=rest)
        expand = Fork({"expand1x1": (expand1x1,), "expand3x3": (expand3x3,)})
        steps: list[BodyStep | Fork] = [squeeze, *conv.between(), expand]
        return conv.replaced("fire", steps, (("squeezed", f"$(out_channels // {_SQUEEZE})"),), f"by way of {squeezed}")


class Ghost(
    Rewrite,
    name="ghost",
    title="ghost module",
    does="computes half of the channels, and the others from these by a cheap 3×3 on each",
    paper="Han et al. 2019, GhostNet, arXiv:1911.11907",
    boldness=Boldness.BOLD,
):
    """k×k to out channels becomes k×k to half of them and 3×3 on each of these: (k²·C + 9)·out / 2 for k²·C·out.

    Ratio 2 and kernel 3 are the paper's (s = 2, d = 3). The cheap half follows the other without a norm or an
    activation between them, as in equation 3. It sees one position of the map more on each side; the sizes stay. Not on
    maps that are smaller than the cheap kernel. Also for signals and volumes, where 9 is 3 and 27.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        conv = Convolution.at(view, index)
        if conv is None or conv.on_image or conv.out_channels % 2 or max(conv.output_sizes) < _CHEAP:
            return None
        half = conv.out_channels // 2
        channels = NamedValue("$(out_channels // 2)", half)
        cheap = conv.plain(out_channels=channels, groups=channels, kernel_size=_CHEAP, padding=_CHEAP // 2)
        ghosts = Fork({"intrinsic": (), "ghost": (cheap,)})
        return conv.replaced("ghost", [conv.layer(out_channels=channels), ghosts], note=f"from {half} channels")
