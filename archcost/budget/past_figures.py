"""A spec's figures in the baseline: its entry in the lock file, or the spec at a revision, or why there are none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from archcost import model_zoo
from archcost.budget.baseline import entry_of
from archcost.budget.lock_keys import is_imported
from archcost.budget.verdict_words import Cause
from archcost.errors import SpecError, UsageError
from archcost.files import FileError
from archcost.named_specs import read_at

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.budget.baseline import Baseline, LockEntry
    from archcost.revisions import Revision
    from archcost.settings import Settings
    from archcost.spec.model import Spec


class Past(NamedTuple):
    """A spec's figures in the baseline, or why there are none; ``before`` is its path there, if that differs."""

    entry: LockEntry | None = None
    cause: Cause = Cause.NEW
    detail: str = ""
    before: str = ""


def past_in_lock(baseline: Baseline | None, key: str, path: str) -> Past:
    """The entry of a spec in a lock file."""
    if path == "-":
        return Past(cause=Cause.STDIN)
    return Past(baseline.entries.get(key)) if baseline is not None else Past()


def past_at(revision: Revision, path: str, settings: Settings) -> tuple[Past, Report | None]:
    """The spec at a revision, analysed under today's settings, or the cause why it cannot be compared."""
    if path == "-" or is_imported(path):
        return Past(cause=Cause.STDIN if path == "-" else Cause.IMPORTED), None
    shipped = None if os.path.lexists(path) else model_zoo.find(path)
    try:
        place = revision.locate(shipped or _without_revision(path))
    except FileError:
        return Past(cause=Cause.ZOO if shipped else Cause.OUTSIDE), None
    earlier = ""
    if not revision.files.holds(place):
        earlier = revision.renames.get(place, "")
        if not earlier:
            return Past(cause=Cause.NEW), None
    name = f"{revision.name}:{earlier or place}"
    try:
        spec = read_at(revision, earlier or place, settings)
    except FileError as error:
        return Past(cause=Cause.UNREADABLE, detail=f"cannot read {name}: {error.reason}", before=earlier), None
    except (SpecError, UsageError) as error:
        return _refused(error, name, earlier), None
    return analysed(spec, settings, name, earlier)


def analysed(spec: Spec, settings: Settings, name: str, earlier: str = "") -> tuple[Past, Report | None]:
    """A spec of a revision, by ``name``, analysed as the specs of the working tree are."""
    from archcost.analysis.report import analyze

    try:
        report = analyze(spec, settings)
    except (SpecError, UsageError) as error:
        return _refused(error, name, earlier), None
    return Past(entry_of(report, settings), before=earlier), report


def _refused(error: SpecError | UsageError, name: str, earlier: str) -> Past:
    if isinstance(error, UsageError):
        detail = f"{name} cannot be analysed alike: {error.message}"
        return Past(cause=Cause.SETTINGS, detail=detail, before=earlier)
    first = error.diagnostics[0]
    return Past(cause=Cause.BROKEN, detail=f"it is wrong at {first.mark or name}: {first.message}", before=earlier)


def _without_revision(path: str) -> str:
    """The path of ``main:net.yaml``, of which the same file is the past."""
    from archcost.revisions import split_revision

    parts = split_revision(path)
    return parts[1] if parts is not None else path
