"""The params of a block: a vector of values each, one for every part that is a use of the block."""

from __future__ import annotations

import keyword
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.importers.folding.terms import scaled
from archcost.importers.form import Batched, Worded
from archcost.spec.vocabulary import RESERVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.importers.form import Attribute

CHANNELS, FEATURES, WINDOW, KIND, FLAG, ITEM, OTHER = "channels", "features", "window", "kind", "flag", "item", "other"
SIZES = {CHANNELS: "in_channels", FEATURES: "in_features"}
_FACTORS = (2, 3, 4, 6, 8, 16)  # between sizes that people call a multiple or a part of each other
_INDICES = ("i", "j", "k", "m", "n")

Row = dict[int, Any]  # by the number of the part


class UnfoldableError(Exception):
    """The model has something that blocks cannot say."""


@dataclass(slots=True)
class Hint:
    """What a value is to its step: what it measures, and what it may be called."""

    dimension: str
    name: str
    ids: tuple[str, ...] = ()  # of the step and the groups around it in the block, from the outermost
    final: bool = False  # it is the size of what comes out of the block

    @property
    def where(self) -> str:
        """The step, for messages."""
        return ".".join(self.ids)

    def names(self, kinds: frozenset[str]) -> list[str]:
        """What a param may be called, the best first: a size after the step alone, anything else with its own name.

        ``kinds`` are names that say nothing of the step that has them.
        """
        told = [name for name in self.ids if name.isdecimal() or name.rstrip("_0123456789") not in kinds]
        while len(told) > 1 and told[-1].isdecimal() and not told[-2].isdecimal():
            told[-2:] = [f"{told[-2]}_{told[-1]}"]
        found = []
        for count in range(1, len(told) + 1):
            step = "_".join(told[-count:])
            found += [step] if self.dimension in SIZES else []
            found += [f"{step}_{self.name}", f"{self.name}_{step}"]
        return found


@dataclass(slots=True)
class BlockParam:
    """A param: its values, and a default that they are compared with; ``measures`` is its dimension.

    A ``fill`` is its value where what it belongs to is left out: it then says itself whether that is there.
    """

    name: str
    measures: str
    values: Row
    default: Attribute = None
    defaults: Row = field(default_factory=dict)
    fill: Any = None

    def value(self, part: int) -> Any:
        """The value for a part, also for one that has no use for it."""
        if part in self.values:
            return self.values[part]
        return self.defaults[part] if self.fill is None and part in self.defaults else self.fill


class Learnt(NamedTuple):
    """What a first look at a block has shown: names that several params would have, expressions that come twice."""

    crowded: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()


