"""Verifications as a document: the counts side by side, what they cover, every mismatch, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.data import failed_document
from archcost.paths import last
from archcost.pytorch.scopes import depth_of, folded, nested
from archcost.render.document import Cell, Heading, Line, Records, TreeLine, branches_of, rows_left_out
from archcost.render.several_specs import one_or_all
from archcost.render.table_rows import MAX_ROWS
from archcost.render.verification_records import verification_records
from archcost.render.verification_rows import layer_table, summary_table
from archcost.render.verification_words import MARKS, remarks, verdict, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.pytorch.verification import Verification, VerificationOutcome
    from archcost.render.document import Block, Table

MAX_MISMATCHES = 20  # that a terminal has in full; the rest is counted, and stands in all other formats


class VerificationDocument(NamedTuple):
    """What came of specs: one in full, several a row each, or in full as well where a ``depth`` is asked for."""

    outcomes: Sequence[VerificationOutcome]
    depth: int | None = None

    @property
    def _done(self) -> list[Verification]:
        return [outcome.verification for outcome in self.outcomes if outcome.verification is not None]

    @property
    def _detailed(self) -> bool:
        return len(self.outcomes) == 1 or self.depth is not None

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The blocks for people to read."""
        if self._detailed:
            for verification in self._done:
                yield _title(verification)
                yield from _layers(verification, self.depth, most)
                yield from _words(verification, most)
        yield from self._several(most)

    def branches(self) -> Iterator[TreeLine]:
        """The scopes and layers of each spec as a tree, and what is said of it."""
        if self._detailed:
            for verification in self._done:
                yield from branches_of([_title(verification), _scopes(verification, self.depth)])
                for line in _words(verification, None):
                    yield TreeLine(1 if line.head else 0, f"{line.head.strip()} {line.text}".strip())
        yield from branches_of(self._several(None))

    def _several(self, most: int | None) -> Iterator[Block]:
        """What is told of several specs: a row each, and below it what is wrong or not proved."""
        if len(self.outcomes) == 1:
            return
        yield summary_table(self.outcomes)
        if self._detailed:
            return
        done = self._done
        for verification in done:
            yield from _mismatches(verification, most, f"{verification.name}: ")
            if verification.ok and not verification.proved:
                yield _verdict(verification)
        for text in dict.fromkeys(map(versions, done)):
            yield Line(text, style="dim", literal=True)
        for note in dict.fromkeys(f"{each.name}: {note}" for each in done for note in each.notes):
            yield Line(note, style="dim", literal=True)

    def records(self) -> Records:
        """Every layer with all counts, and what contradicts a model as a whole."""
        return verification_records(self.outcomes)

    def data(self) -> object:
        """A document, or a list of several; of a spec with errors these."""
        return one_or_all(
            failed_document(outcome.name, outcome.diagnostics, "verification")
            if outcome.verification is None
            else outcome.verification.to_dict()
            for outcome in self.outcomes
        )


def _title(verification: Verification) -> Heading:
    return Heading(verification.name, f"batch {verification.batch} · compared with PyTorch")


def _layers(verification: Verification, depth: int | None, most: int | None) -> Iterator[Block]:
    parts = folded(verification, depth or depth_of(verification, MAX_ROWS))
    shown = parts[:most]
    yield layer_table(verification, shown)
    yield from rows_left_out(len(shown), len(parts))


def _scopes(verification: Verification, depth: int | None) -> Table:
    found = list(nested(verification, depth))
    names = [Cell(last(part.path), level=level) for level, part in found]
    return layer_table(verification, [part for _, part in found], names)


def _words(verification: Verification, most: int | None) -> Iterator[Line]:
    for remark in remarks(verification):
        text = remark.lstrip()
        yield Line(text, head=" " * (len(remark) - len(text)), style="dim", literal=True)
    yield from _mismatches(verification, most)
    yield _verdict(verification)


def _mismatches(verification: Verification, most: int | None, prefix: str = "") -> Iterator[Line]:
    """Each with its place; a page with an end has the first of them, and how many there are more."""
    limit = None if most is None else min(most, MAX_MISMATCHES)
    for mismatch in verification.mismatches[:limit]:
        yield Line(f"{MARKS[False]} {prefix}{mismatch}", style="red", literal=True)
        if mismatch.place:
            yield Line(f"--> {mismatch.place[0]}:{mismatch.place[1]}", head="  ", style="red", literal=True)
    more = len(verification.mismatches) - limit if limit is not None else 0
    if more > 0:
        yield Line(f"{MARKS[False]} {prefix}and {more:,} more", style="red", literal=True)


def _verdict(verification: Verification) -> Line:
    colour = "green" if verification.proved else "yellow" if verification.ok else "red"
    return Line(verdict(verification), style=f"bold {colour}", literal=True)
