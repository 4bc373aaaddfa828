"""Checks that judge every spec, whatever it looks like, and that say what they did not judge."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archcost
from archcost.spec import loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Run

HEAD = "archcost: 1\nname: net\n"
TAIL = "budgets: {params: 1}\nblocks: {unit: {layers: [relu]}}\n"
LINEAR = "[{linear: {out_features: 8}}]"  # 8 * 8 + 8 = 72 params, over the limit of 1
LIBRARY = "archcost: 1\nblocks: {unit: {layers: [relu]}}\n"
PLAIN = f"{HEAD}input: [8]\nlayers: {LINEAR}\n"

SPECS = {
    "plain": f"{HEAD}input: [8]\nlayers: {LINEAR}\n{TAIL}",
    "quoted": f'{HEAD}"input": [8]\n"layers": {LINEAR}\n{TAIL}',
    "single quotes": f"{HEAD}'input': [8]\n'layers': {LINEAR}\n{TAIL}",
    "escaped": f'{HEAD}"inp\\u0075t": [8]\n"l\\x61yers": {LINEAR}\n{TAIL}',
    "spaces before colons": f"{HEAD}input : [8]\nlayers  : {LINEAR}\n{TAIL}",
    "explicit keys": f"{HEAD}? input\n: [8]\n? layers\n: {LINEAR}\n{TAIL}",
    "flow": f"{{archcost: 1, name: net, input: [8], layers: {LINEAR}, blocks: {{}}, budgets: {{params: 1}}}}\n",
    "json": '{"archcost": 1, "input": [8], "layers": [{"linear": {"out_features": 8}}], "blocks": {}, '
    '"budgets": {"params": 1}}\n',
    "indented": "".join(f"  {line}\n" for line in f"{HEAD}input: [8]\nlayers: {LINEAR}\n{TAIL}".splitlines()),
    "a document start": f"---\n{HEAD}input: [8]\nlayers: {LINEAR}\n{TAIL}",
    "a directive": f"%YAML 1.2\n---\n{HEAD}input: [8]\nlayers: {LINEAR}\n{TAIL}",
    "carriage returns": f"{HEAD}input: [8]\nlayers: {LINEAR}\n{TAIL}".replace("\n", "\r\n"),
    "a byte order mark": f"\ufeff{HEAD}input: [8]\nlayers: {LINEAR}\n{TAIL}",
    "several inputs": f"{HEAD}inputs: {{x: [8]}}\nlayers: [{{linear: {{out_features: 8}}, from: x}}]\n{TAIL}",
    "an alias": f"{HEAD}input: [8]\nlayers: &steps {LINEAR}\nblocks: {{unit: {{layers: *steps}}}}\n"
    "budgets: {params: 1}\n",
    "an extending spec": f"{HEAD}extends: plain.yml\nbudgets: {{params: 1}}\n",
}
BROKEN = {
    "no layers, but limits": f"{HEAD}{TAIL}",
    "no layers, but an input": f"{HEAD}input: [8]\nblocks: {{unit: {{layers: [relu]}}}}\n",
    "no layers, but outputs": f"{HEAD}outputs: [x]\nblocks: {{unit: {{layers: [relu]}}}}\n",
    "no layers, but figures": f"{HEAD}expect: {{params: 3}}\nblocks: {{unit: {{layers: [relu]}}}}\n",
    "params alone": f"{HEAD}params: {{width: 8}}\n",
    "no blocks": f"{HEAD}blocks: {{}}\n",
    "no YAML": "archcost: 1\nblocks: {unit: [}\n",
    "a tab": "archcost: 1\nblocks:\n\tunit: {layers: [relu]}\n",
    "two documents": f"{LIBRARY}---\n{PLAIN}",
    "a key twice": f"{LIBRARY}blocks: {{}}\n",
    "a merge": f"{LIBRARY}<<: {{layers: {LINEAR}, input: [8]}}\n",
    "an unknown key": f"{LIBRARY}layer: {LINEAR}\n",
    "a tag": f"{LIBRARY}!!str layers: {LINEAR}\n",
    "a wrong block": "archcost: 1\nblocks: {unit: {layers: [rellu]}}\n",
    "no version": "blocks: {unit: {layers: [relu]}}\n",
    "a list": "- archcost: 1\n",
    "empty": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose configuration names every YAML file in it."""
    (tmp_path / "archcost.toml").write_text('specs = ["*.yaml"]\n')
    (tmp_path / "plain.yml").write_text(PLAIN)
    return tmp_path


