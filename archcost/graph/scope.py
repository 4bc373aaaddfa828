"""Scopes while a spec is unrolled: bodies of nodes, ids and what they stand for, fresh names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.graph.model import Node, Scope, TensorType
    from archcost.spec.expressions import Names

Values = tuple["int | None", ...]  # None stands for the value of a step that failed
FAILED: Values = (None,)


class Result(NamedTuple):
    """What an id stands for: values, whether the id alone means the first, and the nodes made for it."""

    values: Values
    main: bool
    start: int = 0
    end: int = 0

    @property
    def bare(self) -> Values:
        """The values that its id alone means: the main one, or all."""
        return self.values[:1] if self.main else self.values


UNKNOWN_RESULT = Result(FAILED, True)


class Body:
    """The nodes and scopes of a model while it is unrolled, and the types of its values and inputs (-1, -2 …).

    ``failed_at`` is the first failing node.
    """

    __slots__ = ("failed_at", "inputs", "nodes", "outputs", "scopes", "types", "work")

    def __init__(self, inputs: tuple[TensorType | None, ...] = ()) -> None:
        self.inputs = inputs
        self.nodes: list[Node] = []
        self.types: list[TensorType] = []
        self.scopes: list[Scope] = []
        self.outputs: Values = ()
        self.failed_at: int | None = None
        self.work = 0  # of its layers: what copying it takes

    def fail(self) -> None:
        """Mark that the next node cannot be made."""
        if self.failed_at is None:
            self.failed_at = len(self.nodes)


class Frame:
    """A scope while it is unrolled: names for expressions, ids, and the path in front of them.

    ``unsure`` holds the unknown kinds of steps in it: an id that may be the default name of one is no problem then.
    ``unsettled`` are names that mean different steps to the candidates of a sweep, each with what raises that they do.
    """

    __slots__ = (
        "body",
        "branches",
        "counts",
        "ids",
        "last",
        "names",
        "outer",
        "prefix",
        "unsettled",
        "unsure",
        "used",
    )

    def __init__(self, body: Body, names: Names, prefix: str = "", outer: Frame | None = None) -> None:
        self.body = body
        self.names = names
        self.prefix = prefix
        self.outer = outer
        self.ids: dict[str, Result] = {}
        self.used: set[str] = set()
        self.unsure: set[str] = set()
        self.branches: set[str] = set()
        self.last = ""  # the step before
        self.unsettled: dict[str, Callable[[], object]] = {}
        self.counts: dict[str, int] = {}

    def find(self, name: str) -> Result | None:
        """The result of an id, in this scope or one around it."""
        frame: Frame | None = self
        while frame is not None:
            if frame.unsettled and name in frame.unsettled:
                frame.unsettled[name]()
            result = frame.ids.get(name)
            if result is not None:
                return result
            frame = frame.outer
        return None

    def known(self) -> list[str]:
        """All ids that can be referred to, the nearest scope first."""
        outer = self.outer.known() if self.outer else []
        return [*self.ids, *outer]

    def is_reserved(self, name: str) -> bool:
        """Whether any step of this scope or one around it has this id, even a later step."""
        return name in self.used or (self.outer is not None and self.outer.is_reserved(name))

    def types_of(self, values: tuple[int, ...]) -> tuple[TensorType, ...]:
        """The types of values."""
        if len(values) == 1 and values[0] >= 0:
            return (self.body.types[values[0]],)
        return tuple([self.type_of(value) for value in values])

    def type_of(self, value: int) -> TensorType:
        """The type of a value."""
        found = self.body.types[value] if value >= 0 else self.body.inputs[-1 - value]
        if found is None:
            raise LookupError(value)  # pragma: no cover - values of unknown inputs are None
        return found

    def fresh(self, wanted: str) -> str:
        """The first free name of ``wanted``, ``wanted_1``, ``wanted_2`` … is taken."""
        name, count = wanted, self.counts.get(wanted, 0)
        told = self.unsettled.get(wanted) if self.unsettled else None
        if count:
            name = f"{wanted}_{count}"
        while name in self.used:
            told = told or self.unsettled.get(name)
            count += 1
            name = f"{wanted}_{count}"
        if told is not None:
            self.unsettled[name] = told
        self.counts[wanted] = count
        self.used.add(name)
        return name
