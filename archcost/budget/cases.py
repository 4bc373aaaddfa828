"""One spec of a check: it is analysed, compared with its baseline, and judged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.chosen import analyze_chosen
from archcost.budget.judge import Case, judge
from archcost.budget.lock_keys import spec_key
from archcost.budget.past_figures import past_at, past_in_lock
from archcost.budget.verdict import SpecVerdict
from archcost.budget.verdict_words import Status
from archcost.settings import AS_IT_STANDS
from archcost.written_paths import stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.budget.baseline import Baseline
    from archcost.budget.chosen import ChosenSpecs
    from archcost.budget.config import Config
    from archcost.revisions import Revision
    from archcost.settings import Settings


class Request(NamedTuple):
    """What to check: ``specs``, or those of the configuration; ``strict`` fails growth limits without a baseline."""

    specs: Sequence[str] = ()
    settings: Settings = AS_IT_STANDS
    config: str | None = None
    baseline: str | None = None
    baseline_ref: str | None = None
    expect: bool = False
    latency: bool = False
    strict: bool = False
    allow_import: bool = False  # code of the repository may run, where the configuration allows it, too


class CheckContext(NamedTuple):
    """What all specs of a check are judged with."""

    request: Request
    config: Config
    chosen: ChosenSpecs
    baseline: Baseline | None
    revision: Revision | None = None


def judge_path(context: CheckContext, path: str) -> SpecVerdict | None:
    """Analyse and judge one spec; None for a file that holds only blocks, unless it is named as a spec."""
    request, config, chosen, baseline, revision = context
    settings = request.settings
    result = analyze_chosen(path, config, chosen, settings, allow_import=request.allow_import)
    report = result.report
    key = spec_key(path, config.folder)
    if result.diagnostics:
        name = report.name if report else stem(path)
        return SpecVerdict(path, name, key, diagnostics=result.diagnostics)
    if report is None:
        return None
    lock_key = spec_key(path, os.path.dirname(baseline.where) or ".") if baseline and baseline.is_lock else key
    before: Report | None = None
    if revision is None:
        past = past_in_lock(baseline, lock_key, path)
    else:
        past, before = past_at(revision, path, settings)
    case = Case(
        path=path,
        key=lock_key,
        report=report,
        limits=config.limits_of(key),
        settings=settings,
        baseline=baseline,
        entry=past.entry,
        cause=past.cause,
        detail=past.detail,
        before=past.before,
        expect=request.expect,
        strict=request.strict,
        devices=config.devices,
    )
    if request.latency:
        from archcost.budget.latency import measured

        case = case._replace(measured=measured(case, before))
    verdict = judge(case)
    if any(finding.status is Status.FAIL for finding in verdict.findings):
        from archcost.budget.suggested import with_remedies

        verdict = with_remedies(verdict, report)
    return verdict
