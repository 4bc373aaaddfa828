"""What more processes cost and save: draws of once-for-all networks as Parquet, by one process, by two, and by Dask.

    python -m benchmarks.sweep_processes 12000000

Of each way: CPU seconds of all its processes from the first import to their end, seconds of the clock, and both against
one process. CPU seconds say what sharing costs, whatever else the machine does; the clock says what it saves, which
counts on a machine with idle cores alone. Exit code 1 if the files differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
VARY = ("depths[*]=2,3,4", "kernels[*]=3,5,7", "expands[*]=3,4,6")


class Spent(NamedTuple):
    """CPU seconds and seconds of the clock."""

    cpu: float
    wall: float


def ended(process: subprocess.Popen[str]) -> float:
    """Wait for a process; its CPU seconds and those of its children."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def swept(folder: Path, rows: int, *words: str) -> float:
    """The CPU seconds of a command that writes rows."""
    vary = [word for values in VARY for word in ("--vary", values)]
    command = [sys.executable, "-m", "archcost", "sweep", "ofa_mobilenet_v3", *vary, "--sample", str(rows)]
    return ended(subprocess.Popen([*command, "-o", str(folder), *words], stdout=subprocess.DEVNULL, text=True))


def by_dask(folder: Path, rows: int) -> float:
    """The CPU seconds of a cluster of two workers, from its start to its end, and of the command."""
    command = [sys.executable, "-m", "tests.sweeping.local_dask"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    cluster = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)
    assert cluster.stdin
    assert cluster.stdout
    spent = swept(folder, rows, "--scheduler", cluster.stdout.readline().split()[0])
    cluster.stdin.close()
    return spent + ended(cluster)


def contents(folder: Path) -> dict[str, bytes]:
    """The parts of a folder."""
    return {part.name: part.read_bytes() for part in (folder / "rows").iterdir()}


def main(rows: int) -> int:
    """Print a line for each way."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        ways = {
            "one process": lambda: swept(folder / "one", rows),
            "--jobs 2": lambda: swept(folder / "jobs", rows, "--jobs", "2"),
            "--scheduler, two workers": lambda: by_dask(folder / "dask", rows),
        }
        spent = {}
        for way, run in ways.items():
            started = time.perf_counter()
            spent[way] = Spent(run(), time.perf_counter() - started)
            one = spent["one process"]
            cpu, wall = spent[way]
            print(f"{way:26}{cpu:8.2f} CPU s ({cpu / one.cpu:.2f} × one)", end="")
            print(f"{wall:10.2f} s ({one.wall / wall:.2f} × as fast)   {rows / cpu / 1e6:.2f} M rows a CPU second")
        one_files, *others = [contents(folder / way) for way in ("one", "jobs", "dask")]
        size = sum(map(len, one_files.values()))
        same = all(files == one_files for files in others)
        print(f"{size / rows:.2f} bytes a row; the files are {'the same' if same else 'NOT the same'}")
        return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 12_000_000))
