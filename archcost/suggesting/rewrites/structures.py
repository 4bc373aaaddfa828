"""Rewrites of several layers: bottlenecks, and where the resolution falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import numel
from archcost.suggesting.convolution import is_pointwise, shortened
from archcost.suggesting.edits import Attributes, Edit, LocalChange, NewSteps, Removed
from archcost.suggesting.rewrite import Boldness, Rewrite
from archcost.suggesting.view import attribute_text

if TYPE_CHECKING:
    from archcost.suggesting.view import GraphView

Sizes = tuple[int, ...]
_RESNET = "He et al. 2015, Deep Residual Learning for Image Recognition, arXiv:1512.03385"
_JOINTS = ("add", "mul")
_BRANCHES = 2  # that read a value where a shortcut begins
_REDUCED = "$(out_channels // 4)"  # the paper's Figure 5: 64 channels inside of 256


class _Bottlenecks(Rewrite):
    """3×3 over C channels to W, and 3×3 over W, becomes 1×1 to R, 3×3 over R and 1×1 to W, with R = W / 4.

    Weights: 9·C·W + 9·W² become C·R + 9·R² + R·W. Norms and activations stand behind each of the three as they stood
    behind the first. The 3×3 has the stride of the first one, as in torchvision. Receptive field: 5 before, 3 after.
    A stack is taken in pairs from its end, where the inputs are the widest.
    """

    beside_shortcut: bool

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if not _is_3x3(view, index) or _previous(view, index) is not None:
            return None
        stack = [index]
        while (reader := _next(view, stack[-1])) is not None:
            stack.append(reader)
        if _is_joined(view, stack[-1]) != cls.beside_shortcut:
            return None
        pairs = [stack[place - 1 : place + 1] for place in range(len(stack) - 1, 0, -2)]
        chosen = [(first, second) for first, second in reversed(pairs) if _saves(view, first)]
        if not chosen:
            return None
        edits: dict[int, Edit] = {}
        for first, second in chosen:
            small = ["out_channels: $reduced", "kernel_size: 1"] + ["bias: $bias"] * ("bias" in view.given(first))
            wide = view.call(first, out_channels="$reduced")
            steps = (f"conv2d: {{{', '.join(small)}}}", *view.between(first), wide)
            edits[first] = NewSteps("narrow_conv2d", steps, (("reduced", _REDUCED),))
            taken = view.default(second, "padding", "dilation", "padding_mode")
            edits[second] = Attributes((("kernel_size", "1"), *taken))
        inside = frozenset(node for first, _ in chosen for node in view.following(first))
        widths = dict.fromkeys(str(view.output(first)[1] // 4) for first, _ in chosen)
        return LocalChange(edits, inside, f"{', '.join(widths)} channels inside")


def _is_3x3(view: GraphView, index: int) -> bool:
    op = view.op(index)
    return (
        op.kind == "conv2d"
        and op.attribute("kernel_size") == (3, 3)
        and op.attribute("groups") == 1
        and view.owns_weights(index)
    )


def _next(view: GraphView, index: int) -> int | None:
    """The 3×3 convolution to the same shape behind a 3×3 convolution, norms and activations between them aside."""
    reader = view.taker(index)
    fits = reader is not None and _is_3x3(view, reader) and view.output(reader) == view.output(index)
    return reader if fits else None


def _previous(view: GraphView, index: int) -> int | None:
    """The convolution that this one is the next of."""
    first = view.maker(index)
    return first if first is not None and _is_3x3(view, first) and _next(view, first) == index else None


def _is_joined(view: GraphView, index: int) -> bool:
    """Whether the result goes into a sum, or is gated in front of one."""
    return any(view.kind(reader) in _JOINTS for reader in view.readers(view.end(index)))


def _saves(view: GraphView, first: int) -> bool:
    channels, width = view.input(first)[1], view.output(first)[1]
    positions, later = numel(view.input(first)[2:]), numel(view.output(first)[2:])
    reduced = width // 4
    after = positions * channels * reduced + later * (9 * reduced + width) * reduced
    return 1 <= reduced <= channels and after < later * 9 * (channels + width) * width


class Bottleneck(
    _Bottlenecks,
    name="bottleneck",
    title="bottleneck",
    does="makes two 3×3 convolutions beside a shortcut a 1×1 to a quarter of the channels, a 3×3, and a 1×1 back",
    paper=f"{_RESNET}, section 4.1 and Figure 5",
    boldness=Boldness.BOLD,
    beside_shortcut=True,
):
    """Two 3×3 over W channels beside a shortcut: 18·W² weights become W²/4 + 9·W²/16 + W²/4 = 17·W²/16.

    In the paper the network around a bottleneck is four times as wide, which makes up for it: "both designs have
    similar time complexity" (2·9·64² = 73,728 weights to the left in Figure 5, 69,632 to the right, over 256 channels).
    Here the width around it stays.
    """


class PlainBottleneck(
    _Bottlenecks,
    name="plain_bottleneck",
    title="bottleneck in a stack",
    does="makes every two 3×3 convolutions of a stack a 1×1 to a quarter of the channels, a 3×3, and a 1×1 back",
    paper=f"{_RESNET}, section 4.1, whose footnote speaks of bottlenecks in plain nets",
    boldness=Boldness.BOLD,
    beside_shortcut=False,
):
    """Two 3×3 in a plain stack, as in VGG: from C channels to W, 9·C·W + 9·W² weights become C·W/4 + 13·W²/16.

    The paper notes that deep plain nets degrade with bottlenecks as they do without.
    """


class EarlierStride(
    Rewrite,
    name="earlier_stride",
    title="earlier stride",
    does="moves the stride of a convolution to the 1×1 in front of it",
    paper=f"{_RESNET}; torchvision's models have the stride in the 3×3",
    accuracy=(
        "ResNet-50 with the stride in the 3×3 is about 0.5% better in top-1 accuracy"
        " (NVIDIA DeepLearningExamples, PyTorch/Classification/ConvNets/resnet50v1.5/README.md)"
    ),
    boldness=Boldness.BOLD,
):
    """1×1 at (H, W), then k×k with stride s, becomes 1×1 with stride s, then k×k at (H/s, W/s).

    The 1×1 has a share of 1/s² of its MACs left; params stay. Only one of s² positions of the input is read.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if not is_pointwise(view, index):
            return None
        inside = view.following(index)
        reader = view.taker(index)
        if reader is None or view.kind(reader) != view.kind(index):
            return None
        stride = view.op(reader).attribute("stride")
        early = view.output_with(index, view.input(index), stride=stride)
        if set(stride) == {1} or early is None or view.output_with(reader, early, stride=1) != view.output(reader):
            return None
        edits = {
            index: Attributes((("stride", _text(stride)),)),
            reader: Attributes(view.default(reader, "stride")),
        }
        return LocalChange(edits, frozenset(inside), f"stride {_text(stride)}")


