"""Files to specs: reading, what a spec extends and includes, the zoo, and standard input."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from archcost import zoo
from archcost.errors import Diagnostic, Mark, Source, SpecError, close_names
from archcost.meter import WorkError
from archcost.spec.document import MAX_BYTES, parse_document
from archcost.spec.linker import link
from archcost.spec.model import Spec
from archcost.spec.parser import SpecReader

if TYPE_CHECKING:
    from archcost.spec.document import Value


def load(spec: str | os.PathLike[str]) -> Spec:
    """Parse a spec file, a zoo model by its name, or standard input (``-``).

    Raises SpecError with every problem found, each with its file, line and column.
    """
    return _checked(read(spec))


def loads(text: str, *, name: str = "<string>", folder: str = ".") -> Spec:
    """Parse the text of a spec; ``include`` is read relative to ``folder``. Raises as :func:`load`."""
    return _checked(reads(text, name=name, folder=folder))


def read(spec: str | os.PathLike[str]) -> Spec:
    """As :func:`load`, but problems that leave something to analyse stay in the spec, for the graph to add its own."""
    name = os.fspath(spec)
    if name == "-":
        return reads(_decode(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>"), name="<stdin>", folder=".")
    path = name if os.path.lexists(name) else zoo.find(name) or name
    return reads(read_text(path), name=path, folder=os.path.dirname(path) or ".")


def reads(text: str, *, name: str = "<string>", folder: str = ".") -> Spec:
    """As :func:`loads`, with problems kept as in :func:`read`."""
    spec = Spec(Source(name, text), name)
    try:
        _fill(spec, folder)
    except WorkError as error:
        spec.problems.extend(error.diagnostics)
        raise spec.problems.error() from None
    if not spec.name:
        spec.name = os.path.splitext(os.path.basename(name))[0]
    return spec


def _fill(spec: Spec, folder: str) -> None:
    """Read the text of a spec, what it extends and includes, and check it."""
    root, problems = parse_document(spec.text_source, spec.meter)
    spec.problems.extend(problems)
    reader = SpecReader(spec)
    files = _Files(spec, reader, folder)
    variants, root, folder = files.bases(root, folder)
    includes = reader.main(root, base=bool(variants))
    for number in reversed(range(len(variants))):
        reader.variant(variants[number], base=number > 0)
    files.read(includes, folder)
    link(spec)


def _checked(spec: Spec) -> Spec:
    if spec.problems:
        raise spec.problems.error()
    return spec


class _Files:
    """Reads what a spec names: once each, only below the folder of the spec, and no more than one file may hold."""

    def __init__(self, spec: Spec, reader: SpecReader, folder: str) -> None:
        self.spec = spec
        self.reader = reader
        self.top = os.path.realpath(folder)
        self.seen = {os.path.realpath(spec.path)}
        self.length = len(spec.text_source.text)

    def bases(self, root: Value, folder: str) -> tuple[list[Value], Value, str]:
        """The trees of the specs that extend another, the nearest last, and that of the last one with its folder."""
        variants: list[Value] = []
        while (named := self.reader.extends(root)) is not None:
            variants.append(root)
            path, is_new = self._found(folder, named.text, named.mark, "extend")
            if path and not is_new:
                hint = "let the last one have `layers` of its own"
                self._report("specs may not extend themselves", named.mark, hint)
            base = self._tree(path, named.mark) if path and is_new else None
            if base is None:
                raise self.spec.problems.error()
            self.spec.bases.append(base.source)
            root, folder = base, os.path.dirname(path) or "."
        return variants, root, folder

    def read(self, includes: list[tuple[str, Mark]], folder: str) -> None:
        """Read the blocks of files named relative to ``folder``, and what they include in turn."""
        waiting = [(folder, relative, mark) for relative, mark in includes]
        for base, relative, mark in waiting:  # grows as files are read
            path, is_new = self._found(base, relative, mark, "include")
            if path and is_new:
                waiting += [(os.path.dirname(path), *further) for further in self._file(path, mark)]

    def _found(self, base: str, relative: str, mark: Mark, verb: str) -> tuple[str, bool]:
        """The path of a file that a spec names, empty (and a problem) if it may not be read; and whether it is new."""
        problem, hint = self._refusal(base, relative, verb)
        if problem:
            self._report(problem, mark, hint)
            return "", False
        path = os.path.join(base, relative)
        real = os.path.realpath(path)
        is_new = real not in self.seen
        self.seen.add(real)
        return os.path.normpath(path), is_new

    def _refusal(self, base: str, relative: str, verb: str) -> tuple[str, str]:
        """Why a file may not be read, and what would help; empty if it may."""
        if not relative.isprintable():
            return f"the path of an {verb} holds control characters", ""
        path = os.path.join(base, relative)
        real = os.path.realpath(path)
        if os.path.isabs(relative) or os.path.commonpath([real, self.top]) != self.top:
            return (
                f"'{relative}' is outside of the spec's folder",
                f"only files below the folder can be {verb.rstrip('e')}ed",
            )
        if not os.path.lexists(path):
            names = [name for name in _siblings(path) if name.endswith((".yaml", ".yml"))]
            close = close_names(os.path.basename(path), names)
            hint = f"did you mean '{os.path.join(os.path.dirname(relative), close[0])}'?" if close else ""
            return f"cannot {verb} '{relative}': there is no such file", hint or "paths are relative to this file"
        if not os.path.isfile(real):
            return f"cannot {verb} '{relative}': it is not a file", "name each file of a folder"
        return "", ""

    def _file(self, path: str, mark: Mark) -> list[tuple[str, Mark]]:
        """Read the blocks of a file; returns what it includes in turn."""
        root = self._tree(path, mark)
        return [] if root is None else self.reader.library(root)

    def _tree(self, path: str, mark: Mark) -> Value | None:
        """The tree of a file; None, and a problem, if it cannot be read."""
        try:
            source = Source(path, read_text(path))
            self.length += len(source.text)
            if self.length > MAX_BYTES:
                self._report(f"the spec and its includes are larger than {MAX_BYTES // 2**20} MiB", mark, "")
                return None
            root, problems = parse_document(source, self.spec.meter)
        except WorkError:
            raise
        except SpecError as error:
            self.spec.incomplete = True
            self.spec.problems.extend(error.diagnostics)
            return None
        self.spec.problems.extend(problems)
        self.spec.included.append(source)
        return root

    def _report(self, message: str, mark: Mark, hint: str) -> None:
        self.spec.incomplete = True
        self.reader.report(message, mark, hint)


def _siblings(path: str) -> list[str]:
    try:
        return os.listdir(os.path.dirname(path) or ".")
    except OSError:
        return []


def read_text(path: str) -> str:
    """The text of a file; raises SpecError at its first line for what cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise SpecError([_unreadable(path, "there is no such file", _missing_help(path))]) from None
        hint = "name its files: `folder/*.yaml`" if isinstance(error, IsADirectoryError) else ""
        raise SpecError([_unreadable(path, (error.strerror or str(error)).lower(), hint)]) from None
    except ValueError as error:
        raise SpecError([_unreadable(path, str(error))]) from None
    return _decode(data, path)


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise SpecError([_unreadable(name, f"the file is larger than {MAX_BYTES // 2**20} MiB")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = (error.object[: error.start].decode("utf-8", "replace") + "x").splitlines()
        mark = Mark(Source(name, ""), len(good) - 1, len(good[-1]) - 1)
        message = f"the file is not UTF-8 text: byte 0x{error.object[error.start]:02x}"
        raise SpecError([Diagnostic(message, mark, "save it as UTF-8")]) from None


def _unreadable(name: str, reason: str, help: str = "") -> Diagnostic:  # noqa: A002 - the word users see
    return Diagnostic(f"cannot read {name}: {reason}", Mark(Source(name, ""), 0, 0), help)


def _missing_help(name: str) -> str:
    close = close_names(name, zoo.names()) if os.sep not in name else []
    if close:
        return "did you mean the zoo model " + " or ".join(f"'{candidate}'" for candidate in close) + "?"
    return "give a path, or the name of a model that `archcost zoo` lists"
