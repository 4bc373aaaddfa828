"""Rewrites that compute the same: weights are moved into others, and layers past each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import numel
from archcost.suggesting.edits import Attributes, Edit, LocalChange, NewSteps, Removed
from archcost.suggesting.pooling import pooled_first
from archcost.suggesting.rewrite import Boldness, Rewrite

if TYPE_CHECKING:
    from archcost.ops.base import Op
    from archcost.suggesting.view import GraphView

_PRODUCTS = ("conv", "conv_transpose", "linear")  # layers that add a bias to each of their channels
_NEVER_FALL = (
    *("relu", "relu6", "leaky_relu", "hardtanh", "elu", "selu", "sigmoid", "hardsigmoid", "log_sigmoid"),
    *("tanh", "softplus", "softsign"),
)
_SLOPES = ("alpha", "negative_slope")  # attributes of some of these, which fall where the slope is negative
_ROWS = 2  # the dims of an input whose features are its channels


class PoolFirst(
    Rewrite,
    name="pool_first",
    title="pooling first",
    does="takes averages in front of a 1×1 convolution, not behind it",
    paper="both are linear, one over positions and the other over channels; no paper is needed",
    boldness=Boldness.EXACT,
):
    """1×1 from C channels to K at (H, W), then averages to (h, w), becomes averages, then 1×1 at (h, w).

    mean(W·x + b) = W·mean(x) + b: h·w·C·K of H·W·C·K MACs are left, with the same weights. With a bias, the divisor
    must be the number of positions that a window has inside of the image.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        op, pool = view.op(index), view.after(index)
        if op.stem != "conv" or pool is None or not view.owns_weights(index):
            return None
        is_pointwise = {*op.attribute("kernel_size"), *op.attribute("stride")} == {1} and not any(_padding(op))
        if not is_pointwise or not _averages(view.op(pool), biased=op.attribute("bias")):
            return None
        if numel(view.output(pool)[2:]) >= numel(view.output(index)[2:]):
            return None
        return pooled_first(view, index, pool, f"at {_positions(view, pool)}")


def _padding(op: Op) -> tuple[int, ...]:
    padding: tuple[int, ...] | str = op.attribute("padding")
    return () if isinstance(padding, str) else padding  # 'same' and 'valid' pad nothing around 1×1


def _averages(op: Op, *, biased: bool) -> bool:
    """Whether an op takes means that commute with products of channels, and with a bias if there is one."""
    if op.stem == "adaptive_avg_pool":
        return True
    if op.stem != "avg_pool":
        return False
    counts_zeros = any(op.attribute("padding")) and op.attribute("count_include_pad")
    return not biased or not (counts_zeros or vars(op).get("divisor_override"))


def _positions(view: GraphView, index: int) -> str:
    return "×".join(map(str, view.output(index)[2:]))


class MaxFirst(
    Rewrite,
    name="max_first",
    title="maximum first",
    does="takes maxima in front of an activation that never falls, not behind it",
    paper="the maximum of what a rising function gives is what it gives for the maximum; no paper is needed",
    boldness=Boldness.EXACT,
):
    """f at (H, W), then maxima to (h, w), becomes maxima, then f at (h, w): max f(x) = f(max x) where f never falls.

    h·w of H·W evaluations are left, and no result of the size (H, W). MACs and params stay.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        pool = view.after(index)
        if not _never_falls(view.op(index)) or pool is None or len(view.nodes[pool].outputs) != 1:
            return None
        op = view.op(pool)
        is_plain = op.stem == "adaptive_max_pool" or (op.stem == "max_pool" and set(op.attribute("dilation")) == {1})
        if not is_plain or numel(view.output(pool)) >= numel(view.output(index)):
            return None
        return pooled_first(view, index, pool, f"at {_positions(view, pool)}")


def _never_falls(op: Op) -> bool:
    return op.kind in _NEVER_FALL and all(vars(op).get(name, 0) >= 0 for name in _SLOPES)


class NoBias(
    Rewrite,
    name="no_bias",
    title="no bias before a norm",
    does="leaves out a bias that the norm behind it subtracts again",
    paper="Ioffe & Szegedy 2015, Batch Normalization, arXiv:1502.03167, section 3.2",
    boldness=Boldness.EXACT,
):
    """norm(W·x + b) = norm(W·x), if the norm subtracts the mean of each channel: one param less for each channel.

    Where the mean is a running one, the bias goes into it: μ becomes μ - b.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        norm = _norm_of(view, index, ("batch_norm", "instance_norm"))
        if norm is None or not view.op(index).attribute("bias"):
            return None
        return LocalChange({index: Attributes((("bias", "false"),))}, note=f"{view.output(index)[1]} params")


