"""The docs as a site: every page is in it, every link leads somewhere, and it fetches nothing of other hosts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.missing import without

ROOT = Path(__file__).parents[2]
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}


def build(folder: Path, *, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    if find_spec("material") is None:
        without("no mkdocs-material: it is in the dev extra")
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=root,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, "a new page belongs to the navigation in mkdocs.yml\n" + done.stdout + done.stderr
    return folder


class Page(HTMLParser):
    """What a page loads, what it links to, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if LOADING.get(tag) in found:
            self.loads.append(found[LOADING[tag]])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if "id" in found:
            self.anchors.add(found["id"])


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {path.relative_to(site).as_posix(): Page(path) for path in site.rglob("*.html")}


def test_every_page_is_in_it(pages: dict[str, Page]) -> None:
    docs = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    root = {path.stem.lower() for path in ROOT.glob("*.md")}
    expected = {name.replace("README", "index") for name in docs} | (root - {"readme"}) | {"index"}
    assert {name.removesuffix(".html") for name in pages} - {"404"} == expected


def test_every_link_leads_somewhere(pages: dict[str, Page], site: Path) -> None:
    lost = []
    for name, page in pages.items():
        for link in page.links:
            path, _, anchor = link.partition("#")
            if name == "404.html" or re.match(r"https?:|mailto:", link):
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
            if not (site / target).is_file() or (anchor and target in pages and anchor not in pages[target].anchors):
                lost.append((name, link))
    assert lost == []


def test_files_of_the_repository_are_linked_there(pages: dict[str, Page]) -> None:
    start = "https://github.com/archcost/archcost/"
    named = {
        link.removeprefix(start).split("/", 2)[2].partition("#")[0]
        for page in pages.values()
        for link in page.links
        if link.startswith((start + "blob/main/", start + "tree/main/"))
    }
    assert {"examples/ci", "specs/resnet50.yaml", "LICENSE"} <= named
    assert [each for each in named if not (ROOT / each).exists()] == []


def test_nothing_is_fetched_from_elsewhere(pages: dict[str, Page], site: Path) -> None:
    for name, page in pages.items():
        assert [each for each in page.loads if re.match(r"(https?:)?//", each)] == [], name
    texts = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert [found for text in texts for found in re.findall(r"url\(['\"]?(?:https?:)?//[^)]*", text)] == []
    # the theme asks GitHub for stars and releases where it shows a repository
    assert 'data-md-component="source"' not in (site / "index.html").read_text(encoding="utf-8")


def test_a_table_shows_bars_in_code(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "<code>archcost zoo [NAME|PATTERN]</code>" in page


def test_a_dead_link_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs" / "decisions").mkdir(parents=True)
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    (tmp_path / "README.md").write_text("# Here\n\n[there](docs/there.md#no-such-place)\n", encoding="utf-8")
    (tmp_path / "docs" / "there.md").write_text("# There\n", encoding="utf-8")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[0]
    (tmp_path / "mkdocs.yml").write_text(config + "nav: [index.md, there.md]\n", encoding="utf-8")
    done = build(tmp_path / "site", root=tmp_path)
    assert done.returncode != 0
    assert "no-such-place" in done.stdout + done.stderr
