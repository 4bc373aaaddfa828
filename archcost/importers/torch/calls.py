"""Calls of torch functions as they arrive, and changes of their nested arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Callable


class Called(NamedTuple):
    """A call as it arrives: the name that rules know, the function, its arguments."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def changed(self, change: Callable[[Any], Any]) -> Called:
        """The call with every leaf of its arguments changed."""
        return self._replace(args=changed(self.args, change), kwargs=changed(self.kwargs, change))

    def run(self) -> Any:
        """What the function gives."""
        return self.function(*self.args, **self.kwargs)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """All arguments, nested."""
        return self.args, self.kwargs


def changed(found: Any, change: Callable[[Any], Any]) -> Any:
    """Nested values with every leaf changed."""
    if isinstance(found, torch.Size):
        return found
    if isinstance(found, tuple):
        parts = [changed(each, change) for each in found]
        return type(found)(*parts) if hasattr(found, "_fields") else tuple(parts)
    if isinstance(found, list):
        return [changed(each, change) for each in found]
    if isinstance(found, dict):
        return {key: changed(each, change) for key, each in found.items()}
    if isinstance(found, slice):
        return slice(changed(found.start, change), changed(found.stop, change), changed(found.step, change))
    return change(found)
