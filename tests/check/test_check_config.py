"""Configurations: where they are found, what they may hold, and the places of what is wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from archcost.budget.config import Config, load_config
from archcost.errors import ConfigError, Source
from archcost.globs import expand, selects
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Run

    from archcost.spec.document import Value


def load(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(folder)
    return load_config()


OWN = 'specs = ["own/*.yaml"]\n'
PROJECT = '[project]\nname = "x"\n\n[tool.archcost]\nspecs = ["project/*.yaml"]\n'


def test_a_configuration_is_found_upwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text('[project]\nname = "none of ours"\n')
    config = load(deep, monkeypatch)
    assert config.specs == ("project/*.yaml",)
    assert config.path == os.path.join("..", "..", "pyproject.toml")
    assert config.baseline_path == os.path.join("..", "..", "archcost.lock.json")


def test_the_file_of_its_own_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "archcost.toml").write_text(OWN)
    assert load(tmp_path, monkeypatch).specs == ("own/*.yaml",)


def test_the_search_ends_at_the_root_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "archcost.toml").write_text(OWN)
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert load(tmp_path / "repository", monkeypatch) == Config()


def test_a_pyproject_of_others_may_be_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n")
    assert load(tmp_path, monkeypatch) == Config()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_limits_know_their_places(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        '# budgets\nspecs = ["specs/*.yaml", "!specs/big.yaml"]\nbaseline = "a.json"\n\n[[budgets]]\n'
        'specs = [\n  "specs/*.yaml", # all\n  "!specs/small.yaml",\n]\nparams = "60 k"\n'
        'macs = { max = "4.1 G", increase = "5%", floor = "10 k" }\nlevel = "warn"\n\n'
        "[[budgets]]\nlayers = 'inception_*'\n\"macs\" = 4_000\nflops.max = 4e6\n"
    )
    (tmp_path / "archcost.toml").write_bytes(text.replace("\n", ending).encode())
    config = load(tmp_path, monkeypatch)
    assert (config.specs, config.baseline) == (("specs/*.yaml", "!specs/big.yaml"), "a.json")
    found = [
        (limit.metric, limit.pattern, limit.text, str(limit.mark))
        for budget in config.budgets
        for limit in budget.limits
    ]
    assert found == [
        ("params", "", "60 k", "archcost.toml:10:1"),
        ("macs", "", "4.1 G", "archcost.toml:11:10"),
        ("macs", "", "5%, floor 10 k", "archcost.toml:11:25"),
        ("macs", "inception_*", "4000", "archcost.toml:16:1"),
        ("flops", "inception_*", "4e6", "archcost.toml:17:7"),
    ]
    assert [limit.level for limit in config.budgets[0].limits] == ["warn"] * 3


WRONG = [  # text, place, message, help
    ("specs = [\n", "2:1", "this is not TOML", ""),
    ('specs = "a\n', "1:11", "this is not TOML: illegal character", ""),
    ("a = 1\na = 2\n", "2:", "this is not TOML: cannot overwrite a value", ""),
    (
        "[[budgets]]\nparams = 20 k\n",
        "2:13",
        "this is not TOML: expected newline",
        'a text has quotes: `params = "20 k"`',
    ),
    ("[[budgets]]\nmacs = 5%\n", "2:9", "this is not TOML: expected newline", 'a text has quotes: `macs = "5%"`'),
    ('params = "1%"\n', "1:1", "'params' stands in no budget", "put `[[budgets]]` on a line above it"),
    ('spec = ["a"]\n', "1:1", "unknown key 'spec' in the configuration", "did you mean 'specs'?"),
    ("specs = 3\n", "1:9", "a glob of 'specs' must be text, got 3", ""),
    ("specs = []\n", "1:9", "'specs' names no glob", ""),
    ('specs = ["a", "!"]\n', "1:15", "a glob is empty", ""),
    ("baseline = 3\n", "1:12", "'baseline' must be text", ""),
    ("budgets = 3\n", "1:11", "'budgets' is an array of tables, got 3", "[[budgets]]"),
    ("[budgets]\nparams = 1\n", "1:1", "'budgets' is an array of tables, got a mapping", "[[tool.archcost.budgets]]"),
    ("[[budgets]]\nparms = 1\nmacs = 1\n", "2:1", "unknown key 'parms' in a budget", "did you mean 'params'?"),
    ('[[budgets]]\nspecs = ["a"]\n', "1:1", "a budget has no limit", 'write `params = "60 k"`'),
    ("[[budgets]]\nweight_bytes = 64\n", "2:16", "not a memory size", "write `64 MiB`"),
    ('[[budgets]]\n\n[[budgets]]\nmacs = "5"\nlatency = "5"\n', "5:11", "not a time", "write `5 ms`"),
    ('[[budgets]]\nmacs = 1\nlevel = "info"\n', "3:9", "a level is error or warn, got info", ""),
    ("[[budgets]]\nmacs = {max = 1, lvel = 2}\n", "2:18", "unknown key 'lvel'", "did you mean 'level'?"),
    ('[[budgets]]\nlayers = "stem"\nlatency = "1 ms"\n', "3:1", "a figure of the whole model", ""),
    ('[[budgets]]\nlayers = ""\nmacs = 1\n', "2:10", "a pattern of layers is empty", ""),
    ("[[budgets]]\nmacs.max = true\n", "2:12", "got true", ""),
    ("budgets = [3]\n", "1:12", "a budget must be a mapping", ""),
]


@pytest.mark.parametrize(("text", "place", "message", "help_line"), WRONG, ids=[row[2] + row[1] for row in WRONG])
def test_wrong_configurations(
    text: str, place: str, message: str, help_line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "archcost.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, monkeypatch)
    found = [d for d in caught.value.diagnostics if message in d.message]
    assert found, caught.value
    assert help_line in found[0].help
    if "not TOML" not in message or place != "2:1":
        assert str(found[0].mark).startswith(f"archcost.toml:{place}")


def test_a_limit_under_a_wrong_name_is_one_error(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "archcost.toml").write_text('specs = ["*.yaml"]\n[[budgets]]\nparamss = 1\n')
    result = run("check", cwd=tmp_path)
    assert result.code == 2
    assert [line for line in result.err.splitlines() if line.startswith("error")] == [
        "error: unknown key 'paramss' in a budget"
    ]


def test_a_config_that_is_named_must_exist_and_be_ours(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for name, words in (("missing.toml", "no such file"), ("pyproject.toml", "has no table [tool.archcost]")):
        result = run("check", "--config", name, cwd=tmp_path)
        assert result.code == 2
        assert words in result.err


def test_without_specs_there_is_nothing_to_check(tmp_path: Path, run: Callable[..., Run]) -> None:
    result = run("check", cwd=tmp_path)
    assert result.code == 2
    assert "no specs are given, and there is no configuration" in result.err
    assert 'specs = ["specs/*.yaml"]' in result.err


def test_globs_that_match_nothing_are_an_error(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "archcost.toml").write_text('baseline = "x.json"\nspecs = ["specs/*.yaml"]\n')
    result = run("check", cwd=tmp_path)
    assert result.code == 2
    assert "cannot look for 'specs/*.yaml': no file matches it" in result.err
    assert "archcost.toml:2:1" in result.err


@pytest.mark.parametrize(
    ("globs", "path", "chosen"),
    [
        ((), "specs/a.yaml", True),
        (("specs/*.yaml",), "specs/a.yaml", True),
        (("specs/*.yaml",), "specs/deep/a.yaml", False),
        (("specs/**/*.yaml",), "specs/deep/er/a.yaml", True),
        (("specs/**/*.yaml",), "specs/a.yaml", True),
        (("**",), "a/b/c.yaml", True),
        (("specs/*.yaml", "!specs/a.yaml"), "specs/a.yaml", False),
        (("!specs/a.yaml", "specs/*.yaml"), "specs/a.yaml", True),  # the last one that matches decides
        (("!specs/a.yaml",), "specs/b.yaml", True),
        (("!specs/a.yaml",), "specs/a.yaml", False),
        (("specs/[ab].yaml",), "specs/b.yaml", True),
        (("specs/[!ab].yaml",), "specs/b.yaml", False),
        (("specs/[ab.yaml",), "specs/[ab.yaml", True),
        (("specs/?.yaml",), "specs/ab.yaml", False),
        (("specs?a.yaml",), "specs/a.yaml", False),  # what stands for one character is no slash
        (("specs[/]a.yaml",), "specs/a.yaml", False),
        (("./specs/*.yaml",), "specs/a.yaml", True),
        (("specs/a+b.yaml",), "specs/aab.yaml", False),
    ],
)
def test_globs(globs: tuple[str, ...], path: str, *, chosen: bool) -> None:
    assert selects(globs, path) is chosen


def test_globs_are_expanded_below_the_configuration(tmp_path: Path) -> None:
    for name in ("specs/a.yaml", "specs/b.yaml", "specs/deep/c.yaml", "other/d.yaml", "specs/.hidden.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert expand(["specs/**/*.yaml", "!specs/b.yaml"], str(tmp_path)) == ["specs/a.yaml", "specs/deep/c.yaml"]


def walk(value: Value, path: str = "") -> Iterator[tuple[str, Value]]:
    yield path, value
    if isinstance(value, Mapping):
        for name, (key, item) in value.entries.items():
            yield f"{path}#{name}", key
            yield from walk(item, f"{path}.{name}")
    if isinstance(value, Sequence):
        for index, item in enumerate(value.items):
            yield from walk(item, f"{path}.{index}")


TOML = r'''title = "a # b" # comment
"quoted key" = 'x'
'literal'.inner."d.e" = 1
numbers = [ 1, 2.50,
  3_000, # [ { "
]
multi = """
x = 1
\"""" # y
lit = """''"""
lines = """a
b""""
inline = { a = 1, b = { c = "}" }, d = [ { e = true } ] }
[table.deep]
key = 1979-05-27T07:32:00Z
[[array]]
x = 1
[[array.nested]]
y = 2
[[array.nested]]
y = 3
[array.sub]
z = nan
[[array]]
x = 4
'''


def test_every_key_and_value_has_its_place() -> None:
    source = Source("t", TOML)
    places = dict(walk(parse_toml(source)))

    def shown(path: str) -> str:
        value = places[path]
        return source.line(value.line)[value.column : value.column + value.length]

    assert shown("#title") == "title"
    assert shown(".title") == '"a # b"'
    assert shown("#quoted key") == '"quoted key"'
    assert shown(".literal.inner#d.e") == '"d.e"'
    assert shown(".numbers.1") == "2.50"
    assert (places[".numbers.1"].text, shown(".numbers.2")) == ("2.50", "3_000")  # type: ignore[attr-defined]
    assert shown(".inline.b.c") == '"}"'
    assert shown(".inline.d.0#e") == "e"
    assert shown(".lit") == '"""\'\'"""'
    assert shown(".table.deep#key") == "key"
    assert [places[f".array.0.nested.{k}.y"].line for k in (0, 1)] == [18, 20]
    assert places[".array.1.x"].line == 24
    assert places[".array.0.sub.z"].line == 22
    for path, value in places.items():
        if isinstance(value, Scalar) and value.length > 1:
            assert shown(path).strip(), path
