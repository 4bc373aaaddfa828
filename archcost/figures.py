"""The figures that a model has: one row a metric, from which all that tells of one derives.

Tables, columns, sorting, JSON and its schemas, sheets, budgets, lock files and comparisons take from here which metrics
there are, what they are called and what they are measured in. A metric that adds up over layers is computed in
:mod:`archcost.analysis.costs`, in the field of its name; another one says itself how it comes from a model's totals.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

LATENCY, PEAK, RUN = "latency", "peak_activation_bytes", "run_bytes"
PREDICTED = "predicted_latency"  # on a device that the limit names
ON_CHIP = SRAM, SRAM_INPLACE, FLASH = "sram", "sram_inplace", "flash"  # of a microcontroller, in int8
COUNT, OPERATIONS, BYTES, TIME = "count", "operations", "bytes", "ns"  # operations are counts that may be unknown


class Metric:
    """A row: a figure, and where it is told. As an attribute, it is the figure of what has ``costs``.

    ``label`` is its name in text, ``heading`` above a column, ``short`` in the line below a table, where ``rank`` is
    its place (0: it is not there), and where it follows the ``usual`` one: "98 params, 91 trainable". It is told

    - in ``totals``: among the JSON report's totals;
    - under a ``limit``: by budgets, lock files and comparisons, as a figure to sort by, and of the JSON's layers;
    - in a ``column`` on request, unless it has one anyway;
    - under ``expect``, where a spec may state what is published.

    An ``optional`` one is told only where it is not as usual: as the metric named, or 0. A lock file keeps what a layer
    lacks of the usual figure under the name in ``lacks``; one that is older than a ``late`` metric has no figure of it.
    One ``of_training`` is of a training step: an analysis of inference has none, and budgets judge such analyses.
    What is ``additive`` is the sum over layers. Any other comes ``of`` the totals of a model, or is the sum of its
    ``parts``, and stands ``after`` another metric.
    """

    def __init__(
        self,
        label: str,
        unit: str = COUNT,
        *,
        name: str = "",
        heading: str = "",
        short: str = "",
        rank: int = 0,
        totals: bool = True,
        limit: bool = True,
        column: bool = True,
        additive: bool = True,
        expect: bool = False,
        optional: bool = False,
        usual: str = "",
        lacks: str = "",
        late: bool = False,
        of_training: bool = False,
        of: Callable[[Any], int] | None = None,
        parts: tuple[str, ...] = (),
        after: str = "",
    ) -> None:
        self.name = name
        self.label = label
        self.unit = unit
        self.heading = heading or label
        self.short = short or label
        self.rank = rank
        self.totals = totals
        self.limit = limit
        self.column = column
        self.additive = additive
        self.expect = expect
        self.optional = optional
        self.usual = usual
        self.lacks = lacks
        self.late = late
        self.of_training = of_training
        self.parts = parts
        self.after = after
        self._of = of

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if self.parts:
            self._of = lambda totals: sum([getattr(totals, part) for part in self.parts])
        elif self._of is None:
            self._of = attrgetter(f"costs.{name}")

    @overload
    def __get__(self, holder: None, kind: type) -> Metric: ...
    @overload
    def __get__(self, holder: object, kind: type) -> int: ...
    def __get__(self, holder: object | None, kind: type) -> Metric | int:
        return self if holder is None or self._of is None else self._of(holder)

    def __repr__(self) -> str:
        return f"<Metric {self.name}>"

    def usual_of(self, figures: Mapping[str, int]) -> int:
        """What an optional figure is in most models, which have nothing to tell of it."""
        return figures[self.usual] if self.usual else 0

    def tells(self, figures: Mapping[str, int]) -> bool:
        """Whether the figure says something that the others do not."""
        if not self.optional:
            return True
        return self.name in figures and figures[self.name] != self.usual_of(figures)


class LayerFigures:
    """The metrics that add up over layers, of what has ``costs``: a layer, a scope, a model."""

    __slots__ = ()

    params = Metric("params", column=False, expect=True)
    weights = Metric("weights", totals=False, limit=False, column=False, expect=True)
    active_params = Metric(
        "active params", short="active", optional=True, usual="params", lacks="idle_params", rank=50, expect=True
    )
    trainable_params = Metric(
        "trainable params", short="trainable", optional=True, usual="params", lacks="frozen_params", rank=45
    )
    buffers = Metric("buffers", limit=False, optional=True, rank=70)
    macs = Metric("MACs", OPERATIONS, column=False, expect=True)
    flops = Metric("FLOPs", OPERATIONS, rank=40)
    training_macs = Metric("training MACs", OPERATIONS, optional=True, of_training=True, rank=42)
    training_flops = Metric("training FLOPs", OPERATIONS, optional=True, of_training=True, rank=44)
    weight_bytes = Metric("weight bytes", BYTES, short="weights", rank=10)
    buffer_bytes = Metric("buffer bytes", BYTES, short="buffers", limit=False, optional=True)
    activation_bytes = Metric("activation bytes", BYTES)
    cache_bytes = Metric("KV cache", BYTES, heading="cache bytes", optional=True, rank=60, expect=True)


class ModelFigures(LayerFigures):
    """The metrics of a whole model."""

    __slots__ = ()

    peak_activation_bytes = Metric(
        "peak activations",
        BYTES,
        rank=30,
        column=False,
        additive=False,
        of=attrgetter("peak"),
        after="activation_bytes",
    )
    run_bytes = Metric(
        "memory to run",
        BYTES,
        rank=5,
        column=False,
        additive=False,
        late=True,
        parts=("weight_bytes", "buffer_bytes", "cache_bytes", "peak_activation_bytes"),
        after="cache_bytes",
    )


def _rows() -> list[Metric]:
    """Every metric of a model, in order, and those that are worked out, or measured, where a limit asks for them."""
    found = [row for row in vars(LayerFigures).values() if isinstance(row, Metric)]
    for row in vars(ModelFigures).values():
        if isinstance(row, Metric):
            found.insert([each.name for each in found].index(row.after) + 1, row)
    return [
        *found,
        Metric("SRAM", BYTES, name=SRAM, totals=False, column=False, additive=False),
        Metric("SRAM in place", BYTES, name=SRAM_INPLACE, totals=False, column=False, additive=False),
        Metric("flash", BYTES, name=FLASH, totals=False, column=False, additive=False),
        Metric("predicted latency", TIME, name=PREDICTED, totals=False, column=False, additive=False),
        Metric("latency", TIME, name=LATENCY, totals=False, column=False, additive=False),
    ]


_ROWS = _rows()
METRICS = {row.name: row for row in _ROWS}
LIMITED = tuple([row.name for row in _ROWS if row.limit and not row.of_training])
TOTALS = tuple([row.name for row in _ROWS if row.limit and row.totals])  # what models are compared by
WHOLE_MODEL = tuple([row.name for row in _ROWS if row.limit and not row.additive])
OF_LAYERS = tuple([row.name for row in _ROWS if row.limit and row.additive])
LIMITED_OF_LAYERS = tuple([name for name in OF_LAYERS if name in LIMITED])
ALWAYS = tuple([name for name in OF_LAYERS if not METRICS[name].optional])
OPTIONAL = tuple([name for name in OF_LAYERS if METRICS[name].optional])
UNDECLARED = tuple([row.name for row in _ROWS if row.unit == OPERATIONS])  # what a layer may leave unknown
EXPECTED = tuple([row.name for row in _ROWS if row.expect])
IN_REPORTS = tuple([row.name for row in _ROWS if row.totals])
FACTS = tuple([row.name for row in sorted(_ROWS, key=lambda row: row.rank) if row.rank])
COLUMNS = tuple(  # counts before bytes, and first what every model has
    [row.name for row in sorted(_ROWS, key=lambda row: (row.unit == BYTES, row.optional)) if row.column]
)


def told_of(names: Iterable[str], *, training: bool) -> tuple[str, ...]:
    """Of some metrics those that an analysis has: one of inference knows nothing of a training step."""
    return tuple([name for name in names if training or not METRICS[name].of_training])


def telling(models: Sequence[Mapping[str, int]]) -> tuple[str, ...]:
    """Of TOTALS those that say something of any of several models, whose figures are given."""
    return tuple([name for name in TOTALS if any(map(METRICS[name].tells, models))])
