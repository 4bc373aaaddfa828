"""The page in a real browser: what it shows, and how it answers. Nothing is said, nothing asked for."""

from __future__ import annotations

import csv
import io
import itertools
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.render.page.page import Page as ReportPage
from archcost.spec.loader import loads
from tests.page.conftest import violations
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.page.conftest import Looked

GOOGLENET = 1_582_671_872
LAYER = "inception_3b.3x3.conv_relu_1.conv2d"


def assert_whole(page: Any, names: tuple[str, ...]) -> None:
    """Heading, picture and table are there."""
    assert page.locator("h1").inner_text() == " → ".join(names)
    assert page.locator(".cell.base").count() == 2
    assert page.locator("table.layers tbody tr").count() > 5


def test_the_first_sentence_says_what_equal_layers_cost_together(look: Callable[..., Looked]) -> None:
    """Five times 115,605,504 MACs, where a single layer, conv1, has 118,013,952."""
    said = look("resnet50").page.locator("#findings button").first.inner_text()
    assert said == "most MACs: layer3.1.conv2 ×5 together 578 M, 14.1%"


def test_the_first_sentence_names_the_heaviest_layers(look: Callable[..., Looked]) -> None:
    report = zoo_report("googlenet")
    most_macs = max(report.layers, key=lambda layer: layer.macs)
    most_params = max(report.layers, key=lambda layer: layer.params)
    page = look("googlenet").page
    assert_whole(page, ("googlenet",))
    said = page.locator("#findings button").all_inner_texts()
    assert any(most_macs.path in text and "MACs" in text for text in said)
    assert any(most_params.path in text and "params" in text for text in said)
    peak = archcost.memory("googlenet").peak_path
    assert any(peak in text and "memory peaks" in text for text in said)
    assert peak in page.locator("#memory text.peak").text_content()
    # what-ifs
    before = page.locator("#memory p b").first.inner_text()
    page.locator("#memory .choice button", has_text="int4").click()
    assert page.locator("#memory p b").first.inner_text() != before
    assert "run=" in page.url
    box = page.locator("#memory .catch").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 20)
    assert "conv1" in page.locator("#tip").inner_text()
    # on paper
    page.emulate_media(media="print")
    assert page.locator("table.layers").is_visible()
    assert page.locator(".cards").is_visible()
    assert not page.locator(".icicle").is_visible()
    assert not page.locator(".table-tools").is_visible()


def test_blocks_are_as_wide_as_their_share_light_up_and_lead_closer(look: Callable[..., Looked]) -> None:
    looked = look("googlenet")
    page = looked.page
    whole = page.locator('.cell.base[data-half="up"]').bounding_box()["width"]
    macs = sum(layer.macs for layer in zoo_report("googlenet").layers if layer.path.startswith("inception_4e."))
    assert looked.cell("up", "inception_4e").bounding_box()["width"] / whole == pytest.approx(
        macs / GOOGLENET, abs=2e-3
    )
    looked.cell("up", "inception_5b").hover()
    lit = page.eval_on_selector_all(".cell.lit", "cells => cells.map((cell) => [cell.dataset.half, cell.dataset.item])")
    assert sorted(lit) == [["down", "inception_5b"], ["up", "inception_5b"]]
    tip = page.locator("#tip")
    assert "inception_5b" in tip.inner_text()
    assert "MACs" in tip.inner_text()
    looked.cell("up", "inception_3b").click()
    assert "MACs 304 M" in page.locator('.cell.base[data-half="up"]').inner_text()
    assert set(looked.shown("up")) <= {key for key in looked.shown("up") if key.startswith("inception_3b")}
    assert "zoom=inception_3b" in page.url
    page.locator(".crumbs button").first.click()
    assert "conv2" in looked.shown("up")


