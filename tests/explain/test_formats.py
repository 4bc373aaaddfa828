"""Explanations and reconciliations in every format: each says the same, and names of anybody are harmless in all."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from archcost.conventions.data import ReconciliationData
from archcost.documents import schema_of
from archcost.explaining.data import ExplanationData
from archcost.explaining.expressions import Product
from archcost.explaining.in_variable_data import FormulasData
from archcost.explaining.overview_data import StoryData
from archcost.explaining.scope import Name
from archcost.render.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

MACS = 28 * 28 * 16 * 192 + 28 * 28 * 32 * 5 * 5 * 16  # of the two convolutions of a 5×5 branch
COMMANDS: dict[str, tuple[tuple[str, ...], type, str]] = {
    "layer": (("explain", "inception_reduced", "5x5.conv_relu_1.conv2d"), ExplanationData, "explanation"),
    "scope": (("explain", "inception_reduced", "5x5"), ExplanationData, "explanation"),
    "unknown": (("explain", "UNKNOWN", "b"), ExplanationData, "explanation"),
    "story": (("explain", "inception_reduced"), StoryData, "explanation"),
    "unknown story": (("explain", "UNKNOWN"), StoryData, "explanation"),
    "formulas": (("explain", "conv1x1", "--in", "size"), FormulasData, "explanation"),
    "no formulas": (("explain", "UNKNOWN", "--in", "batch"), FormulasData, "explanation"),
    "tools": (("reconcile", "inception_reduced"), ReconciliationData, "reconciliation"),
    "published": (
        ("reconcile", "inception_reduced", "--published", "12.4M", "--with", "torch"),
        ReconciliationData,
        "reconciliation",
    ),
}
UNKNOWN = """
archcost: 1
name: unknown
input: [4, 8]
layers: [{id: b, block: }]
blocks: {block: {layers: [{linear: {out_features: 8}}, {id: c, custom: {name: c, output: [$batch, 4, 8], params: 5}}]}}
"""
SUFFIXES = {"json": "json", "csv": "csv", "md": "markdown", "tex": "latex", "txt": "table"}


@pytest.fixture
def words(tmp_path: Path) -> Callable[[str], list[str]]:
    """The command line of an entry of COMMANDS."""
    path = tmp_path / "unknown.yaml"
    path.write_text(UNKNOWN, encoding="utf-8")
    return lambda name: [str(path) if word == "UNKNOWN" else word for word in COMMANDS[name][0]]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_format_is_there(name: str, words: Callable[[str], list[str]], run: Callable[..., Run]) -> None:
    shown = {}
    for format_name in FORMATS:
        result = run(*words(name), "--format", format_name)
        assert (result.code, result.err) == (0, "")
        shown[format_name] = result.out
    assert len(set(shown.values())) == len(FORMATS)
    assert run(*words(name), "--format", "text").out == run(*words(name)).out == shown["table"]
    assert shown["latex"].isascii()


@pytest.mark.parametrize("name", ["scope", "tools"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_name_of_a_file_chooses(
    name: str, suffix: str, words: Callable[[str], list[str]], run: Callable[..., Run], tmp_path: Path
) -> None:
    out = tmp_path / f"out.{suffix}"
    assert run(*words(name), "-o", str(out)).out == ""
    assert out.read_text(encoding="utf-8") == run(*words(name), "--format", SUFFIXES[suffix]).out


@pytest.mark.parametrize("name", COMMANDS)
def test_json_is_of_its_type(name: str, words: Callable[[str], list[str]], run: Callable[..., Run]) -> None:
    _, kind, schema = COMMANDS[name]
    document = json.loads(run(*words(name), "--format", "json").out)
    declared = schema_of(kind, schema)
    jsonschema.validate(document, declared)
    assert document.keys() <= declared["properties"].keys()


def rows(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out)))


def test_every_figure_of_a_scope_has_a_row(run: Callable[..., Run]) -> None:
    found = rows(run("explain", "inception_reduced", "5x5", "--format", "csv").out)
    macs = {row["path"]: int(row["value"]) for row in found if row["figure"] == "macs"}
    assert macs == {"5x5": MACS, "5x5.conv_relu": 28 * 28 * 16 * 192, "5x5.conv_relu_1": 28 * 28 * 32 * 5 * 5 * 16}
    assert {row["figure"] for row in found} >= {"params", "flops", "bytes_moved", "intensity", "receptive_field"}
    equal = rows(run("explain", "resnet50", "layer3", "--format", "csv").out)
    parts = [row for row in equal if row["figure"] == "macs" and row["path"] != "layer3"]
    total = sum(int(row["value"]) * int(row["times"]) for row in parts)
    assert [str(total)] == [row["value"] for row in equal if row["figure"] == "macs" and row["path"] == "layer3"]


def test_what_is_unknown_is_no_number(words: Callable[[str], list[str]], run: Callable[..., Run]) -> None:
    """The linear layer has 4·8·8 MACs; those of the custom one are not declared."""
    found = rows(run(*words("unknown"), "--format", "csv").out)
    macs = {row["path"]: (row["value"], row["unknown_layers"]) for row in found if row["figure"] == "macs"}
    assert macs == {"b": (str(4 * 8 * 8), "1"), "b.linear": (str(4 * 8 * 8), "0"), "b.c": ("", "1")}
    for format_name in ("markdown", "latex", "tree", "table"):
        out = run(*words("unknown"), "--format", format_name).out
        assert "unknown for 1 layer" in out


def test_rows_of_differences_add_up(run: Callable[..., Run]) -> None:
    found = rows(run("reconcile", "resnet50", "--published", "3.8G", "--format", "csv").out)
    for tool in {row["tool"] for row in found if row["tool"]}:
        (total,) = [row for row in found if row["tool"] == tool and row["row"] == "tool"]
        parts = [float(row["difference"]) for row in found if row["tool"] == tool and row["row"] == "difference"]
        assert float(total["difference"]) == sum(parts)
    fits = [row for row in found if row["row"] == "fits"]
    assert (fits[0]["figure"], fits[0]["settings"], fits[0]["published"]) == (
        "3857973248",
        "stride_in_1x1=true",
        "3.8G",
    )
    assert len(fits) == 37
    assert [row["computed"] for row in found if row["row"] == "quoted"] == ["25557032", "4089184256"]


def test_markdown_quotes_every_published_figure(run: Callable[..., Run]) -> None:
    """A terminal names the five that no convention gives; a page has room for all 24."""
    options = ("reconcile", "googlenet", "--with", "torch")
    quoted = [line for line in run(*options, "--format", "markdown").out.splitlines() if "| Table 1 |" in line]
    assert (len(quoted), sum("**not reproduced**" in line for line in quoted)) == (24, 5)
    assert run(*options).out.count("Table 1") == 5


def test_markdown_has_all_parts_and_a_terminal_the_first(tmp_path: Path, run: Callable[..., Run]) -> None:
    convs = [{"conv2d": {"out_channels": 4 + k, "kernel_size": 1}} for k in range(15)]
    path = tmp_path / "many.yaml"
    spec = {"archcost": 1, "input": [4, 8, 8], "layers": [{"id": "b", "block": None}]}
    path.write_text(json.dumps({**spec, "blocks": {"block": {"layers": convs}}}), encoding="utf-8")
    assert "… and 3 more\n" in run("explain", str(path), "b").out
    page = run("explain", str(path), "b", "--format", "markdown").out
    assert "and 3 more" not in page
    assert page.count(r"\ \text{MACs}") == 15


# --- names of anybody -------------------------------------------------------------------------------------------------

ODD = ["a|b", "`x`", "\\input{x}", "a&b", "100%", "x_y", "@here", "a$$b", "<b>", "#1", "a{b", "~^"]
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@pytest.fixture
def odd(tmp_path: Path) -> str:
    """A spec whose every name is odd; the sums of its block name its layers."""
    layers = [{"id": name, "linear": {"out_features": 8 + number}} for number, name in enumerate(ODD)]
    spec: dict[str, Any] = {"archcost": 1, "name": "@here `x` \\end{document}", "source": "@here", "input": [8]}
    spec |= {"layers": [{"id": "a|`@here`", "block": None}], "blocks": {"block": {"layers": layers}}}
    spec["expect"] = {"params": 17, "tolerance": "99999%", "source": "@here `x` | % \\input{x}"}
    path = tmp_path / "odd.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return str(path)


ASKED = (("explain",), ("explain", "a|`@here`"), ("reconcile",))


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_odd_names_are_harmless_in_markdown(asked: tuple[str, ...], odd: str, run: Callable[..., Run]) -> None:
    result = run(asked[0], odd, *asked[1:], "--format", "markdown")
    assert (result.code, result.err) == (0, "")
    for token in READER.parse(result.out):
        for child in token.children or ():
            assert child.type not in ("link_open", "image", "html_inline", "em_open")
            assert child.type != "text" or not re.search(r"@here|#1", child.content)
    for formula in re.findall(r"\$\$\n(.*)\n\$\$", result.out):
        assert not re.search(r"[$`@|<>#&%*]", formula)


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_odd_names_are_harmless_in_latex(asked: tuple[str, ...], odd: str, run: Callable[..., Run]) -> None:
    result = run(asked[0], odd, *asked[1:], "--format", "latex")
    assert (result.code, result.err) == (0, "")
    assert result.out.isascii()
    assert not re.search(r"\\(input|end\{document)", result.out)
    assert not re.search(r"(?<!\\)[%#]", result.out)
    bare = re.sub(r"\\[{}]", "", result.out)
    assert bare.count("{") == bare.count("}")


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_odd_names_reach_every_format(
    asked: tuple[str, ...], format_name: str, odd: str, run: Callable[..., Run]
) -> None:
    result = run(asked[0], odd, *asked[1:], "--format", format_name)
    assert (result.code, result.err) == (0, "")


def test_names_in_formulas_are_spelled_for_tex() -> None:
    named = Product([Name("a_b", 2), Name("\\x{$&#%~^}", 3)])
    spelled = r"\textbackslash{}x\{\$\&\#\%\textasciitilde{}\textasciicircum{}\}"
    assert named.latex() == rf"\texttt{{a\_b}} \cdot \texttt{{{spelled}}}"
    assert named.latex(numbers=True) == r"2 \cdot 3"
