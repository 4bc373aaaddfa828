"""What is known of a model type, and the values that a configuration gives to its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import Diagnostic, SpecError, shortened, suggestion
from archcost.spec.document import Mapping as MappingValue
from archcost.spec.document import Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from archcost.importers.keys import Key
    from archcost.spec.document import Value

    Params = dict[str, Any]

_SHOWN = 80  # characters of a key or value in a message


class Family(NamedTuple):
    """A model type: the family spec of the zoo that says it, and how.

    ``keys`` are those that figures follow from, ``harmless`` those that they do not. ``heads`` are the params that a
    class of the library stands for; the first is that of a configuration that names no class. ``aliases`` are further
    names of keys.
    """

    spec: str
    keys: Mapping[str, Key]
    params: Callable[[KeyValues], Params]
    heads: Mapping[str, Params]
    harmless: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = {}


class KeyValues:
    """The values of the keys of a family in a configuration, or in an object within it.

    Raises SpecError, with a place for each, where keys are not known or values do not fit. ``way_out`` is what helps
    where a configuration is not understood.
    """

    def __init__(self, root: MappingValue, family: Family, harmless: frozenset[str], way_out: str) -> None:
        self._root = root
        self._keys = family.keys
        self._way_out = way_out
        self._harmless = harmless
        self._written: dict[str, tuple[Scalar, Value]] = {}
        problems = []
        for name, entry in root.entries.items():
            first = self._written.setdefault(family.aliases.get(name, name), entry)
            if first[1].plain() != entry[1].plain():
                message = f"'{entry[0].text}' and '{first[0].text}' name the same, and have different values"
                problems.append(Diagnostic(message, entry[1].mark, "leave one out"))
        problems += self._problems(harmless | family.harmless)
        if problems:
            raise SpecError(problems)

    def __getitem__(self, name: str) -> Any:
        """The value of a key, or its default."""
        return self._written[name][1].plain() if name in self._written else self._keys[name].default

    def __contains__(self, name: str) -> bool:
        """Whether a key is written, and not null."""
        return name in self._written and self[name] is not None

    def inner(self, name: str, family: Family) -> KeyValues:
        """The values of an object in this one, which has a family of its own; raises as the class does."""
        root = self._root
        value = (
            self._written[name][1] if name in self else MappingValue(root.source, root.line, root.column, 1, flow=True)
        )
        if not isinstance(value, MappingValue):
            raise self.refused(name, "takes an object")
        return KeyValues(value, family, self._harmless, self._way_out)

    def refused(self, name: str, message: str, *others: str) -> SpecError:
        """The error for a value that fits, and is not understood; ``others`` are keys that it has to do with."""
        written = next((each for each in (name, *others) if each in self._written), None)
        mark = self._root.mark if written is None else self._written[written][1].mark
        return SpecError([Diagnostic(f"'{name}' {message}", mark, self._way_out)])

    def _problems(self, harmless: frozenset[str]) -> Iterator[Diagnostic]:
        for name, (written, value) in self._written.items():
            key = self._keys.get(name)
            if key is not None:
                plain = value.plain()
                if not key.kind.fits(plain):
                    message = f"'{written.text}' takes {key.kind.words}, got {_shown(plain)}"
                    yield Diagnostic(message, value.mark, self._way_out)
            elif name not in harmless and not (isinstance(value, Scalar) and value.value is None):
                close = suggestion(name, self._keys, "keys") if len(name) <= _SHOWN else ""
                notes = (close,) if close.startswith("did you mean") else ()
                message = f"the key '{shortened(name, _SHOWN)}' is not known here, and may change the architecture"
                yield Diagnostic(message, written.mark, self._way_out, notes)


def _shown(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"'{shortened(value, _SHOWN)}'" if isinstance(value, str) else shortened(str(value), _SHOWN)
