"""A sweep as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict, cast

from archcost.documents import AtLeast, Count, Envelope, ErrorData, Positive, envelope
from archcost.indented_json import Stream
from archcost.sweeping.exact.intervals import Estimate
from archcost.sweeping.row_values import rows_of
from archcost.timing.data import ErrorClassData, error_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.sweeping.row_values import DesignRow
    from archcost.sweeping.space import Space
    from archcost.sweeping.sweep import Sweep
    from archcost.timing.prediction import Prediction


class AxisData(TypedDict):
    """An axis: the params, or elements of lists, that it sets, and at each step a value for each of them."""

    sets: Annotated[list[str], AtLeast(1)]
    values: Annotated[list[list[Any]], AtLeast(1)]


class SweptSpecData(TypedDict):
    """The spec of a space: its name and file, the hash of what was read, and the params that are the same for all."""

    name: str
    path: str
    sha256: str
    params: dict[str, Any]


class CountData(TypedDict):
    """How many designs: to the unit where ``exact``, else between ``low`` and ``high`` with a ``confidence``."""

    designs: Count
    exact: bool
    low: Count
    high: Count
    draws: NotRequired[Positive]
    confidence: NotRequired[float]


class CauseData(TypedDict):
    """Why settings are no designs: how many have the problem (null: not counted), and one of them."""

    designs: Count | None
    example: dict[str, Any]
    errors: Annotated[list[ErrorData], AtLeast(1)]


class HistogramData(TypedDict):
    """How many designs have edges[i] ≤ figure < edges[i + 1]; the last bin has its upper edge, too."""

    metric: str
    edges: list[int]
    designs: list[Count]


class RowData(TypedDict):
    """A design: what the axes set, its figures by metric, or what is wrong with it."""

    values: dict[str, Any]
    figures: dict[str, int]
    error: NotRequired[ErrorData]


class ObjectiveData(TypedDict):
    """What a front is about: of which metric it has the least, or the most."""

    metric: str
    sense: Literal["min", "max"]


class FigureBoundData(TypedDict):
    """A budget of the condition: low ≤ figure ≤ high, null where a side is open."""

    metric: str
    low: int | None
    high: int | None


class PredictedLatencyData(TypedDict):
    """Where times are predicted, and how wrong they may be: the kinds of the designs of which one was predicted."""

    device: str
    title: str
    errors: Annotated[list[Annotated[ErrorClassData | None, "Null: not validated."]], AtLeast(1)]


class SweepData(Envelope):
    """A space of designs, and the answer to a question about it.

    ``metrics`` are those that rows have, ``pareto`` what the front is about that they are, where one was asked for, and
    ``budgets`` the bounds on metrics in ``where``. ``settings`` are all combinations, ``designs`` those that are valid,
    and of such as differ in nothing that is read one; ``invalid`` are the others of these. ``expected`` are as many as
    are published, ``meeting`` those that meet the condition.
    """

    space: str
    spec: SweptSpecData
    batch: Positive
    dtype: str | None
    weight_dtype: str | None
    axes: list[AxisData]
    settings: Positive
    designs: Count
    invalid: Count
    causes: list[CauseData]
    where: str | None
    meeting: CountData | None
    metrics: list[str]
    pareto: NotRequired[list[ObjectiveData]]
    budgets: list[FigureBoundData]
    expected: NotRequired[Count]
    predicted: NotRequired[PredictedLatencyData]
    histogram: NotRequired[HistogramData]
    rows: NotRequired[list[RowData]]


def sweep_data(sweep: Sweep) -> SweepData:
    """The JSON form; rows are made as they are written."""
    space = sweep.space
    spec, settings = space.spec, space.settings
    document: dict[str, Any] = {
        **envelope("sweep"),
        "space": sweep.name,
        "spec": {"name": spec.name, "path": spec.place, "sha256": spec.sha256, "params": dict(settings.params)},
        "batch": settings.batch,
        "dtype": settings.dtype,
        "weight_dtype": settings.weight_dtype,
        "axes": [
            {"sets": [str(target) for target in axis.targets], "values": [list(values) for values in axis.values]}
            for axis in space.axes
        ],
        "settings": space.size,
        "designs": sweep.designs,
        "invalid": sweep.invalid,
        "causes": [
            {
                "designs": cause.designs,
                "example": _values(space, cause.example),
                "errors": [problem.to_dict() for problem in cause.diagnostics],
            }
            for cause in sweep.causes
        ],
        "where": sweep.where or None,
        "meeting": count_data(sweep.meeting) if sweep.meeting is not None else None,
        "metrics": list(_metrics(sweep)),
        "budgets": [{"metric": each.metric, "low": each.low, "high": each.high} for each in sweep.answers.where.bounds],
    }
    if sweep.predictions:
        document["predicted"] = predicted_of(sweep.predictions)
    if sweep.ask.pareto:
        document["pareto"] = [{"metric": metric, "sense": sense} for metric, sense in sweep.ask.pareto]
    if sweep.expected is not None:
        document["expected"] = sweep.expected
    if sweep.histogram is not None:
        found = sweep.histogram
        document["histogram"] = {"metric": found.metric, "edges": [*found.edges], "designs": [*found.counts]}
    if sweep.listing is not None:
        document["rows"] = Stream(lambda: _rows(sweep))
    return cast("SweepData", document)


def predicted_of(found: Sequence[Prediction]) -> PredictedLatencyData:
    """What is said of predicted times, of one prediction for each kind."""
    device = found[0].device
    errors = [None if one.error is None else error_data(one.error) for one in found]
    return {"device": device.name, "title": device.label, "errors": errors}


def count_data(found: int | Estimate) -> CountData:
    """A count, exact or estimated."""
    if isinstance(found, Estimate):
        return {
            "designs": found.value,
            "exact": False,
            "low": found.low,
            "high": found.high,
            "draws": found.draws,
            "confidence": found.confidence,
        }
    return {"designs": found, "exact": True, "low": found, "high": found}


def row_data(row: DesignRow) -> RowData:
    """A design."""
    plain: RowData = {"values": dict(row.values), "figures": dict(row.figures)}
    return plain if row.error is None else {**plain, "error": row.error.to_dict()}


def _rows(sweep: Sweep) -> Iterator[RowData]:
    assert sweep.listing is not None, "rows were asked for"
    for row in rows_of(sweep.listing, sweep.space, sweep.answers.singles, sweep.causes):
        named = {name: row.figures[name] for name in _metrics(sweep) if name in row.figures}
        yield row_data(row._replace(figures=named))


def _metrics(sweep: Sweep) -> tuple[str, ...]:
    """The figures of rows: those that were asked for, and those that a front is about."""
    return tuple(dict.fromkeys((*sweep.ask.metrics, *[name for name, _ in sweep.ask.pareto])))


def _values(space: Space, design: tuple[int, ...]) -> dict[str, Any]:
    return {str(target): value for target, value in space.values_of(design).items()}
