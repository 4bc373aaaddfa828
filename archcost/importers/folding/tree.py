"""A model as a tree of parts: its steps, in the scopes that they stand in, with the values that cross each border.

In a spec the layers of a scope stand together. A container whose steps do not (a list of modules that are called one by
one, between others) is dissolved: what is in it moves up, and its name becomes the beginning of their ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archcost.importers.form import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.importers.folding.patterns import PartPattern
    from archcost.importers.form import Form, FormStep

_LAST = 1 << 60  # after every step: an output of the model is read there


@dataclass(slots=True, eq=False)
class ModelPart:
    """A step of the model, or a scope with what is in it, in the order in which it ran.

    ``inputs`` of a step are those of its op. Of a scope they are the values that come from outside, by their first use,
    and ``outputs`` those that are read outside, in the order in which they are made. Its steps are those from ``first``
    to before ``end``.
    """

    id: str
    kind: str
    scope: int
    step: FormStep | None
    parent: ModelPart | None
    transparent: bool = False
    parts: list[ModelPart] = field(default_factory=list)
    first: int = 0
    end: int = 0
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    gathers: bool = False  # its inputs are one list, of which its first step makes one value
    share: ModelPart | None = None  # the part whose weights this one uses, with all that is in it
    pattern: PartPattern | None = None  # of a scope, once it is found
    row: list[ModelPart | None] = field(
        default_factory=list
    )  # its parts in the order of the pattern's slots; None: left out
    results: list[int | None] = field(default_factory=list)  # the outputs in the pattern's order; None: read by nobody
    number: int = 0  # among the parts of the pattern
    arguments: dict[str, Any] = field(default_factory=dict)  # what it gives the params of the pattern's block

    @property
    def path(self) -> str:
        """The path of the part in the spec."""
        names = []
        part: ModelPart | None = self
        while part is not None and part.parent is not None:
            names.append(part.id)
            part = part.parent
        return ".".join(reversed(names))

    def walk(self) -> Iterator[ModelPart]:
        """The part and all that is in it, the outermost first."""
        yield self
        for part in self.parts:
            yield from part.walk()


def tree_of(model: Form) -> ModelPart:
    """The tree of a model's parts; its root is the model itself."""
    root = _parts(model, _together(model))
    _name(root, {one.name for one in model.inputs})
    _borders(root, model)
    _shares(root, model)
    return root


def _together(model: Form) -> list[bool]:
    """For every scope whether its steps stand together."""
    first, last = [_LAST] * len(model.scopes), [-1] * len(model.scopes)
    count = [0] * len(model.scopes)
    for index, step in enumerate(model.steps):
        scope = step.scope
        while True:
            first[scope] = min(first[scope], index)
            last[scope] = index
            count[scope] += 1
            if scope == ROOT:
                break
            scope = model.scopes[scope].parent
    return [last[scope] - first[scope] + 1 == count[scope] for scope in range(len(model.scopes))]


def _parts(model: Form, together: list[bool]) -> ModelPart:
    """The parts of all scopes that hold together, each with the steps in it; the others are dissolved."""
    root = ModelPart("", "", ROOT, None, None, first=0, end=len(model.steps))
    made: dict[int, ModelPart] = {ROOT: root}

    def around(scope: int) -> tuple[ModelPart, str]:
        """The part that holds what is in a scope, and the beginning of the ids of what is in it."""
        names = []
        while scope not in made and not together[scope]:
            names.append(model.scopes[scope].id)
            scope = model.scopes[scope].parent
        prefix = "".join([f"{name}_" for name in reversed(names)])
        if scope not in made:
            row = model.scopes[scope]
            parent, start = around(row.parent)
            made[scope] = part = ModelPart(start + row.id, row.kind, scope, None, parent, row.transparent)
            part.first = index
            parent.parts.append(part)
        return made[scope], prefix

    for index, step in enumerate(model.steps):
        parent, prefix = around(step.scope)
        leaf = ModelPart(prefix + step.id, step.kind, step.scope, step, parent, first=index, end=index + 1)
        leaf.inputs, leaf.outputs = step.inputs, step.outputs
        parent.parts.append(leaf)
        above: ModelPart | None = parent
        while above is not None and above is not root:
            above.end = index + 1
            above = above.parent
    return root


def _name(part: ModelPart, taken: set[str]) -> None:
    """Give the parts of a part ids that differ from each other and from what is taken."""
    wanted = {one.id for one in part.parts}
    for one in part.parts:
        name, count = one.id, 0
        while name in taken or (count and name in wanted):
            count += 1
            name = f"{one.id}_{count}"
        one.id = name
        taken.add(name)
        if one.parts:
            _name(one, set())


def _borders(root: ModelPart, model: Form) -> None:
    """Find what goes into each scope and what comes out."""
    last_read: dict[int, int] = {}
    for index, step in enumerate(model.steps):
        for value in step.inputs:
            last_read[value] = index
    for value in model.outputs:
        last_read[value] = _LAST

    def visit(part: ModelPart) -> None:
        made: set[int] = set()
        wanted: dict[int, None] = {}
        for one in part.parts:
            if one.step is None:
                visit(one)
            wanted.update(dict.fromkeys([value for value in one.inputs if value not in made]))
            made.update(one.outputs)
        part.inputs = tuple(wanted)
        part.outputs = tuple(
            [value for one in part.parts for value in one.outputs if last_read.get(value, -1) >= part.end]
        )

    visit(root)
    root.inputs = tuple([one.value for one in model.inputs])
    root.outputs = model.outputs


def _shares(root: ModelPart, model: Form) -> None:
    """Find the largest parts that use the weights of earlier parts, layer by layer."""
    places: dict[tuple[int, int], list[ModelPart]] = {}
    for part in root.walk():
        places.setdefault((part.first, part.end), []).append(part)

    def visit(part: ModelPart) -> None:
        steps = model.steps[part.first : part.end]
        shared = {part.first + place - step.shares for place, step in enumerate(steps) if step.shares is not None}
        if not shared:
            return
        has_own = any(step.tensors and step.shares is None for step in steps)
        if part is not root and len(shared) == 1 and not has_own:
            offset = shared.pop()
            for other in places.get((part.first - offset, part.end - offset), ()):
                if other.kind == part.kind and (other.step is None) == (part.step is None):
                    part.share = other
                    return
        if part.step is not None and part.step.shares is not None:
            part.share = places[part.step.shares, part.step.shares + 1][-1]
            return
        for one in part.parts:
            visit(one)

    visit(root)
