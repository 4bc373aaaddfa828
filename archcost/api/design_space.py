"""What :func:`archcost.space` returns: a space, and what is asked of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archcost.api.arguments import checked_methods
from archcost.api.design_tables import DesignTables
from archcost.displays import in_line, in_notebook
from archcost.errors import UsageError
from archcost.sweeping.asking import DEFAULT_METRICS, Question, read_keys, read_metric, read_metrics, read_objectives

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.api.design_tables import Designs
    from archcost.hardware.device import Device
    from archcost.sweeping.asking import Objective
    from archcost.sweeping.output.writing_rows import WrittenRows
    from archcost.sweeping.space import Space
    from archcost.sweeping.space_file import SpaceFile
    from archcost.sweeping.sweep import Sweep


@checked_methods
class DesignSpace:
    """A spec of which some params vary: ``size`` settings; :meth:`tables` walks it once for the costs of all."""

    def __init__(self, space: Space, file: SpaceFile | None = None, *, is_as_in_file: bool = True) -> None:
        self.space = space
        self.file = file
        self._is_as_in_file = is_as_in_file
        self._tables: DesignTables | None = None

    def __repr__(self) -> str:
        axes = {axis.name: len(axis) for axis in self.space.axes}
        return in_line(self, self.space.spec.name, settings=self.size, axes=axes)

    def _repr_html_(self) -> str | None:
        return in_notebook(self.space)

    @property
    def size(self) -> int:
        """The settings: the product of the numbers of values."""
        return self.space.size

    @property
    def expected(self) -> int | None:
        """The designs that its file says are published; None where other things vary, or are set, than in the file."""
        return self.file.expected if self.file is not None and self._is_as_in_file else None

    def tables(self) -> DesignTables:
        """The costs of all designs, from one walk; made once. Raises SpecError where no design is valid."""
        if self._tables is None:
            from archcost.sweeping.walk import tables

            self._tables = DesignTables(tables(self.space))
        return self._tables

    def sample(
        self, number: int, *, where: str = "", seed: int = 0, metrics: Sequence[str] = DEFAULT_METRICS
    ) -> Designs:
        """Independent draws, each uniform over the designs that meet a condition."""
        return self.tables().sample(number, where=where, seed=seed, metrics=metrics)

    def sweep(
        self,
        *,
        where: str | None = None,
        pareto: str | Sequence[Objective] = (),
        sort: str = "",
        top: int | None = None,
        count: bool = False,
        histogram: str = "",
        sample: int | None = None,
        seed: int = 0,
        metrics: str | Sequence[str] = DEFAULT_METRICS,
        device: Device | None = None,
    ) -> Sweep:
        """The answer to a question, as ``archcost sweep`` prints it; without ``where`` that of its file holds."""
        from archcost.sweeping.sweep import Sweep

        ask = self._asked(
            where, pareto, sample, seed, metrics, device, sort=sort, top=top, count=count, histogram=histogram
        )
        return Sweep(self.tables().tables, ask, self.expected)

    def write(
        self,
        path: str | os.PathLike[str],
        *,
        where: str | None = None,
        pareto: str | Sequence[Objective] = (),
        sample: int | None = None,
        seed: int = 0,
        metrics: str | Sequence[str] = DEFAULT_METRICS,
        device: Device | None = None,
        jobs: int = 1,
        shard: str = "",
        scheduler: str = "",
        part_designs: int | None = None,
        tick: Callable[[int], None] = lambda _: None,
    ) -> WrittenRows:
        """Write all designs, or draws, to a folder of Parquet parts, or to a file that ends in .parquet or .csv.

        A folder goes on where an interrupted run stopped. ``shard`` is ``"K/N"`` with K from 0; ``tick`` is called with
        numbers of designs that are done. In a program, ``jobs`` need ``if __name__ == "__main__":`` around the call.
        """
        from archcost.api.design_files import write_designs
        from archcost.render.csv_cells import cell_text

        ask = self._asked(where, pareto, sample, seed, metrics, device)
        return write_designs(
            self.tables().tables,
            ask,
            os.fspath(path),
            jobs=jobs,
            shard=shard,
            scheduler=scheduler,
            part_designs=part_designs,
            cell=cell_text,
            tick=tick,
        )

    def plot(
        self,
        path: str | os.PathLike[str],
        *,
        where: str | None = None,
        pareto: str | Sequence[Objective] = (),
        metrics: str | Sequence[str] = DEFAULT_METRICS,
        seed: int = 0,
    ) -> None:
        """Draw the designs in the plane of two metrics, their front, budgets and the best: .svg, .png or .pdf."""
        from archcost.render.sweep_plot import check_plot, write_plot

        check_plot(os.fspath(path))
        from archcost.sweeping.picture import picture

        ask = self._asked(where, pareto, None, seed, metrics, None)
        write_plot(picture(self.tables().tables, ask.where, ask.pareto, ask.metrics, ask.seed), os.fspath(path))

    def _asked(
        self,
        where: str | None,
        pareto: str | Sequence[Objective],
        sample: int | None,
        seed: int,
        metrics: str | Sequence[str],
        device: Device | None,
        *,
        sort: str = "",
        top: int | None = None,
        count: bool = False,
        histogram: str = "",
    ) -> Question:
        """A question, its words held against the space."""
        from archcost.sweeping.answers import metric_names
        from archcost.sweeping.sweep import checked

        tables = self.tables().tables
        known = metric_names(tables)
        chosen = read_metrics(metrics if isinstance(metrics, str) else ",".join(metrics), known)
        if sample is not None and (count or histogram):
            told = "a sample is designs in a list, and counts are of all designs"
            raise UsageError(told, "leave out either the sample, or the count or histogram")
        if histogram:
            read_metric(histogram, known, "--histogram")
        text = pareto if isinstance(pareto, str) else ",".join([f"{sense}:{name}" for name, sense in pareto])
        return Question(
            where=where if where is not None else (self.file.where if self.file else ""),
            metrics=chosen,
            pareto=read_objectives(text, known) if text else (),
            sort=read_keys(sort, (*known, *self.space.column_names)) if sort else (),
            top=None if top is None else checked(top, 1, "top"),
            counts=count,
            histogram=histogram,
            sample=None if sample is None else checked(sample, 1, "sample"),
            seed=checked(seed, 0, "seed"),
            device=device,
        )
