"""What a command shows, before any layout: text and tables for people, records for sheets, data for programs.

A command makes one :class:`Document`; each printer in :mod:`archcost.render.printers` prints any of them in one format.
Nothing here knows a format, and no printer knows a command.
"""

# Annotations stand evaluated: a NamedTuple compiles those that are text, which takes as long as all the rest of it.
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

LEAST_FLEXIBLE = 24  # what a flexible column is left with before another column leaves
WHOLE = 1_000_000  # more than any page has: for a flexible column that is cut only once all that can leave has left


class Cell(NamedTuple):
    """The content of a cell.

    ``short`` is the same in few digits, for a narrow page, and in a flexible column where it would be cut; ``level``
    the depth of a name in its tree, from 1; ``code`` marks what is typed, such as an option; ``strong`` what stands
    out, and ``style`` is rich's, for colours. ``mark`` is a sign of ours before a name and its indent, such as ``+``
    for what was added; a blank keeps its room. ``amount`` is the figure that the text tells, if it is one: ``binary``
    of bytes, else of things.
    """

    text: str
    short: str | None = None
    level: int = 1
    style: str = ""
    strong: bool = False
    code: bool = False
    mark: str = ""
    amount: int | None = None
    binary: bool = False


class Column(NamedTuple):
    """A heading, one cell a row, and a footer.

    ``right`` is for figures. Cells of a ``flexible`` column are cut where a page is narrow, unless it ``folds`` them
    into lines, at the ``widest`` even where there is room (0: only where there is none); those of ``paths`` in the
    middle, as both ends of a path tell most; where such fold, each word that is too wide. Where that does not suffice
    columns leave, the lowest ``leaves`` first (0: it stays). A terminal shows figures to the unit where there is room,
    but those of a ``rounded`` column always in few digits. ``parts`` in place of cells are drawn as bars, the largest
    as long as there is room; they stand on a terminal alone. Columns of one ``measure`` are compared with each other:
    where a heading tells their unit, they have the same.
    """

    heading: str
    cells: Sequence[Cell | str]
    footer: Cell | str = ""
    right: bool = False
    flexible: bool = False
    folds: bool = False
    style: str = ""
    leaves: int = 0
    rounded: bool = False
    parts: Sequence[int] = ()
    paths: bool = False
    measure: str = ""
    widest: int = 0


class Table(NamedTuple):
    """Columns of equal length; ``narrow`` stands in its place where it does not fit even with rounded figures.

    A terminal shows ``lines`` instead where there are any: rows that read better as sentences there.
    """

    columns: Sequence[Column]
    least_flexible: int = LEAST_FLEXIBLE
    narrow: "Table | None" = None
    lines: "Sequence[Line] | None" = None

    @property
    def telling_columns(self) -> list[Column]:
        """The columns that are more than bars, without those that say nothing."""
        return [
            column
            for column in self.columns
            if not column.parts and (column.heading or any(cell(one).text for one in column.cells))
        ]

    @property
    def plain_columns(self) -> list[Column]:
        """The telling columns, the marks of a column in one of their own before it."""
        return [part for column in self.telling_columns for part in _apart(column)]

    @property
    def has_footer(self) -> bool:
        """Whether anything stands below the rows."""
        return any(cell(column.footer).text for column in self.columns)


class Heading(NamedTuple):
    """What follows is about this; ``details`` stand behind it, as ``1×3×224×224 float32`` behind a model's name."""

    text: str
    details: str = ""


