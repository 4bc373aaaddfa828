"""Rewrites of attention: fewer heads of keys and values, and shorter caches of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcost.suggesting.attention_inputs import inputs_of
from archcost.suggesting.edits import Attributes, Edit, LocalChange, NewSteps
from archcost.suggesting.rewrite import Boldness, Rewrite
from archcost.suggesting.view import step_text

if TYPE_CHECKING:
    from archcost.suggesting.view import GraphView

_GROUPS = 8
_WINDOW = 4096
_MIXED = 256
_FAR = 12  # layers between keys and their projection, at most
_ATTENTION = "scaled_dot_product_attention"
_WHOLE = "multihead_attention"
_NAMES = ("query", "key", "value")
_PLAIN = {"add_bias_kv": False, "add_zero_attn": False, "kdim": None, "vdim": None, "batch_first": True}


class _FewerHeads(Rewrite):
    """Heads of queries share a head of keys and values."""

    most: ClassVar[int]  # heads of keys and values, at most
    least: ClassVar[int]

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if view.kind(index) == _WHOLE:
            heads = view.op(index).attribute("num_heads")
            groups = cls._groups(heads, heads)
            body = _grouped_body(view, index, groups) if groups else None
            return None if body is None else LocalChange({index: body}, note=_note(groups, heads))
        if view.kind(index) != _ATTENTION or cls.already(view, index):
            return None
        inputs = inputs_of(view, index)
        groups = cls._groups(inputs.heads, inputs.shared) if inputs is not None else 0
        if inputs is None or not groups:
            return None
        edits: dict[int, Edit] = inputs.regrouped(view, groups)
        if not view.op(index).attribute("enable_gqa"):
            edits[index] = Attributes((("enable_gqa", "true"),))
        return LocalChange(edits, inputs.between | {index}, note=_note(groups, inputs.heads))

    @classmethod
    def _groups(cls, heads: int, shared: int) -> int:
        """How many heads of keys and values there should be; 0 if there is no such number."""
        fit = [groups for groups in range(cls.least, min(cls.most, shared - 1) + 1) if shared % groups == 0]
        return fit[-1] if fit and heads % shared == 0 else 0

    @classmethod
    def already(cls, view: GraphView, index: int) -> str:
        if view.kind(index) != _ATTENTION or not view.op(index).attribute("enable_gqa"):
            return ""
        heads, shared = view.input(index)[-3], view.input(index, 1)[-3]
        if not (shared < heads and cls.least <= shared <= cls.most):
            return ""
        return f"{_note(shared, heads)} at {view.nodes[index].path}"


class GroupedQuery(
    _FewerHeads,
    name="grouped_query",
    title="grouped queries",
    does="lets groups of query heads share a head of keys and values, which the KV cache then has fewer of",
    paper="Ainslie et al. 2023, GQA: Training Generalized Multi-Query Transformer Models, arXiv:2305.13245",
    accuracy="quality close to multi-head attention when trained further (abstract); Llama 2 "
    "(arXiv:2307.09288, Table 18), with wider MLPs in return: HellaSwag 75.4 for 75.1, MMLU 26.9 for 28.0",
    boldness=Boldness.GENTLE,
):
    """Keys and values of H heads become those of G: 2·in·H·d params, and MACs a token, become 2·in·G·d.

    The cache becomes G/H of what it was. Query (N, H, L, d) and output stay; key and value become (N, G, S, d), and the
    products with them keep their MACs. G is 8, as in the paper, or the largest divisor of H below that. The paper does
    so in decoders; in an encoder the projections alone get cheaper. The receptive field stays.
    """

    most = _GROUPS
    least = 2


class MultiQuery(
    _FewerHeads,
    name="multi_query",
    title="multi-query",
    does="lets all query heads share one head of keys and values",
    paper="Shazeer 2019, Fast Transformer Decoding: One Write-Head is All You Need, arXiv:1911.02150, section 3",
    accuracy="minor quality degradation from the baseline (abstract); Llama 2 (arXiv:2307.09288, Table 18), with "
    "wider MLPs in return: HellaSwag 74.5 for 75.1, MMLU 26.5 for 28.0",
    boldness=Boldness.BOLD,
):
    """Keys and values of H heads become those of one: 2·in·H·d params, and MACs a token, become 2·in·d.

    The cache becomes 1/H of what it was. Query (N, H, L, d) and output stay; key and value become (N, 1, S, d), and the
    products with them keep their MACs. The receptive field stays.
    """

    most = 1
    least = 1


class SlidingWindow(
    Rewrite,
    name="sliding_window",
    title="sliding window",
    does="lets a token see the last 4,096 positions alone, which are then all that the KV cache keeps",
    paper="Jiang et al. 2023, Mistral 7B, arXiv:2310.06825",
    boldness=Boldness.BOLD,
):
    """A cache of S positions keeps W = 4,096 of them, and a step of L tokens attends to W - 1 + L of S positions.

    2·heads·S·d elements of the cache become 2·heads·W·d, and 2·L·S·d MACs a head 2·L·(W - 1 + L)·d. Each layer sees W
    positions, and k layers k·W: the receptive field of one layer shrinks. It applies where more than W are cached.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        inputs = inputs_of(view, index) if view.kind(index) == _ATTENTION else None
        caches = [] if inputs is None else [node for node in inputs.between if view.kind(node) == "kv_cache"]
        if inputs is None or len(view.nodes[index].inputs) > 3 or len(caches) != 2:  # noqa: PLR2004 - a mask; K and V
            return None
        for cache in caches:
            op = view.op(cache)
            if op.attribute("window") is not None or op.attribute("length") < _WINDOW:
                return None
        edits: dict[int, Edit] = {cache: Attributes((("window", str(_WINDOW)),)) for cache in caches}
        return LocalChange(
            edits, inputs.between | {index}, note=f"{_WINDOW:,} of {view.input(index, 1)[-2]:,} positions"
        )


