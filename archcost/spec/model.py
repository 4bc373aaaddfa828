"""The typed content of a spec: params, inputs, blocks and steps, with their places for messages.

Attribute and param values are templates (:class:`~archcost.spec.template.Template`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.displays import in_line
from archcost.errors import Diagnostic, Mark
from archcost.meter import Meter
from archcost.model_zoo import name_at
from archcost.spec.expressions import INDEX, Expression
from archcost.spec.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archcost.errors import Source
    from archcost.ops.base import Op
    from archcost.settings import InputShape
    from archcost.spec.budget_limits import Limit
    from archcost.spec.source_calls import SourceCall
    from archcost.spec.template import Template

MORE = "..."  # behind the last input of a block: one or more


class Attribute(NamedTuple):
    """One attribute of a step: its value, and the place of its name."""

    template: Template
    mark: Mark


class Reference(NamedTuple):
    """An id, as written in ``from``, ``share`` or ``outputs``; empty when it could not be read."""

    name: str
    mark: Mark


References = list[Reference] | Expression


class Param(NamedTuple):
    """A parameter: its default (:data:`UNKNOWN` when it could not be read), or None when a value is required."""

    default: Template | None
    mark: Mark


class Branch(NamedTuple):
    """Parallel steps; ``sources`` replaces the step's own input."""

    steps: list[Step]
    sources: References | None
    mark: Mark


class StepGroup(NamedTuple):
    """Steps in place of a kind; with ``adds_input`` the step's input is added to their result."""

    steps: list[Step]
    adds_input: bool


class Step:
    """One step of a model, block, branch or group: a kind with its attributes, or a group; and modifiers.

    A ``broken`` step has a problem that is reported: unrolling passes it over, and what depends on it.
    """

    __slots__ = (
        "alone",
        "asserted",
        "attributes",
        "branches",
        "broken",
        "group",
        "id",
        "kind",
        "mark",
        "op",
        "repeat",
        "repeat_as",
        "requires_grad",
        "share",
        "sources",
        "uses_input",
        "varies",
        "when",
    )

    def __init__(self, kind: str | Expression, mark: Mark) -> None:
        self.kind = kind
        self.mark = mark
        self.attributes: dict[str, Attribute] = {}
        self.alone: Attribute | None = None  # a value in place of the attributes, until the kind has a name for it
        self.asserted: Attribute | None = None  # the size that the input must have
        self.group: StepGroup | None = None
        self.id: Reference | None = None
        self.sources: References | None = None
        self.branches: dict[str, Branch] | None = None
        self.when: Template | None = None
        self.repeat: Template | None = None
        self.repeat_as = INDEX  # empty when it could not be read
        self.share: Reference | None = None
        self.requires_grad: Template | None = None
        self.broken = False
        self.varies: frozenset[str] = frozenset()  # of "kind", "from" and "when": what differs from round to round
        self.uses_input = False  # an attribute is an expression over the input's shape
        self.op: Op | None = None  # the op itself, when kind and attributes are constant

    @property
    def indices(self) -> tuple[str, ...]:
        """The names that rounds may give a value: that of ``as``, and ``i`` where the items of a list are counted."""
        if self.repeat is None:
            return ()
        counts = self.repeat.constant and not isinstance(self.repeat.value, list)
        return (self.repeat_as,) if counts or self.repeat_as == INDEX else (self.repeat_as, INDEX)

    def note_varying(self) -> None:
        """Note which of the kind, ``from`` and ``when`` use the index, once all of them are read."""
        parts: list[tuple[str, object]] = [("kind", self.kind), ("from", self.sources)]
        parts += [("when", one) for one in (self.when.expressions if self.when else ())]
        self.varies = frozenset(
            name for name, part in parts if isinstance(part, Expression) and not part.names.isdisjoint(self.indices)
        )

    def inner(self) -> list[list[Step]]:
        """The lists of steps in it: those of its branches and of its group, which have scopes of their own."""
        lists = [branch.steps for branch in self.branches.values()] if self.branches else []
        return [*lists, self.group.steps] if self.group is not None else lists

    @property
    def reads_several(self) -> bool:
        """Whether several inputs are written out, as ids or as branches."""
        named = self.sources if isinstance(self.sources, list) else self.branches
        return named is not None and len(named) > 1


