"""Ctrl-C where nothing can be raised: it ends the command all the same, and quietly."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.interrupts import obey_interrupts

PROGRAM = """
import os, signal, sys, time
import archcost.cli

class Deleted:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        self.gone = True

def run(words):
    Deleted()
    time.sleep(20)
    return 0

archcost.cli._run = run
sys.argv = ["archcost", "analyze", "conv5x5"]
archcost.cli.main()
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals are others here")
def test_ctrl_c_while_an_object_is_deleted() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=15,  # less than the command waits
        check=False,
        preexec_fn=obey_interrupts,
    )
    assert (ended.returncode, ended.stderr) == (130, "")