class LinearAttention(
    Rewrite,
    name="linear_attention",
    title="linear attention",
    does="attends to 256 mixtures of the positions, which a matrix makes of keys and values, in place of all of them",
    paper="Wang et al. 2020, Linformer: Self-Attention with Linear Complexity, arXiv:2006.04768",
    accuracy="on par with standard Transformer models (abstract)",
    boldness=Boldness.BOLD,
):
    """softmax(Q·Kᵀ)·V becomes softmax(Q·(E·K)ᵀ)·F·V, E and F (k × S) for all heads of a layer.

    2·L·S MACs a feature become 2·k·(L + S), for 2·S·k params; k is 256. Key and value (N, H, S, d) become (N, H, k, d),
    and the output stays. It applies where that saves MACs, over more than 2·k positions, and where attention is not
    causal, has no mask and no cache: all positions are read, as before. E and F fix the number of positions.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if view.kind(index) != _ATTENTION or len(view.nodes[index].inputs) != len(_NAMES):
            return None
        positions, others = view.input(index)[-2], view.input(index, 1)[-2]
        is_free = not view.op(index).attribute("is_causal") and not _has_cache(view, index)
        if not is_free or _MIXED * (positions + others) >= positions * others:
            return None
        turn = "{transpose: {dim0: -2, dim1: -1}}"
        mixed = f"[{turn}, {{linear: {{out_features: {_MIXED}, bias: false}}}}, {turn}]"
        branches = f"query: {{from: input, layers: []}}, key: {{from: input_1, layers: {mixed}}}"
        step = f"{{{view.call(index)}, branches: {{{branches}, value: {{from: input_2, layers: {mixed}}}}}}}"
        return LocalChange({index: NewSteps("linear_attention", (step,))}, note=f"{_MIXED} of {others:,} positions")


def _has_cache(view: GraphView, index: int) -> bool:
    """Whether the keys of an attention are kept for later tokens, or come from where nobody can tell."""
    before = view.before(index, 1)
    for _ in range(_FAR):
        if before is None or view.kind(before) == "linear":
            return before is None
        if view.kind(before) == "kv_cache":
            return True
        before = view.before(before)
    return True


def _note(groups: int, heads: int) -> str:
    return f"{groups} head{'s' * (groups > 1)} of keys and values for {heads} of queries"


def _grouped_body(view: GraphView, index: int, groups: int) -> NewSteps | None:
    """The whole layer as its steps, with fewer heads of keys and values; None if they would not do the same."""
    op, given, count = view.op(index), view.given(index), len(view.nodes[index].inputs)
    is_plain = all(op.attribute(name) == value for name, value in _PLAIN.items()) and not set(_PLAIN) & set(given)
    widths = {view.input(index, place)[-1] for place in range(count)}
    if not is_plain or len(widths) > 1 or not view.owns_weights(index):
        return None
    sources = ("input", "input_1" if count > 1 else "input", ("input", "input_1", "input_2")[count - 1])
    fewer = op.attribute("num_heads") // groups
    few = f"$(in_features // {fewer})"
    bias = {"bias": "$bias"} if "bias" in given else {}
    dropout = {"dropout_p": "$dropout"} if "dropout" in given else {}
    branches = []
    for name, source in zip(_NAMES, sources, strict=True):
        features, heads = ("$in_features", "$num_heads") if name == "query" else (few, f'"$(num_heads // {fewer})"')
        steps = (
            f"{{id: {name[0]}_proj, {step_text('linear', {'out_features': features} | bias)}}}",
            f"{{unflatten: {{dim: -1, unflattened_size: [{heads}, -1]}}}}",
            "{transpose: {dim0: 1, dim1: 2}}",
        )
        branches.append(f"{name}: {{from: {source}, layers: [{', '.join(steps)}]}}")
    return NewSteps(
        f"{'multi' if groups == 1 else 'grouped'}_query_attention",
        (
            f"{{{step_text(_ATTENTION, {'enable_gqa': True} | dropout)}, branches: {{{', '.join(branches)}}}}}",
            "transpose: {dim0: 1, dim1: 2}",
            "flatten: 2",
            f"{{id: out_proj, {step_text('linear', {'out_features': '$in_features'} | bias)}}}",
        ),
    )
