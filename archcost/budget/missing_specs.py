"""Findings that belong to no spec: specs that no longer exist, and budgets and patterns that match nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.baseline_state import lacking
from archcost.budget.config_text import relative
from archcost.budget.judge import place
from archcost.budget.lock_keys import is_file_below, is_gone, is_imported, path_of, spec_key
from archcost.budget.past_figures import analysed
from archcost.budget.verdict import Finding
from archcost.budget.verdict_words import Cause, Rule, Status
from archcost.errors import Mark, Source, SpecError, UsageError
from archcost.files import FileError
from archcost.importers.sources import FILE_ENDINGS, title_of
from archcost.named_specs import read_at
from archcost.settings import AS_IT_STANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.budget.cases import CheckContext
    from archcost.budget.config import Config
    from archcost.budget.verdict import SpecVerdict
    from archcost.revisions import Revision
    from archcost.settings import Settings


_ALIKE = ("params", "macs", "flops", "activation_bytes", "peak_activation_bytes")  # of one model under two names


class Gone(NamedTuple):
    """A spec that no longer exists, and its totals if they are known."""

    finding: Finding
    totals: dict[str, int]


def gone_entries(context: CheckContext, specs: Sequence[SpecVerdict], left_out: Sequence[str]) -> list[Gone]:
    """What the lock file has and the working tree has no more, or only as a file of blocks."""
    baseline = context.baseline
    if baseline is None:
        return []
    known = {spec.key for spec in specs}
    folder = os.path.dirname(baseline.where) or "."
    emptied = {spec_key(path, folder) for path in left_out}
    findings = []
    for key, entry in baseline.entries.items():
        if key not in known and (key in emptied or is_gone(key, folder, context.config.root, context.config.models)):
            path = key if is_imported(key) else relative(os.path.join(folder, path_of(key)))
            mark = Mark(Source(baseline.where, ""), baseline.lines.get(key, 0), 0)
            findings.append(Gone(Finding(Rule.BASELINE, Status.GONE, path, entry.name, mark=mark), entry.totals))
    return findings


def gone_files(context: CheckContext, specs: Sequence[SpecVerdict], left_out: Sequence[str]) -> list[Gone]:
    """What the revision has below the configuration's globs and the working tree has no more, or only as blocks."""
    from archcost.globs import selects

    revision, config = context.revision, context.config
    if revision is None:
        return []
    renamed = {spec.before for spec in specs}
    guessing = any(_has_news(spec) for spec in specs)
    emptied = {os.path.realpath(path) for path in left_out}
    findings = []
    for name in revision.paths(FILE_ENDINGS):
        file = os.path.join(revision.root, name)
        stays = is_file_below(file, revision.root) and os.path.realpath(file) not in emptied
        if stays or name in renamed or not selects(config.specs, path_of(spec_key(file, config.folder))):
            continue
        model, totals = _model_at(revision, name, context.request.settings if guessing else None)
        if model:
            path = relative(file)
            finding = Finding(Rule.BASELINE, Status.GONE, path, model, mark=place(config.path or path))
            findings.append(Gone(finding, totals))
    return findings


def _model_at(revision: Revision, location: str, settings: Settings | None) -> tuple[str, dict[str, int]]:
    """The name of the model in a file of a revision, empty for a file of blocks, and its totals where asked for."""
    try:
        spec = read_at(revision, location, settings or AS_IT_STANDS)
    except (SpecError, FileError, UsageError):
        return title_of(location, location), {}
    entry = None if settings is None or spec.is_library else analysed(spec, settings, location)[0].entry
    return "" if spec.is_library else spec.name, entry.totals if entry else {}


def with_guesses(specs: Sequence[SpecVerdict], gone: Sequence[Gone]) -> list[SpecVerdict]:
    """Specs, the new ones with the path of what they may have been: a gone spec of the same name, or figures."""
    names = {one.finding.name: one.finding.spec for one in reversed(gone)}
    figures = {tuple([one.totals[metric] for metric in _ALIKE]): one.finding.spec for one in gone[::-1] if one.totals}
    found = []
    for spec in specs:
        if gone and _has_news(spec):
            now = tuple([spec.totals[metric].figure for metric in _ALIKE])
            perhaps = names.get(spec.name) or figures.get(now, "")
            told = [replace(one, perhaps=perhaps) if _is_new(one) else one for one in spec.findings]
            found.append(replace(spec, findings=tuple(told)))
        else:
            found.append(spec)
    return found


def _has_news(spec: SpecVerdict) -> bool:
    return any(_is_new(finding) for finding in spec.findings)


def _is_new(finding: Finding) -> bool:
    return finding.rule is Rule.BASELINE and finding.cause is Cause.NEW


def unused(config: Config, specs: Sequence[SpecVerdict], *, whole: bool, strict: bool) -> list[Finding]:
    """Budgets of the configuration that are for no spec, and patterns that name nothing in any; ``strict`` fails them.

    They guard nothing, and are wrong in all likelihood; a spec's own pattern is an error, because no other spec has it.
    Unless the specs are the ``whole`` of it, budgets may be for others.
    """
    from archcost.globs import selects

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
            status = lacking(budget.limits, strict=strict)
            findings.append(Finding(Rule.UNUSED, status, "", "", mark=budget.mark))
        findings += [
            Finding(Rule.UNUSED, lacking([limit], strict=strict), "", "", limit.metric, limit=limit, mark=limit.mark)
            for limit in budget.limits
            if chosen and not broken and missing.get((str(limit.mark), limit.pattern)) == chosen
        ]
    return findings
