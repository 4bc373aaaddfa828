"""What a source is, and how its name differs from those of files, models of the zoo, and revisions."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.errors import UsageError
from archcost.importers.sources import is_source, parse_source, required_source, runs_users_code

if TYPE_CHECKING:
    from pathlib import Path

NET = "archcost: 1\nname: {name}\ninput: [4]\nlayers: [linear: 2]\n"

NAMES = [  # what is typed, and the library and name of the source; None: it is none
    ("torchvision:resnet50", ("torchvision", "resnet50")),
    ("timm:resnet50.a1_in1k", ("timm", "resnet50.a1_in1k")),
    ("timm:net.yaml", ("timm", "net.yaml")),  # a library is one whatever follows
    ("transformers:configs/small/config.json", ("transformers", "configs/small/config.json")),
    ("transformers:C:\\configs\\small", ("transformers", "C:\\configs\\small")),
    ("mypkg.nets:build", ("", "mypkg.nets:build")),
    ("nets:Net.small", ("", "nets:Net.small")),
    ("main:net", ("", "main:net")),
    ("torchvision.models:resnet18", ("", "torchvision.models:resnet18")),
    ("main:net.yaml", None),
    ("main:net.yml", None),
    ("v1.0:specs/net.yaml", None),
    ("HEAD:specs/net", None),
    ("HEAD~1:net", None),
    ("refs/heads/timm:net.yaml", None),
    ("./timm:net.yaml", None),
    ("zoo:resnet50", None),
    ("resnet50", None),
    ("net.yaml", None),
    ("-", None),
    (":x", None),
    ("x:", None),
    ("a:b:c", None),
    ("a b:c", None),
]


@pytest.mark.parametrize(("text", "parts"), NAMES, ids=[text for text, _ in NAMES])
def test_what_stands_before_the_colon_decides(text: str, parts: tuple[str, str] | None) -> None:
    source = parse_source(text)
    assert (None if source is None else (source.library, source.name)) == parts
    assert is_source(text) is (parts is not None)
    assert runs_users_code(text) is (parts is not None and not parts[0])
    if source is not None:
        assert source.text == text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("torchvision:resnet50", "resnet50"),
        ("timm:resnet50.a1_in1k", "resnet50.a1_in1k"),
        ("transformers:configs/small/config.json", "small"),
        ("transformers:configs/small", "small"),
        ("transformers:./tiny.json", "tiny"),
        ("transformers:config.json", "transformers"),
        ("mypkg.nets:Net.small", "small"),
        ("mypkg.nets:build", "build"),
    ],
)
def test_a_spec_is_called_after_its_source(text: str, title: str) -> None:
    assert required_source(text).title == title


@pytest.mark.parametrize("library", ["torchvision", "timm", "transformers"])
def test_a_library_without_a_model(library: str) -> None:
    with pytest.raises(UsageError, match=f"'{library}:' names no model\nhelp: write it like `{library}:"):
        parse_source(f"{library}:")
    assert is_source(f"{library}:")


def test_what_is_no_source_is_told_with_the_forms() -> None:
    with pytest.raises(
        UsageError,
        match=r"'resnet50' is no source of a model\nhelp: a source is config\.json, a model YAML of ",
    ):
        required_source("resnet50")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with branches ``main`` and ``timm``, whose specs are called after them."""
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]

    def commit(name: str) -> None:
        (tmp_path / "net.yaml").write_text(NET.format(name=name))
        for words in (["add", "net.yaml"], ["commit", "-q", "-m", name]):
            subprocess.run([*git, *words], check=True)

    subprocess.run([*git, "init", "-q"], check=True)
    commit("on_main")
    subprocess.run([*git, "checkout", "-q", "-b", "timm"], check=True)
    commit("on_timm")
    return tmp_path


def test_revisions_files_and_the_zoo_beside_sources(repository: Path) -> None:
    """A branch that is called like a library has a longer name, and a file its folder."""
    (repository / "timm:net.yaml").write_text(NET.format(name="in_a_file"))
    (repository / "resnet50").write_text(NET.format(name="in_the_way"))
    names = ["main:net.yaml", "refs/heads/timm:net.yaml", "./timm:net.yaml", "zoo:resnet50", "resnet50"]
    assert [archcost.load(name).name for name in names] == [
        "on_main", "on_timm", "in_a_file", "resnet50", "in_the_way",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="timm has no model 'net'"):
        archcost.load("timm:net.yaml")


def test_a_file_goes_before_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no_such_module:net").write_text(NET.format(name="in_a_file"))
    assert archcost.load("no_such_module:net").name == "in_a_file"


def test_a_model_that_the_zoo_does_not_have() -> None:
    with pytest.raises(UsageError, match="the zoo has no model 'resnet51'\nhelp: did you mean 'resnet5"):
        archcost.load("zoo:resnet51")
