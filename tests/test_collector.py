"""Python's garbage collector is left as a program that uses archcost had it."""

from __future__ import annotations

import gc

import archcost


def test_what_a_program_froze_stays_frozen() -> None:
    gc.freeze()
    archcost.analyze("conv1x1")
    assert gc.get_freeze_count() > 0
    assert gc.isenabled()
