"""A space in a file: the spec, what varies, and what is known of it.

::

    archcost_space: 1
    name: ofa-mobilenet-v3
    source: "Cai et al. 2019, arXiv:1908.09791"
    spec: zoo:ofa_mobilenet_v3          # a path relative to this file, or what a SPEC may be
    set: {resolution: 224}              # params that are the same for all
    vary: {"depths[*]": [2, 3, 4], width: "0.25:1.5:0.05"}
    zip: [{layers: [12, 24], width: [768, 1024]}]
    where: macs <= 300 M                # optional
    expect: {designs: "7371 ** 5"}      # optional, how many are published: a number, or how it comes about
"""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost import model_zoo
from archcost.errors import ArgumentError, Diagnostic, Mark, Source, SpecError, UsageError, close_names
from archcost.files import DISK, FileError, decoded, located, read_named
from archcost.spec.document import MAX_BYTES, Scalar, Sequence, parse_document
from archcost.spec.document import Mapping as Table
from archcost.spec.expressions import Expression, ExpressionError
from archcost.spec.functions import BoundError
from archcost.spec.problems import Problems
from archcost.spec.value_reader import Reader, brief
from archcost.spec.vocabulary import SPACE_KEY
from archcost.sweeping.axes import Wish, wish_of, zip_of
from archcost.sweeping.values import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from archcost.spec.document import Value

VERSION = 1
KEYS = (SPACE_KEY, "name", "source", "spec", "set", "vary", "zip", "where", "expect")
EXPECTED = ("designs",)
_IS_SPACE = re.compile(rf"(?:\s*#.*\n|\s*\n)*\s*{SPACE_KEY}\s*:")
_SPACES = "spaces"  # the folder of those that ship, within the zoo


class SpaceFile(NamedTuple):
    """What a file says of a space; ``spec`` is the name of one, ``expected`` the published number of designs."""

    path: str
    name: str
    spec: str
    wishes: tuple[Wish, ...] = ()
    params: Mapping[str, Any] = {}
    where: str = ""
    where_at: Mark | None = None
    source: str = ""
    expected: int | None = None


def shipped_spaces() -> list[str]:
    """The names of the spaces that come with archcost."""
    folder = os.path.join(model_zoo.folder(), _SPACES)
    entries = os.listdir(folder) if os.path.isdir(folder) else []
    return sorted(entry.removesuffix(".yaml") for entry in entries if entry.endswith(".yaml"))


def find_space(name: str) -> str:
    """The path of a space by its path or the name of one that ships; raises UsageError."""
    if os.path.lexists(name):
        return name
    path = os.path.join(model_zoo.folder(), _SPACES, f"{name}.yaml")
    if os.sep not in name and os.path.isfile(path):
        return path
    known = shipped_spaces()
    close = close_names(name, known)
    hint = "did you mean " + " or ".join([f"'{one}'" for one in close]) + "?" if close else ""
    raise UsageError(f"there is no space '{name}'", hint or f"give a file, or one of {', '.join(known)}")


def is_space_file(path: str) -> bool:
    """Whether a path leads to a file that says of itself that it is a space."""
    if not os.path.isfile(path):
        return False
    try:
        return _IS_SPACE.match(_text(path)) is not None
    except (FileError, UnicodeDecodeError):
        return False


def read_space_file(path: str) -> SpaceFile:
    """What a file says of a space; raises SpecError with every problem and its place."""
    try:
        text = _text(path)
    except FileError as error:
        raise SpecError(
            [Diagnostic(f"cannot read {path}: {error.reason}", Mark(Source(path, ""), 0, 0), error.help)]
        ) from None
    except UnicodeDecodeError:
        raise SpecError([Diagnostic(f"cannot read {path}: it is not UTF-8", Mark(Source(path, ""), 0, 0))]) from None
    return space_of_text(text, path)


def space_of_text(text: str, path: str) -> SpaceFile:
    """As :func:`read_space_file`, of a text that stands at a path."""
    source = Source(path, text)
    tree, found = parse_document(source)
    problems = Problems(source, found)
    space = _SpaceReader(Reader(problems), path).read(tree)
    if problems:
        raise problems.error()
    return space


def _text(path: str) -> str:
    real, is_linked = located(path)
    return decoded(DISK.read(real, MAX_BYTES) if is_linked else read_named(real, MAX_BYTES))


