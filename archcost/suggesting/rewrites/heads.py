"""Rewrites of what comes last: how maps become the outputs of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import numel
from archcost.ops.base import SpatialOp
from archcost.suggesting.edits import Attributes, Edit, LocalChange, NewSteps, Removed
from archcost.suggesting.pooling import pooled_first
from archcost.suggesting.rewrite import Boldness, Rewrite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.suggesting.view import GraphView

_NIN = "Lin et al. 2013, Network In Network, arXiv:1312.4400"
_POOL = "adaptive_avg_pool{}d: 1"


class _Head(NamedTuple):
    """Dense layers behind maps: the step that flattens the maps, and what stands behind it, to the last dense layer."""

    flatten: int
    chain: list[int]
    dense: list[int]

    def between(self) -> list[int]:
        """What stands between the dense layers, and in front of them."""
        dense = set(self.dense)
        return [node for node in self.chain if node not in dense]


def _head(view: GraphView, index: int) -> _Head | None:
    """The head that begins at a node, if it makes rows of maps that have several positions each."""
    if view.kind(index) not in ("flatten", "reshape") or not _has_maps(view, index):
        return None
    chain: list[int] = []
    reader = view.after(index)
    while reader is not None and (view.kind(reader) == "linear" or view.passes(reader)):
        chain.append(reader)
        reader = view.after(reader)
    dense = [node for node in chain if view.kind(node) == "linear"]
    if not dense or not all(map(view.owns_weights, dense)):
        return None
    return _Head(index, chain[: chain.index(dense[-1]) + 1], dense)


def _has_maps(view: GraphView, index: int) -> bool:
    """Whether maps (N, C, H, W) become rows (N, C·H·W): what makes them has its channels first."""
    maker = view.maker(index)
    n, *sizes = view.input(index)
    is_spatial = maker is not None and isinstance(view.op(maker), SpatialOp)
    return is_spatial and numel(sizes[1:]) > 1 and view.output(index) == (n, numel(sizes))


class GlobalPooling(
    Rewrite,
    name="global_pooling",
    title="global average pooling",
    does="gives dense layers the mean of each map; one that has as many outputs as there are maps goes",
    paper=f"{_NIN}, section 3.2; Szegedy et al. 2014, Going Deeper with Convolutions, arXiv:1409.4842, section 5",
    accuracy=(
        "GoogLeNet: average pooling in place of dense layers improved the top-1 accuracy by about 0.6% (section 5)"
    ),
    boldness=Boldness.GENTLE,
):
    """C maps of (H, W) to C·H·W features becomes C means: C·F of C·H·W·F weights of the first dense layer are left.

    If that layer is the only one and F = C, each map is that of a class, as in Network in Network, and no dense layer
    is left.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        head = _head(view, index)
        if head is None:
            return None
        first, channels = head.dense[0], view.input(index)[1]
        edits: dict[int, Edit] = {}
        inside = {index, *head.chain[: head.chain.index(first)]}
        pool = view.before(index)
        if pool is not None and view.op(pool).stem == "adaptive_avg_pool" and view.after(pool) == index:
            edits[pool] = Attributes((("output_size", "1"),))
        else:
            edits[index] = NewSteps("pooled_flatten", (_POOL.format(len(view.input(index)) - 2), view.call(index)))
        if head.dense == [first] and view.output(first)[1] == channels:
            edits[first] = Removed()
            return LocalChange(edits, frozenset(inside - edits.keys()), f"{channels} maps for {channels} outputs")
        return LocalChange(edits, frozenset({*inside, first} - edits.keys()), f"{channels} means")


