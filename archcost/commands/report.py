"""``report``: a page of a model, of two coloured by what changed, or of a sweep, for a browser; or its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archcost.commands.option_values import settings_of
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
from archcost.render.formats import OF_PAGES
from archcost.written_paths import stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.render.page.writing import AnyPage


def report(
    specs: Annotated[list[str] | None, typer.Argument(metavar="SPEC [SPEC]", help=SPECS_HELP)] = None,
    sweep: Annotated[
        str | None,
        typer.Option("--sweep", metavar="FILE", help="In place of a SPEC: what `archcost sweep -o FILE.json` wrote."),
    ] = None,
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
    set_a: SetA = None,
    set_b: SetB = None,
    input_a: InputA = None,
    input_b: InputB = None,
    batch: Batch = 1,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    dtype_b: DtypeB = None,
    weight_dtype_b: WeightDtypeB = None,
    kv_dtype_b: KvDtypeB = None,
    training: TrainingStep = False,
    device: Device = None,
) -> None:
    """Write a page of a model for a browser, in one file; of two models, coloured by what changed; or of a sweep."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.errors import UsageError
    from archcost.render.page.sweep_page import read_sweep_page
    from archcost.render.page.writing import format_of_page
    from archcost.settings import Settings
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
    own = OfOneSpec(set_a, set_b, input_a, input_b, dtype_b, weight_dtype_b, kv_dtype_b)
    names = specs or []
    _check(names, sweep, chosen, output, show=show)
    path = output if output is not None or not show else temporary_file(f".{chosen}")
    if sweep is None:
        with reports_of(names, asked, own) as reports:
            _write(archcost.page(*reports, device=device), chosen, path, show=show)
    else:
        if asked != Settings() or any(own) or device is not None:
            raise UsageError("a sweep in a file is as it was made", "give settings and --device to `archcost sweep`")
        _write(read_sweep_page(sweep), chosen, path, show=show)


def _check(specs: Sequence[str], sweep: str | None, format: str, output: str | None, *, show: bool) -> None:  # noqa: A002 - the option
    """Raise UsageError for other than a model, two, or a sweep, and for a page that nobody would read where it goes."""
    import sys

    from archcost.errors import UsageError
    from archcost.render.exit import is_terminal

    if len(specs) > 2:  # noqa: PLR2004 - before and after
        message = f"a page shows one model, or two; got {len(specs)}"
        raise UsageError(message, f"`archcost compare {' '.join(specs[:3])} …` puts several side by side")
    if bool(specs) == (sweep is not None):
        message = "a page is of models or of a sweep, not both" if specs else "a page of what?"
        raise UsageError(message, "give a SPEC, two of them, or --sweep FILE.json")
    if format == "html" and output is None and not show and is_terminal(sys.stdout):
        name = stem(specs[0] if specs else sweep or "")
        raise UsageError("a page is for a browser", f"give it a file, `-o {name}.html`, or open it: `--open`")


def _write(page: AnyPage, format: str, path: str | None, *, show: bool) -> None:  # noqa: A002 - the option
    """Write a page, and open it in a browser where that is asked."""
    from archcost.render.page.writing import write_page

    write_page(page, format, path)
    if show and path is not None:
        _open(path)


def _open(path: str) -> None:
    """Open a file in a browser, or say where it is."""
    from archcost.render.output import print_done
    from archcost.render.page.browser import opened

    if not opened(path):
        print_done(f"no browser was found here: the page is in {path}")
