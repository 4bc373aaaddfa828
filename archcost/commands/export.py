"""``export``: the model as PyTorch source that needs only torch."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.option_values import analyzed, settings_of
from archcost.commands.options import Inputs, Output, SetParams, Training, word_option
from archcost.named_specs import analyze_one, expand


def export(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="A spec file, a zoo model by name, or - for standard input.")
    ],
    format: Annotated[str, word_option("--format", ("torch",), "FORMAT", "Output format.")] = "torch",  # noqa: A002
    output: Output = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    training: Training = False,
) -> None:
    """Write a spec as readable PyTorch source that needs nothing but torch."""
    import archcost
    from archcost.errors import UsageError
    from archcost.files import DISK
    from archcost.render.output import write_text

    del format  # there is one
    paths = expand([spec])
    if len(paths) > 1:
        raise UsageError(f"export takes one spec, '{spec}' stands for {len(paths)}", "export them one by one")
    files = None if paths == [spec] else DISK
    result = analyze_one(paths[0], settings_of(settings, inputs=inputs, training=training), files=files)
    with analyzed([result]) as (report,):
        write_text(archcost.export(report), output, "python")