def test_keys_move_and_zoom_and_metric_and_order_switch(look: Callable[..., Looked]) -> None:
    looked = look("googlenet")
    page = looked.page
    page.locator(".icicle").focus()

    def chosen() -> Any:
        return page.locator(".cell.chosen").first.get_attribute("data-item")

    page.keyboard.press("ArrowUp")
    assert chosen() == "conv1"
    page.keyboard.press("ArrowRight")
    assert chosen() == "conv2"
    page.keyboard.press("Enter")
    assert "zoom=conv2" in page.url
    assert page.locator("#said").inner_text().startswith("conv2:")
    page.keyboard.press("Escape")
    assert "zoom" not in page.url
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    looked.page.get_by_role("button", name="weights", exact=True).click()
    assert [text.endswith(" 26.7 MiB") for text in looked.page.locator(".cell.base").all_inner_texts()] == [True]
    looked.page.get_by_role("button", name="heaviest first").click()
    boxes = looked.page.eval_on_selector_all(
        ".cell", "cells => cells.map((cell) => [cell.offsetTop, cell.offsetLeft, cell.offsetWidth])"
    )
    first_level = sorted((left, width) for top, left, width in boxes if top == sorted({box[0] for box in boxes})[1])
    widths = [width for _, width in first_level]
    assert all(earlier >= later - 1 for earlier, later in itertools.pairwise(widths))
    looked.page.get_by_role("button", name="by op").click()
    assert "op:conv2d" in looked.shown("down")


def _figure(text: str) -> float:
    number, _, unit = text.partition(" ")
    return 0.0 if text == "–" else float(number) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[unit]


def test_the_table_sorts_and_is_searched(look: Callable[..., Looked]) -> None:
    looked = look("googlenet")
    heads = [text.strip(" ▼▲") for text in looked.page.locator("table.layers thead th").all_inner_texts()]
    place = heads.index("MACs")
    head = looked.page.locator("table.layers thead th").nth(place)
    head.locator("button").click()
    figures = [_figure(text) for text in looked.column(place)]
    assert figures == sorted(figures, reverse=True)
    assert figures[0] > 0
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").click()
    assert [_figure(text) for text in looked.column(place)] == sorted(figures)
    looked.page.locator("#search").fill("5x5 conv2d")
    found = looked.column(0)
    assert found
    assert all("5x5" in name for name in found)


def test_rows_open_and_close_by_mouse_and_keyboard_and_columns_are_chosen(look: Callable[..., Looked]) -> None:
    page = look("googlenet").page
    rows = page.locator("table.layers tbody tr")
    before = rows.count()
    row = page.locator('table.layers tr[data-item="inception_3a"]')
    assert row.get_attribute("aria-expanded") == "false"
    row.locator(".twist").click()
    assert row.get_attribute("aria-expanded") == "true"
    assert rows.count() > before
    row.locator(".twist").click()
    assert rows.count() == before
    row.focus()
    page.keyboard.press("ArrowRight")
    assert row.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.item") == "inception_3a.1x1"
    assert page.locator('tr[data-item="inception_3a.1x1"]').get_attribute("aria-level") == "3"
    page.keyboard.press("Enter")
    assert page.locator("#layer h3").inner_text() == "inception_3a.1x1"
    page.get_by_role("button", name="close all").click()
    assert rows.count() <= before
    assert "input" not in page.locator("table.layers thead").inner_text()
    page.locator(".columns summary").click()
    page.locator(".picks label", has_text="input").locator("input").check()
    assert "input" in page.locator("table.layers thead").inner_text()


def test_the_hash_brings_back_what_was_seen(look: Callable[..., Looked]) -> None:
    first = look("googlenet")
    first.cell("down", "inception_5a").click()
    first.page.get_by_role("button", name="heaviest first").click()
    first.page.locator("#search").fill("linear")
    first.page.locator('table.layers tr[data-item="linear"]').click()
    again = look("googlenet", at="#" + first.page.url.split("#")[1])
    assert again.page.locator("#search").input_value() == "linear"
    assert again.page.locator('[aria-pressed="true"]', has_text="heaviest first").count() == 1
    assert again.page.locator("#layer h3").inner_text() == "linear"
    assert again.shown("up") == first.shown("up")


