"""A check from beginning to end: configuration, baseline, every spec judged; nothing is printed here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.budget.baseline import Baseline, spec_key
from archcost.budget.config import Config, load_config
from archcost.budget.judge import Case, judge
from archcost.budget.verdict import Finding, SpecVerdict, Verdict
from archcost.commands.gone import gone_entries, gone_files, unused
from archcost.commands.inputs import analyze_one, expand
from archcost.commands.past import past_at, past_in_lock
from archcost.errors import ConfigError, Diagnostic, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.files import Files
    from archcost.revisions import Revision
    from archcost.spec.limits import Limit

    Track = Callable[[Sequence[str]], Iterable[str]]

_POOL_FROM = 400  # specs; below, processes save less than they cost where the cores are busy


class Request(NamedTuple):
    """What is asked for: no ``specs`` are those of the configuration; ``strict`` fails growth without a baseline."""

    specs: Sequence[str] = ()
    settings: dict[str, Any] = {}  # noqa: RUF012 - never changed
    batch: int = 1
    config: str | None = None
    baseline: str | None = None
    baseline_ref: str | None = None
    expect: bool = False
    latency: bool = False
    weight_dtype: str | None = None
    strict: bool = False


class Context(NamedTuple):
    """What all specs of a check are judged with."""

    request: Request
    config: Config
    baseline: Baseline | None
    revision: Revision | None = None
    files: Files | None = None  # that the specs are of, where the configuration names them


class Chosen(NamedTuple):
    """The files to judge; ``whole``: they are all that the configuration names, which bounds them by its ``files``.

    What globs found may be a library.
    """

    paths: list[str]
    whole: bool
    named: frozenset[str] = frozenset()
    files: Files | None = None


def check(request: Request, track: Track = list) -> Verdict:
    """Judge every spec; a broken one, or a broken configuration, is part of the verdict. Raises UsageError."""
    if request.expect and (request.settings or request.batch != 1):
        raise UsageError("expected figures are of the spec as it stands", "leave out --set and --batch, or --expect")
    if request.baseline is not None and request.baseline_ref is not None:
        raise UsageError("--baseline and --baseline-ref are two baselines", "give one of them")
    refuse_empty(request.baseline_ref, "--baseline-ref", "name a branch, tag or commit")
    refuse_empty(request.baseline, "--baseline", "name a file")
    try:
        config = load_config(request.config)
        chosen = choose(request.specs, config)
    except ConfigError as error:
        return Verdict((), diagnostics=error.diagnostics)
    if request.baseline_ref is not None:
        from archcost.revisions import Revision

        with Revision(request.baseline_ref) as revision:
            baseline = Baseline(request.baseline_ref, is_lock=False)
            return _verdict(Context(request, config, baseline, revision, chosen.files), chosen, track)
    path = request.baseline or config.baseline_path
    problems: tuple[Diagnostic, ...] = ()
    lock = None
    try:
        lock = read_baseline(path, None if request.baseline else config.files)
    except ConfigError as error:
        problems = error.diagnostics
    if lock is None and request.baseline and not problems:
        raise UsageError(f"there is no baseline {path}", "record one with `archcost baseline update --baseline …`")
    return _verdict(Context(request, config, lock, files=chosen.files), chosen, track, problems, path)


def refuse_empty(value: str | None, option: str, hint: str) -> None:
    """Raise UsageError for an option that is given and names nothing, which would fall back to the default unseen."""
    if value == "":
        hint += "; without the option, growth is measured from the configured lock file"
        raise UsageError(f"{option} is empty, as an unset variable leaves it", hint)


def choose(names: Sequence[str], config: Config) -> Chosen:
    """The files by name, or those of the configuration.

    Raises UsageError where there is nothing to judge, ConfigError for globs that match nothing.
    """
    if names:
        return Chosen(expand(names), whole=False, named=frozenset(names))
    if not config.specs:
        hint = 'name specs, or list them: `[tool.archcost]` with `specs = ["specs/*.yaml"]` in pyproject.toml'
        where = f"{config.path} lists none" if config.path else "there is no configuration"
        raise UsageError(f"no specs are given, and {where}", hint)
    return Chosen(config.spec_paths(), whole=True, files=config.files)


def read_baseline(path: str, files: Files | None) -> Baseline | None:
    """The baseline in a lock file, None if there is no such file; raises ConfigError for a wrong one.

    ``files`` is the tree that the path is bounded by, unless a person named it.
    """
    if not os.path.lexists(path):
        return None
    from archcost.budget.lockfile import read_lock

    return read_lock(path, files)


def _verdict(
    context: Context,
    chosen: Chosen,
    track: Track,
    problems: tuple[Diagnostic, ...] = (),
    lock_path: str = "",
) -> Verdict:
    judged = list(_judge_all(context, chosen, track))
    specs = [spec for spec in judged if spec is not None]
    left_out = [path for path, spec in zip(chosen.paths, judged, strict=True) if spec is None]
    findings: list[Finding] = []
    if chosen.whole:
        gone = gone_entries if context.revision is None else gone_files
        findings = [*gone(context, specs, left_out), *unused(context.config, specs)]
    if not specs:
        problems = (*problems, only_blocks(context.config, chosen, "judged"))
    unjudged = [limit for spec in specs for limit in spec.unjudged]
    if unjudged and not problems:
        problems = (_no_baseline(unjudged, lock_path),)
    where = context.baseline.where if context.baseline else ""
    return Verdict(tuple(specs), tuple(findings), problems, where, context.revision is None, tuple(left_out))


def only_blocks(config: Config, chosen: Chosen, done: str) -> Diagnostic:
    """That globs found only files of blocks, and so nothing was ``done``."""
    count = len(chosen.paths)
    files = f"'{chosen.paths[0]}' holds" if count == 1 else f"all {count:,} files that the globs match hold"
    hint = "let the globs match specs, which have `layers`"
    return Diagnostic(f"nothing was {done}: {files} only blocks", config.specs_mark if chosen.whole else None, hint)


def _no_baseline(limits: Sequence[Limit], path: str) -> Diagnostic:
    count = len(limits)
    what = "a growth limit needs" if count == 1 else f"{count} growth limits need"
    hint = "record one with `archcost baseline update`, or compare with a commit: `--baseline-ref origin/main`"
    return Diagnostic(f"{what} a baseline, and there is no {path}", limits[0].mark, hint)


def _judge_all(context: Context, chosen: Chosen, track: Track) -> Iterator[SpecVerdict | None]:
    paths = chosen.paths
    if len(paths) >= _POOL_FROM and context.revision is None and not context.request.latency:
        from archcost.commands.pool import cores, judge_in_processes

        if cores() > 1:
            yield from judge_in_processes(context, chosen)
            return
    for path in track(paths):
        yield judge_path(context, path, named=path in chosen.named)


def judge_path(context: Context, path: str, *, named: bool) -> SpecVerdict | None:
    """Analyse and judge one spec; None for a file that holds only blocks, unless it is ``named`` as a spec."""
    request, config, baseline, revision, files = context
    result = analyze_one(
        path,
        request.settings,
        batch=request.batch,
        weight_dtype=request.weight_dtype,
        blocks_only=not named,
        files=files,
    )
    report = result.report
    key = spec_key(path, config.folder)
    if result.diagnostics:
        name = report.name if report else os.path.splitext(os.path.basename(path))[0]
        return SpecVerdict(path, name, key, diagnostics=result.diagnostics)
    if report is None:
        return None
    lock_key = spec_key(path, os.path.dirname(baseline.where) or ".") if baseline and baseline.is_lock else key
    before: Report | None = None
    if revision is None:
        past = past_in_lock(baseline, lock_key, path)
    else:
        past, before = past_at(revision, path, request)
    case = Case(
        path=path,
        key=lock_key,
        report=report,
        limits=config.limits_of(key),
        weights_recorded=revision is not None or request.weight_dtype is None,
        settings=request.settings,
        baseline=baseline,
        entry=past.entry,
        cause=past.cause,
        detail=past.detail,
        before=past.before,
        expect=request.expect,
        strict=request.strict,
    )
    if request.latency:
        from archcost.commands.pacing import measured

        case = case._replace(measured=measured(case, before))
    return judge(case)