def all_steps(steps: list[Step], indices: tuple[str, ...] = ()) -> Iterator[tuple[Step, tuple[str, ...]]]:
    """Steps and all that stand inside of them, in order, each with the indices of the repeated steps around it."""
    for step in steps:
        inside = (*indices, *step.indices)
        yield step, inside
        for inner in step.inner():
            yield from all_steps(inner, inside)


class Block:
    """A named group of steps with its own params, inputs and outputs; ``broken`` as in Step.

    With ``takes_more`` the last of its inputs is a name for one or more.
    """

    __slots__ = ("broken", "inputs", "mark", "name", "outputs", "params", "steps", "takes_more")

    def __init__(self, name: str, mark: Mark) -> None:
        self.name = name
        self.mark = mark
        self.params: dict[str, Param] = {}
        self.inputs: list[str] = ["input"]
        self.takes_more = False
        self.outputs: References | None = None
        self.steps: list[Step] = []
        self.broken = False

    @property
    def takes(self) -> str:
        """How many inputs the block takes, in words."""
        count, names = len(self.inputs), ", ".join(self.inputs)
        if self.takes_more:
            return f"{count} or more inputs ({names}{MORE})"
        return f"{count} input{'s' * (count != 1)} ({names})"

    def allows(self, count: int) -> bool:
        """Whether the block takes so many inputs."""
        return count == len(self.inputs) or (self.takes_more and count > len(self.inputs))

    def input_names(self, count: int) -> list[str]:
        """A name for each of so many inputs."""
        if not self.takes_more:
            return self.inputs
        *single, several = self.inputs
        return [*single, *[f"{several}_{number}" for number in range(count - len(single))]]


class InputDeclaration(NamedTuple):
    """An input of the model: its shape without the batch, unless ``batch`` is false; as Param, it may be unknown.

    ``requires_grad`` says that training needs its gradient, too.
    """

    shape: Template
    dtype: str | None
    batch: bool
    mark: Mark
    requires_grad: bool = False


class Figure(NamedTuple):
    """An expected figure: a count, the allowed relative deviation, and where it is printed."""

    value: int
    tolerance: Any  # Fraction; 0 for exact
    source: str
    mark: Mark


class Expectation(NamedTuple):
    """Expected figures of the whole model, or of one path: output shape and counts by metric."""

    output: tuple[int, ...] | None
    output_mark: Mark | None
    figures: dict[str, Figure]


class Spec:
    """A parsed spec, ready to be unrolled under any params; made by :func:`archcost.load`.

    ``incomplete`` says that a file it names could not be read, so that blocks may be missing. ``problems`` are those of
    the text. ``only_shares`` says that its keys speak of blocks and of no model.
    """

    def __init__(self, source: Source, path: str) -> None:
        self.text_source = source
        self.meter = Meter()  # of reading it; each analysis has its own
        self.bases: list[Source] = []  # the files that it extends, the nearest first
        self.included: list[Source] = []  # these, and the files whose blocks it uses
        self.path = path
        self.name = ""
        self.family = ""
        self.source = ""
        self.dtype: str | None = None
        self.params: dict[str, Param] = {}
        self.inputs: dict[str, InputDeclaration] = {}
        self.blocks: dict[str, Block] = {}
        self.main = Block("", Mark(source, 0, 0))
        self.expect: dict[str, Expectation] = {}
        self.budgets: list[Limit] = []
        self.problems = Problems(source)
        self.notes: list[Diagnostic] = []  # what is right, and may surprise
        self.incomplete = False
        self.only_shares = False
        self.imported_with: Mapping[str, InputShape] | None = None  # inputs that an import was asked for
        self.calls: dict[str, SourceCall] = {}  # of an import, by the path of the layer
        self.input_names: dict[str, str] = {}  # of an import: what the source calls an input of another name

    @property
    def place(self) -> str:
        """What documents call the file: ``zoo:resnet50`` for a model of the zoo, else its path."""
        return name_at(self.path)

    @property
    def text(self) -> str:
        """The text of the spec, without what it extends and includes."""
        return self.text_source.text

    @property
    def is_library(self) -> bool:
        """Whether the file is a library of blocks for other specs to include; a file with errors is not."""
        return self.only_shares and bool(self.blocks) and not self.problems

    @property
    def sha256(self) -> str:
        r"""The hash of the spec's text and of what it extends and includes, in order; line ends count as ``\n``."""
        from hashlib import sha256

        digest = sha256()
        for source in (self.text_source, *self.included):
            digest.update(source.text.replace("\r\n", "\n").encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return in_line(self, self.name, path=self.place)
