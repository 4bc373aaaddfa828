"""What a test does where something is missing that it needs, and that CI installs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def without(message: str) -> NoReturn:
    """Skip a test for what is missing here; in CI, where all of it is installed, the test fails."""
    if os.environ.get("CI") or os.environ.get("ARCHCOST_NEEDS_BROWSER"):
        pytest.fail(message)
    pytest.skip(message)
