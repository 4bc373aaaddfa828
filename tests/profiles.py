"""How many examples a property test draws under the profile that is loaded (see ``conftest.py``)."""

from __future__ import annotations

from hypothesis import settings

_USUAL = 100  # of hypothesis


def examples(count: int) -> int:
    """``count`` under the profile ``ci``; as many times more as the profile draws more than hypothesis does."""
    return count * settings.default.max_examples // _USUAL
