"""What a command tells programs and sheets of several specs, those that are wrong among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.data import failed_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.named_specs import SpecResult


def one_or_all(documents: Iterable[object]) -> object:
    """A document, or a list of several."""
    found = list(documents)
    return found[0] if len(found) == 1 else found


def with_failed(documents: Iterable[object], failed: Iterable[SpecResult], kind: str) -> object:
    """A document of a kind for each, or the one; of specs with problems these."""
    return one_or_all([*documents, *[failed_document(one.name, one.diagnostics, kind) for one in failed]])


def named_rows(failed: Sequence[SpecResult], columns: int, *, beside: bool) -> list[tuple[object, ...]]:
    """A row with its name alone for each spec with problems, if it stands ``beside`` others."""
    empty = [None] * (columns - 1)
    return [(one.title, *empty) for one in failed] if beside or len(failed) > 1 else []
