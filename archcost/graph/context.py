"""The state that all of unrolling shares: the spec, its names, problems, the blocks being unrolled, and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic
from archcost.graph.work import paths_work
from archcost.paths import DOT
from archcost.spec.expressions import UNKNOWN, Names
from archcost.spec.ways_out import Surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.errors import Mark
    from archcost.graph.blocks import Unrolled
    from archcost.graph.model import Node, TensorType
    from archcost.graph.places import Places
    from archcost.graph.scope import Body, Frame, Values
    from archcost.spec.model import Spec, Step
    from archcost.spec.problems import Problems
    from archcost.spec.template import Template

MAX_NODES = 1_000_000  # and as many blocks, branches and repeated steps
MAX_NESTING = 64  # blocks
MAX_DEPTH = 100  # blocks and branches
_MAX_NOTES = 4
_MAX_PATH = 60  # characters of a path in a note
_NO_INPUT = {"in_shape": UNKNOWN, "in_channels": UNKNOWN, "in_features": UNKNOWN}


class LimitError(Exception):
    """A limit is reached: unrolling ends."""


class Use:
    """A block while it is unrolled: its name, and the path and place of the step that uses it."""

    __slots__ = ("block", "mark", "path")

    def __init__(self, block: str, path: str, mark: Mark) -> None:
        self.block = block
        self.path = path
        self.mark = mark


class Context:
    """One spec under one setting of its params; ``problems`` collects what is wrong."""

    def __init__(self, spec: Spec, names: Names, dtype: str, problems: Problems) -> None:
        self.spec = spec
        self.names = names
        self.dtype = dtype
        self.problems = problems
        self.stack: list[Use] = []  # the blocks that are being unrolled
        self.depth = 0  # of blocks and branches
        self.frozen = False  # whether the weights of what is unrolled need no gradients
        self.meter = names.meter
        self.places: Places | None = None  # known from when somebody shares weights by path

    # --- names and values -------------------------------------------------------------------------------------------

    def names_at(self, frame: Frame, inputs: Values) -> Names:
        """The names of a scope with those of a step's input."""
        if not inputs:
            return frame.names
        if inputs[0] is None:
            return Names(_NO_INPUT, frame.names)
        return with_input(frame.names, frame.type_of(inputs[0]))

    def value(self, template: Template, frame: Frame, inputs: Values) -> Any:
        """The value of a template where a step stands; raises ExpressionError."""
        return template.evaluate(self.names_at(frame, inputs) if template.uses_input else frame.names)

    def around(self, step: Step, frame: Frame, inputs: Values) -> Surroundings:
        """What is known where a step stands."""
        shape = frame.type_of(inputs[0]).shape if inputs and inputs[0] is not None else None
        parts = []
        names: Names | None = frame.names
        while names is not None:
            parts.append(names)
            names = names.outer
        return Surroundings(tuple(parts), self.spec.blocks, self.meter, step.mark, shape)

    def forgotten(self, value: object, step: Step, frame: Frame, inputs: Values) -> str:
        """The help for a text where a number or a condition is wanted, if it is an expression without its ``$``."""
        from archcost.spec.helps.expressions import forgotten_dollar

        return forgotten_dollar(value, self.around(step, frame, inputs))

    def look_into(self, nodes: Sequence[Node], span: range) -> None:
        """Somebody is about to look at nodes by themselves: whoever makes one of several may object."""

    # --- problems ---------------------------------------------------------------------------------------------------

    def fail(self, diagnostic: Diagnostic | None, body: Body, identity: object = None, *, cause: str = "") -> None:
        """Report a problem (None: it is already reported), and mark the body as failing at its next node.

        ``identity`` and ``cause`` as in :meth:`Problems.add`.
        """
        body.fail()
        if diagnostic is not None:
            notes = (*diagnostic.notes, *self._uses())
            self.problems.add(diagnostic._replace(notes=notes), identity, cause=cause)

    def inside(self, path: str) -> str:
        """A path as the block has it that is unrolled: a problem of its text is the same wherever it is used."""
        return path.removeprefix(self.stack[-1].path + DOT) if self.stack else path

    def limit(self, mark: Mark, problem: Diagnostic | None = None) -> LimitError:
        """Report what ends it all, by default that there are too many layers; the caller raises what this returns."""
        problem = problem or Diagnostic(f"the model has more than {MAX_NODES:,} layers", mark)
        self.problems.add(problem._replace(notes=tuple(self._uses())))
        return LimitError()

    def count_copy(self, sub: Unrolled, path: str, mark: Mark) -> None:
        """Count what it takes to copy a body, and allow what its layers may take; raises WorkError."""
        self.meter.grant(len(sub.nodes))
        self.meter.spend(sub.work + paths_work(path, len(sub.nodes) + len(sub.scopes)), mark)

    def _uses(self) -> list[str]:
        """Where the blocks around are used, the innermost first."""
        notes: list[str] = []
        for index in range(len(self.stack) - 1, -1, -1):
            if len(notes) == _MAX_NOTES and index > 0:
                notes.append(f"… and {index + 1} blocks around it")
                break
            use = self.stack[index]
            path = use.path
            shown = path if len(path) <= _MAX_PATH else "…" + path[-_MAX_PATH:]
            notes.append(f"in the block '{use.block}', used as '{shown}' at {use.mark}")
        return notes


def with_input(names: Names, tensor: TensorType) -> Names:
    """Names that also include those of an input: its shape, channels and features."""
    shape = tensor.shape
    own: dict[str, Any] = {"in_shape": list(shape)}
    if len(shape) > 1:
        own["in_channels"] = shape[1]
    if shape:
        own["in_features"] = shape[-1]
    return Names(own, names)
