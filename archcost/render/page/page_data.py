"""The JSON form of a page: all that the page in a browser shows, folded, and equal parts said once."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from archcost.documents import AtLeast, Count, Envelope, Matches, Positive, Shape

EXACT = 2**53  # beyond it a number in JavaScript is not exact
Figure = Count | Annotated[str, Matches("^[0-9]+$"), "Beyond 2^53: the digits."]
NodeId = Annotated[int, AtLeast(0)]


def figure(value: int) -> Any:
    """A whole number, as text where a number of JavaScript would not hold it exactly."""
    return value if abs(value) <= EXACT else str(value)


class CardPartData(TypedDict):
    """What a card's figure consists of, or what is beside it."""

    label: str
    value: str
    exact: str


class CardData(TypedDict):
    """A headline: a figure in few digits and to the unit, and its parts; ``state`` is whether a limit holds."""

    label: str
    value: str
    exact: str
    parts: list[CardPartData]
    state: Literal["ok", "bad"] | None


class PageMetricData(TypedDict):
    """A figure that nodes have, in the order of their ``figures``."""

    name: str
    label: str
    unit: Annotated[str, "count, operations, bytes or ns"]


class NamedShapeData(TypedDict):
    """An input or output of the model."""

    name: str
    shape: list[Positive]


class NodeData(TypedDict):
    """A scope or layer, or ``times`` equal neighbours; its id is its place in the list, and 0 is the whole model.

    ``figures`` are of all of them in the whole model, so that those of its children add up to it: null where nothing is
    known, and the places of those of which only a part is known are in ``unknown``. ``input`` and ``output`` are shapes
    of one of them. ``edges`` lead between its children: from, to, and the bytes handed on; null is what is around it.
    A scope has no ``op``, but may have a ``block``; ``file`` is the place of the file of its ``line`` among ``lines``.
    A layer whose ``detail`` is left out has none. ``suggestion`` is the place of the best one for it.
    """

    name: str
    path: str
    op: str | None
    block: NotRequired[str]
    parent: NodeId | None
    depth: Count
    times: Positive
    layers: Count
    figures: list[Figure | None]
    unknown: NotRequired[list[Count]]
    input: list[Shape]
    output: list[Shape]
    line: NotRequired[Positive]
    file: NotRequired[Count]
    detail: NotRequired[Count]
    suggestion: NotRequired[Count]
    edges: NotRequired[list[list[Figure | None]]]


class ReceptiveData(TypedDict):
    """What one position of the output sees of the first input, along each of its axes; fractions are text.

    An axis on which several paths see different sizes has all of them. It is of the first of equal neighbours;
    ``offset`` is where the field of position 0 begins.
    """

    size: list[Positive | list[Positive]]
    jump: list[int | str]
    offset: list[int | str]


class CountedData(TypedDict):
    """What other tools count of one layer, those that agree together; null where they count nothing of it."""

    name: str
    figure: Figure | None
    unit: Annotated[str, "MACs or FLOPs"]


class DetailData(TypedDict):
    """What is known of one layer: the lines of ``archcost explain``, its field, and other tools' figures."""

    arithmetic: list[str]
    receptive: ReceptiveData | None
    tools: list[CountedData] | None
    flops: Figure
    notes: list[str]


class FixedData(TypedDict):
    """Bytes that are there all the time."""

    label: str
    bytes: Figure


class AliveData(TypedDict):
    """What is alive: ``sets`` of tensors, each the node that made it, its bytes, and what it is where it has no node.

    ``of`` has the place of its set for each step, null where only the sum is known.
    """

    sets: list[list[list[int | str | None]]]
    of: list[Count | None]


