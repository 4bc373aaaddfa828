"""``explain``: a layer's arithmetic, a scope's sum, a model's story."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import typer

from archcost.commands.options import Batch, Output, Settings, Training


class Format(str, Enum):
    """Output formats of ``explain``."""

    text = "text"
    json = "json"
    markdown = "markdown"


def explain(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A spec file, a zoo model by its name, or -.")],
    path: Annotated[
        str | None, typer.Argument(metavar="PATH", help="A layer, block or branch; without it, the model's story.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.text,  # noqa: A002
    output: Output = None,
    settings: Settings = None,
    batch: Batch = 1,
    training: Training = False,
    balance: Annotated[
        str | None,
        typer.Option(
            "--balance", metavar="N", help="FLOPs a byte below which a layer is memory-bound; default 12.5, an A100."
        ),
    ] = None,
) -> None:
    """Show the arithmetic behind a layer's figures, the sum behind a block's, or where a model's costs are."""
    from archcost.commands.inputs import settings_of
    from archcost.explain.find import find_path
    from archcost.named_specs import analyze_one
    from archcost.render.explanation import write_explanation, write_story
    from archcost.render.output import print_diagnostics

    threshold = _threshold(balance)
    result = analyze_one(spec, settings_of(settings, batch=batch, training=training))
    report = result.report
    if result.diagnostics or report is None:
        print_diagnostics(result.diagnostics)
        raise typer.Exit(2)
    if path is None:
        from archcost.explain.story import explain_model

        write_story(explain_model(report, *threshold), format.value, output)
        return
    found = find_path(report, path)
    for index, layer in enumerate(report.layers):
        if layer.path == found:
            from archcost.explain.layer import explain_layer

            write_explanation(report, explain_layer(report, index), format.value, output)
            return
    from archcost.analysis.tree import build_tree, find
    from archcost.explain.scope import explain_scope

    tree = find(build_tree(report), found)
    assert tree is not None, "find_path knows only paths of the tree"
    write_explanation(report, explain_scope(report, tree, found), format.value, output)


def _threshold(balance: str | None) -> list[Any]:
    """The number given, in a list; nothing for the default. Raises UsageError."""
    from archcost.errors import UsageError
    from archcost.units import UnitError, parse_count

    if balance is None:
        return []
    try:
        value = parse_count(balance)
    except UnitError:
        value = parse_count("0")
    if value <= 0:
        raise UsageError(f"--balance takes FLOPs a byte such as 12.5, got '{balance}'")
    return [value]
