"""Every figure of the zoo that is not archcost's own count says where it was seen, and is what is printed there."""

from __future__ import annotations

import csv
import itertools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archcost import model_zoo as zoo
from archcost.analysis.sources import SourceKind, parse_source, stated_figures
from archcost.render.formats import FORMATS
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

    from archcost.analysis.sources import Stated

PAPER = "He et al. 2015, Deep Residual Learning for Image Recognition, arXiv:1512.03385"
FORMS = {
    "": (SourceKind.own_count, "", ""),
    "arXiv:1512.03385, Table 6": (SourceKind.paper, "arXiv:1512.03385, Table 6", ""),
    "arXiv:1512.03385, Table 6: 0.27 M": (SourceKind.paper, "arXiv:1512.03385, Table 6", "0.27 M"),
    "Table 6: 0.27M": (SourceKind.paper, "arXiv:1512.03385, Table 6", "0.27M"),
    "Table 1, row 3a": (SourceKind.paper, "arXiv:1512.03385, Table 1, row 3a", ""),
    "abstract: 47 B": (SourceKind.paper, "arXiv:1512.03385, abstract", "47 B"),
    "arXiv:2006.11239, appendix B: 35.7 M": (SourceKind.paper, "arXiv:2006.11239, appendix B", "35.7 M"),
    "doi:10.1109/5.771073, section 2: 60 k": (SourceKind.paper, "doi:10.1109/5.771073, section 2", "60 k"),
    "openai/gpt-2@242aac8, model_card.md: 124 M": (
        SourceKind.repository,
        "openai/gpt-2@242aac8, model_card.md",
        "124 M",
    ),
    "torchvision 0.29.1, AlexNet_Weights.IMAGENET1K_V1: 0.714 G": (
        SourceKind.library,
        "torchvision 0.29.1, AlexNet_Weights.IMAGENET1K_V1",
        "0.714 G",
    ),
    # a place is missing, is no place, or what is printed is no count
    "arXiv:1512.03385": (SourceKind.unknown, "arXiv:1512.03385", ""),
    "arXiv:1512.03385: 0.27 M": (SourceKind.unknown, "arXiv:1512.03385", "0.27 M"),
    "the paper prints 0.27M": (SourceKind.unknown, "the paper prints 0.27M", ""),
    "from memory": (SourceKind.unknown, "from memory", ""),
    "timm prints 5.18 M": (SourceKind.unknown, "timm prints 5.18 M", ""),
    "openai/gpt-2, model_card.md: 124 M": (SourceKind.unknown, "openai/gpt-2, model_card.md", "124 M"),
    "openai/gpt-2@main, model_card.md": (SourceKind.unknown, "openai/gpt-2@main, model_card.md", ""),
    "Table 1, row 3a: 159K, or so": (SourceKind.unknown, "Table 1, row 3a: 159K, or so", ""),
    "torchvision, AlexNet_Weights": (SourceKind.unknown, "torchvision, AlexNet_Weights", ""),
    "Table 6: 0.27 XY": (SourceKind.unknown, "Table 6: 0.27 XY", ""),
    "Table 6: " + "9" * 5000: (SourceKind.unknown, "Table 6: " + "9" * 5000, ""),
}


@pytest.mark.parametrize("text", FORMS)
def test_the_place_decides_the_kind(text: str) -> None:
    source = parse_source(text, PAPER)
    assert (source.kind, source.place, source.printed) == FORMS[text]


def test_a_table_is_in_a_paper_only_if_the_spec_names_one() -> None:
    assert parse_source("Table 6", "a blog").kind is SourceKind.unknown


# What is printed, a count that is printed so, and the nearest ones below and above that are not.
PRINTED = [
    ("0.27 M", 269_722, 264_999, 275_001),
    ("0.27M", 265_000, 264_999, 275_001),
    ("7 B", 6_738_415_616, 6_499_999_999, 7_500_000_001),
    ("1,550 M", 1_545_000_000, 1_544_999_999, 1_555_000_001),  # one zero before the unit may be a rounded digit
    ("110 M", 109_482_240, 104_999_999, 115_000_001),
    ("5.0 G", 4_972_150_784, 4_949_999_999, 5_050_000_001),  # a zero behind the point is a digit
    ("290 M, cut off", 290_675_200, 289_999_999, 300_000_000),
    ("75.62 M, cut off", 75_626_728, 75_619_999, 75_630_000),
    ("60.1 B, two for each MAC", 30_052_385_792, 30_024_999_999, 30_075_000_001),
    ("159 Ki", 162_816, 162_303, 163_329),
    ("269722", 269_722, 269_721, 269_723),
]