class _SpaceReader:
    """Reads the keys of a space, and notes what is wrong at its place."""

    def __init__(self, reader: Reader, path: str) -> None:
        self.reader = reader
        self.path = path

    def read(self, tree: Value) -> SpaceFile:
        """The space of a file."""
        found = SpaceFile(self.path, os.path.basename(self.path).removesuffix(".yaml"), "")
        whole = self.reader.mapping(tree, "a space")
        if whole is None:
            return found
        self.reader.keys(whole, KEYS, "a space")
        self._version(whole)
        texts = {key: self._text_at(whole, key) for key in ("name", "source", "where")}
        return found._replace(
            name=texts["name"] or found.name,
            source=texts["source"],
            where=texts["where"],
            where_at=whole.entries["where"][1].mark if texts["where"] else None,
            spec=self._spec(whole),
            params=self._plain_at(whole, "set"),
            wishes=(*self._vary(whole), *self._zips(whole)),
            expected=self._expected(whole),
        )

    def _version(self, whole: Table) -> None:
        entry = whole.entries.get(SPACE_KEY)
        if entry is None:
            self.reader.report(f"'{SPACE_KEY}' is missing", whole, f"put `{SPACE_KEY}: {VERSION}` on the first line")
        elif entry[1].plain() != VERSION:
            told = f"version {brief(entry[1])} of spaces is not known"
            self.reader.report(told, entry[1], f"this archcost reads `{SPACE_KEY}: {VERSION}`")

    def _spec(self, whole: Table) -> str:
        """The spec by its name: a path is relative to the file."""
        if "spec" not in whole.entries:
            self.reader.report("'spec' is missing", whole, "name one: `spec: zoo:mobilenet_v1`, or a path from here")
            return ""
        name = self._text_at(whole, "spec")
        beside = os.path.join(os.path.dirname(self.path), name)
        return beside if name and os.path.lexists(beside) else name

    def _text_at(self, whole: Table, key: str) -> str:
        entry = whole.entries.get(key)
        return (self.reader.text(entry[1], f"'{key}'") or "") if entry else ""

    def _plain_at(self, whole: Table, key: str) -> dict[str, Any]:
        entry = whole.entries.get(key)
        mapping = self.reader.mapping(entry[1], f"'{key}'") if entry else None
        return dict(mapping.plain()) if mapping is not None else {}

    def _expected(self, whole: Table) -> int | None:
        """The number of designs: a whole number, or an expression that is one."""
        entry = whole.entries.get("expect")
        mapping = self.reader.mapping(entry[1], "'expect'") if entry else None
        if mapping is None:
            return None
        self.reader.keys(mapping, EXPECTED, "'expect'")
        if "designs" not in mapping.entries:
            return None
        value = mapping.entries["designs"][1]
        found = value.plain()
        if isinstance(value, Scalar) and isinstance(found, str):
            try:
                found = Expression(f"$({found})", value.mark).evaluate({})
            except ExpressionError as error:
                self.reader.fail(error)
                return None
            except BoundError as error:
                self.reader.report(str(error), value)
                return None
        if isinstance(found, bool) or not isinstance(found, int) or found < 1:
            told = f"'designs' is a whole number of at least 1, got {brief(value)}"
            self.reader.report(told, value, 'write the number, or how it comes about: `designs: "7371 ** 5"`')
            return None
        return found

    def _vary(self, whole: Table) -> list[Wish]:
        entry = whole.entries.get("vary")
        mapping = self.reader.mapping(entry[1], "'vary'") if entry else None
        found: list[Wish] = []
        for name, (key, value) in (mapping.entries if mapping else {}).items():
            place = value if isinstance(value, Scalar) else key
            self._add(found, place, partial(wish_of, name, _given(value), "vary"), [key])
        return found

    def _zips(self, whole: Table) -> list[Wish]:
        entry = whole.entries.get("zip")
        if entry is None:
            return []
        found: list[Wish] = []
        for value in entry[1].items if isinstance(entry[1], Sequence) else [entry[1]]:
            mapping = self.reader.mapping(value, "'zip'")
            if mapping is not None:
                given = {name: _given(each) for name, (_, each) in mapping.entries.items()}
                self._add(found, value, partial(zip_of, given), [key for key, _ in mapping.entries.values()])
        return found

    def _add(self, found: list[Wish], place: Value, make: Callable[[], Wish], keys: Iterable[Scalar]) -> None:
        """A wish that a place of the file makes, or its problem there; what it sets stands at ``keys``."""
        try:
            wish = make()
            names = tuple([Piece((name.text, key.mark)) for name, key in zip(wish.names, keys, strict=True)])
            found.append(wish._replace(names=names))
        except ArgumentError as error:
            self.reader.report(error.diagnostic.message, place, error.diagnostic.help)
        except UsageError as error:
            self.reader.report(error.message, place, error.help)


def _given(value: Value) -> Any:
    """The values of an axis as a call gives them: a text as on the command line, a list of values, or one of them."""
    return value.text if isinstance(value, Scalar) and not value.quoted else value.plain()
