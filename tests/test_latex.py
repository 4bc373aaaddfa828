"""What is printed as LaTeX can be set: read strictly, for every document, and for names that mean something to TeX."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from archcost.render.document import Column, Line, Table
from archcost.render.printers.latex import escape_latex
from archcost.render.printers.latex import text as to_latex
from tests.cover import one_of_each, zoo_models
from tests.latex import LatexError, table_rows
from tests.shared import zoo_report
from tests.test_documents import CASES, LIMITED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Run

    from archcost.render.document import Block

pytestmark = pytest.mark.usefixtures("fixed_clock")

HEAD = "\\begin{tabular}{lr}\n  a & b \\\\\n"
WRONG = [
    ("{", "stay open"),
    ("}", "does not close"),
    ("a_b", "_ outside"),
    ("50%", "a bare %"),
    ("#1", "a bare #"),
    ("a & b", "& outside"),
    ("$a", "stay open"),
    (r"$a \(b\)$", "formula in a formula"),
    (r"\geq", "no command of this mode"),
    (r"$\textbf{a}$", "no command of this mode"),
    (r"\textquotedbl{}", "no command of this mode"),  # in no encoding that a document has by itself
    (r"\input{secret}", "no command of this mode"),
    (r"\textbf a", "no argument"),
    ('"', "double quote"),
    ("×", "ASCII"),
    ("\\", "backslash"),
    ("\\\\", "where no line is"),
    (r"\textbf{a" + "\n\nb}", "new paragraph"),
    (HEAD, "stay open"),
    (HEAD + "a \\\\\n\\end{tabular}", "1 cells in 2 columns"),
    (HEAD + "a & b & c \\\\\n\\end{tabular}", "3 cells in 2 columns"),
    (HEAD + "a & b\n\\end{tabular}", "within a row"),
    (HEAD + "a \\midrule & b \\\\\n\\end{tabular}", "within a row"),
    (HEAD + "[1] & b \\\\\n\\end{tabular}", "begins as an argument"),
    (HEAD + "\\midrule\n  *a & b \\\\\n\\end{tabular}", "begins as an argument"),
    (HEAD + "\\textbf{a & b} \\\\\n\\end{tabular}", "& outside"),
    (r"\begin{itemize}", "another environment"),
]


@pytest.mark.parametrize(("text", "why"), WRONG)
def test_the_reader_is_strict(text: str, why: str) -> None:
    with pytest.raises(LatexError, match=why):
        table_rows(text)


def test_the_reader_reads() -> None:
    table = HEAD + "  \\midrule\n  {}[1] & $\\geq$ \\textbf{2 \\& 3} \\\\\n\\end{tabular}\n"
    assert table_rows(table + "\n\\(a_{\\text{b\\_c}} \\cdot 2\\)\n") == [2, 2]


def _kind(case: tuple[str, tuple[str, ...]]) -> object:
    """The document, and whether it is of a spec with limits or with figures that are not known."""
    name, words = case
    return name, tuple(word for word in words if word.endswith(".yaml"))


SET = [case for case in CASES if case[0] != "page"]  # which has other formats


@pytest.mark.parametrize(("_", "words"), one_of_each(SET, _kind))
def test_every_document_can_be_set(_: str, words: tuple[str, ...], run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "limited.yaml").write_text(LIMITED, encoding="utf-8")
    (tmp_path / "unknown.yaml").write_text(UNKNOWN, encoding="utf-8")
    result = run(*words, "--format", "latex", cwd=tmp_path)
    table_rows(result.out)
    assert result.out.strip()


ODD = [
    "[a]",
    "*",
    "a--b---c",
    "\"q\" 'r' ``s``",
    r"\input{x}",
    "x $^2_3$",
    "50% & #1 ~ {}",
    "<a|b>",
    "×é😀",
    "Ångström naïve Łódź ếß",
    "!`?`",
]


def test_hyphens_are_no_dash_and_a_dash_is_one() -> None:
    assert escape_latex("--depth 4 – a---b") == "-{}-depth 4 -- a-{}-{}-b"


def test_letters_with_accents_are_set_as_such() -> None:
    assert escape_latex("Résumé, e\u0301 Ångström ça Łódź") == (
        r"R\'{e}sum\'{e}, \'{e} \r{A}ngstr\"{o}m \c{c}a \L{}\'{o}d\'{z}"
    )
    assert escape_latex("ế") == r"\'{\^{e}}"


class _Page:
    """A text in every place of a document."""

    def __init__(self, text: str) -> None:
        self.text = text

    def blocks(self, most: int | None) -> Iterator[Block]:
        """A table and a line."""
        del most
        yield Table([Column(self.text, [self.text, "1"]), Column("n", [self.text, "2"], right=True, footer=self.text)])
        yield Line(self.text, head=self.text, literal=True)


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_texts_of_anybody_can_be_set(odd: str) -> None:
    """The heading, two rows and a footer have two cells each, whatever stands in them."""
    assert table_rows(to_latex(_Page(odd), None)) == [2, 2, 2, 2]  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_names_of_anybody_can_be_set(odd: str, run: Callable[..., Run], tmp_path: Path) -> None:
    """A name of a model, of a layer's source and of a declared op."""
    name = json.dumps(odd, ensure_ascii=False)
    for number in range(2):
        (tmp_path / f"{number}.yaml").write_text(
            f"archcost: 1\nname: {name}\ninput: [3, 8, 8]\nlayers: [conv2d: {{out_channels: {4 + number}, "
            "kernel_size: 3}]\n"
            f"expect: {{params: {{value: 1, source: {name}}}}}\nbudgets: {{params: 1}}\n",
            encoding="utf-8",
        )
    for words in (["analyze", "0.yaml"], ["analyze", "0.yaml", "1.yaml"], ["compare", "0.yaml", "1.yaml"],
                  ["compare", "0.yaml", "1.yaml", "0.yaml"], ["memory", "0.yaml", "1.yaml"], ["explain", "0.yaml"],
                  ["reconcile", "0.yaml"], ["check", "0.yaml", "1.yaml", "--expect"]):  # fmt: skip
        result = run(*words, "--format", "latex", cwd=tmp_path)
        assert table_rows(result.out) or words[0] == "explain", result.err


def test_every_formula_of_the_zoo_can_be_set(run: Callable[..., Run], pytestconfig: pytest.Config) -> None:
    """One layer of each kind of op that the zoo has, of the smallest model."""
    models = sorted(zoo_models(pytestconfig, few=True), key=lambda name: -len(zoo_report(name).layers))
    places = {layer.op: (name, layer.path) for name in models for layer in zoo_report(name).layers}
    for name, path in places.values():
        table_rows(run("explain", name, path, "--format", "latex").out)