@pytest.mark.parametrize("named", ["configuration", "glob", "name"])
@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_a_spec_is_what_the_parser_says(folder: Path, run: Callable[..., Run], text: str, named: str) -> None:
    (folder / "net.yaml").write_text(text, encoding="utf-8", newline="")
    arguments = {"configuration": (), "glob": ("*.yaml",), "name": ("net.yaml",)}[named]
    result = run("check", *arguments, cwd=folder)
    assert (result.code, result.err) == (1, "")
    assert "params 72, over the limit of 1 by 71" in result.out  # 8 * 8 + 8


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_neither_a_spec_nor_a_library_is_an_error(folder: Path, run: Callable[..., Run], text: str) -> None:
    (folder / "good.yaml").write_text(PLAIN + "budgets: {params: 100}\n")
    (folder / "net.yaml").write_text(text, encoding="utf-8")
    result = run("check", cwd=folder)
    assert result.code == 2
    assert "net.yaml:" in result.err
    assert "✓" not in result.out


@given(st.sampled_from(sorted(SPECS)), st.permutations(["input: [8]", f"layers: {LINEAR}", TAIL, "source: x"]))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_keys_makes_a_spec_a_library(name: str, parts: list[str]) -> None:
    text = "archcost: 1\n" + "\n".join(part.rstrip("\n") for part in parts) + "\n"
    assert not loader.reads(text, name=f"{name}.yaml").is_library
    assert loader.reads(LIBRARY + "source: x\n").is_library


def test_what_is_left_out_is_said_in_every_format(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net.yaml").write_text(PLAIN + "budgets: {params: 100}\n")
    (folder / "common.yaml").write_text(LIBRARY)
    out = {name: run("check", "--format", name, cwd=folder) for name in ("full", "concise", "json", "markdown")}
    out |= {name: run("check", "--format", name, cwd=folder) for name in ("github", "junit", "sarif")}
    assert {result.code for result in out.values()} == {0}
    said = "left out: common.yaml holds only blocks"
    for name in ("full", "concise", "markdown", "github"):
        assert said in out[name].out
    assert out["full"].out == f"{said}\n\n  params  72 of 100  ███████▏   72%\n\n✓ 1 spec: 1 limit holds\n"
    document = json.loads(out["json"].out)
    assert (document["left_out"], document["judged"], document["summary"]["specs"]) == (["common.yaml"], True, 1)
    suites = ET.fromstring(out["junit"].out)
    assert suites.get("skipped") == "1"
    assert suites.find("testsuite[@name='common.yaml']/testcase/skipped") is not None
    assert json.loads(out["sarif"].out)["runs"][0]["properties"]["leftOut"] == ["common.yaml"]


def test_many_that_are_left_out_are_counted(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net.yaml").write_text(PLAIN + "budgets: {params: 100}\n")
    for number in range(8):
        (folder / f"part{number}.yaml").write_text(LIBRARY)
    out = " ".join(run("check", cwd=folder).out.split())
    assert "part0.yaml, part1.yaml, part2.yaml, part3.yaml, part4.yaml and 3 more hold only blocks" in out


@pytest.mark.parametrize("arguments", [(), ("*.yaml",), ("common.yaml",), ("--exit-zero",), ("--expect",)])
def test_a_check_of_nothing_never_passes(folder: Path, run: Callable[..., Run], arguments: tuple[str, ...]) -> None:
    (folder / "common.yaml").write_text(LIBRARY)
    result = run("check", *arguments, cwd=folder)
    assert result.code == 2
    assert "✓" not in result.out
    if "common.yaml" not in arguments:
        assert "nothing was judged: 'common.yaml' holds only blocks" in result.err


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        (
            PLAIN,
            "1 spec: no limits to judge; `budgets: {params: 5 M}` in a spec sets one, and so does archcost.toml",
        ),
        (PLAIN + "expect: {params: 999}\n", "1 spec: no limits to judge; 1 expected figure: --expect judges it"),
        (
            PLAIN + "expect: {params: 999, macs: 64, output: [1, 8]}\n",
            "1 spec: no limits to judge; 3 expected figures: --expect judges them",
        ),
        (PLAIN + "budgets: {latency: 1 s}\n", "1 spec: 1 not measured"),
    ],
)
def test_where_nothing_was_judged_no_tick_says_so(
    folder: Path, run: Callable[..., Run], text: str, summary: str
) -> None:
    (folder / "net.yaml").write_text(text)
    result = run("check", "net.yaml", cwd=folder)
    assert result.code == 0
    assert result.out.splitlines()[-1] == f"! {summary}"
    document = json.loads(run("check", "net.yaml", "--format", "json", cwd=folder).out)
    assert (document["ok"], document["judged"]) == (True, False)
    markdown = run("check", "net.yaml", "--format", "markdown", cwd=folder).out
    assert "⚠️ **Nothing was judged.**" in markdown
    suites = ET.fromstring(run("check", "net.yaml", "--format", "junit", cwd=folder).out)
    assert (suites.get("tests"), suites.get("skipped")) == ("1", "1")


