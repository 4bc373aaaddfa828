"""A program that fills a folder with parts of made-up rows, so that tests can kill it: FOLDER DESIGNS JOBS SHARD."""

from __future__ import annotations

import sys

from archcost.sweeping.output.plan import PartPlan, parse_shard
from archcost.sweeping.output.writing_rows import InterruptedSweepError, Makers, write_folder
from tests.sweeping.made_up_rows import MadeUpRows


def main() -> None:
    folder, designs, jobs, shard = sys.argv[1:]
    plan = PartPlan(MadeUpRows(int(designs), chunk_designs=1 << 12), 1 << 13, (("macs", "min"), ("params", "max")))
    try:
        write_folder(folder, plan, parse_shard(shard), Makers(int(jobs)), lambda _: None)
    except InterruptedSweepError as stopped:
        sys.stderr.write(f"{stopped}\n")
        sys.exit(stopped.code)


if __name__ == "__main__":
    main()
