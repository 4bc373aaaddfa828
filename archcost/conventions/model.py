"""What a convention is made of: rules that split a layer's figure into parts, each with the MACs that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.dims import numel
from archcost.ops.facets import Work, row_of

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.dims import Shape
    from archcost.ops.base import Op
    from archcost.ops.facets import WrittenAs
    from archcost.spec.source_calls import SourceCall

Amount = int | Fraction  # a fraction where a tool averages over a batch that does not divide, or scales by a fraction
MACS = "MACs"
FLOPS = "FLOPs"
CALLED = "written as a function call"  # why a tool that hooks modules does not see it
OWN_CLASS = "written as a class of its own"
ELSEWHERE = "within a module of another class"
UNPATCHED = "a function that it does not patch"
OWN_TO_ARCHCOST = "it hooks exact module classes, and archcost builds a class of its own"


class ToolFailsError(Exception):
    """The tool raises an exception on a layer, so that it has no figure for the model either."""


class LayerUse:
    """A layer as a tool meets it: its op, its shapes, and how the call is written.

    ``batch`` is what a tool that averages over the batch divides by; ``functional`` says that the source calls a
    function where archcost builds a module, or has a module that hooks do not know, and ``written`` which of them;
    ``strides`` are those of the inputs in memory; ``learnt`` says which inputs depend on params. ``call`` is how the
    source of an import computes it; of what archcost builds, None.
    """

    def __init__(
        self,
        op: Any,
        inputs: tuple[Shape, ...],
        outputs: tuple[Shape, ...],
        *,
        batch: int = 1,
        functional: bool = False,
        written: str = CALLED,
        one_tensor: bool = True,
        key_is_value: bool = False,
        strides: tuple[Shape, ...] = (),
        learnt: tuple[bool, ...] = (),
        call: SourceCall | None = None,
        samples: int = 1,
        folded: bool = False,
        folds: bool = False,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.outputs = outputs
        self.batch = batch
        self.functional = functional
        self.written = written
        self.one_tensor = one_tensor  # all inputs are the same one
        self.key_is_value = key_is_value  # the last input is the one before it, or stands for it
        self.strides = strides
        self.learnt = learnt
        self.call = call
        self.samples = samples  # in a batch
        self.folded = folded  # into the layer before it, by an exporter
        self.folds = folds  # a norm after it

    @cached_property
    def of_torch(self) -> bool:
        """Whether the source of an import has a module of torch's own class for it."""
        return self.call is not None and self.call.is_of(self.op.torch_name)

    def calls(self, functions: Collection[str]) -> bool:
        """Whether one of the functions is called for it; what archcost builds, and torch's modules, call theirs."""
        return self.call is None or self.of_torch or self.call.function in functions

    @cached_property
    def macs(self) -> int:
        """Archcost's multiply-accumulates."""
        return int(self.op.macs(self.inputs, self.outputs))

    @cached_property
    def elements(self) -> int:
        """Elements of the first input."""
        return numel(self.inputs[0])

    @cached_property
    def results(self) -> int:
        """Elements of the first output."""
        return numel(self.outputs[0])

    @cached_property
    def name(self) -> str:
        """The class of the op in words: ``batch norm`` for batch_norm2d."""
        return words(self.op.kind)

    @cached_property
    def biased(self) -> bool:
        """Whether a bias is added: one of the layer's own, or one that is given."""
        return "bias" in (*self.weights(), *self.op.input_names[: len(self.inputs)])

    def weights(self) -> dict[str, Shape]:
        """The learnable tensors by name."""
        tensors: dict[str, Shape] = self.op.weights(self.inputs)
        return tensors


def words(kind: str) -> str:
    """A kind without its dimensions and underscores: ``adaptive avg pool`` for adaptive_avg_pool2d."""
    stem = kind[:-2] if kind[-2:] in ("1d", "2d", "3d") else kind
    return stem.replace("_", " ")


class FigurePart(NamedTuple):
    """One term of a layer's figure, in the tool's unit, and those of archcost's MACs that it stands for.

    An amount of 0 that stands for MACs says that the tool does not see them; ``rate`` is then the reason. ``seen`` is
    false for what it could not count if there were any: nobody knows whether there are.
    """

    what: str
    amount: Amount
    macs: int
    rate: str
    seen: bool = True

    @property
    def covered(self) -> bool:
        """Whether the tool sees the MACs, if there are any."""
        return self.seen and (bool(self.amount) or not self.macs)


