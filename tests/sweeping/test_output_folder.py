"""Parts on disk: the same bytes whoever makes them, and nothing lost when someone is stopped."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from archcost.errors import UsageError
from archcost.sweeping.output.part import PartMaker
from archcost.sweeping.output.plan import PartPlan, Shard, parse_shard
from archcost.sweeping.output.writing_rows import InterruptedSweepError, Makers, WrittenRows, write_folder
from tests.interrupts import obey_interrupts
from tests.sweeping.made_up_rows import MadeUpRows

if TYPE_CHECKING:
    from archcost.sweeping.tables import DesignChunk

pq = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).parents[2]
DESIGNS = 60_000  # 15 chunks of 4,096; 8 parts of two, the last with one
OBJECTIVES = (("macs", "min"), ("params", "max"))


def made_up(**changed: Any) -> PartPlan:
    return PartPlan(MadeUpRows(**{"designs": DESIGNS, "chunk_designs": 1 << 12} | changed), 1 << 13, OBJECTIVES)


def write(
    folder: Path, plan: PartPlan | None = None, shard: Shard | None = None, makers: Makers | None = None
) -> WrittenRows:
    return write_folder(str(folder), plan or made_up(), shard or Shard(), makers or Makers(), lambda _: None)


def contents(folder: Path) -> dict[str, str]:
    """Every file with its hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    assert write(folder) == WrittenRows(str(folder), 0, 8, 0, DESIGNS)
    found = contents(folder)
    assert list(found) == ["manifest.json", *(f"rows/part-0000{part}.parquet" for part in range(8))]
    assert sorted(os.listdir(folder)) == ["manifest.json", "rows"]
    return found


# --- what is in the files ---------------------------------------------------------------------------------------------


def test_rows_are_those_of_the_source(tmp_path: Path) -> None:
    plan = made_up(invalid_below=5 * 10**14)
    write(tmp_path / "out", plan)
    table = pq.read_table(tmp_path / "out" / "rows")  # a folder of nothing but parts, as every reader takes it
    chunks = [plan.source.chunk(number) for number in range(15)]
    invalid = np.concatenate([chunk.invalid for chunk in chunks])
    assert 0 < invalid.sum() < len(invalid)
    for place, axis in enumerate(plan.source.axes):
        values = np.array([value for (value,) in axis.values])
        indices = np.concatenate([chunk.indices[:, place] for chunk in chunks])
        assert (table[axis.name].to_numpy() == values[indices]).all()
    for name in ("params", "macs"):
        figures = np.concatenate([chunk.figures[name] for chunk in chunks])
        expected = [None if lost else figure for figure, lost in zip(figures.tolist(), invalid.tolist(), strict=True)]
        assert table[name].to_pylist() == expected
    assert (table["valid"].to_numpy() == ~invalid).all()


def test_the_manifest_tells_of_the_rows(tmp_path: Path) -> None:
    plan = made_up(invalid_below=5 * 10**14)
    write(tmp_path / "out", plan)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    table = pq.read_table(tmp_path / "out" / "rows").to_pydict()
    valid = [place for place, is_valid in enumerate(table["valid"]) if is_valid]
    assert (manifest["complete"], manifest["rows"], manifest["invalid"]) == (True, DESIGNS, DESIGNS - len(valid))
    for name in ("params", "macs"):
        figures = [table[name][place] for place in valid]
        assert (manifest["min"][name], manifest["max"][name]) == (min(figures), max(figures))
    front, most = [], -1
    for macs, params in sorted({(table["macs"][place], -table["params"][place]) for place in valid}):
        if -params > most:
            most = -params
            front.append((macs, most))
    assert [(point["macs"], point["params"]) for point in manifest["front"]] == front
    parts = {part["file"]: pq.read_table(tmp_path / "out" / "rows" / part["file"]) for part in manifest["parts"]}
    for point in manifest["front"]:
        row = parts[point["file"]].slice(point["row"], 1).to_pylist()[0]
        assert (row["macs"], row["params"]) == (point["macs"], point["params"])
    assert manifest["axes"][5] == {"columns": ["kernels[0]"], "values": [[3], [5], [7]]}
    for part in manifest["parts"]:
        data = (tmp_path / "out" / "rows" / part["file"]).read_bytes()
        assert (part["bytes"], part["sha256"]) == (len(data), sha256(data).hexdigest())


# --- who makes them ---------------------------------------------------------------------------------------------------


