"""``archcost sweep -o``: folders, Parquet and long CSV files hold the designs that the listing has."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

import archcost
from archcost.errors import UsageError
from scripts import forked
from tests.sweeping.test_output_folder import contents

pq = pytest.importorskip("pyarrow.parquet")
ROOT = Path(__file__).parents[2]
VARY = {"width": "0.25:1.5:0.25", "resolution": "0..224..32", "middle": "1..5"}
SPACE = ["mobilenet_v1", *[word for name, values in VARY.items() for word in ("--vary", f"{name}={values}")]]


def run(*words: str, folder: Path) -> forked.Done:
    return forked.run(["sweep", *words], folder, {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"})


def listed(where: str = "") -> list[dict[str, Any]]:
    space = archcost.space("mobilenet_v1", vary=VARY)
    rows = []
    for chunk in space.tables().rows(where, ("params", "macs")):
        for place, invalid in enumerate(chunk["invalid"]):
            row = {name: chunk[name][place].item() for name in VARY}
            figures = {name: None if invalid else int(chunk[name][place]) for name in ("params", "macs")}
            error = problem("mobilenet_v1", row) if invalid else None
            rows.append({**row, **figures, "valid": not invalid, "error": error})
    return rows


def problem(spec: str, params: dict[str, Any]) -> str:
    """What a single analysis says."""
    with pytest.raises(archcost.SpecError) as raised:
        archcost.analyze(spec, params=params)
    return raised.value.diagnostics[0].message


@pytest.mark.parametrize("where", [pytest.param("", marks=pytest.mark.long), "macs <= 300 M and width > 0.3"])
def test_a_folder_holds_the_listing_however_it_is_made(tmp_path: Path, where: str) -> None:
    words = [*SPACE, "--part-rows", "50", *(["--where", where] if where else [])]  # 6 × 8 × 5 = 240 settings
    done = run(*words, "-o", "one", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    expected = listed(where)
    assert done.stdout == f"one: made 5 of 5 parts; all {len(expected):,} rows are in one/rows\n"
    assert pq.read_table(tmp_path / "one" / "rows").to_pylist() == expected
    assert run(*words, "-o", "two", "--jobs", "2", folder=tmp_path).returncode == 0
    first = run(*words, "-o", "three", "--shard", "1/2", folder=tmp_path)
    assert first.stdout == "three: made 2 of 5 parts; 3 still to be made by other shards\n"
    second = run(*words, "-o", "three", folder=tmp_path)
    assert "made 3 of 5 parts, 2 were there; all" in second.stdout
    assert contents(tmp_path / "one") == contents(tmp_path / "two") == contents(tmp_path / "three")


def test_a_folder_of_other_values_says_which(tmp_path: Path) -> None:
    assert run("mobilenet_v1", "--vary", "width=0.5,1", "-o", "rows", folder=tmp_path).returncode == 0
    again = run("mobilenet_v1", "--vary", "width=0.5,1", "-o", "rows", folder=tmp_path)
    assert "made 0 of 1 parts, 1 was there;" in again.stdout
    other = run("mobilenet_v1", "--vary", "width=0.5,1,2", "-o", "rows", folder=tmp_path)
    assert other.returncode == 2
    assert "rows has parts of another sweep: width was 0.5,1 and is 0.5,1,2; designs was 2 and is 3" in " ".join(
        other.stderr.split()
    )


def test_a_parquet_file_holds_the_listing(tmp_path: Path) -> None:
    done = run(*SPACE, "-o", "all.parquet", folder=tmp_path)
    assert done.stdout == "all.parquet: 240 rows\n"
    assert pq.read_table(tmp_path / "all.parquet").to_pylist() == listed()


def test_a_long_csv_file_holds_the_rows(tmp_path: Path) -> None:
    from archcost.commands.sweep_files import LONG

    space = archcost.space("mobilenet_v1", vary=VARY)
    assert space.write(tmp_path / "all.csv").rows == 240 < LONG
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert lines[0] == "width,resolution,middle,params,macs,valid,error"
    for line, row in zip(csv.reader(lines[1:]), listed(), strict=True):
        cells = ["" if value is None else str(value) for value in row.values()]
        cells[-2] = cells[-2].lower()
        assert line == cells


def test_draws_depend_on_seed_and_place_alone(tmp_path: Path) -> None:
    words = [*SPACE, "--sample", "500", "--where", "macs <= 300 M", "--part-rows", "64"]
    for name, more in (("one", []), ("two", ["--jobs", "2"]), ("other", ["--seed", "1"])):
        assert run(*words, *more, "-o", name, folder=tmp_path).returncode == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    one, other = (pq.read_table(tmp_path / name / "rows").to_pylist() for name in ("one", "other"))
    assert one != other
    allowed = listed("macs <= 300 M")
    assert len(one) == 500
    assert all(row in allowed for row in one)
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert manifest["draw"] == {"number": 500, "seed": 0}
    refused = run(*words, "--seed", "1", "-o", "one", folder=tmp_path)
    assert refused.returncode == 2
    assert "draw.seed was 0 and is 1" in refused.stderr


def test_draws_that_a_condition_of_rows_thins_out(tmp_path: Path) -> None:
    words = [*SPACE, "--sample", "300", "--where", "macs > 120 * params", "--part-rows", "64"]
    for name, more in (("one", []), ("two", ["--jobs", "2"])):
        assert run(*words, *more, "-o", name, folder=tmp_path).returncode == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    rows, allowed = pq.read_table(tmp_path / "one" / "rows").to_pylist(), listed("macs > 120 * params")
    assert len(rows) == 300
    assert 0 < len(allowed) < 240 - 30
    assert all(row in allowed for row in rows)
    assert len({tuple(row.values()) for row in rows}) > len(allowed) / 2
    none = run(*SPACE, "--sample", "3", "--where", "macs < 0 * params", "-o", "none", folder=tmp_path)
    assert none.returncode == 2
    assert "0 of 1,0" in none.stderr
    assert not (tmp_path / "none").exists()


GROUPED = """archcost: 1
name: net
params: {width: 8, groups: 1, kernel: 3}
input: [6, 4, 4]
layers:
  - conv2d: {out_channels: $width, kernel_size: $kernel, groups: $groups}
  - conv2d: {out_channels: 4, kernel_size: 3}
