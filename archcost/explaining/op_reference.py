"""What there is to know of an op: its words, attributes, formulas, an example, and torch's page.

It is read off the class: the terminal, docs/ops.md and JSON say the same.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.displays import in_line
from archcost.errors import UsageError
from archcost.explaining.op_examples import OpExample, example_of
from archcost.explaining.op_words import first_line, words_of
from archcost.ops import REGISTRY
from archcost.ops.base import INFERRED_SIZE, alone, arity_text, asserted_size
from archcost.ops.facets import FAMILIES, WrittenAs
from archcost.ops.fields import REQUIRED, shown

if TYPE_CHECKING:
    from archcost.explaining.expressions import SymbolicExpression
    from archcost.ops.base import Op

_TORCH = "https://docs.pytorch.org/docs/stable/generated/"
_TORCHVISION = "https://docs.pytorch.org/vision/stable/generated/"
_PAGES = {  # of what archcost has a class or a function for that torch calls otherwise, or that torchvision has
    "deform_conv2d": f"{_TORCHVISION}torchvision.ops.DeformConv2d.html",
    "stochastic_depth": f"{_TORCHVISION}torchvision.ops.StochasticDepth.html",
    "multihead_attention": f"{_TORCH}torch.nn.MultiheadAttention.html",
    "rnn": f"{_TORCH}torch.nn.RNN.html",
    "lstm": f"{_TORCH}torch.nn.LSTM.html",
    "gru": f"{_TORCH}torch.nn.GRU.html",
    "rnn_cell": f"{_TORCH}torch.nn.RNNCell.html",
    "lstm_cell": f"{_TORCH}torch.nn.LSTMCell.html",
    "gru_cell": f"{_TORCH}torch.nn.GRUCell.html",
    "slice": "",
}


class AttributeReference(NamedTuple):
    """An attribute: what it takes, and what it is if it is left out; ``symbol`` is what formulas call it."""

    name: str
    takes: str
    default: str  # as a spec writes it; empty: it is required, or follows from the input
    symbol: str
    about: str
    inferred: bool = False  # it follows from the input, and is held against it where it is written

    @property
    def without_default(self) -> str:
        """What stands in the place of a default."""
        return "the input's" if self.inferred else "required"


class OpReference:
    """An op: what it computes, what it takes, and where torch describes it.

    ``text`` is the whole of its reference, whose first line, ``about``, has its formula.
    """

    def __repr__(self) -> str:
        return in_line(self, self.kind, family=self.family)

    def __init__(self, op: type[Op]) -> None:
        self.op = op
        self.kind = op.kind
        self.family = op.family
        self.text = words_of(op)
        self.about = first_line(self.text)
        several = op.max_inputs is not None and op.max_inputs == len(op.input_names) > 1
        self.takes = arity_text(op) + f" ({', '.join(op.input_names)})" * several
        self.alone = alone(op)  # the attribute that a value alone is; empty: none
        self.layout = op.layout
        self.page = page_of(op)

    @cached_property
    def attributes(self) -> tuple[AttributeReference, ...]:
        """The attributes, in the order of the class."""
        size = asserted_size(self.op)
        text = INFERRED_SIZE.type_text(self.op.ndim)
        inferred = [AttributeReference(size, text, "", "", INFERRED_SIZE.doc, inferred=True)] if size else []
        return (
            *[
                AttributeReference(
                    name,
                    field.type_text(self.op.ndim) + (" or null" if field.nullable else ""),
                    "" if field.default is REQUIRED else shown(field.default).replace("'", ""),
                    field.symbol if isinstance(field.symbol, str) else ", ".join(field.symbol),
                    field.doc,
                )
                for name, field in self.op.fields.items()
            ],
            *inferred,
        )

    @cached_property
    def example(self) -> OpExample:
        """A layer of this op and its inputs."""
        return example_of(self.op)

    @cached_property
    def formulas(self) -> tuple[tuple[str, SymbolicExpression], ...]:
        """Sizes of the output that are computed, params, MACs and FLOPs of the example, by their labels."""
        from archcost.analysis.report import analyze
        from archcost.explaining.formulas import formulas_of
        from archcost.explaining.layer import flops_formula, size_equations
        from archcost.spec.loader import loads

        report = analyze(loads(self.example.text(), name=f"{self.kind}.yaml"))
        (layer,) = report.layers
        signature = layer.node.signature
        found = formulas_of(signature)
        sizes = [(one.label, one.formula) for one in size_equations(found, signature) if one.formula is not None]
        work = [("params", found.params), ("MACs", found.macs), ("FLOPs", flops_formula(found))]
        return (*sizes, *work)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, :class:`OpData`."""
        from archcost.explaining.op_reference_data import op_data

        return {**op_data(self)}


def page_of(op: type[Op]) -> str:
    """The address of torch's own page, or torchvision's; empty for what neither has."""
    name = op.torch_name
    if op.kind in _PAGES:
        return _PAGES[op.kind]
    if op.written is WrittenAs.MODULE:
        return f"{_TORCH}torch.nn.{name}.html"
    if op.written is WrittenAs.OWN:
        return ""
    if name.startswith("F."):
        return f"{_TORCH}torch.nn.functional.{name.removeprefix('F.')}.html"
    return f"{_TORCH}{name if '.' in name else f'torch.Tensor.{name}'}.html"


def op_references(pattern: str | None = None) -> list[OpReference]:
    """The ops by family, in the order of the reference; a pattern with wildcards fits kinds, any other text one of it.

    Case does not matter. A word of another library (``fc``, ``bn``) is what it is here; any other text that is no kind
    fits those that have it in theirs. Raises UsageError for what fits nothing.
    """
    order = {family: place for place, family in enumerate(FAMILIES)}
    ops = sorted(REGISTRY.values(), key=lambda op: order[op.family])
    if pattern is not None:
        ops = _fitting(pattern, ops)
    return [OpReference(op) for op in ops]


def _fitting(pattern: str, ops: list[type[Op]]) -> list[type[Op]]:
    from archcost.patterns import compiled, is_literal

    wanted = pattern.casefold().replace("-", "_")
    if wanted in REGISTRY:
        return [REGISTRY[wanted]]
    if is_literal(pattern):
        found = _meant(wanted) or [op for op in ops if wanted in op.kind]
    else:
        found = [op for op in ops if compiled(wanted).matches(op.kind)]
    if not found:
        raise UsageError(f"there is no op '{pattern}'", _way_out(pattern))
    return found


def _meant(word: str) -> list[type[Op]]:
    """The ops that a word of another library stands for; none where the table has no row for it."""
    from archcost.spec.helps.synonyms import kind_row, squashed

    row = kind_row(squashed(word))
    steps = row.steps.replace("{n}", "2").splitlines() if row is not None else []
    return list(dict.fromkeys([REGISTRY[step.partition(":")[0]] for step in steps]))


def _way_out(word: str) -> str:
    """What a word of another library is here, as the errors of specs tell it."""
    from archcost.errors import Mark, Source
    from archcost.meter import Meter
    from archcost.spec.helps.kinds import kind_help
    from archcost.spec.ways_out import Surroundings

    return kind_help(word, {}, None, Surroundings((), {}, Meter(), Mark(Source(word, ""), 0, 0)))