@pytest.mark.parametrize(("printed", "right", "below", "above"), PRINTED)
def test_a_count_is_rounded_or_cut_off_to_what_is_printed(printed: str, right: int, below: int, above: int) -> None:
    source = parse_source(f"Table 1: {printed}", PAPER)
    assert source.kind is SourceKind.paper
    assert [source.prints(value) for value in (right, below, above)] == [True, False, False]


@pytest.fixture(scope="module")
def zoo_figures() -> list[Stated]:
    return [figure for name in zoo.names() for figure in stated_figures(zoo_report(name))]


def test_every_figure_of_the_zoo_has_a_source_with_a_place(zoo_figures: list[Stated]) -> None:
    assert [(figure.model, figure.text) for figure in zoo_figures if figure.source.kind is SourceKind.unknown] == []
    assert len(zoo_figures) > 500


def test_every_figure_of_the_zoo_is_what_its_source_prints(zoo_figures: list[Stated]) -> None:
    assert [(figure.model, figure.metric, figure.text) for figure in zoo_figures if not figure.holds] == []
    assert sum(bool(figure.source.printed) for figure in zoo_figures) > 200


def test_a_rounded_figure_stands_as_printed(zoo_figures: list[Stated]) -> None:
    """A source without a printed figure states the value itself: exact, or with the tolerance that it needs."""
    loose = [figure for figure in zoo_figures if figure.tolerance and figure.source.printed]
    assert [(figure.model, figure.text) for figure in loose] == []
    outside = [figure for figure in zoo_figures if figure.source.kind in {SourceKind.paper, SourceKind.repository}]
    exact = {figure.model for figure in outside if not figure.tolerance and not figure.source.printed}
    gemma = {"gemma_2_2b", "gemma_2_9b", "gemma_2_27b"}
    to_the_unit = {"squeezenet1_0", "xception", "nas_bench_macro"}  # as their tables print the parameters
    assert exact == to_the_unit | gemma


_PLACED = re.compile(
    r"\b(Tables?|Figure|section|appendix) \w|\babstract\b|\w/[\w.-]+@[0-9a-f]{7}, \S|"
    r"\bpaperswithcode\.com/|torchvision|\bin the same row\b"
)
_QUOTES = re.compile(r"\b(prints?|printed|lists|from memory|README|implementations?)\b")


@pytest.mark.parametrize("name", zoo.names())
def test_what_a_comment_quotes_has_a_place(name: str) -> None:
    text = Path(zoo.find(name) or "").read_text(encoding="utf-8")
    runs = itertools.groupby(text.splitlines(), key=lambda line: "#" in line)
    comments = [" ".join(line.partition("#")[2] for line in lines) for commented, lines in runs if commented]
    assert [comment for comment in comments if _QUOTES.search(comment) and not _PLACED.search(comment)] == []
    assert not re.search("from memory", text, re.IGNORECASE)


SPEC = """archcost: 1
family: B
source: "A paper, arXiv:1512.03385"
input: [3, 4, 4]
layers: [conv2d: {out_channels: 8, kernel_size: 1}]
expect: {params: {value: 32, source: "%s"}, macs: 384, output: [1, 8, 4, 4]}
"""


