"""Updating a baseline: which specs are new, changed or gone, and which increases need to be allowed."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.baseline import Baseline, Pace, entry_of
from archcost.budget.chosen import analyze_chosen, choose, only_blocks, read_baseline, refuse_empty
from archcost.budget.config import load_config
from archcost.budget.configured_dtypes import with_dtypes
from archcost.budget.lock_keys import is_gone, spec_key
from archcost.budget.lockfile import write_lock
from archcost.budget.ratchet import Done, increases, slower
from archcost.errors import ConfigError, UsageError
from archcost.files import FileError
from archcost.settings import AS_IT_STANDS
from archcost.writing import alone, check_place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.budget.config import Config
    from archcost.errors import Diagnostic
    from archcost.named_specs import Track
    from archcost.settings import Settings
    from archcost.spec.budget_limits import Limit


class Order(NamedTuple):
    """What to record. Without ``specs``, those of the configuration."""

    specs: Sequence[str] = ()
    settings: Settings = AS_IT_STANDS
    config: str | None = None
    baseline: str | None = None
    allow_increase: bool = False
    latency: bool = False
    allow_import: bool = False


def update_baseline(order: Order, track: Track = list) -> Done:
    """Analyse the specs and write the lock file, unless a spec is wrong or a figure grew and that is not allowed."""
    refuse_empty(order.baseline, "--baseline", "name a file")
    try:
        config = load_config(order.config)
        order = order._replace(settings=with_dtypes(order.settings, config.dtypes))
        path = order.baseline or config.baseline_path
        files = None if order.baseline else config.files
        chosen = choose(order.specs, config)
        paths = chosen.paths
        if "-" in paths:
            raise UsageError("standard input has no name to be recorded under", "give a file")
        read_baseline(path, files)  # a broken one is told before the work begins
    except ConfigError as error:
        return Done(order.baseline or "", diagnostics=error.diagnostics)
    reports: dict[str, Report] = {}
    problems: list[Diagnostic] = []
    folder = os.path.dirname(path) or "."
    limits: dict[str, list[Limit]] = {}
    for name in track(paths):
        result = analyze_chosen(name, config, chosen, order.settings, allow_import=order.allow_import)
        problems += result.diagnostics
        if result.report is not None:
            key = spec_key(name, folder)
            reports[key] = result.report
            limits[key] = [*result.report.spec.budgets, *config.limits_of(spec_key(name, config.folder))]
    if not reports and not problems:
        problems.append(only_blocks(config, chosen, "recorded"))
    if problems:
        return Done(path, diagnostics=tuple(problems))
    found = _Found(reports, limits, _paces(order, reports, path), chosen.whole, config)
    try:
        with alone(path):  # what another update wrote meanwhile is kept
            done, after = _record(order, read_baseline(path, files) or Baseline(path), path, found)
            done = done._replace(warnings=tuple([one for report in reports.values() for one in report.warnings]))
            if done.refused:
                return done
            return done._replace(written=write_lock(after, path, files.root if files else None))
    except ConfigError as error:
        return Done(path, diagnostics=error.diagnostics)
    except FileError as error:
        raise UsageError(f"cannot write {path}: {error.reason}", error.help) from None


class _Found(NamedTuple):
    """What is recorded, by key; ``whole``: it is all that the configuration names."""

    reports: dict[str, Report]
    limits: dict[str, list[Limit]]
    paces: list[tuple[str, str, Pace]]
    whole: bool
    config: Config


def _record(order: Order, before: Baseline, path: str, recorded: _Found) -> tuple[Done, Baseline]:
    """What becomes of a baseline, and what came of it."""
    reports, limits, paces, whole, config = recorded
    entries = {key: entry_of(report, order.settings) for key, report in reports.items()}
    found = [
        increase
        for key, entry in entries.items()
        if key in before.entries
        for increase in increases(before.entries[key], entry, reports[key], limits[key])
    ]
    found += slower(before, paces, limits, {key: report.name for key, report in reports.items()})
    folder = os.path.dirname(path) or "."
    kept = {
        key: entry
        for key, entry in before.entries.items()
        if key not in entries and not (whole and is_gone(key, folder, config.root, config.models))
    }
    latencies = {device: dict(known) for device, known in before.latencies.items()}
    for device, key, pace in paces:
        latencies.setdefault(device, {})[key] = pace
    known = {**kept, **entries}
    latencies = {d: {key: pace for key, pace in paces.items() if key in known} for d, paces in latencies.items()}
    done = Done(
        path,
        new=tuple(key for key in entries if key not in before.entries),
        changed=tuple(key for key, entry in entries.items() if before.entries.get(key, entry) != entry),
        same=tuple(key for key, entry in entries.items() if before.entries.get(key) == entry),
        gone=tuple(key for key in before.entries if key not in known),
        increases=tuple(found),
        refused=bool(found) and not order.allow_increase,
    )
    return done, replace(before, where=path, entries=known, latencies=latencies)


def _paces(order: Order, reports: dict[str, Report], path: str) -> list[tuple[str, str, Pace]]:
    """Device, key and latency of every spec, where asked; raises UsageError if they could not be written."""
    if not order.latency:
        return []
    check_place(path)
    from archcost.budget.latency import device_key, measure, pace_of

    measured = []
    for key, report in reports.items():
        latency = measure(report)[0]
        measured.append((device_key(latency), key, pace_of(latency)))
    return measured
