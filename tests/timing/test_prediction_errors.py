"""Predictions against the measurements of others: the errors that the project promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import archcost
from archcost.timing.error_classes import ErrorClass, PredictionKind, _classes, line_of
from benchmarks.prediction import (
    CLASSES,
    PAGE,
    Pair,
    classes,
    classes_text,
    detail,
    errors,
    pairs,
    rank_correlation,
    renewed,
    rows,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Collection


class Promise(NamedTuple):
    """Errors in thousandths at most, and the rank correlation at least."""

    median: int
    p90: int
    rank: int


PROMISES = {
    ("rtx3090", "eager"): Promise(60, 300, 980),
    ("rtx4090", "eager"): Promise(70, 250, 980),
    ("rtx5090", "eager"): Promise(100, 250, 980),
    ("rtx4090", "torch.compile"): Promise(120, 250, 980),
    ("rtx5090", "torch.compile"): Promise(120, 280, 980),
    ("i9-10940x", "torch.compile"): Promise(200, 400, 950),
    ("local", "eager"): Promise(150, 400, 950),
}


SOME = ("local", "rtx5090")


def test_some_predictions_are_as_close_as_promised_and_the_page_says_so() -> None:
    """A CPU and a GPU: the rows of the page that are of these two, and the errors of the CPU's classes."""
    found = tuple(pairs([row for row in rows() if row.name in SOME]))
    _are_as_promised(found, SOME)
    page = PAGE.read_text(encoding="utf-8").splitlines()
    told = [line for part in (summary, detail) for line in part(found).splitlines()]
    assert [line for line in told if line not in page] == []
    own = [one for one in classes(found) if one.kind.family == "calibrated CPUs"]
    _, *lines = classes_text(own).splitlines()
    assert len(lines) == 2
    assert set(lines) <= set(CLASSES.read_text(encoding="utf-8").splitlines())


@pytest.mark.long
def test_predictions_are_as_close_as_promised_and_the_page_says_so() -> None:
    """One test, for it predicts every measurement anew, which takes a minute."""
    found = tuple(pairs(rows()))
    _are_as_promised(found, {device for device, _ in PROMISES})
    _are_those_of_the_page(found)


def _are_as_promised(found: tuple[Pair, ...], devices: Collection[str]) -> None:
    for (device, mode), promise in PROMISES.items():
        if device not in devices:
            continue
        own = [pair for pair in found if (pair.row.name, pair.row.mode) == (device, mode)]
        told = errors(own)
        assert len(own) >= (80 if device == "local" else 125), device
        assert told.median <= promise.median, device
        assert told.p90 <= promise.p90, device
        assert told.rank >= promise.rank, device


def _are_those_of_the_page(found: tuple[Pair, ...]) -> None:
    shipped = {tuple(kind): error for kind, error in _classes().items()}
    assert set(shipped) == {
        ("GeForce RTX", "half", "eager", "batch 64 and more"),
        ("GeForce RTX", "half", "compiled", "batch 64 and more"),
        ("Core", "float32", "compiled", "batch 1"),
        ("calibrated CPUs", "float32", "eager", "batch 1"),
        ("calibrated CPUs", "float32", "eager", "batch 2 to 63"),
    }
    assert sum(error.rows for error in shipped.values()) == len(rows())
    assert CLASSES.read_text(encoding="utf-8") == classes_text(classes(found))
    page = PAGE.read_text(encoding="utf-8")
    assert page == renewed(page, found)
    assert all(f"prediction-{device}.svg" in page for device in {row.name for row in rows()})


def test_ranks() -> None:
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 40]) == 1
    assert rank_correlation([1, 2, 3, 4], [40, 30, 20, 10]) == -1
    # ranks 0 1 2 3 against 1 0 2 3: Σd² = 2, 1 - 6 · 2 / (4 · 15)
    assert rank_correlation([1, 2, 3, 4], [2, 1, 3, 4]) == 1 - 6 * 2 / (4 * 15)


def test_an_error_class_tells_its_kind() -> None:
    error = ErrorClass(PredictionKind("GeForce", "half", "eager", "batch 1"), 71, 200, 990, 10, 5, 1)
    assert str(error.kind) == "GeForce, half precision, eager, batch 1"


UNVALIDATED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a model of text": ("gpt2", "rtx4090", {"dtype": "float16"}),
    "a model of images and text": ("clip", "rtx4090", {"dtype": "float16"}),
    "weights in fewer bits": ("resnet18", "rtx4090", {"dtype": "float16", "weight_dtype": "int8"}),
    "an older line": ("resnet18", "gtx1080", {"dtype": "float16"}),
    "float32": ("resnet18", "rtx4090", {}),
    "training": ("resnet18", "rtx4090", {"dtype": "float16", "training": True}),
}


@pytest.mark.parametrize(("model", "device", "how"), UNVALIDATED.values(), ids=UNVALIDATED)
def test_no_error_is_stated_of_what_was_not_measured(model: str, device: str, how: dict[str, Any]) -> None:
    assert archcost.predict(model, device=device, batch=64, **how).error is None


def test_an_error_is_stated_of_what_was_measured() -> None:
    found = archcost.predict("resnet18", device="rtx4090", batch=64, dtype="float16").error
    assert found is not None
    assert found.kind.family == "GeForce RTX"


LINES = {
    "rtx4090": "GeForce RTX",
    "gtx1080": "GeForce GTX",
    "i9-10940x": "Core",
    "a100": "A100",
    "t4": "Tesla",
}


@pytest.mark.parametrize(("device", "line"), LINES.items())
def test_the_line_of_a_device(device: str, line: str) -> None:
    assert line_of(archcost.device(device)) == line
