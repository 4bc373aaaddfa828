"""Measured times beside the counts: ranks by hand, reasons of slow layers by rule, and what the formats show."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import torch

import archcost
from archcost.pytorch import clock as clocks
from archcost.pytorch import verify as verifying
from archcost.pytorch.latency import MeasureSettings
from archcost.pytorch.ranking import Ranking, Sample, Scales, spearman
from archcost.pytorch.verification import VerificationOutcome
from archcost.render.printing import write
from archcost.render.times import digits
from archcost.render.verification import VerificationDocument
from archcost.render.verification_clock import clock_remarks, correlation_text
from archcost.render.verification_junit import to_junit
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from archcost.pytorch.verification import Verification
    from tests.conftest import Run

QUICK = MeasureSettings(min_time=0.02, threads=1)
SMALL = """archcost: 1
name: small
input: [4, 12, 12]
layers:
  - {id: wide, conv2d: {out_channels: 8, kernel_size: 3, padding: 1}, repeat: 2}
  - {id: deep, conv2d: {out_channels: 8, kernel_size: 3, padding: 1, groups: 8}}
  - batch_norm2d
  - relu
  - {id: noise, custom: {name: noise, output: [$batch, 8, 12, 12], macs: 5, flops: 10}}
  - flatten
  - linear: {out_features: 5}
