"""Page faults of real runs, as the system counts them, against those that are predicted."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

import archcost
from archcost.timing.page_faults import page_faults

_RUN = """
import resource, sys, statistics, torch, archcost
from archcost.pytorch.module import Network
torch.set_num_threads(1)
report = archcost.analyze(sys.argv[1], batch=int(sys.argv[2]))
network, image = Network(report.graph).eval(), torch.zeros(*next(iter(report.graph.inputs.values())).shape)
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
counts = []
with torch.inference_mode():
    for _ in range(8):
        before = faults()
        network(image)
        counts.append(faults() - before)
print(int(statistics.median(counts[4:])))
"""
_OTHER = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")  # variables that make another malloc of it
_HUGE = "/sys/kernel/mm/transparent_hugepage/enabled"


def _pages_one_by_one() -> bool:
    if not os.path.exists(_HUGE):
        return True
    with open(_HUGE, encoding="ascii") as file:
        return "[always]" not in file.read()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the malloc of glibc is followed")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="oneDNN copies otherwise on other processors")
@pytest.mark.skipif(not _pages_one_by_one(), reason="the system hands out pages of other sizes")
@pytest.mark.parametrize(("name", "batch"), [("resnet18", 1), ("resnet18", 8), ("squeezenet1_1", 8)])
def test_as_many_as_the_system_counts(name: str, batch: int, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--all"):
        pytest.skip("processes differ by as much as predictions are off: only with --all")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_OTHER)}
    words = [sys.executable, "-c", _RUN, name, str(batch)]
    found = subprocess.run(words, env=kept, capture_output=True, text=True, check=True)
    measured = int(found.stdout)
    predicted = page_faults(archcost.analyze(name, batch=batch), 1)
    # where pieces lie depends on all that a process did before: a run of none has at most a few
    assert predicted == pytest.approx(measured, rel=0.6, abs=1000)
