"""What the inputs of a model are called in its spec, where the layers have a name already; and names that none has.

A layer keeps the name that it has in the model. An input of the same name is ``given_NAME`` in the spec; where an input
is asked for, both names are understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.spec.vocabulary import GIVEN

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class UnknownInputError(UsageError):
    """A model that is to be imported has no input of the name ``asked``."""

    def __init__(self, asked: str, help: str = "") -> None:  # noqa: A002 - the word users see
        super().__init__(f"the model has no input '{asked}'", help)
        self.asked = asked


def names_in_spec(inputs: Sequence[str], taken: Collection[str]) -> list[str]:
    """Names for inputs, none of which is taken by a layer or by another input."""
    found: list[str] = []
    for name in inputs:
        free = name
        while free in taken or free in found or (free != name and free in inputs):
            free = GIVEN + free
        found.append(free)
    return found


def name_in_model(name: str, known: Collection[str]) -> str:
    """The input that is meant by a name: that of a known one, or what it is called in a spec."""
    own = name
    while own not in known and own.startswith(GIVEN):
        own = own.removeprefix(GIVEN)
    return own if own in known else name
