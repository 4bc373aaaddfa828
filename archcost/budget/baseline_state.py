"""Findings for limits that are exceeded or have no baseline, and for baselines that are out of date."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.budget.lock_keys import is_imported
from archcost.budget.verdict_words import Cause, Status
from archcost.errors import Mark, Source
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.budget.baseline import Baseline, LockEntry
    from archcost.budget.verdict import Finding
    from archcost.spec.budget_limits import Limit


def exceeded(limit: Limit) -> Status:
    """The finding for a limit that is exceeded."""
    return Status.WARN if limit.level == "warn" else Status.FAIL


def lacking(limits: Iterable[Limit], *, strict: bool) -> Status:
    """The finding for a limit that guards nothing or cannot be judged: a warning, or a failure if strict."""
    return Status.FAIL if strict and any(limit.level != "warn" for limit in limits) else Status.WARN


def staleness(where: Finding, entry: LockEntry, now: LockEntry, baseline: Baseline, key: str) -> Finding | None:
    """That a lock file has other figures, or those of another text; None if it is of the spec as it stands.

    The text of a model that is imported is nobody's: another version of archcost may write it in other words.
    """
    same = entry.same_figures(now)
    if same and is_imported(key):
        return None
    if entry.sha256 != now.sha256:
        cause = Cause.TEXT if same else Cause.CHANGED
    elif not same:
        cause = Cause.RECOUNTED
    else:
        return None
    mark = Mark(Source(baseline.where, ""), baseline.lines.get(key, 0), 0)
    detail = baseline.version if baseline.version != __version__ else ""
    return replace(where, status=Status.STALE, mark=mark, cause=cause, detail=detail)