class FoldNorm(
    Rewrite,
    name="fold_norm",
    title="norm in the weights",
    does="multiplies a trained batch norm into the layer in front of it, for inference",
    paper="Jacob et al. 2017, Quantization and Training of Neural Networks, arXiv:1712.05877, section 3.2",
    boldness=Boldness.EXACT,
):
    """γ·(W·x + b - μ)/σ + β = (γ·W/σ)·x + γ·(b - μ)/σ + β, with σ = √(σ² + ε): a layer with a bias, and no norm.

    2·C params and 2·C running statistics become C params, and 2 FLOPs an element go. It is for inference: training
    needs the norm.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        norm = None if view.graph.training else _norm_of(view, index, ("batch_norm",))
        if norm is None or not view.op(norm).attribute("track_running_stats"):
            return None
        needs_bias = not view.op(index).attribute("bias")
        edits = {index: Attributes(view.default(index, "bias"))} if needs_bias else {}
        return LocalChange({**edits, norm: Removed()}, note=f"{view.output(index)[1]} channels")


class FusedBranches(
    Rewrite,
    name="fused_branches",
    title="branches in one kernel",
    does="adds up the kernels of trained parallel convolutions, with their norms, for inference",
    paper="Ding et al. 2021, RepVGG: Making VGG-style ConvNets Great Again, arXiv:2101.03697, section 3.3",
    boldness=Boldness.EXACT,
):
    """Σ norm(K·x) = (Σ γ·K/σ)·x + Σ (β - γ·μ/σ): a 3×3, a 1×1 and the identity become one 3×3 with a bias.

    A smaller kernel stands in the middle of the largest, and the identity is a 1×1. All must read one value, with the
    same stride and groups, and padding of half their kernel. It is for inference, as training needs the branches.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if view.kind(index) != "add" or view.graph.training:
            return None
        branches = [_Branch.of(view, index, place) for place in range(len(view.nodes[index].inputs))]
        convs = [branch for branch in branches if branch is not None and branch.conv is not None]
        if len(convs) < len(branches) - 1 or len(branches) < _ROWS or None in branches:
            return None
        kept = max(convs, key=lambda branch: view.op(branch.nodes[0]).attribute("kernel_size"))
        if not all(branch is not None and branch.fits(view, kept) for branch in branches):
            return None
        edits: dict[int, Edit] = {node: Removed() for branch in branches if branch for node in branch.nodes}
        edits[kept.nodes[0]] = Attributes(view.default(kept.nodes[0], "bias"))
        name = f"input_{branches.index(kept)}" if branches.index(kept) else "input"
        edits[index] = NewSteps("one_branch", (f"{{identity, from: {name}}}",))
        return LocalChange(edits, note=f"{len(branches)} branches")


class _Branch(NamedTuple):
    """A convolution with its norm, or a norm alone, between a value and a sum."""

    value: int
    conv: int | None
    nodes: tuple[int, ...]

    @classmethod
    def of(cls, view: GraphView, total: int, place: int) -> _Branch | None:
        norm = view.before(total, place)
        if norm is None or view.after(norm) != total or view.op(norm).stem != "batch_norm":
            return None
        if not view.op(norm).attribute("track_running_stats") or not view.owns_weights(norm):
            return None
        conv = view.before(norm)
        if conv is not None and view.op(conv).stem == "conv" and view.after(conv) == norm:
            return cls(view.nodes[conv].inputs[0], conv, (conv, norm)) if view.owns_weights(conv) else None
        return cls(view.nodes[norm].inputs[0], None, (norm,))

    def fits(self, view: GraphView, kept: _Branch) -> bool:
        """Whether the kernel has a place in the middle of the one that is kept."""
        largest = view.op(kept.nodes[0])
        if self.value != kept.value:
            return False
        if self.conv is None:
            return set(largest.attribute("stride")) == {1}
        op = view.op(self.conv)
        kernel, most = op.attribute("kernel_size"), largest.attribute("kernel_size")
        return (
            all(op.attribute(name) == largest.attribute(name) for name in ("stride", "groups"))
            and all(side % 2 and side <= other for side, other in zip(kernel, most, strict=True))
            and op.attribute("padding") in ("same", tuple([side // 2 for side in kernel]))
            and op.attribute("padding_mode") == "zeros"
            and set(op.attribute("dilation")) == {1}
        )


def _norm_of(view: GraphView, index: int, stems: tuple[str, ...]) -> int | None:
    """The norm of each channel right behind a layer that has a bias for each; both have weights of their own."""
    op, norm = view.op(index), view.after(index)
    if (op.stem not in _PRODUCTS) or norm is None or view.op(norm).stem not in stems:
        return None
    if op.stem == "linear" and len(view.output(index)) != _ROWS:
        return None
    return norm if view.owns_weights(index) and view.owns_weights(norm) else None
