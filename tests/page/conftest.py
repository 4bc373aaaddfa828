"""A browser for the tests of the page, and what a page says and asks for while it is looked at."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.render.page.page import Page as ReportPage
from tests.missing import without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _browser_path() -> str:
    """ARCHCOST_BROWSER, or a Chromium on the PATH."""
    named = os.environ.get("ARCHCOST_BROWSER", "")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), "")
    return found or without("no Chromium: `make browser` installs it, or ARCHCOST_BROWSER names one")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, or the Firefox that ARCHCOST_BROWSER names."""
    path = _browser_path()
    if find_spec("playwright") is None:
        without("no playwright: it is in the dev extra")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        if _is_firefox(path):  # over WebDriver BiDi
            launched = started.firefox.launch(executable_path=path, channel="moz-firefox")
        else:
            launched = started.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


def _as_driven(path: Path) -> Path:
    """The page that is opened: for Firefox one without its policy, which refuses the evaluations of what drives it."""
    if not _is_firefox(_browser_path()):
        return path
    bare = path.with_suffix(".bare.html")
    text = path.read_text(encoding="utf-8")
    bare.write_text(re.sub(r"<meta http-equiv=[^>]*>", "", text, count=1), encoding="utf-8")
    return bare


def _is_firefox(path: str) -> bool:
    return "firefox" in Path(path).name


@pytest.fixture
def axe() -> str:
    """The script of axe-core."""
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        without("no axe-core: axe-playwright-python is in the dev extra")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


@dataclass
class Looked:
    """A page that is open, what it said on the console, and what it asked for besides itself."""

    page: Page
    address: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def cell(self, half: str, key: str) -> Any:
        """A block of the icicle."""
        return self.page.locator(f'.cell[data-half="{half}"][data-item="{key}"]')

    def shown(self, half: str) -> list[str]:
        """The blocks of a half that are drawn."""
        found: list[str] = self.page.eval_on_selector_all(
            f'.cell[data-half="{half}"]', "cells => cells.map((cell) => cell.dataset.item)"
        )
        return found

    def column(self, place: int) -> list[str]:
        """The texts of a column of the table."""
        found: list[str] = self.page.eval_on_selector_all(
            "table.layers tbody tr", f"rows => rows.map((row) => row.children[{place}].textContent.trim())"
        )
        return found


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The page of a model, or of two, as a file."""
    made: dict[tuple[str, ...], Path] = {}
    folder = tmp_path_factory.mktemp("pages")

    def file_of(*names: str) -> Path:
        if names not in made:
            made[names] = folder / f"{'-'.join(names)}.html"
            made[names].write_text(ReportPage([archcost.analyze(name) for name in names]).html, encoding="utf-8")
        return made[names]

    return file_of


@pytest.fixture
def look(browser: Browser, page_file: Callable[..., Path]) -> Iterator[Callable[..., Looked]]:
    """Open a page, ``at`` a hash, in a new window; at the end it must have said nothing and asked for nothing."""
    opened: list[Looked] = []
    contexts = []

    def open_page(*names: str | Path, at: str = "", **options: Any) -> Looked:
        path = _as_driven(names[0] if len(names) == 1 and not isinstance(names[0], str) else page_file(*names))
        context = browser.new_context(
            **({"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options)
        )
        contexts.append(context)
        looked = Looked(context.new_page(), f"file://{path}")
        looked.page.on("console", lambda message: looked.said.append(message.text))
        looked.page.on("pageerror", lambda error: looked.said.append(str(error)))
        looked.page.on("request", lambda request: looked.asked.append(request.url))
        looked.page.goto(f"file://{path}{at}")
        looked.page.wait_for_selector("body.alive")
        opened.append(looked)
        return looked

    yield open_page
    for context in contexts:
        context.close()
    for looked in opened:
        assert looked.said == []
        assert {address.split("#")[0] for address in looked.asked} <= {looked.address}
