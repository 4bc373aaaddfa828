"""Lock files of strangers: strict JSON, a place for what is wrong, and a second update that changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcost
from archcost.budget import latency
from archcost.budget.baseline import Baseline, LockEntry, LockRow, Pace, entry_of, plain
from archcost.budget.judge import Case
from archcost.budget.lock_keys import as_text, path_of
from archcost.budget.lockfile import MAX_BYTES, read_lock, write_lock
from archcost.budget.path_lookup import Scopes
from archcost.errors import UsageError
from archcost.settings import AS_IT_STANDS
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

NET = "archcost: 1\nname: net\ninput: [3, 8, 8]\nlayers: [{conv2d: {out_channels: 8, kernel_size: 1}}]\n"


def recorded(folder: Path, run: Callable[..., Run], text: str = NET) -> str:
    """The text of the lock file of one spec."""
    (folder / "net.yaml").write_text(text)
    (folder / "archcost.toml").write_text('specs = ["net.yaml"]\n')
    assert run("baseline", "update", cwd=folder).code == 0
    return (folder / "archcost.lock.json").read_text()


WRONG = [  # what is replaced, by what, the place of the problem if it is not the first line, and its words
    ('"net.yaml"', '"\\ud800.yaml"', "6:6", "\\ud800 is half of a character"),
    ('"net.yaml"', '"\\udfff.yaml"', "6:6", "\\udfff is half of a character"),
    ('"name": "net"', '"name": "\\ud83d\\ud83d\\ude00"', "11:16", "\\ud83d is half of a character"),
    ('"params": {}', '"params": {"x": NaN}', "", "NaN is not a JSON number"),
    ('"params": {}', '"params": {"x": -Infinity}', "", "-Infinity is not a JSON number"),
    ('"params": {}', '"params": {"x": 1e999}', "", "'1e999' is too large a number"),
    ('"params": {}', '"params": {"x": ' + "9" * 5000 + "}", "", "a number has too many digits"),
    ('"params": {}', '"params": {"x": 1, "x": 2}', "", "the key 'x' appears twice"),
    ('"params": {}', '"params": ' + "[" * 100_000 + "]" * 100_000, "", "it nests too deep"),
    ('"params": {}', '"params": {"x": 1,}', "12:25", "double quotes"),
    ('"batch": 1', '"batch": ' + "9" * 200, "", "a number of more than 100 digits, not a whole number"),
    ('"batch": 1', '"batch": -1', "", "batch is -1, not a whole number"),
    ('"batch": 1', '"batch": 1.0', "", "batch is 1.0, not a whole number"),
    ('"batch": 1', '"batch": true', "", "batch is True, not a whole number"),
    ('"batch": 1', '"batch": ' + "[" * 900 + "]" * 900, "", "batch is a list, not a whole number"),
    ('"batch": 1', '"batch": "' + "x" * 5000 + '"', "", "xxx…, not a whole number"),
    ('"name": "net"', '"name": ["net"]', "", "name is a list, not text"),
    ('"op": "conv2d"', '"op": 3', "", "op is 3, not text"),
    ('"sha256"', '"sha512"', "", "'sha256' is missing"),
    ('"latency": {}', '"latency": []', "", "damaged: latency is a list, not a table"),
    ('"latency": {}', '"latency": {"cpu": 7}', "", "damaged: cpu is 7, not a table"),
    ('"latency": {}', '"latency": {"cpu": {"net.yaml": 7}}', "", "damaged: net.yaml is 7, not a table"),
    ('"specs": {', '"specs": 3, "other": {', "", "damaged: specs is 3, not a table"),
    ('"layers": [', '"layers": 7, "other": [', "", "layers is 7, not a list"),
    ('"layers": [', '"layers": [7, ', "", "a layer is 7, not a table"),
    ('"totals": {', '"totals": 7, "other": {', "", "totals is 7, not a table"),
    ('"params": {}', '"params": 7', "", "params is 7, not a table"),
    ('"batch": 1', '"batch": 1, "inputs": 7', "", "inputs is 7, not a table"),
    ('"batch": 1', '"batch": 1, "inputs": {"x": 7}', "", "an input is 7, not a list"),
    ('"batch": 1', '"batch": 1, "dtypes": 7', "", "dtypes is 7, not a table"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_wrong_content_has_a_place(
    old: str, new: str, place: str, words: str, tmp_path: Path, run: Callable[..., Run]
) -> None:
    text = recorded(tmp_path, run)
    assert old in text
    lock = tmp_path / "archcost.lock.json"
    lock.write_text(text.replace(old, new, 1))
    before = lock.read_text()
    for command in (("check",), ("check", "--format", "json"), ("check", "--format", "sarif"), ("baseline", "update")):
        result = run(*command, cwd=tmp_path)
        assert result.code == 2
        assert words in result.err
        assert f"archcost.lock.json:{place or '1:1'}" in result.err
        assert "archcost baseline update" in result.err
    assert lock.read_text() == before


@pytest.mark.parametrize("key", ["\\\\ud800.yaml", "\\ud83d\\ude00.yaml", "\\u00e9.yaml"])
def test_escapes_that_are_whole_characters_are_read(key: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    lock = recorded(tmp_path, run).replace("net.yaml", key)
    (tmp_path / "archcost.lock.json").write_text(lock)
    baseline = read_lock(str(tmp_path / "archcost.lock.json"))
    assert list(baseline.entries) == [json.loads(f'"{key}"')]


def test_a_lock_file_of_any_size_is_not_read(tmp_path: Path, run: Callable[..., Run]) -> None:
    recorded(tmp_path, run)
    with (tmp_path / "archcost.lock.json").open("ab") as file:
        file.truncate(MAX_BYTES + 1)  # a hole, which takes no room on the disk
    result = run("check", cwd=tmp_path)
    assert result.code == 2
    assert "cannot read archcost.lock.json: the file is larger than 64 MiB" in result.err
    assert "help: " not in result.err  # what is wrong with the text is not known


def test_a_lock_file_that_could_not_be_read_is_not_written(
    tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = recorded(tmp_path, run)
    monkeypatch.setattr("archcost.budget.lockfile.MAX_BYTES", len(text) // 2)
    with pytest.raises(UsageError, match="would be larger than"):
        write_lock(
            Baseline("", entries={"x": entry_of(archcost.analyze(loads(NET)), AS_IT_STANDS)}),
            str(tmp_path / "new.json"),
        )
    assert not (tmp_path / "new.json").exists()


def test_numbers_that_are_not_finite_are_recorded_once(tmp_path: Path, run: Callable[..., Run]) -> None:
    text = recorded(tmp_path, run, NET + "params: {x: .nan, y: .inf, z: [-.inf, 1.5]}\n")
    entry = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["specs"]["net.yaml"]
    assert entry["params"] == {"x": ".nan", "y": ".inf", "z": ["-.inf", 1.5]}
    result = run("baseline", "update", cwd=tmp_path)
    assert "1 the same" in result.out
    assert (tmp_path / "archcost.lock.json").read_text() == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), ".nan"),
        (float("-inf"), "-.inf"),
        ((1, 2.5, None, True), [1, 2.5, None, True]),
        ({1: "x"}, {"1": "x"}),
        ("\udc80", "\\udc80"),
        ({"\udc80": "\udc80"}, {"\\udc80": "\\udc80"}),
        (Path("x"), "x"),
    ],
)
def test_values_come_back_as_they_were_recorded(value: Any, written: Any) -> None:
    assert plain(value) == written
    assert plain(written) == written
    assert json.loads(json.dumps(written, allow_nan=False)) == written
    json.dumps(written, ensure_ascii=False).encode()


def test_a_file_name_that_is_no_text_is_recorded(tmp_path: Path, run: Callable[..., Run]) -> None:
    name = b"net\x80.yaml"
    (tmp_path / name.decode(errors="surrogateescape")).write_text(NET)
    result = run("baseline", "update", name.decode(errors="surrogateescape"), cwd=tmp_path)
    assert result.code == 0
    lock = (tmp_path / "archcost.lock.json").read_text()
    assert list(json.loads(lock)["specs"]) == ["net\\udc80.yaml"]


# --- looking up what is recorded --------------------------------------------------------------------------------------


def test_a_figure_of_a_layer_looks_at_that_layer_only() -> None:
    rows = tuple([LockRow(f"a.b{k}.conv", "conv2d", (k,)) for k in range(100)])
    entry = LockEntry("net", "", 1, {}, {}, {"params": 4950}, rows)
    assert entry.figure("params") == 4950
    assert entry.figure("params", "a") == 99 * 100 // 2
    assert entry.figure("params", "a.b7") == 7
    assert entry.figure("params", "a.b7.conv") == 7
    assert entry.figure("params", "a.b") is None
    looked: list[int] = []
    scopes = Scopes(rows, lambda row: looked.append(1) or row.path)  # type: ignore[func-returns-value]
    for k in range(100):
        scopes.at(f"a.b{k}")
    assert len(looked) == 100  # once each, however many questions there are


def test_findings_do_not_look_at_all_layers_each(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = "layers: [{id: x, repeat: 300, linear: {out_features: 8}}]\nbudgets: {layers: {'x.*': {params: 1}}}\n"
    report = archcost.analyze(loads(f"archcost: 1\ninput: [8]\n{layers}"))
    verdict = archcost.budget.judge.judge(Case("x.yaml", "x.yaml", report))  # type: ignore[attr-defined]
    failed = [finding for finding in verdict.findings if finding.path]
    assert [finding.path for finding in failed] == [f"x.{k}" for k in range(20)]  # of equal ones the first
    assert verdict.findings[-1].count == 300 - 20
    assert all([layer.path for layer in finding.layers] == [finding.path] for finding in failed)


# --- latencies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("batch", "is_comparable"), [(1, True), (8, False)])
def test_a_recorded_latency_of_another_batch_is_no_baseline(
    batch: int, *, is_comparable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = archcost.analyze(loads(NET))  # of batch 1
    total = SimpleNamespace(median=0.002, iqr=0.0001)
    measurement = SimpleNamespace(layers=[], report=report, total=total, declared=[])
    monkeypatch.setattr(latency, "measure", lambda *_: [measurement])
    monkeypatch.setattr(latency, "device_key", lambda _: "cpu")
    past = Pace(1_000_000, 1000, batch, "sha")
    limit = SimpleNamespace(metric="latency")
    baseline = Baseline("lock", latencies={"cpu": {"net.yaml": past}})
    case = Case("net.yaml", "net.yaml", report, limits=[limit], baseline=baseline)  # type: ignore[list-item]
    found = latency.measured(case, None)
    assert found is not None
    assert found.before == (past if is_comparable else None)
    assert found.pace == Pace(2_000_000, 100_000, 1, report.spec.sha256)


@pytest.mark.parametrize("way", ["/etc", "../../../../../../../../../etc", "./out", "out/../../../../../../../etc"])
def test_keys_do_not_tell_what_is_on_a_machine(way: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    text = recorded(tmp_path, run)
    (tmp_path / ".git").mkdir()
    (tmp_path / "out").symlink_to("/etc")
    said = []
    for name in ("passwd", "nothere"):
        document = json.loads(text)
        document["specs"][f"{way}/{name}"] = document["specs"]["net.yaml"]
        (tmp_path / "archcost.lock.json").write_text(json.dumps(document))
        checked, updated = run("check", cwd=tmp_path), run("baseline", "update", cwd=tmp_path)
        said.append([out.replace(name, "") for out in (checked.out, checked.err, updated.out, updated.err)])
    assert said[0] == said[1]
    assert ("gone" in said[0][0]) == (way == "./out")


@given(st.text("\\ud8cfx\udcff\ud800\udfff0é", max_size=12))
def test_no_two_paths_have_one_key(path: str) -> None:
    key = as_text(path)
    key.encode()
    assert path_of(key) == path


def test_names_of_bytes_and_their_escapes_are_two_specs(tmp_path: Path, run: Callable[..., Run]) -> None:
    for name in ("x\udcff.yaml", "x\\udcff.yaml"):
        try:
            Path(tmp_path, name).write_text(NET)
        except (OSError, ValueError):
            pytest.skip("this file system has no such names")
    (tmp_path / "archcost.toml").write_text('specs = ["*.yaml"]\n[[budgets]]\nspecs = ["x?.yaml"]\nparams = 1\n')
    assert run("baseline", "update", cwd=tmp_path).code == 0
    lock = json.loads((tmp_path / "archcost.lock.json").read_text())
    assert list(lock["specs"]) == ["x\\\\udcff.yaml", "x\\udcff.yaml"]
    result = run("check", cwd=tmp_path)
    assert (result.code, "1 failure" in result.out) == (1, True)  # the limit is for the name with one byte
    Path(tmp_path, "x\udcff.yaml").unlink()
    (tmp_path / "archcost.toml").write_text('specs = ["*.yaml"]\n')
    assert "gone" in run("check", cwd=tmp_path).out
