"""The base of all rewrites, and their registry."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from archcost.suggesting.edits import SharedRounds, Shares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.suggesting.edits import LocalChange
    from archcost.suggesting.view import GraphView

REWRITES: dict[str, type[Rewrite]] = {}


class Boldness(Enum):
    """How far a rewrite goes, by what its papers report; the least comes first."""

    EXACT = "nothing to train again: it computes the same"
    GENTLE = "to be trained again; networks with it in its papers are as accurate or more so"
    BOLD = "to be trained again; its papers report a loss of accuracy, or other changes that make up for it"

    @property
    def rewrite(self) -> str:
        """``a bold rewrite``: the word where no heading says what it is about."""
        word = self.name.lower()
        return f"{'an' if word[0] in 'aeiou' else 'a'} {word} rewrite"


class Rewrite:
    """A way to make a part of a network cheaper that keeps all shapes outside of it.

    ``paper`` is where it was shown, ``accuracy`` what is reported there, with the place. ``does`` says in one sentence
    what happens; ``name`` is what people choose it by.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""  # "1×1 reduction": a few words, for tables
    does: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    accuracy: ClassVar[str] = ""  # empty: not reported
    where: ClassVar[str] = "at"  # between the title and a path: "1×1 reduction before inception_3a.5x5"
    boldness: ClassVar[Boldness]

    def __init_subclass__(cls, **class_variables: Any) -> None:
        super().__init_subclass__()
        for name, value in class_variables.items():
            setattr(cls, name, value)
        if not cls.name:
            return
        if cls.name in REWRITES:
            raise TypeError(f"two rewrites are called {cls.name}")
        REWRITES[cls.name] = cls

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        """What to change if this rewrite begins at a node, and None if it does not apply there."""
        raise NotImplementedError

    @classmethod
    def at(cls, view: GraphView, index: int) -> LocalChange | None:
        """The same, but for what would have to train weights again that the spec freezes."""
        change = cls.find(view, index)
        if change is None or cls.boldness is Boldness.EXACT:
            return change
        return None if any(map(view.is_kept, _touched(view, change))) else change

    @classmethod
    def already(cls, view: GraphView, index: int) -> str:
        """What is there already at a node of what the rewrite would bring, in some words; empty: nothing of it."""
        del view, index
        return ""


def _touched(view: GraphView, change: LocalChange) -> Iterator[int]:
    """The nodes that a change is of, those whose weights others are to share among them."""
    yield from change.inside
    for node, edit in change.edits.items():
        yield node
        if isinstance(edit, Shares):
            yield edit.owner
        elif isinstance(edit, SharedRounds):
            for path, rounds in view.repeated(node):
                yield from range(node, rounds[-1].stop if path == edit.path else node)
