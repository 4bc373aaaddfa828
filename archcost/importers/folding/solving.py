"""The values of an attribute in all parts of a pattern, as one value or expression.

Values are kept by key: the number of the part of the block, and then that of the round of every loop around.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.importers.folding.params import FLAG, ITEM, SIZES, Hint, Params, UnfoldableError, related
from archcost.importers.folding.terms import chosen, part_of, text_of
from archcost.importers.form import Batched, Worded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.importers.form import Attribute

Key = tuple[int, ...]
DEPTH = "depth"  # how many rounds there are: a list says it best
_TURNS = 3  # rounds in which two kinds of them do not take turns yet
_SHAPES = {"shape", "sizes", "unflattened_size"}
_MUCH = 2  # times the length of a condition: then a list is too long to be read
_LONGEST = 900  # characters of an expression; the language has a limit of 1,000
INDICES = ("i", "j", "k", "m", "n")  # of loops in loops, from the outermost


class Listed(tuple[Any, ...]):
    """Values of the rounds of a loop, as one value: a list that is a param of the block."""

    __slots__ = ()


class Solver:
    """Finds expressions for the attributes in one block; ``can_ask`` says that there are params to be had."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def solve(
        self, values: dict[Key, Any], hint: Hint, sizes: Mapping[Key, Mapping[str, int]] | None = None
    ) -> Attribute:
        """One value or expression for the values of all keys; ``sizes`` are those of what the step reads."""
        one: Attribute = next(iter(values.values()))
        if all(value == one and type(value) is type(one) for value in values.values()):
            return one
        if any(isinstance(value, Worded) for value in values.values()):
            raise UnfoldableError(f"'{hint.name}' of '{hint.where}' is an expression that differs from use to use")
        if _have_same_length(values):
            items = range(len(next(iter(values.values()))))
            return tuple(
                [self.solve({key: value[item] for key, value in values.items()}, _item(hint)) for item in items]
            )
        if all(isinstance(value, Batched) and value.plus == 0 for value in values.values()):
            factor = self.solve({key: value.times for key, value in values.items()}, hint)
            return Worded(f"batch * {part_of(factor)}")
        return self._related(values, hint, self._of_input(values, hint, sizes))

    def _related(self, values: dict[Key, Any], hint: Hint, own: str | None) -> Attribute:
        """Values that differ: as ``own``, which follows from what the step reads, as params, or round by round."""
        if own is not None and hint.name == "groups" and own in SIZES.values():
            return Worded(own)
        row = _by_part(values)
        if row is not None:
            known = self.params.known(row, hint)
            if known is None and own is not None and own in SIZES.values():
                return Worded(own)
            return Worded(known or self.params.term(row, hint, own))
        return self._by_round(values, hint) if own is None else Worded(own)

    def _of_input(
        self, values: dict[Key, Any], hint: Hint, sizes: Mapping[Key, Mapping[str, int]] | None
    ) -> str | None:
        name = SIZES.get(hint.dimension)
        if name is None or sizes is None or not all(type(value) is int for value in values.values()):
            return None
        return related(values, {key: sizes[key].get(name) for key in values}, name)

    # --- rounds -----------------------------------------------------------------------------------------------------

    def _by_round(self, values: dict[Key, Any], hint: Hint) -> Attribute:
        """What differs from round to round of the innermost loop."""
        depth = len(next(iter(values))) - 1
        index = INDICES[depth - 1]
        rounds: dict[Key, dict[int, Any]] = {}
        for key, value in values.items():
            rounds.setdefault(key[:-1], {})[key[-1]] = value
        if all(len(set(one.values())) == 1 for one in rounds.values()):
            return self.solve({key: next(iter(one.values())) for key, one in rounds.items()}, hint)
        return self._of_rounds(rounds, hint, index)

    def over_rounds(self, row: Sequence[Any], hint: Hint, index: str) -> Attribute:
        """One value or expression for the values of the rounds of one step."""
        if all(value == row[0] and type(value) is type(row[0]) for value in row):
            one: Attribute = row[0]
            return one
        return self._of_rounds({(0,): dict(enumerate(row))}, hint, index)

    def _of_rounds(self, rounds: dict[Key, dict[int, Any]], hint: Hint, index: str) -> Attribute:
        """What the rounds have in common: the first or the last is another, two take turns, or each has its own."""
        numbers = {number for row in rounds.values() for number in row}
        found = None
        if 0 in numbers and hint.name != DEPTH:
            found = self._split(rounds, hint, lambda number: number == 0, f"{index} == 0", f"{index} > 0")
            if found is None and len(numbers) > _TURNS:
                odd = f"{index} % 2 == 1"
                found = self._split(rounds, hint, lambda number: number % 2 == 0, f"{index} % 2 == 0", odd)
            if found is None:
                found = self._last(rounds, hint, index)
        return self._listed(rounds, hint, index) if found is None else found

    def _split(
        self, rounds: dict[Key, dict[int, Any]], hint: Hint, test: Any, condition: str, opposite: str
    ) -> Attribute:
        """One value in the rounds that pass a test, another in the others; None if they differ otherwise."""
        ones: dict[Key, Any] = {}
        others: dict[Key, Any] = {}
        for key, row in rounds.items():
            for number, value in row.items():
                if (ones if test(number) else others).setdefault(key, value) != value:
                    return None
        one, other = self.solve(ones, hint), self.solve(others, hint)
        if type(one) is tuple or type(other) is tuple:
            return Worded(f"{text_of(one)} if {condition} else {text_of(other)}")
        return chosen(condition, opposite, one, other)

    def _last(self, rounds: dict[Key, dict[int, Any]], hint: Hint, index: str) -> Attribute:
        ends = {max(row) for row in rounds.values()}
        if len(ends) > 1:
            return None
        end = ends.pop()
        return self._split(rounds, hint, lambda number: number == end, f"{index} == {end}", f"{index} < {end}")

    def _listed(self, rounds: dict[Key, dict[int, Any]], hint: Hint, index: str) -> Attribute:
        """A list with a value for each round."""
        count = max(max(row) for row in rounds.values()) + 1
        common: dict[int, Any] = {}
        for row in rounds.values():
            common.update(row)
        if all(common[number] == value for row in rounds.values() for number, value in row.items()):
            filled = [common.get(number, next(iter(common.values()))) for number in range(count)]
            if hint.dimension == FLAG:
                text = f"{index} in {[number for number, value in enumerate(filled) if value]}"
            else:
                text = f"{text_of(tuple(filled))}[{index}]"
            change = _changed_once(filled)
            if change:
                two = chosen(f"{index} < {change}", f"{index} >= {change}", filled[0], filled[-1])
                if _MUCH * len(two.text) < len(text):
                    return two
            if len(text) > _LONGEST:
                raise UnfoldableError(f"'{hint.name}' of '{hint.where}' differs in too many rounds")
            return Worded(text)
        lists = {}
        for key, row in rounds.items():
            usual = next(iter(row.values()))
            lists[key] = Listed([row.get(number, usual) for number in range(max(row) + 1)])
        found = self.solve(lists, Hint("list", f"{hint.name}s", hint.ids))
        return Worded(f"{part_of(found)}[{index}]")

    # --- conditions -------------------------------------------------------------------------------------------------

    def condition(self, present: dict[Key, bool], hint: Hint, *, own_input: bool, fresh: list[str]) -> Attribute:
        """Whether a slot is there, as ``when`` says it; None if it always is.

        ``own_input``: what the slot reads is the input of the block. ``fresh`` are params that came with the slot.
        """
        if all(present.values()):
            return None
        row = _by_part(present)
        if row is None:
            return self._by_round(present, hint)
        for name in fresh:
            param = self.params.rows[name]
            is_there = {part for part, value in row.items() if value}
            if param.measures in SIZES and set(param.values) == is_there and param.default is None:
                param.fill = 0
                return Worded(f"{name} > 0")
        found = self.params.condition(row)
        if found is not None:
            text, uses_input = found
            if own_input or not uses_input:
                return Worded(text)
            param = self.params.new(row, hint)
            param.default, param.defaults = Worded(text), dict(row)
            return Worded(param.name)
        return Worded(self.params.term(row, hint))


def _by_part(values: dict[Key, Any]) -> dict[int, Any] | None:
    """The values by part, if they are the same in all of its rounds."""
    row: dict[int, Any] = {}
    for key, value in values.items():
        if row.setdefault(key[0], value) != value:
            return None
    return row


def _changed_once(row: Sequence[Any]) -> int:
    """The first round that has another value than the first ones, if all behind it have that; 0 if there is none."""
    change = next((number for number, value in enumerate(row) if value != row[0]), 0)
    return change if all(value == row[-1] for value in row[change:]) else 0


def _have_same_length(values: dict[Key, Any]) -> bool:
    lengths = {len(value) if type(value) is tuple else -1 for value in values.values()}
    return len(lengths) == 1 and -1 not in lengths


def _item(hint: Hint) -> Hint:
    """What an item of a list is."""
    return Hint(ITEM, "size" if hint.name in _SHAPES else hint.name, hint.ids)