@pytest.mark.parametrize(
    "at", ["#zoom=nothing&at=nobody&metric=none&order=what&run=x&sort=y%20z", "#%%%", "#zoom=op:conv2d"]
)
def test_a_hash_that_means_nothing_does_no_harm(look: Callable[..., Looked], at: str) -> None:
    assert look("alexnet", at=at).page.locator(".cell.base").count() == 2


def _copied(looked: Looked, form: str) -> str:
    looked.page.evaluate(
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }"
    )
    looked.page.locator(f'[data-copy="{form}"]').click()
    text: str = looked.page.evaluate("window.copied")
    return text


def test_the_table_is_copied_with_exact_figures(look: Callable[..., Looked]) -> None:
    looked = look("googlenet", at="#sort=macs+down")
    rows = list(csv.DictReader(io.StringIO(_copied(looked, "CSV"))))
    assert len(rows) == len(zoo_report("googlenet").layers)
    assert sum(int(row["MACs"]) for row in rows) == GOOGLENET
    markdown = _copied(looked, "Markdown").splitlines()
    assert markdown[0].startswith("| layer | ")
    assert markdown[2].split(" | ")[0] == "| " + rows[0]["layer"].replace("_", "\\_")
    latex = _copied(looked, "LaTeX")
    assert latex.startswith("\\begin{tabular}{l")
    assert rows[0]["layer"].replace("_", "\\_") in latex


LETTERS = """archcost: 1
name: "Résumé 中"
input: [4]
layers:
  - linear: {out_features: 2}
"""


def test_letters_are_copied_as_latex_sets_them(look: Callable[..., Looked], tmp_path: Path) -> None:
    (tmp_path / "one.html").write_text(ReportPage([archcost.analyze(loads(LETTERS))]).html, encoding="utf-8")
    latex = _copied(look(tmp_path / "one.html"), "LaTeX")
    assert "R\\'{e}sum\\'{e} 中 & " in latex
    assert "1$\\times$2" in latex


FORMULAS = """archcost: 1
name: formulas
input: [4]
layers:
  - {id: "=cmd|'/c'!A1", linear: 4}
  - {id: "a;+b", linear: 4}
  - {id: "<i>*x*_[y]", linear: 2}
"""


def test_what_is_copied_runs_nowhere(look: Callable[..., Looked], tmp_path: Path) -> None:
    """As the files of the command line have it: no formula in a spreadsheet, no markup in Markdown."""
    report = archcost.analyze(loads(FORMULAS))
    (tmp_path / "one.html").write_text(ReportPage([report]).html, encoding="utf-8")
    looked = look(tmp_path / "one.html", at="#sort=macs+down&columns=macs")
    assert [row["layer"] for row in csv.DictReader(io.StringIO(_copied(looked, "CSV")))] == [
        "'=cmd|'/c'!A1",
        "a;'+b",
        "<i>*x*_[y]",
    ]
    assert "\\<i\\>\\*x\\*\\_\\[y\\] | 8 |" in _copied(looked, "Markdown")
    two = archcost.analyze(loads(FORMULAS.replace("linear: 4", "linear: 3")))
    (tmp_path / "two.html").write_text(ReportPage([report, two]).html, encoding="utf-8")
    copied = _copied(look(tmp_path / "two.html", at="#columns=macs:change"), "CSV")
    assert {row["Δ MACs"] for row in csv.DictReader(io.StringIO(copied))} == {"-4", "-7", "-2"}  # numbers as they are


def test_the_graph_is_of_the_scope_and_selects(look: Callable[..., Looked]) -> None:
    page = look("googlenet", at="#zoom=inception_3b").page
    names = [name.strip() for name in page.locator("#graph .box .name").all_text_contents()]
    assert sorted(names) == ["1x1", "3x3", "5x5", "concat", "pool"]
    page.locator('#graph .box[data-item="inception_3b.5x5"]').click()
    assert page.locator("#layer h3").inner_text() == "inception_3b.5x5"
    places = page.eval_on_selector_all(
        "#graph .box", "boxes => boxes.map((box) => [box.dataset.item, box.getBoundingClientRect().x])"
    )
    order = [key for key, _ in sorted(places, key=lambda each: each[1]) if not key.endswith("concat")]
    assert order == [f"inception_3b.{name}" for name in ("1x1", "3x3", "5x5", "pool")]


