"""What a whole check finds beside its specs: those that are gone, and budgets and patterns that guard nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archcost.budget.config import Config, relative
from archcost.budget.judge import place
from archcost.budget.keys import is_file_below, is_gone, path_of, spec_key
from archcost.budget.verdict import Finding, Rule, SpecVerdict, Status
from archcost.errors import Mark, Source, SpecError
from archcost.files import FileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.commands.judging import Context
    from archcost.revisions import Revision


def gone_entries(context: Context, specs: Sequence[SpecVerdict], left_out: Sequence[str]) -> list[Finding]:
    """What the lock file has and the working tree has no more, or only as a file of blocks."""
    baseline = context.baseline
    if baseline is None:
        return []
    known = {spec.key for spec in specs}
    folder = os.path.dirname(baseline.where) or "."
    emptied = {spec_key(path, folder) for path in left_out}
    findings = []
    for key, entry in baseline.entries.items():
        if key not in known and (key in emptied or is_gone(key, folder, context.config.root)):
            path = relative(os.path.join(folder, path_of(key)))
            mark = Mark(Source(baseline.where, ""), baseline.lines.get(key, 0), 0)
            findings.append(Finding(Rule.BASELINE, Status.GONE, path, entry.name, mark=mark))
    return findings


def gone_files(context: Context, specs: Sequence[SpecVerdict], left_out: Sequence[str]) -> list[Finding]:
    """What the revision has below the configuration's globs and the working tree has no more, or only as blocks."""
    from archcost.budget.globs import selects

    revision, config = context.revision, context.config
    if revision is None:
        return []
    renamed = {spec.before for spec in specs}
    emptied = {os.path.realpath(path) for path in left_out}
    findings = []
    for name in revision.paths():
        file = os.path.join(revision.root, name)
        stays = is_file_below(file, revision.root) and os.path.realpath(file) not in emptied
        if stays or name in renamed or not selects(config.specs, path_of(spec_key(file, config.folder))):
            continue
        model = _model_at(revision, name)
        if model:
            path = relative(file)
            findings.append(Finding(Rule.BASELINE, Status.GONE, path, model, mark=place(config.path or path)))
    return findings


def _model_at(revision: Revision, location: str) -> str:
    """The name of the model in a file of a revision; empty for a file of blocks."""
    try:
        spec = revision.load_located(location)
    except (SpecError, FileError):
        return os.path.splitext(os.path.basename(location))[0]
    return "" if spec.is_library else spec.name


def unused(config: Config, specs: Sequence[SpecVerdict], *, whole: bool) -> list[Finding]:
    """Budgets of the configuration that are for no spec, and patterns that name nothing in any.

    Unless the specs are the ``whole`` of it, budgets may be for others.
    """
    from archcost.budget.globs import selects

    findings = []
    missing: dict[tuple[str, str], int] = {}
    for spec in specs:
        for limit in spec.unmatched:
            missing[str(limit.mark), limit.pattern] = missing.get((str(limit.mark), limit.pattern), 0) + 1
    keys = {path_of(spec_key(spec.path, config.folder)): bool(spec.diagnostics) for spec in specs}
    for budget in config.budgets:
        chosen = sum(selects(budget.specs, key) and not wrong for key, wrong in keys.items())
        broken = any(selects(budget.specs, key) and wrong for key, wrong in keys.items())
        if whole and not chosen and not broken:
            findings.append(Finding(Rule.UNUSED, Status.WARN, "", "", mark=budget.mark))
        findings += [
            Finding(Rule.UNUSED, Status.WARN, "", "", limit.metric, limit=limit, mark=limit.mark)
            for limit in budget.limits
            if chosen and not broken and missing.get((str(limit.mark), limit.pattern)) == chosen
        ]
    return findings
