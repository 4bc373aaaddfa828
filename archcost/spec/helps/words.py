"""Keys and dtypes in other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.spec.helps.synonyms import DTYPES, KEYS, candidates

if TYPE_CHECKING:
    from collections.abc import Collection


def meant_key(name: str, known: Collection[str], taken: Collection[str]) -> str:
    """The key that another word stands for; empty if nothing is known of it, or that key is there as well."""
    found = [key for key in candidates(KEYS, name) if key in known and key not in taken]
    return found[0] if found else ""


def dtype_help(word: str, known: Collection[str]) -> str:
    """The help for a dtype of another library; empty if nothing is known of it."""
    last = word.rpartition(".")[2]
    found = [dtype for dtype in (last, *candidates(DTYPES, last)) if dtype in known]
    return f"write `{found[0]}`" if found else ""
