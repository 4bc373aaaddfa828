r"""LaTeX in ASCII: exact figures in tables of the package booktabs, and formulas with words of amsmath.

To be set with ``\usepackage{amsmath,amssymb,booktabs}``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from archcost.printable import one_line
from archcost.render.document import Code, Facts, Field, Heading, Line, Table, cell
from archcost.render.glyphs import fitted
from archcost.tex import SIGNS, accented

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.render.document import Block, Cell, Column, Document

TEXT_SIGNS = SIGNS | {
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    '"': "''", "'": "'", "`": r"\textasciigrave{}", "-": "-{}",
    "×": r"$\times$", "·": r"$\cdot$", "−": "$-$", "–": "--", "—": "---", "…": r"\ldots{}", "→": r"$\to$",
    "←": r"$\leftarrow$", "≥": r"$\geq$", "≤": r"$\leq$", "≈": r"$\approx$", "±": r"$\pm$", "Δ": r"$\Delta$",
    "√": r"$\surd$", "⌊": r"$\lfloor$", "⌋": r"$\rfloor$", "⌈": r"$\lceil$", "⌉": r"$\rceil$", "µ": r"$\mu$",
    "μ": r"$\mu$", "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "ε": r"$\epsilon$", "λ": r"$\lambda$",
    "σ": r"$\sigma$", "Σ": r"$\Sigma$", "‖": r"$\Vert$", "½": r"$\frac12$", "₁": "$_1$", "₂": "$_2$", "₃": "$_3$",
    "ₑ": "$_e$", "ˣ": "$^x$", "ᵖ": "$^p$", "ᵀ": r"$^\top$", "⁻": "$^-$", "²": "$^2$", "³": "$^3$", "∞": r"$\infty$",
    "✓": r"$\checkmark$", "✗": r"$\times$", "◂": r"$\triangleleft$", "▸": r"$\triangleright$", "†": r"\dag{}",
}  # fmt: skip
_SPECIAL = re.compile(r"[\\{}$&#%_~^<>|\"'`]|-(?=-)|[^\x20-\x7e]")  # two hyphens would be a dash
_ARGUMENT = ("[", "*")  # what a row must not begin with: it would be taken for an argument of the end of the last one


def text(document: Document, path: str | None) -> str:
    """The blocks of a document, an empty line between them."""
    del path
    return "\n\n".join(filter(None, map("\n".join, map(_block, document.blocks(None))))) + "\n"


def _block(block: Block) -> list[str]:
    if isinstance(block, Table):
        return list(_table(block))
    if isinstance(block, Heading):
        details = f" {escape_latex(block.details)}" if block.details else ""
        return [rf"\paragraph{{{escape_latex(block.text)}}}{details}"]
    if isinstance(block, Line):
        head = rf"\textbf{{{escape_latex(block.head.strip())}}} " if block.head.strip() else ""
        return [head + "".join([_span(text, code=code) for text, code in block.pieces])]
    if isinstance(block, Field):
        return [_field(block)]
    if isinstance(block, Facts):
        return [escape_latex(block.text(short=False))]
    return [_code(line) for line in block.lines] if isinstance(block, Code) else []


def _field(field: Field) -> str:
    """A topic with its formula and what that does not say, or else with its text."""
    if field.formula:
        said = rf"\({_SPECIAL.sub(_mathematical, field.formula)}\)"
        said += f" ({escape_latex(field.note)})" if field.note else ""
    else:
        said = escape_latex(field.text)
    return r"\quad " * (field.level - 1) + rf"\textbf{{{escape_latex(field.label)}}} {said}"


def _code(line: str) -> str:
    """A line in typewriter, its indent kept."""
    text = line.lstrip(" ")
    return r"\texttt{" + r"\ " * (len(line) - len(text)) + escape_latex(text) + r"}\\"


def _mathematical(match: re.Match[str]) -> str:
    """What is not ASCII stands in the names within formulas, which are text; the rest is LaTeX already."""
    return match[0] if match[0].isascii() else _sign(match)


def _span(text: str, *, code: bool) -> str:
    return rf"\texttt{{{escape_latex(text)}}}" if code else escape_latex(text)


def _table(table: Table) -> Iterator[str]:
    columns = table.plain_columns
    sides = "".join("r" if column.right else "l" for column in columns)
    yield rf"\begin{{tabular}}{{{sides}}}"
    yield r"  \toprule"
    yield _row([escape_latex(column.heading) for column in columns])
    yield r"  \midrule"
    for row in zip(*(column.cells for column in columns), strict=True):
        yield _row([_cell(cell(one)) for one in row])
    if table.has_footer:
        yield r"  \midrule"
        yield _row(_footers(columns))
    yield r"  \bottomrule"
    yield r"\end{tabular}"


def _footers(columns: Sequence[Column]) -> list[str]:
    return [_cell(cell(column.footer)._replace(strong=True)) for column in columns]


def _row(cells: Sequence[str]) -> str:
    row = " & ".join(cells)
    return "  " + "{}" * row.startswith(_ARGUMENT) + row + r" \\"


def _cell(one: Cell) -> str:
    shown = escape_latex(one.text.strip())
    if not shown:
        return ""
    if one.code:
        shown = rf"\texttt{{{shown}}}"
    indent = r"\quad " * (one.level - 1)
    return indent + (rf"\textbf{{{shown}}}" if one.strong else shown)


def escape_latex(text: str) -> str:
    """Text of anybody: LaTeX sets it and runs nothing; é is an e with an accent, and what LaTeX lacks is escaped."""
    plain = one_line(text)
    return _SPECIAL.sub(_sign, plain if plain.isascii() else unicodedata.normalize("NFC", plain))


def _sign(match: re.Match[str]) -> str:
    char = match[0]
    known = TEXT_SIGNS.get(char) or accented(char)
    if known is not None:
        return known
    return "".join(TEXT_SIGNS.get(one, one) for one in fitted(char, "ascii"))