def test_published_figures_are_a_judgement(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net.yaml").write_text(PLAIN + "expect: {params: 72}\n")
    assert run("check", "net.yaml", "--expect", cwd=folder).out == "✓ 1 spec: all expected figures hold\n"


def test_every_file_is_parsed_once(folder: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (folder / f"net{number}.yaml").write_text(PLAIN + "budgets: {params: 100}\n")
        (folder / f"part{number}.yaml").write_text(LIBRARY)
    parse = loader.parse_document
    names: list[str] = []
    monkeypatch.setattr(
        loader, "parse_document", lambda source, *rest: names.append(source.name) or parse(source, *rest)
    )
    assert run("check", cwd=folder).code == 0
    assert len(names) == len(set(names)) == 40


def test_processes_leave_out_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archcost.budget import check, parallel

    for number in range(6):
        (folder / f"net{number}.yaml").write_text(PLAIN + "budgets: {params: 100}\n")
        (folder / f"part{number}.yaml").write_text(LIBRARY)
    monkeypatch.chdir(folder)
    alone = archcost.check()
    monkeypatch.setattr(check, "_POOL_FROM", 1)
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    together = archcost.check()
    assert alone.left_out == together.left_out == tuple(f"part{number}.yaml" for number in range(6))
    assert [spec.path for spec in together.specs] == [f"net{number}.yaml" for number in range(6)]


def test_a_baseline_records_specs_and_no_libraries(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net.yaml").write_text(f'{HEAD}"input": [8]\n"layers": {LINEAR}\nblocks: {{}}\n')
    (folder / "common.yaml").write_text(LIBRARY)
    assert run("baseline", "update", cwd=folder).code == 0
    assert list(json.loads((folder / "archcost.lock.json").read_text())["specs"]) == ["net.yaml"]


def test_a_baseline_of_nothing_is_not_recorded(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "common.yaml").write_text(LIBRARY)
    result = run("baseline", "update", cwd=folder)
    assert result.code == 2
    assert "nothing was recorded: 'common.yaml' holds only blocks" in result.err
    assert not (folder / "archcost.lock.json").exists()


def test_a_new_layer_has_nothing_to_grow_from(folder: Path, run: Callable[..., Run]) -> None:
    limits = "budgets: {layers: {'l*': {params: 1%}}}\n"
    (folder / "net.yaml").write_text(PLAIN + limits)
    assert run("baseline", "update", cwd=folder).code == 0
    (folder / "net.yaml").write_text(
        PLAIN.replace("[{linear: {out_features: 8}}]", "[{linear: {out_features: 800}, id: l2}]") + limits
    )
    result = run("check", cwd=folder)
    assert result.code == 0
    assert "warn: net: l2 is new, so there is nothing that its params could grow from" in result.out
    assert "✓" not in result.out
    assert run("check", "--strict", cwd=folder).code == 1


# --- what a glob stands for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["*.yaml", "?et.yaml", "[mn]et.yaml", "[!x]*.yaml", "**"])
def test_a_file_called_like_a_glob_hides_no_other(folder: Path, run: Callable[..., Run], name: str) -> None:
    specs = folder / "specs"
    specs.mkdir()
    (specs / "net.yaml").write_text(PLAIN + "budgets: {params: 1}\n")
    (specs / name).write_text(PLAIN.replace("net", "other") + "budgets: {params: 100}\n")
    result = run("check", f"specs/{name}", cwd=folder)
    assert result.code == 1
    assert "params 72, over the limit of 1 by 71" in result.out
    assert "2 specs: 1 failure, 1 limit holds" in result.out


def test_a_file_called_like_a_glob_may_be_the_only_one(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net[1].yaml").write_text(PLAIN + "budgets: {params: 100}\n")
    assert run("check", "net[1].yaml", cwd=folder).code == 0


@pytest.mark.parametrize(("globs", "wrong"), [(["*.yaml", "x/*.yml"], "x/*.yml"), (["x/**/*", "*.yaml"], "x/**/*")])
def test_every_glob_of_a_configuration_matches_something(
    folder: Path, run: Callable[..., Run], globs: list[str], wrong: str
) -> None:
    (folder / "net.yaml").write_text(PLAIN)
    text = f"specs = {json.dumps(globs)}\n"
    (folder / "archcost.toml").write_text(text)
    result = run("check", cwd=folder)
    assert result.code == 2
    assert f"cannot look for '{wrong}': no file matches it" in result.err
    assert f"archcost.toml:1:{text.index(wrong)}" in result.err
    (folder / "archcost.toml").write_text('specs = ["*.yaml", "!x/*.yaml"]\n')
    assert run("check", cwd=folder).code == 0


def test_a_model_of_the_zoo_is_no_glob(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "archcost.toml").write_text('specs = ["resnet18"]\n')
    result = run("check", cwd=folder)
    assert result.code == 2
    assert "`archcost check resnet18` judges the model of the zoo" in result.err


@pytest.mark.parametrize("named", ["configuration", "glob"])
@pytest.mark.parametrize("kind", ["too deep", "unreadable"])
def test_a_folder_that_cannot_be_looked_into_is_an_error(
    folder: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, kind: str, named: str
) -> None:
    (folder / "net.yaml").write_text(PLAIN)
    (folder / "archcost.toml").write_text('specs = ["**/*.yaml"]\n')
    (folder / "shut").mkdir()
    scandir = os.scandir

    def scan(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("shut"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    if kind == "unreadable":
        monkeypatch.setattr(os, "scandir", scan)
    else:
        monkeypatch.chdir(folder)
        for _ in range(21):  # 21 * 201 = 4,221 characters, of 4,096 that a path may have
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    result = run("check", *(["**/*.yaml"] if named == "glob" else []), cwd=folder)
    assert result.code == 2
    assert f"cannot look into '{'shut' if kind == 'unreadable' else 'd' * 100}" in result.err
    assert ("permission denied" if kind == "unreadable" else "file name too long") in result.err


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a folder", "link out", "nothing"])
def test_what_stands_in_the_place_of_a_spec_does_not_keep_it(folder: Path, run: Callable[..., Run], kind: str) -> None:
    (folder / ".git").mkdir()
    (folder / "net.yaml").write_text(PLAIN)
    (folder / "evil.yml").write_text(PLAIN)
    (folder / "archcost.toml").write_text('specs = ["*.yaml", "evil.*"]\n')
    assert run("baseline", "update", cwd=folder).code == 0
    (folder / "archcost.toml").write_text('specs = ["*.yaml"]\n')
    assert "gone" not in run("check", cwd=folder).out  # it is a file, though no glob is for it
    (folder / "evil.yml").unlink()
    if kind == "folder":
        (folder / "evil.yml").mkdir()
        (folder / "evil.yml" / "net.yaml").write_text(PLAIN)
    elif kind == "pipe":
        os.mkfifo(folder / "evil.yml")
    elif kind != "nothing":
        (folder / "evil.yml").symlink_to("." if kind == "link to a folder" else "/etc/passwd")
    assert "evil.yml" in run("check", cwd=folder).out
    assert json.loads(run("check", "--format", "json", cwd=folder).out)["findings"][0]["status"] == "gone"


# --- limits that say nothing ------------------------------------------------------------------------------------------


def test_a_pattern_without_a_limit_is_an_error(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net.yaml").write_text(f"{PLAIN}budgets: {{params: 1 k, layers: {{linear: {{}}}}}}\n")
    result = run("check", "net.yaml", cwd=folder)
    assert result.code == 2
    assert "the limits of 'linear' are none" in result.err
    assert "✓" not in result.out


@pytest.mark.parametrize("name", ["archcost", '"archcost"', '"arch\\u0063ost"', '"\\U00000061rchcost"'])
def test_a_configuration_is_what_the_parser_says(name: str, folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net.yaml").write_text(PLAIN)
    (folder / "archcost.toml").unlink(missing_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.{name}]\n[[tool.{name}.budgets]]\nparams = 1\n")
    result = run("check", "net.yaml", cwd=folder)
    assert (result.code, "params 72" in result.out) == (1, True)
