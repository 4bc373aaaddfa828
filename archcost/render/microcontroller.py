"""The memory of a microcontroller as a document: SRAM and flash with their parts, and the kernels over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.microcontroller.arena import MADE, READ, RESERVED
from archcost.analysis.microcontroller.data import microcontroller_data
from archcost.analysis.microcontroller.kernels import INT8
from archcost.comparing.naming import model_names
from archcost.engines import TINYENGINE
from archcost.paths import scopes
from archcost.quantities import format_bytes, format_bytes_twice, format_share
from archcost.render.cell_text import shape_cell
from archcost.render.document import (
    Column,
    Gap,
    Heading,
    Line,
    Records,
    Table,
    branches_of,
    levels_left_out,
    rows_left_out,
)
from archcost.render.report import title_details
from archcost.render.row_cells import bytes_cell, kind_of, name_of
from archcost.render.several_specs import with_failed
from archcost.render.table_rows import first_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.analysis.microcontroller.study import FusedStudy
    from archcost.named_specs import SpecResult
    from archcost.render.document import Block, TreeLine

_HELD = 8  # tensors told by name


class MicrocontrollerDocument(NamedTuple):
    """Studies, one under the other, and a summary of several; specs that ``failed`` are named beside others."""

    studies: Sequence[FusedStudy]
    depth: int | None = None
    failed: Sequence[SpecResult] = ()

    @property
    def _wrong(self) -> list[str]:
        """The specs to be named, of which nothing is known."""
        return [one.title for one in self.failed] if len(self.studies) + len(self.failed) > 1 else []

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The blocks for people to read."""
        for index, study in enumerate(self.studies):
            if index:
                yield Gap()
            yield from _study_blocks(study, self.depth, most)
        if len(self.studies) + len(self._wrong) > 1:
            yield Gap()
            yield _summary(self.studies, self._wrong)

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """Every kernel of every model in the order they run; a spec that is wrong has a row with its name alone."""
        rows: list[Sequence[object]] = [
            (study.report.name, kernel["path"], kernel["op"], " ".join(kernel["fused"]), kernel["live_bytes"])
            for study in self.studies
            for kernel in microcontroller_data(study)["kernels"]
        ]
        rows += [(name, "", "", "", "") for name in self._wrong]
        return Records(("model", "path", "op", "fused", "live_bytes"), rows)

    def data(self) -> object:
        """A document, or a list of several."""
        return with_failed(map(microcontroller_data, self.studies), self.failed, "microcontroller")


def _study_blocks(study: FusedStudy, depth: int | None, most: int | None) -> Iterator[Block]:
    kernels = "fused kernels" + (", in place" if study.inplace else "")
    kernels += f" · {study.engine}" if study.engine != TINYENGINE else ""
    yield Heading(study.report.name, f"{title_details(study.report, INT8)} · {kernels}")
    where = f" while {study.peak_path} runs" if study.peak_path else ""
    sram, flash = (format_bytes_twice(size, rounded_first=True) for size in (study.sram, study.flash.total))
    yield Line(f"SRAM {sram}{where}; flash {flash}")
    yield _parts_table("SRAM", sram_parts(study), study.sram)
    yield _parts_table("flash", flash_parts(study), study.flash.total)
    yield _peak_table(study)
    rows, found, shown, deepest = first_rows(study.report, most, depth=depth)
    if rows:
        highs = _highs(study)
        largest = [max(highs.get(path, 0) for path in row.paths or (row.path,)) for row in rows]
        columns = [
            Column("layer", [name_of(row) for row in rows], flexible=True),
            Column("op", [kind_of(row) for row in rows], leaves=1),
            Column("output", [shape_cell(row.output) for row in rows], leaves=2),
            Column("tensors", list(map(bytes_cell, largest)), right=True),
            Column("peak", ["◂" if size == study.peak else "" for size in largest]),
            Column("of the peak", (), style="green", leaves=3, parts=largest),
        ]
        yield Table(columns)
        yield from rows_left_out(len(rows), found)
        if depth is None:
            yield from levels_left_out(shown, deepest)
    if study.in_place is not None:
        saved = study.sram - study.in_place.total
        less = f"{format_bytes(study.in_place.total)} of SRAM, {format_share(saved, study.sram)} less"
        yield Line(f"depthwise convolutions in place: {less} (`--inplace`)")


def sram_parts(study: FusedStudy) -> list[tuple[str, int]]:
    """The parts of the SRAM, by name."""
    arena = study.arena
    return [
        ("peak activations", arena.peak),
        ("columns to multiply", arena.columns),
        ("weights in int16", arena.widened),
    ]


def flash_parts(study: FusedStudy) -> list[tuple[str, int]]:
    """The parts of the flash, by name."""
    flash = study.flash
    return [
        ("weights", flash.weights),
        ("biases", flash.biases),
        ("scales", flash.scales),
        ("other tensors", flash.others),
        ("code of the engine", flash.engine),
    ]


def _parts_table(title: str, parts: Sequence[tuple[str, int]], total: int) -> Table:
    shown = [(name, size) for name, size in parts if size]
    return Table(
        [
            Column(title, [name for name, _ in shown], flexible=True),
            Column("bytes", [bytes_cell(size) for _, size in shown], right=True),
            Column("share", [format_share(size, total) for _, size in shown], right=True),
        ]
    )


def _peak_table(study: FusedStudy) -> Table:
    """The tensors that are there at the peak, the largest first."""
    held = study.arena.held
    names = study.report.graph.value_names([one.value for one in held])
    count = len(study.kernels.kernels)
    named = []
    for name, one in list(zip(names, held, strict=True))[:_HELD]:
        note = {MADE: "made now", READ: "read now", RESERVED: "reserved for the block"}.get(one.role)
        late = "an output of the model" if one.until in (-1, count) else f"waits for {study.path_of(one.until)}"
        named.append((name, one.bytes, note or late))
    rest = sum(one.bytes for one in held[_HELD:])
    named += [(f"{len(held) - _HELD} more", rest, "")] if rest else []
    return Table(
        [
            Column("at the peak", [name for name, _, _ in named], flexible=True),
            Column("bytes", [bytes_cell(size) for _, size, _ in named], right=True),
            Column("share", [format_share(size, study.peak) for _, size, _ in named], right=True),
            Column("", [note for _, _, note in named], flexible=True, style="dim"),
        ]
    )


def _highs(study: FusedStudy) -> dict[str, int]:
    """By path of a layer or scope: the most bytes of tensors while a kernel runs that has one of its layers."""
    nodes, found = study.report.graph.nodes, dict[str, int]()
    for kernel, live in zip(study.kernels.kernels, study.arena.live, strict=True):
        for node in kernel.nodes:
            for scope in scopes(nodes[node].path):
                found[scope] = max(found.get(scope, 0), live)
    return found


def _summary(studies: Sequence[FusedStudy], wrong: Sequence[str]) -> Table:
    none = [""] * len(wrong)
    return Table(
        [
            Column("model", [*model_names([study.report for study in studies]), *wrong], flexible=True),
            Column("SRAM", [format_bytes(study.sram) for study in studies] + none, right=True),
            Column("flash", [format_bytes(study.flash.total) for study in studies] + none, right=True),
            Column("where", [study.peak_path or "–" for study in studies] + none, flexible=True),
        ]
    )
