"""How many examples a property test draws under the profile that is loaded (see ``conftest.py``)."""

from __future__ import annotations

from hypothesis import settings

_USUAL = 100  # of hypothesis


def examples(count: int, *, usual: int = 0) -> int:
    """``count`` under the profile ``ci``; as many times more as the profile draws more than hypothesis does.

    ``usual`` is what a test draws under ``ci`` that takes long for each.
    """
    times = settings.default.max_examples
    return usual if usual and times == _USUAL else count * times // _USUAL
