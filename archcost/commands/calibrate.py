"""``calibrate``: this machine as a device, measured."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.options import Format, Threads, word_option

PLACES = ("auto", "cpu", "cuda")


def calibrate(
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The device file to write, a .toml; default: the one that `--device local` reads.",
        ),
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
    device: Annotated[str, word_option("--device", PLACES, "DEVICE", "What to measure.")] = "auto",
    threads: Threads = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Take a quarter of the time, and be less sure.")] = False,
) -> None:
    """Measure this machine in less than two minutes, so that `--device local` predicts for it."""
    import archcost
    from archcost.hardware.local import local_path
    from archcost.render.calibration import CalibrationDocument
    from archcost.render.printing import format_of, write
    from archcost.render.progress import spinner

    with spinner("measuring") as watch:
        found = archcost.calibrate(output, device=device, threads=threads, quick=quick, watch=watch)
    write(CalibrationDocument(found, output or local_path(), is_local=output is None), format or format_of(None), None)
