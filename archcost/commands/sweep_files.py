"""``sweep -o DIR``, ``-o FILE.parquet``, and long CSV files: written while the rows are made, with a bar."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from archcost.errors import UsageError

if TYPE_CHECKING:
    from archcost.api.design_space import DesignSpace
    from archcost.sweeping.output.writing_rows import WrittenRows

LONG = 100_000  # rows of a CSV file that is no longer made as a whole


def is_written_in_parts(output: str | None, space: DesignSpace, question: dict[str, Any], form: str | None) -> bool:
    """Whether an output is for rows as they are made: a folder, a Parquet file, or a long CSV file in grid order."""
    from archcost.api.design_files import CSV, PARQUET, is_folder

    if output is None or form:
        return False
    ordered = any(question[name] for name in ("pareto", "sort", "top", "count", "histogram"))
    if output.lower().endswith(CSV):
        return not ordered and (question["sample"] or space.size) > LONG
    return output.lower().endswith(PARQUET) or (is_folder(output) and output != os.devnull)


def refuse_without_folder(options: dict[str, object]) -> None:
    """Raise UsageError for options of a folder where there is none."""
    given = [name for name, value in options.items() if value]
    if given:
        raise UsageError(f"{given[0]} is for a folder", "name one with -o DIR")


def refuse_invalid(space: DesignSpace) -> None:
    """Say how many settings are no designs, and where the causes are told; exit code 1 where there is one."""
    from archcost.render.output import print_failure, print_line

    invalid = space.sweep(count=True).invalid
    if invalid:
        are = "setting is" if invalid == 1 else "settings are"
        print_failure(f"{invalid:,} {are} invalid, which --strict does not allow")
        print_line("help", "`--count` in place of `-o` groups the causes")
        raise typer.Exit(1)


def write_files(space: DesignSpace, output: str, question: dict[str, Any], makers: dict[str, Any]) -> None:
    """Write the rows and say what there is; an interrupt says what is safe. Raises UsageError and typer.Exit."""
    from archcost.render.exit import write_error
    from archcost.render.output import print_done
    from archcost.render.progress import rows_progress
    from archcost.sweeping.output.writing_rows import InterruptedSweepError

    for name in ("sort", "top", "count", "histogram"):
        if question.pop(name):
            raise UsageError(
                f"rows are written in the order of the grid, or as they are drawn, so --{name} has no place there",
                f"leave --{name} out, or write to another file, such as *.json",
            )
    try:
        with rows_progress(question["sample"] or space.size) as tick:
            done = space.write(output, **question, **makers, tick=tick)
    except InterruptedSweepError as stopped:
        write_error(f"{stopped}\n")
        raise typer.Exit(stopped.code) from None
    print_done(_said(done, output))


def _said(done: WrittenRows, output: str) -> str:
    if not os.path.isdir(done.path):
        return f"{output}: {done.rows:,} rows"
    made = f"made {done.made:,} of {done.made + done.kept + done.missing:,} parts"
    kept = f", {done.kept:,} {'was' if done.kept == 1 else 'were'} there" if done.kept else ""
    if done.missing:
        return f"{output}: {made}{kept}; {done.missing:,} still to be made by other shards"
    return f"{output}: {made}{kept}; all {done.rows:,} rows are in {os.path.join(output, 'rows')}"