"""
MACS = {
    "wide.0": 144 * 8 * 9 * 4,
    "wide.1": 144 * 8 * 9 * 8,
    "deep": 144 * 8 * 9 * 1,
    "linear": 8 * 144 * 5,
}


@pytest.mark.parametrize(
    ("first", "second", "rho"),
    [
        ([1, 2, 3], [10, 20, 30], 1.0),
        ([1, 2, 3], [30, 20, 10], -1.0),
        # ranks 1 2 3 4 5 and 2 1 4 3 5: d² = 1 + 1 + 1 + 1 + 0, 1 − 6·4 / (5·24)
        ([1, 2, 3, 4, 5], [7, 6, 9, 8, 11], 1 - 6 * 4 / (5 * 24)),
        # ranks 1.5 1.5 3 4 and 1 2 3 4, each less 2.5: (1.5 + 0.5 + 0.25 + 2.25) / √(4.5 · 5)
        ([0, 0, 5, 9], [1, 2, 3, 4], 4.5 / (4.5 * 5) ** 0.5),
        # ranks 1.5 1.5 3.5 3.5 and 2 3 2 3 twice over ties: 1.5 3.5 1.5 3.5: no relation
        ([0, 0, 1, 1], [5, 6, 5, 6], 0.0),
        ([4, 4, 4], [1, 2, 3], None),
        ([1], [1], None),
        ([], [], None),
    ],
)
def test_rank_correlation(first: Sequence[float], second: Sequence[float], rho: float | None) -> None:
    assert spearman(first, second) == (None if rho is None else pytest.approx(rho))
    assert spearman(second, first) == spearman(first, second)


def sample(op: str, microseconds: float, macs: int = 0, **settings: int) -> Sample:
    return Sample(
        op, op, microseconds * 1e-6, macs, settings.pop("moved", 0), settings.pop("launch", 10) * 1e-6, **settings
    )


# Dense layers reach 1, 2 and 4 MACs a ns: the median is 2. The device moves 5 bytes a ns.
DENSE = [sample("a", 1000, 1_000_000), sample("b", 1000, 2_000_000), sample("c", 1000, 4_000_000)]
SCALES = Scales.of(DENSE, 5e9)


def test_scales_are_medians_of_the_run() -> None:
    assert SCALES.macs_per_second == pytest.approx(2e9)


@pytest.mark.parametrize(
    "other",
    [
        sample("lstm", 100, 1, steps=5),
        sample("depthwise", 100, 1, groups=4, channels=4),
        sample("small", 20, 1),  # no more than twice a launch
        sample("relu", 100, moved=9),
    ],
    ids=lambda each: each.op,
)
def test_scales_leave_out_what_is_not_dense_and_what_is_a_launch(other: Sample) -> None:
    assert Scales.of([*DENSE, other], 5e9) == SCALES


def test_scales_of_a_run_without_them() -> None:
    assert Scales.of([], 5e9) == Scales(None, 5e9)
    assert Scales.of([sample("small", 10, 1000)], 5e9).macs_per_second == pytest.approx(1e8)  # better than nothing
    assert Scales(None, 5e9).reason(sample("x", 1e6)) == ""


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (sample("conv", 1000, 1_000_001), ""),  # suggested are 500.0005 µs
        (sample("conv", 1001, 1_000_000), "low utilisation"),
        (sample("conv", 1001, 1_000_000, moved=2_503_000), "memory-bound"),  # 500.6 µs at 5 bytes a ns: over half
        (sample("conv", 1001, 1_000_000, moved=2_502_000), "low utilisation"),
        (sample("conv", 1001, 1_000_000, groups=8, channels=8), "depthwise"),
        (sample("conv", 1001, 1_000_000, groups=4, channels=8, moved=9_000_000), "grouped"),
        (sample("conv", 20, 1_000, groups=8, channels=8), "launch"),
        (sample("conv", 21, 1_000, groups=8, channels=8), "depthwise"),
        (sample("lstm", 20, 1_000, steps=7), "sequential"),
        (sample("relu", 20), "launch"),
        (sample("relu", 100, moved=251_000), "memory-bound"),
        (sample("softmax", 100, moved=249_000), "other work"),
    ],
)
def test_reasons(layer: Sample, reason: str) -> None:
    assert SCALES.reason(layer) == reason


def test_slow_layers_are_grouped_by_op_and_reason() -> None:
    layers = [sample("relu", 100, moved=300_000), sample("relu", 15), sample("relu", 300, moved=900_000), *DENSE]
    groups = Ranking(tuple(layers), SCALES).slow()
    assert [(each.op, each.reason, len(each.samples)) for each in groups] == [
        ("relu", "memory-bound", 2),
        ("relu", "launch", 1),
    ]
    assert [each.seconds for each in groups[0].samples] == [pytest.approx(300e-6), pytest.approx(100e-6)]


def test_correlations_leave_out_two_layers() -> None:
    ranking = Ranking((*DENSE[:2], sample("relu", 100)), SCALES)
    assert ranking.correlation is not None
    assert ranking.correlation_with_macs is None


@pytest.fixture(scope="module")
def verified() -> Verification:
    return verifying.verify(archcost.analyze(loads(SMALL)), latency=QUICK)


def shown(verified: Verification, format_: str, path: Path) -> str:
    write(VerificationDocument([VerificationOutcome("small", verified)]), format_, str(path / "out"))
    return (path / "out").read_text(encoding="utf-8")


def test_every_layer_has_a_time_but_what_is_declared(verified: Verification) -> None:
    clock = verified.clock
    assert clock is not None
    assert verified.ok
    assert clock.latency.environment.device == "cpu"  # with --latency
    assert [layer.path for layer in verified.layers if layer.time is None] == ["noise"]
    assert [each.path for each in clock.ranking.samples] == [
        layer.path for layer in verified.layers if layer.path != "noise"
    ]
    assert {each.path: each.macs for each in clock.ranking.samples if each.macs} == MACS
    assert set(clock.yardsticks.launch_seconds) == {"conv", "linear", "other"}
    assert all(seconds > 0 for seconds in clock.yardsticks.launch_seconds.values())
    assert clock.ranking.scales.bytes_per_second == clock.yardsticks.bytes_per_second > 0
    by_path = {each.path: each for each in clock.ranking.samples}
    assert (by_path["deep"].groups, by_path["deep"].channels, by_path["wide.1"].groups) == (8, 8, 1)
    assert by_path["relu"].moved == 2 * 4 * 8 * 144  # read and written


def test_times_in_the_table(verified: Verification, tmp_path: Path) -> None:
    text = shown(verified, "table", tmp_path)
    heading = next(line.split() for line in text.splitlines() if "fvcore" in line)
    assert heading == ["layer", "op", "output", "params", "MACs", "fvcore", "torch", "time", "GMAC/s"]
    relu = next(line.split() for line in text.splitlines() if line.strip().startswith("relu"))
    assert relu[-3:-1][0] in {"ns", "µs", "ms"}
    assert relu[-2:] == ["–", "✓"]
    assert "is the sum of the layers without the 1 declared" in text
    text = " ".join(text.split())
    assert "Rank correlation (Spearman) of MACs and time: " in text
    assert " over the 7 layers that were measured, " in text
    assert " over the 4 that have MACs" in text
    rate = sum(MACS.values()) / verified.clock.latency.total.median / 1e9 if verified.clock else 0  # less noise's 5
    assert f" {digits(rate)} " in text.partition(" total ")[2]


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_tables_fit(verified: Verification, columns: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = shown(verified, "table", tmp_path)
    assert max(map(len, text.splitlines())) <= columns
    assert "time" in text
    assert "GMAC/s" in text


def test_times_in_json(verified: Verification, tmp_path: Path) -> None:
    data = json.loads(shown(verified, "json", tmp_path))
    latency = data["latency"]
    assert latency["environment"]["threads"] == 1
    assert -1 <= latency["rank_correlation"] <= 1
    assert set(latency["latency_seconds"]) == {"median", "iqr", "p95", "min", "runs"}
    layers = {layer["path"]: layer for layer in data["layers"]}
    assert "latency_seconds" not in layers["noise"]
    time = layers["wide.0"]["latency_seconds"]
    assert time["macs_per_second"] == pytest.approx(MACS["wide.0"] / time["median"])
    assert layers["relu"]["latency_seconds"]["macs_per_second"] is None
    slow = {path for group in latency["longer_than_macs_suggest"] for path in group["layers"]}
    assert slow == {path for path, layer in layers.items() if layer.get("latency_seconds", {}).get("reason")}
    assert "relu" in slow  # without MACs any time is longer
    assert latency["layers_seconds"] == pytest.approx(
        sum(layer["latency_seconds"]["median"] for layer in layers.values() if "latency_seconds" in layer)
    )


def test_times_in_markdown_and_junit(verified: Verification, tmp_path: Path) -> None:
    markdown = shown(verified, "markdown", tmp_path)
    assert "| layer | op | output | params | MACs | fvcore | torch | time | GMAC/s |  |" in markdown
    assert "| noise | custom | 1×8×12×12 | – | 5 | not covered | not covered | – | – | declared |" in markdown
    (suite,) = ET.fromstring(to_junit([VerificationOutcome("small", verified)]))
    assert float(suite.get("time") or 0) > 0
    cases = {case.get("name"): case for case in suite}
    assert float(cases["relu"].get("time") or 0) > 0
    counts = f"MACs {MACS['deep']:,}, fvcore {MACS['deep']:,}, torch {MACS['deep']:,}, "
    assert (cases["deep"].findtext("system-out") or "").startswith(counts)
    assert cases["noise"].get("time") is None


def test_several_specs_have_a_time_each(verified: Verification, tmp_path: Path) -> None:
    for format_ in ("table", "markdown"):
        document = VerificationDocument([VerificationOutcome("a", verified), VerificationOutcome("b", verified)])
        write(document, format_, str(tmp_path / "out"))
        text = (tmp_path / "out").read_text(encoding="utf-8")
        assert "rank corr." in text
        assert "GMAC/s" in text


FULL = "(0.100 MACs a byte; 9.54 MiB at 4.66 GiB/s, of memory 4.66 GiB/s)"  # 10⁷ bytes in 2 ms: 5 a ns

BOUND = "(1.43 MiB at 4.66 GiB/s, of memory 4.66 GiB/s)"  # 1.5·10⁶ bytes in 300 µs


def test_the_reasons_are_told_in_words(verified: Verification) -> None:
    assert verified.clock is not None
    layers = [
        *DENSE,
        sample("lstm", 9000, 1_000_000, steps=35),
        sample("fc", 2000, 1_000_000, moved=10_000_000),
        sample("relu", 300, moved=1_500_000),
        sample("softmax", 300, moved=1),
        sample("deep", 5000, 900, moved=1800, groups=8, channels=8),
        sample("odd", 5000, 1_000_000, moved=10),
        sample("tiny", 150, 1, launch=100),
        sample("small", 12),
    ]
    clock = replace(verified.clock, ranking=Ranking(tuple(layers), SCALES))
    lines = clock_remarks(clock)
    start = next(index for index, line in enumerate(lines) if line.startswith("Layers that take"))
    assert lines[start] == (
        "Layers that take more than twice the time their MACs suggest (at 2.00 GMAC/s, the median of the dense layers):"
    )
    whole = 3 * 1000 + 9000 + 2000 + 300 + 300 + 5000 + 5000 + 150 + 12
    assert [line.strip() for line in lines[start + 1 : start + 8]] == [
        f"lstm, {9000 / whole:.1%} of the time, sequential, step after step: lstm 9.00 ms (35 steps)",
        f"deep, {5000 / whole:.1%} of the time, depthwise: deep 5.00 ms (0.500 MACs a byte)",
        f"odd, {5000 / whole:.1%} of the time, low utilisation: odd 5.00 ms (0.20 GMAC/s)",
        f"fc, {2000 / whole:.1%} of the time, memory-bound: fc 2.00 ms {FULL}",
        f"relu, {300 / whole:.1%} of the time, memory-bound: relu 300 µs {BOUND}",
        f"softmax, {300 / whole:.1%} of the time, work other than MACs, longer than moving its bytes: softmax 300 µs",
        "2 more, less than 1% of the time by op and reason",
    ]


def test_models_that_cannot_be_measured_are_refused(monkeypatch: pytest.MonkeyPatch, run: Callable[..., Run]) -> None:
    monkeypatch.setattr(clocks, "MAX_CPU_BYTES", 100)
    result = run("verify", "conv1x1", "--latency")
    assert result.code == 2
    assert "conv1x1 is too large to be measured on cpu: " in result.err
    assert "of weights and live activations, more than 100 B" in result.err
    monkeypatch.undo()
    assert run("verify", "conv1x1", "--latency", "--device", "meta").code == 2
    both = run("verify", "conv1x1", "no_such_spec", "--latency", "--device", "meta")
    assert both.code == 2
    assert "--latency measures on a device that computes" in both.err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA GPU")
@pytest.mark.parametrize("more", [(), ("--latency",)])
def test_cuda_without_a_gpu_is_a_usage_error(more: tuple[str, ...], run: Callable[..., Run]) -> None:
    result = run("verify", "conv1x1", "--device", "cuda", *more)
    assert result.code == 2
    assert "no CUDA device" in result.err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
def test_the_same_on_a_gpu() -> None:
    verification = verifying.verify(archcost.analyze(loads(SMALL)), device="cuda", latency=QUICK)
    assert verification.ok
    assert verification.clock is not None
    assert verification.clock.latency.environment.device == "cuda"
    assert verification.totals["fvcore_macs"] == sum(MACS.values())


def test_the_command(run: Callable[..., Run]) -> None:
    result = run("verify", "conv1x1", "--latency", "--threads", "1", "--min-time", "0.02")
    assert result.code == 0, result.err
    assert " · 1 thread · " in result.out
    assert result.out.splitlines()[-1] == "✓ conv1x1: 1 layer agrees in shapes, params and MACs"
    assert "Rank correlation (Spearman) of MACs and time: none" in result.out


@pytest.mark.parametrize("option", [("--threads", "1"), ("--min-time", "2")])
def test_how_to_measure_is_for_what_is_measured(option: tuple[str, str], run: Callable[..., Run]) -> None:
    result = run("verify", "conv1x1", *option)
    assert result.code == 2
    assert f"{option[0]} says how to measure, and nothing is measured" in result.err
    assert "give --latency" in result.err


def test_negative_correlations_have_a_minus_sign() -> None:
    assert (correlation_text(-0.154), correlation_text(0.42)) == ("−0.15", "0.42")


def test_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archcost.pytorch.latency.MeasureSettings", lambda **_: QUICK)
    verification = archcost.verify("conv1x1", latency=True)
    assert verification.clock is not None
    assert archcost.verify("conv1x1").clock is None
