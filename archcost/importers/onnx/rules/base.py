"""The registry of rules, and what is known to multiply nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from archcost.importers.form import Batched, Size
from archcost.importers.onnx.making import OnnxMaker
from archcost.importers.typing_steps import Unmapped

if TYPE_CHECKING:
    from archcost.importers.onnx.values import GraphValue

__all__ = ["FREE", "RULES", "NodeRule", "OnnxMaker", "Unmapped", "axes_of", "place_of", "rule", "window"]

NodeRule = Callable[[OnnxMaker], "GraphValue | Sequence[GraphValue]"]

RULES: dict[str, NodeRule] = {}
_Rule = TypeVar("_Rule", bound=NodeRule)


def rule(*operators: str) -> Callable[[_Rule], _Rule]:
    """Register a rule for operators; raises ValueError if one has a rule already."""

    def register(lower: _Rule) -> _Rule:
        for operator in operators:
            if operator in RULES:
                raise ValueError(f"{operator} has two rules")
            RULES[operator] = lower
        return lower

    return register


# Operators that multiply and accumulate nothing, as archcost counts MACs: without a rule they declare `macs: 0`.
# One that is not here is never taken to be free.
_FREE = """
    Acos Acosh Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Bernoulli BlackmanWindow
    Cast CastLike CenterCropPad Col2Im Compress Concat ConstantOfShape Cosh CumProd DepthToSpace Det
    DynamicQuantizeLinear Expand EyeLike Flatten Gather GatherElements GatherND GlobalLpPool GlobalMaxPool Hardmax
    HammingWindow HannWindow Identity IsInf LpPool MaxRoiPool MaxUnpool MeanVarianceNormalization Mod Multinomial
    NonMaxSuppression NonZero OneHot Pad Pow RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range
    ReduceProd Reshape Resize ReverseSequence RoiAlign Scatter ScatterElements ScatterND Shrink Sinh Slice Sign
    SpaceToDepth Split Squeeze Tan TensorScatter Tile TopK Transpose Trilu Unique Unsqueeze Upsample Where Xor
"""
FREE = frozenset(_FREE.split())


def place_of(axis: int, rank: int) -> int:
    """The place of a dim that may count from the end; raises Unmapped if there is none."""
    if not -max(rank, 1) <= axis < max(rank, 1):
        raise Unmapped(f"there is no dim {axis} of {rank}")
    return axis % max(rank, 1)


def axes_of(maker: OnnxMaker, place: int) -> tuple[int, ...] | None:
    """The axes of a node: an attribute in older versions of an operator, an input in newer ones; None: not said."""
    given = maker.attribute("axes")
    if given is not None:
        return tuple(given)
    return maker.fixed(place) if maker.has(place) else None


class Window:
    """How a window moves over the dims behind the channels; ``before`` and ``after`` are its padding."""

    __slots__ = ("after", "before", "dilation", "kernel", "stride")

    def __init__(self, maker: OnnxMaker, kernel: Sequence[int]) -> None:
        count = len(kernel)
        self.kernel = tuple(kernel)
        self.stride = tuple(maker.attribute("strides") or (1,) * count)
        self.dilation = tuple(maker.attribute("dilations") or (1,) * count)
        pads = tuple(maker.attribute("pads") or (0,) * (2 * count))
        if not len(self.stride) == len(self.dilation) == count == len(pads) // 2:
            raise Unmapped("its window has other dims than its input")
        self.before, self.after = pads[:count], pads[count:]
        self._fit(maker, maker.attribute("auto_pad", "NOTSET"))

    @property
    def is_even(self) -> bool:
        """Whether the padding is the same on both sides."""
        return self.before == self.after

    def _fit(self, maker: OnnxMaker, auto: str) -> None:
        """Padding so that there is an output for each stride, more of it behind or before."""
        if auto in ("NOTSET", ""):
            return
        count = len(self.kernel)
        total = [0] * count
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            sizes = fixed_sizes(maker.shape(0)[2:])
            for dim, (size, kernel) in enumerate(zip(sizes, self.kernel, strict=True)):
                outputs = -(-size // self.stride[dim])
                reach = (outputs - 1) * self.stride[dim] + self.dilation[dim] * (kernel - 1) + 1
                total[dim] = max(reach - size, 0)
        elif auto != "VALID":
            raise Unmapped(f"auto_pad is {auto}")
        less, more = tuple([each // 2 for each in total]), tuple([each - each // 2 for each in total])
        self.before, self.after = (more, less) if auto == "SAME_LOWER" else (less, more)


def window(maker: OnnxMaker, kernel: Sequence[int]) -> Window:
    """The window of a node; raises Unmapped for one that does not fit its input."""
    if maker.rank(0) != len(kernel) + 2:
        raise Unmapped("its window has other dims than its input")
    return Window(maker, kernel)


def fixed_sizes(sizes: Sequence[Size]) -> tuple[int, ...]:
    """Sizes that do not follow the batch; raises Unmapped if one does."""
    found = tuple([size for size in sizes if not isinstance(size, Batched)])
    if len(found) < len(sizes):
        raise Unmapped("a size follows the batch")
    return found