class Strided(
    Rewrite,
    name="strided",
    title="stride for pooling",
    does="gives a convolution the stride of the pooling behind it, which goes",
    paper="Springenberg et al. 2014, Striving for Simplicity: The All Convolutional Net, arXiv:1412.6806",
    accuracy="Strided-CNN-C has 10.19% error on CIFAR-10 without augmentation, its base with pooling 9.74% (Table 3)",
    boldness=Boldness.BOLD,
):
    """k×k at (H, W), then pooling with stride s, becomes k×k with stride s: 1/s² of the MACs; params stay.

    Only where the kernel is as large as the stride, so that all positions are read, and where the sizes are the same.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        pooled = _pooled(view, index)
        if pooled is None:
            return None
        pool, between, stride = pooled
        reads_all = all(
            step <= size for step, size in zip(stride, view.op(index).attribute("kernel_size"), strict=True)
        )
        if not reads_all or view.output_with(index, view.input(index), stride=stride) != view.output(pool):
            return None
        edits: dict[int, Edit] = {index: Attributes((("stride", _text(stride)),)), pool: Removed()}
        return LocalChange(edits, frozenset(between), f"stride {_text(stride)}")


class PatchStem(
    Rewrite,
    name="patch_stem",
    title="patches as the stem",
    does="makes the first convolution and the pooling behind it one convolution over patches that do not overlap",
    paper="Liu et al. 2022, A ConvNet for the 2020s, arXiv:2201.03545, section 2.2",
    accuracy="79.4% before, 79.5% after, for a ResNet-50 on the way to ConvNeXt (section 2.2)",
    boldness=Boldness.GENTLE,
):
    """7×7 with stride 2 and pooling with stride 2 becomes 4×4 with stride 4: H/2·W/2·49 products become H/4·W/4·16.

    In general p×p with stride p, where p is the product of both strides and divides the sizes.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        pooled = _pooled(view, index)
        if pooled is None or view.nodes[index].inputs[0] >= 0 or not view.owns_weights(index):
            return None
        pool, between, patch = pooled
        whole = all(size % side == 0 for size, side in zip(view.input(index)[2:], patch, strict=True))
        plain = {"kernel_size": patch, "stride": patch, "padding": 0, "dilation": 1}
        if not whole or view.output_with(index, view.input(index), **plain) != view.output(pool):
            return None
        before = numel(view.output(index)[2:]) * numel(view.op(index).attribute("kernel_size"))
        if numel(view.output(pool)[2:]) * numel(patch) >= before:
            return None
        taken = view.default(index, "padding", "dilation", "padding_mode")
        changed = (("kernel_size", _text(patch)), ("stride", _text(patch)), *taken)
        edits: dict[int, Edit] = {index: Attributes(changed), pool: Removed()}
        return LocalChange(edits, frozenset(between), f"patches of {_text(patch)}")


