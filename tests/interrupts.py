"""Processes that a test interrupts."""

from __future__ import annotations

import signal


def obey_interrupts() -> None:
    """Take Ctrl-C, which a process that was started in the background passes on as ignored; a ``preexec_fn``."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
