"""The page of a sweep in a real browser, as the commands write it."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from tests.page.conftest import violations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    from tests.page.conftest import Looked

WORDS = ("mobilenet_v1", "--vary", "width=0.25:1.5:0.25", "--vary", "resolution=128..224..32")
WHERE = "macs <= 300 M"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all tests."""
    return tmp_path_factory.mktemp("swept")


@pytest.fixture
def swept(run: Callable[..., Run], files: Path) -> Path:
    """The page of a sweep in a file, written once."""
    found, page = files / "sweep.json", files / "sweep.html"
    if not page.exists():
        assert run("sweep", *WORDS, "--where", WHERE, "-o", str(found)).code == 0
        assert run("report", "--sweep", str(found), "-o", str(page)).code == 0
    return page


@cache
def designs() -> list[Any]:
    space = archcost.space("mobilenet_v1", vary=WORDS[2::2])
    return list(space.tables().front(min="macs", max="params", where=WHERE))


def test_all_designs_and_their_front_are_there_and_the_best_in_cards(look: Callable[..., Looked], swept: Path) -> None:
    page = look(swept).page
    count = archcost.space("mobilenet_v1", vary=WORDS[2::2]).tables().count(WHERE)
    assert page.locator("h1").inner_text() == "mobilenet_v1"
    assert page.locator("circle.variant").count() == count
    assert page.locator("circle.variant.front").count() == len(designs())
    assert page.locator("path.budget").count() == 1
    assert page.locator("path.front").count() == 1
    page.locator("circle.variant.front").last.hover()
    assert "width=" in page.locator("#tip").inner_text()
    most = max(design.figures["params"] for design in designs())
    cards = page.locator(".card")
    told = dict(zip(cards.locator(".card-label").all_inner_texts(), cards.all_inner_texts(), strict=True))
    assert {"designs", "meet the condition", "on the front", "least MACs", "most params"} == set(told)
    assert f"{most / 1e6:.2f} M" in told["most params"]


def test_the_table_sorts_by_params_and_figures(look: Callable[..., Looked], swept: Path) -> None:
    page = look(swept).page
    page.locator("table.layers thead button", has_text="width").click()
    widths = [float(text) for text in page.locator("table.layers tbody tr td:first-child").all_inner_texts()]
    assert widths == sorted(widths, reverse=True)
    page.locator("table.layers thead button", has_text="MACs").click()
    title = page.locator("table.layers tbody tr").first.locator("td").nth(3).get_attribute("title")
    assert title == f"{max(row['figures']['macs'] for row in rows(page)):,}"


def rows(page: Any) -> list[dict[str, Any]]:
    """The designs in the document, their figures by metric."""
    document = json.loads(page.evaluate("document.getElementById('archcost-data').textContent"))["sweep"]
    names = [metric["name"] for metric in document["metrics"]]
    return [{"figures": dict(zip(names, row["figures"], strict=True))} for row in document["rows"]]


def test_a_dot_selects_its_row_and_a_row_its_dot(look: Callable[..., Looked], swept: Path) -> None:
    looked = look(swept)
    page = looked.page
    dot = page.locator("circle.variant.front").last
    key = dot.get_attribute("data-item")
    dot.click()
    chosen = page.locator("table.layers tr.chosen")
    assert [each.get_attribute("data-item") for each in chosen.all()] == [key]
    assert page.locator("circle.chosen").first.get_attribute("data-item") == key
    assert f"design={key}" in page.url
    frame, row = page.locator(".scroll").bounding_box(), chosen.bounding_box()
    assert frame["y"] <= row["y"] <= frame["y"] + frame["height"] - row["height"] / 2
    other = page.locator("table.layers tbody tr").nth(3)
    other.click()
    assert page.locator("circle.chosen").first.get_attribute("data-item") == other.get_attribute("data-item") == "3"
    page.keyboard.press("Escape")
    again = look(swept, at="#" + page.url.split("#")[1])
    assert again.page.locator("table.layers tr.chosen").get_attribute("data-item") == "3"


def test_another_plane_has_no_line_of_this_front_and_two_different_sides(
    look: Callable[..., Looked], swept: Path
) -> None:
    page = look(swept, at="#x=params&y=params").page
    sides = [page.locator(f'select[name="{name}"]') for name in "xy"]
    assert [side.input_value() for side in sides] == ["macs", "params"]
    sides[0].select_option("params")
    assert [side.input_value() for side in sides] == ["params", "macs"]
    assert "x=params&y=macs" in page.url
    sides[1].select_option("param.width")
    assert page.locator("path.front").count() == 0
    assert page.locator("circle.variant.front").count() == len(designs())
    heights = {float(dot.get_attribute("cy")) for dot in page.locator("circle.variant").all()}
    assert len(heights) == len(set(page.locator("table.layers tbody td:first-child").all_inner_texts())) > 1


def test_contrast_and_aria_in_light_and_dark(look: Callable[..., Looked], axe: str, swept: Path) -> None:
    page = look(swept, bypass_csp=True, viewport={"width": 400, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.evaluate(axe)
    assert violations(page) == "[]"
    page.locator("#theme").click()
    assert violations(page, "color-contrast") == "[]"


def test_words_of_a_file_stay_words(look: Callable[..., Looked], run: Callable[..., Run], tmp_path: Path) -> None:
    path, page = tmp_path / "sweep.json", tmp_path / "sweep.html"
    assert run("sweep", *WORDS, "-o", str(path)).code == 0
    document = json.loads(path.read_text(encoding="utf-8"))
    hostile = "</script><img src=x onerror=alert(1)>"
    document["space"] = document["where"] = hostile
    document["axes"][0]["sets"] = [hostile]
    for row in document["rows"]:
        row["values"] = {hostile: hostile}
        row["figures"] = {hostile: 1, **row["figures"]}
    document["metrics"] = [hostile, *document["metrics"]]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert run("report", "--sweep", str(path), "-o", str(page)).code == 0
    seen = look(page).page
    assert seen.locator("h1").inner_text() == hostile
    assert seen.locator("img").count() == 0
