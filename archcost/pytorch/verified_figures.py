"""Figures of a verification as text and as JSON, and when two of them agree. Imports no torch."""

from __future__ import annotations

from typing import Any


def shown(value: object) -> str:
    """A figure as text: counts with separators, shapes with ×."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "nothing"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(item)}" for name, item in value.items()) or "none"
    if isinstance(value, (tuple, list)):
        if any(isinstance(item, (tuple, list)) for item in value):
            return ", ".join(map(shown, value))
        return "×".join(map(str, value)) or "scalar"
    return str(value)


def plain(value: object) -> Any:
    """A figure as JSON has it."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value if isinstance(value, (bool, int, float, str)) or value is None else str(value)
