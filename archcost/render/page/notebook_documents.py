"""Values whose command has a document, in a notebook: its blocks as HTML, every row of them, and no script."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

from archcost.analysis.microcontroller.study import FusedStudy
from archcost.analysis.zoo_check import ZooCheck
from archcost.budget.verdict import Verdict
from archcost.conventions.reconciliation import Reconciliation
from archcost.explaining.equations import Explanation
from archcost.explaining.in_variable import VariableFormulas
from archcost.explaining.overview import Story
from archcost.printable import one_line
from archcost.pytorch.bench_data import Bench
from archcost.pytorch.timing import Latency
from archcost.pytorch.verification import Verification, VerificationOutcome
from archcost.render.document import Code, Document, Facts, Field, Gap, Heading, Line, Table, cell
from archcost.render.explanation import ExplanationDocument, StoryDocument
from archcost.render.formulas_in import FormulasDocument
from archcost.render.latency import LatencyDocument
from archcost.render.microcontroller import MicrocontrollerDocument
from archcost.render.page.icicle import FONTS
from archcost.render.page.notebook_boxes import TITLE, grid, grid_cell
from archcost.render.page.page_text import safe_text
from archcost.render.reconciliation import ReconciliationDocument
from archcost.render.training_cost import TrainingCostsDocument
from archcost.render.verdict import VerdictDocument
from archcost.render.verification import VerificationDocument
from archcost.render.zoo_check import ZooCheckDocument
from archcost.timing.training_cost import TrainingCost

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.render.document import Cell, Column

_ALL = f"max-width:960px;max-height:640px;overflow:auto;font:12px {FONTS}"
_INDENT = 14  # pixels a level


_DOCUMENTS: dict[type, Callable[[Any], Document]] = {
    Bench: lambda bench: LatencyDocument(bench.results),
    Explanation: ExplanationDocument,
    FusedStudy: lambda study: MicrocontrollerDocument([study]),
    Latency: lambda latency: LatencyDocument([latency]),
    Reconciliation: ReconciliationDocument,
    Story: StoryDocument,
    TrainingCost: lambda cost: TrainingCostsDocument([cost]),
    VariableFormulas: FormulasDocument,
    Verdict: VerdictDocument,
    Verification: lambda found: VerificationDocument([VerificationOutcome(found.name, found)]),
    ZooCheck: ZooCheckDocument,
}


def document_of(value: object) -> Document | None:
    """What its command shows of a value; None for one that has another form here, or none."""
    make = _DOCUMENTS.get(type(value))
    return None if make is None else make(value)


def document_html(document: Document) -> str:
    """The blocks of a document one below the other; what is wider or longer than its room is scrolled."""
    return f'<div style="{_ALL}">{"".join(map(_block, document.blocks(None)))}</div>'


@singledispatch
def _block(block: object) -> str:
    raise TypeError(f"no block: {type(block).__name__}")


@_block.register
def _(block: Heading) -> str:
    title = f'<div style="{TITLE}">{_safe(block.text)}</div>'
    return title + _line(_safe(block.details), faint=True) if block.details else title


@_block.register
def _(block: Line) -> str:
    text = "".join([f"<code>{_safe(piece)}</code>" if typed else _safe(piece) for piece, typed in block.pieces])
    return _line(f"{_safe(block.head.strip())} {text}".strip(), faint=block.style == "dim")


@_block.register
def _(block: Field) -> str:
    return _line(f"<b>{_safe(block.label)}</b> {_safe(block.text)}", level=block.level)


@_block.register
def _(block: Facts) -> str:
    return _line(_safe(block.text(short=False)))


@_block.register
def _(block: Code) -> str:
    return f'<pre style="margin:0 0 6px">{"<br/>".join(map(safe_text, block.lines))}</pre>'


@_block.register
def _(block: Gap) -> str:
    del block
    return '<div style="height:6px"></div>'


@_block.register
def _(table: Table) -> str:
    """Figures to the unit, names set in by their depth, and the footer in bold."""
    columns = table.plain_columns
    rows = [list(row) for row in zip(*(column.cells for column in columns), strict=True)]
    if table.has_footer:
        rows.append([cell(column.footer)._replace(strong=True) for column in columns])
    return grid(
        [grid_cell(_safe(column.heading), "th", left=not column.right) for column in columns],
        [[_cell(cell(one), column) for one, column in zip(row, columns, strict=True)] for row in rows],
    )


def _line(html: str, *, level: int = 1, faint: bool = False) -> str:
    style = f"margin:0 0 2px {_INDENT * (level - 1)}px" + ";opacity:.75" * faint
    return f'<div style="{style}">{html}</div>'


def _cell(one: Cell, column: Column) -> str:
    text = _safe(one.text.strip())
    for tag in filter(None, ("code" * one.code, "b" * one.strong)):
        text = f"<{tag}>{text}</{tag}>"
    return grid_cell(text, left=not column.right, indent=_INDENT * (one.level - 1))


def _safe(text: str) -> str:
    return safe_text(one_line(text))
