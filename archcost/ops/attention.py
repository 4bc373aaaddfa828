"""Attention: the scaled dot product alone, and the multi-head layer with its projections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import decided, numel, smaller
from archcost.ops.axes import axis, broadcast, replace_dim, require
from archcost.ops.base import BIAS, WEIGHTS, Check, Inputs, Op, Outputs, Product, unchecked
from archcost.ops.facets import Work, WrittenAs
from archcost.ops.fields import flag, index, integer, number, size
from archcost.ops.reach import ALL, aligned, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_FAMILY = "Attention"
_MASKED = 4  # query, key, value, mask


class ScaledDotProductAttention(
    Op, kind="scaled_dot_product_attention", family=_FAMILY, min_inputs=3, max_inputs=4, min_rank=1
):
    """softmax(scale · Q·Kᵀ + mask)·V; MACs = scores × E + output elements × S, both products in full.

    Query (*, L, E), key (*, S, E), value (*, S, Ev), output (*, L, Ev); the batch dims broadcast. With `enable_gqa`,
    several query heads share a head of key and value (dim -3). A causal mask does not lower the count, although kernels
    may skip the masked half. FLOPs beyond the MACs: 4 per score (scale 1, softmax 3), 5 with a mask.
    """

    torch_name = "F.scaled_dot_product_attention"
    input_names = ("query", "key", "value", "mask")

    dropout_p: float = number(default=0.0, minimum=0, maximum=1)
    is_causal: bool = flag(default=False)
    scale: float | None = number(default=None, doc="null: 1/√E")
    enable_gqa: bool = flag(default=False, doc="several query heads share a head of key and value")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        query, key, value = inputs[:3]
        for name, shape in zip(self.input_names, inputs[:3], strict=False):
            require(len(shape) > 1, "the {} needs 2 or more dims (*, positions, features), got {}", name, shape)
        check(query[-1] == key[-1], "query {} and key {} differ in the last dim", query, key)
        check(key[-2] == value[-2], "key {} and value {} differ in the number of positions", key, value)
        scores = self.scores(inputs, check)
        if len(inputs) == _MASKED:
            require(not self.is_causal, "is_causal and a mask cannot be combined")
            masked = broadcast(scores, inputs[3], check, "scores {} do not broadcast with the mask {}")
            require(len(masked) == len(scores), "the mask {} has more dims than the scores {}", inputs[3], scores)
            for before, after in zip(scores, masked, strict=True):
                check(before == after, "the mask {} does not broadcast to the scores {}", inputs[3], scores)
        batch = broadcast(
            scores[:-2], self._shared(query, value, check), check, "batch dims {} and {} of the value do not agree"
        )
        return ((*batch, query[-2], value[-1]),)

    def letters(self) -> tuple[str, ...]:
        dims = ("L, E", "S, E", "S, E_v")
        return (*[f"(N, heads, {last}) or (*batch, {last})" for last in dims], "")  # nothing is counted by the mask

    def scores(self, inputs: Inputs, check: Check) -> Shape:
        """The shape of Q·Kᵀ."""
        query, key = inputs[:2]
        heads = self._shared(query, key, check)
        batch = broadcast(query[:-2], heads, check, "batch dims {} of the query and {} of the key do not agree")
        return (*batch, query[-2], key[-2])

    def _shared(self, query: Shape, other: Shape, check: Check) -> Shape:
        """The batch dims of a key or value; with grouped queries, its heads repeated to those of the query."""
        if not self.enable_gqa:
            return other[:-2]
        require(
            len(query) > 2 and len(other) > 2,  # noqa: PLR2004 - heads, positions, features
            "enable_gqa needs heads in dim -3, got query {} and {}",
            query,
            other,
        )
        check(query[-3] % other[-3] == 0, "{} query heads are not a multiple of {} shared heads", query[-3], other[-3])
        return (*other[:-3], query[-3])

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        scores, values = [macs for macs, _, _ in self.products(inputs, outputs)]
        return scores + values

    def products(self, inputs: Inputs, outputs: Outputs) -> tuple[Product, ...]:
        """Q·Kᵀ, and its softmax, in which a mask may learn, by V."""
        scores = numel(self.scores(inputs, unchecked)) * inputs[0][-1]
        values = numel(outputs[0]) * inputs[1][-2]
        return (scores, (0,), (1,)), (values, (0, 1, *range(3, len(inputs))), (2,))

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return self.score_elements(inputs) * (5 if len(inputs) == _MASKED else 4)

    def score_elements(self, inputs: Inputs) -> Dim:
        """The elements of Q·Kᵀ in all heads."""
        return numel(self.scores(inputs, unchecked))

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(outputs[0])
        batch = outputs[0][:-2]
        own, features = window(rank - 2), window(rank - 1)
        lasts = ((own, ALL), (ALL, ALL), (ALL, features))  # a causal mask is not followed
        readings = [(*aligned(shape[:-2], batch), *last) for shape, last in zip(inputs[:3], lasts, strict=False)]
        for mask in inputs[3:]:
            scores = aligned(mask, (*batch, outputs[0][-2], inputs[1][-2]))
            readings.append((*scores[:-1], ALL) if mask else ())
        return tuple(readings)


class MultiheadAttention(
    Op, kind="multihead_attention", family=_FAMILY, max_inputs=3, min_rank=3, max_rank=3, layout="(N, L, E)"
):
    """Projections of query, key and value, softmax(Q·Kᵀ/√d)·V in each head, and a projection of the output.

    MACs = N·(L·E² + S·kdim·E + S·vdim·E) for the input projections, 2·N·L·S·E for the two products and N·L·E² for the
    output projection, without biases. Query (N, L, E), key (N, S, kdim), value (N, S, vdim), output (N, L, E); the
    attention weights are not returned. A single input is query, key and value. If there are two, the second is both key
    and value. `add_bias_kv` and `add_zero_attn` add 1 position each to S in the products.

    FLOPs beyond the MACs: 1 per projected element for the biases and 4 per score and head (scale 1, softmax 3).
    """

    written = WrittenAs.OWN
    input_names = ("query", "key", "value")
    channels = -1
    inferred = "embed_dim"
    roles = dict.fromkeys(("in_proj_bias", "bias_k", "bias_v", "out_proj.bias"), BIAS)

    num_heads: Dim = size(symbol="heads")
    dropout: float = number(default=0.0, minimum=0, maximum=1)
    bias: bool = flag(default=True)
    add_bias_kv: bool = flag(default=False, doc="add one learnt position to key and value")
    add_zero_attn: bool = flag(default=False, doc="add one position of zeros to key and value")
    kdim: Dim | None = size(default=None, doc="the key's features, checked against the input")
    vdim: Dim | None = size(default=None, doc="the value's features, checked against the input")
    batch_first: bool = flag(default=True, doc="false: the inputs are (L, N, E)")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        query, key, value = _three(inputs)
        batch = 0 if self.batch_first else 1
        check(query[2] % self.num_heads == 0, "{} features cannot be divided into {} heads", query[2], self.num_heads)
        check(query[batch] == key[batch], "query {} and key {} differ in the batch", query, key)
        same = (key[0] == value[0]) & (key[1] == value[1])
        check(same, "key {} and value {} must have the same batch and positions", key, value)
        if self.kdim is not None:
            check(self.kdim == key[2], "kdim is {}, but the key is {}", self.kdim, key)
        if self.vdim is not None:
            check(self.vdim == value[2], "vdim is {}, but the value is {}", self.vdim, value)
        return (query,)

    def letters(self) -> tuple[str, ...]:
        places = ("N, L", "N, S", "N, S") if self.batch_first else ("L, N", "S, N", "S, N")
        return tuple([f"({first}, {width})" for first, width in zip(places, ("E", "E_k", "E_v"), strict=True)])

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        query, key, value = _three(inputs)
        width = query[2]
        if decided((key[2] == width) & (value[2] == width)):
            tensors: dict[str, Shape] = {"in_proj_weight": (3 * width, width)}
        else:
            tensors = {
                "q_proj_weight": (width, width),
                "k_proj_weight": (width, key[2]),
                "v_proj_weight": (width, value[2]),
            }
        if self.bias:
            tensors["in_proj_bias"] = (3 * width,)
        if self.add_bias_kv:
            tensors["bias_k"] = tensors["bias_v"] = (1, 1, width)
        tensors["out_proj.weight"] = (width, width)
        if self.bias:
            tensors["out_proj.bias"] = (width,)
        return tensors

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        query, key, value = _three(inputs)
        width = query[2]
        projections = 2 * numel(query) * width + numel(key) * width + numel(value) * width
        return projections + 2 * self._scores(query, key) * width

    def products(self, inputs: Inputs, outputs: Outputs) -> tuple[Product, ...]:
        """The projections, Q·Kᵀ, its softmax by V, and the projection of the output."""
        query, key, value = _three(inputs)
        q, k, v = 0, min(1, len(inputs) - 1), len(inputs) - 1
        width, every = query[2], (q, k, v, WEIGHTS)
        scores = self._scores(query, key) * width
        return (
            *[(numel(shape) * width, (place,), (WEIGHTS,)) for shape, place in ((query, q), (key, k), (value, v))],
            (scores, (q, WEIGHTS), (k, WEIGHTS)),
            (scores, (q, k, WEIGHTS), (v, WEIGHTS)),
            (numel(query) * width, every, (WEIGHTS,)),
        )

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        query, key, _ = _three(inputs)
        biases = (2 * numel(query) + 2 * key[0] * key[1] * query[2]) * self.bias
        return biases + 4 * self.score_elements(inputs)

    def score_elements(self, inputs: Inputs) -> Dim:
        """The elements of Q·Kᵀ in all heads."""
        query, key, _ = _three(inputs)
        return self._scores(query, key) * self.num_heads

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        own = (window(0), ALL, ALL) if self.batch_first else (ALL, window(1), ALL)
        if len(inputs) == 1:
            return (own,)
        return ((window(0), window(1), ALL), *[own] * (len(inputs) - 1))

    def _scores(self, query: Shape, key: Shape) -> Dim:
        """The elements of Q·Kᵀ in one head."""
        positions = 1 if self.batch_first else 0
        return query[0] * query[1] * (key[positions] + self.add_bias_kv + self.add_zero_attn)


def _three(inputs: Inputs) -> tuple[Shape, Shape, Shape]:
    """Query, key and value of one, two or three inputs."""
    return inputs[0], inputs[1 if len(inputs) > 1 else 0], inputs[-1]


class KvCache(Op, kind="kv_cache", family=_FAMILY, min_rank=1, work=Work.MOVE, written=WrittenAs.OWN):
    """out = earlier positions, then the input, along `dim`: a decoder's KV cache; no MACs, no FLOPs.

    Input (N, heads, L, features), output (N, heads, length + L, features): all positions so far, which are kept for the
    next step and count as cache_bytes. They are neither params nor buffers, because they belong to a sequence and not
    to the model. A prefill of n tokens has `length: 0`, and the step after it has `length: n`.

    Behind a sliding `window`, a token sees itself and the window - 1 positions before it. So the output is
    (N, heads, min(length, window - 1) + L, features), and the last min(length + L, window) positions are kept: the
    rolling buffer of Mistral (arXiv:2310.06825).
    """

    length: Dim = integer(
        default=0, minimum=0, symbol="length", unless=0, doc="how many positions came before the input"
    )
    dim: int = index(default=-2, doc="the dim of positions")
    window: Dim | None = size(default=None, symbol="window", doc="how many positions a token sees; null: all")

    def letters(self) -> tuple[str, ...]:
        return ("(*)",)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        place = axis(self.dim, len(inputs[0]))
        return (replace_dim(inputs[0], place, self.earlier() + inputs[0][place]),)

    def earlier(self) -> Dim:
        """The positions before the input that a token may still see."""
        return self.length if self.window is None else smaller(self.length, self.window - 1)

    def kept(self, inputs: Inputs) -> Shape:
        place = axis(self.dim, len(inputs[0]))
        positions = self.length + inputs[0][place]
        if self.window is not None:
            positions = smaller(positions, self.window)
        return replace_dim(inputs[0], place, positions)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        place = axis(self.dim, len(inputs[0]))
        return (tuple([window(dim, padding=self.earlier() * (dim == place)) for dim in range(len(inputs[0]))]),)


class RotaryEmbedding(Op, kind="rotary_embedding", family=_FAMILY, min_rank=2, layout="(*, L, D)", channels=-1):
    """Rotary position embedding (RoPE): pairs of features are rotated; 3 FLOPs per rotated element, no MACs.

    Input and output (*, L, D). Pair k of the first `rotary_dim` features at position l is rotated by the angle
    l·base^(-2k / rotary_dim): x·cos - y·sin and x·sin + y·cos, two products and one sum each. The other features stay
    as they are. There are no weights and no buffers. Computing the tables of cos and sin is not counted.
    """

    work = Work.ELEMENTWISE
    written = WrittenAs.OWN
    inferred = "rotary_dim"

    base: float = number(default=10000.0, minimum=1)
    rotary_dim: Dim | None = size(default=None, symbol="turned", doc="how many features are rotated; null: all")
    interleaved: bool = flag(default=False, doc="a pair is two neighbouring features; false: one feature of each half")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        turned = self.turned(inputs)
        check(turned % 2 == 0, "{} features cannot be divided into pairs", turned)
        check(turned <= inputs[0][-1], "rotary_dim is {}, but the input {} has fewer features", turned, inputs[0])
        return inputs

    def turned(self, inputs: Inputs) -> Dim:
        """The features that are rotated."""
        return inputs[0][-1] if self.rotary_dim is None else self.rotary_dim

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 3 * numel(inputs[0][:-1]) * self.turned(inputs)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return ((*[window(dim) for dim in range(len(inputs[0]) - 1)], ALL),)