def test_a_change_is_coloured_and_adds_up(look: Callable[..., Looked]) -> None:
    before, after = zoo_report("llama_2_7b"), zoo_report("llama_3_8b")
    looked = look("llama_2_7b", "llama_3_8b")
    page = looked.page
    assert_whole(page, ("llama_2_7b", "llama_3_8b"))
    assert [text.split(" ")[:3] for text in page.locator("header p").all_inner_texts()[:2]] == [
        ["before:", "tokens", "1×4096"],
        ["after:", "tokens", "1×8192"],
    ]
    keys = page.locator('.cell[data-half="down"][data-item*="k_proj"]').first
    assert "less" in keys.get_attribute("class")
    assert "more" in looked.cell("down", "lm_head").get_attribute("class")
    figures = page.locator(".waterfall").nth(1).locator(".figure").all_inner_texts()
    assert figures[0] == f"{before.totals.params / 1e9:.2f} G"
    assert figures[-1] == f"{after.totals.params / 1e9:.2f} G"
    page.get_by_role("button", name="before", exact=True).click()
    assert "side=before" in page.url
    page.get_by_role("button", name="Δ", exact=True).click()
    assert "31.5 T → 79.1 T" in page.locator(".cell.base").first.inner_text()


def test_what_is_gone_is_hatched(look: Callable[..., Looked]) -> None:
    looked = look("vgg11", "alexnet", at="#side=before")
    assert looked.page.locator(".cell.gone").count() > 0


UNKNOWN = """archcost: 1
name: half_known
params: {macs: 0}
input: [3, 8, 8]
layers:
  - conv2d: {out_channels: 4, kernel_size: 1}
  - {custom: {name: fft, output: [$batch, 4, 8, 8]}, id: fft, when: "$(macs == 0)"}
  - {custom: {name: fft, output: [$batch, 4, 8, 8], macs: $macs}, id: fft_told, when: "$(macs > 0)"}
"""


def test_what_is_known_in_part_is_a_bound(look: Callable[..., Looked], tmp_path: Path) -> None:
    spec = loads(UNKNOWN)
    half, whole = archcost.analyze(spec), archcost.analyze(spec, params={"macs": 5000})
    (tmp_path / "one.html").write_text(ReportPage([half]).html, encoding="utf-8")
    (tmp_path / "two.html").write_text(ReportPage([half, whole]).html, encoding="utf-8")
    page = look(tmp_path / "one.html").page
    known = 8 * 8 * 3 * 4  # of the convolution
    assert page.locator('.cell[data-half="up"].base').inner_text() == f"MACs ≥ {known}"
    assert "most known MACs: conv2d 768, ≤ 100%" in page.locator("#findings").inner_text()
    changed = look(tmp_path / "two.html").page
    assert changed.locator('.cell[data-half="up"].base').inner_text() == "MACs ≥ 768 → 5,768 (unknown)"
    assert changed.locator(".waterfall .figure").first.inner_text() == "≥ 768"
    changed.locator('table.layers th button:has-text("layer")').click()
    assert "unknown" in changed.locator("table.layers tbody tr").first.inner_text()


