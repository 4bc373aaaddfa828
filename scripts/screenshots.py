"""Take the pictures of README.md and docs/report.md: ``make screenshots``, with the browser of ``make browser``."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import archcost
from archcost.render.page.page import Page

if TYPE_CHECKING:
    from archcost.render.page.sweep_page import SweepPage

IMAGES = Path(__file__).parents[1] / "docs" / "img"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
COLOURS = 256  # of a picture: fewer bytes, and nothing of it is a photograph


def sweep() -> SweepPage:
    """The designs that docs/report.md shows."""
    space = archcost.space("mobilenet_v1", vary={"width": "0.25:1.5:0.05", "resolution": "128..224..32"})
    return archcost.page(space.sweep(where="macs <= 300 M"))


class Shot(NamedTuple):
    """A picture: the models, or none for the sweep, what the page is asked to show, and where the pointer rests."""

    name: str
    models: tuple[str, ...]
    scheme: str
    at: str = ""
    hover: str = ""
    height: int = 1000


SHOTS = (
    Shot(
        "report-googlenet", ("googlenet",), "light", hover='.cell[data-half="up"][data-item="inception_4e"]', height=990
    ),
    Shot(
        "report-llama-3-8b",
        ("llama_3_8b",),
        "dark",
        "#zoom=layers&at=layers.0.self_attn.scaled_dot_product_attention",
        height=1680,
    ),
    Shot("report-llama-2-to-3", ("llama_2_7b", "llama_3_8b"), "light", height=900),
    Shot("page", ("googlenet",), "light", hover='.cell[data-half="up"][data-item="inception_4e"]', height=690),
    Shot("report-sweep", (), "light", hover="circle.variant.front:nth-last-child(4)", height=900),
)


def take(browser: Browser, shot: Shot, folder: str) -> None:
    """Write a picture as docs/img/NAME.png."""
    page = Page([archcost.analyze(name) for name in shot.models]) if shot.models else sweep()
    path = Path(folder) / f"{shot.name}.html"
    path.write_text(page.html, encoding="utf-8")
    window = browser.new_page(
        viewport={"width": 1280, "height": shot.height}, color_scheme=shot.scheme, reduced_motion="reduce"
    )
    window.goto(f"file://{path}{shot.at}")
    if shot.hover:
        window.hover(shot.hover)
    target = IMAGES / f"{shot.name}.png"
    window.screenshot(path=target)
    window.close()
    Image.open(target).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    print(target, target.stat().st_size)


def main() -> int:
    """All of them, or those that are named."""
    path = os.environ.get("ARCHCOST_BROWSER") or shutil.which("chromium") or ""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for shot in SHOTS:
            if sys.argv[1:] and shot.name not in sys.argv[1:]:
                continue
            take(browser, shot, folder)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
