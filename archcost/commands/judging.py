"""A check from beginning to end: configuration, baseline, every spec judged; nothing is printed here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.budget.baseline import Baseline, entry_of, is_gone, spec_key
from archcost.budget.config import Config, load_config, relative
from archcost.budget.judge import Case, judge, place
from archcost.budget.verdict import Finding, Rule, SpecVerdict, Status, Verdict
from archcost.commands.inputs import analyze_one, expand
from archcost.errors import ConfigError, Diagnostic, Mark, Source, SpecError, UsageError
from archcost.files import DISK, FileError
from archcost.spec.document import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.files import Files
    from archcost.revisions import Revision
    from archcost.spec.limits import Limit

    Track = Callable[[Sequence[str]], Iterable[str]]

_POOL_FROM = 400  # specs; below, processes save less than they cost where the cores are busy


class Request(NamedTuple):
    """What is asked for: no ``specs`` are those of the configuration."""

    specs: Sequence[str] = ()
    settings: dict[str, Any] = {}  # noqa: RUF012 - never changed
    batch: int = 1
    config: str | None = None
    baseline: str | None = None
    baseline_ref: str | None = None
    expect: bool = False
    latency: bool = False
    weight_dtype: str | None = None


class Context(NamedTuple):
    """What all specs of a check are judged with."""

    request: Request
    config: Config
    baseline: Baseline | None
    revision: Revision | None = None
    files: Files | None = None  # that the specs are of, where the configuration names them


def check(request: Request, track: Track = list) -> Verdict:
    """Judge every spec; a broken one, or a broken configuration, is part of the verdict. Raises UsageError."""
    if request.expect and (request.settings or request.batch != 1):
        raise UsageError("published figures are of the spec as it stands", "leave out --set and --batch, or --expect")
    if request.baseline and request.baseline_ref:
        raise UsageError("--baseline and --baseline-ref are two baselines", "give one of them")
    try:
        config = load_config(request.config)
        paths, whole = spec_paths(request.specs, config)
    except ConfigError as error:
        return Verdict((), diagnostics=error.diagnostics)
    if request.baseline_ref:
        from archcost.revisions import Revision

        with Revision(request.baseline_ref) as revision:
            baseline = Baseline(request.baseline_ref, is_lock=False)
            context = Context(request, config, baseline, revision, config.files if whole else None)
            gone = _gone_files(context, paths) if whole else ()
            return _verdict(context, paths, track, whole=whole, gone=gone)
    path = request.baseline or config.baseline_path
    problems: tuple[Diagnostic, ...] = ()
    lock = None
    try:
        lock = read_baseline(path, None if request.baseline else config.files)
    except ConfigError as error:
        problems = error.diagnostics
    if lock is None and request.baseline and not problems:
        raise UsageError(f"there is no baseline {path}", "record one with `archcost baseline update --baseline …`")
    context = Context(request, config, lock, files=config.files if whole else None)
    return _verdict(context, paths, track, whole=whole, problems=problems, lock_path=path)


def spec_paths(names: Sequence[str], config: Config) -> tuple[list[str], bool]:
    """The specs by name or of the configuration, and whether they are all of it; files of blocks only are left out.

    Raises UsageError where there is nothing to judge, ConfigError for globs that match nothing.
    """
    if names:
        return [path for path in expand(names) if path in names or not _is_library(path)], False
    if not config.specs:
        hint = 'name specs, or list them: `[tool.archcost]` with `specs = ["specs/*.yaml"]` in pyproject.toml'
        where = f"{config.path} lists none" if config.path else "there is no configuration"
        raise UsageError(f"no specs are given, and {where}", hint)
    return [path for path in config.spec_paths() if not _is_library(path)], True


def _is_library(path: str) -> bool:
    """Whether a file holds only blocks; told from its top-level keys, without reading it as a spec."""
    try:
        text = DISK.read(DISK.resolve(path), MAX_BYTES).decode("utf-8-sig", "replace")
    except FileError:
        return False
    keys = {line.partition(":")[0] for line in text.splitlines() if line[:1].isalpha()}
    return "blocks" in keys and keys.isdisjoint(("layers", "input", "inputs"))


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
    paths: list[str],
    track: Track,
    *,
    whole: bool,
    problems: tuple[Diagnostic, ...] = (),
    lock_path: str = "",
    gone: Iterable[Finding] = (),
) -> Verdict:
    specs = list(_judge_all(context, paths, track))
    findings = list(gone)
    if whole:
        findings += _gone_entries(context, specs) if context.revision is None else ()
        findings += _unused(context.config, specs)
    unjudged = [limit for spec in specs for limit in spec.unjudged]
    if unjudged and not problems:
        problems = (_no_baseline(unjudged, lock_path),)
    where = context.baseline.where if context.baseline else ""
    return Verdict(tuple(specs), tuple(findings), problems, where, context.revision is None)


def _no_baseline(limits: Sequence[Limit], path: str) -> Diagnostic:
    count = len(limits)
    what = "a growth limit needs" if count == 1 else f"{count} growth limits need"
    hint = "record one with `archcost baseline update`, or compare with a commit: `--baseline-ref origin/main`"
    return Diagnostic(f"{what} a baseline, and there is no {path}", limits[0].mark, hint)


def _judge_all(context: Context, paths: list[str], track: Track) -> Iterator[SpecVerdict]:
    if len(paths) >= _POOL_FROM and context.revision is None and not context.request.latency:
        from archcost.commands.pool import cores, judge_in_processes

        if cores() > 1:
            yield from judge_in_processes(context, paths)
            return
    for path in track(paths):
        yield judge_path(context, path)


def judge_path(context: Context, path: str) -> SpecVerdict:
    """Analyse and judge one spec."""
    request, config, baseline, revision, files = context
    key = spec_key(path, config.folder)
    result = analyze_one(path, request.settings, batch=request.batch, weight_dtype=request.weight_dtype, files=files)
    report = result.report
    if result.diagnostics or report is None:
        name = report.name if report else os.path.splitext(os.path.basename(path))[0]
        return SpecVerdict(path, name, key, diagnostics=result.diagnostics)
    lock_key = spec_key(path, os.path.dirname(baseline.where) or ".") if baseline and baseline.is_lock else key
    before = _report_at(revision, path, request) if revision else None
    if baseline is None:
        entry = None
    elif revision is None:
        entry = baseline.entries.get(lock_key)
    else:
        entry = entry_of(before, request.settings) if before else None
    case = Case(
        path=path,
        key=lock_key,
        report=report,
        limits=config.limits_of(key),
        weights_recorded=revision is not None or request.weight_dtype is None,
        settings=request.settings,
        baseline=baseline,
        entry=entry,
        expect=request.expect,
        unreadable=revision is not None and before is None and revision.has(_file(path)),
    )
    if request.latency:
        from archcost.commands.pacing import measured

        case = case._replace(measured=measured(case, before))
    return judge(case)


def _file(path: str) -> str:
    """The file of a spec, which may be a zoo model by its name."""
    from archcost import zoo

    return path if os.path.lexists(path) else zoo.find(path) or path


def _report_at(revision: Revision, path: str, request: Request) -> Report | None:
    """The spec as it stood; None where it did not, or not in a state to be analysed with these settings."""
    from archcost.analysis.report import analyze

    file = _file(path)
    if not revision.has(file):
        return None
    try:
        return analyze(
            revision.load(file), params=request.settings, batch=request.batch, weight_dtype=request.weight_dtype
        )
    except (SpecError, UsageError):
        return None


def _gone_entries(context: Context, specs: Sequence[SpecVerdict]) -> list[Finding]:
    """What the lock file has and the working tree has no more."""
    baseline = context.baseline
    if baseline is None:
        return []
    known = {spec.key for spec in specs}
    folder = os.path.dirname(baseline.where) or "."
    findings = []
    for key, entry in baseline.entries.items():
        if key not in known and is_gone(key, folder):
            path = relative(os.path.join(folder, key))
            mark = Mark(Source(baseline.where, ""), baseline.lines.get(key, 0), 0)
            findings.append(Finding(Rule.BASELINE, Status.GONE, path, entry.name, mark=mark))
    return findings


def _gone_files(context: Context, paths: Sequence[str]) -> list[Finding]:
    """What the revision has below the configuration's globs and the working tree has no more."""
    from archcost.budget.globs import selects

    revision, config = context.revision, context.config
    if revision is None:
        return []
    known = {os.path.realpath(path) for path in paths}
    findings = []
    for name in revision.paths():
        file = os.path.join(revision.root, name)
        key = spec_key(file, config.folder)
        if os.path.realpath(file) in known or os.path.exists(file) or not selects(config.specs, key):
            continue
        path = relative(file)
        try:
            spec = revision.load(path)
        except SpecError:
            continue
        if spec.main.steps:
            findings.append(Finding(Rule.BASELINE, Status.GONE, path, spec.name, mark=place(config.path or path)))
    return findings


def _unused(config: Config, specs: Sequence[SpecVerdict]) -> list[Finding]:
    """Budgets of the configuration that are for no spec, and patterns that name nothing in any."""
    from archcost.budget.globs import selects

    findings = []
    missing: dict[tuple[str, str], int] = {}
    for spec in specs:
        for limit in spec.unmatched:
            missing[str(limit.mark), limit.pattern] = missing.get((str(limit.mark), limit.pattern), 0) + 1
    keys = {spec_key(spec.path, config.folder): bool(spec.diagnostics) for spec in specs}
    for budget in config.budgets:
        chosen = sum(selects(budget.specs, key) and not wrong for key, wrong in keys.items())
        broken = any(selects(budget.specs, key) and wrong for key, wrong in keys.items())
        if not chosen and not broken:
            findings.append(Finding(Rule.UNUSED, Status.WARN, "", "", mark=budget.mark))
        findings += [
            Finding(Rule.UNUSED, Status.WARN, "", "", limit.metric, limit=limit, mark=limit.mark)
            for limit in budget.limits
            if chosen and not broken and missing.get((str(limit.mark), limit.pattern)) == chosen
        ]
    return findings