def test_the_stages_of_two_networks_stand_beside_each_other(look: Callable[..., Looked]) -> None:
    """One has four repeats, the other a repeat of groups around a repeat; three layers of one are a block there."""
    looked = look("resnet50", "res2net50_26w_6s")
    page = looked.page
    assert looked.shown("up")[1:3] == ["conv1.conv", "layer.0"]
    assert looked.cell("up", "layer.0").inner_text().split("\n") == ["layer.0", "+327 M"]
    peaks = {name: archcost.memory(name).peak_path for name in ("res2net50_26w_6s", "resnet50")}
    assert f"memory peaks at {peaks['res2net50_26w_6s']}" in page.locator("#findings").inner_text()
    for side, peak in zip(("after", "before"), peaks.values(), strict=True):  # as each model calls it
        page.get_by_role("button", name=side, exact=True).click()
        assert page.locator("#memory text.peak").text_content().endswith(f" · {peak}")
        assert page.locator("#memory button.link").inner_text() == peak
    keys = ("conv1.conv", "layer.0")
    widths = [looked.cell("up", key).evaluate("cell => parseFloat(cell.style.width)") for key in keys]
    shares = [100 * part / 4_089_184_256 for part in (118_013_952, 667_942_912)]  # of resnet50's MACs
    assert widths == pytest.approx(shares, abs=0.01)


def test_back_leads_out_of_what_was_looked_at(look: Callable[..., Looked]) -> None:
    looked = look("googlenet")
    looked.cell("up", "inception_3b").click()
    looked.cell("up", "inception_3b.3x3").click()
    looked.page.get_by_role("button", name="weights", exact=True).click()
    looked.page.go_back()
    assert looked.page.url.endswith("#zoom=inception_3b&at=inception_3b")
    assert looked.page.locator(".cell.base").count() == 2
    looked.page.go_back()
    assert "conv2" in looked.shown("up")
    looked.page.go_forward()
    assert "conv2" not in looked.shown("up")


@pytest.mark.parametrize("names", [("llama_3_8b",), ("llama_2_7b", "llama_3_8b")])
def test_a_narrow_screen_does_not_scroll_sideways(look: Callable[..., Looked], names: tuple[str, ...]) -> None:
    looked = look(*names, viewport={"width": 400, "height": 800})
    assert_whole(looked.page, names)
    assert looked.page.evaluate("document.documentElement.scrollWidth") <= 400
    if len(names) == 1:  # equal rounds are one column
        assert "×32" in looked.cell("up", "layers").inner_text()
        assert sum("input_layernorm" in name for name in looked.column(0)) <= 1


@pytest.mark.parametrize("names", [("alexnet",), ("alexnet", "vgg11")])
def test_contrast_and_aria_in_light_and_dark(
    look: Callable[..., Looked], axe: str, names: tuple[str, ...], pytestconfig: pytest.Config
) -> None:
    """What axe-core finds: of one model in light, of two in dark; under ``--all`` of each in both."""
    page = look(*names, bypass_csp=True).page
    assert_whole(page, names)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.evaluate(axe)
    whole = pytestconfig.getoption("--all")
    if whole or len(names) == 1:
        assert violations(page) == "[]"
    page.locator("#theme").click()
    assert page.evaluate(paper) != light
    if whole or len(names) == 2:
        assert violations(page, "color-contrast") == "[]"
    page.locator("#theme").click()
    assert page.evaluate(paper) == light


HOSTILE = """archcost: 1
name: "</script><img src=x onerror=alert(1)>"
source: "<b>&amp;</b> <!-- ${alert(2)}"
input: [3, 8, 8]
layers:
  - {id: first, conv2d: {out_channels: 4, kernel_size: 3}}
  - relu
"""


def test_what_a_spec_says_is_shown_as_text(look: Callable[..., Looked], tmp_path: Path) -> None:
    spec = tmp_path / "hostile.yaml"
    spec.write_text(HOSTILE, encoding="utf-8")
    path = tmp_path / "hostile.html"
    path.write_text(ReportPage([archcost.analyze(str(spec))]).html, encoding="utf-8")
    page = look(path).page
    assert page.locator("h1").inner_text() == "</script><img src=x onerror=alert(1)>"
    assert "<b>&amp;</b> <!-- ${alert(2)}" in page.locator(".source").inner_text()
    assert page.locator("img, main b b").count() == 0


def test_without_scripts_there_are_headlines_and_table(browser: Browser, page_file: Callable[..., Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{page_file('googlenet')}")
    assert "7.00 M" in page.locator(".cards").inner_text()
    assert "inception_4e" in page.locator("table").inner_text()
    context.close()
