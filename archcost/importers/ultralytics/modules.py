"""The modules that a row may name: the block or op that each is, and what its arguments are called there.

An argument that is missing has the module's own default, which is that of the block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.keys import COUNT, FLAG, SIZE, KeyKind, maybe, only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.importers.form import Attribute

_PAIR = 2


def _is_kernels(value: object) -> bool:
    return isinstance(value, list) and len(value) == _PAIR and all(map(SIZE.fits, value))


def _is_share(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= _PAIR


KERNELS = KeyKind("a list of two whole numbers ≥ 1", _is_kernels)
SHARE = KeyKind("a number above 0, and at most 2", _is_share)
MODE = only("nearest", "bilinear")


class Module(NamedTuple):
    """A module: the block or op that it is, and its arguments in order.

    ``widens``: the first argument of a row, before these, is the number of channels that come out, to be scaled.
    ``deepens``: the number of the row is that of blocks within, not of copies. ``fixed`` are attributes that it has
    always. An argument without a name changes nothing.
    """

    kind: str
    arguments: tuple[tuple[str, KeyKind], ...] = ()
    widens: bool = True
    deepens: bool = False
    fixed: Mapping[str, Attribute] = {}


_GROUPS = ("groups", SIZE)
_KERNEL = ("kernel", SIZE)
_PART = ("part", SHARE)
_SHORTCUT = ("shortcut", FLAG)
_STRIDE = ("stride", SIZE)
_AFTER_STRIDE = (_GROUPS, ("dilation", SIZE), ("act", FLAG))
MODULES = {
    "Conv": Module("conv", (_KERNEL, _STRIDE, ("padding", maybe(COUNT)), *_AFTER_STRIDE)),
    "DWConv": Module("conv", (_KERNEL, _STRIDE, *_AFTER_STRIDE[1:])),
    "Bottleneck": Module("bottleneck", (_SHORTCUT, _GROUPS, ("kernels", KERNELS), _PART)),
    "C3": Module("c3", (_SHORTCUT, _GROUPS, _PART), deepens=True, fixed={"kernels": (1, 3)}),
    "C2f": Module("c2f", (_SHORTCUT, _GROUPS, _PART), deepens=True),
    "C3k2": Module("c3k2", (("c3k", FLAG), _PART, _GROUPS, _SHORTCUT), deepens=True),
    "C2PSA": Module("c2psa", (_PART,), deepens=True),
    "SPPF": Module("sppf", (_KERNEL,)),
    "Concat": Module("concat", (("dim", only(1)),), widens=False),
    "Upsample": Module("upsample", (("size", only(None)), ("scale_factor", SIZE), ("mode", MODE)), widens=False),
}
HEADS = ("Detect", "Segment", "Pose", "OBB", "Classify")
KNOWN = (*MODULES, *HEADS)
SEPARATE = "C3k2"  # a model that has it takes the classes of its boxes from separable convolutions
