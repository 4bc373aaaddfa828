"""The packages of the extras, which not everybody has installed."""

from __future__ import annotations

import os
from importlib.util import find_spec

from archcost.errors import CallError, MissingExtraError


def require(*packages: str, extra: str = "verify", also: str = "") -> None:
    """Raise MissingExtraError for the first package that is not installed, CallError if they cannot be loaded.

    ``extra`` brings them; ``also`` is installed beside it, where archcost has no extra for it. Libraries of torch end
    the process if there is no working directory.
    """
    try:
        os.getcwd()
    except OSError as gone:
        raise CallError(f"the working directory cannot be used: {gone.strerror}", "change to another one") from None
    for package in packages:
        if not _is_installed(package):
            raise MissingExtraError(package, extra, also)


def _is_installed(package: str) -> bool:
    """Whether a package is there, which may be one in another."""
    above = package.rpartition(".")[0]
    return (not above or _is_installed(above)) and find_spec(package) is not None
