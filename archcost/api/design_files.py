"""Files of all designs of a space, or of many draws: written a chunk at a time, however many there are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.sweeping.asking import Question
    from archcost.sweeping.output.writing_rows import WrittenRows
    from archcost.sweeping.tables import SpaceTables

PARQUET, CSV = ".parquet", ".csv"


def is_folder(path: str) -> bool:
    """Whether a path is meant as a folder: it has no ending, or is one, or ends as one."""
    return not os.path.splitext(path)[1] or path.endswith(("/", os.sep)) or os.path.isdir(path)


def write_designs(
    tables: SpaceTables,
    ask: Question,
    path: str,
    *,
    jobs: int = 1,
    shard: str = "",
    scheduler: str = "",
    part_designs: int | None = None,
    cell: Callable[[Any], str] = str,
    tick: Callable[[int], None] = lambda _: None,
) -> WrittenRows:
    """Write the designs that are asked for to a folder of parts, a Parquet or a CSV file.

    ``tick`` hears of progress, and ``cell`` makes the text of a cell of CSV. Raises UsageError, and
    InterruptedSweepError where a signal ends it.
    """
    from archcost.extras import require

    if ask.pareto and len(ask.pareto) != 2:  # noqa: PLR2004 - a front in the plane
        raise UsageError("the fronts in a manifest have two objectives", "for instance --pareto min:macs,max:params")
    ending = "" if is_folder(path) else os.path.splitext(path)[1].lower()
    if ending not in {"", PARQUET, CSV}:
        raise UsageError(f"no format for rows ends in '{ending}': {path}", "write to a folder, *.parquet or *.csv")
    if ending and (jobs > 1 or shard or scheduler):
        raise UsageError("one file is written by one process", "give a folder: -o DIR, with a part a file")
    if jobs > 1 and scheduler:
        raise UsageError("the parts are made by processes here or by a scheduler's workers", "leave one of both out")
    if ending != CSV:
        require("pyarrow", extra="parquet")

    from archcost.sweeping.output.design_rows import DesignRows
    from archcost.sweeping.output.plan import PART_DESIGNS, PartPlan, Shard, parse_shard
    from archcost.sweeping.output.writing_rows import (
        Makers,
        WrittenRows,
        write_csv_file,
        write_folder,
        write_parquet_file,
    )
    from archcost.sweeping.rows import AT_ONCE

    part = part_designs or PART_DESIGNS
    source = DesignRows(
        tables, ask.where, ask.metrics, ask.sample, ask.seed, ask.device, chunk_designs=min(AT_ONCE, part)
    )
    plan = PartPlan(source, part, ask.pareto)
    source.check()
    if not ending:
        own = parse_shard(shard) if shard else Shard()
        plan.check(own)
        return write_folder(path, plan, own, Makers(jobs, scheduler), tick)
    if ending == PARQUET:
        return WrittenRows(path, 0, 1, 0, write_parquet_file(path, plan, tick))
    return WrittenRows(path, 0, 1, 0, write_csv_file(path, plan, cell, tick))
