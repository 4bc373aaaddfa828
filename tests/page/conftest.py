"""A browser for the tests of the page, and what a page says and asks for while it is looked at."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.missing import without
from tests.page.zoo_pages import zoo_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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


def violations(page: Page, *rules: str) -> str:
    """What axe-core, which runs in a page, finds there by these rules, or by all."""
    result: dict[str, Any] = page.evaluate("rules => axe.run(rules.length ? {runOnly: rules} : {})", list(rules))
    assert result["passes"]
    return json.dumps([(each["id"], each["nodes"][0]["html"]) for each in result["violations"]], indent=1)


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
            made[names].write_text(zoo_html(*names), encoding="utf-8")
        return made[names]

    return file_of


class Window:
    """A page of the browser, with what a browser of such options has besides; it is used for one test at a time."""

    def __init__(self, browser: Browser, options: Mapping[str, Any]) -> None:
        self.options = options
        self.page = browser.new_context(**options).new_page()
        self.looked = Looked(self.page, "")
        self.is_taken = False
        self.page.on("console", lambda message: self.looked.said.append(message.text))
        self.page.on("pageerror", lambda error: self.looked.said.append(str(error)))
        self.page.on("request", lambda request: self.looked.asked.append(request.url))

    def open(self, address: str, at: str) -> Looked:
        """Load a page anew, as the options have it."""
        self.is_taken = True
        self.page.goto("about:blank")  # else another hash would not load it again
        self.page.emulate_media(media="null")
        self.page.set_viewport_size(self.options["viewport"])
        self.looked = Looked(self.page, address)
        self.page.goto(address + at)
        self.page.wait_for_selector("body.alive")
        return self.looked


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Iterator[Callable[..., Window]]:
    """A window of such options that no one uses now."""
    opened: list[Window] = []

    def window_of(**options: Any) -> Window:
        asked = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options
        free = [each for each in opened if each.options == asked and not each.is_taken]
        found = free[0] if free else Window(browser, asked)
        if not free:
            opened.append(found)
        return found

    yield window_of
    for each in opened:
        each.page.context.close()


@pytest.fixture
def look(windows: Callable[..., Window], page_file: Callable[..., Path]) -> Iterator[Callable[..., Looked]]:
    """Open a page, ``at`` a hash, as if in a new window; at the end it must have said nothing and asked for nothing."""
    used: list[tuple[Window, Looked]] = []

    def open_page(*names: str | Path, at: str = "", **options: Any) -> Looked:
        path = _as_driven(names[0] if len(names) == 1 and not isinstance(names[0], str) else page_file(*names))
        window = windows(**options)
        looked = window.open(f"file://{path}", at)
        used.append((window, looked))
        return looked

    yield open_page
    for window, looked in used:
        window.is_taken = False
        assert looked.said == []
        assert {address.split("#")[0] for address in looked.asked} <= {looked.address}
