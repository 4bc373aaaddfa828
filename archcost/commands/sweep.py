"""``sweep``: what a whole space of designs costs, and which of them keep to a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcost.commands.option_values import parse_inputs, parse_params
from archcost.commands.options import (
    Batch,
    Device,
    Dtype,
    Format,
    Inputs,
    KvDtype,
    SetParams,
    Training,
    WeightDtype,
    file_or_stdout,
    number_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.sweeping.sweep import Sweep

METRICS = (
    "params, macs, flops, weight_bytes, activation_bytes, layers, peak_activation_bytes, run_bytes, predicted_latency."
)


def sweep(
    spec: Annotated[
        str | None,
        typer.Argument(metavar="[SPEC]", help="A spec by any of its names, or a file with a space."),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="NAME=VALUES",
            help="Let a param vary: width=0.5,1.0, n=1..8, r=128..224..32, w=0.25:1.5:0.05 (ends included), words, "
            "lists; of a list depths[0], or 'kernels[*]' for an axis an element. Repeatable.",
        ),
    ] = None,
    zipped: Annotated[
        list[str] | None,
        typer.Option("--zip", metavar="A,B=1/10,2/20", help="Let params vary together; repeatable."),
    ] = None,
    space: Annotated[
        str | None, typer.Option("--space", metavar="FILE", help="A space in a file, or one that ships by its name.")
    ] = None,
    conditions: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="EXPR",
            help="Only designs that meet a condition on metrics and params, with units: 'macs > 200 M and width == 1'. "
            "Of several, all.",
        ),
    ] = None,
    pareto: Annotated[
        str | None,
        typer.Option(
            "--pareto", metavar="SENSE:METRIC,...", help="The designs that no other beats: min:macs,max:params."
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="KEY,...", help="By metrics and params; -params: most first.")
    ] = None,
    top: Annotated[int | None, number_option("--top", "Only the first N designs.")] = None,
    count: Annotated[
        bool,
        typer.Option(
            "--count",
            help="Only how many designs there are, exactly; exit code 1 where a file expects another number.",
        ),
    ] = False,
    histogram: Annotated[
        str | None, typer.Option("--histogram", metavar="METRIC", help="How many designs have how much of a metric.")
    ] = None,
    sample: Annotated[
        int | None, number_option("--sample", "Draw N designs, uniformly from those that meet --where.")
    ] = None,
    seed: Annotated[int, number_option("--seed", "What the draws begin with.", least=0)] = 0,
    metrics: Annotated[
        str, typer.Option("--metrics", metavar="METRIC,...", help=f"Figures to show: {METRICS}")
    ] = "params,macs",
    device: Device = None,
    jobs: Annotated[int, number_option("--jobs", "Processes that fill the folder -o DIR.")] = 1,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard", metavar="K/N", help="Only every N-th part of -o DIR, from part K on; K from 0 to N - 1."
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="Have the workers of a Dask scheduler fill -o DIR."),
    ] = None,
    part_rows: Annotated[int | None, number_option("--part-rows", "Designs of a part; default: 1,048,576.")] = None,
    plot: Annotated[
        str | None,
        typer.Option("--plot", metavar="FILE", help="Also draw the designs and their front: *.svg, *.png or *.pdf."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 where a design is invalid.")] = False,
    format: Format = None,  # noqa: A002 - the option's name
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|DIR",
            callback=file_or_stdout,
            help="Write to a file; *.html is a page for a browser; all rows to *.parquet, or to a folder of parts.",
        ),
    ] = None,
    settings: SetParams = None,
    inputs: Inputs = None,
    batch: Batch = 1,
    training: Training = False,
    dtype: Dtype = None,
    weight_dtype: WeightDtype = None,
    kv_dtype: KvDtype = None,
) -> None:
    """Cost a whole space of designs at once: list, count, sample, or find the best and the front, exactly."""
    # long: an option a line, and again where it is passed on
    import archcost
    from archcost.commands.sweep_files import (
        is_written_in_parts,
        refuse_invalid,
        refuse_without_folder,
        write_files,
    )
    from archcost.render.formats import HTML
    from archcost.render.printing import format_of, write
    from archcost.render.sweep import SweepDocument

    designs = archcost.space(
        spec,
        file=space,
        vary=vary or (),
        zip=zipped or (),
        params=parse_params(settings or ()),
        inputs=parse_inputs(inputs or ()),
        batch=batch,
        training=training,
        dtype=dtype,
        weight_dtype=weight_dtype,
        kv_dtype=kv_dtype,
    )
    where = _all_of(conditions) if conditions else None
    question: dict[str, Any] = {
        "where": where,
        "pareto": pareto or "",
        "sort": sort or "",
        "top": top,
        "count": count,
        "histogram": histogram or "",
        "sample": sample,
        "seed": seed,
        "metrics": metrics,
        "device": archcost.device(device) if device else None,
    }
    if plot is not None:
        designs.plot(plot, where=where, pareto=pareto or "", metrics=metrics, seed=seed)
    if output is not None and is_written_in_parts(output, designs, question, format):
        makers = {"jobs": jobs, "shard": shard or "", "scheduler": scheduler or "", "part_designs": part_rows}
        write_files(designs, output, question, makers)
        if strict:
            refuse_invalid(designs)
        return
    refuse_without_folder({"--jobs": jobs > 1, "--shard": shard, "--scheduler": scheduler, "--part-rows": part_rows})
    chosen = format or format_of(output, {".html": HTML, ".htm": HTML})
    found: Sweep = designs.sweep(**question)
    if chosen == HTML:
        from archcost.render.page.sweep_page import sweep_page
        from archcost.render.page.writing import write_page

        write_page(sweep_page(found), chosen, output)
    else:
        write(SweepDocument(found), chosen, output)
    if (strict and found.invalid) or not found.as_expected:
        raise typer.Exit(1)


def _all_of(conditions: Sequence[str]) -> str:
    """Several conditions as one, which holds where each does; an empty one has all designs."""
    given = [each for each in conditions if each.strip()]
    return given[0] if len(given) == 1 else " and ".join([f"({each})" for each in given])