def test_processes_write_the_same(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    assert write(tmp_path / "out", makers=Makers(jobs=2)).made == 8
    assert contents(tmp_path / "out") == undisturbed


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_shards_in_any_order_write_the_same(
    tmp_path: Path, undisturbed: dict[str, str], order: tuple[int, ...]
) -> None:
    told = [write(tmp_path / "out", shard=Shard(number, 3)) for number in order]
    assert [one.missing for one in told] == [8 - len(range(order[0], 8, 3)), len(range(order[2], 8, 3)), 0]
    assert contents(tmp_path / "out") == undisturbed
    assert sorted(os.listdir(tmp_path / "out")) == ["manifest.json", "rows"]


def test_shards_at_once_write_the_same(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    drivers = [started(tmp_path / "out", shard=f"{number}/2") for number in range(2)]
    assert [driver.communicate(timeout=60) for driver in drivers] == [(None, ""), (None, "")]
    assert contents(tmp_path / "out") == undisturbed
    assert sorted(os.listdir(tmp_path / "out")) == ["manifest.json", "rows"]


# --- what may happen on the way ---------------------------------------------------------------------------------------


def started(folder: Path, designs: int = DESIGNS, jobs: int = 1, shard: str = "0/1") -> subprocess.Popen[str]:
    words = [str(folder), str(designs), str(jobs), shard]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.sweeping.drive_made_up_rows", *words],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=obey_interrupts,  # noqa: PLW1509 - no thread runs here
    )


class _Signals:
    """Sends a signal as it goes away, where Python drops what a handler raises."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


class RowsBySignal(MadeUpRows):
    """Made-up rows whose third chunk meets a signal: in a destructor, or in what handles any error."""

    in_destructor: ClassVar[bool] = True

    def chunk(self, number: int) -> DesignChunk:
        if number == 2 and self.in_destructor:
            _Signals()
        elif number == 2:
            with suppress(Exception):
                signal.raise_signal(signal.SIGTERM)
        return super().chunk(number)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("in_destructor", [True, False])
def test_no_signal_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_destructor: bool) -> None:
    monkeypatch.setattr(RowsBySignal, "in_destructor", in_destructor)
    plan = PartPlan(RowsBySignal(DESIGNS, chunk_designs=1 << 12), 1 << 13, OBJECTIVES)
    with pytest.raises(InterruptedSweepError, match="parts are safe") as told:
        write(tmp_path / "out", plan)
    assert told.value.code == 128 + signal.SIGTERM


def wait_for_parts(folder: Path, number: int) -> None:
    end = time.monotonic() + 60
    while len(list((folder / "rows").glob("*"))) < number:
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.long), 2])
def test_a_driver_killed_twice_loses_and_doubles_nothing(tmp_path: Path, jobs: int) -> None:
    designs = 240_000  # 30 parts
    for parts in (3, 9):
        driver = started(tmp_path / "out", designs, jobs)
        wait_for_parts(tmp_path / "out", parts)
        driver.kill()
        driver.communicate()
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
        assert manifest["complete"] is False
    told = write(tmp_path / "out", made_up(designs=designs))
    assert told.kept >= 9 - jobs  # each process may have been killed before the note of its part
    assert told.kept + told.made == 30
    write(tmp_path / "other", made_up(designs=designs))
    assert contents(tmp_path / "out") == contents(tmp_path / "other")
    assert sorted(os.listdir(tmp_path / "out")) == ["manifest.json", "rows"]


@pytest.mark.parametrize(
    ("number", "jobs"),
    [
        (signal.SIGINT, 2),
        (signal.SIGTERM, 1),
        pytest.param(signal.SIGINT, 1, marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, 2, marks=pytest.mark.long),
    ],
)
def test_a_signal_ends_with_a_word_on_how_to_go_on(tmp_path: Path, number: int, jobs: int) -> None:
    driver = started(tmp_path / "out", 4_000_000, jobs)
    wait_for_parts(tmp_path / "out", 2)
    driver.send_signal(number)
    _, errors = driver.communicate(timeout=60)
    assert driver.returncode == 128 + number
    assert "parts are safe; the same command goes on from there" in errors
    assert "Traceback" not in errors
    assert not list((tmp_path / "out").rglob("*.tmp"))


KILLED_AT_MANIFEST = """\
import os, signal, sys
from tests.sweeping.drive_made_up_rows import main

left, replace = int(sys.argv.pop(1)), os.replace

def killed(source, target, **folders):
    global left
    left -= os.path.basename(target) == "manifest.json"
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target, **folders)

