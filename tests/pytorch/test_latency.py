"""Measured latency: statistics by hand, real measurements of small models, and what the reports say."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import torch

import archcost
from archcost.pytorch import latency
from archcost.pytorch.devices import choose_device
from archcost.pytorch.latency import MeasureSettings, measure
from archcost.pytorch.timing import Environment, Latency, Timing, speed_up, summarise, warnings
from archcost.render.latency import comparison
from archcost.render.times import spread_text, time_text
from archcost.spec.loader import loads
from tests.cover import some

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

QUICK = MeasureSettings(device="cpu", threads=1, min_time=0.02)
SMALL = (
    "archcost: 1\nname: small\ninput: [4, 12, 12]\nlayers:\n"
    "  - conv2d: {out_channels: 4, kernel_size: 3, padding: 1}\n    repeat: 3\n  - relu\n  - flatten\n"
    "  - linear: {out_features: 5}\n"
)
TOKENS = (
    "archcost: 1\nname: tokens\ninput: {shape: [7], dtype: int64}\nlayers:\n"
    "  - embedding: {num_embeddings: 10, embedding_dim: 8}\n  - lstm: {hidden_size: 6}\n"
)
devices = pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")),
    ],
)


@pytest.mark.parametrize(
    ("samples", "median", "iqr", "p95"),
    [
        ([1.0], 1.0, None, 1.0),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 3.0, 4.0 - 2.0, 4.0 + 0.8 * (5.0 - 4.0)),
        ([4.0, 1.0, 2.0, 3.0], 2.5, 3.25 - 1.75, 3.0 + 0.85 * (4.0 - 3.0)),
    ],
)
def test_statistics(samples: list[float], median: float, iqr: float | None, p95: float) -> None:
    timing = summarise(samples)
    assert (timing.median, timing.iqr) == (median, iqr)
    assert timing.p95 == pytest.approx(p95)
    assert (timing.minimum, timing.runs) == (min(samples), len(samples))


def test_no_samples_are_an_error() -> None:
    with pytest.raises(ValueError, match="no samples"):
        summarise([])


def test_the_ratio_carries_both_spreads() -> None:
    fast = Timing(median=2.0, iqr=0.0, p95=2.0, minimum=2.0, runs=5)
    slow = Timing(median=6.0, iqr=1.349 * 0.6, p95=7.0, minimum=5.0, runs=5)  # a standard deviation of 0.6
    assert speed_up(fast, slow) == pytest.approx((6.0 / 2.0, 3.0 * 0.1))
    assert speed_up(fast, fast) == (1.0, 0.0)
    once = Timing(median=4.0, iqr=None, p95=4.0, minimum=4.0, runs=1)
    assert speed_up(fast, once) == (2.0, None)


@devices
def test_every_layer_is_timed(device: str) -> None:
    report = archcost.analyze(loads(SMALL))
    (result,) = measure([report], replace(QUICK, device=device))
    assert len(result.layers) == len(report.layers) == 3 + 3
    assert result.layers[0] is result.layers[1] is result.layers[2]  # one signature, timed once
    timings = [timing for timing in (result.total, *result.layers) if timing is not None]
    assert len(timings) == 1 + 6
    assert all(0 < timing.minimum <= timing.median <= timing.p95 for timing in timings)
    assert result.throughput == pytest.approx(1 / result.total.median)
    assert result.environment.device == device
    assert (result.peak_device_bytes is not None) is (device == "cuda")


@devices
@pytest.mark.parametrize("text", [SMALL, TOKENS])
def test_models_of_any_input_run(device: str, text: str) -> None:
    report = archcost.analyze(loads(text), batch=2)
    (result,) = measure([report], replace(QUICK, device=device, layers=False))
    assert result.layers == ()
    assert result.throughput == pytest.approx(2 / result.total.median)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_dtypes_and_memory_order(dtype: str) -> None:
    report = archcost.analyze(loads(SMALL), dtype=dtype)
    (result,) = measure([report], replace(QUICK, channels_last=True))
    assert (result.environment.dtype, result.environment.channels_last) == (dtype, True)


@pytest.mark.parametrize("backend", some(["inductor", "eager"], ["eager"]))
def test_a_compiled_model_runs(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What inductor does with the graph takes long, and is torch's own."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=backend))
    report = archcost.analyze(loads(SMALL))
    (result,) = measure([report], replace(QUICK, compile=True, layers=False))
    assert result.environment.compile
    assert result.total.median > 0


def test_a_device_that_is_missing_is_named() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    if not torch.cuda.is_available():
        with pytest.raises(archcost.UsageError, match="no CUDA device"):
            choose_device("cuda")


def measured(name: str, median: float, iqr: float | None = 0.0) -> Latency:
    report = archcost.analyze(name)
    timing = Timing(median, iqr, median, median, 1 if iqr is None else 9)
    environment = Environment("cpu", "a processor", 2, "2.0", "float32", channels_last=False, compile=False)
    return Latency(report, environment, timing)


def test_the_comparison_is_told_in_words() -> None:
    results = [measured("conv5x5", 0.006), measured("conv5x5_reduced", 0.002)]
    assert [line.head + line.text for line in comparison(results)] == [
        "Summary",
        "  conv5x5_reduced ran",
        "    3.00 ± 0.00 times faster than conv5x5, which has 9.68 times its MACs",
    ]


def test_a_noisy_machine_is_named() -> None:
    assert warnings(measured("conv5x5", 1.0, 0.05)) == []
    assert "noisy" in warnings(measured("conv5x5", 1.0, 0.2))[0]


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.34, "12.3 s"), (0.00123, "1.23 ms"), (4.56e-5, "45.6 µs"), (7e-8, "70 ns")]
)
def test_times_have_three_digits(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_one_run_has_no_spread() -> None:
    once = measured("conv5x5", 4.28, None)
    assert spread_text(once.total) == "4.28 s, one run, no spread"
    assert once.total.to_dict()["iqr"] is None
    assert (once.total.spread, once.total.noisy, once.total.steady) == (None, False, False)
    assert warnings(once) == ["the model ran once, so its spread is unknown: give a longer --min-time"]
    layers = (once.total, measured("conv5x5", 1.0).total, None)
    assert warnings(replace(once, layers=layers))[1].startswith("1 of 2 layers ran once")
    lines = comparison([once, measured("conv5x5_reduced", 2.14)])
    assert lines[2].text.startswith("2.00 times faster than conv5x5,")


@pytest.mark.parametrize(("least", "runs"), [(1, 1), (2, 2)])
def test_what_is_judged_runs_twice(least: int, runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Timer:
        def __init__(self, *_: object, **__: object) -> None: ...

        def blocked_autorange(self, **_: object) -> object:  # a call longer than all patience
            return SimpleNamespace(times=[9.0], raw_times=[9.0])

    monkeypatch.setattr(latency.benchmark, "Timer", Timer)
    assert len(latency._sample(lambda: None, 1.0, 1, least)) == runs


DECLARED = """archcost: 1
name: cust
input: [4, 12, 12]
layers:
  - {id: stem, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
  - {id: half, custom: {name: half, output: [$batch, 4, 12, 12], macs: 700000, flops: 1400000}}
  - {id: fft, custom: {name: fft, output: [$batch, 4, 12, 12]}}
"""
STEM = 12 * 12 * 4 * 3 * 3 * 4


def test_what_is_declared_has_no_speed(run: Callable[..., Run], tmp_path: Path) -> None:
    (result,) = measure([archcost.analyze(loads(DECLARED))], QUICK)
    assert [timing is None for timing in result.layers] == [False, True, True]
    assert result.declared == ["half", "fft"]
    assert (result.macs, result.macs_per_second) == (STEM, STEM / result.total.median)
    assert warnings(result)[0].startswith("a stand-in that only gives zeros runs for half, fft:")
    path = tmp_path / "cust.yaml"
    path.write_text(DECLARED, encoding="utf-8")
    table = run("bench", str(path), *OPTIONS, columns=100).out
    rows = {line.split()[0]: line.split() for line in table.splitlines() if line.split()}
    assert rows["half"][2:] == ["1×4×12×12", "declared", "–", "–"]
    assert "GMAC/s of 20.7 k MACs, without the 2 declared" in table
    (document,) = json.loads(run("bench", str(path), *OPTIONS, "--format", "json").out)["results"]
    assert [layer["macs"] for layer in document["layers"]] == [STEM, 700_000, None]
    assert [layer["latency_seconds"] is None for layer in document["layers"]] == [False, True, True]
    assert (document["measured_macs"], document["declared"]) == (STEM, ["half", "fft"])
    assert document["unknown"]["macs"] == ["fft"]
    assert (
        "cust,half,custom,700000,,,,\ncust,fft,custom,,,,,\n"
        in run("bench", str(path), *OPTIONS, "--format", "csv").out
    )
    assert "| ≥ 720,736 |" in run("bench", str(path), *OPTIONS, "--format", "markdown").out


OPTIONS = ("--device", "cpu", "--threads", "1", "--min-time", "0.02")


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
def test_the_command(run: Callable[..., Run], format_: str) -> None:
    result = run("bench", "conv5x5_reduced", *OPTIONS, "--format", format_, columns=100)
    assert result.code == 0, result.err
    assert "conv5x5" in result.out
    if format_ == "json":
        (document,) = json.loads(result.out)["results"]
        assert document["macs"] == 12_443_648
        assert [layer["op"] for layer in document["layers"]] == ["conv2d", "conv2d"]
    if format_ == "table":
        assert "Time (median, IQR)" in result.out or "spread is unknown" in result.out  # of a single run, under load
        assert max(map(len, result.out.splitlines())) <= 100 or "Warning" in result.out


def test_two_specs_are_compared(run: Callable[..., Run]) -> None:
    result = run("bench", "conv5x5", "conv5x5_reduced", *OPTIONS)
    assert result.code == 0, result.err
    assert "times faster than" in result.out


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU")
def test_cuda_without_a_gpu_is_a_usage_error(run: Callable[..., Run]) -> None:
    result = run("bench", "conv5x5", "--device", "cuda")
    assert result.code == 2
    assert "no CUDA device" in result.err


def test_a_layer_that_the_device_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a GPU that other programs have filled: torch raises a RuntimeError then."""

    def refuse(*_: object) -> Timing:
        raise RuntimeError("out of memory\nand much more")

    monkeypatch.setattr(latency, "_timing_of", refuse)
    report = archcost.analyze("conv1x1")
    with pytest.raises(archcost.UsageError, match=r"^\w+ of conv1x1 does not run on cpu: out of memory$"):
        latency.measure([report], latency.MeasureSettings(device="cpu", min_time=0.001))
