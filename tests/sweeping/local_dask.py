"""A program: a Dask cluster of two worker processes; prints the scheduler's address, then each worker's process, and
ends with its standard input.
"""

from __future__ import annotations

import sys

from distributed import LocalCluster


def main() -> None:
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(**settings) as cluster:  # type: ignore[no-untyped-call]
        processes = [nanny.process.pid for nanny in cluster.workers.values()]
        sys.stdout.write(" ".join(map(str, [cluster.scheduler_address, *processes])) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