class ZeroShortcut(
    Rewrite,
    name="zero_shortcut",
    title="shortcut without weights",
    does="takes every other position of a shortcut and adds channels of zeros, in place of a 1×1 convolution",
    paper=f"{_RESNET}, section 3.3, option A",
    accuracy="ResNet-34 has 25.03% top-1 error with option A, 24.52% with 1×1 convolutions (Table 3)",
    boldness=Boldness.BOLD,
):
    """1×1 with stride s from C channels to W becomes the positions 0, s, 2·s … and W - C channels of zeros.

    C·W weights and H/s·W/s·C·W MACs become none. It applies to a 1×1 convolution, with its norm, between a value that
    others read as well and a sum.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if not is_pointwise(view, index) or len(view.beside(index)) < _BRANCHES:
            return None
        behind = view.following(index)
        extra = view.output(index)[1] - view.input(index)[1]
        is_linear = all(view.op(node).family != "Activation" for node in behind)
        if extra < 0 or not is_linear or view.kind(view.taker(index)) != "add":
            return None
        strides = enumerate(view.op(index).attribute("stride"), 2)
        steps = [f"slice: {{dim: {dim}, step: {step}}}" for dim, step in strides if step > 1]
        if extra:
            more = "out_channels - in_channels"
            steps.append(f'pad: [0, 0, 0, 0, "$(({more}) // 2)", "$(({more} + 1) // 2)"]')
        if not steps:
            return None
        edits: dict[int, Edit] = {index: NewSteps("zero_shortcut", tuple(steps)), **dict.fromkeys(behind, Removed())}
        return LocalChange(edits, note=f"{extra} channels of zeros")


class _Pooled(NamedTuple):
    """The pooling behind a convolution, what stands between them, and the stride of both together."""

    pool: int
    between: list[int]
    stride: Sizes


def _pooled(view: GraphView, index: int) -> _Pooled | None:
    op = view.op(index)
    pool = view.taker(index) if op.stem == "conv" else None
    if pool is None or view.op(pool).stem not in ("max_pool", "avg_pool"):
        return None
    pooling = view.op(pool)
    steps = pooling.attribute("stride") or pooling.attribute("kernel_size")
    if len(view.nodes[pool].outputs) != 1 or set(steps) == {1}:
        return None
    stride = tuple([own * step for own, step in zip(op.attribute("stride"), steps, strict=True)])
    return _Pooled(pool, view.following(index), stride)


def _text(sizes: Sizes) -> str:
    return attribute_text(shortened(sizes))
