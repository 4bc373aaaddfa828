"""Predicted beside measured times: ratios and marks by hand, and what commands and documents say of them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.hardware.measured import Calibration
from archcost.pytorch.beside import Beside, layers_beside, mismatch_of, model_beside, part_beside, together
from archcost.pytorch.timing import Environment, Latency, summarise
from archcost.quantities import format_nanoseconds
from archcost.timing.prediction import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

I9 = ("--predict-device", "i9-10940x")
BENCH = ("bench", "squeezenet1_1", "--device", "cpu", "--threads", "1")
CPU = Environment("cpu", "a processor", 1, "2", "float32", channels_last=False, compile=False)

# nanoseconds, seconds, stated error in thousandths: the ratio, and whether |measured ÷ predicted − 1| is above it
PAIRS = {
    "right": (1000, 1e-6, 200, 1.0, False),
    "slow, within": (900, 1e-6, 200, 0.9, False),  # 1 / 0.9 − 1 = 0.11
    "slow, outside": (800, 1e-6, 200, 0.8, True),  # 1 / 0.8 − 1 = 0.25
    "fast, within": (1200, 1e-6, 200, 1.2, False),  # 1 − 1 / 1.2 = 0.167
    "fast, outside": (1300, 1e-6, 200, 1.3, True),  # 1 − 1 / 1.3 = 0.23
    "no stated error": (10, 1e-6, None, 0.01, None),
    "a view": (0, 1e-6, 200, None, None),
    "not measured": (1000, None, 200, None, None),
}


@pytest.mark.parametrize(("nanoseconds", "seconds", "p90", "ratio", "outside"), PAIRS.values(), ids=PAIRS)
def test_the_ratio_and_the_mark(
    nanoseconds: int, seconds: float | None, p90: int | None, ratio: float | None, outside: bool | None
) -> None:
    found = Beside(nanoseconds, seconds, p90)
    assert found.ratio == (None if ratio is None else pytest.approx(ratio))
    assert found.outside is outside


def test_several_are_the_sum_of_either_side() -> None:
    found = together([Beside(1000, 1e-6, 200), Beside(0, 3e-6, 200)], times=2)
    assert found == Beside(2000, pytest.approx(8e-6), 200)
    assert together([]) is None


def _measured(prediction: Prediction, times: float) -> Latency:
    """A measurement in which everything takes so many times as long as predicted, views a microsecond."""
    layers = [summarise([time.nanoseconds * times / 1e9 or 1e-6]) for time in prediction.layers]
    total = summarise([prediction.nanoseconds * times / 1e9])
    return Latency(prediction.report, CPU, total, tuple(layers), prediction=prediction)


def test_layers_and_scopes_stand_beside_their_own() -> None:
    prediction = archcost.predict("squeezenet1_1", device="i9-10940x")
    latency = _measured(prediction, 2)
    whole = model_beside(latency)
    assert whole is not None
    assert whole.ratio == pytest.approx(0.5)
    ratios = [found.ratio for found in layers_beside(latency) if found is not None]
    assert len(ratios) == len(prediction.layers)
    assert all(ratio is None or ratio == pytest.approx(0.5) for ratio in ratios)
    fire = part_beside(latency, layers_beside(latency), "fire2")
    assert fire is not None
    assert fire.nanoseconds == sum(time.nanoseconds for time in prediction.layers if time.path.startswith("fire2."))


def test_layers_of_a_compiled_model_are_not_those_that_are_measured() -> None:
    latency = _measured(archcost.predict("squeezenet1_1", device="i9-10940x", compiled=True), 1)
    assert set(layers_beside(latency)) == {None}
    whole = model_beside(latency)
    assert whole is not None
    assert whole.p90 is not None  # batch 1 in float32 is validated
    assert whole.outside is False


def test_another_kind_of_device_is_told() -> None:
    assert mismatch_of(_measured(archcost.predict("squeezenet1_1", device="i9-10940x"), 1)) == []
    (told,) = mismatch_of(_measured(archcost.predict("squeezenet1_1", device="t4"), 1))
    assert told == "measured on cpu, predicted for Tesla T4: they are not the same"


def test_other_threads_are_told() -> None:
    prediction = archcost.predict("squeezenet1_1", device="i9-10940x")
    measured = Calibration("2", 2, "float32", spread=0, load=0, share=1000, each_ns=0, products={}, passes={})
    latency = _measured(prediction, 1)
    told = Prediction(prediction.report, prediction.device._replace(measured=measured), prediction.run)
    for threads, count in ((2, 0), (1, 1)):
        environment = replace(CPU, threads=threads)
        found = mismatch_of(replace(latency, environment=environment, prediction=told))
        assert found == ["measured with --threads 1, predicted for --threads 2: give both the same"] * count


@pytest.mark.usefixtures("fixed_clock")
def test_without_layers_none_is_marked(run: Callable[..., Run]) -> None:
    assert "is marked" in run(*BENCH, *I9).out
    assert "is marked" not in run(*BENCH, *I9, "--no-layers").out


@pytest.mark.usefixtures("fixed_clock")
def test_bench_has_both(run: Callable[..., Run]) -> None:
    out = run(*BENCH, *I9).out
    predicted = archcost.predict("squeezenet1_1", device="i9-10940x")
    (heading,) = [line for line in out.splitlines() if line.split()[:2] == ["layer", "op"]]
    assert heading.split()[3:6] == ["time", "predicted", "pred./meas."]
    assert "Core i9-10940X (float32, eager)" in out
    assert "not validated" in out
    printed = json.loads(run(*BENCH, *I9, "--format", "json").out)["results"][0]
    assert printed["predicted"]["predicted_ns"] == predicted.nanoseconds == printed["beside"]["predicted_ns"]
    assert printed["beside"]["outside_stated_error"] is None
    for layer, time in zip(printed["layers"], predicted.layers, strict=True):
        assert layer["beside"]["predicted_ns"] == time.nanoseconds
        if time.nanoseconds:
            ratio = time.nanoseconds / 1e9 / layer["latency_seconds"]["median"]
            assert layer["beside"]["predicted_over_measured"] == pytest.approx(ratio)
    rows = list(csv.DictReader(run(*BENCH, *I9, "--format", "csv").out.splitlines()))
    assert int(rows[0]["predicted_ns"]) == predicted.nanoseconds
    assert [int(row["predicted_ns"]) for row in rows[1:]] == [time.nanoseconds for time in predicted.layers]


@pytest.mark.usefixtures("fixed_clock")
def test_what_is_outside_is_marked(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    from archcost.timing import error_classes
    from archcost.timing.error_classes import ErrorClass, kind_of

    kind = kind_of(archcost.device("i9-10940x"), "float32", 1, compiled=False)
    monkeypatch.setattr(error_classes, "_classes", lambda: {kind: ErrorClass(kind, 100, 300, 990, 9, 3, 1)})
    printed = json.loads(run(*BENCH, *I9, "--format", "json").out)["results"][0]
    outside = [layer["path"] for layer in printed["layers"] if layer["beside"]["outside_stated_error"]]
    assert 0 < len(outside) < len(printed["layers"])
    out = run(*BENCH, *I9, "--depth", "9").out
    marked = [line.split()[0] for line in out.splitlines() if " outside " in line and "stated" not in line]
    assert {path.rpartition(".")[2] for path in outside} <= set(marked)
    assert "a layer is marked where speed is off by more than 30.0%" in out


@pytest.mark.usefixtures("fixed_clock")
def test_several_models_have_a_column(run: Callable[..., Run]) -> None:
    out = run(
        "bench", "conv5x5", "conv5x5_reduced", "--device", "cpu", "--threads", "1", *I9, "--format", "markdown"
    ).out
    rows = [line for line in out.splitlines() if line.startswith("| conv5x5") and line.count("|") > 6]
    predicted = [archcost.predict(name, device="i9-10940x").nanoseconds for name in ("conv5x5", "conv5x5_reduced")]
    assert [any(f"| {format_nanoseconds(time)} |" in row for row in rows) for time in predicted] == [True, True]


@pytest.mark.usefixtures("fixed_clock")
def test_verify_has_both(run: Callable[..., Run]) -> None:
    words = ("verify", "conv5x5_reduced", "--latency", "--threads", "1", *I9)
    out = run(*words).out
    assert "pred./meas." in out
    assert "predicted: " in out
    printed = json.loads(run(*words, "--format", "json").out)
    assert all(layer["beside"]["predicted_ns"] > 0 for layer in printed["layers"])
    assert printed["predicted"]["device"] == "i9-10940x"
    rows = list(csv.DictReader(run(*words, "--format", "csv").out.splitlines()))
    assert [int(row["predicted_ns"]) for row in rows] == [
        layer["beside"]["predicted_ns"] for layer in printed["layers"]
    ]


ERRORS = {
    "nothing measured": (("verify", "conv5x5", *I9), "--predict stands beside what is measured, and nothing is"),
    "no such device": (("bench", "conv5x5", "--predict-device", "i8"), "there is no device 'i8'"),
}


@pytest.mark.parametrize(("words", "message"), ERRORS.values(), ids=ERRORS)
def test_what_cannot_stand_beside_says_why(words: tuple[str, ...], message: str, run: Callable[..., Run]) -> None:
    result = run(*words)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
