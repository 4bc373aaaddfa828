"""Limits as people write them: units, positions of errors, and what a figure may be."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcost
from archcost.errors import Mark, Source
from archcost.figures import BYTES, LIMITED, METRICS, PREDICTED, TIME
from archcost.quantities import UnitError, format_nanoseconds
from archcost.spec.budget_limits import OTHER_NAMES, Limit, parse_amount, parse_increase
from archcost.spec.document import parse_document
from archcost.spec.loader import loads
from archcost.spec.schema import spec_schema

if TYPE_CHECKING:
    from collections.abc import Callable

SPEC = jsonschema.Draft7Validator(spec_schema())
HEAD = "archcost: 1\ninput: [3, 8, 8]\nlayers: [relu]\nbudgets: "
NOWHERE = Mark(Source("test", ""), 0, 0)

AMOUNTS = [
    ("params", "60 k", 60 * 10**3),
    ("params", "60000", 60_000),
    ("params", "60_000", 60_000),
    ("params", "6e4", 60_000),
    ("params", "1.5 Ki", 1536),
    ("macs", "4.1 G", 4_100_000_000),
    ("macs", "4.1G", 4_100_000_000),
    ("flops", "1 T", 10**12),
    ("params", "1.0005 k", 1000),  # whole units: what is over 1000.5 is over 1000
    ("weight_bytes", "64 MiB", 64 * 2**20),
    ("weight_bytes", "64 MB", 64 * 10**6),
    ("activation_bytes", "0.1 KiB", 102),
    ("peak_activation_bytes", "100 B", 100),
    ("latency", "12 ms", 12 * 10**6),
    ("latency", "12.5 µs", 12_500),
    ("latency", "12.5 us", 12_500),
    ("latency", "3 s", 3 * 10**9),
]


@pytest.mark.parametrize(("metric", "text", "value"), AMOUNTS)
def test_amounts(metric: str, text: str, value: int) -> None:
    assert parse_amount(metric, text) == value


@pytest.mark.parametrize(
    ("metric", "text", "words"),
    [
        ("params", "64 MiB", "not a count"),
        ("params", "-1", "not negative"),
        ("params", "many", "expected a number"),
        ("params", "5%", "not a count"),
        ("params", "1" * 70, "too long"),
        ("weight_bytes", "64", "not a memory size"),
        ("weight_bytes", "64 M", "not a memory size"),
        ("weight_bytes", "64 Mi", "not a memory size"),
        ("peak_activation_bytes", "2 k", "not a memory size"),
        ("latency", "12", "not a time"),
        ("latency", "12 m", "not a time"),
        ("latency", "12 MiB", "not a time"),
    ],
)
def test_wrong_amounts_say_why(metric: str, text: str, words: str) -> None:
    with pytest.raises(UnitError, match=words):
        parse_amount(metric, text)


def test_percentages_are_exact() -> None:
    assert parse_increase("1.1%") == Fraction(11, 1000)
    for text in ("1", "-1%", "%"):
        with pytest.raises(UnitError):
            parse_increase(text)


def test_times_are_printed_in_three_digits() -> None:
    assert [format_nanoseconds(n) for n in (7, 999, 1500, 12_345_678, 2 * 10**9)] == [
        "7 ns", "999 ns", "1.50 µs", "12.3 ms", "2.00 s",
    ]  # fmt: skip


def limit(increase: str = "1%", floor: int = 0, maximum: int | None = None) -> Limit:
    share = None if maximum is not None else parse_increase(increase)
    return Limit("params", "", maximum, share, floor, "error", "", increase, NOWHERE)


@pytest.mark.parametrize(
    ("increase", "floor", "baseline", "allowed"),
    [
        ("1%", 0, 1000, 1010),
        ("1%", 0, 1050, 1060),  # 10.5 more are allowed, 11 are not
        ("0%", 0, 1000, 1000),
        ("1%", 50, 1000, 1050),  # both must be exceeded: the floor is the larger
        ("10%", 50, 1000, 1100),  # the share is the larger
        ("5%", 0, 0, 0),
        ("5%", 7, 0, 7),
    ],
)
def test_growth_must_exceed_the_share_and_the_floor(increase: str, floor: int, baseline: int, allowed: int) -> None:
    assert limit(increase, floor).allowed(baseline) == allowed


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 10**6), st.integers(0, 10**4))
def test_allowed_is_the_last_figure_that_does_not_exceed_both(now: int, base: int, floor: int, hundredths: int) -> None:
    share = Fraction(hundredths, 10_000)
    growth = Limit("macs", "", None, share, floor, "error", "", "", NOWHERE)
    exceeds_both = now - base > share * base and now - base > floor
    assert (now > growth.allowed(base)) == exceeds_both


def test_a_maximum_needs_no_baseline() -> None:
    assert limit(maximum=5).allowed(1000) == 5
    assert not limit(maximum=5).is_growth
    assert limit().is_growth


def budgets(text: str) -> list[Limit]:
    return loads(HEAD + text).budgets


def test_scalars_are_maxima_and_percentages_growth() -> None:
    params, macs, peak, latency = budgets("{params: 60 k, macs: 5%, peak_activation_memory: 2 MiB, latency: 12 ms}")
    assert (params.maximum, params.increase, params.text) == (60_000, None, "60 k")
    assert (macs.maximum, macs.increase, macs.text) == (None, Fraction(1, 20), "5%")
    assert (peak.metric, peak.maximum) == ("peak_activation_bytes", 2 * 2**20)
    assert latency.maximum == 12 * 10**6


def test_a_mapping_may_hold_both_and_stands_at_its_keys() -> None:
    text = "{params: {max: 60 k, increase: 1%, floor: 10 k, level: warn, message: ask}}"
    maximum, growth = budgets(text)
    assert (maximum.maximum, growth.increase, growth.floor) == (60_000, Fraction(1, 100), 10_000)
    assert (growth.level, growth.message, growth.text) == ("warn", "ask", "1%, floor 10 k")
    line = (HEAD + text).splitlines()[3]
    assert (maximum.mark.line, maximum.mark.column) == (3, line.index("max:"))
    assert growth.mark.column == line.index("increase:")


def test_limits_of_layers() -> None:
    one, other = budgets("{layers: {stem: {macs: 1 M}, 'inception_*': {params: 1%}}}")
    assert (one.pattern, one.metric, one.maximum) == ("stem", "macs", 10**6)
    assert (other.pattern, other.metric, other.increase) == ("inception_*", "params", Fraction(1, 100))


WRONG: list[tuple[str, str, str, str]] = [  # budgets, the place of the caret, message, help
    ("{parms: 60 k}", "parms", "unknown key 'parms' in budgets", "did you mean 'params'?"),
    ("{params: 64 MiB}", "64 MiB", "not a count", ""),
    ("{weight_bytes: 64}", "64}", "not a memory size", "write `64 MiB`"),
    ("{latency: 12}", "12}", "not a time", "write `12 ms`"),
    ("{params: }", "}", "an amount such as 4.1 G, or 5% of growth, got nothing", ""),
    ("{params: true}", "true", "got true", ""),
    ("{params: [1]}", "[1]", "got a list", ""),
    ("{params: $(3)}", "$(3)", "got $(3)", "expressions are not read in budgets"),
    ("{params: {max: 5%}}", "5%", "`max` is an absolute amount", "`increase: 5%` limits the growth"),
    ("{params: {increase: 5}}", "5}", "not a percentage", "`floor` takes an absolute amount"),
    ("{params: {increase: 5%, floor: 1%}}", "1%", "not a count", ""),
    ("{params: {floor: 1 k}}", "params", "neither `max` nor `increase`", "write `floor` beside `increase`"),
    ("{params: {max: 1 k, floor: 1 k}}", "floor", "write `floor` beside `increase`", ""),
    ("{params: {}}", "params", "neither `max` nor `increase`", "write `params: 4.1 G`"),
    ("{params: {max: 1 k, lvel: warn}}", "lvel", "unknown key 'lvel' in the limit of params", "did you mean 'level'?"),
    ("{params: {max: 1 k, level: info}}", "info", "a level is error or warn, got info", ""),
    ("{params: {max: 1 k, message: 3}}", "3}", "a message must be text", 'quote it: "3"'),
    ("{layers: {stem: {latency: 1 ms}}}", "latency", "a figure of the whole model, not of 'stem'", "params, macs"),
    ("{layers: {stem: {peak_activation_memory: 1 B}}}", "peak_", "a figure of the whole model", "activation_bytes"),
    ("{layers: {stem: {mac: 1}}}", "mac:", "unknown key 'mac' in the limits of 'stem'", "did you mean 'macs'?"),
    ("{layers: {stem: 1 M}}", "1 M", "must be a mapping", ""),
    ("{layers: {'': {macs: 1}}}", "''", "a pattern of layers is empty", "name a layer"),
    ("{layers: 3}", "3}", "'budgets.layers' must be a mapping", ""),
    ("[params]", "[", "'budgets' must be a mapping", ""),
]


@pytest.mark.parametrize(("text", "caret", "message", "help_line"), WRONG, ids=[row[0] for row in WRONG])
def test_errors_stand_at_the_very_key(text: str, caret: str, message: str, help_line: str) -> None:
    with pytest.raises(archcost.SpecError) as caught:
        loads(HEAD + text)
    (diagnostic,) = caught.value.diagnostics
    assert message in diagnostic.message
    assert help_line in diagnostic.help
    assert diagnostic.mark is not None
    assert (diagnostic.mark.line, diagnostic.mark.column) == (3, len("budgets: ") + text.index(caret))


def test_all_problems_are_told_in_one_run() -> None:
    with pytest.raises(archcost.SpecError) as caught:
        loads(HEAD + "{parms: 1, weight_bytes: 64, latency: 12}")
    assert len(caught.value.diagnostics) == 3


def data(text: str) -> Any:
    return parse_document(Source("test", HEAD + text))[0].plain()


GOOD = [
    "{params: 60 k, macs: 5%, flops: 6e4, peak_activation_memory: 2 MiB, latency: 12.5 µs}",
    "{params: 60000, weight_bytes: 1 kB, activation_bytes: 10%, peak_activation_bytes: 64MiB}",
    "{params: {max: 60 k, increase: 1%, floor: 10 k, level: warn, message: ask}}",
    "{latency: {increase: 10%, floor: 1 ms}}",
    "{layers: {stem: {macs: 1 M}, 'in*': {params: {increase: 0%}}}}",
]


@pytest.mark.parametrize("text", GOOD)
def test_the_schema_takes_what_is_read(text: str) -> None:
    assert [error.message for error in SPEC.iter_errors(data(text))] == []
    assert budgets(text)


@pytest.mark.parametrize("text", [row[0] for row in WRONG if "''" not in row[0]])
def test_the_schema_refuses_what_is_refused(text: str) -> None:
    assert list(SPEC.iter_errors(data(text)))


def test_the_page_lists_every_metric() -> None:
    page = (Path(__file__).parents[2] / "docs" / "budgets.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1] for row in page.partition("| metric |")[2].partition("\n\n")[0].splitlines()[2:]]
    listed = {name for row in rows for name in re.findall("`([a-z_]+)`", row)}
    assert listed == {*LIMITED, *OTHER_NAMES}


@pytest.mark.parametrize("metric", LIMITED)
def test_every_metric_can_be_limited(metric: str, net: Callable[..., Any]) -> None:
    amount = {BYTES: "1 GB", TIME: "1 s"}.get(METRICS[metric].unit, "1 G")
    limit = f"{{device: t4, max: {amount}}}" if metric == PREDICTED else amount
    (found,) = budgets(f"{{{metric}: {limit}}}")
    assert found.metric == metric
