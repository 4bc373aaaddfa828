"""Rows to a folder of parts, or to one file."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.extras import require
from archcost.sweeping.output.executors import StoppedError, made_by_processes, made_inline, stoppable
from archcost.sweeping.output.folder import opened
from archcost.sweeping.output.part import NoRoomError, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from archcost.sweeping.output.executors import Tick
    from archcost.sweeping.output.folder import OutputFolder
    from archcost.sweeping.output.part import Rows
    from archcost.sweeping.output.plan import PartPlan, Shard
    from archcost.sweeping.tables import DesignChunk


@dataclass(frozen=True, slots=True)
class Makers:
    """Who makes the parts: ``jobs`` processes (one: this), or the workers of a Dask ``scheduler``."""

    jobs: int = 1
    scheduler: str = ""


@dataclass(frozen=True, slots=True)
class WrittenRows:
    """What a run did: parts that were there, that it made, and that are still to be made by other shards.

    ``rows`` are those of all parts, once all are there.
    """

    path: str
    kept: int
    made: int
    missing: int
    rows: int = 0


class InterruptedSweepError(Exception):
    """A signal ended a sweep: what is safe, and the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def write_folder(path: str, plan: PartPlan, shard: Shard, makers: Makers, tick: Tick) -> WrittenRows:
    """Make the parts of a shard that are not in a folder yet; the manifest is complete once no shard's is missing.

    ``tick`` hears of designs that are done, those of parts that were there first. Raises UsageError, and
    InterruptedSweepError on SIGINT and SIGTERM.
    """
    _require(*(["distributed"] if makers.scheduler else []))
    with opened(path, plan, shard) as folder:
        parts = folder.missing()
        whole = len(shard.parts(plan)) - len(parts)
        tick(sum(map(plan.designs_of, set(shard.parts(plan)) - set(parts))))
        try:
            with stoppable(tick) as ticking, closing(_made(folder, parts, makers, ticking)) as made:
                for _ in made:
                    pass
        except NoRoomError as error:
            raise UsageError(error.message, f"{_safe(folder)} once there is room") from None
        except UsageError as error:
            raise UsageError(error.message, "; ".join(filter(None, (error.help, _safe(folder))))) from None
        except StoppedError as stopped:
            raise InterruptedSweepError(f"interrupted: {_safe(folder)}", stopped.code) from None
        rows = folder.complete()
        missing = 0 if rows is not None else plan.parts - folder.safe()
    return WrittenRows(path, whole, len(parts), missing, rows or 0)


def _made(folder: OutputFolder, parts: list[int], makers: Makers, tick: Tick) -> Generator[int]:
    if makers.scheduler and parts:
        from archcost.sweeping.output.cluster import made_by_cluster

        yield from made_by_cluster(folder.maker, parts, tick, makers.scheduler)
    elif makers.jobs > 1 and len(parts) > 1:
        yield from made_by_processes(folder.maker, parts, tick, makers.jobs)
    else:
        yield from made_inline(folder.maker, parts, tick)


def _safe(folder: OutputFolder) -> str:
    return f"{folder.safe():,} of {folder.plan.parts:,} parts are safe; the same command goes on from there"


def write_one(path: str, plan: PartPlan, start: Callable[[Any], Rows], tick: Tick) -> int:
    """Write all rows to one file, whole or not at all, a chunk in memory at a time; the number of rows.

    ``start`` makes what writes chunks to an open file. Raises UsageError, and InterruptedSweepError.
    """
    rows = 0

    def chunks() -> Iterator[DesignChunk]:
        nonlocal rows
        for number in range(plan.chunks):
            chunk = plan.source.chunk(number)
            rows += len(chunk.invalid)
            yield chunk
            ticking(plan.designs_of_chunk(number))

    try:
        with stoppable(tick) as ticking:
            write_rows(path, start, chunks())
    except NoRoomError as error:
        raise UsageError(error.message, "nothing was kept; a folder in place of a file keeps its parts") from None
    except StoppedError as stopped:
        raise InterruptedSweepError(
            "interrupted: nothing was kept; a folder in place of a file keeps its parts", stopped.code
        ) from None
    return rows


def write_parquet_file(path: str, plan: PartPlan, tick: Tick) -> int:
    """Write all rows to one Parquet file; the number of rows."""
    _require()
    from archcost.sweeping.output.parquet import ParquetRows

    return write_one(path, plan, lambda file: ParquetRows(file, plan), tick)


def write_csv_file(path: str, plan: PartPlan, cell: Callable[[Any], str], tick: Tick) -> int:
    """Write all rows to one CSV file; the number of rows. ``cell`` makes the text of a cell of a value."""
    require("numpy", extra="sweep")
    from archcost.sweeping.output.csv_rows import CsvRows

    return write_one(path, plan, lambda file: CsvRows(file, plan, cell), tick)


def _require(*packages: str) -> None:
    require("numpy", extra="sweep")
    require("pyarrow", extra="parquet")
    if packages:
        require(*packages, extra="cluster")
