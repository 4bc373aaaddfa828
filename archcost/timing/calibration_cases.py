"""What ``archcost calibrate`` measures: chains of equal layers, by the class of kernels that they are of.

A chain has a layer several times, each with weights of its own, so that these come from where those of a model come
from, and what a layer reads has just been written. Sizes are those that networks have, from large maps of few channels
to small ones of many; no model is among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = "block"  # the class of chains of different layers
_BN_RELU = ("batch_norm2d", "relu")
_ADD = "add, from: [a, BEFORE]"
THIN = 16  # rows of a product of matrices that are few
_CHAIN = 3  # passes of a chain
_FEW = 2  # rounds of the layers of a chain
_LARGE = 8 << 20  # bytes of activations of which one is enough
_WEIGHTS = 24 << 20  # bytes of weights that a chain has at least, where so many layers are no more than _LONGEST
_LONGEST = 8


class CalibrationCase(NamedTuple):
    """A chain: its class, the layers that repeat, how often, and the inputs a, b … without their batch.

    A layer is a step in braces; ``BEFORE`` in it is the one before, at the start the first input.
    """

    group: str
    layers: tuple[str, ...]
    repeat: int
    shapes: tuple[tuple[int, ...], ...]
    batch: int = 1

    @property
    def text(self) -> str:
        """The chain as a spec."""
        inputs = ", ".join(f"{name}: {list(shape)}" for name, shape in zip("abc", self.shapes, strict=False))
        lines = ["archcost: 1", f"name: {self.group}", f"inputs: {{{inputs}}}", "layers:"]
        before = "a"
        for number, layer in enumerate(self.layers * self.repeat):
            step = layer if "from:" in layer else f"{layer}, from: BEFORE"
            lines.append(f"  - {{id: s{number}, {step.replace('BEFORE', before)}}}")
            before = f"s{number}"
        return "\n".join(lines) + "\n"


def cases() -> list[CalibrationCase]:
    """All chains: products and pools, then passes."""
    return [*_convolutions(), *_matrices(), *_pools(), *_passes()]


def _convolutions() -> Iterator[CalibrationCase]:
    for channels, side, kernel, batch in (
        *((16, 56, 3, 1), (32, 112, 3, 1), (64, 56, 3, 1), (128, 28, 3, 1), (256, 14, 3, 1), (512, 7, 3, 1)),
        *((48, 28, 5, 1), (64, 28, 3, 8), (256, 7, 3, 8), (64, 112, 3, 8)),
    ):
        yield _conv("convolution", channels, side, kernel, batch=batch)
    for channels, kernel, stride, batch in ((64, 7, 2, 1), (32, 3, 2, 1), (96, 4, 4, 1), (32, 3, 2, 4), (64, 7, 2, 8)):
        layer = _layer(channels, kernel, stride=stride)
        yield CalibrationCase("few_channels", (layer,), 1, ((3, 224, 224),), batch)
    for narrow, wide, side, batch in (
        *((64, 256, 56, 1), (128, 512, 28, 1), (256, 1024, 14, 1), (512, 2048, 7, 1)),
        *((24, 144, 56, 1), (40, 240, 14, 1), (160, 960, 7, 1)),
        *((32, 96, 28, 8), (128, 512, 14, 8), (64, 256, 56, 8)),
    ):
        layers = (_layer(wide, 1), _layer(narrow, 1))
        yield CalibrationCase(
            "pointwise",
            layers,
            _repeats(2 * 4 * narrow * wide, 4 * (narrow + wide) * side * side * batch),
            ((narrow, side, side),),
            batch,
        )
    for width, groups, side, batch in ((4, 32, 56, 1), (8, 32, 28, 1), (8, 16, 56, 1), (8, 32, 14, 4), (8, 16, 56, 8)):
        yield _conv("narrow_groups", width * groups, side, 3, groups, batch)
    for width, groups, side, batch in (
        *((16, 32, 14, 1), (32, 32, 7, 1), (24, 4, 28, 1), (64, 8, 14, 1), (32, 16, 14, 4), (24, 6, 56, 8)),
    ):
        yield _conv("grouped", width * groups, side, 3, groups, batch)
    for channels, side, kernel, batch in (
        *((32, 112, 3, 1), (144, 56, 3, 1), (240, 28, 5, 1), (480, 14, 3, 1), (960, 7, 3, 1), (960, 7, 5, 1)),
        *((96, 56, 7, 1), (384, 14, 7, 1), (144, 56, 3, 8), (480, 14, 3, 8), (240, 28, 5, 8)),
    ):
        yield _conv("depthwise", channels, side, kernel, channels, batch)
    for channels, side, kernel in ((96, 112, 3), (144, 56, 5), (240, 28, 3)):
        layer = f"{_layer(channels, kernel, channels, 2)}, from: a"
        yield CalibrationCase("depthwise", (layer,), _FEW, ((channels, side, side),))


def _matrices() -> Iterator[CalibrationCase]:
    for rows, narrow, wide, batch in (
        *((1, 64, 256, 1), (1, 512, 1024, 1), (1, 2048, 4096, 1), (1, 1024, 4096, 8), (1, 64, 256, 8)),
        *((49, 768, 3072, 1), (196, 384, 1536, 1), (3136, 96, 384, 1), (196, 192, 768, 8), (196, 768, 3072, 4)),
    ):
        group = "linear" if rows * batch >= THIN else "thin_linear"
        layers = (f"linear: {wide}", f"linear: {narrow}")
        yield CalibrationCase(
            group, layers, _repeats(2 * 4 * narrow * wide, 4 * (narrow + wide) * rows * batch), ((rows, narrow),), batch
        )
    for heads, tokens, width, batch in ((12, 196, 64, 1), (6, 49, 32, 8), (4, 784, 32, 1), (12, 196, 64, 4)):
        shapes = ((heads, tokens, width), (heads, width, tokens))
        yield CalibrationCase("matmul", ("matmul, from: [a, b]",), 1, shapes, batch)
        attention = ("scaled_dot_product_attention, from: [BEFORE, b, c]",)
        yield CalibrationCase("attention", attention, 1, (shapes[0],) * 3, batch)


def _pools() -> Iterator[CalibrationCase]:
    for kind in ("max_pool2d", "avg_pool2d"):
        for channels, side, kernel, stride, batch in (
            *((64, 28, 3, 1, 1), (64, 112, 3, 2, 1), (128, 28, 2, 2, 1), (192, 14, 3, 1, 1), (64, 56, 3, 2, 4)),
        ):
            layer = f"{kind}: {{kernel_size: {kernel}, stride: {stride}, padding: {kernel // 2 * (stride < kernel)}}}"
            yield CalibrationCase(kind, (f"{layer}, from: a",), _CHAIN, ((channels, side, side),), batch)
    for channels, side, batch in ((64, 56, 1), (240, 28, 1), (480, 14, 1), (960, 7, 1), (2048, 7, 1), (512, 7, 8)):
        layer = "adaptive_avg_pool2d: 1, from: a"
        yield CalibrationCase("adaptive_avg_pool2d", (layer,), _CHAIN, ((channels, side, side),), batch)


def _passes() -> Iterator[CalibrationCase]:
    """Passes over memory, by op, from one element to more than caches hold."""
    few = ((1, 1, 1), (64, 28, 1), (256, 56, 1), (64, 112, 8))
    small = ((1, 1, 1), (64, 28, 1), (64, 56, 4))
    many = (*few[:1], (16, 14, 1), (64, 28, 1), (64, 56, 1), *few[2:], (128, 112, 16))
    for layer, sizes in (
        *((name, many) for name in ("relu", "batch_norm2d")),
        *((name, few) for name in ("hardswish", "sigmoid", "silu", "gelu")),
        ("add, from: [a, BEFORE]", few),
        ("local_response_norm: 5", small),
        ("concat, from: [a, b]", few),
        ("channel_shuffle: 1", few[:1]),
        ("channel_shuffle: 4", few[1:]),
    ):
        kind = layer.partition(",")[0].partition(":")[0]
        for channels, side, batch in sizes:
            shape = (channels, side, side)
            yield CalibrationCase(kind, (layer,), _CHAIN, (shape, shape) if "b]" in layer else (shape,), batch)
    for channels, side, batch in few:
        shape = (channels, side, side)
        yield CalibrationCase("mul", ("mul, from: [BEFORE, b]",), _CHAIN, (shape, (channels, 1, 1)), batch)
    for kind, sizes in (
        ("layer_norm", ((1, 1, 1), (196, 384, 1), (3136, 96, 1), (196, 768, 16))),
        ("softmax", ((1, 1, 1), (588, 49, 1), (2352, 196, 1), (2352, 196, 8))),
    ):
        for rows, width, batch in sizes:
            layer = f"layer_norm: [{width}]" if kind == "layer_norm" else "softmax: -1"
            yield CalibrationCase(kind, (layer,), _CHAIN, ((rows, width),), batch)


def blocks() -> list[CalibrationCase]:
    """Chains of different layers, as blocks of networks have them: what kernels take in company."""
    found: list[CalibrationCase] = []
    layers: tuple[str, ...]
    for channels, wide, side, batch in ((24, 144, 56, 1), (80, 240, 14, 1), (160, 960, 7, 1), (40, 240, 28, 8)):
        found.append(_inverted(channels, wide, side, batch))
    for narrow, wide, side, batch in ((64, 256, 56, 1), (256, 1024, 14, 1), (128, 512, 28, 4)):
        layers = (_layer(narrow, 1), *_BN_RELU, _layer(narrow, 3), *_BN_RELU, _layer(wide, 1), "batch_norm2d")
        found.append(CalibrationCase(BLOCK, (*layers, _ADD, "relu"), 2, ((wide, side, side),), batch))
    for channels, side, batch in ((32, 28, 1), (128, 28, 1), (256, 14, 4)):
        layers = (_layer(channels, 3), *_BN_RELU, _layer(channels, 3), "batch_norm2d", _ADD, "relu")
        found.append(CalibrationCase(BLOCK, layers, 3, ((channels, side, side),), batch))
    for rows, width, batch in ((196, 384, 1), (49, 768, 4)):
        layers = (f"layer_norm: [{width}]", f"linear: {4 * width}", "gelu", f"linear: {width}", _ADD)
        found.append(CalibrationCase(BLOCK, layers, 3, ((rows, width),), batch))
    return found


def faulting_blocks() -> list[CalibrationCase]:
    """Blocks with maps so large that malloc gives their pages back to the system after each use."""
    return [_inverted(24, 144, 56), _inverted(16, 96, 112), _inverted(32, 192, 56)]


def _inverted(channels: int, wide: int, side: int, batch: int = 1) -> CalibrationCase:
    """Inverted residuals, as those of MobileNetV2."""
    layers = (_layer(wide, 1), *_BN_RELU, _layer(wide, 3, wide), *_BN_RELU, _layer(channels, 1), "batch_norm2d", _ADD)
    return CalibrationCase(BLOCK, layers, 3, ((channels, side, side),), batch)


def _conv(group: str, channels: int, side: int, kernel: int, groups: int = 1, batch: int = 1) -> CalibrationCase:
    """A chain of convolutions that keep the size."""
    weights = 4 * channels * channels // groups * kernel * kernel
    layer = _layer(channels, kernel, groups)
    return CalibrationCase(
        group, (layer,), _repeats(weights, 4 * channels * side * side * batch), ((channels, side, side),), batch
    )


def _layer(channels: int, kernel: int, groups: int = 1, stride: int = 1) -> str:
    padding = kernel // 2 if stride < kernel else 0
    shared = f", groups: {groups}" if groups > 1 else ""
    sizes = f"out_channels: {channels}, kernel_size: {kernel}, stride: {stride}, padding: {padding}"
    return f"conv2d: {{{sizes}{shared}, bias: false}}"


def _repeats(weights: int, activations: int) -> int:
    """So many that the bytes of weights are more than caches hold, within bounds; few where they hardly count."""
    if weights < activations:
        return 1 if activations > _LARGE else _FEW
    return min(_LONGEST, max(_FEW, -(-_WEIGHTS // weights)))
