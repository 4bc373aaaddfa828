"""Parts made by the workers of a Dask scheduler, one of which is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archcost.errors import UsageError
from archcost.sweeping.output.plan import Shard
from archcost.sweeping.output.writing_rows import Makers, write_folder
from tests.sweeping.test_output_folder import contents, made_up, write

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of other people's sockets and loops

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cluster() -> Iterator[list[str]]:
    """The address of a scheduler, and the processes of its workers."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sweeping.local_dask"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        assert program.stdout
        yield program.stdout.readline().split()
        program.communicate(timeout=60)


def test_a_cluster_that_loses_a_worker_writes_the_same_and_one_that_is_gone_is_told(
    tmp_path: Path, cluster: list[str]
) -> None:
    address, first, second = cluster
    scheduler = Path(f"/proc/{second}/stat").read_text().split()[3]
    plan = made_up(designs=200_000)
    seen: list[int] = []

    def tick(designs: int) -> None:
        seen.append(designs)
        if sum(seen) and not killed:
            killed.append(first)
            os.kill(int(first), signal.SIGKILL)

    killed: list[str] = []
    told = write_folder(str(tmp_path / "out"), plan, Shard(), Makers(scheduler=address), tick)
    assert killed
    assert (told.made, told.missing, sum(seen)) == (25, 0, 200_000)
    write(tmp_path / "inline", plan)
    assert contents(tmp_path / "out") == contents(tmp_path / "inline")
    gone: list[str] = []

    def end(designs: int) -> None:
        if designs and not gone:
            gone.extend([scheduler, second])
            for process in gone:
                os.kill(int(process), signal.SIGKILL)

    with pytest.raises(UsageError, match=r"the Dask scheduler at .* is gone") as lost:
        write_folder(str(tmp_path / "more"), made_up(designs=4_000_000), Shard(), Makers(scheduler=address), end)
    assert "parts are safe; the same command goes on from there" in lost.value.help


def test_no_scheduler_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archcost.sweeping.output import cluster

    monkeypatch.setattr(cluster, "_TIMEOUT", 0.5)
    with pytest.raises(UsageError, match=r"there is no Dask scheduler at tcp://127\.0\.0\.1:9") as refused:
        write(tmp_path / "out", makers=Makers(scheduler="tcp://127.0.0.1:9"))
    assert refused.value.help.startswith("start one with: dask scheduler; 0 of 8 parts are safe")
    with pytest.raises(UsageError, match="there is no Dask scheduler at nonsense://x"):
        write(tmp_path / "out", makers=Makers(scheduler="nonsense://x"))