@pytest.fixture
def one_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A zoo of one model: the source of its 3 * 8 + 8 = 32 params is given."""
    monkeypatch.setattr(zoo, "folder", lambda: str(tmp_path))
    return lambda source: (tmp_path / "net.yaml").write_text(SPEC % source, encoding="utf-8") and None


def test_the_check_counts_the_kinds(one_spec: Callable[[str], None], run: Callable[..., Run]) -> None:
    one_spec("Table 6: 32")
    found = run("zoo", "--check")
    assert found.code == 0
    assert found.out.splitlines() == [
        "1 model in 1 family: all 2 figures and 1 shape hold",
        "  paper          1  a table, figure or section of a paper",
        "  own count      1  what archcost counts, and nothing outside states",
    ]


def test_an_unknown_source_is_said_to_be_unknown(one_spec: Callable[[str], None], run: Callable[..., Run]) -> None:
    one_spec("from memory")
    found = run("zoo", "--check")
    assert found.code == 0
    assert "  unknown        1  a source that names no place" in found.out.splitlines()


def test_a_figure_that_is_printed_otherwise_is_named(one_spec: Callable[[str], None], run: Callable[..., Run]) -> None:
    one_spec("Table 6: 33")
    found = run("zoo", "--check")
    assert found.code == 1
    assert "zoo:net:6:10: net: params is 32, which is not what is printed (Table 6: 33)" in found.out
    assert "1 model in 1 family: 1 of 2 figures and 0 of 1 shape differ" in found.out


@pytest.mark.parametrize("form", FORMATS)
def test_a_figure_that_is_printed_otherwise_fails_in_every_format(
    one_spec: Callable[[str], None], run: Callable[..., Run], form: str
) -> None:
    one_spec("Table 6: 32")
    assert run("zoo", "--check", "--format", form).code == 0
    one_spec("Table 6: 33")
    assert run("zoo", "--check", "--format", form).code == 1


def test_every_format_lists_every_figure(one_spec: Callable[[str], None], run: Callable[..., Run]) -> None:
    one_spec("arXiv:1512.03385, Table 6: 32")
    params, macs = json.loads(run("zoo", "--check", "--format", "json").out)
    assert params == {
        "model": "net",
        "path": "",
        "figure": "params",
        "stated": 32,
        "computed": 32,
        "tolerance": "",
        "printed": "32",
        "holds": True,
        "kind": "paper",
        "place": "arXiv:1512.03385, Table 6",
        "source": "arXiv:1512.03385, Table 6: 32",
    }
    assert (macs["kind"], macs["source"], macs["computed"]) == ("own count", "", 3 * 8 * 4 * 4)
    table = list(csv.DictReader(run("zoo", "--check", "--format", "csv").out.splitlines()))
    assert table == [{key: str(value) for key, value in row.items()} for row in (params, macs)]
    assert "| **net** |  |  |  |  |  |\n| &emsp;params | 32 |  | 32 | paper | arXiv:1512.03385, Table 6: 32 |" in (
        run("zoo", "--check", "--format", "markdown").out
    )
    assert run("zoo", "--check", "--format", "tree").out == (
        "paper\n└── net: params – arXiv:1512.03385, Table 6: 32\nown count\n└── net: macs\n"
        "1 model in 1 family: all 2 figures and 1 shape hold\n"
    )
    shown = run("zoo", "--check", "--format", "table", columns=100).out
    assert all(word in shown for word in ("stated", "computed", "kind", "arXiv:1512.03385, Table 6: 32", "own count"))


def test_the_list_shows_what_differs_and_tolerances(
    tmp_path: Path, one_spec: Callable[[str], None], run: Callable[..., Run]
) -> None:
    one_spec("Table 6")
    path = tmp_path / "net.yaml"
    text = path.read_text(encoding="utf-8").replace("macs: 384", "macs: {value: 380, tolerance: 1%, source: Table 2}")
    path.write_text(text, encoding="utf-8")
    shown = run("zoo", "--check", "--format", "markdown")
    assert shown.code == 1
    assert "| ✗ | &emsp;macs | 380 | 1% | 384 | paper | Table 2 |" in shown.out


VERDICT = "1 model in 1 family: 1 of 2 figures and 0 of 1 shape differ"


@pytest.mark.parametrize("form", ["table", "tree", "markdown", "latex"])
def test_the_lists_end_in_a_verdict(one_spec: Callable[[str], None], run: Callable[..., Run], form: str) -> None:
    one_spec("Table 6: 33")
    shown = run("zoo", "--check", "--format", form).out.replace(r"$\times$", "✗")
    assert VERDICT in shown
    assert "net: params is 32, which is not what is printed" in shown
    assert [line for line in shown.splitlines() if "✗" in line and "Table 6: 33" in line]
    assert shown.count("✗") == 1  # 384 MACs are stated, and hold


@pytest.mark.parametrize("columns", [40, 60, 80, 120, None])
def test_neither_marks_nor_sources_are_cut(
    one_spec: Callable[[str], None], run: Callable[..., Run], columns: int | None
) -> None:
    """Columns are left out where the page is narrow, and a source goes on below."""
    source = "torchvision 0.29.1, AlexNet_Weights.IMAGENET1K_V1: 33"
    one_spec(source)
    table = run("zoo", "--check", "--format", "table", columns=columns).out.split("\nspec")[0]
    table = table[: table.index("zoo:net")].rsplit("\n", 1)[0]
    rows = [line for line in table.splitlines() if line.strip()]
    assert "…" not in table
    assert max(map(len, rows)) <= (columns or 1000)
    (failing,) = [index for index, row in enumerate(rows) if "✗" in row]
    assert rows[failing].split()[:2] == ["✗", "params"]
    start = rows[0].index("source")
    cells = [row[start:].strip() for row in rows[failing:] if not row[start - 2 : start].strip()]
    assert "".join(cells).replace(" ", "").startswith(source.replace(" ", ""))
    assert columns != 40 or "computed" not in rows[0]
    assert (columns or 120) < 120 or "stated" in rows[0]
