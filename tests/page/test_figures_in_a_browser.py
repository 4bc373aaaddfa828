"""The figures that the page writes: those of the command line, digit by digit, and counted for the right model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.quantities import format_bytes, format_count
from archcost.render.page.page import Page as ReportPage
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.page.conftest import Looked

EDGES = (1, 999, 1000, 9_999, 10_000, 99_949, 99_950, 999_499, 999_500, 1_005_000, 1_785_000, 1_785_000_000, 2_675_000)


def test_figures_are_rounded_as_the_command_line_rounds_them(look: Callable[..., Looked], tmp_path: Path) -> None:
    """1.785 has no binary fraction: in floats it is a little less, and would be 1.78."""
    layers = "\n".join(
        f"  - {{id: of_{macs}, custom: {{name: of, output: [$batch, 1, 1, {macs}], macs: {macs}}}}}" for macs in EDGES
    )
    spec = loads(f"archcost: 1\nname: edges\ninput: [1, 1, 1]\nlayers:\n{layers}\n")
    (tmp_path / "edges.html").write_text(ReportPage([archcost.analyze(spec)]).html, encoding="utf-8")
    looked = look(tmp_path / "edges.html")
    heads = [text.strip(" ▼▲") for text in looked.page.locator("table.layers thead th").all_inner_texts()]
    assert looked.column(heads.index("MACs"))[1:] == [format_count(macs) for macs in EDGES]
    assert looked.column(heads.index("activation bytes"))[1:] == [format_bytes(4 * macs) for macs in EDGES]


def test_one_figure_is_told_alike_all_over_the_page(look: Callable[..., Looked]) -> None:
    """35 tokens × (2 layers × 4 gates × 2 × 1500² + 1500 × 10,000) = 1,785,000,000."""
    page = look("lstm_lm").page
    card = page.locator(".card", has_text="MACs").locator(".card-value").inner_text()
    assert card == format_count(35 * (2 * 4 * 2 * 1500**2 + 1500 * 10_000)) == "1.79 G"
    assert page.locator('.cell.base[data-half="up"]').inner_text() == f"MACs {card}"
    assert card in page.locator("table.layers tbody tr").first.inner_text()


def test_removed_layers_run_as_often_as_in_their_own_model(look: Callable[..., Looked]) -> None:
    """What became of a stage may be a block ×12; the layers that were in the stage ran as often as before."""
    looked = look("resnet50", "gpt2")
    rows = looked.page.eval_on_selector_all(
        "table.layers tr.gone", "rows => rows.map((row) => row.children[0].textContent)"
    )
    names = {text.strip().lstrip("- ") for text in rows}
    assert "layer4.0.conv2" in names
    assert not any("×12" in name for name in names)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["resnet18", "lstm_lm"])
def test_no_text_leaves_its_box_of_the_graph(look: Callable[..., Looked], name: str, width: int) -> None:
    page = look(name, viewport={"width": width, "height": 900}).page
    room = page.eval_on_selector_all(
        ".graph .box",
        """boxes => boxes.flatMap((box) => {
          const edge = box.querySelector("rect:not(.stack)").getBBox();
          return [...box.querySelectorAll("text")].map((text) => edge.x + edge.width - text.getBBox().x
            - text.getBBox().width);
        })""",
    )
    assert room
    assert min(room) > 0


_OUTSIDE = """() => {  // texts that stick out of a box that shows them, with all that can be opened open
  const found = [];
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const owner = node.parentElement;
    if (!node.data.trim() || owner.closest("script, style, svg, .icicle, noscript, .columns")) continue;
    if (!owner.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const right = Math.max(...[...range.getClientRects()].map((one) => one.right));
    for (let box = owner; box !== document.body; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (["auto", "scroll"].includes(style.overflowX) && !box.matches("#layer .view")) break;
      const inner = box.getBoundingClientRect().right - parseFloat(style.paddingRight);
      if (style.display !== "inline" && right > inner + 1) found.push(`${node.data} by ${right - inner}`);
    }
  }
  const wide = document.documentElement.scrollWidth - innerWidth;
  return wide > 0 ? [...found, `the page by ${wide}`] : found;
}"""


LONG_NAME = "anamethatsomebodywroteinonewordwithoutaplacewhereitmaybebroken"
LONG = f"""
archcost: 1
name: {LONG_NAME}
source: https://example.org/{2 * LONG_NAME}
input: [3, 32, 32]
params: {{{LONG_NAME}: 8}}
layers:
  - {{id: {LONG_NAME}, conv2d: {{out_channels: ${LONG_NAME}, kernel_size: 5}}}}
  - flatten
  - {{id: head_{LONG_NAME}, linear: 1000}}
"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_text_sticks_out_of_its_box(look: Callable[..., Looked], tmp_path: Path, width: int) -> None:
    step = archcost.analyze("resnet18", training=True)
    (tmp_path / "step.html").write_text(ReportPage([step]).html, encoding="utf-8")
    long = archcost.analyze(loads(LONG))
    (tmp_path / "long.html").write_text(ReportPage([long, long]).html, encoding="utf-8")
    for asked in (["resnet50"], [tmp_path / "step.html"], ["resnet18", "resnet34"], [tmp_path / "long.html"]):
        assert look(*asked, viewport={"width": width, "height": 900}).page.evaluate(_OUTSIDE) == []


