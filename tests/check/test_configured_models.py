"""Models of PyTorch that a configuration names: judged as specs are; code of the repository runs where two agree."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.budget.config import load_config
from archcost.budget.lock_keys import is_gone, spec_key
from archcost.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

MODULE = """from torch import nn

print("made by the repository")
WIDTH = 4


def build():
    return nn.Sequential(nn.Linear(8, WIDTH), nn.ReLU())
"""
CONFIG = """allow_import = true
[models.small]
source = "own_nets:build"
input = "8"
budgets = {params = 36, macs = {max = "1 k", increase = "5%"}}
"""
PARAMS = 8 * 4 + 4


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "own_nets", raising=False)
    (tmp_path / "own_nets.py").write_text(MODULE)
    (tmp_path / "archcost.toml").write_text(CONFIG)
    return tmp_path


def widened() -> None:
    Path("own_nets.py").write_text(MODULE.replace("WIDTH = 4", "WIDTH = 5"))
    del sys.modules["own_nets"]


def test_a_model_is_recorded_and_judged(run: Callable[..., Run], folder: Path) -> None:
    """36 params are the limit: 8·4 + 4. With a width of 5 there are 8·5 + 5, and 40 MACs for 32."""
    done = run("baseline", "update", "--allow-import", cwd=folder)
    assert (done.code, done.out) == (0, "recorded 1 spec in archcost.lock.json: 1 new\n")
    lock = json.loads(Path("archcost.lock.json").read_text())
    assert list(lock["specs"]) == ["@small"]
    assert lock["specs"]["@small"]["totals"]["params"] == PARAMS
    assert run("check", "--allow-import", cwd=folder).code == 0
    widened()
    found = run("check", "--allow-import", "--format", "json", cwd=folder)
    assert found.code == 1
    (spec,) = json.loads(found.out)["specs"]
    assert (spec["path"], spec["name"]) == ("@small", "small")
    failed = [(one["metric"], one["figure"]) for one in spec["findings"] if one["status"] == "fail"]
    assert failed == [("params", 8 * 5 + 5), ("macs", 8 * 5)]


@pytest.mark.parametrize("name", ["small", "@small"])
def test_one_model_is_named_with_or_without_its_sign(name: str, run: Callable[..., Run], folder: Path) -> None:
    update = run("baseline", "update", name, "--allow-import", cwd=folder)
    assert update.code == 0
    assert run("check", name, "--allow-import", cwd=folder).code == 0
    wrong = run("check", "@smal", "--allow-import", cwd=folder)
    assert (wrong.code, wrong.err) == (
        2,
        "error: the configuration has no model '@smal'\nhelp: did you mean '@small'?\n",
    )


WAYS = [  # what the configuration says, what the command line says, and what is missing
    ("allow_import = true\n", [], "give `--allow-import`, where you trust"),
    ("", ["--allow-import"], "set `allow_import = true` in the configuration, where"),
    ("allow_import = false\n", ["--allow-import"], "set `allow_import = true` in the configuration, where"),
    ("", [], "set `allow_import = true` in the configuration and give `--allow-import`"),
]


@pytest.mark.parametrize("command", [["check"], ["check", "small"], ["baseline", "update"]])
@pytest.mark.parametrize(("allowed", "words", "way"), WAYS)
def test_code_of_the_repository_runs_where_two_agree(
    allowed: str, words: list[str], way: str, command: list[str], run: Callable[..., Run], folder: Path
) -> None:
    Path("archcost.toml").write_text(CONFIG.replace("allow_import = true\n", allowed))
    result = run(*command, *words, cwd=folder)
    assert result.code == 2
    assert way in result.err
    assert "archcost.toml:" in result.err
    assert "own_nets" not in sys.modules
    assert "made by the repository" not in result.out + result.err
    assert not Path("archcost.lock.json").exists()


def test_libraries_models_need_no_permission(run: Callable[..., Run], folder: Path) -> None:
    Path("archcost.toml").write_text('[models.net]\nsource = "torchvision:alexnet"\nbudgets = {params = "61.2 M"}\n')
    assert run("check", cwd=folder).code == 0
    Path("archcost.toml").write_text('[models.net]\nsource = "torchvision:alexnet"\nbudgets = {params = "61 M"}\n')
    assert run("check", cwd=folder).code == 1


def test_configurations_of_transformers_stay_in_the_repository(run: Callable[..., Run], folder: Path) -> None:
    inside = folder / "inside"
    inside.mkdir()
    data = {"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 9}
    for place in (folder, inside):
        (place / "config.json").write_text(json.dumps({**data, "intermediate_size": 64}))
    (inside / ".git").mkdir()
    text = '[models.net]\nsource = "transformers:{}"\nbudgets = {{params = "1 M"}}\n'
    for path, code in (("config.json", 0), (".", 0), ("../config.json", 2), (str(folder / "config.json"), 2)):
        (inside / "archcost.toml").write_text(text.format(path))
        result = run("check", cwd=inside)
        assert result.code == code, (path, result.err)
        assert code == 0 or "it is outside the repository" in result.err
    (inside / "link.json").symlink_to(folder / "config.json")
    (inside / "archcost.toml").write_text(text.format("link.json"))
    assert run("check", cwd=inside).code == 2


def test_specs_and_models_beside_each_other(run: Callable[..., Run], folder: Path) -> None:
    Path("net.yaml").write_text("archcost: 1\ninput: [4]\nlayers: [linear: 2]\n")
    Path("archcost.toml").write_text('specs = ["*.yaml"]\n' + CONFIG)
    assert run("baseline", "update", "--allow-import", cwd=folder).out.endswith("2 new\n")
    Path("archcost.toml").write_text('specs = ["*.yaml"]\n')
    gone = run("check", cwd=folder)
    assert "@small" in gone.out + gone.err
    assert run("baseline", "update", cwd=folder).code == 0
    assert list(json.loads(Path("archcost.lock.json").read_text())["specs"]) == ["net.yaml"]


def test_a_revision_has_no_figures_of_models(run: Callable[..., Run], folder: Path) -> None:
    import subprocess

    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "A net"]):
        subprocess.run([*git, *words], check=True)
    result = run("check", "--allow-import", "--baseline-ref", "HEAD", cwd=folder)
    assert result.code == 0
    assert "it is imported, and nothing is imported from a revision" in result.out + result.err


WRONG = [
    ("models = 3", "'models' must be a mapping"),
    ("[models]\nsmall = 3", "the model 'small' must be a mapping"),
    ("[models.small]", "the model 'small' has no source"),
    ('[models.small]\nsource = "net.yaml"', "'net.yaml' is no source of a model"),
    ('[models.small]\nsource = "timm:"', "'timm:' names no model"),
    ("[models.small]\nsource = 3", "'source' must be text"),
    ('[models.small]\nsource = "a:b"\ninput = "x"', "'input' takes a shape such as 3x480x640"),
    ('[models.small]\nsource = "a:b"\ninput = ["3", "4"]', "'input' gives two shapes"),
    ('[models.small]\nsource = "a:b"\ninput = 3', "'input' must be text"),
    ('[models.small]\nsource = "a:b"\nbudget = {}', "budgets"),
    ('[models.small]\nsource = "a:b"\nbudgets = {parms = 3}', "did you mean 'params'"),
    ('[models."a/b"]\nsource = "a:b"', "'a/b' cannot name a model"),
    ('[models."a*"]\nsource = "a:b"', "cannot name a model"),
    ('[models."@a"]\nsource = "a:b"', "cannot name a model"),
    ('[models."a b"]\nsource = "a:b"', "cannot name a model"),
    ("allow_import = 1", "'allow_import' is true or false"),
    ('allow_import = "true"', "'allow_import' is true or false"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text for text, _ in WRONG])
def test_what_is_wrong_is_told_at_its_place(text: str, message: str) -> None:
    Path("archcost.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        load_config()
    assert message in str(error.value)
    assert "--> archcost.toml:" in str(error.value)


def test_keys_of_what_is_imported(folder: Path) -> None:
    """They are their names, wherever the lock file lies; a model is gone that the configuration does not name."""
    for name in ("@small", "timm:resnet18", "own_nets:build", "transformers:configs/config.json"):
        assert spec_key(name, "elsewhere") == name
        assert is_gone(name, ".", str(folder)) is (name == "@small")
    assert not is_gone("@small", ".", str(folder), {"@small"})


def test_from_python_the_caller_allows_as_well() -> None:
    assert archcost.check(allow_import=False).exit_code == 2
    assert archcost.update_baseline(allow_import=True).new == ("@small",)
    assert archcost.check(allow_import=True).exit_code == 0