class Line(NamedTuple):
    """A sentence, with what is typed between backticks; ``style`` is rich's.

    Its further lines hang below its ``head``, which may be its label; without one they are set in by ``indent``, and so
    is a text that finds no room beside its head and stands below it. A ``literal`` text holds words of others: no
    backtick in it is a mark. ``head_style`` is rich's as well.
    """

    text: str
    head: str = ""
    style: str = ""
    indent: int = 2
    literal: bool = False
    head_style: str = ""

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The text in pieces, and whether each is what is typed."""
        return [(self.text, False)] if self.literal else spans(self.text)

    @property
    def plain_text(self) -> str:
        """The text without the backticks around what is typed."""
        return self.text if self.literal else without_marks(self.text)


class Field(NamedTuple):
    """A topic and what is said of it, such as ``params`` and ``2·64 = 128``; one of level 2 is within another.

    The text stands as it is. On a terminal all texts begin at the same column and break before equals signs.
    ``formula`` is the text in LaTeX's mathematics, for pages that set such, with ``note`` for what it does not say.
    """

    label: str
    text: str
    formula: str = ""
    note: str = ""
    level: int = 1


class Fact(NamedTuple):
    """A figure behind its label, and a word behind it."""

    label: str
    figure: Cell
    note: str = ""


class Facts(NamedTuple):
    """Figures in a line, as ``weights 26.7 MiB · FLOPs 3,211,425,032``: in few digits on a terminal."""

    facts: Sequence[Fact]

    def text(self, *, short: bool) -> str:
        """The line."""
        shown = [
            (one.label, one.figure.short if short and one.figure.short else one.figure.text, one.note)
            for one in self.facts
        ]
        return " · ".join([" ".join(filter(None, parts)) for parts in shown])


class Code(NamedTuple):
    """Lines that stay as they are, of a ``language`` that a page may colour."""

    text: str
    language: str = ""

    @property
    def lines(self) -> list[str]:
        """The lines."""
        return self.text.rstrip("\n").split("\n")


class Gap(NamedTuple):
    """An empty line."""


class TreeLine(NamedTuple):
    """A line of a tree, ``level`` scopes deep, from 1."""

    level: int
    text: str


Block = Heading | Line | Field | Facts | Table | Code | Gap


class Records(NamedTuple):
    """Rows for a sheet or a script: figures to the unit as numbers, None for what is unknown or does not apply."""

    headings: Sequence[str]
    rows: Iterable[Sequence[object]]


class Document(Protocol):
    """What a command shows; each part is made when a printer asks for it."""

    def blocks(self, most: int | None) -> Iterable[Block]:
        """What people read; no more than ``most`` rows a table where there is a limit, and then a line that says so."""

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""

    def records(self) -> Records:
        """What sheets read."""

    def data(self) -> object:
        """What programs read: JSON values."""


def cell(value: Cell | str) -> Cell:
    """A cell of what may be plain text."""
    return Cell(value) if isinstance(value, str) else value


def rows_left_out(shown: int, found: int, way: str = "`--format csv` has all of them") -> Iterator[Line]:
    """A line that says how many rows of a table are shown, and the way to the others; none where all are."""
    if shown < found:
        yield Line(f"{shown:,} of {found:,} rows: {way}", style="dim")


def levels_left_out(shown: int, deepest: int) -> Iterator[Line]:
    """A line that says how deep a table goes, and how to see every layer; none where it goes to the end."""
    if shown < deepest:
        yield Line(f"depth {shown} of {deepest}: `--depth {deepest}` shows every layer", style="dim")


def _apart(column: Column) -> list[Column]:
    """A column behind one of its marks, where it has any."""
    marks = [cell(one).mark.strip() for one in column.cells]
    return [Column("", [Cell(mark, code=True) for mark in marks]), column] if any(marks) else [column]


def branches_of(blocks: Iterable[Block]) -> Iterator[TreeLine]:
    """Blocks as a tree, for documents without one of their own.

    A row is a line: its first cell, and behind it the others, figures with their headings; what stands for nothing is
    left out. A table right below another one stands below the heading of its first column.
    """
    tables = 0
    for block in blocks:
        if isinstance(block, Table):
            if tables:
                yield TreeLine(0, block.columns[0].heading)
            tables += 1
            yield from _rows_of(block)
        elif isinstance(block, Heading):
            tables = 0
            yield TreeLine(0, " · ".join(filter(None, (block.text, block.details))))
        elif isinstance(block, Line):
            tables = 0
            yield TreeLine(0, f"{block.head.strip()} {block.plain_text}".strip())
        elif isinstance(block, Field):
            yield TreeLine(block.level, f"{block.label}: {block.text}")
        elif isinstance(block, Facts):
            yield TreeLine(0, block.text(short=True))
        elif isinstance(block, Code):
            yield from [TreeLine(1, line) for line in block.lines]


def _rows_of(table: Table) -> Iterator[TreeLine]:
    first, *others = table.telling_columns
    for place, value in enumerate(first.cells):
        name = cell(value)
        told = [_told(column, cell(column.cells[place])) for column in others]
        marked = f"{name.mark} {name.text}".strip()
        yield TreeLine(name.level, ": ".join(filter(None, (marked, ", ".join(filter(None, told))))))


def _told(column: Column, one: Cell) -> str:
    if one.text.strip() in ("", "–"):
        return ""
    text = one.short or one.text
    return f"{column.heading} {text}" if column.right and column.heading else text


def spans(text: str) -> list[tuple[str, bool]]:
    """A text of ours in pieces, and whether each is what is typed: that stands between backticks.

    Where names of others hold backticks, so that there is no telling, it is one piece.
    """
    pieces = text.split("`")
    commands, between = pieces[1::2], pieces[::2]
    if len(pieces) % 2 == 0 or not all(commands):
        return [(text, False)]
    found = [(piece, False) for piece in between]
    for place, command in enumerate(commands):
        found.insert(2 * place + 1, (command, True))
    return found


def without_marks(text: str) -> str:
    """A text of ours without the backticks around what is typed."""
    return "".join([piece for piece, _ in spans(text)])
