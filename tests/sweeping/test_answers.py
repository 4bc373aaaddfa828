"""Answers by going through designs and by elimination are those of a plain loop."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

import pytest

from archcost.errors import SpecError, UsageError
from archcost.settings import Settings
from archcost.spec.loader import reads
from archcost.sweeping import answers as answering
from archcost.sweeping.answers import Answers
from archcost.sweeping.asking import Question, SortKey, read_keys, read_metrics, read_objectives
from archcost.sweeping.axes import make_space, read_vary
from archcost.sweeping.exact import sampling
from archcost.sweeping.sweep import Sweep
from tests.sweeping.brute_force import figures_of, tables_of

if TYPE_CHECKING:
    from archcost.sweeping.tables import SpaceTables

NET = """archcost: 1
name: net
params: {width: 8, kernel: 3, groups: 1}
input: [6, 16, 16]
layers:
  - conv2d: {out_channels: $width, kernel_size: $kernel, groups: $groups}
  - conv2d: {out_channels: 4, kernel_size: 3}
"""
VARY = ("width=6..12..2", "kernel=1,3,5", "groups=1,2,4")


@pytest.fixture(scope="module")
def tables() -> SpaceTables:
    return tables_of(make_space(reads(NET, name="net.yaml"), Settings(), list(map(read_vary, VARY))))


@pytest.fixture(params=["gone through", "worked out"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "worked out":
        monkeypatch.setattr(answering, "_FEW", 0)
    return str(request.param)


@pytest.fixture(scope="module")
def figures(tables: SpaceTables) -> dict[tuple[int, ...], dict[str, int]]:
    """Those of the valid designs."""
    found = {design: figures_of(tables.space, design) for design in product(*map(range, tables.space.lengths))}
    return {design: each for design, each in found.items() if each is not None}


def values_of(tables: SpaceTables, design: tuple[int, ...]) -> dict[str, int]:
    return {str(target): value for target, value in tables.space.values_of(design).items()}


CONDITIONS = [
    "",
    "macs <= 60 k",
    "params <= 600 and macs >= 40 k",
    "width >= 8 and kernel == 3",
    "params <= 700 and macs <= 80 k and width > 6",
    "macs > 100 * params",
    "peak_activation_bytes <= 12 KiB",
]


@pytest.mark.parametrize("where", CONDITIONS)
def test_counts(tables: SpaceTables, figures: dict[tuple[int, ...], dict[str, int]], way: str, where: str) -> None:
    answers = Answers(tables, where)
    assert answers.count() == len(meeting(tables, figures, where))
    assert answers.designs() == len(figures) == 24  # of 36: no 4 groups of 6 channels
    assert answers.invalid() == 12


def meeting(
    tables: SpaceTables, figures: dict[tuple[int, ...], dict[str, int]], where: str
) -> dict[tuple[int, ...], dict[str, int]]:
    """The designs for which a condition holds as Python has it."""
    import archcost

    text = re.sub(r"\b(\d+) k\b", r"\1 * 1000", where.replace(" KiB", " * 1024")) or "True"
    found = {}
    for design, each in figures.items():
        names = {**values_of(tables, design), **each}
        if "peak" in text:
            report = archcost.analyze(tables.space.spec, params=tables.space.params_of(design))
            names["peak_activation_bytes"] = report.totals.peak_activation_bytes
        if eval(text, {}, names):
            found[design] = each
    return found


@pytest.mark.parametrize("where", CONDITIONS)
def test_fronts(tables: SpaceTables, figures: dict[tuple[int, ...], dict[str, int]], way: str, where: str) -> None:
    found = Answers(tables, where, metrics=("params", "macs")).front((("macs", "min"), ("params", "max")))
    points = [(each["macs"], -each["params"]) for each in meeting(tables, figures, where).values()]
    expected = sorted({a for a in points if not any(b != a and b[0] <= a[0] and b[1] <= a[1] for b in points)})
    columns = found.figures(["macs", "params"])
    assert [(int(a), -int(b)) for a, b in zip(columns["macs"], columns["params"], strict=True)] == expected


@pytest.mark.parametrize("where", CONDITIONS)
def test_the_best(tables: SpaceTables, figures: dict[tuple[int, ...], dict[str, int]], way: str, where: str) -> None:
    found = Answers(tables, where, metrics=("params",)).best(("params", "max"))
    expected = max(each["params"] for each in meeting(tables, figures, where).values())
    assert [int(each) for each in found.figures(["params"])["params"]] == [expected]


@pytest.mark.parametrize("where", CONDITIONS)
def test_samples_meet_the_condition(
    tables: SpaceTables, figures: dict[tuple[int, ...], dict[str, int]], way: str, where: str
) -> None:
    answers = Answers(tables, where)
    drawn = [tuple(design) for design in answers.sample(400, 1).indices().tolist()]
    assert len(drawn) == 400
    expected = set(meeting(tables, figures, where))
    assert set(drawn) == expected  # of at most 24 designs each is missed with a chance of (23 / 24)^400 = 4e-8
    assert [tuple(each) for each in Answers(tables, where).sample(400, 1).indices().tolist()] == drawn


def test_draws_that_a_condition_thins_out_are_those_of_their_seed(
    tables: SpaceTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three batches at least of 16 draws, for 40."""
    monkeypatch.setattr(sampling, "BATCH", 16)
    monkeypatch.setattr(answering, "_FEW", 0)
    found = [Answers(tables, "macs / params > 0").sample(40, seed).indices().tolist() for seed in (0, 1, 2, 0)]
    assert [len(drawn) for drawn in found] == [40] * 4
    assert found[0] == found[3]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        alike = sum(a == b for a, b in zip(found[first], found[second], strict=True))
        assert alike < 12  # of 24 designs; as many are alike by chance with one of 10,000,000 pairs of seeds


