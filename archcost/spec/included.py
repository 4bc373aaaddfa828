"""The files that a spec names: what it extends and includes, each read once.

They are below the folder of the spec, or in the zoo that comes with archcost: ``zoo:resnet50``, ``zoo:blocks/common``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from archcost import model_zoo
from archcost.errors import Diagnostic, Mark, Source, SpecError, UnreadError, close_names
from archcost.files import DISK, FileError, MissingFileError, decoded, is_below, refuse_gits_own
from archcost.meter import WorkError
from archcost.model_zoo import ZOO
from archcost.spec.document import MAX_BYTES, parse_document
from archcost.spec.vocabulary import SPACE_KEY

if TYPE_CHECKING:
    from archcost.files import Files
    from archcost.spec.document import Value
    from archcost.spec.model import Spec
    from archcost.spec.spec_reader import SpecReader

ENDINGS = (".yaml", ".yml")
_CLAIM = r"""(?m)(?:^|[{,])[ \t]*+["']?archcost["']?[ \t]*+:"""
_SPACE = _CLAIM.replace("archcost", SPACE_KEY)
_CONFIGURATION = r'"(?:model_type|architectures)"\s*+:'
_NAMES_OF_ROWS = ("backbone", "head", "nc")
_ROWS = tuple(rf"""(?m)(?:^|[{{,])[ \t]*+["']?{key}["']?[ \t]*+:""" for key in _NAMES_OF_ROWS)
_KEYS_OF_ROWS = tuple(rf"(?m)^{key}[ \t]*+:" for key in _NAMES_OF_ROWS)
_ENOUGH = 2
HUGGINGFACE, ULTRALYTICS = "huggingface", "ultralytics"
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


class Root:
    """A folder that bounds what is named in it and below: that of the spec, or the zoo."""

    def __init__(self, files: Files, folder: str) -> None:
        self.files = files
        self.folder = folder
        self._top: str | None = None

    @property
    def top(self) -> str:
        """Where it is, every link followed; looked up when it is first asked for. Raises FileError."""
        if self._top is None:
            self._top = self.files.resolve(self.folder)
        return self._top


class IncludePlace(NamedTuple):
    """A file that a spec names: what bounds it; its folder, as a location; where it is; how messages name it."""

    root: Root
    folder: str
    real: str
    name: str


class NamedFiles:
    """Reads what a spec names: once each, only below its folder or in the zoo, and no more than one file may hold."""

    def __init__(self, spec: Spec, reader: SpecReader, tree: IncludeTree) -> None:
        self.spec = spec
        self.reader = reader
        self.tree = tree
        self.root = Root(tree.files, tree.folder)
        self.zoo = Root(DISK, model_zoo.folder())
        self.seen: set[str] = set()  # locations that were read
        self.known: dict[tuple[str, str], IncludePlace | None] = {}  # by folder and what was written
        self.siblings: dict[str, list[str]] = {}
        self.length = len(spec.text_source.text)

    def bases(self, root: Value) -> tuple[list[Value], Value, IncludePlace]:
        """The trees of the specs that extend another, the nearest last, and that of the last one with its place."""
        variants: list[Value] = []
        around = IncludePlace(self.root, "", "", "")
        while (named := self.reader.extends(root)) is not None:
            variants.append(root)
            place = self._place(around, named.text, named.mark, "extend")
            if place is not None and place.real in self.seen:
                hint = "give the last one its own `layers`"
                self._report("specs may not extend themselves", named.mark, hint)
                raise self.spec.problems.error()
            base = self._tree(place, named.text, named.mark, "extend") if place is not None else None
            if place is None or base is None:
                raise self.spec.problems.error()
            self.spec.bases.append(base.source)
            root, around = base, place
        return variants, root, around

    def read(self, includes: list[tuple[str, Mark]], around: IncludePlace) -> None:
        """Read the blocks of files named relative to a place, and what they include in turn."""
        waiting = [(around, relative, mark) for relative, mark in includes]
        for base, relative, mark in waiting:  # grows as files are read
            self.spec.meter.spend(1, mark)
            if (base.folder, relative) in self.known:
                continue
            place = self._place(base, relative, mark, "include")
            if place is None or place.real in self.seen:
                continue
            root = self._tree(place, relative, mark, "include")
            if root is not None:
                waiting += [(place, *further) for further in self.reader.library(root)]

    def _place(self, base: IncludePlace, relative: str, mark: Mark, verb: str) -> IncludePlace | None:
        """Where a file is that a spec names at a place; None, and a problem, if it may not be read."""
        self.known[base.folder, relative] = None
        if not relative.isprintable():
            self._report(f"the path of an {verb} holds control characters", mark, "")
            return None
        try:
            if relative.startswith(ZOO):
                place = self._shipped(relative, mark, verb)
            else:
                place = self._resolved(base, relative, mark)
        except FileError as error:
            self._report(f"cannot {verb} '{relative}': {error.reason}", mark, error.help)
            return None
        if place is None:
            hint = f"only files below the folder can be {verb.rstrip('e')}ed, and what comes with archcost: `zoo:NAME`"
            self._report(f"'{relative}' is outside the spec's folder", mark, hint)
        self.known[base.folder, relative] = place
        return place

    def _resolved(self, base: IncludePlace, relative: str, mark: Mark) -> IncludePlace | None:
        """The place of a file, every link followed; None outside of what bounds the base. Raises FileError."""
        root, meter = base.root, self.spec.meter
        files, top = root.files, root.top
        if not self.seen:
            self.seen.add(self.tree.files.resolve(self.tree.path))
        if os.path.isabs(relative):
            return None
        refuse_gits_own(relative)
        parts = top.count("/") + base.folder.count("/") + relative.count("/") + 1
        meter.spend(2 * _PER_PART * parts, mark)
        inside, name = os.path.split(relative)
        around = base.folder or top
        folder = files.resolve(os.path.join(around, inside)) if inside else around
        real = files.resolve(os.path.join(folder, name))
        if not is_below(real, top):
            return None
        shown = folder[len(top) :].lstrip("/" + os.sep) if is_below(folder, top) else folder
        if root is self.zoo:
            return IncludePlace(root, folder, real, ZOO + os.path.splitext(os.path.join(shown, name))[0])
        return IncludePlace(
            root, folder, real, self.tree.prefix + os.path.normpath(os.path.join(self.tree.folder, shown, name))
        )

    def _shipped(self, named: str, mark: Mark, verb: str) -> IncludePlace | None:
        """The place of what comes with archcost; raises FileError for a name that there is not."""
        name = named.removeprefix(ZOO)
        found = _shipped_name(name, verb)
        if not found:
            files = model_zoo.libraries() if verb == "include" else []
            short = [file.removeprefix(f"{model_zoo.BLOCKS}/") for file in files]
            known = dict.fromkeys([*short, *files, *model_zoo.names()])
            close = [f"'{ZOO}{one}'" for one in close_names(name, known, self.spec.meter.hints)]
            listed = "`archcost zoo` lists the models"
            if verb == "include":
                listed += f"; of blocks there is '{ZOO}{model_zoo.BLOCKS}/common', and a file for most families"
            raise FileError("the zoo has none of this name", f"did you mean {' or '.join(close)}?" if close else listed)
        return self._resolved(IncludePlace(self.zoo, self.zoo.top, "", ""), f"{found}{ENDINGS[0]}", mark)

    def _tree(self, place: IncludePlace, relative: str, mark: Mark, verb: str) -> Value | None:
        """The tree of a file; None, and a problem, if it cannot be read."""
        self.seen.add(place.real)
        self.spec.meter.spend(_PER_FILE, mark)
        try:
            text = spec_text(place.root.files, place.real, place.name)
            source = Source(place.name, text, name=model_zoo.name_at(place.name))
            self.length += len(source.text)
            if self.length > MAX_BYTES:  # the end: to read on would be more of the same
                message = f"the spec and its includes are larger than {MAX_BYTES // 2**20} MiB"
                raise WorkError([Diagnostic(message, mark)])  # noqa: TRY301 - as the meter raises it
            root, problems = parse_document(source, self.spec.meter)
        except FileError as error:
            hint = self._missing_help(place, relative, verb) if isinstance(error, MissingFileError) else error.help
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

    def _missing_help(self, place: IncludePlace, relative: str, verb: str) -> str:
        shipped = _shipped_name(os.path.splitext(relative)[0], verb)
        if shipped:
            return f"did you mean '{ZOO}{shipped}'?"
        folder = os.path.dirname(place.real)
        if folder not in self.siblings:
            names = place.root.files.names(folder, _MAX_SIBLINGS)
            self.siblings[folder] = sorted(name for name in names if name.endswith(ENDINGS))
        close = close_names(os.path.basename(relative), self.siblings[folder])
        if close:
            return f"did you mean '{os.path.join(os.path.dirname(relative), close[0])}'?"
        return "paths are relative to this file"

    def _report(self, message: str, mark: Mark, hint: str) -> None:
        self.spec.incomplete = True
        self.reader.report(message, mark, hint)


def _shipped_name(name: str, verb: str) -> str:
    """What a name in the zoo stands for: blocks before models where they are included; empty where there is none."""
    if verb == "include":
        libraries = model_zoo.libraries()
        for known in (f"{model_zoo.BLOCKS}/{name}", name):
            if known in libraries:
                return known
    return name if name in model_zoo.names() else ""


def spec_text(files: Files, real: str, name: str) -> str:
    """The text of a spec at a location that no person named; raises FileError, and SpecError where it is not UTF-8.

    It must be a spec by its ending and by its text, or of another format by its text, so that messages show no line of
    any other file.
    """
    data = files.read(real, MAX_BYTES)
    text = decoded(data, "replace")
    if format_of(text):
        return decode(data, name)
    if not real.endswith(ENDINGS):
        raise FileError("it is no spec: its name ends in neither .yaml nor .yml")
    refuse_other_text(text)  # before a word of what it holds is told
    return decode(data, name)


def format_of(text: str) -> str:
    """The format of a text that stands for a spec; empty for a spec itself, whose key ``archcost`` tells.

    A configuration of Hugging Face is a JSON object that names its model type or its classes. A model YAML of
    Ultralytics has the keys ``nc``, ``backbone`` and ``head``; two of them, each on a line of its own, are one that
    lacks the third, or has it misspelt.
    """
    if re.search(_CLAIM, text) is not None:
        return ""
    if text.lstrip()[:1] == "{" and re.search(_CONFIGURATION, text) is not None:
        return HUGGINGFACE
    rows = sum(re.search(key, text) is not None for key in _KEYS_OF_ROWS)
    return ULTRALYTICS if rows >= _ENOUGH or all(re.search(key, text) is not None for key in _ROWS) else ""


def refuse_other_text(text: str) -> None:
    """Raise FileError for a text that has no key ``archcost``, at the start of a line or in a flow mapping."""
    if re.search(_CLAIM, text) is None:
        refuse_space(text)
        raise FileError("it is no spec: it has no key `archcost`", "put `archcost: 1` on its first line")


def refuse_space(text: str) -> None:
    """Raise FileError for a text that says of itself that it is a space of designs."""
    if SPACE_KEY in text and re.search(_SPACE, text) is not None and re.search(_CLAIM, text) is None:
        way_out = "`archcost sweep FILE` answers for all of its designs"
        raise FileError(f"it is a space of designs, by its key `{SPACE_KEY}`, and no spec", way_out)


def decode(data: bytes, name: str) -> str:
    """Bytes as text; raises UnreadError at what is not UTF-8."""
    if len(data) > MAX_BYTES:
        message = f"cannot read {name}: the file is larger than {MAX_BYTES // 2**20} MiB"
        raise UnreadError([Diagnostic(message, Mark(Source(name, ""), 0, 0))])
    try:
        return decoded(data)
    except UnicodeDecodeError as error:
        good = (error.object[: error.start].decode("utf-8", "replace") + "x").splitlines()
        mark = Mark(Source(name, ""), len(good) - 1, len(good[-1]) - 1)
        message = f"cannot read {name}: the file is not UTF-8 text: byte 0x{error.object[error.start]:02x}"
        raise UnreadError([Diagnostic(message, mark, "save it as UTF-8")]) from None
