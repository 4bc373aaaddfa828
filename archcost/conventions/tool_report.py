"""A report under a convention: the tool's figure for every layer and in total, and the MACs that it does not cover."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.strides import contiguous
from archcost.conventions.exporting import NOT_FOLDED, folded
from archcost.conventions.model import CALLED, ELSEWHERE, OWN_CLASS, FigurePart, LayerUse, ToolFailsError
from archcost.errors import UsageError
from archcost.ops.facets import Work
from archcost.paths import PathPattern, crossing_help, passed_over, scopes, unmatched_help
from archcost.phrases import listed, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.analysis.report import Layer, Report
    from archcost.conventions.model import Amount, Convention
    from archcost.graph.model import Graph


_PAIR = 2  # a query, and what is key and value
_MASKED = 4  # query, key, value, mask
_NEVER_DROPPED = {"lstm_cell", "gru_cell"}  # torch works on their gates in place, which a trace always keeps
DERIVED = "derived:"
UNCLEAR = "whether the exporter leaves it out, as a constant or as another's equal, is not known"
UNUSED = "no output of the model depends on it"


class Count(NamedTuple):
    """What a tool says of one layer: the parts of its figure, or why it fails."""

    layer: Layer
    parts: tuple[FigurePart, ...]
    failure: str = ""

    @property
    def amount(self) -> int | None:
        """The figure; None where the tool fails, or sees nothing of a layer that has MACs."""
        if self.failure or (self.parts and not any(part.covered for part in self.parts)):
            return None
        return int(sum(part.amount for part in self.parts))

    @property
    def missed(self) -> int:
        """The MACs that archcost counts and the tool does not see."""
        if self.failure:
            return self.layer.macs
        return sum(part.macs for part in self.parts if not part.covered)

    @property
    def unseen(self) -> bool:
        """Whether nobody knows what the tool would see of it."""
        return not all(part.seen for part in self.parts)


class Tally(NamedTuple):
    """A sum over layers: the tool's figure (None if it covers none of them), and the MACs that it misses.

    ``unseen`` counts the layers of which nobody knows what it would see.
    """

    amount: int | None
    missed: int
    unseen: int = 0


class ToolReport:
    """A report as one tool counts it."""

    def __init__(
        self, convention: Convention, report: Report, counts: list[Count], functional: tuple[str, ...] = ()
    ) -> None:
        self.convention = convention
        self.report = report
        self.counts = counts
        self.functional = functional  # patterns of what is written as function calls

    @cached_property
    def failures(self) -> list[Count]:
        """The layers that the tool fails on."""
        return [count for count in self.counts if count.failure]

    @cached_property
    def failure(self) -> str:
        """Why the tool has no figure for the model; empty if it has one."""
        refusal = self.convention.refuses(self.report)
        if refusal or not self.failures:
            return refusal
        return f"{self.failures[0].failure} ({self.failures[0].layer.path})"

    @cached_property
    def total(self) -> int | None:
        """What the tool prints for the model; None if it fails."""
        return None if self.failure else self.sum

    @cached_property
    def sum(self) -> int:
        """The figures of the layers that the tool takes, added up."""
        total: Amount = 0
        for count in self.counts:
            for part in count.parts:
                total += part.amount
        return int(total)

    @cached_property
    def missed(self) -> int:
        """The MACs that archcost counts and the tool does not see."""
        return sum(count.missed for count in self.counts)

    @cached_property
    def unseen(self) -> int:
        """The layers of which nobody knows what the tool would see."""
        return sum(count.unseen for count in self.counts)

    @cached_property
    def _by_path(self) -> dict[str, Tally]:
        """Sums for every scope and layer."""
        amounts: dict[str, int | None] = {}
        missed: dict[str, int] = {}
        unseen: dict[str, int] = {}
        for count in self.counts:
            amount = count.amount
            for path in scopes(count.layer.path):
                before = amounts.get(path)
                amounts[path] = before if amount is None else amount + (before or 0)
                missed[path] = missed.get(path, 0) + count.missed
                if count.unseen:
                    unseen[path] = unseen.get(path, 0) + 1
        return {path: Tally(amount, missed[path], unseen.get(path, 0)) for path, amount in amounts.items()}

    def tally(self, paths: Iterable[str]) -> Tally:
        """The sum over the layers at or below the paths."""
        tallies = [self._by_path[path] for path in paths]
        amounts = [tally.amount for tally in tallies if tally.amount is not None]
        missed, unseen = (sum(getattr(tally, name) for tally in tallies) for name in ("missed", "unseen"))
        return Tally(sum(amounts) if amounts else None, missed, unseen)


def read(report: Report, convention: Convention, functional: Sequence[str] = ()) -> ToolReport:
    """The report as the convention's tool counts it.

    ``functional`` are patterns of paths, or kinds: those layers are written as function calls, not as modules; behind
    ``derived:``, as modules of classes derived from torch's. Of a model that is imported it is known which ones are.
    """
    graph = report.graph
    called = _chosen(report, [pattern for pattern in functional if not pattern.startswith(DERIVED)])
    derived = _chosen(report, functional) - called if convention.by_class else set()
    odd, learnt = report.strides, _learnt(graph)
    batch = _divisor(graph) if convention.averages else 1
    dead = _unused(graph) if convention.traces and report.complete else set()
    gone, hosts, unclear = folded(graph) if convention.exported else NOT_FOLDED
    known: dict[object, tuple[tuple[FigurePart, ...], str]] = {}
    counts = []
    for index, layer in enumerate(report.layers):
        node = layer.node
        if index in dead:
            counts.append(Count(layer, (FigurePart(layer.op, 0, layer.macs, UNUSED),) if layer.macs else ()))
            continue
        one_tensor = len(set(node.inputs)) <= 1
        key_is_value = len(node.inputs) == _PAIR or (len(node.inputs) > _PAIR and node.inputs[1] == node.inputs[2])
        given = zip(node.inputs, node.signature.inputs, strict=True)
        strides = tuple([odd.get(value) or contiguous(tensor.shape) for value, tensor in given])
        wanted = tuple([value in learnt for value in node.inputs])
        call = graph.spec.calls.get(layer.path)
        marks = (index in called, index in derived, index in gone, index in hosts, one_tensor, key_is_value)
        key = (id(node.signature), *marks, strides, wanted, call)
        if key not in known:
            signature = node.signature
            use = LayerUse(
                signature.op,
                signature.input_shapes,
                signature.output_shapes,
                batch=batch,
                functional=index in called or index in derived,
                written=OWN_CLASS if index in derived else CALLED,
                one_tensor=one_tensor,
                key_is_value=key_is_value,
                strides=strides,
                learnt=wanted,
                call=call,
                samples=report.batch,
                folded=index in gone,
                folds=index in hosts,
            )
            if not (use.functional or convention.hooks(use)):
                use.functional, use.written = True, ELSEWHERE
            known[key] = _parts(convention, use)
        if index in unclear and any(part.amount for part in known[key][0]):
            counts.append(Count(layer, (), UNCLEAR))
            continue
        counts.append(Count(layer, *known[key]))
    return ToolReport(convention, report, counts, tuple(functional))


def _parts(convention: Convention, use: LayerUse) -> tuple[tuple[FigurePart, ...], str]:
    try:
        return convention.parts(use), ""
    except ToolFailsError as error:
        return (), str(error)


def _unused(graph: Graph) -> set[int]:
    """The nodes that no output of the model depends on, and that torch.jit therefore drops from a trace."""
    needed = set(graph.outputs)
    unused = set()
    for index in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[index]
        values = range(node.first_value, node.first_value + len(node.outputs))
        if needed.isdisjoint(values) and node.op.kind not in _NEVER_DROPPED:
            unused.add(index)
        else:
            needed.update(node.inputs)
    return unused


def _learnt(graph: Graph) -> set[int]:
    """The values that depend on trainable params, where there is a mask: all others have no use for it."""
    learnt: set[int] = set()
    if not any(len(node.inputs) == _MASKED and node.op.work is Work.ATTENTION for node in graph.nodes):
        return learnt
    for node in graph.nodes:
        if not learnt.isdisjoint(node.inputs) or (node.signature.trains and node.signature.weights()):
            learnt.update(range(node.first_value, node.first_value + len(node.outputs)))
    return learnt


def _divisor(graph: Graph) -> int:
    """The batch that ptflops sees: dim 0 of a single input; 1 if several are given by name."""
    shapes = [tensor.shape for tensor in graph.inputs.values()]
    return shapes[0][0] if len(shapes) == 1 and shapes[0] else 1


def _chosen(report: Report, patterns: Sequence[str]) -> set[int]:
    """The layers whose kind or path fits a pattern."""
    chosen = [PathPattern(pattern.removeprefix(DERIVED)) for pattern in patterns]
    return {
        index
        for index, layer in enumerate(report.layers)
        if any(pattern.text == layer.op or pattern.matches(layer.path) for pattern in chosen)
    }


def check_patterns(report: Report, patterns: Sequence[str]) -> None:
    """Raise UsageError for a pattern that no layer fits."""
    for pattern in patterns:
        if not _chosen(report, (pattern,)):
            wanted = pattern.removeprefix(DERIVED)
            raise UsageError(
                f"no layer of {report.name} has the kind '{wanted}', or a path that fits it",
                unmatched_help([layer.path for layer in report.layers], wanted)
                or "--functional takes a kind (relu), a pattern of paths ('Mixed_6a.**'), or torchvision",
            )


def narrow_patterns(report: Report, patterns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Patterns that name fewer layers than they would if their wildcards crossed dots, in a sentence; and a help."""
    for pattern in patterns:
        beyond = passed_over([layer.path for layer in report.layers], pattern)
        if beyond:
            count = len(_chosen(report, (pattern,)))
            passed = f"passes over {listed(beyond[:1], len(beyond))}"
            named = f"names {plural(count, 'layer')} of {report.name}, and {passed}"
            yield f"--functional '{pattern}' {named}", crossing_help(pattern)
