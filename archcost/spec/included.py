"""The files that a spec names: what it extends and includes, each read once and only below the folder of the spec."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import Diagnostic, Mark, Source, SpecError, UnreadError, close_names
from archcost.files import FileError, MissingFileError, is_below, refuse_gits_own
from archcost.meter import WorkError
from archcost.spec.document import MAX_BYTES, parse_document

if TYPE_CHECKING:
    from archcost.files import Files
    from archcost.spec.document import Value
    from archcost.spec.model import Spec
    from archcost.spec.spec_reader import SpecReader

ENDINGS = (".yaml", ".yml")
_CLAIM = re.compile(r"""(?:^|[{,])[ \t]*+["']?archcost["']?[ \t]*+:""", re.MULTILINE)
_MAX_SIBLINGS = 2000  # names in a folder that are compared with a missing one
_PER_PART = 15  # steps of work to look at a folder on the way to a file
_PER_FILE = 1000  # steps of work to open one


class IncludeTree(NamedTuple):
    """Where the files that a spec names are looked up: a tree of files, the spec's folder in it, and its own path.

    ``prefix`` stands before the paths in messages.
    """

    files: Files
    folder: str
    path: str
    prefix: str = ""


class IncludePlace(NamedTuple):
    """A file that a spec names: its folder, as a location; where it is; how messages name it."""

    folder: str
    real: str
    name: str


class NamedFiles:
    """Reads what a spec names: once each, only below the folder of the spec, and no more than one file may hold."""

    def __init__(self, spec: Spec, reader: SpecReader, tree: IncludeTree) -> None:
        self.spec = spec
        self.reader = reader
        self.tree = tree
        self.top: str | None = None  # the spec's folder, once it is asked for
        self.seen: set[str] = set()  # locations that were read
        self.known: dict[tuple[str, str], IncludePlace | None] = {}  # by folder and what was written
        self.siblings: dict[str, list[str]] = {}
        self.length = len(spec.text_source.text)

    def bases(self, root: Value) -> tuple[list[Value], Value, str]:
        """The trees of the specs that extend another, the nearest last, and that of the last one with its folder."""
        variants: list[Value] = []
        folder = ""
        while (named := self.reader.extends(root)) is not None:
            variants.append(root)
            place = self._place(folder, named.text, named.mark, "extend")
            if place is not None and place.real in self.seen:
                hint = "give the last one its own `layers`"
                self._report("specs may not extend themselves", named.mark, hint)
            base = self._tree(place, named.text, named.mark, "extend") if place is not None else None
            if place is None or base is None:
                raise self.spec.problems.error()
            self.spec.bases.append(base.source)
            root, folder = base, place.folder
        return variants, root, folder

    def read(self, includes: list[tuple[str, Mark]], folder: str) -> None:
        """Read the blocks of files named relative to a location, and what they include in turn."""
        waiting = [(folder, relative, mark) for relative, mark in includes]
        for base, relative, mark in waiting:  # grows as files are read
            self.spec.meter.spend(1, mark)
            if (base, relative) in self.known:
                continue
            place = self._place(base, relative, mark, "include")
            if place is None or place.real in self.seen:
                continue
            root = self._tree(place, relative, mark, "include")
            if root is not None:
                waiting += [(place.folder, *further) for further in self.reader.library(root)]

    def _place(self, base: str, relative: str, mark: Mark, verb: str) -> IncludePlace | None:
        """Where a file is that a spec names in a folder; None, and a problem, if it may not be read."""
        self.known[base, relative] = None
        if not relative.isprintable():
            self._report(f"the path of an {verb} holds control characters", mark, "")
            return None
        try:
            place = self._resolved(base, relative, mark)
        except FileError as error:
            self._report(f"cannot {verb} '{relative}': {error.reason}", mark, error.help)
            return None
        if place is None:
            hint = f"only files below the folder can be {verb.rstrip('e')}ed"
            self._report(f"'{relative}' is outside the spec's folder", mark, hint)
        self.known[base, relative] = place
        return place

    def _resolved(self, base: str, relative: str, mark: Mark) -> IncludePlace | None:
        """The place of a file, every link followed; None outside of the spec's folder. Raises FileError."""
        files, meter = self.tree.files, self.spec.meter
        if self.top is None:
            self.top = files.resolve(self.tree.folder)
            self.seen.add(files.resolve(self.tree.path))
        if os.path.isabs(relative):
            return None
        refuse_gits_own(relative)
        parts = self.top.count("/") + base.count("/") + relative.count("/") + 1
        meter.spend(2 * _PER_PART * parts, mark)
        inside, name = os.path.split(relative)
        around = base or self.top
        folder = files.resolve(os.path.join(around, inside)) if inside else around
        real = files.resolve(os.path.join(folder, name))
        if not is_below(real, self.top):
            return None
        shown = folder[len(self.top) :].lstrip("/" + os.sep) if is_below(folder, self.top) else folder
        return IncludePlace(
            folder, real, self.tree.prefix + os.path.normpath(os.path.join(self.tree.folder, shown, name))
        )

    def _tree(self, place: IncludePlace, relative: str, mark: Mark, verb: str) -> Value | None:
        """The tree of a file; None, and a problem, if it cannot be read."""
        self.seen.add(place.real)
        self.spec.meter.spend(_PER_FILE, mark)
        try:
            source = Source(place.name, spec_text(self.tree.files, place.real, place.name))
            self.length += len(source.text)
            if self.length > MAX_BYTES:  # the end: to read on would be more of the same
                message = f"the spec and its includes are larger than {MAX_BYTES // 2**20} MiB"
                raise WorkError([Diagnostic(message, mark)])  # noqa: TRY301 - as the meter raises it
            root, problems = parse_document(source, self.spec.meter)
        except FileError as error:
            hint = self._missing_help(place, relative) if isinstance(error, MissingFileError) else error.help
            self._report(f"cannot {verb} '{relative}': {error.reason}", mark, hint)
            return None
        except WorkError:
            raise
        except SpecError as error:
            self.spec.incomplete = True
            self.spec.problems.extend(error.diagnostics)
            return None
        self.spec.problems.extend(problems)
        self.spec.included.append(source)
        return root

    def _missing_help(self, place: IncludePlace, relative: str) -> str:
        folder = os.path.dirname(place.real)
        if folder not in self.siblings:
            names = self.tree.files.names(folder, _MAX_SIBLINGS)
            self.siblings[folder] = sorted(name for name in names if name.endswith(ENDINGS))
        close = close_names(os.path.basename(relative), self.siblings[folder])
        if close:
            return f"did you mean '{os.path.join(os.path.dirname(relative), close[0])}'?"
        return "paths are relative to this file"

    def _report(self, message: str, mark: Mark, hint: str) -> None:
        self.spec.incomplete = True
        self.reader.report(message, mark, hint)


def spec_text(files: Files, real: str, name: str) -> str:
    """The text of a spec at a location that no person named; raises FileError, and SpecError where it is not UTF-8.

    It must be a spec by its ending and by its text, so that messages show no line of any other file.
    """
    data = files.read(real, MAX_BYTES)
    if not real.endswith(ENDINGS):
        raise FileError("it is no spec: its name ends in neither .yaml nor .yml")
    refuse_other_text(data.decode("utf-8-sig", "replace"))  # before a word of what it holds is told
    return decode(data, name)


def refuse_other_text(text: str) -> None:
    """Raise FileError for a text that has no key ``archcost``, at the start of a line or in a flow mapping."""
    if _CLAIM.search(text) is None:
        raise FileError("it is no spec: it has no key `archcost`", "put `archcost: 1` on its first line")


def decode(data: bytes, name: str) -> str:
    """Bytes as text; raises UnreadError at what is not UTF-8."""
    if len(data) > MAX_BYTES:
        message = f"cannot read {name}: the file is larger than {MAX_BYTES // 2**20} MiB"
        raise UnreadError([Diagnostic(message, Mark(Source(name, ""), 0, 0))])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = (error.object[: error.start].decode("utf-8", "replace") + "x").splitlines()
        mark = Mark(Source(name, ""), len(good) - 1, len(good[-1]) - 1)
        message = f"cannot read {name}: the file is not UTF-8 text: byte 0x{error.object[error.start]:02x}"
        raise UnreadError([Diagnostic(message, mark, "save it as UTF-8")]) from None
