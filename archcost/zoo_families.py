"""The models of the zoo by family, read from their specs without analysing them."""

from __future__ import annotations

from archcost import model_zoo
from archcost.errors import SpecError, UsageError, suggestion
from archcost.spec.loader import read


def model_names(family: str | None = None) -> list[str]:
    """The names of all models, or of a family's, and of those that cannot be read: they may belong to it.

    The case of a family does not matter. Raises UsageError for an unknown one.
    """
    if family is None:
        return model_zoo.names()
    members: list[str] = []
    families: dict[str, str] = {}
    for name in model_zoo.names():
        try:
            own = read(name).family
        except SpecError:
            members.append(name)
            continue
        families[own.casefold()] = own
        members += [name] * (own.casefold() == family.casefold())
    if family.casefold() not in families:
        hint = suggestion(family, sorted(families.values()), "families") or "`archcost zoo` lists them"
        raise UsageError(f"the zoo has no family '{family}'", hint)
    return members
