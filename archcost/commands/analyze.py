"""``analyze`` and ``validate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.option_values import analyze_all, check_training, settings_of, validate_all, warn_of_narrow
from archcost.commands.options import (
    CONVENTIONS,
    Batch,
    Columns,
    Depth,
    Device,
    Digits,
    Dtype,
    Format,
    Functional,
    Inputs,
    KvDtype,
    Lora,
    LoraTargets,
    Output,
    SetParams,
    Specs,
    Training,
    TrainingStep,
    Watch,
    WeightDtype,
    metric_option,
    number_option,
    word_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.hardware import device as hardware
    from archcost.named_specs import SpecResult
    from archcost.render.document import Document
    from archcost.render.report_view import ModelView, Wanted


def analyze(
    specs: Specs,
    format: Format = None,  # noqa: A002 - the option's name
    output: Output = None,
    digits: Digits = None,
    watch: Watch = False,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    training: TrainingStep = False,
    depth: Depth = None,
    sort: Annotated[str | None, metric_option("--sort", "List layers by a metric, largest first.")] = None,
    top: Annotated[int | None, number_option("--top", "Only the first N rows.")] = None,
    convention: Annotated[
        str | None,
        word_option("--convention", CONVENTIONS, "TOOL", "Add what this tool would print for every layer."),
    ] = None,
    functional: Functional = None,
    columns: Columns = None,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    lora: Lora = None,
    lora_targets: LoraTargets = None,
    device: Device = None,
    relative_to: Annotated[
        str | None,
        typer.Option("--relative-to", metavar="PATH", help="Show receptive fields relative to this block's input."),
    ] = None,
) -> None:
    """Show what every layer of a spec costs."""
    # long: an option a line, and again where it is passed on
    from archcost.render.printing import format_of
    from archcost.render.report_view import Wanted

    if functional and convention is None:
        from archcost.errors import UsageError

        raise UsageError("--functional goes with --convention", "say whose figures depend on it: --convention thop")
    if watch:
        from archcost.commands.watching import begin

        begin(specs, output)
    chosen = format or format_of(output)
    wanted = Wanted(
        depth=depth,
        sort=sort,
        top=top,
        convention=convention or "",
        functional=tuple(functional or ()),
        columns=_columns(columns or (), relative_to),
        relative_to=relative_to or "",
        device=_device(device),
    )
    check_training((sort, *wanted.columns), training=training)
    asked = settings_of(
        settings,
        inputs=inputs,
        batch=batch,
        training=training,
        dtype=dtype,
        weight_dtype=weight_dtype,
        kv_dtype=kv_dtype,
        lora=lora,
        lora_targets=lora_targets,
    )
    results = analyze_all(specs, asked)
    _write(results, wanted, chosen, output, digits)
    if any(result.diagnostics for result in results):
        raise typer.Exit(2)


def _write(
    results: Sequence[SpecResult],
    wanted: Wanted,
    format: str,  # noqa: A002 - as the option
    output: str | None,
    digits: int | None,
) -> None:
    """Print the reports; problems go to standard error (and into the JSON), even where the reports go nowhere."""
    from archcost.collector import collector_paused
    from archcost.render.output import print_diagnostics, print_warnings
    from archcost.render.printing import write

    try:
        with collector_paused():
            write(_document(list(map(wanted.view, results))), format, output, digits)
    finally:
        print_warnings([warning for result in results for warning in result.warnings])
        print_diagnostics([diagnostic for result in results for diagnostic in result.diagnostics])
    for result in results:
        if wanted.functional and result.report is not None:
            warn_of_narrow(result.report, wanted.functional)


def _document(views: Sequence[ModelView]) -> Document:
    if len(views) == 1:
        from archcost.render.report import ReportDocument

        return ReportDocument(views[0])
    from archcost.render.summary import SummaryDocument

    return SummaryDocument(views)


def _columns(columns: Sequence[str], relative_to: str | None) -> tuple[str, ...]:
    """The columns asked for; raises UsageError for one that there is not, and for a scope without receptive fields."""
    if relative_to is not None and not any("receptive_field" in text for text in columns):
        from archcost.errors import UsageError

        raise UsageError("--relative-to needs --columns receptive_field")
    if not columns:
        return ()
    from archcost.render.optional_columns import parse_columns

    return parse_columns(columns)


def _device(name: str | None) -> hardware.Device | None:
    if name is None:
        return None
    import archcost

    return archcost.device(name)


def validate(
    specs: Specs,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    training: Training = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
) -> None:
    """Check specs: syntax, names, attributes, shapes. Files of blocks alone and spaces of designs are checked, too."""
    from archcost.errors import as_errors
    from archcost.render.exit import write_error
    from archcost.render.output import print_diagnostics, print_done, print_line, print_warnings

    results = validate_all(specs, settings_of(settings, inputs=inputs, batch=batch, training=training))
    warnings = [] if strict else [warning for result in results for warning in result.warnings]
    problems = [(*result.diagnostics, *(as_errors(result.warnings) if strict else ())) for result in results]
    print_diagnostics([problem for found in problems for problem in found])
    print_warnings(warnings)
    count, wrong = sum(map(len, problems)), sum(map(bool, problems))
    told = f", {len(warnings)} warning{'s' * (len(warnings) != 1)}" if warnings else ""
    if wrong:
        where = f" in {wrong} of {_counted(results)}" if len(results) > 1 else ""
        write_error(f"{count} error{'s' * (count != 1)}{where}{told}\n")
        raise typer.Exit(2)
    for note in (note for result in results for note in result.notes):
        print_line("note", f"{note.message}, at {note.mark}")
    print_done(f"{_counted(results)}: no errors{told}")


def _counted(results: Sequence[SpecResult]) -> str:
    """How many specs, and how many spaces of designs."""
    spaces = sum([result.is_space for result in results])
    counts = {"spec": len(results) - spaces, "space": spaces}
    return " and ".join([f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count])
