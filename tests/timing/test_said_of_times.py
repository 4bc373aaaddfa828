"""Wherever a predicted time is printed, it says how wrong it may be, or that nobody knows, and what is not in it.

Sheets (csv) have figures alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from archcost.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
DEVICE = "rtx3090"
BUDGET = "budgets: {predicted_latency: {device: rtx3090, max: 1 ns}}\n"
HEAD = "archcost: 1\nparams: {width: 8}\n"
SPECS = {
    "image": HEAD + BUDGET + "input: [3, 32, 32]\nlayers: [{conv2d: {out_channels: $width, kernel_size: 3}}]\n",
    "text": HEAD
    + BUDGET
    + "inputs: {ids: {shape: [16], dtype: int64}}\n"
    + "layers: [{embedding: {num_embeddings: 10, embedding_dim: $width}}, {linear: $width}]\n",
    "opaque": HEAD
    + BUDGET
    + "input: [3, 32, 32]\nlayers:\n"
    + "  - {custom: {name: odd, output: [$batch, 3, 32, 32]}, id: odd}\n"
    + "  - {conv2d: {out_channels: $width, kernel_size: 3}}\n",
}
VALIDATED, NOT_VALIDATED = "half of the predictions for", "not validated"
UNKNOWN = "the MACs of odd are unknown and not in the time: declare macs there"
HALF = ("--device", DEVICE, "--dtype", "float16", "--batch", "64")  # a kind that was held against measurements
HERE = ("--predict-device", str(ROOT / "benchmarks" / "data" / "local.toml"))  # as is this one in float32
VARIED = ("SPEC", "--vary", "width=4,8", *HALF)
CLOCK = ("--device", "cpu", "--min-time", "0.01", "--threads", "1")
TIMED: dict[str, tuple[str, ...]] = {  # command lines that print predicted times, without the format
    "predict": ("SPEC", *HALF),
    "predict several": ("SPEC", "--device", DEVICE, "--dtype", "float16", "--batch", "64,128"),
    "analyze": ("SPEC", *HALF),
    "compare": ("SPEC", "SPEC", "--set-b", "width=4", *HALF),
    "compare three": ("SPEC", "SPEC", "SPEC", *HALF),
    "explain": ("SPEC", *HALF),
    "suggest": ("SPEC", *HALF),
    "suggest by time": ("SPEC", "--goal", f"latency@{DEVICE}", *HALF[2:]),
    "sweep": (*VARIED, "--metrics", "predicted_latency"),
    "sweep of best": (*VARIED, "--metrics", "params", "--sort", "predicted_latency", "--top", "1"),
    "sweep counted": (*VARIED, "--where", "predicted_latency < 1 s", "--count"),
    "sweep in bins": (*VARIED, "--histogram", "predicted_latency"),
    "bench": ("SPEC", *HERE, *CLOCK),
    "verify": ("SPEC", "--latency", *HERE, *CLOCK),
    "report": ("SPEC", *HALF),
    "check": ("SPEC", *HALF[2:]),
}
OPTIONS = ("--device ", "--predict ", "--predict-device ")
WITHOUT = {  # commands with such an option that print no predicted time
    "calibrate": "it measures",
    "fits": "bounds of speed, told as such",
}
MEASURING = {"bench", "verify"}  # of what can run


def command_of(name: str) -> str:
    return name.partition(" ")[0]


def test_the_table_has_every_command_that_may_print_times(run: Callable[..., Run]) -> None:
    """By the options that name a device to predict for; ``check`` has it in its budgets."""
    asked = {name for name in COMMANDS if any(f"{option}" in run(name, "--help").out for option in OPTIONS)}
    assert asked | {"check"} == {*map(command_of, TIMED), *WITHOUT}


def expected(model: str) -> list[str]:
    return {"image": [VALIDATED], "text": [NOT_VALIDATED], "opaque": [NOT_VALIDATED, UNKNOWN]}[model]


def plain(text: str) -> str:
    """Without line ends and what a format escapes."""
    return " ".join(text.replace("`", "").replace("\\", "").split())


TEXTS = ("table", "tree", "markdown")
CASES = [
    (name, model, form)
    for name in TIMED
    for model in SPECS
    for form in (("table",) if command_of(name) in MEASURING else ("html",) if name == "report" else TEXTS)
    if not (command_of(name) in MEASURING and model == "opaque")
]


@pytest.mark.parametrize(("name", "model", "form"), CASES)
def test_a_time_is_never_alone(name: str, model: str, form: str, run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SPECS[model])
    words = [str(path) if word == "SPEC" else word for word in TIMED[name]]
    result = run(command_of(name), *words, "--format", form, cwd=tmp_path, columns=400)
    assert result.code in (0, 1), result.err
    told = plain(result.out)
    if name == "check":  # a line a limit
        assert ("by the median)" if model == "image" else "(not validated)") in told
        return
    for words_of_it in expected(model):
        assert words_of_it in told


def times(document: Any) -> Iterator[dict[str, Any]]:
    """The predictions in a document: what has the time of a whole model, or says of many what they are."""
    parts = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    if isinstance(document, dict) and ("samples_per_second" in document or "errors" in document):
        yield document
    for part in parts:
        yield from times(part)


@pytest.mark.parametrize("model", SPECS)
@pytest.mark.parametrize("name", [name for name in TIMED if command_of(name) not in {*MEASURING, "report", "check"}])
def test_a_document_has_the_error_of_its_times(name: str, model: str, run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SPECS[model])
    words = [str(path) if word == "SPEC" else word for word in TIMED[name]]
    found = list(times(json.loads(run(command_of(name), *words, "--format", "json", cwd=tmp_path).out)))
    assert found
    for one in found:
        errors = one["errors"] if "errors" in one else [one["error"]]
        assert [error is not None for error in errors] == [model == "image"]
        if "error" in one:
            assert one.get("unknown_macs") == (["odd"] if model == "opaque" else None)


def test_a_training_run_says_that_its_step_is_not_validated(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SPECS["image"])
    told = run("predict", str(path), *HALF, "--samples", "1M", cwd=tmp_path).out
    assert "predicted at" in told
    assert NOT_VALIDATED in told


def test_a_limit_on_a_time_without_all_products_does_not_hold(run: Callable[..., Run], tmp_path: Path) -> None:
    """A second is more than the known layers take, and nobody knows of the other."""
    path = tmp_path / "net.yaml"
    path.write_text(SPECS["opaque"].replace("1 ns", "1 s"))
    assert run("check", str(path), cwd=tmp_path).code != 0
    path.write_text(SPECS["image"].replace("1 ns", "1 s"))
    assert run("check", str(path), cwd=tmp_path).code == 0
