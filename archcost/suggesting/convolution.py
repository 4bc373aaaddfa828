"""A convolution as rewrites look at it, and what takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.ops.base import OpError
from archcost.ops.facets import Work
from archcost.suggesting.body_steps import BodyStep, NamedValue, cost, like, step_of
from archcost.suggesting.edits import LocalChange, NewSteps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Shape
    from archcost.suggesting.body_steps import Cost, Fork
    from archcost.suggesting.view import GraphView

Sizes = tuple[int, ...]
KINDS = ("conv1d", "conv2d", "conv3d")
IMAGE_CHANNELS = 4  # red, green, blue and alpha


class Convolution:
    """A convolution of one group whose weights are its own."""

    def __init__(self, view: GraphView, index: int) -> None:
        op = view.op(index)
        self.view = view
        self.index = index
        self.kind = op.kind
        self.shape = view.input(index)
        self.channels: int = self.shape[1]
        self.sizes: Sizes = self.shape[2:]
        self.output_sizes: Sizes = view.output(index)[2:]
        self.out_channels: int = op.attribute("out_channels")
        self.kernel: Sizes = op.attribute("kernel_size")
        self.stride: Sizes = op.attribute("stride")
        self.dilation: Sizes = op.attribute("dilation")
        self.padding: Sizes | str = op.attribute("padding")
        self.pads_zeros = op.attribute("padding_mode") == "zeros"
        self.handed = {name: NamedValue(f"${name}", op.attribute(name)) for name in view.given(index)}

    @classmethod
    def at(cls, view: GraphView, index: int, kinds: Sequence[str] = KINDS) -> Convolution | None:
        """The convolution that a node is, if it is one that can be replaced: of these kinds, and not grouped."""
        return cls(view, index) if replaceable(view, index, kinds) and view.op(index).attribute("groups") == 1 else None

    @property
    def out(self) -> NamedValue:
        """The channels that go out, as the step gives them."""
        return NamedValue("$out_channels", self.out_channels)

    @property
    def side(self) -> int:
        """The size of the kernel if it is the same in all of several dims, else 0."""
        return self.kernel[0] if len(self.kernel) > 1 and len(set(self.kernel)) == 1 else 0

    @property
    def on_image(self) -> bool:
        """Whether it reads so few channels that they are an image's: what splits channels leaves it whole."""
        return self.channels <= IMAGE_CHANNELS

    @property
    def is_reduced(self) -> bool:
        """Whether it reads, by way of norm and activation, a 1×1 convolution that has reduced the channels for it."""
        view, ahead = self.view, self.view.preceding(self.index)
        maker = view.before(ahead[-1] if ahead else self.index)
        if maker is None or view.kind(maker) not in KINDS or max(view.op(maker).attribute("kernel_size")) > 1:
            return False
        return view.input(maker)[1] > self.channels

    @property
    def keeps_size(self) -> bool:
        """Whether at stride 1 the output has the size of the input, as it has with half of the kernel as padding."""
        return not any(self.shrinks)

    @property
    def shrinks(self) -> Sizes:
        """What the output lacks of the input in each dim at stride 1: d·(k - 1) less the padding of both sides."""
        spans = tuple([d * (k - 1) for d, k in zip(self.dilation, self.kernel, strict=True)])
        if self.padding == "same":
            return (0,) * len(spans)
        padding = (0,) * len(spans) if isinstance(self.padding, str) else self.padding
        return tuple([span - 2 * pad for span, pad in zip(spans, padding, strict=True)])

    def layer(self, *without: str, **changed: Any) -> BodyStep:
        """A convolution with the attributes that the step gives, but for those ``without`` and those ``changed``."""
        kept = {name: value for name, value in self.handed.items() if name not in without}
        return step_of(self.kind, kept | changed)

    def plain(self, **attributes: Any) -> BodyStep:
        """A convolution with these attributes alone, and with a bias if the step has one."""
        return step_of(self.kind, attributes | {name: self.handed[name] for name in ("bias",) if name in self.handed})

    def pointwise(self, out_channels: NamedValue, *, strided: bool = False) -> BodyStep:
        """A 1×1 convolution at every position, or with the stride."""
        stride = {"stride": self.handed["stride"]} if strided and "stride" in self.handed else {}
        return self.plain(out_channels=out_channels, kernel_size=1, **stride)

    def along(self, dims: Sequence[int], out_channels: NamedValue) -> BodyStep:
        """The part of the convolution that looks along some of its dims, with stride and padding in these alone."""

        def picked(sizes: Sizes, other: int) -> Sizes:
            return tuple([size if dim in dims else other for dim, size in enumerate(sizes)])

        changed: dict[str, Sizes] = {"kernel_size": picked(self.kernel, 1)}
        if set(self.stride) != {1}:
            changed["stride"] = picked(self.stride, 1)
        if not isinstance(self.padding, str) and any(self.padding):
            changed["padding"] = picked(self.padding, 0)
        return self.layer("stride", out_channels=out_channels, **changed)

    def between(self) -> list[BodyStep]:
        """The norm and the activation for use behind a new layer; a norm only if it takes any number of channels."""
        found = [like(op) for op in self.view.ops_between(self.index)]
        one_channel = (self.shape[0], 1, *self.sizes)
        return [step for step in found if step.op.work is not Work.NORM or _cost_of([step], one_channel) is not None]

    def replaced(
        self,
        name: str,
        steps: Sequence[BodyStep | Fork],
        params: tuple[tuple[str, str], ...] = (),
        note: str = "",
    ) -> LocalChange | None:
        """The change to these steps; None if they cannot stand here, or if MACs or params grow, or neither shrinks."""
        before = _cost_of([like(self.view.op(self.index))], self.shape)
        after = _cost_of(steps, self.shape)
        if before is None or after is None or after.shape != before.shape or not _cheaper(before, after):
            return None
        return LocalChange(
            {self.index: NewSteps(f"{name}_{self.kind}", tuple([one.text for one in steps]), params)}, note=note
        )


def shortened(sizes: Sizes) -> int | Sizes:
    """Sizes as an attribute: one number where they are equal."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


def replaceable(view: GraphView, index: int, kinds: Sequence[str] = KINDS) -> bool:
    """Whether a node is a convolution of these kinds whose weights are its own."""
    return view.kind(index) in kinds and view.step(index) is not None and view.owns_weights(index)


def is_pointwise(view: GraphView, index: int) -> bool:
    """Whether a node is a 1×1 convolution over all channels, without padding, whose weights are its own."""
    op = view.op(index)
    return (
        op.kind == "conv2d"
        and op.attribute("groups") == 1
        and op.attribute("kernel_size") == (1, 1)
        and op.attribute("padding") in ((0, 0), "same", "valid")
        and view.owns_weights(index)
    )


def _cost_of(steps: Sequence[BodyStep | Fork], shape: Shape) -> Cost | None:
    """What steps cost; None where one of them does not take what it gets."""
    try:
        return cost(steps, shape)
    except OpError:
        return None


def _cheaper(before: Cost, after: Cost) -> bool:
    macs, params = after.macs - before.macs, after.params - before.params
    return max(macs, params) <= 0 and min(macs, params) < 0
