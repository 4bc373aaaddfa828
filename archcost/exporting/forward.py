"""The forward pass of a class: one statement for each unit, and names for what they give.

A value that the next statement alone reads is called ``x`` (``y`` and ``z`` while ``x`` is still needed); one that is
read later has the name that the spec gives it, if it does.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from archcost.exporting.left_out import left_out
from archcost.exporting.names import Taken, input_variables, variable_name
from archcost.exporting.ops import FUNCTIONS, LAYERS
from archcost.exporting.source_lines import INDENT, Bare, Brackets, Doc, Inner, Operation, call, fits, flat, lines
from archcost.exporting.template import FUNCTION, LAYER, LOOP
from archcost.ops import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.exporting.constructors import ModuleAccess
    from archcost.exporting.row_plans import RowPlan
    from archcost.exporting.template import Class, Member

_BODY = 2 * INDENT
_MARGIN = " " * _BODY
_FLOW = ("x", "y", "z")
_TENSOR = "torch.Tensor"


class Statement:
    """A unit whose results are used: it becomes one statement, or stands ``inside`` of the one that reads it."""

    __slots__ = ("inside", "place", "plan", "unit")

    def __init__(self, plan: RowPlan, place: int) -> None:
        self.plan = plan
        self.place = place
        self.unit: Member = plan.row.pattern
        self.inside = False

    @property
    def is_loop(self) -> bool:
        """Whether it is a loop over nn.ModuleList."""
        return self.unit.form == LOOP and len(self.unit.reads) > 1

    @property
    def is_call(self) -> bool:
        """Whether it is the call of a module with one result."""
        return self.unit.form != FUNCTION and self.has_one_result

    @property
    def has_one_result(self) -> bool:
        """Whether its expression is the value that it writes."""
        unpacks = self.unit.form == LAYER and bool(LAYERS[self.unit.kind].results)
        return len(self.unit.writes) == 1 and not (unpacks or self.unit.is_parted or self.is_loop)


class Statements:
    """The statements of a class, how often values are read, and where last; the return comes after all of them."""

    def __init__(self, made: Class, plans: Sequence[RowPlan]) -> None:
        needed = set(made.pattern.needed())
        self.outputs = made.pattern.outputs
        used = [plan for plan in plans if plan.row.pattern in needed]
        self.all = [Statement(plan, place) for place, plan in enumerate(used)]
        self.makers = {value: found for found in self.all if found.has_one_result for value in found.unit.writes}
        self.counts = Counter([*self.outputs, *[value for found in self.all for value in found.unit.reads]])
        self.last = {value: place for place, found in enumerate(self.all) for value in found.unit.reads}
        self.last |= dict.fromkeys(self.outputs, len(self.all))
        for place, statement in enumerate(self.all):
            if len(statement.unit.reads) > 1 and statement.unit.form == FUNCTION:
                self._put_inside(place, statement.unit.reads)
        if len(self.outputs) > 1:
            self._put_inside(len(self.all), self.outputs)
        elif self.all and self._is_returned(self.all[-1]):
            self.all[-1].inside = True
        self._hosts = [*range(len(self.all) + 1)]  # by statement: the one that is written for it
        for place in reversed(range(len(self.all))):
            if self.all[place].inside:
                self._hosts[place] = self._hosts[place + 1]

    def _put_inside(self, place: int, reads: Sequence[int]) -> None:
        """Put calls into the statement that takes their results, where it follows and takes them in their order."""
        places = {value: number for number, value in reversed([*enumerate(reads)])}  # the first of each
        wanted = len(reads)
        for before in range(place - 1, -1, -1):
            statement = self.all[before]
            value = statement.unit.writes[0]
            follows = places.get(value, wanted) < wanted
            if not statement.is_call or not follows or self.counts[value] > 1 or self._has_inside(statement):
                break
            wanted = places[value]
            statement.inside = True

    def _has_inside(self, statement: Statement) -> bool:
        return any(value in self.makers and self.makers[value].inside for value in statement.unit.reads)

    def _is_returned(self, last: Statement) -> bool:
        value = self.outputs[0]
        return last.has_one_result and last.unit.writes[0] == value and self.counts[value] == 1

    def inside_of(self, reads: Sequence[int]) -> dict[int, Statement]:
        """The statements that stand inside of the one that reads these values, by what they write."""
        return {value: self.makers[value] for value in reads if value in self.makers and self.makers[value].inside}

    def is_read_next(self, place: int, value: int) -> bool:
        """Whether the statement after ``place`` alone reads a value, as the first that it reads."""
        reader = self.last[value]
        reads = self.all[reader].unit.reads if reader < len(self.all) else self.outputs
        return self.counts[value] == 1 and reads[0] == value and self._hosts[reader] == self._hosts[place + 1]


class Forward:
    """Writes the forward pass of one class; ``inputs`` are the names of what it takes."""

    def __init__(self, made: Class, plans: Sequence[RowPlan], holder: ModuleAccess, inputs: Sequence[str]) -> None:
        self.use = made.pattern
        self.holder = holder
        self.statements = Statements(made, plans)
        self.inputs = input_variables(inputs)
        self.names: dict[int, str] = {}
        for value, name in zip(self.use.inputs, self.inputs, strict=True):
            self.names.setdefault(value, name)
        self.live = Taken()  # the names that are needed at the statement at hand, and after it
        self.all = Taken(self.names.values())  # all that ever were
        self.ends: dict[int, list[str]] = {}  # by statement: the names that it may be the last to need
        self.held: dict[str, int] = {}  # by name: the statement that is the last to need it
        self.place = -1
        for value, name in self.names.items():
            self._hold(name, self.statements.last.get(value, -1))
        self.batch = made.batch

    def lines(self, comments: Mapping[int, str]) -> list[str]:
        """The method; ``comments`` stand behind the statements that write a value."""
        parameters = [Inner("", "self"), *[Inner("", f"{name}: {_TENSOR}") for name in self.inputs]]
        count = len(self.use.outputs)
        result = _TENSOR if count == 1 else f"tuple[{', '.join([_TENSOR] * count)}]"
        head = lines("", Brackets("def forward", tuple(parameters)), f" -> {result}:", INDENT)
        body: list[str] = []
        for place, statement in enumerate(self.statements.all):
            if not statement.inside:
                body += self._written(place, statement, comments)
        bodies = self._inputs(self.use.outputs)
        if _hugs(bodies[0], "return "):
            last = self.statements.all[-1]
            last.inside = False
            body += self._written(len(self.statements.all) - 1, last, comments)
            bodies = self._inputs(self.use.outputs)
        returned = lines("return ", bodies[0] if len(bodies) == 1 else Bare(tuple(bodies)), "", _BODY)
        is_made_here = len(bodies) == 1 and not isinstance(bodies[0], str)
        body += _commented(returned, comments.get(self.use.outputs[0], "") if is_made_here else "")
        if self.batch is not None:
            rows = f"{self.inputs[self.batch.number]}.size({self.batch.dim})"
            several = self.holder.keep(self.batch.per_sample)
            body.insert(0, f"{_MARGIN}batch = {rows}" + (f" // {several}" if several != "1" else ""))
        return [*head, *[_MARGIN + line for line in left_out(self.use)], *body]

    def _written(self, place: int, statement: Statement, comments: Mapping[int, str]) -> list[str]:
        """The lines of a statement."""
        if statement.is_loop:
            return self._loop(place, statement)
        body = self._expression(statement)
        before: list[str] = []
        if _hugs(body, "a_name_of_some_length = "):
            for inner in self.statements.inside_of(statement.unit.reads).values():
                inner.inside = False
                before += self._written(inner.place, inner, comments)
            body = self._expression(statement)
        targets, body = self._assigned(place, statement, body)
        text = lines(f"{targets} = ", body, "", _BODY)
        return [*before, *_commented(text, comments.get(statement.unit.writes[0], ""))]

    def _inputs(self, reads: Sequence[int]) -> list[Doc]:
        """Values by their names, or as the calls that make them."""
        inside = self.statements.inside_of(reads)
        return [self._expression(inside[value]) if value in inside else self.names[value] for value in reads]

    def _expression(self, statement: Statement) -> Doc:
        """The call or operation of a statement, with what stands inside of it."""
        unit = statement.unit
        inputs = self._inputs(unit.reads)
        if unit.form == FUNCTION:
            return self._function(statement, inputs)
        head = self.holder.access(unit.name)
        return LAYERS[unit.kind].apply(head, inputs) if unit.form == LAYER else call(head, *inputs)

    def _function(self, statement: Statement, inputs: Sequence[Doc]) -> Doc:
        unit = statement.unit
        assert unit.node is not None
        function = FUNCTIONS[unit.kind]
        given: dict[str, Any] = {}
        for argument, slot in statement.plan.arguments:
            if slot.is_constant and slot.known[0] == argument.default and not slot.grows:
                continue
            text = self.holder.keep(slot)
            if slot.grows:
                text = "batch" if text == "1" else f"{text} * batch"
            if argument.attribute in function.lists:
                given.setdefault(argument.attribute, []).append(text)
            else:
                given[argument.name] = text
        return function.write(unit.node.op, given, inputs, unit.node.signature.input_shapes)

    def _assigned(self, place: int, statement: Statement, body: Doc) -> tuple[str, Doc]:
        """The targets of a statement, and what they get."""
        unit = statement.unit
        wanted = [value in self.statements.last and value not in self.names for value in unit.writes]
        self._advance(place)
        passed = {self.names[value] for value in unit.writes if value in self.names}
        with self._also_needed(passed):
            return self._targets(place, statement, wanted, body)

    def _targets(self, place: int, statement: Statement, wanted: Sequence[bool], body: Doc) -> tuple[str, Doc]:
        unit = statement.unit
        if unit.is_parted and sum(wanted) == 1:
            number = wanted.index(True)
            return self._name(place, unit, unit.writes[number]), f"{flat(body)}[{number}]"
        names = [
            self._name(place, unit, value) if is_wanted else "_"
            for value, is_wanted in zip(unit.writes, wanted, strict=True)
        ]
        results = LAYERS[unit.kind].results if unit.form == LAYER else ""
        if results and set(names[1:]) == {"_"}:
            results = "{0}, _"
        return results.format(*names) if results else ", ".join(names), body

    def _loop(self, place: int, statement: Statement) -> list[str]:
        """A loop over nn.ModuleList: every round takes the result of the one before."""
        unit = statement.unit
        before, *others = [self.names[value] for value in unit.reads]
        self._advance(place)
        passed = {self.names[value] for value in unit.writes if value in self.names}
        with self._also_needed({*others, *passed}):
            name = self._name(place, unit, unit.writes[0])
        text = [] if name == before else [f"{_MARGIN}{name} = {before}"]
        variable = self.all.free("layer")
        text.append(f"{_MARGIN}for {variable} in {self.holder.access(unit.name)}:")
        return [*text, *lines(f"{name} = ", call(variable, name, *others), "", _BODY + INDENT)]

    def _advance(self, place: int) -> None:
        """Go on to a statement: names that only those before it need are free."""
        for passed in range(self.place + 1, place + 1):
            for name in self.ends.pop(passed, ()):
                if self.held[name] == passed:
                    self.live.discard(name)
        self.place = max(self.place, place)

    def _hold(self, name: str, last: int) -> None:
        """Keep a name for a value that so many statements need."""
        self.held[name] = last
        self.all.add(name)
        if last > self.place:
            self.ends.setdefault(last, []).append(name)
            self.live.add(name)

    @contextmanager
    def _also_needed(self, names: set[str]) -> Iterator[None]:
        """Keep names besides for the results of one statement."""
        more = [name for name in sorted(names) if name not in self.live]
        for name in more:
            self.live.add(name)
        yield
        for name in more:
            if self.held[name] <= self.place:
                self.live.discard(name)

    def _name(self, place: int, unit: Member, value: int) -> str:
        """The name of a value from here on: one that flows on, or one that the spec gives."""
        free = [name for name in _FLOW if name not in self.live]
        name = "" if free and self.statements.is_read_next(place, value) else _telling(unit)
        if not name and free:
            name = free[0]
        name = self.live.free(name or variable_name(unit.name[-1]))
        self.names[value] = name
        self._hold(name, self.statements.last[value])
        return name


def _hugs(body: Doc, before: str) -> bool:
    """Whether a sum of two calls is too long for a line: it would be broken inside of the last one's brackets."""
    return isinstance(body, Operation) and len(body.operands) == 2 and not fits(before + flat(body), _BODY)  # noqa: PLR2004


def _commented(text: list[str], comment: str) -> list[str]:
    """A statement with a comment behind it, if both fit on one line."""
    line = f"{text[0]}  # {comment}"
    return [line] if comment and len(text) == 1 and fits(line, 0) else text


def _telling(unit: Member) -> str:
    """What a value that is read later is called: its branch, or the id that was chosen for its step."""
    if unit.branch:
        return variable_name(unit.branch, "branch")
    name = unit.name[-1]
    base = name.rstrip("0123456789").rstrip("_")
    kinds = {layer.use.kind if layer.use is not None else layer.kind for layer in unit.layers()}
    return "" if name.isdigit() or not kinds.isdisjoint((name, base)) or base in REGISTRY else variable_name(name)