class ClassMaps(
    Rewrite,
    name="class_maps",
    title="one map per class",
    does="makes one map for each output by a 1×1 convolution, and takes their means, in place of dense layers",
    paper=f"{_NIN}, section 3.2",
    accuracy=(
        "a convolutional network on CIFAR-10 has 16.46% error with means of maps,"
        " 17.56% with dense layers, and 15.99% with these and dropout (section 4.6)"
    ),
    boldness=Boldness.BOLD,
):
    """Dense layers on C maps of (H, W), to K outputs in the end, become 1×1 from C to K and a mean over (H, W).

    C·K + K params are left, and H·W·C·K MACs. Dropout stays; norms and activations between the dense layers go.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        head = _head(view, index)
        if head is None:
            return None
        last, (_, channels, *sizes) = head.dense[-1], view.input(index)
        outputs = view.output(last)[1]
        if channels * outputs >= _weights(view, head.dense):
            return None
        edits: dict[int, Edit] = {index: Removed(), **dict.fromkeys(head.dense[:-1], Removed())}
        kept = {node for node in head.between() if view.kind(node).startswith("dropout")}
        edits |= {node: Removed() for node in head.between() if node not in kept}
        bias = ", bias: $bias" if "bias" in view.given(last) else ""
        conv = f"conv{len(sizes)}d: {{out_channels: $out_features, kernel_size: 1{bias}}}"
        edits[last] = NewSteps("class_maps", (conv, _POOL.format(len(sizes)), "flatten"))
        return LocalChange(edits, frozenset(kept), f"{outputs} maps")


class OneDense(
    Rewrite,
    name="one_dense",
    title="one dense layer",
    does="leaves out the hidden dense layers behind the maps",
    paper="Zeiler & Fergus 2013, Visualizing and Understanding Convolutional Networks, arXiv:1311.2901, section 5.1",
    accuracy="AlexNet without its two hidden dense layers: 22.4% top-5 error, with them 18.1% (Table 3)",
    boldness=Boldness.BOLD,
):
    """Dense layers from D features to F, from F to F and from F to K become one from D to K: D·F + F² + F·K → D·K."""

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        head = _head(view, index)
        if head is None:
            return None
        *hidden, last = head.dense
        features, outputs = view.output(index)[1], view.output(last)[1]
        if not hidden or features * outputs >= _weights(view, head.dense):
            return None
        edits: dict[int, Edit] = dict.fromkeys(hidden, Removed())
        behind = [node for node in head.between() if node > hidden[0]]
        kept = {node for node in behind if view.kind(node).startswith("dropout")}
        edits |= {node: Removed() for node in behind if node not in kept}
        return LocalChange(edits, frozenset({*kept, last}), f"{len(hidden)} hidden dense layers go")


def _weights(view: GraphView, dense: Sequence[int]) -> int:
    return sum(view.input(node)[-1] * view.output(node)[-1] for node in dense)


class LateFeatures(
    Rewrite,
    name="late_features",
    title="features behind the pooling",
    does="moves the 1×1 convolution that makes the last features behind the global average pooling",
    paper="Howard et al. 2019, Searching for MobileNetV3, arXiv:1905.02244, section 5.1",
    accuracy="MobileNetV3, with two layers less in front of it: almost no loss of accuracy (section 5.1)",
    boldness=Boldness.BOLD,
):
    """1×1 from C channels to F at (H, W), norm, activation, global mean becomes mean, 1×1 at one position and the rest.

    C·F of H·W·C·F MACs are left, with the same params. It is not the same because of the activation between. It applies
    where a dense layer reads the features.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        op = view.op(index)
        if op.stem != "conv" or set(op.attribute("kernel_size")) != {1}:
            return None
        behind, pool = view.following(index), view.taker(index)
        if pool is None or not behind:
            return None
        is_global = view.op(pool).stem in ("adaptive_avg_pool", "avg_pool") and numel(view.output(pool)[2:]) == 1
        if (
            not view.owns_weights(index)
            or not is_global
            or numel(view.input(pool)[2:]) == 1
            or not _feeds_dense(view, pool)
        ):
            return None
        pooled = (*view.input(index)[:2], *view.output(pool)[2:])
        if view.output_with(index, pooled) != view.output(pool):
            return None
        return pooled_first(view, index, pool, f"{view.output(index)[1]} features", frozenset(behind))


def _feeds_dense(view: GraphView, pool: int) -> bool:
    flatten = view.taker(pool)
    if view.kind(flatten) not in ("flatten", "reshape", "squeeze"):
        return False
    return flatten is not None and view.kind(view.taker(flatten)) == "linear"
