"""The lock file: the same bytes for the same specs, no unseen increase, and a way out of every wrong file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from archcost.budget.baseline import LockRow, layer_changes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

CONFIG = 'specs = ["specs/*.yaml"]\n'


@pytest.fixture
def recorded(net: Callable[..., Path], run: Callable[..., Run]) -> Path:
    folder = net("{params: 1%}", CONFIG)
    assert run("baseline", "update", cwd=folder).code == 0
    return folder


def lock(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "archcost.lock.json").read_text(encoding="utf-8"))
    return document


def edit(folder: Path, old: str, new: str, name: str = "net") -> None:
    path = folder / "specs" / f"{name}.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_is_recorded(recorded: Path) -> None:
    document = lock(recorded)
    assert document["schema"] == "archcost.lock/1"
    entry = document["specs"]["specs/net.yaml"]
    assert (entry["name"], entry["batch"], entry["params"], entry["set"]) == ("net", 1, {"width": 4}, {})
    assert entry["totals"]["params"] == 4 * 3 * 3 * 3 + 8 * 4
    assert entry["totals"]["macs"] == 8 * 8 * (4 * 3 * 3 * 3 + 8 * 4)
    assert entry["layers"][0] == {
        "path": "stem",
        "op": "conv2d",
        "params": 4 * 3 * 3 * 3,
        "macs": 8 * 8 * 4 * 3 * 3 * 3,
        "flops": 2 * 8 * 8 * 4 * 3 * 3 * 3,
        "weight_bytes": 4 * 4 * 3 * 3 * 3,
        "activation_bytes": 4 * 8 * 8 * 4,
    }
    assert len(entry["sha256"]) == 64


def test_the_same_specs_give_the_same_bytes(recorded: Path, run: Callable[..., Run]) -> None:
    path = recorded / "archcost.lock.json"
    first = path.read_bytes()
    assert first.endswith(b"}\n")
    assert b"\r" not in first
    again = run("baseline", "update", cwd=recorded)
    assert "nothing to record" in again.out
    path.unlink()
    run("baseline", "update", cwd=recorded)
    assert path.read_bytes() == first
    document = lock(recorded)

    def keys_are_sorted(value: Any) -> bool:
        if isinstance(value, dict):
            return list(value) == sorted(value) and all(map(keys_are_sorted, value.values()))
        return all(map(keys_are_sorted, value)) if isinstance(value, list) else not isinstance(value, float)

    assert keys_are_sorted(document)
    assert sum(line.lstrip().startswith(b'{"activation_bytes"') for line in first.splitlines()) == 2  # a line a layer


def test_nothing_else_is_left_in_the_folder(recorded: Path) -> None:
    assert sorted(path.name for path in recorded.iterdir()) == ["archcost.lock.json", "archcost.toml", "specs"]


def test_an_increase_is_refused_and_named(recorded: Path, run: Callable[..., Run]) -> None:
    before = (recorded / "archcost.lock.json").read_bytes()
    edit(recorded, "width: 4", "width: 5")
    refused = run("baseline", "update", cwd=recorded)
    assert refused.code == 1
    assert (recorded / "archcost.lock.json").read_bytes() == before
    # width 5: 5 * 27 + 8 * 5 = 175 params against 4 * 27 + 8 * 4 = 140; MACs are 64 times that
    assert "net: params 140 → 175, +35 (25.0%)" in refused.err
    assert "net: MACs 8,960 → 11,200, +2,240 (25.0%)" in refused.err
    assert "add --allow-increase" in refused.err
    allowed = run("baseline", "update", "--allow-increase", cwd=recorded)
    assert allowed.code == 0
    assert "1 changed; 2 increases allowed" in allowed.out
    assert lock(recorded)["specs"]["specs/net.yaml"]["totals"]["params"] == 175


def test_what_growth_limits_name_is_a_ratchet_as_well(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    """Fewer params in all, but more activation bytes of the stem, which a growth limit names."""
    folder = net("{layers: {stem: {activation_bytes: 5%}}}", CONFIG)
    run("baseline", "update", cwd=folder)
    edit(folder, "out_channels: $width, kernel_size: 3", "out_channels: $(width + 1), kernel_size: 1")
    edit(folder, "padding: 1", "padding: 0")
    refused = run("baseline", "update", cwd=folder)
    assert refused.code == 1
    assert "activation bytes of stem 1,024 B → 1,280 B" in refused.err  # 4 * 64 * 4 against 4 * 64 * 5
    assert "params" not in refused.err


def test_a_decrease_is_recorded(recorded: Path, run: Callable[..., Run]) -> None:
    edit(recorded, "width: 4", "width: 3")
    assert run("baseline", "update", cwd=recorded).code == 0
    assert lock(recorded)["specs"]["specs/net.yaml"]["totals"]["params"] == 3 * 27 + 8 * 3


def test_some_specs_can_be_recorded_and_the_rest_is_kept(recorded: Path, run: Callable[..., Run]) -> None:
    text = (recorded / "specs" / "net.yaml").read_text()
    (recorded / "specs" / "other.yaml").write_text(text.replace("name: net", "name: other"))
    done = run("baseline", "update", "specs/other.yaml", cwd=recorded)
    assert "recorded 1 spec in archcost.lock.json: 1 new" in done.out
    assert sorted(lock(recorded)["specs"]) == ["specs/net.yaml", "specs/other.yaml"]
    (recorded / "specs" / "net.yaml").unlink()
    gone = run("baseline", "update", cwd=recorded)
    assert "1 gone (specs/net.yaml)" in gone.out
    assert sorted(lock(recorded)["specs"]) == ["specs/other.yaml"]


def test_what_exists_without_being_configured_is_kept(recorded: Path, run: Callable[..., Run]) -> None:
    (recorded / "extra.yaml").write_text((recorded / "specs" / "net.yaml").read_text())
    run("baseline", "update", "extra.yaml", "resnet18", cwd=recorded)
    assert "gone" not in run("check", cwd=recorded).out
    run("baseline", "update", cwd=recorded)
    assert sorted(lock(recorded)["specs"]) == ["extra.yaml", "specs/net.yaml", "zoo:resnet18"]


def test_a_broken_spec_records_nothing(recorded: Path, run: Callable[..., Run]) -> None:
    before = (recorded / "archcost.lock.json").read_bytes()
    edit(recorded, "kernel_size: 1", "kernal_size: 1")
    result = run("baseline", "update", cwd=recorded)
    assert result.code == 2
    assert "kernal_size" in result.err
    assert (recorded / "archcost.lock.json").read_bytes() == before


def test_standard_input_cannot_be_recorded(tmp_path: Path, run: Callable[..., Run]) -> None:
    assert run("baseline", "update", "-", cwd=tmp_path).code == 2


def test_zoo_models_go_by_their_names(tmp_path: Path, run: Callable[..., Run]) -> None:
    assert run("baseline", "update", "resnet18", cwd=tmp_path).code == 0
    assert list(lock(tmp_path)["specs"]) == ["zoo:resnet18"]
    shown = run("check", "resnet18", cwd=tmp_path)
    assert shown.code == 0
    assert "new" not in shown.out


def test_paths_are_relative_to_the_lock_file(recorded: Path, run: Callable[..., Run]) -> None:
    assert run("baseline", "update", "--baseline", "deep/er.json", cwd=recorded).code == 2  # no such folder
    (recorded / "deep").mkdir()
    assert run("baseline", "update", "--baseline", "deep/er.json", cwd=recorded).code == 0
    document = json.loads((recorded / "deep" / "er.json").read_text())
    assert list(document["specs"]) == ["../specs/net.yaml"]
    assert run("check", "--baseline", "deep/er.json", cwd=recorded).code == 0
    assert run("check", "net.yaml", "--baseline", "../deep/er.json", cwd=recorded / "specs").code == 0


def check(folder: Path, run: Callable[..., Run], *arguments: str) -> dict[str, Any]:
    result = run("check", "--format", "json", *arguments, cwd=folder)
    document: dict[str, Any] = json.loads(result.out)
    assert document["exit_code"] == result.code
    return document


def statuses(document: dict[str, Any]) -> list[str]:
    findings = [finding for spec in document["specs"] for finding in spec["findings"]]
    return [finding["status"] for finding in (*findings, *document["findings"])]


def test_unchanged_is_fine(recorded: Path, run: Callable[..., Run]) -> None:
    document = check(recorded, run)
    assert (document["exit_code"], statuses(document)) == (0, ["ok"])
    assert document["specs"][0]["changed"] is False


def test_growth_fails_and_an_improvement_does_not(recorded: Path, run: Callable[..., Run]) -> None:
    edit(recorded, "width: 4", "width: 5")
    grown = check(recorded, run)
    assert (grown["exit_code"], statuses(grown)) == (1, ["fail"])
    finding = grown["specs"][0]["findings"][0]
    assert (finding["figure"], finding["baseline"], finding["allowed"], finding["overshoot"]) == (175, 140, 141, 34)
    assert finding["percent"] == 25.0
    assert [(layer["path"], layer["baseline"], layer["figure"]) for layer in finding["layers"]] == [
        ("stem", 4 * 27, 5 * 27),
        ("body", 8 * 4, 8 * 5),
    ]
    edit(recorded, "width: 5", "width: 2")
    smaller = check(recorded, run)
    assert (smaller["exit_code"], statuses(smaller)) == (0, ["ok", "stale"])


def test_a_comment_makes_it_stale_and_says_that_figures_are_the_same(recorded: Path, run: Callable[..., Run]) -> None:
    edit(recorded, "name: net\n", "name: net # a note\n")
    document = check(recorded, run)
    assert (document["exit_code"], statuses(document)) == (0, ["ok", "stale"])
    finding = document["specs"][0]["findings"][1]
    assert "its figures are the same" in finding["message"]
    assert finding["help"] == "run `archcost baseline update`"
    assert (finding["file"], finding["line"]) == ("archcost.lock.json", 6)


def test_line_endings_do_not_make_it_stale(recorded: Path, run: Callable[..., Run]) -> None:
    path = recorded / "specs" / "net.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert statuses(check(recorded, run)) == ["ok"]


def test_another_version_that_counts_otherwise_makes_it_stale(recorded: Path, run: Callable[..., Run]) -> None:
    path = recorded / "archcost.lock.json"
    text = path.read_text().replace('"params": 140', '"params": 150')
    version = lock(recorded)["archcost"]
    path.write_text(text.replace(f'"archcost": "{version}"', '"archcost": "0.0.9"'))
    document = check(recorded, run)
    assert statuses(document) == ["ok", "stale"]
    assert "version 0.0.9 of archcost counted them" in document["specs"][0]["findings"][1]["message"]


def test_new_and_gone_specs_are_named(recorded: Path, run: Callable[..., Run]) -> None:
    text = (recorded / "specs" / "net.yaml").read_text()
    (recorded / "specs" / "net.yaml").rename(recorded / "specs" / "fresh.yaml")
    (recorded / "specs" / "fresh.yaml").write_text(text.replace("name: net", "name: fresh"))
    result = run("check", cwd=recorded)
    assert result.code == 0
    assert "warn: fresh is new: the baseline does not have it; its growth is not judged" in result.out
    assert "gone: net is gone" in result.out
    assert "specs/net.yaml" in result.out
    # naming specs says nothing about the others
    assert "gone" not in run("check", "specs/fresh.yaml", cwd=recorded).out


def test_no_baseline_where_growth_is_limited(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    folder = net("{params: {max: 100, increase: 1%}}", CONFIG)
    result = run("check", cwd=folder)
    assert result.code == 2
    assert "a growth limit needs a baseline, and there is no archcost.lock.json" in result.err
    assert "specs/net.yaml:8:30" in result.err
    assert "`archcost baseline update`" in result.err
    assert "--baseline-ref origin/main" in result.err
    assert "over the limit of 100 by 40" in result.out  # what can be judged is


def test_no_baseline_and_no_growth_limit_is_fine(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    result = run("check", "-q", cwd=net("{params: 1 k}", CONFIG))
    assert (result.code, result.out) == (0, "✓ 1 spec: 1 limit holds\n")


def test_a_named_baseline_must_exist(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    result = run("check", "--baseline", "nope.json", cwd=net("{params: 1 k}", CONFIG))
    assert result.code == 2
    assert "there is no baseline nope.json" in result.err


def test_specs_of_one_name_are_told_by_their_paths(recorded: Path, run: Callable[..., Run]) -> None:
    """A copy of a file has the name in it, and where the limit is the configuration's, no place tells them apart."""
    (recorded / "specs" / "copy.yaml").write_text((recorded / "specs" / "net.yaml").read_text(), encoding="utf-8")
    assert run("baseline", "update", cwd=recorded).code == 0
    edit(recorded, "params: 1%", "params: 1 k", name="copy")
    told = run("check", cwd=recorded).out
    assert "specs/net.yaml: growth of params" in told
    assert "specs/copy.yaml: params" in told
    found = json.loads(run("check", "--format", "json", cwd=recorded).out)
    assert [spec["name"] for spec in found["specs"]] == ["specs/copy.yaml", "specs/net.yaml"]
    alone = json.loads(run("check", "specs/net.yaml", "--format", "json", cwd=recorded).out)
    assert [spec["name"] for spec in alone["specs"]] == ["net"]


