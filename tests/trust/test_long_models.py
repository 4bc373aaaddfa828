"""Commands on long models take work in proportion to their layers: calls are counted, not seconds."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.analysis.memory.conditions import Conditions
from archcost.analysis.memory.study import study
from archcost.cli import make_app
from archcost.comparing import compare as compare_reports
from archcost.conventions import TOOLS
from archcost.conventions.reconciliation import reconcile
from archcost.errors import SpecError
from archcost.explaining.overview import explain_model
from archcost.exporting.source import to_torch
from archcost.graph.unroll import Unroller
from archcost.indented_json import indented
from archcost.render import table_rows as report_rows
from archcost.render.comparison import ComparisonDocument
from archcost.render.printers.terminal import MAX_ROWS
from archcost.render.printing import write
from archcost.render.table_rows import first_rows
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable


def linears(count: int, offset: int = 0) -> str:
    """Distinct linear layers in a row."""
    steps = [
        f"  - {{id: l{(k * 7919 + offset) % 1000003}, linear: {{out_features: {8 + (k * 31 + offset) % 97}}}}}\n"
        for k in range(count)
    ]
    return "archcost: 1\nname: long\ninput: [8]\nlayers:\n" + "".join(steps)


def repeated(count: int) -> str:
    return (
        "archcost: 1\nname: long\ninput: [8]\n"
        f"layers: [{{repeat: {count}, linear: {{out_features: $(8 + (i * i) % 97)}}}}]\n"
    )


def calls(function: Callable[[], object]) -> int:
    """How many functions, of Python and of C, are called."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def load_only(count: int) -> object:
    return loads(linears(count))


def analyze(count: int) -> object:
    return archcost.analyze(loads(repeated(count)))


def to_json(count: int) -> object:
    return indented(archcost.analyze(loads(repeated(count))).to_dict())


def compare(count: int) -> object:
    return compare_reports(archcost.analyze(loads(linears(count))), archcost.analyze(loads(linears(count, 13))))


def export(count: int) -> object:
    return to_torch(archcost.analyze(loads(repeated(count))))


def memory(count: int) -> object:
    return study(archcost.analyze(loads(repeated(count))), Conditions())


def training(count: int) -> object:
    return study(archcost.analyze(loads(linears(count)), training=True), Conditions(training=True))


def told(count: int) -> object:
    return explain_model(archcost.analyze(loads(linears(count))))


def reconciled(count: int) -> object:
    return reconcile(archcost.analyze(loads(linears(count))), list(TOOLS))


def checked(count: int) -> object:
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "long.yaml")
        Path(path).write_text(f"{linears(count)}budgets: {{macs: 1 G, layers: {{'*': {{params: 1 M}}}}}}\n")
        return make_app(["check"])(["check", path, "--format", "json", "-o", os.devnull], standalone_mode=False)


def distinct(count: int) -> archcost.Report:
    """A repeated block whose every round is another one, so that no two layers are equal."""
    block = "{params: {c: }, layers: [{conv2d: {out_channels: $c, kernel_size: 3, padding: 1}}, relu]}"
    steps = f"[{{repeat: {count}, unit: {{c: $(8 + i)}}}}]"
    return archcost.analyze(
        loads(f"archcost: 1\nname: long\ninput: [3, 8, 8]\nlayers: {steps}\nblocks: {{unit: {block}}}\n")
    )


def table(count: int) -> object:
    return first_rows(distinct(count), MAX_ROWS, depth=3)


def fields(count: int) -> object:
    return distinct(count).receptive_fields()


COMMANDS = {
    "table": table,
    "fields": fields,
    "load": load_only,
    "analyze": analyze,
    "json": to_json,
    "compare": compare,
    "export": export,
    "memory": memory,
    "training": training,
    "explain": told,
    "reconcile": reconciled,
    "check": checked,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_work_grows_in_proportion(name: str, pytestconfig: pytest.Config) -> None:
    command = COMMANDS[name]
    few = 160 if name == "compare" else 120  # more than 500 layers are aligned by name alone
    least = 500 if pytestconfig.getoption("--all") else few
    command(100)  # what is worked out once
    small, large = calls(lambda: command(least)), calls(lambda: command(4 * least))
    assert large < 4 * small * 1.1


def test_a_table_of_a_comparison_shows_what_can_be_read(tmp_path: Path) -> None:
    count = MAX_ROWS // 2 + 100
    other = linears(count, 500_000).replace("out_features", "bias: false, out_features")
    comparison = compare_reports(archcost.analyze(loads(linears(count))), archcost.analyze(loads(other)))
    path = str(tmp_path / "out.txt")
    write(ComparisonDocument(comparison), "table", path)
    text = (tmp_path / "out.txt").read_text()
    assert f"{MAX_ROWS:,} of {2 * count:,} rows: --format csv has all of them" in text
    assert text.count(" linear ") == MAX_ROWS


def test_rows_that_are_not_shown_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 units of two layers: one row of the repeat, 300 of its rounds, 600 of layers."""
    report, made = distinct(300), 0
    row = report_rows._row

    def counted(place: report_rows.Place) -> report_rows.Row:
        nonlocal made
        made += 1
        return row(place)

    monkeypatch.setattr(report_rows, "_row", counted)
    shown = first_rows(report, 10, depth=3)
    assert (len(shown.rows), shown.found, shown.depth, shown.deepest) == (10, 901, 3, 3)
    assert made == 10
    assert first_rows(report, 10, sort="macs").found == 600
    assert made == 20


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": []},
        {"a": [1, -2, 2**80, 0.1, 1e300, True, False, None, 'é\n"\x1b\u2028'], "b": {"c": {}}},
        (1, (2, [3])),
        "text",
    ],
)
def test_json_is_what_the_standard_library_writes(value: object) -> None:
    assert indented(value) == json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def test_json_has_no_numbers_that_are_not_finite() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="is no JSON"):
            indented([value])
    with pytest.raises(TypeError, match="a set is no JSON"):
        indented({1})


ROUNDS = """archcost: 1
params: {counts: [2, 600000]}
input: [4]
blocks:
  unit: {params: {k: }, layers: [relu, {dropout: {p: $(k / 1000000)}}]}
  stage: {params: {s: }, layers: [{unit: {k: $i}, repeat: "$(counts[s])"}]}
layers: [{stage: {s: $i}, repeat: 2}]
"""


def test_rounds_that_are_too_many_are_counted_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 layers in each of 600,000 rounds, which all differ, are more than a million; of the stage before 4 are made."""
    made: list[str] = []
    add_op = Unroller.add_op

    def counted(self: Unroller, step: Any, kind: str, *rest: Any) -> Any:
        made.append(kind)
        return add_op(self, step, kind, *rest)

    monkeypatch.setattr(Unroller, "add_op", counted)
    with pytest.raises(SpecError, match="the model has more than 1,000,000 layers") as caught:
        archcost.analyze(loads(ROUNDS))
    assert str(caught.value.diagnostics[0].mark).endswith(":6:59")
    assert made == ["relu", "dropout"] * 2
