"""Paths from a folder, as they are written. Links are not followed: their target is not the name of the file."""

from __future__ import annotations

import os

OWN = ".archcost"  # net.archcost.yaml, which editors know by its name


def stem(path: str) -> str:
    """What a spec is called after its file: ``net`` of models/net.yaml, and of net.archcost.yaml."""
    name = os.path.splitext(os.path.basename(path))[0]
    return name.removesuffix(OWN) or name


def written_below(path: str, folder: str) -> str | None:
    """The posix path of a file from a folder that it is in, links below the folder left as they are; None outside.

    Followed, a link would lend a file the name, and so the baseline and the limits, of another.
    """
    root = os.path.realpath(folder)
    try:
        parts = _parts(os.path.join(os.getcwd(), path.replace("/", os.sep)))
        return _inside(parts, root)
    except ValueError:  # characters that no path can hold
        return None


def _inside(parts: list[str], root: str) -> str | None:
    """The posix path from a resolved folder of a file, by the names on the way to it; None outside."""
    whole = os.sep.join(parts)
    prefix = root.rstrip(os.sep) + os.sep
    if whole.startswith(prefix):
        return whole[len(prefix) :].replace(os.sep, "/")
    for count in range(1, len(parts)):
        above = os.path.realpath(os.sep.join(parts[:count]) or os.sep)
        if above == root or above.startswith(prefix):
            inside = above[len(prefix) :].split(os.sep) if above != root else []
            return "/".join([*inside, *parts[count:]])
    return None


def _parts(absolute: str) -> list[str]:
    """The names on the way to a file, without ``.`` and ``..``; the latter go up from where a link leads."""
    parts = absolute.split(os.sep)
    if os.pardir in parts:
        after = len(parts) - parts[::-1].index(os.pardir)
        parts = [*os.path.realpath(os.sep.join(parts[:after])).split(os.sep), *parts[after:]]
    return parts[:1] + [part for part in parts[1:] if part not in ("", os.curdir)]