OTHER = [  # what the check is given, what is told of it, and the way out
    (("--set", "width=5"), "was recorded without --set width=5: growth", "help: leave --set width=5 out; or"),
    (
        ("--batch", "2"),
        "was recorded with --batch 1, and this is with --batch 2: growth",
        "help: give --batch 1 in place of --batch 2; or",
    ),
]


def test_other_settings_cannot_be_compared(recorded: Path, run: Callable[..., Run]) -> None:
    """What differs is told, and nothing else; what needs no baseline is judged."""
    for arguments, told, way in OTHER:
        result = run("check", *arguments, cwd=recorded)
        assert result.code == 2
        assert told in result.err
        assert way in result.err
        assert "--baseline-ref REF" in result.err
    assert run("baseline", "update", "--set", "width=3", cwd=recorded).code == 0
    lacking = run("check", cwd=recorded)
    assert (lacking.code, "with --set width=3, and this is without: growth" in lacking.err) == (2, True)
    assert "help: give --set width=3; or" in lacking.err
    edit(recorded, "params: 1%", "params: 1 k")
    assert run("check", "--batch", "2", cwd=recorded).code == 0


def test_settings_are_recorded(recorded: Path, run: Callable[..., Run]) -> None:
    arguments = ("--set", "width=3", "--batch", "2")
    assert run("baseline", "update", *arguments, "--allow-increase", cwd=recorded).code == 0
    entry = lock(recorded)["specs"]["specs/net.yaml"]
    assert (entry["batch"], entry["set"], entry["params"]) == (2, {"width": 3}, {"width": 3})
    assert run("check", *arguments, cwd=recorded).code == 0


