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
from archcost.dtypes import FLOAT_DTYPES
from archcost.figures import OF_LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.comparing import Comparison, SideBySide
    from archcost.render.comparison import ComparisonView
    from archcost.render.document import Document
    from archcost.settings import Settings

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
    settings_a: Annotated[
        list[str] | None, typer.Option("--set-a", metavar="NAME=VALUE", help="Override a param of the first spec.")
    ] = None,
    settings_b: Annotated[
        list[str] | None, typer.Option("--set-b", metavar="NAME=VALUE", help="Override a param of the second spec.")
    ] = None,
    inputs_a: Annotated[
        list[str] | None, typer.Option("--input-a", metavar="[NAME=]SHAPE", help="--input of the first spec alone.")
    ] = None,
    inputs_b: Annotated[
        list[str] | None, typer.Option("--input-b", metavar="[NAME=]SHAPE", help="--input of the second spec alone.")
    ] = None,
    batch: Batch = 1,
    training: TrainingStep = False,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    dtype_b: Annotated[
        str | None, word_option("--dtype-b", FLOAT_DTYPES, "DTYPE", "--dtype of the second spec alone.")
    ] = None,
    weight_dtype_b: Annotated[
        str | None, typer.Option("--weight-dtype-b", metavar="DTYPE", help="--weight-dtype of the second spec alone.")
    ] = None,
    kv_dtype_b: Annotated[
        str | None, typer.Option("--kv-dtype-b", metavar="DTYPE", help="--kv-dtype of the second spec alone.")
    ] = None,
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
        typer.Option("--fail-on", metavar="METRIC:PERCENT", help="Exit 1 if this total grows by more; repeatable."),
    ] = None,
) -> None:
    """Show what differs between two specs, or put three or more side by side."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.commands.option_values import check_training, settings_of, timed, whole
    from archcost.named_specs import analyze_one
    from archcost.render.comparison import ComparisonView
    from archcost.render.printing import format_of, write

    if watch:
        from archcost.commands.watching import begin

        begin(specs, output)
    chosen = format or format_of(output)
    limits = [_limit(text) for text in fail_on or ()]
    of_second = {"dtype": dtype_b, "weight_dtype": weight_dtype_b, "kv_dtype": kv_dtype_b}
    given = {name: word for name, word in of_second.items() if word}
    _check_number(specs, dtypes=list(given), own=bool(settings_a or settings_b or inputs_a or inputs_b))
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
    each = _of_each(specs, asked)
    first = _own(each[0], "a", settings_a, inputs_a)
    second = _own(each[1], "b", settings_b, inputs_b).with_dtypes(given)
    asked_of = [first, second, *each[2:]]
    reports = whole([analyze_one(name, own) for name, own in zip(specs, asked_of, strict=True)])
    two = len(specs) == 2  # noqa: PLR2004 - which have changes
    found = archcost.compare(*reports, sort=None if two else sort)
    measure = sort if two and sort and sort != _DELTA else metric or _METRIC
    shown = ComparisonView(measure, depth, only_changed, bool(sort), top)
    document = _document(found, shown, stat=stat)
    write(document if device is None else timed(document, reports, device), chosen, output, digits)
    if _exceeded(reports, limits):
        raise typer.Exit(1)


def _check_number(specs: Sequence[str], *, dtypes: Sequence[str], own: bool) -> None:
    """Raise UsageError for a spec alone, and for options of two where there are more."""
    from archcost.errors import UsageError

    if len(specs) < 2:  # noqa: PLR2004 - two make a comparison
        hint = "give the same one twice to compare settings: --set-b width=0.5"
        raise UsageError("compare takes two specs or more", hint)
    if len(specs) == 2:  # noqa: PLR2004 - only two have these names
        return
    if dtypes:
        raise UsageError(f"--{dtypes[0].replace('_', '-')}-b is for two specs")
    if own:
        raise UsageError("--set-a, --set-b, --input-a and --input-b are for two specs")


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


def _of_each(names: Sequence[str], asked: Settings) -> list[Settings]:
    """The settings of each spec, without the inputs that only others have; of what is imported or typed in, all."""
    from archcost.errors import ArchcostError
    from archcost.graph.inputs import inputs_of_each
    from archcost.importers.sources import parse_source
    from archcost.named_specs import read_spec

    alike = [asked] * len(names)
    if not any(asked.inputs) or any(name == "-" or parse_source(name) for name in names):
        return alike
    try:
        return inputs_of_each([read_spec(name) for name in names], asked)
    except ArchcostError:  # told by whoever analyses it
        return alike


def _own(asked: Settings, side: str, params: Sequence[str] | None, inputs: Sequence[str] | None) -> Settings:
    """The settings of one of two specs: those of both, and its own over them."""
    from archcost.commands.option_values import parse_params
    from archcost.given_inputs import read_inputs

    return asked._replace(
        params={**asked.params, **parse_params(params or (), f"--set-{side}")},
        inputs={**asked.inputs, **read_inputs(inputs or (), f"--input-{side}")},
    )


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
        raise UsageError(f"--fail-on {text}: {error}", "write it like params:1%") from None


def _exceeded(reports: Sequence[Report], limits: Sequence[tuple[str, Any]]) -> bool:
    """Whether a later spec's total is beyond a limit over the first's; says which on standard error."""
    from archcost.render.output import print_failure

    found = False
    for metric, share in limits:
        before = getattr(reports[0].totals, metric)
        for report in reports[1:]:
            if reports[0].costs.unknown(metric) or report.costs.unknown(metric):
                found = True
                print_failure(
                    f"{metric} of {report.name} cannot be compared: unknown for some layers; declare it there"
                )
                continue
            after = getattr(report.totals, metric)
            if after - before > share * before:
                found = True
                limit = f"{float(100 * share):g}%"
                print_failure(f"{metric} of {report.name} grow from {before:,} to {after:,}: more than {limit}")
    return found