"""


def test_invalid_rows_have_the_message_of_their_cause(tmp_path: Path) -> None:
    """8 channels have no 3 groups, and a kernel of 3 leaves 2 rows for the next one of 3."""
    (tmp_path / "net.yaml").write_text(GROUPED)
    vary = ["--vary", "width=6,8,12", "--vary", "groups=1,3,4", "--vary", "kernel=1,3,5,7"]
    assert run("net.yaml", *vary, "-o", "out", folder=tmp_path).returncode == 0
    rows = pq.read_table(tmp_path / "out" / "rows").to_pylist()
    for row in rows:
        params = {name: row[name] for name in ("width", "groups", "kernel")}
        if row["valid"]:
            assert (row["error"], row["params"]) == (
                None,
                archcost.analyze(tmp_path / "net.yaml", params=params).totals.params,
            )
        else:
            assert (row["error"], row["params"]) == (problem(str(tmp_path / "net.yaml"), params), None)
    assert len({row["error"] for row in rows}) > 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "out", "--sort", "params"], "--sort has no place there"),
        (["-o", "out", "--count"], "--count has no place there"),
        (["-o", "out", "--shard", "2/2"], "there is no shard 2/2"),
        (["-o", "all.parquet", "--jobs", "2"], "one file is written by one process"),
        (["-o", "out", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:9"], "by processes here or by a scheduler"),
        (["--jobs", "2"], "--jobs is for a folder"),
        (["-o", "rows.xyz"], "no format ends in '.xyz'"),
        (["-o", "out", "--where", "macs <= 3", "--sample", "5"], "no design meets 'macs <= 3'"),
    ],
)
def test_bad_calls(tmp_path: Path, words: list[str], said: str) -> None:
    done = run(*SPACE, *words, folder=tmp_path)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_no_design_at_all(tmp_path: Path) -> None:
    space = archcost.space("mobilenet_v1", vary={"resolution": [0, -1]})
    with pytest.raises(archcost.SpecError):
        space.write(tmp_path / "out")
    with pytest.raises(UsageError, match="have two objectives"):
        archcost.space("mobilenet_v1", vary=VARY).write(tmp_path / "out", pareto="min:macs,max:params,min:flops")


def test_strict_says_why_it_fails(tmp_path: Path) -> None:
    done = run(*SPACE, "--strict", "-o", "out", folder=tmp_path)  # resolution 0: 6 widths × 5 middle
    assert done.returncode == 1
    assert "30 settings are invalid, which --strict does not allow" in " ".join(done.stderr.split())
    assert "240 rows" in done.stdout


def test_a_shard_without_parts(tmp_path: Path) -> None:
    done = run(*SPACE, "--part-rows", "120", "-o", "out", "--shard", "2/9", folder=tmp_path)
    assert done.returncode == 2
    assert "shard 2/9 has nothing to make: there are 2 parts" in done.stderr
    assert not (tmp_path / "out").exists()