BROKEN = [
    ("{", "the lock file is not JSON"),
    ('<<<<<<< HEAD\n{"schema": 1}\n', "the lock file is not JSON"),
    ("[]", "has no schema"),
    ('{"schema": 3}', "has no schema"),
    ('{"schema": "other/1"}', "it has another schema, not archcost.lock/1"),
    ('{"schema": "archcost.lock/2", "specs": {}}', "has the schema archcost.lock/2, and this archcost"),
    ('{"schema": "archcost.lock/1"}', "'specs' is missing"),
    ('{"schema": "archcost.lock/1", "archcost": "1", "latency": {}, "specs": {"a": {}}}', "damaged"),
    ('{"schema": "archcost.lock/1", "archcost": "1", "latency": {}, "specs": []}', "damaged"),
    ("[" * 100_000, "the lock file is not JSON"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN, ids=[row[0][:60] for row in BROKEN])
@pytest.mark.parametrize("command", [("check",), ("baseline", "update")])
def test_a_wrong_lock_file_has_a_way_out(
    command: tuple[str, ...], text: str, message: str, recorded: Path, run: Callable[..., Run]
) -> None:
    (recorded / "archcost.lock.json").write_text(text)
    result = run(*command, cwd=recorded)
    assert result.code == 2
    assert message in result.err
    assert "archcost.lock.json:" in result.err
    assert "delete" in result.err
    assert "`archcost baseline update`" in result.err
    assert "needs a baseline" not in result.err
    assert (recorded / "archcost.lock.json").read_text() == text


def test_a_float_is_no_figure(recorded: Path, run: Callable[..., Run]) -> None:
    path = recorded / "archcost.lock.json"
    path.write_text(path.read_text().replace('"params": 140', '"params": 140.0'))
    assert "params is 140.0, not a whole number" in run("check", cwd=recorded).err


def row(path: str, params: int = 1, op: str = "relu") -> LockRow:
    return LockRow(path, op, (params,))


def test_renamed_layers_do_not_differ() -> None:
    before = [row("a.x", 1), row("a.y", 2), row("b", 3)]
    after = [row("c.x", 1), row("c.y", 2), row("b", 4), row("new", 9)]
    changes = [(c.before and c.before.path, c.after and c.after.path) for c in layer_changes(before, after)]
    assert changes == [("b", "b"), (None, "new")]
    gone = layer_changes(before, before[:1])
    assert [(c.before and c.before.path, c.after) for c in gone] == [("a.y", None), ("b", None)]
    assert gone[0].figures("params") == (2, 0)