def test_what_no_layer_made_has_a_name_at_the_peak(look: Callable[..., Looked], tmp_path: Path) -> None:
    step = archcost.analyze("resnet18", training=True)
    (tmp_path / "step.html").write_text(ReportPage([step]).html, encoding="utf-8")
    page = look(tmp_path / "step.html").page
    page.locator("#memory details summary").click()
    names = page.locator("#memory details th").all_inner_texts()
    assert any(name.endswith(" more") for name in names)
    assert page.locator("#memory details td:not(.num)").all_inner_texts() == [""] * len(names)


def test_a_model_without_layers_stands_alone_and_beside_another(look: Callable[..., Looked], tmp_path: Path) -> None:
    nothing = archcost.analyze(loads("archcost: 1\nname: none\ninput: 4\nlayers:\n  - {when: false, relu: }\n"))
    linear = archcost.analyze(loads("archcost: 1\nname: one\ninput: 4\nlayers: [linear: 1]\n"))
    for number, reports in enumerate(([nothing], [nothing, linear], [linear, nothing])):
        path = tmp_path / f"{number}.html"
        path.write_text(ReportPage(reports).html, encoding="utf-8")
        page = look(path).page
        names = " → ".join(report.name for report in reports)
        assert page.locator("h1").inner_text() == names
        for button in page.locator("#cost .choice button").all():
            button.click()
        assert "NaN" not in page.locator("main").inner_text()
        assert page.locator(".waterfall").count() == (1 if len(reports) > 1 else 0)


def test_suggestions_say_what_they_save_on(look: Callable[..., Looked], tmp_path: Path) -> None:
    (tmp_path / "step.html").write_text(
        ReportPage([archcost.analyze("resnet18", training=True)]).html, encoding="utf-8"
    )
    assert "What would make inference cheaper" in look(tmp_path / "step.html").page.locator("#layer").inner_text()
    assert "What would make it cheaper" in look("resnet18").page.locator("#layer").inner_text()


def test_a_search_that_finds_nothing_says_so(look: Callable[..., Looked]) -> None:
    page = look("alexnet").page
    page.locator("#search").fill("no_such_layer")
    assert "No layer has 'no_such_layer'" in page.locator("#table .scroll").inner_text()
    page.locator("#search").fill("conv1")
    assert page.locator(".count").inner_text().endswith(" row" if page.locator("tbody tr").count() == 1 else " rows")


def test_a_phone_sees_the_figures_of_layers_at_once(look: Callable[..., Looked]) -> None:
    """MACs and params stand within the width of the table, and names are not broken within a word."""
    page = look("gpt2", viewport={"width": 390, "height": 844}).page
    shown = page.locator("table.layers thead th").all_inner_texts()
    assert shown == ["layer", "params", "MACs"]
    assert (
        page.evaluate(
            "(() => { const box = document.querySelector('#table .scroll');"
            " return box.scrollWidth - box.clientWidth; })()"
        )
        <= 0
    )


def test_without_scripts_a_phone_scrolls_the_table_alone(browser: Browser, page_file: Callable[..., Path]) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page: Any = context.new_page()
    page.goto(f"file://{page_file('gpt2')}")
    assert page.locator("html").bounding_box()["width"] == 390
    table, room = (page.locator(place).bounding_box()["width"] for place in (".static table", ".static .wide"))
    assert room <= 390 < table
    assert "weight bytes (bytes)" not in page.locator(".static thead").inner_text()
    context.close()


def test_a_page_for_training_leads_with_the_step(look: Callable[..., Looked], tmp_path: Path) -> None:
    """64 training MACs are 8 × 4 forward and as many for the gradient of the weights."""
    spec = loads("archcost: 1\nname: small\ninput: [8]\nlayers:\n  - {id: fc, linear: 4}\n")
    (tmp_path / "small.html").write_text(ReportPage([archcost.analyze(spec, training=True)]).html, encoding="utf-8")
    page = look(tmp_path / "small.html").page
    peak = format_bytes(archcost.memory(spec, training=True).peak)
    assert page.locator("h1").inner_text() == "small · a training step"
    assert page.locator(".card-label").all_inner_texts() == ["params", "training MACs", "memory to train with sgd"]
    assert page.locator(".card-value").all_inner_texts() == ["36", str(8 * 4 + 8 * 4), peak]
    assert page.locator(".cell.base").first.inner_text() == "training MACs 64"
    said = page.locator("#findings").inner_text()
    assert "most training MACs: fc 64, 100%" in said
    assert f"memory peaks in the backward pass of fc with {peak}" in said
    runs = [text.split(" ")[0] for text in page.locator("#memory .choice").first.locator("button").all_inner_texts()]
    assert runs == ["training", "with", "the"]  # with sgd; with adamw; the forward pass alone
    assert "training MACs" in page.locator("table.layers thead").inner_text()


def test_the_printed_table_stays_on_the_paper(look: Callable[..., Looked]) -> None:
    """A4 has 794 px at 96 to the inch: figures at the right end are not cut off."""
    page = look("gpt2").page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})
    assert page.locator("table.layers").bounding_box()["width"] <= 720
