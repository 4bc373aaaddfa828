"""The values of options: the settings of an analysis, and shares."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from archcost import named_specs
from archcost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.hardware.device import Device
    from archcost.named_specs import SpecResult
    from archcost.render.document import Document
    from archcost.settings import InputShape
    from archcost.spec.model import Spec

T = TypeVar("T")


def settings_of(
    params: Sequence[str] | None,
    *,
    inputs: Sequence[str] | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
    lora: int | None = None,
    lora_targets: Sequence[str] | None = None,
) -> Settings:
    """The settings that options ask for; ``params`` are the words of ``--set``, ``inputs`` those of ``--input``.

    Raises UsageError.
    """
    shapes = parse_inputs(inputs or ())
    found = Settings(parse_params(params or ()), batch, training, dtype, weight_dtype, shapes, kv_dtype)
    if lora is None and not lora_targets:
        return found
    from archcost.graph.adapters import lora_of

    return found._replace(lora=lora_of(lora, lora_targets or ()))


def check_training(metrics: Iterable[str | None], *, training: bool) -> None:
    """Raise UsageError for a figure of a training step that is asked of an analysis of inference."""
    from archcost.figures import METRICS

    for name in metrics:
        if name in METRICS and METRICS[name].of_training and not training:
            from archcost.errors import UsageError

            raise UsageError(f"'{name}' is a figure of a training step", "ask for one with --training")


def analyze_all(names: Sequence[str], settings: Settings) -> list[SpecResult]:
    """A result for every spec that the names stand for, with a bar for many of them."""
    from archcost.render.progress import progress

    return named_specs.analyze_all(names, settings, lambda paths: progress(paths, "analysing"))


def attempt_all(
    names: Sequence[str], work: Callable[[Spec], T], doing: str, settings: Settings
) -> list[T | SpecResult]:
    """What work makes of every spec that the names stand for, or what is wrong with it; with a bar for many."""
    from archcost.render.progress import progress

    return named_specs.attempt_all(names, work, lambda paths: progress(paths, doing), settings=settings)


def apart(found: Sequence[T | SpecResult]) -> tuple[list[T], list[SpecResult]]:
    """What came of specs, and the specs that are wrong."""
    from archcost.named_specs import SpecResult as ResultType

    made = [one for one in found if not isinstance(one, ResultType)]
    return made, [one for one in found if isinstance(one, ResultType)]


def tell(reports: Sequence[Report], failed: Sequence[SpecResult]) -> None:
    """Print the warnings of reports, and what is wrong with the other specs."""
    from archcost.render.output import print_diagnostics, print_warnings

    print_warnings([warning for report in reports for warning in report.warnings])
    print_diagnostics([diagnostic for one in failed for diagnostic in one.diagnostics])


@contextmanager
def analyzed_one(name: str, settings: Settings) -> Iterator[Report]:
    """The report of one spec; otherwise as :func:`analyzed`."""
    with analyzed([named_specs.analyze_one(name, settings)]) as (report,):
        yield report


@contextmanager
def analyzed(results: Sequence[SpecResult]) -> Iterator[list[Report]]:
    """The reports of specs that are all right; their warnings are told below what is shown of them, or goes wrong.

    Ends the command where a spec is wrong, once all problems are told.
    """
    from archcost.render.output import print_diagnostics, print_warnings

    problems = [diagnostic for result in results for diagnostic in result.diagnostics]
    print_diagnostics(problems)
    reports = [result.report for result in results if result.report is not None]
    if problems or len(reports) < len(results):
        raise typer.Exit(2)
    warnings = [warning for report in reports for warning in report.warnings]
    try:
        yield reports
    finally:
        print_warnings(warnings)


def validate_all(names: Sequence[str], settings: Settings) -> list[SpecResult]:
    """The problems of every spec that the names stand for, with a bar for many of them."""
    from archcost.render.progress import progress

    return named_specs.validate_all(names, settings, lambda paths: progress(paths, "checking"))


def devices_of(names: Sequence[str]) -> list[Device]:
    """The devices of a repeatable ``--device``, in order; raises UsageError, also for several in one word."""
    import archcost
    from archcost.errors import UsageError
    from archcost.hardware.own import ENDING

    for name in names:
        parts = [part.strip() for part in name.split(",") if part.strip()]
        if len(parts) > 1 and not name.endswith(ENDING):
            repeated = " ".join([f"--device {part}" for part in parts])
            raise UsageError(f"--device takes one device, got '{name}'", f"repeat it: `{repeated}`")
    return [archcost.device(name) for name in names]


def predicted_device(name: str | None, *, asked: bool) -> Device | None:
    """The device of ``--predict`` and ``--predict-device``: this machine, if none is named; None for neither option."""
    import archcost

    return archcost.device(name or "local") if asked or name is not None else None


def timed(document: Document, reports: Sequence[Report], device: str) -> Document:
    """A document with the times that are predicted for its models on a device."""
    import archcost
    from archcost.render.prediction import TimedDocument

    chosen = archcost.device(device)
    return TimedDocument(document, [archcost.predict(report, device=chosen) for report in reports])


def parse_params(words: Sequence[str], option: str = "--set") -> dict[str, Any]:
    """``--set name=value`` with values as YAML reads them; raises UsageError."""
    from archcost.errors import Source, SpecError, UsageError
    from archcost.spec.document import parse_document

    params = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} takes name=value, got '{word}'")
        try:
            value, problems = parse_document(Source(option, text))
        except SpecError as error:
            raise UsageError(f"{option} {word}: {error.diagnostics[0].message}") from None
        if problems:
            raise UsageError(f"{option} {word}: {problems[0].message}")
        params[name.strip()] = value.plain()
    return params


def parse_inputs(words: Sequence[str]) -> dict[str, InputShape]:
    """``--input 3x480x640``, ``--input name=512`` and ``--input name=512:int64``; raises UsageError."""
    from archcost.given_inputs import read_inputs

    return read_inputs(words)


def parse_share(text: str, option: str) -> Any:
    """A relative difference: a percentage, or a fraction of 1; raises UsageError."""
    from archcost.errors import UsageError
    from archcost.quantities import UnitError, parse_count, parse_percent

    try:
        share = parse_percent(text) if text.rstrip().endswith("%") else parse_count(text)
    except UnitError:
        share = None
    if share is None or not 0 <= share <= 1:
        raise UsageError(f"{option} takes a share such as 0.01 or 1%, got '{text}'")
    return share


def warn_of_narrow(report: Report, functional: Sequence[str]) -> None:
    """Tell on standard error which patterns of ``--functional`` may name less than is meant."""
    from archcost.conventions.tool_report import narrow_patterns
    from archcost.render.output import print_line

    for message, way_out in narrow_patterns(report, functional):
        print_line("warning", message)
        print_line("help", way_out)
