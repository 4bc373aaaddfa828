"""Files to specs: reading, includes, the zoo, and standard input."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from archcost import zoo
from archcost.errors import Diagnostic, Mark, Source, SpecError, close_names
from archcost.spec.document import MAX_BYTES, parse_document
from archcost.spec.linker import link
from archcost.spec.model import Spec
from archcost.spec.parser import Reader

if TYPE_CHECKING:
    from archcost.spec.document import Value


def load(spec: str | os.PathLike[str]) -> Spec:
    """Parse a spec file, a zoo model by its name, or standard input (``-``).

    Raises SpecError with every problem found, each with its file, line and column.
    """
    name = os.fspath(spec)
    if name == "-":
        return loads(_decode(sys.stdin.buffer.read(MAX_BYTES + 1), "<stdin>"), name="<stdin>", folder=".")
    path = name if os.path.lexists(name) else zoo.find(name) or name
    return loads(read_text(path), name=path, folder=os.path.dirname(path) or ".")


def loads(text: str, *, name: str = "<string>", folder: str = ".") -> Spec:
    """Parse the text of a spec; ``include`` is read relative to ``folder``."""
    source = Source(name, text)
    spec = Spec(source, name)
    root, problems = parse_document(source)
    spec.problems = problems
    reader = Reader(problems)
    includes = reader.spec(root, spec)
    if includes:
        _Includes(spec, reader, folder).read(includes, folder)
    link(spec, problems)
    if problems:
        raise SpecError(sorted(problems, key=_order(source)))
    if not spec.name:
        spec.name = os.path.splitext(os.path.basename(name))[0]
    return spec


def _order(first: Source):  # type: ignore[no-untyped-def]  # a sort key
    def key(problem: Diagnostic) -> tuple[bool, str, int, int]:
        mark = problem.mark
        if mark is None:
            return (False, "", 0, 0)
        return (mark.source is not first, mark.source.name, mark.line, mark.column)

    return key


class _Includes:
    """Reads included files: once each, and only below the folder of the spec."""

    def __init__(self, spec: Spec, reader: Reader, folder: str) -> None:
        self.spec = spec
        self.reader = reader
        self.top = os.path.realpath(folder)
        self.seen: set[str] = set()

    def read(self, includes: list[tuple[str, Mark]], folder: str) -> None:
        """Read the blocks of files named relative to ``folder``, and what they include in turn."""
        for relative, mark in includes:
            path = os.path.join(folder, relative)
            real = os.path.realpath(path)
            if os.path.isabs(relative) or os.path.commonpath([real, self.top]) != self.top:
                self.reader.report(f"'{relative}' is outside of the spec's folder", mark, "includes stay below it")
            elif real not in self.seen:
                self.seen.add(real)
                self._file(path, mark)

    def _file(self, path: str, mark: Mark) -> None:
        try:
            source = Source(path, read_text(path))
            root, problems = parse_document(source)
        except SpecError as error:
            first = error.diagnostics[0]
            if first.mark is not None and first.mark.source.text:
                self.reader.problems.extend(error.diagnostics)
            else:
                self.reader.report(f"cannot include {path}: {first.message}", mark, first.help)
            return
        self.reader.problems.extend(problems)
        self.spec.included.append(source)
        self.read(self._blocks(root), os.path.dirname(path))

    def _blocks(self, root: Value) -> list[tuple[str, Mark]]:
        return self.reader.library(root, self.spec.blocks)


def read_text(path: str) -> str:
    """The text of a file; raises SpecError at its first line for what cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise SpecError([_unreadable(path, "there is no such file", _missing_help(path))]) from None
        raise SpecError([_unreadable(path, error.strerror or str(error))]) from None
    except ValueError as error:
        raise SpecError([_unreadable(path, str(error))]) from None
    return _decode(data, path)


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise SpecError([_unreadable(name, f"the file is larger than {MAX_BYTES // 2**20} MiB")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8", "replace")
        line = good.count("\n")
        mark = Mark(Source(name, ""), line, len(good) - (good.rfind("\n") + 1))
        message = f"the file is not UTF-8 text: byte 0x{data[error.start]:02x}"
        raise SpecError([Diagnostic(message, mark, "save it as UTF-8")]) from None


def _unreadable(name: str, reason: str, help: str = "") -> Diagnostic:  # noqa: A002 - the word users see
    return Diagnostic(f"cannot read {name}: {reason}", Mark(Source(name, ""), 0, 0), help)


def _missing_help(name: str) -> str:
    close = close_names(name, zoo.names()) if os.sep not in name else []
    if close:
        return "did you mean the zoo model " + " or ".join(f"'{candidate}'" for candidate in close) + "?"
    return "give a path, or the name of a model that `archcost zoo` lists"