def test_histograms_agree(tables: SpaceTables, figures: dict[tuple[int, ...], dict[str, int]], way: str) -> None:
    found = Answers(tables, metrics=("macs",)).histogram("macs", 5)
    assert found is not None
    values = [each["macs"] for each in figures.values()]
    assert (found.edges[0], found.edges[-1], sum(found.counts)) == (min(values), max(values), 24)
    for number, (low, high) in enumerate(zip(found.edges, found.edges[1:], strict=False)):
        last = number == len(found.counts) - 1
        assert found.counts[number] == sum(low <= value < high or (last and value == high) for value in values)


def test_the_order_of_rows(tables: SpaceTables, figures: dict[tuple[int, ...], dict[str, int]]) -> None:
    ask = Question(sort=(SortKey("kernel", falls=True), SortKey("params")), metrics=("params",))
    listing = Sweep(tables, ask).listing
    assert listing is not None
    rows = [tuple(design) for design in listing.indices().tolist()]
    valid = rows[:24]
    assert set(rows[24:]) == set(product(range(4), range(3), (2,)))  # invalid ones come last
    assert valid == sorted(valid, key=lambda design: (-(1, 3, 5)[design[1]], figures[design]["params"], design))


def test_causes_are_those_of_a_single_analysis(tables: SpaceTables, way: str) -> None:
    (cause,) = Answers(tables).causes()
    assert cause.designs == (12 if way == "gone through" else None)
    assert cause.diagnostic.message == "conv2d: 6 input channels cannot be divided into 4 groups"
    assert cause.diagnostic.mark is not None
    assert str(cause.diagnostic.mark) == "net.yaml:6:5"
    assert cause.diagnostic.help.startswith("`groups` must divide 6")


def test_nothing_valid_is_the_error_of_a_single_analysis() -> None:
    space = make_space(reads(NET, name="net.yaml"), Settings(), [read_vary("groups=4,5")])
    with pytest.raises(SpecError, match="cannot be divided into 4 groups"):
        Sweep(tables_of(space), Question())


def test_what_is_too_much_says_so(tables: SpaceTables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archcost.sweeping.listing.MAX_ANALYSES", 5)
    with pytest.raises(UsageError, match="run_bytes: 36 single analyses, one a design, and at most 5,000"):
        Sweep(tables, Question(metrics=("run_bytes",)))
    assert Sweep(tables, Question(metrics=("run_bytes",), top=5)).listing is not None
    monkeypatch.setattr(answering, "MAX_ROWS", 30)
    with pytest.raises(UsageError, match="36 designs are too many to list") as raised:
        Sweep(tables, Question())
    assert "--sample 1000" in raised.value.help
    with pytest.raises(UsageError, match="predicted_latency is of a device"):
        Sweep(tables, Question(where="predicted_latency <= 1 ms"))


@pytest.mark.parametrize(
    ("read", "text", "column", "message"),
    [
        (read_objectives, "min:macs,max:parms", 13, "there is no 'parms' here"),
        (read_objectives, "macs,params", 0, "'macs' is no objective"),
        (read_objectives, "min:macs", 0, "a front has two objectives at least"),
        (read_objectives, "min:macs,max:macs", 9, "'macs' is an objective already"),
        (read_keys, "macs,-parms", 6, "there is no 'parms' here"),
        (read_metrics, "macs,parms", 5, "there is no 'parms' here"),
    ],
)
def test_wrong_words_have_a_caret(read: object, text: str, column: int, message: str) -> None:
    from archcost.errors import ArgumentError

    with pytest.raises(ArgumentError) as raised:
        read(text, ("params", "macs"))  # type: ignore[operator]
    assert raised.value.diagnostic.message == message
    assert raised.value.diagnostic.mark is not None
    assert raised.value.diagnostic.mark.column == column
