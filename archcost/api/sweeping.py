"""Spaces of designs: what varies in a spec, and what all of its designs cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.api.models import spec_of
from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from archcost.api.design_space import DesignSpace
    from archcost.api.models import AnyInputs, AnySpec
    from archcost.sweeping.axes import Wish


def space(
    spec: AnySpec | None = None,
    *,
    vary: Mapping[str, Any] | Sequence[str] = (),
    zip: Iterable[Mapping[str, Iterable[Any]] | str] = (),  # noqa: A002 - the option's name
    file: str | os.PathLike[str] | None = None,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    weight_dtype: str | None = None,
    kv_dtype: str | None = None,
) -> DesignSpace:
    """A space of designs: a spec of which some params vary.

    ``vary`` gives the values of a param, or of an element of a list, by name: ``{"width": [0.5, 1.0], "depths[0]":
    range(2, 5), "kernels[*]": "3,5,7"}``, texts as on the command line; ``zip`` the params that vary together. ``file``
    is a space in a file, or one that ships by its name; a ``spec`` that is such a file is taken for one. All other
    settings are as in :func:`archcost.analyze`, and the same for all designs.
    Raises UsageError for names that the spec does not have, and SpecError for a file that is wrong.
    """
    import os

    from archcost.api.design_space import DesignSpace
    from archcost.errors import UsageError
    from archcost.extras import require
    from archcost.sweeping.axes import make_space
    from archcost.sweeping.space_file import find_space, is_space_file, read_space_file

    require("numpy", extra="sweep")
    if isinstance(spec, (str, os.PathLike)) and is_space_file(os.fspath(spec)):
        if file is not None:
            told = f"{os.fspath(spec)} is a space, and so is {os.fspath(file)}: a sweep is of one space"
            raise UsageError(told, "leave one of the two out, or name a spec beside --space")
        file, spec = spec, None
    read = None if file is None else read_space_file(find_space(os.fspath(file)))
    if spec is None and read is None:
        raise UsageError("a space is of a spec", "name one, or a file with a space")
    own = {**(read.params if read else {}), **(params or {})}
    settings = Settings(own, batch, training, dtype, weight_dtype, shapes_by_name(inputs), kv_dtype)
    own_wishes = _wishes(vary, zip)
    wishes = (*(read.wishes if read else ()), *own_wishes)
    is_as_in_file = not (own_wishes or params or spec is not None)
    spec = spec_of(spec if spec is not None else _named(read), settings)
    in_file = {piece.text for wish in read.wishes for piece in wish.names} & {*read.params} if read else ()
    found = make_space(spec, settings, wishes, read.name if read else "", {*(params or {}), *in_file})
    return DesignSpace(found, read, is_as_in_file=is_as_in_file)


def _named(read: Any) -> str:
    name: str = read.spec
    return name


def _wishes(vary: Mapping[str, Any] | Sequence[str], zips: Iterable[Mapping[str, Iterable[Any]] | str]) -> list[Wish]:
    """What varies, from texts as on the command line or from values."""
    from archcost.sweeping.axes import read_vary, read_zip, wish_of, zip_of

    named = vary.items() if hasattr(vary, "items") else ()
    texts = () if hasattr(vary, "items") else vary
    return [
        *[wish_of(name, values) for name, values in named],
        *[read_vary(text) for text in texts],
        *[read_zip(one) if isinstance(one, str) else zip_of(one) for one in zips],
    ]