class RunData(TypedDict):
    """Memory while a model runs: the ``fixed`` bytes, and at each step those that come on top.

    A step is a layer, or ``layers_a_step`` neighbours, of which it has the most. ``labels`` are the nodes of its steps,
    null where they are those of the timeline, and so is ``alive`` where it is as in the first run. ``phase`` is the
    step that the backward pass begins with, ``peak`` the one with the most bytes.
    """

    name: str
    label: str
    option: Annotated[str, "what asks `archcost memory` for it"]
    fixed: list[FixedData]
    steps: list[Figure]
    layers_a_step: Positive
    labels: list[NodeId | None] | None
    phase: Count | None
    peak: Count
    alive: AliveData | None
    limit: Figure | None


class TimelineData(TypedDict):
    """Memory over the run, as it is and as it could be; ``notes`` say what is left out."""

    labels: list[NodeId | None]
    runs: list[RunData]
    notes: list[str]


class SourceLinesData(TypedDict):
    """The lines of a file that nodes come from, by their numbers."""

    file: str
    text: dict[str, str]


class PageSuggestionData(TypedDict):
    """What would make a part cheaper: what and where, what it saves of the whole model, and where it was shown."""

    text: str
    saves: str
    training: str
    paper: str


class PageModelData(TypedDict):
    """A model: headlines, totals, the folded tree, details and memory; ``notes`` say what is left out.

    ``run`` says what its figures are of, and is empty for a pass over whole inputs; ``about`` on which inputs and in
    which dtypes, in a few texts. ``work`` is the metric of the operations that the page leads with. ``set_params`` are
    the params that are not at their defaults.
    """

    name: str
    path: str
    source: str
    run: str
    about: list[str]
    work: Annotated[str, "macs, or training_macs of a training step"]
    params: dict[str, Any]
    set_params: list[str]
    batch: Positive
    dtype: str
    inputs: list[NamedShapeData]
    outputs: list[NamedShapeData]
    cards: list[CardData]
    totals: dict[str, Figure]
    metrics: list[PageMetricData]
    nodes: list[NodeData]
    details: list[DetailData]
    suggestions: NotRequired[Annotated[list[PageSuggestionData], AtLeast(1)]]
    timeline: TimelineData
    lines: list[SourceLinesData]
    notes: list[str]


class PageDeviceData(TypedDict):
    """The device that times are predicted on, and how wrong that has been."""

    name: str
    title: str
    error: str


class PagePairsData(TypedDict):
    """The nodes of two models that stand for one another, each at most once; null for one that stands alone.

    ``marks`` has a sign for each pair: ``~`` changed, ``+`` added, ``-`` removed, `` `` the same.
    """

    pairs: list[list[NodeId | None]]
    marks: list[str]


class PageComparisonData(PagePairsData):
    """What stands for what in two models, and ``labels`` that tell them apart, by settings or paths if need be."""

    labels: list[str]


class PageObjectiveData(TypedDict):
    """What the front is about: the least or the most of a metric."""

    metric: str
    sense: Literal["min", "max"]


class PageBudgetData(TypedDict):
    """A limit on a metric."""

    metric: str
    limit: Figure


class PageDesignData(TypedDict):
    """A design: the text of what each axis sets, and its figures in the order of ``metrics``; null: unknown.

    ``note`` says what is wrong with it.
    """

    at: list[str]
    figures: list[Figure | None]
    front: NotRequired[Literal[True]]
    note: NotRequired[str]


class PageSweepData(TypedDict):
    """Designs of a space: in the plane of two metrics, ``x`` and ``y``, with their front, and as a table.

    ``notes`` say what is left out.
    """

    name: str
    about: str
    cards: list[CardData]
    axes: list[str]
    metrics: list[PageMetricData]
    x: str
    y: str
    objectives: list[PageObjectiveData]
    budgets: list[PageBudgetData]
    rows: list[PageDesignData]
    notes: list[str]


class PageData(Envelope):
    """One model, or one before and after a change, or a space of designs, as its page shows it."""

    models: list[PageModelData]
    comparison: PageComparisonData | None
    device: PageDeviceData | None
    sweep: PageSweepData | None
