"""A whole check: read the configuration and the baseline, judge every spec. Nothing is printed here."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.budget.baseline import Baseline
from archcost.budget.cases import CheckContext, judge_path
from archcost.budget.chosen import choose, only_blocks, read_baseline, refuse_empty
from archcost.budget.config import load_config
from archcost.budget.configured_dtypes import with_dtypes
from archcost.budget.missing_specs import gone_entries, gone_files, unused, with_guesses
from archcost.budget.verdict import Verdict
from archcost.errors import ConfigError, Diagnostic, UsageError
from archcost.files import Opened
from archcost.phrases import told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.budget.cases import Request
    from archcost.budget.chosen import ChosenSpecs
    from archcost.budget.verdict import Finding, SpecVerdict
    from archcost.named_specs import Track
    from archcost.spec.budget_limits import Limit

_POOL_FROM = 400  # specs; below, processes save less than they cost where the cores are busy


def check(request: Request, track: Track = list) -> Verdict:
    """Judge every spec; a broken one, or a broken configuration, is part of the verdict. Raises UsageError."""
    if request.expect and not request.settings.as_it_stands:
        raise UsageError(
            "expected figures apply to the spec without overrides", "leave out --set, --input and --batch, or --expect"
        )
    if request.baseline is not None and request.baseline_ref is not None:
        raise UsageError("--baseline and --baseline-ref are two baselines", "give one of them")
    refuse_empty(request.baseline_ref, "--baseline-ref", "name a branch, tag or commit")
    refuse_empty(request.baseline, "--baseline", "name a file")
    try:
        config = load_config(request.config)
        chosen = choose(request.specs, config)
    except ConfigError as error:
        return Verdict((), diagnostics=error.diagnostics)
    request = request._replace(settings=with_dtypes(request.settings, config.dtypes))
    if request.baseline_ref is not None:
        from archcost.revisions import Revision

        with Revision(request.baseline_ref) as revision:
            baseline = Baseline(request.baseline_ref, is_lock=False)
            return _verdict(CheckContext(request, config, chosen, baseline, revision), track)
    path = request.baseline or config.baseline_path
    problems: tuple[Diagnostic, ...] = ()
    lock = None
    try:
        lock = read_baseline(path, None if request.baseline else config.files)
    except ConfigError as error:
        problems = error.diagnostics
    if lock is None and request.baseline and not problems:
        raise UsageError(f"there is no baseline {path}", "record one with `archcost baseline update --baseline …`")
    return _verdict(CheckContext(request, config, chosen, lock), track, problems, path)


def _verdict(
    context: CheckContext, track: Track, problems: tuple[Diagnostic, ...] = (), lock_path: str = ""
) -> Verdict:
    chosen = context.chosen
    judged = list(_judge_all(context, track))
    specs = [spec for spec in judged if spec is not None]
    left_out = [path for path, spec in zip(chosen.paths, judged, strict=True) if spec is None]
    findings: list[Finding] = []
    if chosen.whole:
        find_gone = gone_entries if context.revision is None else gone_files
        gone = find_gone(context, specs, left_out)
        specs = with_guesses(specs, gone)
        findings = [one.finding for one in gone]
    specs = _told_apart(specs)
    findings += unused(context.config, specs, whole=chosen.whole, strict=context.request.strict)
    if not specs:
        problems = (*problems, only_blocks(context.config, chosen, "judged"))
    unjudged = [limit for spec in specs for limit in spec.unjudged]
    if unjudged and not problems:
        problems = (_no_baseline(unjudged, lock_path, chosen),)
    where = context.baseline.where if context.baseline else ""
    recorded = context.revision is None
    allowed = context.request.allow_import
    return Verdict(tuple(specs), tuple(findings), problems, where, recorded, tuple(left_out), chosen.whole, allowed)


def _told_apart(specs: Sequence[SpecVerdict]) -> list[SpecVerdict]:
    """The verdicts, those that share a name under their paths: a copy of a file still has the name in it.

    One that could not be judged says where, and needs no name.
    """
    judged = [spec for spec in specs if spec.totals]
    names = iter(told_apart([spec.name for spec in judged], [spec.path for spec in judged]))
    return [_called(spec, next(names)) if spec.totals else spec for spec in specs]


def _called(spec: SpecVerdict, name: str) -> SpecVerdict:
    if name == spec.name:
        return spec
    findings = tuple([replace(finding, name=name) for finding in spec.findings])
    return replace(spec, name=name, findings=findings)


def _no_baseline(limits: Sequence[Limit], path: str, chosen: ChosenSpecs) -> Diagnostic:
    count = len(limits)
    what = "a growth limit needs" if count == 1 else f"{count} growth limits need"
    named = "" if chosen.whole else "".join(f" {shlex.quote(name)}" for name in sorted(chosen.named))
    hint = f"record one with `archcost baseline update{named}`, or compare with a commit: `--baseline-ref origin/main`"
    return Diagnostic(f"{what} a baseline, and there is no {path}", limits[0].mark, hint)


def _judge_all(context: CheckContext, track: Track) -> Iterator[SpecVerdict | None]:
    paths = context.chosen.paths
    noted = Opened.seen is not None  # which is of this process alone
    if len(paths) >= _POOL_FROM and context.revision is None and not context.request.latency and not noted:
        from archcost.budget.parallel import cores, judge_in_processes

        if cores() > 1:
            yield from judge_in_processes(context)
            return
    for path in track(paths):
        yield judge_path(context, path)
