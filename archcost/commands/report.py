"""``report``: a page of a model for a browser, or of two coloured by what changed; or its picture alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.option_values import analyze_one, settings_of
from archcost.commands.options import (
    SPECS_HELP,
    Batch,
    Device,
    Dtype,
    Inputs,
    KvDtype,
    Output,
    SetParams,
    TrainingStep,
    WeightDtype,
    word_option,
)
from archcost.render.formats import OF_PAGES

if TYPE_CHECKING:
    from collections.abc import Sequence


def report(
    specs: Annotated[list[str], typer.Argument(metavar="SPEC [SPEC]", help=SPECS_HELP)],
    format: Annotated[  # noqa: A002 - the option's name
        str | None,
        word_option(
            "--format", OF_PAGES, "FORMAT", "Output format: html, svg or json; default: from the name of the -o file."
        ),
    ] = None,
    output: Output = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    training: TrainingStep = False,
    device: Device = None,
) -> None:
    """Write a page of a model for a browser, in one file; of two models, coloured by what changed."""
    import archcost
    from archcost.render.page.writing import format_of_page, write_page
    from archcost.writing import temporary_file

    chosen = format or format_of_page(output)
    asked = settings_of(
        settings,
        inputs=inputs,
        batch=batch,
        training=training,
        dtype=dtype,
        weight_dtype=weight_dtype,
        kv_dtype=kv_dtype,
    )
    _check(specs, chosen, output, show=show)
    path = output if output is not None or not show else temporary_file(f".{chosen}")
    found = archcost.page(*[analyze_one(name, asked) for name in specs], device=device)
    write_page(found, chosen, path)
    if show and path is not None:
        _open(path)


def _check(specs: Sequence[str], format: str, output: str | None, *, show: bool) -> None:  # noqa: A002 - the option
    """Raise UsageError for more than two specs, and for a page that nobody would read where it goes."""
    import sys

    from archcost.errors import UsageError
    from archcost.render.exit import is_terminal

    if len(specs) > 2:  # noqa: PLR2004 - before and after
        message = f"a page shows one model, or two; got {len(specs)}"
        raise UsageError(message, f"`archcost compare {' '.join(specs[:3])} …` puts several side by side")
    if format == "html" and output is None and not show and is_terminal(sys.stdout):
        name = specs[0].rpartition("/")[2].removesuffix(".yaml")
        raise UsageError("a page is for a browser", f"give it a file, `-o {name}.html`, or open it: `--open`")


def _open(path: str) -> None:
    """Open a file in a browser, or say where it is."""
    from archcost.render.exit import write_out
    from archcost.render.page.browser import opened

    if not opened(path):
        write_out(f"no browser was found here: the page is in {path}\n")
