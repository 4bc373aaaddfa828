"""From the words of a command line to reports: globs, revisions, settings, and the problems of each spec."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.errors import Diagnostic
    from archcost.files import Files
    from archcost.spec.model import Spec


class Result:
    """What came of one spec: a report, or problems and the layers before the first of them.

    ``unread``: not even its text is known.
    """

    __slots__ = ("diagnostics", "name", "report", "unread")

    def __init__(
        self, name: str, report: Report | None, diagnostics: tuple[Diagnostic, ...] = (), *, unread: bool = False
    ) -> None:
        self.name = name
        self.unread = unread
        self.report = report
        self.diagnostics = diagnostics


def analyze_all(
    names: Sequence[str],
    settings: Sequence[str] | None,
    *,
    batch: int,
    training: bool,
    dtype: str | None = None,
    weight_dtype: str | None = None,
) -> list[Result]:
    """A result for every spec that the names stand for."""
    from archcost.files import DISK
    from archcost.render.progress import progress

    params = parse_settings(settings or ())
    paths = expand(names)
    return [
        analyze_one(
            path,
            params,
            batch=batch,
            training=training,
            dtype=dtype,
            weight_dtype=weight_dtype,
            files=None if path in names else DISK,
        )
        for path in progress(paths, "analysing")
    ]


def analyze_one(
    path: str,
    params: dict[str, Any],
    *,
    batch: int = 1,
    training: bool = False,
    blocks_only: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    files: Files | None = None,
) -> Result:
    """The result of one spec; ``blocks_only`` accepts files that hold only blocks.

    ``files`` is the tree that its path is bounded by, unless a person named it.
    """
    from archcost.analysis.report import analyze as analyze_spec
    from archcost.analysis.report import collector_paused
    from archcost.errors import Diagnostic, SpecError, UnreadError, UsageError

    try:
        with collector_paused():
            spec = read_spec(path) if files is None else read_bounded(path, files)
        if blocks_only and spec.is_library:
            return Result(path, None)
        report = analyze_spec(
            spec, params=params, batch=batch, training=training, dtype=dtype, weight_dtype=weight_dtype
        )
        return Result(path, report)
    except SpecError as error:
        return Result(path, error.partial, error.diagnostics, unread=isinstance(error, UnreadError))
    except UsageError as error:  # a param or revision that this spec does not have: the others are still judged
        return Result(path, None, (Diagnostic(error.message, None, error.help),))


def validate_all(names: Sequence[str], settings: Sequence[str] | None, *, batch: int, training: bool) -> list[Result]:
    """The problems of every spec that the names stand for; files that hold only blocks are checked as such."""
    from archcost.files import DISK
    from archcost.render.progress import progress

    params = parse_settings(settings or ())
    paths = expand(names)
    return [
        Result(path, None, _problems(path, params, batch, None if path in names else DISK, training=training))
        for path in progress(paths, "checking")
    ]


def _problems(
    path: str, params: dict[str, Any], batch: int, files: Files | None, *, training: bool
) -> tuple[Diagnostic, ...]:
    from archcost.analysis.report import check, collector_paused
    from archcost.errors import Diagnostic, SpecError, UsageError

    try:
        with collector_paused():
            spec = read_spec(path) if files is None else read_bounded(path, files)
        if not spec.is_library:
            check(spec, params=params, batch=batch, training=training)
    except SpecError as error:
        return error.diagnostics
    except UsageError as error:  # as in analyze_one
        return (Diagnostic(error.message, None, error.help),)
    return ()


def read_spec(name: str) -> Spec:
    """A spec by path, zoo name, ``-``, or ``revision:path``; problems that leave something to analyse stay in it."""
    from archcost.spec.loader import read

    if ":" in name:
        from archcost.revisions import load_at, split_revision

        parts = split_revision(name)
        if parts is not None:
            return load_at(*parts)
    return read(name)


def read_bounded(path: str, files: Files) -> Spec:
    """A spec that a configuration names, below the root of its files; raises as for any other."""
    from archcost.errors import Diagnostic, Mark, Source, UnreadError
    from archcost.files import FileError
    from archcost.spec.loader import read_from

    try:
        return read_from(files, path)
    except FileError as error:
        mark = Mark(Source(path, ""), 0, 0)
        raise UnreadError([Diagnostic(f"cannot read {path}: {error.reason}", mark, error.help)]) from None


def expand(names: Sequence[str]) -> list[str]:
    """Globs to their files in order; everything else as it is. Raises UsageError for a glob without a match.

    A file that is called like a glob is one of its matches. Who reads what is not in ``names`` reads it as a name that
    nobody typed.
    """
    paths: list[str] = []
    for name in names:
        paths += [name] if not any(char in name for char in "*?[") else _matches(name)
    return list(dict.fromkeys(paths))


def _matches(name: str) -> list[str]:
    from archcost.budget.globs import named_files
    from archcost.errors import UsageError
    from archcost.files import FileError

    try:
        found = named_files(name)
    except FileError as error:
        raise UsageError(f"cannot look for '{name}': {error.reason}", error.help) from None
    if os.path.lexists(name) and name not in found:
        found.append(name)
    if not found:
        raise UsageError(f"no file matches '{name}'")
    return found


def parse_settings(settings: Sequence[str], option: str = "--set") -> dict[str, Any]:
    """``--set name=value`` with values as YAML reads them; raises UsageError."""
    from archcost.errors import Source, SpecError, UsageError
    from archcost.spec.document import parse_document

    params = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} takes name=value, got '{setting}'")
        try:
            value, problems = parse_document(Source(option, text))
        except SpecError as error:
            raise UsageError(f"{option} {setting}: {error.diagnostics[0].message}") from None
        if problems:
            raise UsageError(f"{option} {setting}: {problems[0].message}")
        params[name.strip()] = value.plain()
    return params


def parse_share(text: str, option: str) -> Any:
    """A relative difference: a percentage, or a fraction of 1; raises UsageError."""
    from archcost.errors import UsageError
    from archcost.units import UnitError, parse_count, parse_percent

    try:
        share = parse_percent(text) if text.rstrip().endswith("%") else parse_count(text)
    except UnitError:
        share = None
    if share is None or not 0 <= share <= 1:
        raise UsageError(f"{option} takes a share such as 0.01 or 1%, got '{text}'")
    return share
