"""The cache of imports: a key holds all that an import depends on, and what is not whole is as if there were none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archcost.importers import cache
from archcost.importers.imported import Imported
from archcost.importers.importing import Ask
from archcost.importers.sources import required_source
from archcost.settings import THE_ONLY, InputShape
from archcost.spec.source_calls import SourceCall

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = {"a.b": SourceCall("torch.relu", "nets.Net")}
IMPORTED = Imported("archcost: 1\n", ("a remark",), "why", CALLS, {"x": "input"})


class Counting:
    """Makes an import, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Imported:
        self.calls += 1
        return IMPORTED


def ask(text: str = "timm:resnet18", **changes: object) -> Ask:
    return Ask(required_source(text))._replace(**changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def test_an_import_is_made_once() -> None:
    make = Counting()
    assert [cache.cached(ask(), make) for _ in range(3)] == [IMPORTED] * 3
    assert make.calls == 1


def test_code_of_the_users_is_never_kept() -> None:
    make = Counting()
    for _ in range(3):
        cache.cached(ask("mypkg.nets:build"), make)
    assert make.calls == 3
    assert not Path(cache.folder()).exists()


def test_a_key_holds_all_that_an_import_depends_on() -> None:
    Path("a.json").write_text("{}")
    Path("b.json").write_text("{ }")
    asks = [
        ask(),
        ask("timm:resnet19"),
        ask("torchvision:resnet18"),
        ask(flat=True),
        ask(training=True),
        ask(until="layer1"),
        ask(inputs={THE_ONLY: InputShape((3, 8, 8))}),
        ask(inputs={THE_ONLY: InputShape((3, 8, 9))}),
        ask(inputs={THE_ONLY: InputShape((3, 8, 8), "float16")}),
        ask(inputs={"x": InputShape((3, 8, 8))}),
        ask("transformers:a.json"),
        ask("transformers:b.json"),
    ]
    keys = [cache.key(one) for one in asks]
    assert len(set(keys)) == len(asks)
    assert keys == [cache.key(one) for one in asks]
    Path("a.json").write_text('{"changed": 1}')
    assert cache.key(asks[-2]) != keys[-2]


@pytest.mark.parametrize("what", ["_versions", "_own_files"])
def test_other_libraries_or_another_archcost_import_anew(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache.key(ask())
    monkeypatch.setattr(cache, what, lambda: [("torch", 1, 2)])
    assert cache.key(ask()) != before


def shortened(text: str) -> str:
    return text[: len(text) // 2]


def changed(text: str) -> str:
    return text.replace("archcost: 1", "archcost: 2")


def resealed(fields: object) -> Callable[[str], str]:
    return lambda _: json.dumps({"imported": fields, "sha256": cache._seal(fields)})


@pytest.mark.parametrize(
    "spoil",
    [
        shortened, changed, lambda _: "", lambda _: "[]", lambda _: "null", lambda _: "[" * 100_000, lambda _: "\0",
        resealed([]), resealed("text"), resealed([1, [], "", {}]), resealed(["", [1], "", {}]),
        resealed(["", [], "", []]), resealed(["", [], "", {"a": ["", "", "", 1]}]), resealed(None),
    ],
)  # fmt: skip
def test_a_file_that_is_not_whole_is_made_anew(spoil: Callable[[str], str]) -> None:
    make = Counting()
    cache.cached(ask(), make)
    (file,) = Path(cache.folder()).iterdir()
    file.write_text(spoil(file.read_text()))
    assert cache.cached(ask(), make) == IMPORTED
    assert cache.cached(ask(), make) == IMPORTED
    assert make.calls == 2


def test_a_relative_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    cache.cached(ask(), Counting())
    assert not Path("relative").exists()
    assert len(list((tmp_path / "home" / ".cache" / "archcost" / "imports").iterdir())) == 1


def test_where_nothing_can_be_kept_all_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    make = Counting()
    assert [cache.cached(ask(), make) for _ in range(2)] == [IMPORTED] * 2
    assert make.calls == 2
