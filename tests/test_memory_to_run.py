"""Memory to run: weights, buffers, caches and the peak of activations, and what stands behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from shared import zoo_report

import archcost
from archcost.analysis.memory.graph_run import buffer_bytes
from archcost.pytorch.module import Network
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NET = """\
archcost: 1
name: net
input: [3, 8, 8]
layers: [{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm2d, relu, flatten, {linear: {out_features: 10}}]
"""
CONV, NORM, LINEAR = 4 * 3 * 3 * 3 + 4, 4 + 4, 4 * 6 * 6 * 10 + 10
WEIGHTS = 4 * (CONV + NORM + LINEAR)
BUFFERS = 4 * (4 + 4) + 8  # means and variances, and an int64 counter
INPUT, MADE = 4 * (3 * 8 * 8), 4 * (4 * 6 * 6)
PEAK = INPUT + 2 * MADE  # the model's input, what the norm reads, and what it makes


def test_the_sum_of_its_parts() -> None:
    totals = archcost.analyze(loads(NET)).totals
    assert (totals.weight_bytes, totals.buffer_bytes, totals.peak_activation_bytes) == (WEIGHTS, BUFFERS, PEAK)
    assert totals.run_bytes == WEIGHTS + BUFFERS + PEAK
    assert totals.to_dict()["run_bytes"] == totals.run_bytes


def test_a_batch_multiplies_the_peak_alone() -> None:
    totals = archcost.analyze(loads(NET), batch=3).totals
    assert totals.run_bytes == WEIGHTS + BUFFERS + 3 * PEAK


def test_a_cache_counts() -> None:
    text = "archcost: 1\ninput: [2, 6]\nlayers: [{kv_cache: {length: 7}}, {linear: {out_features: 3}}]\n"
    totals = archcost.analyze(loads(text)).totals
    cache = 4 * (7 + 2) * 6
    assert totals.cache_bytes == cache
    assert totals.run_bytes == 4 * (6 * 3 + 3) + cache + totals.peak_activation_bytes


def test_weights_in_fewer_bits_need_less_and_buffers_do_not() -> None:
    full, small = (archcost.analyze("resnet20", weight_dtype=dtype).totals for dtype in (None, "int8"))
    assert full.run_bytes - small.run_bytes == full.weight_bytes - small.weight_bytes > 0
    assert full.buffer_bytes == small.buffer_bytes


def test_shared_buffers_count_once() -> None:
    text = "archcost: 1\ninput: [3, 8, 8]\nlayers: [{id: a, batch_norm2d: }, {batch_norm2d: , share: a}]\n"
    assert archcost.analyze(loads(text)).totals.buffer_bytes == 4 * (3 + 3) + 8


@pytest.mark.parametrize("name", ["resnet20", "swin_t", "mobilenet_v2", "repvgg_a0_train", "gpt2"])
def test_buffers_are_what_torch_holds(name: str) -> None:
    report = zoo_report(name)
    held = sum(buffer.numel() * buffer.element_size() for buffer in Network(report.graph).buffers())
    assert report.totals.buffer_bytes == held == buffer_bytes(report.graph)


# --- where it is told -------------------------------------------------------------------------------------------------


@pytest.fixture
def net(tmp_path: Path) -> Callable[[str], Path]:
    def write(limit: str) -> Path:
        (tmp_path / "net.yaml").write_text(f"{NET}budgets: {{run_bytes: {limit}}}\n", encoding="utf-8")
        return tmp_path

    return write


def test_a_budget_names_the_largest_of_all_parts(net: Callable[[str], Path], run: Callable[..., Run]) -> None:
    assert run("check", "net.yaml", cwd=net(f"{WEIGHTS + BUFFERS + PEAK} B")).code == 0
    result = run("check", "net.yaml", "--format", "json", cwd=net(f"{WEIGHTS + BUFFERS + PEAK - 1} B"))
    assert result.code == 1
    (found,) = json.loads(result.out)["specs"][0]["findings"]
    assert (found["metric"], found["unit"], found["overshoot"]) == ("run_bytes", "bytes", 1)
    figures = [(layer["path"], layer["figure"]) for layer in found["layers"]]
    assert figures == [("linear", 4 * LINEAR), ("input", INPUT), ("conv2d", MADE)]  # weights, and what is at the peak


def test_growth(net: Callable[[str], Path], run: Callable[..., Run]) -> None:
    folder = net("5%")
    assert run("baseline", "update", "net.yaml", cwd=folder).code == 0
    assert run("check", "net.yaml", cwd=folder).code == 0
    path = folder / "net.yaml"
    path.write_text(path.read_text().replace("out_features: 10", "out_features: 11"))
    grown = run("check", "net.yaml", cwd=folder)
    added = 4 * (4 * 6 * 6 + 1)
    assert grown.code == 1
    assert f"memory to run grew by {added} B" in grown.out


def test_a_lock_file_that_is_older_has_no_baseline_for_it(net: Callable[[str], Path], run: Callable[..., Run]) -> None:
    folder = net("5%")
    run("baseline", "update", "net.yaml", cwd=folder)
    path = folder / "archcost.lock.json"
    document = json.loads(path.read_text())
    del document["specs"]["net.yaml"]["totals"]["run_bytes"]
    path.write_text(json.dumps(document))
    result = run("check", "net.yaml", cwd=folder)
    assert result.code == 0
    assert "net: the baseline has no such figure, so there is nothing that its run_bytes could grow from" in result.out
    assert "help: the lock file is older than this metric: run `archcost baseline update net.yaml`" in result.out
    assert "✓" not in result.out
    assert run("check", "net.yaml", "--strict", cwd=folder).code == 1
    assert run("baseline", "update", "net.yaml", cwd=folder).code == 0
    assert "✓" in run("check", "net.yaml", cwd=folder).out


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ({}, ""),
        ({"run_bytes": 1}, "differ from its baseline though the spec is the same"),
        ({"params": 1}, "differ from its baseline though the spec is the same"),
    ],
)
def test_a_lock_file_without_it_is_stale_only_where_another_figure_differs(
    net: Callable[[str], Path], run: Callable[..., Run], recorded: dict[str, int], told: str
) -> None:
    folder = net("1 GB")
    run("baseline", "update", "net.yaml", cwd=folder)
    path = folder / "archcost.lock.json"
    document = json.loads(path.read_text())
    totals = document["specs"]["net.yaml"]["totals"]
    del totals["run_bytes"]
    totals |= recorded
    path.write_text(json.dumps(document))
    result = run("check", "net.yaml", "--format", "json", cwd=folder)
    assert result.code == 0
    findings = json.loads(result.out)["specs"][0]["findings"]
    stale = [found["message"] for found in findings if found["status"] == "stale"]
    assert len(stale) == bool(told)
    assert told in "".join(stale)
    assert run("baseline", "update", "net.yaml", "--allow-increase", cwd=folder).code == 0
    assert json.loads(path.read_text())["specs"]["net.yaml"]["totals"]["run_bytes"] == WEIGHTS + BUFFERS + PEAK


def test_it_is_no_figure_of_layers(net: Callable[[str], Path], run: Callable[..., Run]) -> None:
    assert "not 'run_bytes'" in run("analyze", "resnet20", "--sort", "run_bytes").err
    assert "there is no column 'run_bytes'" in run("analyze", "resnet20", "--columns", "run_bytes").err
    folder = net("1 GB, layers: {conv2d: {run_bytes: 1 GB}}")
    result = run("check", "net.yaml", cwd=folder)
    assert result.code == 2
    assert "'run_bytes' is a figure of the whole model, not of 'conv2d'" in result.err


def test_tables_and_comparisons_show_it(run: Callable[..., Run]) -> None:
    assert "memory to run" in run("analyze", "resnet20").out
    assert "memory to run" in run("compare", "resnet20", "alexnet").out
    assert "buffer bytes" in run("analyze", "resnet20", "--columns", "buffer_bytes").out
    failed = run("compare", "resnet20", "alexnet", "--fail-on", "run_bytes:0%")
    assert failed.code == 1
    assert "run_bytes of alexnet grow from" in failed.err
