"""The Chinese pages keep step with the English ones: the same commands and figures, and Chinese typography."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import rerun

ROOT = Path(__file__).parent.parent
TRANSLATED = [*sorted(ROOT.glob("*.zh-CN.md")), *sorted((ROOT / "docs").glob("*.zh-CN.md"))]
READMES = ("README.md", "README.zh-CN.md")
TUTORIAL = ROOT / "docs" / "tutorial.zh-CN.md"
FENCED = re.compile(r"^```\w+\n.*?^```$", re.MULTILINE | re.DOTALL)
FIGURE = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?: (?:million|billion|亿)|%)?(?![\w,.]*\d)")
SCALES = {"million": 10**6, "billion": 10**9, "亿": 10**8}
HAN = "\u4e00-\u9fff"
# what typography is not about: code, sums, and where links lead
UNSET = re.compile(r"```.*?```|<!--.*?-->|`[^`]*`|(?<=\])\([^)]*\)|\$\([^)]*\)|^    [^\n]*$", re.MULTILINE | re.DOTALL)


def english(page: Path) -> Path:
    return page.with_name(page.name.replace(".zh-CN", ""))


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def figures(text: str) -> set[str]:
    """The numbers outside of blocks that have a thousand, a fraction or a percentage; 1.2 亿 is 120 million."""
    found = set()
    for word in FIGURE.findall(FENCED.sub("", text)):
        number, _, scale = word.partition(" ")
        if scale:
            found.add(f"{float(number) * SCALES[scale]:.0f}")
        elif not number.isdecimal():
            found.add(number)
    return found


def by_name(page: Path) -> str:
    return page.name


def test_there_are_chinese_pages() -> None:
    assert {page.name for page in TRANSLATED} == {READMES[1], TUTORIAL.name}
    assert set(TRANSLATED) <= set(rerun.PAGES)


@pytest.mark.parametrize("page", TRANSLATED, ids=by_name)
def test_the_blocks_are_the_same(page: Path) -> None:
    """Every command with its output, and every file, in order: test_docs.py reruns those of the English page."""
    assert rerun.INSTALLED.findall(read(page)) == rerun.INSTALLED.findall(read(english(page)))
    assert FENCED.findall(read(page)) == FENCED.findall(read(english(page)))


@pytest.mark.parametrize("page", TRANSLATED, ids=by_name)
def test_no_figure_is_of_its_own(page: Path) -> None:
    found = figures(read(page))
    assert len(found) >= 2
    assert found - figures(read(english(page))) == set()


def test_the_tutorial_leaves_no_figure_out() -> None:
    exact = {each for each in figures(read(english(TUTORIAL))) if "," in each or "%" in each or len(each) > 8}
    assert len(exact) >= 40
    assert exact - figures(read(TUTORIAL)) == set()


def test_the_tutorials_have_the_same_sections() -> None:
    headings = [re.findall(r"^#+ (?:\d+\.)?", read(page), re.MULTILINE) for page in (TUTORIAL, english(TUTORIAL))]
    glossary = headings[0].pop()
    assert headings[0] == headings[1]
    assert glossary == "## "


def test_the_readmes_list_the_same_commands() -> None:
    listed = [re.findall(r"^\| (`archcost .*?`) \| .* \|$", read(ROOT / name), re.MULTILINE) for name in READMES]
    assert len(listed[0]) >= 15
    assert listed[0] == listed[1]


@pytest.mark.parametrize("page", TRANSLATED, ids=by_name)
def test_each_leads_to_the_other(page: Path) -> None:
    assert f"\n\n[English]({english(page).name}) · 简体中文\n\n" in read(page)[:200]
    assert f"\n\nEnglish · [简体中文]({page.name})\n\n" in read(english(page))[:200]


@pytest.mark.parametrize("page", TRANSLATED, ids=by_name)
def test_typography(page: Path) -> None:
    """A blank between Chinese and Latin, wide punctuation after Chinese, and no line broken within a paragraph."""
    text = UNSET.sub("", read(page))
    assert re.findall(rf".*(?:[{HAN}][A-Za-z0-9]|[A-Za-z0-9][{HAN}]).*", text) == []
    assert re.findall(rf".*[{HAN}][,;:!?].*", text) == []
    assert re.findall(rf"^(?![|#]).*[{HAN}\u3002\uff0c\uff1b\uff1a\uff09]\n(?![|#-])\S.*", text, re.MULTILINE) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("about 120 million", {"120000000"}),
        ("约 1.2 亿次", {"120000000"}),
        ("28·28·32 · 192 = 4,816,896。", {"4,816,896"}),
        ("60% of 12, or 9.7 and 10²²", {"60%", "9.7"}),
        ("降到 1/3.5，", {"3.5"}),
        ("```console\n$ a\n1,000\n```\n", set()),
    ],
)
def test_figures_are_found(text: str, found: set[str]) -> None:
    assert figures(text) == found
