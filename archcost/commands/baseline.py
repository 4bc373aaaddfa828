"""``baseline update``: record what specs cost, as the figures that growth is measured from."""

from __future__ import annotations

from typing import Annotated

import typer

from archcost.commands.check import AllowImport, BaselineFile, ConfigFile
from archcost.commands.options import Batch, Dtype, Inputs, KvDtype, SetParams, WeightDtype

baseline = typer.Typer(no_args_is_help=True, help="Manage the baseline (lock file).")


@baseline.callback()
def _root() -> None:
    """Manage the baseline (lock file)."""


@baseline.command()
def update(
    specs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SPEC...]", help="As for analyze; default: those that the configuration lists."),
    ] = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    baseline: BaselineFile = None,
    allow_increase: Annotated[
        bool, typer.Option("--allow-increase", help="Also record figures that have grown.")
    ] = False,
    latency: Annotated[bool, typer.Option("--latency", help="Measure and record latency for this machine.")] = False,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
    config: ConfigFile = None,
    allow_import: AllowImport = False,
) -> None:
    """Update the lock file; refuse if params, MACs or a figure with a growth limit would grow."""
    import archcost
    from archcost.commands.option_values import parse_inputs, parse_params
    from archcost.render.baseline_record import print_increases, recorded_line
    from archcost.render.output import print_diagnostics, print_done, print_warnings
    from archcost.render.progress import progress

    done = archcost.update_baseline(
        specs or (),
        params=parse_params(settings or ()),
        inputs=parse_inputs(inputs or ()),
        batch=batch,
        config=config,
        baseline=baseline,
        allow_increase=allow_increase,
        latency=latency,
        dtype=dtype,
        weight_dtype=weight_dtype,
        kv_dtype=kv_dtype,
        allow_import=allow_import,
        track=lambda paths: progress(paths, "analysing"),
    )
    print_warnings(done.warnings)
    print_diagnostics(done.diagnostics)
    if done.diagnostics:
        raise typer.Exit(2)
    if done.refused:
        print_increases(done)
        raise typer.Exit(1)
    print_done(recorded_line(done))
