"""What a spec says, typed: params, inputs, blocks and steps, with places for messages.

Attribute and param values are *templates*: plain data in which any scalar may be an :class:`Expression`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.spec.expressions import Expression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.errors import Diagnostic, Mark, Source
    from archcost.ops.base import Op


class Template:
    """A value that may hold expressions; constant ones are evaluated once."""

    __slots__ = ("constant", "mark", "uses_input", "value")

    def __init__(self, value: Any, mark: Mark) -> None:
        self.value = value
        self.mark = mark
        expressions = list(_expressions(value))
        self.constant = not expressions
        self.uses_input = any(expression.uses_input for expression in expressions)

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The plain value under ``names``; raises ExpressionError."""
        value = self.value
        if self.constant:
            return value
        if type(value) is Expression:
            return value.evaluate(names)
        return _evaluate(value, names)


def _expressions(value: Any) -> Any:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _expressions(item)


def _evaluate(value: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(value, Expression):
        return value.evaluate(names)
    if isinstance(value, list):
        return [_evaluate(item, names) for item in value]
    return value


class Attribute(NamedTuple):
    """One attribute of a step: its value, and the place of its name."""

    template: Template
    mark: Mark


class Reference(NamedTuple):
    """An id, as written in ``from``, ``share`` or ``outputs``."""

    name: str
    mark: Mark


References = list[Reference] | Expression


class Param(NamedTuple):
    """A parameter: its default, or None when a value is required."""

    default: Template | None
    mark: Mark


class Branch(NamedTuple):
    """Parallel steps; ``sources`` replaces the step's own input."""

    steps: list[Step]
    sources: References | None
    mark: Mark


class Step:
    """One step of a model, block or branch: a kind, its attributes, and modifiers."""

    __slots__ = (
        "attributes",
        "branches",
        "id",
        "kind",
        "mark",
        "op",
        "repeat",
        "repeat_as",
        "share",
        "sources",
        "uses_input",
        "when",
    )

    def __init__(self, kind: str | Expression, mark: Mark) -> None:
        self.kind = kind
        self.mark = mark
        self.attributes: dict[str, Attribute] = {}
        self.id: Reference | None = None
        self.sources: References | None = None
        self.branches: dict[str, Branch] | None = None
        self.when: Template | None = None
        self.repeat: Template | None = None
        self.repeat_as = "i"
        self.share: Reference | None = None
        self.uses_input = False  # an attribute is an expression over the input's shape
        self.op: Op | None = None  # the op itself, when kind and attributes are constant


class Block:
    """A named group of steps with its own params, inputs and outputs."""

    __slots__ = ("inputs", "mark", "name", "outputs", "params", "steps")

    def __init__(self, name: str, mark: Mark) -> None:
        self.name = name
        self.mark = mark
        self.params: dict[str, Param] = {}
        self.inputs: list[str] = ["input"]
        self.outputs: References | None = None
        self.steps: list[Step] = []


class InputDeclaration(NamedTuple):
    """An input of the model: its shape without the batch, unless ``batch`` is false."""

    shape: Template
    dtype: str | None
    batch: bool
    mark: Mark


class Figure(NamedTuple):
    """A published figure: a count, the allowed relative deviation, and where it is printed."""

    value: int
    tolerance: Any  # Fraction; 0 for exact
    source: str
    mark: Mark


class Expectation(NamedTuple):
    """Published figures of the whole model, or of one path: output shape and counts by metric."""

    output: tuple[int, ...] | None
    output_mark: Mark | None
    figures: dict[str, Figure]


class Spec:
    """A parsed spec, ready to be unrolled under any params; made by :func:`archcost.load`."""

    def __init__(self, source: Source, path: str) -> None:
        self.text_source = source
        self.included: list[Source] = []
        self.path = path
        self.name = ""
        self.source = ""
        self.dtype: str | None = None
        self.params: dict[str, Param] = {}
        self.inputs: dict[str, InputDeclaration] = {}
        self.blocks: dict[str, Block] = {}
        self.main = Block("", _start(source))
        self.expect: dict[str, Expectation] = {}
        self.budgets: Any = None
        self.problems: list[Diagnostic] = []

    @property
    def sha256(self) -> str:
        """The hash of the spec's text and of what it includes, in order."""
        from hashlib import sha256

        digest = sha256(self.text_source.text.encode())
        for included in self.included:
            digest.update(included.text.encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        return f"Spec({self.name!r}, path={self.path!r})"


def _start(source: Source) -> Mark:
    from archcost.errors import Mark

    return Mark(source, 0, 0)