class Params:
    """The params of one block, and what they are known to be equal to; ``sizes`` are those of the block's input."""

    def __init__(
        self, sizes: dict[int, dict[str, int]], taken: set[str], kinds: frozenset[str], learnt: Learnt | None = None
    ) -> None:
        self.rows: dict[str, BlockParam] = {}
        self._kinds = kinds  # of ops and blocks
        self.counts: tuple[str, Row] | None = None  # the number of the inputs of a block that takes any number of them
        self.uses: Counter[str] = Counter()  # of expressions that were there already
        self.wanted: Counter[str] = Counter()  # how many params would have liked a name
        self.sizes = sizes
        self._taken = taken | set(_INDICES) | RESERVED
        self._learnt = learnt or Learnt()
        self._texts: list[tuple[str, str, Row]] = []  # expressions over params by what they measure, and their values

    def term(self, row: Row, hint: Hint, otherwise: str | None = None) -> str:
        """An expression with these values; if no param is a part of it, ``otherwise`` or a new param."""
        found = self.known(row, hint) or self._ratio(row, hint) or otherwise
        return found or self._of_input(row, hint) or self.new(row, hint).name

    def known(self, row: Row, hint: Hint) -> str | None:
        """An expression that has these values already."""
        for measures, text, values in self._texts:
            if _alike(measures, hint.dimension) and all(values.get(part) == value for part, value in row.items()):
                self.uses[text] += 1
                return text
        return None

    def learnt(self) -> Learnt:
        """What a second look at the same block can do better."""
        crowded = [name for name, count in self.wanted.items() if count > 1]
        repeated = [text for text, count in self.uses.items() if count and text not in self.rows]
        return Learnt(frozenset(crowded), frozenset(repeated))

    def _ratio(self, row: Row, hint: Hint) -> str | None:
        if hint.dimension not in SIZES or not _are_sizes(row.values()):
            return None
        for param in list(self.rows.values()):
            values = param.values
            if not _alike(param.measures, hint.dimension) or not row.keys() <= values.keys():
                continue
            for factor in _FACTORS:
                text = ""
                if all(value == values[part] * factor for part, value in row.items()):
                    text = scaled(param.name, factor)
                elif all(value * factor == values[part] for part, value in row.items()):
                    text = f"{param.name} // {factor}"
                if text:
                    return self._given(text, row, hint)
        return None

    def _given(self, text: str, row: Row, hint: Hint) -> str:
        """An expression over a param; if the block uses it again, it becomes a param that follows from the other."""
        if text in self._learnt.repeated and hint.final:
            param = self.new(row, hint)
            param.default, param.defaults = Worded(text), dict(row)
            return param.name
        self._texts.append((hint.dimension, text, row))
        return text

    def _of_input(self, row: Row, hint: Hint) -> str | None:
        """A param that follows from the input of the block, so that nobody has to give it."""
        name = SIZES.get(hint.dimension)
        if name is None or not _are_sizes(row.values()) or not row.keys() <= self.sizes.keys():
            return None
        given = {part: self.sizes[part].get(name) for part in row}
        text = related(row, given, name)
        if text is None:
            return None
        param = self.new(row, Hint(hint.dimension, hint.name if hint.final else hint.dimension, hint.ids, hint.final))
        param.default, param.defaults = Worded(text), dict(row)
        return param.name

    def new(self, row: Row, hint: Hint) -> BlockParam:
        """A new param."""
        param = BlockParam(self._fresh(hint), hint.dimension, dict(row))
        self.rows[param.name] = param
        self._texts.append((hint.dimension, param.name, param.values))
        return param

    def _fresh(self, hint: Hint) -> str:
        self.wanted[hint.name] += not hint.final
        plain = [] if hint.name in self._learnt.crowded and not hint.final else [hint.name]
        for name in (*plain, *hint.names(self._kinds)):
            if self._is_free(name):
                return name
        base, count = hint.name if hint.name.isidentifier() else f"with_{hint.name}", 2
        if self._is_free(base):
            return base
        while not self._is_free(f"{base}_{count}"):
            count += 1
        return f"{base}_{count}"

    def _is_free(self, name: str) -> bool:
        return name.isidentifier() and not keyword.iskeyword(name) and name not in self._taken and name not in self.rows

    def condition(self, row: dict[int, bool]) -> tuple[str, bool] | None:
        """An expression over params and the input that is true for these parts; whether it asks for the input."""
        atoms = self._atoms(row)
        for text, values, uses_input in atoms:
            if values == row:
                self.uses[text.rpartition("= ")[2]] += 1
                return text, uses_input
        for one, first, uses in atoms:
            for other, second, uses_too in atoms:
                if "==" in one and "==" in other and one < other:
                    both = {part: first[part] and second[part] for part in row}
                    if both == row:
                        return f"{other} and {one}", uses or uses_too
                if "==" not in one and "==" not in other and one < other:
                    either = {part: first[part] or second[part] for part in row}
                    if either == row:
                        return f"{other} or {one}", uses or uses_too
        return None

    def _atoms(self, row: dict[int, bool]) -> list[tuple[str, dict[int, bool], bool]]:
        atoms: list[tuple[str, dict[int, bool], bool]] = []
        if self.counts is not None:
            text, counts = self.counts
            atoms.append((f"{text} > 1", {part: counts[part] > 1 for part in row}, False))
        for param in self.rows.values():
            values = param.values
            if not row.keys() <= values.keys():
                continue
            if param.measures == FLAG:
                atoms.append((param.name, {part: bool(values[part]) for part in row}, False))
                atoms.append((f"not {param.name}", {part: not values[part] for part in row}, False))
            if param.measures == WINDOW and all(type(values[part]) is int for part in row):
                atoms.append((f"{param.name} == 1", {part: values[part] == 1 for part in row}, False))
                atoms.append((f"{param.name} > 1", {part: values[part] > 1 for part in row}, False))
        for measures, text, values in self._texts:
            name = SIZES.get(measures)
            if name is None or not row.keys() <= values.keys() or not row.keys() <= self.sizes.keys():
                continue
            equal = {part: values[part] == self.sizes[part].get(name) for part in row}
            atoms.append((f"{name} == {text}", equal, True))
            atoms.append((f"{name} != {text}", {part: not one for part, one in equal.items()}, True))
        return atoms

    def settle(self, parts: int) -> None:
        """Give defaults to what is the same for most parts, and values to parts that have no use for a param."""
        for param in self.rows.values():
            if param.fill is not None:
                param.default = param.fill
                param.defaults = dict.fromkeys(range(parts), param.fill)
                continue
            if param.default is not None:
                continue
            counts = Counter(param.values.values())
            [(value, count)] = counts.most_common(1)
            usual = param.measures not in SIZES and 2 * count > len(param.values)
            if param.name.endswith("groups") and 1 in counts:
                value, usual = 1, True
            if usual or len(param.values) < parts:
                param.default = value
                param.defaults = dict.fromkeys(range(parts), value)

    def declared(self) -> dict[str, Attribute]:
        """The params with their defaults: first those that are required, last those that follow from others."""
        rows = sorted(
            self.rows.values(),
            key=lambda row: 0 if row.default is None else 2 if isinstance(row.default, Worded) else 1,
        )
        return {row.name: row.default for row in rows}


def related(values: Mapping[Any, Any], sizes: Mapping[Any, int | None], name: str) -> str | None:
    """How values follow from sizes of the same places: the size itself, a multiple of it or a part of it."""
    if any(size is None for size in sizes.values()):
        return None
    for factor in (1, *_FACTORS):
        if all(value == sizes[key] * factor for key, value in values.items()):  # type: ignore[operator]  # none is None
            return scaled(name, factor)
        if all(value * factor == sizes[key] for key, value in values.items()):
            return f"{name} // {factor}"
    return None


def _are_sizes(values: Any) -> bool:
    return all(type(value) is int for value in values)


def _alike(one: str, other: str) -> bool:
    return one == other or {one, other} <= SIZES.keys()


def is_number(value: Any) -> bool:
    """Whether a value is a plain number or one that follows the batch."""
    return isinstance(value, (int, float, Batched)) and not isinstance(value, bool)
