"""``compare``: the cost of a change, and the layers that cause it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.commands.options import (
    Batch,
    Depth,
    Device,
    Digits,
    Dtype,
    Format,
    Inputs,
    KvDtype,
    Output,
    SetParams,
    TrainingStep,
    Watch,
    WeightDtype,
    metric_option,
    number_option,
    word_option,
)
from archcost.commands.two_specs import (
    DtypeB,
    InputA,
    InputB,
    KvDtypeB,
    OfOneSpec,
    SetA,
    SetB,
    WeightDtypeB,
    reports_of,
)
from archcost.figures import OF_LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.comparing import Comparison, SideBySide
    from archcost.render.comparison import ComparisonView
    from archcost.render.document import Document

_DELTA = "delta"  # the difference in the metric that is shown
_METRIC = "macs"  # that changes are shown in, if none is named


def compare(
    specs: Annotated[
        list[str],
        typer.Argument(metavar="A B [C...]", help="Specs, zoo models, or specs at a git revision: main:net.yaml."),
    ],
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    digits: Digits = None,
    watch: Watch = False,
    settings: SetParams = None,
    inputs: Inputs = None,
    set_a: SetA = None,
    set_b: SetB = None,
    input_a: InputA = None,
    input_b: InputB = None,
    batch: Batch = 1,
    training: TrainingStep = False,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    dtype_b: DtypeB = None,
    weight_dtype_b: WeightDtypeB = None,
    kv_dtype_b: KvDtypeB = None,
    metric: Annotated[
        str | None, metric_option("--metric", "Metric to show changes in, of two specs; default: macs.")
    ] = None,
    sort: Annotated[
        str | None,
        word_option(
            "--sort",
            (_DELTA, *OF_LAYERS),
            "METRIC",
            "delta: list what changes most first; of three or more specs, sort them by a metric.",
        ),
    ] = None,
    top: Annotated[int | None, number_option("--top", "Only the first N rows.")] = None,
    depth: Depth = None,
    stat: Annotated[bool, typer.Option("--stat", help="One line a block, for hooks: the difference of each.")] = False,
    device: Device = None,
    only_changed: Annotated[bool, typer.Option("--only-changed", help="Leave out unchanged layers.")] = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", metavar="METRIC[:PERCENT]", help="Exit 1 if this total grows by more; repeatable."),
    ] = None,
) -> None:
    """Show what differs between two specs, or put three or more side by side."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.commands.option_values import check_training, settings_of, timed
    from archcost.render.comparison import ComparisonView
    from archcost.render.printing import format_of, write

    if watch:
        from archcost.commands.watching import begin

        begin(specs, output)
    chosen = format or format_of(output)
    limits = [_limit(text) for text in fail_on or ()]
    own = OfOneSpec(set_a, set_b, input_a, input_b, dtype_b, weight_dtype_b, kv_dtype_b)
    _check_number(specs, own)
    _check_view(specs, sort, metric=metric, depth=depth, flags={"--stat": stat, "--only-changed": only_changed})
    check_training((metric, sort, *[name for name, _ in limits]), training=training)
    asked = settings_of(
        settings,
        inputs=inputs,
        batch=batch,
        training=training,
        dtype=dtype,
        weight_dtype=weight_dtype,
        kv_dtype=kv_dtype,
    )
    two = len(specs) == 2  # noqa: PLR2004 - which have changes
    measure = sort if two and sort and sort != _DELTA else metric or _METRIC
    shown = ComparisonView(measure, depth, only_changed, bool(sort), top)
    with reports_of(specs, asked, own) as reports:
        found = archcost.compare(*reports, sort=None if two else sort)
        document = _document(found, shown, stat=stat)
        write(document if device is None else timed(document, reports, device), chosen, output, digits)
        if _exceeded(reports, limits):
            raise typer.Exit(1)


def _check_number(specs: Sequence[str], own: OfOneSpec) -> None:
    """Raise UsageError for a spec alone, and for options of two where there are more."""
    from archcost.errors import UsageError

    if len(specs) < 2:  # noqa: PLR2004 - two make a comparison
        hint = "give the same one twice to compare settings: --set-b width=0.5"
        raise UsageError("compare takes two specs or more", hint)
    own.check(specs)


def _check_view(
    specs: Sequence[str], sort: str | None, *, metric: str | None, depth: int | None, flags: Mapping[str, bool]
) -> None:
    """Raise UsageError for what is asked of changes where there are none, and for two metrics at once."""
    from archcost.errors import UsageError

    if len(specs) == 2:  # noqa: PLR2004 - only two have changes
        if metric and sort not in (None, _DELTA, metric):
            raise UsageError(f"changes are shown in one metric: --metric {metric} or --sort {sort}", "use --sort delta")
        return
    if metric:
        hint = f"three or more have a column for each figure: `--sort {metric}` puts them in its order"
        raise UsageError("--metric is for two specs", hint)
    asked = {f"--depth {depth}": depth is not None, **flags, f"--sort {_DELTA}": sort == _DELTA}
    for words in [words for words, given in asked.items() if given]:
        from shlex import join

        raise UsageError(f"{words} is for two specs", f"name two: `archcost compare {join(specs[:2])} {words}`")


def _document(found: Comparison | SideBySide, shown: ComparisonView, *, stat: bool) -> Document:
    """Two models with their changes, or several beside each other."""
    from archcost.comparing import Comparison

    if isinstance(found, Comparison):
        from archcost.render.comparison import ComparisonDocument

        document = ComparisonDocument(found, shown)
        if not stat:
            return document
        from archcost.render.comparison_stat import ChangeStatDocument

        return ChangeStatDocument(document)
    from archcost.render.side_by_side import SideBySideDocument

    return SideBySideDocument(found.reports[: shown.top])


def _limit(text: str) -> tuple[str, Any]:
    from archcost.errors import UsageError, suggestion
    from archcost.figures import TOTALS
    from archcost.quantities import UnitError, parse_percent

    metric, colon, share = text.partition(":")
    if metric not in TOTALS:
        raise UsageError(f"--fail-on knows no metric '{metric}'", suggestion(metric, TOTALS, "metrics"))
    try:
        return metric, parse_percent(share if colon else "0%")
    except UnitError as error:
        raise UsageError(f"--fail-on {text}: {error}", f"write it like {metric}:1%") from None


def _exceeded(reports: Sequence[Report], limits: Sequence[tuple[str, Any]]) -> bool:
    """Whether a later spec's total is beyond a limit over the first's; says which on standard error."""
    from archcost.comparing.naming import labels
    from archcost.render.output import print_failure

    names = labels(reports)
    failures: list[str] = []
    for metric, share in limits:
        unknown = [bool(report.costs.unknown(metric)) for report in reports]
        failures += [
            f"{metric} of {name} cannot be compared: unknown for some layers; declare it there"
            for name, lacks in zip(names, unknown, strict=True)
            if lacks
        ]
        before = getattr(reports[0].totals, metric)
        for report, name, lacks in zip(reports[1:], names[1:], unknown[1:], strict=True):
            after = getattr(report.totals, metric)
            if not (lacks or unknown[0]) and after - before > share * before:
                limit = f"{float(100 * share):,.12g}%"
                failures.append(f"{metric} of {name} grow from {before:,} to {after:,}: more than {limit}")
    for failure in failures:
        print_failure(failure)
    return bool(failures)
