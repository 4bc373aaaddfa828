"""``memory --fused``: the SRAM and the flash of a model in int8 on a microcontroller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.commands.option_values import apart, attempt_all, tell
from archcost.commands.options import word_option
from archcost.engines import ENGINES, TINYENGINE
from archcost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.analysis.microcontroller.study import FusedStudy
    from archcost.settings import InputShape
    from archcost.spec.model import Spec

INT8 = "int8"

Engine = Annotated[
    str | None, word_option("--engine", ENGINES, "ENGINE", "With --fused: as TinyEngine lays it out now, or in 2020.")
]


def check_words(*, fused: bool, dtype: str | None, engine: str | None, others: Mapping[str, object]) -> None:
    """Raises UsageError for int8 or an engine without ``--fused``, another dtype, and options that it has not."""
    from archcost.errors import UsageError

    if not fused:
        if dtype == INT8:
            raise UsageError(
                "--dtype int8 is for microcontrollers: PyTorch has no int8 activations",
                "add --fused; --weight-dtype int8 of analyze quantises weights alone",
            )
        if engine:
            raise UsageError("--engine names what runs on a microcontroller", "add --fused")
        return
    if dtype not in (None, INT8):
        raise UsageError(f"--fused computes in int8, not in {dtype}", "write --dtype int8, or leave --dtype out")
    for option, value in others.items():
        if value:
            raise UsageError(
                f"{option} does not go with --fused: a microcontroller runs inference in int8, in the order of the spec"
            )


def print_fused(
    specs: Sequence[str],
    chosen: str,
    output: str | None,
    *,
    params: Mapping[str, Any],
    inputs: Mapping[str, InputShape],
    batch: int,
    inplace: bool,
    engine: str | None,
    whatif: bool,
    depth: int | None,
) -> None:
    """Print the studies of the specs; ends the command where one of them is wrong."""
    import archcost
    from archcost.render.microcontroller import MicrocontrollerDocument
    from archcost.render.printing import write

    def work(spec: Spec) -> FusedStudy:
        return archcost.microcontroller(
            spec,
            params=params,
            inputs=inputs,
            batch=batch,
            inplace=inplace,
            what_if=whatif,
            engine=engine or TINYENGINE,
        )

    studies, failed = apart(attempt_all(list(specs), work, "analysing", Settings(inputs=inputs)))
    write(MicrocontrollerDocument(studies, depth, failed), chosen, output)
    tell([study.report for study in studies], failed)
    if failed:
        raise typer.Exit(2)