def accepted(report: Report) -> str:
    """Why a tool takes no such model at all; by default it takes every one."""
    del report
    return ""


Term = Callable[[LayerUse], "FigurePart | None"]
Rule = tuple[Term, ...]
Rules = Mapping[str, Rule]
NOTHING: Rule = ()


def unseen(reason: str) -> Term:
    """The MACs that the tool does not see, and why; nothing for an op without MACs."""

    def term(use: LayerUse) -> FigurePart | None:
        return FigurePart(use.name, 0, use.macs, reason) if use.macs else None

    return term


def declared(use: LayerUse) -> FigurePart:
    """What a spec only declares: no tool has a rule for it, and nobody knows what its code would let them see."""
    return FigurePart(use.name, 0, use.macs, "the spec only declares it", seen=False)


@dataclass(frozen=True)
class Convention:
    """One tool's way to count: a rule by what an op does, and rows for the kinds that it treats otherwise.

    A row may stand for all numbers of dims (``conv``). ``hides`` says why the tool sees no MACs of what is written so.
    ``factor`` is what one multiply-accumulate counts; ``word`` what the tool calls its figure; ``called`` how it is
    run; ``refuses`` why it takes no such model at all. Tools that hook modules (``functions=False``) see nothing of
    what is written as a function call; those that know modules ``by_class`` nothing of classes derived from torch's,
    those that know them ``by_base`` nothing of any others; those that put functions of their own in the place of
    torch's nothing but these (``patches``). Of an import,
    ``params`` is the rule of a tool that goes by the params of a module alone, and ``sources`` has the rows of what
    sources have otherwise than archcost builds it.
    """

    name: str
    tool: str
    version: str
    unit: str
    word: str
    called: str
    works: Mapping[Work, Rule]
    kinds: Rules = field(default_factory=dict)
    hides: Mapping[WrittenAs, str] = field(default_factory=dict)
    factor: int = 1
    sources: Rules = field(default_factory=dict)
    params: Rule = NOTHING
    patches: frozenset[str] = frozenset()
    functions: bool = True
    by_class: bool = False
    by_base: bool = False
    averages: bool = False  # divides what its hooks count by the size of the batch
    exported: bool = False  # reads what an exporter has written, which folds norms into the layers before them
    traces: bool = False  # sees only what an output of the model depends on
    refuses: Callable[[Report], str] = accepted

    @property
    def own_word(self) -> str:
        """What the tool calls its figure; empty if that only spells the unit in another way, as ``Mac`` does."""
        return "" if self.word.upper().rstrip("S") == self.unit.upper().rstrip("S") else self.word

    @property
    def label(self) -> str:
        """The name of the tool or its backend, with the version, which is told once."""
        return f"{self.name.partition('@')[0]} {self.version}"

    def hooks(self, use: LayerUse) -> bool:
        """Whether the tool's hooks know the module of the source of an import; by default those with ``weight``s.

        A layer without params is none that such hooks look for.
        """
        call = use.call
        if call is None or self.by_class:
            return call is None or use.of_torch
        if self.by_base:
            return bool(call.torchs == use.op.torch_name)
        if use.op.kind in self.sources or not use.weights():
            return True
        return bool(call.params)

    def rule(self, op: Op | type[Op]) -> Rule:
        """The terms for an op; of one without MACs, nothing is counted unless a row says so."""
        own = row_of(self.kinds, op)
        if own is not None:
            return own
        if op.work.multiplies:
            return (unseen(self.hides[op.written]),) if op.written in self.hides else self.works[op.work]
        return self.works.get(op.work, (declared,) if op.work is Work.DECLARED else NOTHING)

    def parts(self, use: LayerUse) -> tuple[FigurePart, ...]:
        """The terms of a layer that are there; raises ToolFailsError."""
        if use.functional and not self.functions:
            return (FigurePart(use.name, 0, use.macs, use.written),) if use.macs else ()
        own = None if use.call is None else self.sources.get(use.op.kind)
        if own is None and use.call is not None and use.call.params and self.params:
            own = self.params
        if own is None and self.patches and not use.calls(self.patches):
            own = (unseen(UNPATCHED),)
        found = [term(use) for term in (own or self.rule(use.op))]
        return tuple([part for part in found if part is not None])
