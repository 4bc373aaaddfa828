"""Reports for the names of specs that people give: files, globs, zoo models, ``-``, ``revision:path``, and sources.

What is wrong with one of several specs is part of its result, so that the others are still looked at.
"""

# long: every name that a spec may go by, and each of the ways to one result
from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from archcost.settings import AS_IT_STANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.analysis.report import Report
    from archcost.errors import Diagnostic
    from archcost.files import Files
    from archcost.importers.imported import Imported
    from archcost.importers.sources import ImportSource
    from archcost.revisions import Revision
    from archcost.settings import Settings
    from archcost.spec.model import Spec

    Track = Callable[[Sequence[str]], Iterable[str]]  # what watches over the work on names, and may show how far it is

T = TypeVar("T")
_NO_TEXT = "\b"  # what a file of ONNX begins with, and no spec can
_SOURCE_OF_PYTHON = ".py"  # how a file ends that is told what a source is
MODEL = "@"  # before the name of a model of the configuration


class ConfiguredNames:
    """Who reads the models of a configuration, ``@NAME``, for the process: the command line sets it."""

    read: Callable[[str, Settings], Spec] | None = None


class SpecResult:
    """The result of one spec: a report, or problems and the layers before the first of them.

    ``unread``: not even its text is known. ``found`` are the warnings of a spec of which there is no report.
    ``is_space``: it is a space of designs.
    """

    __slots__ = ("_found", "diagnostics", "is_space", "name", "notes", "report", "unread")

    def __init__(
        self,
        name: str,
        report: Report | None,
        diagnostics: tuple[Diagnostic, ...] = (),
        *,
        unread: bool = False,
        found: tuple[Diagnostic, ...] = (),
    ) -> None:
        self.notes: tuple[Diagnostic, ...] = ()  # what is right in the spec, and may surprise
        self.is_space = False
        self.name = name
        self._found = found
        self.unread = unread
        self.report = report
        self.diagnostics = diagnostics

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What may be a mistake in a spec without problems."""
        if self.diagnostics:
            return ()
        return self._found if self.report is None else self.report.warnings

    @property
    def title(self) -> str:
        """The model's name, if it is known; else the spec's."""
        return self.name if self.report is None else self.report.name


def analyze_all(names: Sequence[str], settings: Settings = AS_IT_STANDS, track: Track = list) -> list[SpecResult]:
    """A result for every spec that the names stand for; raises UsageError for a glob without a match."""
    return [analyze_one(path, settings, files=_tree(path, names)) for path in track(expand(names))]


def validate_all(names: Sequence[str], settings: Settings = AS_IT_STANDS, track: Track = list) -> list[SpecResult]:
    """The problems of every spec that the names stand for; files that hold only blocks are checked as such."""
    return [validate_one(path, settings, files=_tree(path, names)) for path in track(expand(names))]


def _tree(path: str, names: Sequence[str]) -> Files | None:
    """What bounds a path that a glob found; nothing bounds one that a person named."""
    from archcost.files import DISK

    return None if path in names else DISK


def attempt_all(
    names: Sequence[str], work: Callable[[Spec], T], track: Track = list, *, settings: Settings = AS_IT_STANDS
) -> list[T | SpecResult]:
    """What work makes of every spec that the names stand for, or what is wrong with it; raises as ``analyze_all``."""
    return [attempt(path, work, files=_tree(path, names), settings=settings) for path in track(expand(names))]


def attempt(
    path: str, work: Callable[[Spec], T], *, files: Files | None = None, settings: Settings = AS_IT_STANDS
) -> T | SpecResult:
    """What work makes of one spec, or what is wrong with it. Raises CallError where no spec would do.

    ``files`` is the tree that its path is bounded by, unless a person named it; ``settings`` are those of an import.
    """

    def read() -> Spec:
        return read_spec(path, settings) if files is None else read_bounded(path, files, settings)

    return attempt_read(path, read, work)


def attempt_read(path: str, read: Callable[[], Spec], work: Callable[[Spec], T]) -> T | SpecResult:
    """As :func:`attempt`, of a spec that goes by the name ``path`` and is read by ``read``."""
    from archcost.collector import collector_paused
    from archcost.errors import CallError, Diagnostic, SpecError, UnreadError, UsageError

    try:
        with collector_paused():
            spec = read()
        return work(spec)
    except SpecError as error:
        return SpecResult(path, error.partial, error.diagnostics, unread=isinstance(error, UnreadError))
    except CallError:
        raise
    except UsageError as error:  # a param or revision that this spec does not have: the others are still judged
        return SpecResult(path, None, (Diagnostic(error.message, None, error.help),))


def analyze_one(
    path: str, settings: Settings = AS_IT_STANDS, *, blocks_only: bool = False, files: Files | None = None
) -> SpecResult:
    """The result of one spec; ``blocks_only`` accepts files that hold only blocks; ``files`` as in :func:`attempt`."""
    from archcost.analysis.report import analyze

    def work(spec: Spec) -> SpecResult:
        return SpecResult(path, None if blocks_only and spec.is_library else analyze(spec, settings))

    return attempt(path, work, files=files, settings=settings)


def validate_one(path: str, settings: Settings = AS_IT_STANDS, *, files: Files | None = None) -> SpecResult:
    """The problems of one spec, of which nothing is costed, or of a space of designs in a file.

    ``files`` as in :func:`attempt`.
    """
    from archcost.analysis.report import check
    from archcost.sweeping.space_file import is_space_file

    if is_space_file(path):
        return _validate_space(path, settings)

    def work(spec: Spec) -> SpecResult:
        result = SpecResult(path, None, found=check(spec, settings))
        result.notes = tuple(spec.notes)
        return result

    return attempt(path, work, files=files, settings=settings)


def _validate_space(path: str, settings: Settings) -> SpecResult:
    from archcost.sweeping.space_checks import check_space_file

    result = attempt_read(path, lambda: check_space_file(path, settings, load_spec), lambda _: SpecResult(path, None))
    result.is_space = True
    return result


def load_spec(name: str) -> Spec:
    """As :func:`read_spec`, but raises SpecError for problems that leave something to analyse."""
    spec = read_spec(name)
    if spec.problems:
        raise spec.problems.error()
    return spec


def read_spec(name: str, settings: Settings = AS_IT_STANDS) -> Spec:
    """A spec by any of its names; problems that leave something to analyse stay in it.

    That is a path to a spec or what stands for one, a model of the zoo (``resnet50``, ``zoo:resnet50``), ``-``,
    ``revision:path``, a source, imported under the settings (their inputs, in training if they ask for it), or on the
    command line ``@NAME``, one of the configuration.
    """
    if name.startswith(MODEL) and ConfiguredNames.read is not None and not os.path.lexists(name):
        return ConfiguredNames.read(name, settings)
    before, colon, rest = name.partition(":")
    if not (colon or name.endswith(_SOURCE_OF_PYTHON)):
        return _of_file(name, settings)
    from archcost.importers.sources import ZOO, parse_source

    if before == ZOO:
        from archcost.model_zoo import path_of
        from archcost.spec.loader import read

        return read(path_of(rest))
    source = parse_source(name)
    if source is not None and not (source.runs_users_code and os.path.lexists(name)):
        return imported_spec(source, settings)
    from archcost.revisions import load_at, split_revision

    if (parts := split_revision(name)) is None:
        return _of_file(name, settings)
    return load_at(*parts, lambda revision, path: read_at(revision, path, settings))


def read_beside(name: str, settings: Settings) -> Spec:
    """As :func:`read_spec`, of one of several specs: an import is not asked for the inputs that only others may have.

    ``graph.inputs.inputs_of_each`` then says which of them have which.
    """
    from archcost.errors import ArchcostError
    from archcost.importers.input_names import UnknownInputError

    try:
        return read_spec(name, settings)
    except UnknownInputError as error:
        others = {given: shape for given, shape in settings.inputs.items() if given != error.asked}
        if len(others) == len(settings.inputs):  # it stands in a configuration
            raise
        try:
            return read_beside(name, settings._replace(inputs=others))
        except ArchcostError:  # it does not say what it takes: the name may have been meant for that
            raise error from None


def _of_file(name: str, settings: Settings) -> Spec:
    """The spec in a file, or the one that it is imported into, which is asked once no text is found in it."""
    from archcost.errors import SpecError
    from archcost.spec.loader import read

    try:
        return read(name, translated)
    except SpecError:
        from archcost.importers.file_readers import holds_no_text

        if holds_no_text(name):
            return _imported_file(name, settings)
        raise


def read_at(revision: Revision, location: str, settings: Settings) -> Spec:
    """The spec of a file at a revision, by its path from the root: one, or what it is translated or imported into.

    Raises SpecError and FileError, and UsageError as imports do; problems that leave something to analyse are raised.
    """
    from archcost.importers.onnx.recognition import ENDING

    if location.endswith(ENDING):
        return _imported_file(location, settings, revision.files, f"{revision.name}:{location}")
    return revision.load_located(location, translated)


def _imported_file(path: str, settings: Settings, files: Files | None = None, name: str = "") -> Spec:
    from archcost.importers.sources import FILE, ImportSource

    return imported_spec(ImportSource(FILE, path), settings, files, name)


def translated(text: str, path: str) -> str:
    """The text of the spec that the text of a file stands for, which most are themselves.

    Raises SpecError for a text of another format that is not understood.
    """
    from archcost.errors import unread
    from archcost.files import FileError
    from archcost.spec.included import format_of, refuse_space

    if text.startswith(_NO_TEXT):
        raise unread(path, "it holds no text")
    found = format_of(text)
    if not found:
        try:
            refuse_space(text)
        except FileError as error:
            raise unread(path, error.reason, error.help) from None
        return text
    from archcost.importers.file_formats import FORMATS

    return FORMATS[found].spec_text(text, path)


def imported_spec(source: ImportSource, settings: Settings, files: Files | None = None, name: str = "") -> Spec:
    """The spec that a source is imported into; its places are of the text that ``archcost import`` writes.

    What the text expects was proven as it was made, and is left out: it is of the inputs that were asked for.
    ``settings`` are as in :func:`read_spec`; ``files`` is the tree that bounds a configuration that no person named,
    ``name`` what messages call the spec, if that is not the source.
    """
    from archcost.importers.importing import Ask, import_source
    from archcost.importers.sources import FILE

    training = settings.training and source.library != FILE
    made = import_source(Ask(source, settings.inputs, training=training, files=files))
    spec = spec_of(made, name or source.text)
    spec.imported_with = settings.inputs
    return spec


def spec_of(imported: Imported, name: str) -> Spec:
    """The spec of an import, with what its text does not say."""
    from archcost.spec.loader import reads

    spec = reads(imported.text, name=name, is_made=True)
    spec.expect.clear()
    spec.calls.update(imported.calls)
    spec.input_names.update(imported.inputs)
    return spec


def read_bounded(path: str, files: Files, settings: Settings = AS_IT_STANDS) -> Spec:
    """A spec that a configuration names, which must be below the root of its files; raises as for other specs.

    ``settings`` are those of an import.
    """
    from archcost.errors import unread
    from archcost.files import FileError
    from archcost.importers.onnx.recognition import ENDING
    from archcost.spec.loader import read_from

    try:
        if path.endswith(ENDING):
            return _imported_file(path, settings, files)
        return read_from(files, path, translate=translated)
    except FileError as error:
        raise unread(path, error.reason, error.help) from None


def expand(names: Sequence[str]) -> list[str]:
    """Globs to their files in order; everything else as it is. Raises UsageError for a glob without a match.

    A file that is called like a glob is one of its matches. What is not in ``names`` is a name that nobody typed.
    """
    paths: list[str] = []
    for name in names:
        if any(char in name for char in "*?["):
            from archcost.globs import required_files

            paths += required_files(name)
        else:
            paths.append(name)
    return list(dict.fromkeys(paths))
