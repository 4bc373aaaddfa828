"""What decides the files of a sweep: two sweeps of equal plans write equal files, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.sweeping.output.columns import AxisColumn, axis_columns
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.sweeping.output.columns import Kind
    from archcost.sweeping.output.source import RowSource
    from archcost.sweeping.space import Axis

SCHEMA = "archcost.sweep-parts/1"
PART_DESIGNS = 1 << 20  # about a CPU second, and 16 MB for 45 axes of three values
MAX_PARTS = 1_000_000  # each is a file, and a record in the manifest
_WRITERS = ("numpy", "pyarrow")  # whose versions may change draws and bytes

Objectives = tuple[tuple[str, str], ...]  # a metric and "min" or "max" each


@dataclass(frozen=True)
class PartPlan:
    """Rows, the parts that they make, and the versions of what makes them."""

    source: RowSource
    part_designs: int = PART_DESIGNS
    objectives: Objectives = ()

    @cached_property
    def axis_columns(self) -> tuple[AxisColumn, ...]:
        """The columns of the axes."""
        return axis_columns(self.source.axes)

    @property
    def metrics(self) -> Mapping[str, Kind]:
        """The columns of the figures."""
        return self.source.metrics

    @property
    def part_chunks(self) -> int:
        """The chunks of a part: at least one, and no more than ``part_designs`` hold."""
        return max(1, self.part_designs // self.source.chunk_designs)

    @property
    def chunks(self) -> int:
        """⌈designs / chunk⌉."""
        return -(-self.source.designs // self.source.chunk_designs)

    @property
    def parts(self) -> int:
        """⌈chunks / chunks of a part⌉."""
        return -(-self.chunks // self.part_chunks)

    def check(self, shard: Shard) -> None:
        """Raise UsageError for more parts than a folder may have, and for a shard that has none of them."""
        if self.parts > MAX_PARTS:
            raise UsageError(
                f"{self.source.designs:,} designs are {self.parts:,} parts, and a folder has at most {MAX_PARTS:,}",
                "put more designs into a part with `--part-rows`, write fewer with `--sample`, or vary less",
            )
        if shard.number >= self.parts:
            are = "is 1 part" if self.parts == 1 else f"are {self.parts:,} parts"
            raise UsageError(
                f"shard {shard.number}/{shard.of} has nothing to make: there {are}",
                f"share the work among {self.parts:,} at most, or make more parts with a smaller `--part-rows`",
            )

    def chunks_of(self, part: int) -> range:
        """The numbers of the chunks of a part."""
        first = part * self.part_chunks
        return range(first, min(first + self.part_chunks, self.chunks))

    def designs_of(self, part: int) -> int:
        """The designs that a part goes through."""
        each = self.part_chunks * self.source.chunk_designs
        return min(each, self.source.designs - part * each)

    def designs_of_chunk(self, number: int) -> int:
        """The designs that a chunk goes through."""
        each = self.source.chunk_designs
        return min(each, self.source.designs - number * each)

    def file_of(self, part: int) -> str:
        """The name of a part's file; those of one plan sort by their numbers."""
        width = max(5, len(str(self.parts - 1)))
        return f"part-{part:0{width}d}.parquet"

    def to_dict(self) -> dict[str, Any]:
        """Everything that decides, as plain data; the head of a manifest."""
        return {
            "schema": SCHEMA,
            "tool": {"name": "archcost", "version": __version__},
            "written_with": versions(),
            **self.source.told,
            "axes": list(map(_axis_data, self.source.axes)),
            "metrics": [{"name": name, "type": kind} for name, kind in self.metrics.items()],
            "objectives": [f"{sense}:{metric}" for metric, sense in self.objectives],
            "designs": self.source.designs,
            "chunk_designs": self.source.chunk_designs,
            "part_designs": self.part_chunks * self.source.chunk_designs,
        }


def _axis_data(axis: Axis) -> dict[str, Any]:
    """The columns of an axis, and what is in them at each index: a value each."""
    columns = list(map(str, axis.targets))
    return {"columns": columns, "values": [list(values) for values in axis.values]}


def versions() -> dict[str, str]:
    """The versions here of the packages that rows and files come from."""
    return {name: version(name) for name in _WRITERS}


@dataclass(frozen=True, slots=True)
class Shard:
    """Every ``of``-th part, from ``number`` on, which counts from 0; the shards of one plan share no part."""

    number: int = 0
    of: int = 1

    def parts(self, plan: PartPlan) -> range:
        """The numbers of its parts."""
        return range(self.number, plan.parts, self.of)

    def __str__(self) -> str:
        return f"{self.number}-of-{self.of}"


def parse_shard(text: str) -> Shard:
    """A shard as it is typed, ``K/N`` with K from 0 to N - 1, as job arrays number their tasks."""
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and number.isascii() and of.isascii()):
        raise UsageError(f"a shard is K/N, such as 0/4, not '{text}'")
    if len(of) > len(str(MAX_PARTS)) or int(of) > MAX_PARTS:
        raise UsageError(f"a sweep is shared among at most {MAX_PARTS:,} shards, each of which makes a part at least")
    if len(number) > len(of) or not int(number) < int(of):
        last = f"0/{of} to {int(of) - 1}/{of}" if int(of) else "0/1 at least"
        raise UsageError(f"there is no shard {text}", f"shards count from 0: {last}")
    return Shard(int(number), int(of))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """What differs between the heads of two manifests: its name, as ``axes[0].values``, and both values."""
    for name in [*new, *(name for name in old if name not in new)]:
        yield from _differences(name, old.get(name), new.get(name))


def _differences(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for inner, was, now in differences(old, new):
            yield f"{name}.{inner}", was, now
    elif _are_records(old) and _are_records(new) and len(old) == len(new):
        for index, (was, now) in enumerate(zip(old, new, strict=True)):
            yield from _differences(f"{name}[{index}]", was, now)
    elif old != new or type(old) is not type(new):
        yield name, old, new


def _are_records(value: Sequence[Any] | Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