os.replace = killed
main()
"""


@pytest.mark.parametrize(
    "write_number", [pytest.param(1, marks=pytest.mark.long), 2]
)  # at the start, and when all parts are there
def test_a_manifest_that_was_half_written_is_no_hindrance(
    tmp_path: Path, undisturbed: dict[str, str], write_number: int
) -> None:
    command = [
        sys.executable,
        "-c",
        KILLED_AT_MANIFEST,
        str(write_number),
        str(tmp_path / "out"),
        str(DESIGNS),
        "1",
        "0/1",
    ]
    done = subprocess.run(command, cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert any(name.startswith(".manifest.json.") for name in os.listdir(tmp_path / "out"))
    assert write(tmp_path / "out").made == (8 if write_number == 1 else 0)
    assert contents(tmp_path / "out") == undisturbed


def test_a_killed_process_is_replaced(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    killed = []

    def kill_one(done: int) -> None:
        if done and not killed:
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
            workers = [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
            killed.append(workers[0])
            os.kill(int(workers[0]), signal.SIGKILL)

    write_folder(str(tmp_path / "out"), made_up(), Shard(), Makers(jobs=2), kill_one)
    assert killed
    assert contents(tmp_path / "out") == undisturbed


def test_torn_and_damaged_parts_are_made_again(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    folder = tmp_path / "out"
    write(folder, shard=Shard(0, 2))
    aside = folder / "unfinished" / "1-of-2"
    aside.mkdir(parents=True)
    (aside / ".part-00001.parquet.0123.tmp").write_bytes(b"PAR1")
    damaged = folder / "rows" / "part-00002.parquet"
    data = bytearray(damaged.read_bytes())
    data[100] ^= 1
    damaged.write_bytes(data)
    (folder / "rows" / "part-00004.parquet").write_bytes(b"PAR1")
    assert write(folder) == WrittenRows(str(folder), 2, 6, 0, DESIGNS)
    assert contents(folder) == undisturbed


def test_a_finished_folder_stays_and_is_mended(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    folder = tmp_path / "out"
    write(folder)
    assert write(folder) == WrittenRows(str(folder), 8, 0, 0, DESIGNS)
    (folder / "rows" / "part-00003.parquet").unlink()
    assert write(folder) == WrittenRows(str(folder), 7, 1, 0, DESIGNS)
    assert contents(folder) == undisturbed


class FullDisk:
    """A file that has room for so many bytes."""

    def __init__(self, file: IO[bytes], room: int, number: int) -> None:
        self._file, self._room, self._number = file, room, number

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(self._number, os.strerror(self._number))
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


@pytest.mark.parametrize(
    ("number", "room"),
    [
        (errno.ENOSPC, 0),
        (errno.EDQUOT, 50_000),
        (errno.ENOSPC, 150_000),
        pytest.param(errno.EDQUOT, 0, marks=pytest.mark.long),
        pytest.param(errno.ENOSPC, 50_000, marks=pytest.mark.long),
        pytest.param(errno.EDQUOT, 150_000, marks=pytest.mark.long),
    ],
)
def test_a_full_disk_keeps_what_is_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: dict[str, str], room: int, number: int
) -> None:
    from archcost.sweeping.output import part

    files: list[object] = []

    class Full(part.HashedFile):
        def __init__(self, file: IO[bytes]) -> None:
            files.append(file)
            super().__init__(file if len(files) <= 3 else FullDisk(file, room, number))  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(part, "HashedFile", Full)
        with pytest.raises(UsageError) as full:
            write(tmp_path / "out")
    assert full.value.message == (f"cannot write {tmp_path}/out/rows/part-00003.parquet: {os.strerror(number).lower()}")
    assert full.value.help == "3 of 8 parts are safe; the same command goes on from there once there is room"
    assert not list((tmp_path / "out").rglob("*.tmp"))
    assert write(tmp_path / "out") == WrittenRows(str(tmp_path / "out"), 3, 5, 0, DESIGNS)
    assert contents(tmp_path / "out") == undisturbed


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_limit_on_files_is_told(tmp_path: Path, jobs: int, undisturbed: dict[str, str]) -> None:
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "from archcost.errors import UsageError\n"
        "from tests.sweeping.drive_made_up_rows import main\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        main()\n"
        "    except UsageError as error:\n"
        "        sys.exit(str(error))\n"
    )
    script = tmp_path / "limited.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "out"), str(DESIGNS), str(jobs), "0/1"],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "file too large\nhelp: 0 of 8 parts are safe; the same command goes on" in done.stderr
    assert "Traceback" not in done.stderr
    write(tmp_path / "out")
    assert contents(tmp_path / "out") == undisturbed


# --- folders of something else ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (made_up(seed=1), "draw.seed was 0 and is 1"),
        (made_up(designs=50_000), "designs was 60000 and is 50000"),
        (made_up(chunk_designs=1 << 11), "chunk_designs was 4096 and is 2048"),
        (replace(made_up(), part_designs=1 << 12), "part_designs was 8192 and is 4096"),
        (replace(made_up(), objectives=()), 'objectives was ["min:macs","max:params"] and is []'),
        (made_up(metrics={"params": "int64", "macs": "double"}), 'metrics[1].type was "int64" and is "double"'),
    ],
)
def test_another_sweep_is_refused(tmp_path: Path, changed: PartPlan, said: str) -> None:
    write(tmp_path / "out", shard=Shard(0, 8))
    before = contents(tmp_path / "out")
    with pytest.raises(UsageError) as refused:
        write(tmp_path / "out", changed)
    assert f"{tmp_path}/out has parts of another sweep: {said}" in refused.value.message
    assert refused.value.help == f"give another folder, or remove {tmp_path}/out to begin anew"
    assert contents(tmp_path / "out") == before


def test_other_versions_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "out", shard=Shard(0, 8))
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["written_with"]["pyarrow"] = "1.0.0"
    path.write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match=r'written_with\.pyarrow was "1\.0\.0"'):
        write(tmp_path / "out")
    maker = PartMaker(made_up(), str(tmp_path), str(tmp_path), str(tmp_path), {"numpy": "1.0.0"})
    with pytest.raises(UsageError, match=r"where the sweep has numpy 1\.0\.0"):
        maker.make(0)


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"has files of something else, such as thesis\.tex"):
        write(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write "):
        write(tmp_path / "file")


def test_two_at_once_on_one_shard_are_refused(tmp_path: Path) -> None:
    from archcost.sweeping.output.folder import opened

    with (
        opened(str(tmp_path / "out"), made_up(), Shard(1, 2)),
        pytest.raises(UsageError, match="another process is sweeping into it") as refused,
    ):
        write(tmp_path / "out", shard=Shard(1, 2))
    assert "have a --shard each" in refused.value.help


# --- shards as they are typed -----------------------------------------------------------------------------------------


def test_shards_share_no_part() -> None:
    plan = made_up()
    for of in (1, 3, 8, 20):
        parts = [part for number in range(of) for part in Shard(number, of).parts(plan)]
        assert sorted(parts) == list(range(8))


@pytest.mark.parametrize("text", ["4/4", "1", "a/b", "-1/4", "1/0", "0/0", "1/2/3", "½/2", ""])
def test_bad_shards(text: str) -> None:
    with pytest.raises(UsageError, match="shard"):
        parse_shard(text)


@pytest.mark.parametrize("text", ["0/1000001", "1/99999999999999999", "0/1" + "0" * 5000, "1" * 5000 + "/2"])
def test_more_shards_than_there_can_be_parts(text: str) -> None:
    with pytest.raises(UsageError, match=r"at most 1,000,000 shards|there is no shard"):
        parse_shard(text)


def test_more_parts_than_a_folder_may_have() -> None:
    plan = PartPlan(MadeUpRows(designs=10**20, chunk_designs=1 << 12), 1 << 13)
    with pytest.raises(UsageError, match=r"are 12,207,031,250,000,000 parts, .* at most 1,000,000"):  # 10²⁰ / 2¹³
        plan.check(Shard(0, 10))


@pytest.mark.parametrize(("number", "has"), [(7, True), (8, False), (999, False)])  # there are 8 parts, 0 to 7
def test_a_shard_beyond_the_parts_is_refused(number: int, has: bool) -> None:
    if has:
        made_up().check(Shard(number, 1000))
        return
    with pytest.raises(UsageError, match=f"shard {number}/1000 has nothing to make: there are 8 parts"):
        made_up().check(Shard(number, 1000))


def test_a_refused_folder_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="files of something else"):
        write(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["notes.txt"]


def test_a_folder_of_another_sweep_is_left_as_it_was(tmp_path: Path, undisturbed: dict[str, str]) -> None:
    write(tmp_path / "out")
    with pytest.raises(UsageError, match="another sweep"):
        write(tmp_path / "out", made_up(designs=DESIGNS - 1))
    assert contents(tmp_path / "out") == undisturbed
    assert sorted(os.listdir(tmp_path / "out")) == ["manifest.json", "rows"]


def test_good_shard() -> None:
    assert parse_shard("0/64") == Shard(0, 64)
