"""The specs that come with archcost: classic architectures with the figures that they must meet."""

from __future__ import annotations

import os

from archcost.errors import UsageError, did_you_mean

ZOO = "zoo:"  # before the name of what comes with archcost
BLOCKS = "blocks"  # the folder of the files of blocks
_HERE = os.path.dirname(os.path.abspath(__file__))


def folder() -> str:
    """The folder of the zoo: inside the installed package, or beside it in a checkout."""
    packaged = os.path.join(_HERE, "specs")
    return packaged if os.path.isdir(packaged) else os.path.join(os.path.dirname(_HERE), "specs")


def find(name: str) -> str | None:
    """The path of a zoo model, or None when there is none of this name."""
    if not name or os.sep in name or name.startswith("."):
        return None
    path = os.path.join(folder(), f"{name}.yaml")
    return path if os.path.isfile(path) else None


def typed(path: str) -> str:
    """A spec as it is typed on a command line, by where it was read."""
    from shlex import quote

    return quote(name_at(path).removeprefix(ZOO))


def name_at(path: str) -> str:
    """What people call a file: ``zoo:resnet50`` and ``zoo:blocks/resnet`` for paths in the zoo, else the path."""
    top = folder() + os.sep
    if not path.startswith(top):
        return path
    return ZOO + path.removeprefix(top).removesuffix(".yaml").replace(os.sep, "/")


def told(name: str) -> str:
    """What documents call a spec that was asked for by a name: ``zoo:resnet50`` for ``resnet50``, else the name."""
    path = None if os.path.lexists(name) else find(name)
    return name_at(name if path is None else path)


def names() -> list[str]:
    """The names of all zoo models, in the order that people count: resnet18 before resnet101."""
    return _specs_in(folder())


def libraries() -> list[str]:
    """The names of the files of blocks: ``blocks/common`` and those of the families."""
    return [f"{BLOCKS}/{name}" for name in _specs_in(os.path.join(folder(), BLOCKS))]


def _specs_in(place: str) -> list[str]:
    try:
        entries = os.listdir(place)
    except OSError:
        return []
    return sorted((entry[: -len(".yaml")] for entry in entries if entry.endswith(".yaml")), key=_natural)


def _natural(name: str) -> list[int | str]:
    """A sort key that compares runs of digits as numbers."""
    import re

    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def path_of(name: str) -> str:
    """The path of a model of the zoo, whatever files there are; raises UsageError for one that there is not."""
    path = find(name)
    if path is None:
        hint = did_you_mean(name, names()) or "`archcost zoo` lists the models"
        raise UsageError(f"the zoo has no model '{name}'", hint)
    return path
