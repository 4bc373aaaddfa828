"""Rewrites of gates for channels: squeeze and excitation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.suggesting.edits import LocalChange, NewSteps, Removed
from archcost.suggesting.rewrite import Boldness, Rewrite

if TYPE_CHECKING:
    from archcost.suggesting.view import GraphView

_KERNEL = "$(max(3, int((log2(in_channels) + 1) / 2) // 2 * 2 + 1))"  # with the paper's γ = 2 and b = 1
_GATES = frozenset({"sigmoid", "hardsigmoid"})
_SHAPES = ("unflatten", "reshape", "unsqueeze")  # between gates (N, C) and the product


class EfficientChannelAttention(
    Rewrite,
    name="eca",
    title="channel attention",
    does="gates each channel by its neighbours' means, where squeeze and excitation mixes the means of all",
    paper="Wang et al. 2019, ECA-Net: Efficient Channel Attention, arXiv:1910.03151",
    accuracy="ResNet-50 on ImageNet, top-1: 77.48 % with 24.37 M params (README of BangguWu/ECANet), more than 2 "
    "points above the network without gates (abstract)",
    boldness=Boldness.GENTLE,
):
    """C → C/r → C on the channels' means becomes a 1-D convolution along the channels: k params for 2·C²/r and biases.

    k = log₂(C)/2 + 1/2, rounded down, and up to an odd number: 5 for 256 to 1,024 channels. The means (N, C, 1, 1) or
    (N, C) and the gates keep their shapes; the layer that reduced and its activation become `identity`.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        act = view.after(index)
        expand = view.after(act)
        gate = view.after(expand)
        if act is None or expand is None or gate is None or view.op(act).family != "Activation":
            return None
        if view.kind(view.after(gate)) not in ("mul", *_SHAPES):
            return None
        kind, pooled, squeezed = view.kind(index), view.input(index), view.output(index)
        if kind not in ("conv2d", "linear") or view.kind(expand) != kind or view.kind(gate) not in _GATES:
            return None
        is_gate = pooled == view.output(expand) and squeezed[1] < pooled[1] and _is_mean(view, view.before(index))
        if not is_gate or set(pooled[2:]) - {1} or len(pooled) == 3 or not all(map(view.owns_weights, (index, expand))):  # noqa: PLR2004
            return None
        along = "conv1d: {out_channels: 1, kernel_size: $kernel, padding: $(kernel // 2), bias: false}"
        back = ("transpose: {dim0: 1, dim1: 2}", "unsqueeze: -1") if kind == "conv2d" else ("flatten",)
        body = NewSteps(
            "efficient_channel_attention", ("flatten", "unsqueeze: 1", along, *back), (("kernel", _KERNEL),)
        )
        return LocalChange({index: Removed(), act: Removed(), expand: body}, note=f"for {pooled[1]:,} channels")


def _is_mean(view: GraphView, index: int | None) -> bool:
    """Whether a node gives the mean of each channel, in whatever shape."""
    while view.kind(index) in ("flatten", "squeeze"):
        index = view.before(index)
    if index is None:
        return False
    return view.kind(index) in ("adaptive_avg_pool2d", "mean", "avg_pool2d") and set(view.output(index)[2:]) <= {1}
