"""Rewrites of single matrices: products with them, and tables that are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.ops.facets import Work
from archcost.suggesting.convolution import is_pointwise
from archcost.suggesting.edits import LocalChange, NewSteps, SharedRounds, Shares
from archcost.suggesting.rewrite import Boldness, Rewrite

if TYPE_CHECKING:
    from archcost.suggesting.view import GraphView

_ALBERT = "Lan et al. 2019, ALBERT: A Lite BERT, arXiv:1909.11942"
_EMBEDDING = 128  # features of ALBERT's table of words
_ATTENTION = frozenset({"scaled_dot_product_attention", "multihead_attention"})
_AFTER_HEAD = frozenset(
    {"softmax", "log_softmax", "flatten", "unflatten", "reshape", "transpose", "permute", "squeeze"}
)


class LowRank(
    Rewrite,
    name="low_rank",
    title="low rank",
    does="writes a matrix as a product of two, with few features between them",
    paper="Sainath et al. 2013, Low-Rank Matrix Factorization for Deep Neural Network Training, ICASSP 2013",
    accuracy="no significant loss of recognition accuracy, with 30 to 50 % fewer parameters (abstract)",
    boldness=Boldness.BOLD,
):
    """W (out × in) becomes B·A, A (R × in) and B (out × R), no activation between: R·(in + out) for in·out a position.

    It is a linear layer, or a 1×1 convolution of one group, whose stride goes to the first of the two. R is a quarter
    of the smaller side, so that a square matrix keeps half of its weights: the paper's own (128, for 2,220 outputs) is
    of one task. Denil et al. 2013 (arXiv:1306.0543) show why it works. The receptive field stays.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        kind = view.kind(index)
        if not is_pointwise(view, index) and not (kind == "linear" and view.owns_weights(index)):
            return None
        dim = -1 if kind == "linear" else 1
        features, out = view.input(index)[dim], view.output(index)[dim]
        rank = min(features, out) // 4
        if rank < 1 or rank * (features + out) >= features * out:
            return None
        size, of_input = ("out_features", "in_features") if kind == "linear" else ("out_channels", "in_channels")
        steps = (view.call(index, **{size: "$rank"}, bias=False), view.call(index, without=("stride",)))
        body = NewSteps(f"low_rank_{kind}", steps, (("rank", f"$(min({of_input}, {size}) // 4)"),))
        return LocalChange({index: body}, note=f"rank {rank} for {min(features, out)}")


class TiedHead(
    Rewrite,
    name="tied_head",
    title="tied head",
    does="lets the last layer of a language model use the table of words at its beginning",
    paper="Press and Wolf 2016, Using the Output Embedding to Improve Language Models, arXiv:1608.05859",
    accuracy="a significant reduction in perplexity on a variety of language models (abstract)",
    boldness=Boldness.GENTLE,
):
    """A head (vocabulary × width) and an embedding of these sizes become one matrix: vocabulary·width fewer params.

    The head keeps its bias, if it has one. It must give an output of the model, with nothing but shapes and a softmax
    in between, and the embedding must be read by indices that come into the model. MACs and shapes stay.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if not _is_head(view, index) or not view.owns_weights(index):
            return None
        wanted = view.weights(index)["weight"]
        for other in view.of_kind("embedding"):
            if other < index and _is_table_of_words(view, other) and view.weights(other)["weight"] == wanted:
                return LocalChange({index: Shares(other)}, note=f"with {view.nodes[other].path}")
        return None

    @classmethod
    def already(cls, view: GraphView, index: int) -> str:
        owner = view.nodes[index].weights_of
        if owner < 0 or view.kind(owner) != "embedding" or not _is_head(view, index):
            return ""
        return f"{view.nodes[index].path} has the weights of {view.nodes[owner].path}"


class FactoredEmbedding(
    Rewrite,
    name="factored_embedding",
    title="factored embedding",
    does="looks words up in a narrow table and widens what is found with a matrix",
    paper=_ALBERT,
    boldness=Boldness.BOLD,
):
    """vocabulary × width becomes vocabulary × E and E × width (and a bias): vocabulary·E + E·width + width params.

    E is 128, as in all of ALBERT's sizes. The matrix costs E·width MACs a token, where the table cost none.
    An embedding whose weights a head uses, too, is left as it is: then it is the head that needs them wide. ALBERT adds
    the positions before the matrix and has tables of E features for them as well; here they stay.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        if not _is_table_of_words(view, index) or not view.owns_weights(index):
            return None
        words, width = view.weights(index)["weight"]
        if words * _EMBEDDING + _EMBEDDING * width + width >= words * width:
            return None
        steps = (view.call(index, embedding_dim="$reduced"), "linear: {out_features: $embedding_dim}")
        body = NewSteps("factored_embedding", steps, (("reduced", str(_EMBEDDING)),))
        return LocalChange({index: body}, note=f"{_EMBEDDING} features in place of {width}")


class SharedLayers(
    Rewrite,
    name="shared_layers",
    title="shared layers",
    does="lets all rounds of a repeated layer use the weights of the first",
    paper=_ALBERT,
    boldness=Boldness.BOLD,
):
    """n rounds with P params each become n rounds with P params together: (n - 1)·P fewer. MACs and shapes stay.

    It applies to a repeated step whose rounds attend and have equal weights: layers of transformers, as in the paper.
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        for path, rounds in view.repeated(index):
            tensors = [[(view.kind(node), view.weights(node)) for node in one] for one in rounds]
            attends = any(kind in _ATTENTION for kind, _ in tensors[0])
            are_equal = len(rounds) > 1 and all(one == tensors[0] for one in tensors)
            if attends and are_equal and all(map(view.owns_weights, range(index, rounds[-1].stop))):
                return LocalChange({index: SharedRounds(path)}, note=f"{len(rounds)} rounds with the weights of one")
        return None

    @classmethod
    def already(cls, view: GraphView, index: int) -> str:
        for path, rounds in view.repeated(index):
            *_, last = rounds
            weighted = [node for node in last if view.weights(node)]
            attends = any(view.kind(node) in _ATTENTION for node in last)
            if attends and weighted and all(view.nodes[node].weights_of >= 0 for node in weighted):
                return f"the {len(rounds)} rounds of {path} have the weights of one"
        return ""


def _is_head(view: GraphView, index: int) -> bool:
    """Whether a node is a linear layer whose result is one of the model's, but for its shape or a softmax."""
    if view.kind(index) != "linear":
        return False
    reader: int | None = index
    while reader is not None and not view.is_output(reader):
        reader = view.after(reader)
        if view.kind(reader) not in _AFTER_HEAD:
            return False
    return reader is not None


def _is_table_of_words(view: GraphView, index: int) -> bool:
    """Whether a node is an embedding with weights of its own, read by indices that come into the model."""
    if view.kind(index) != "embedding" or view.nodes[index].weights_of >= 0:
        return False
    reader = view.before(index)
    while reader is not None and view.op(reader).work is Work.UNCHANGED:
        reader = view.before(reader)
    return reader is None
