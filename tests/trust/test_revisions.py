"""Baselines from git: objects as they are stored, every way in which one can be missing, and nothing that runs."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

import archcost
from archcost import git as git_commands
from archcost.errors import UsageError
from archcost.files import FileError
from archcost.git import GitEntry
from archcost.named_specs import read_spec
from archcost.render.verdict_output import FORMATS
from archcost.revisions import GitFiles, Revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Change = Callable[[Path], object]

OLD, NEW = 8 * 8 + 8, 8 * 80 + 80  # params of a linear layer from 8 to 8, and to 80, features
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
MIB = 2**20


def net(width: int = 8, head: str = "") -> str:
    layers = f"layers: [{{linear: {{out_features: {width}}}}}]"
    return f"archcost: 1\nname: net\n{head}input: [8]\n{layers}\nbudgets: {{params: 1%}}\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org", "-c", "protocol.file.allow=always")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.write_text(text, encoding="utf-8")
    return path


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "base")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty repository."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    return folder


class Grown(NamedTuple):
    """A base that hides a spec from some command of git, and where the spec is; it grows from OLD to NEW params."""

    base: Change
    path: str = "specs/net.yaml"
    grow: Change | None = None


def spec_at(path: str) -> Change:
    return lambda folder: write(folder, path, net())


def both(*changes: Change) -> Change:
    def make(folder: Path) -> None:
        for change in changes:
            change(folder)

    return make


def attributes(text: str) -> Change:
    return lambda folder: write(folder, ".gitattributes", text)


def configured(name: str, value: str) -> Change:
    return lambda folder: git(folder, "config", name, value)


def linked(name: str, target: str) -> Change:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)

    return make


def includes_blocks(folder: Path) -> None:
    write(folder, "specs/parts/wide.yaml", "archcost: 1\nblocks: {wide: {layers: [{linear: {out_features: 8}}]}}\n")
    text = "archcost: 1\nname: net\ninclude: [parts/wide.yaml]\ninput: [8]\nlayers: [wide]\nbudgets: {params: 1%}\n"
    write(folder, "specs/net.yaml", text)


def extends_base(folder: Path) -> None:
    text = "archcost: 1\nname: base\nparams: {width: 8}\ninput: [8]\nlayers: [{linear: {out_features: $width}}]\n"
    write(folder, "specs/base.yaml", text)
    write(folder, "specs/net.yaml", "archcost: 1\nname: net\nextends: base.yaml\nbudgets: {params: 1%}\n")


def rewrite(path: str, old: str, new: str) -> Change:
    def change(folder: Path) -> None:
        text = (folder / path).read_text(encoding="utf-8")
        assert old in text
        write(folder, path, text.replace(old, new))

    return change


SPEC = spec_at("specs/net.yaml")
GROWN = {
    "plain": Grown(SPEC),
    "all of it export-ignore": Grown(both(SPEC, attributes("*.yaml export-ignore\n"))),
    "its folder export-ignore": Grown(both(SPEC, attributes("specs export-ignore\n"))),
    "export-subst": Grown(both(SPEC, attributes("*.yaml export-subst\n"))),
    "line ends": Grown(both(SPEC, attributes("*.yaml text eol=crlf\n"))),
    "another encoding": Grown(both(attributes("*.yaml working-tree-encoding=UTF-8\n"), SPEC)),
    "a link beside it": Grown(both(SPEC, linked("specs/link.yaml", "/etc/passwd"))),
    "a loop beside it": Grown(both(SPEC, linked("specs/loop.yaml", "loop.yaml"))),
    "a link to another spec": Grown(
        both(spec_at("old.yaml"), linked("specs/net.yaml", "../old.yaml")),
        grow=lambda folder: write(folder, "specs/net.yaml", net(80)),
    ),
    "a linked folder": Grown(
        both(spec_at("real/net.yaml"), linked("specs", "real")),
        grow=lambda folder: write(folder, "real/net.yaml", net(80)),
    ),
    "spaces": Grown(spec_at(" my specs / net .yaml"), " my specs / net .yaml"),
    "a line end in the name": Grown(spec_at("specs/a\nb.yaml"), "specs/a\nb.yaml"),
    "quotes and a tab": Grown(spec_at('specs/"a"\t.yaml'), 'specs/"a"\t.yaml'),
    "a name like an option": Grown(spec_at("--help/-n.yaml"), "--help/-n.yaml"),
    "a name like a revision": Grown(spec_at("HEAD:net/x.yaml"), "HEAD:net/x.yaml"),
    "an included block": Grown(
        includes_blocks, grow=rewrite("specs/parts/wide.yaml", "out_features: 8", "out_features: 80")
    ),
    "an extended base": Grown(extends_base, grow=rewrite("specs/base.yaml", "width: 8", "width: 80")),
    "relative diffs": Grown(both(SPEC, configured("diff.relative", "true"))),
    "no renames in diffs": Grown(both(SPEC, configured("diff.renames", "false"))),
}


def grow(folder: Path, case: Grown) -> None:
    if case.grow is not None:
        case.grow(folder)
    else:
        write(folder, case.path, net(80))


def check(folder: Path, run: Callable[..., Run], *arguments: str) -> tuple[int, dict[str, object]]:
    result = run("check", *arguments, "--baseline-ref", "HEAD", "--format", "json", cwd=folder)
    assert "Traceback" not in result.err
    return result.code, json.loads(result.out)


def finding(document: dict[str, object]) -> dict[str, object]:
    """The one finding of the one spec that is no note on a rename."""
    (spec,) = document["specs"]  # type: ignore[misc]
    (found,) = [found for found in spec["findings"] if found["status"] != "renamed"]
    return found


@pytest.mark.parametrize("case", GROWN.values(), ids=GROWN)
def test_what_grew_fails_however_the_base_is_stored(repository: Path, run: Callable[..., Run], case: Grown) -> None:
    case.base(repository)
    commit(repository)
    code, document = check(repository, run, f"./{case.path}")
    assert (code, finding(document)["figure"], finding(document)["baseline"]) == (0, OLD, OLD)
    grow(repository, case)
    code, document = check(repository, run, f"./{case.path}")
    assert (code, finding(document)["figure"], finding(document)["baseline"]) == (1, NEW, OLD)


def test_a_name_that_is_not_utf8(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.fsdecode(b"specs/\xff.yaml")
    write(repository, path, net())
    commit(repository)
    write(repository, path, net(80))
    monkeypatch.chdir(repository)
    (found,) = archcost.check([path], baseline_ref="HEAD").all_findings()
    assert (found.status, found.figure, found.baseline) == ("fail", NEW, OLD)


def test_a_link_in_the_working_tree_does_not_lend_a_spec_the_past_of_another(
    repository: Path, run: Callable[..., Run]
) -> None:
    write(repository, "net.yaml", net())
    write(repository, "large.yaml", net(80))
    commit(repository)
    (repository / "net.yaml").unlink()
    (repository / "net.yaml").symlink_to("large.yaml")
    code, document = check(repository, run, "net.yaml")
    assert (code, finding(document)["figure"], finding(document)["baseline"]) == (1, NEW, OLD)


def test_nor_in_a_lock_file(repository: Path, run: Callable[..., Run]) -> None:
    write(repository, "archcost.toml", 'specs = ["specs/*.yaml"]\n')
    write(repository, "specs/net.yaml", net())
    write(repository, "large/net.yaml", net(80))
    assert run("baseline", "update", "specs/net.yaml", "large/net.yaml", cwd=repository).code == 0
    assert run("check", cwd=repository).code == 0
    (repository / "specs" / "net.yaml").unlink()
    (repository / "specs" / "net.yaml").symlink_to("../large/net.yaml")
    assert run("check", cwd=repository).code == 1
    (repository / "specs" / "net.yaml").unlink()
    (repository / "specs").rmdir()
    (repository / "specs").symlink_to("large")
    assert run("check", cwd=repository).code == 1


@pytest.mark.parametrize("name", ["root ", " root", "root\n", "röot", os.fsdecode(b"\xff")])
def test_the_root_may_have_any_name(tmp_path: Path, run: Callable[..., Run], name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    git(folder, "init", "--quiet")
    write(folder, "net.yaml", net())
    commit(folder)
    assert check(folder, run, "net.yaml")[0] == 0
    write(folder, "net.yaml", net(80))
    assert check(folder, run, "net.yaml")[0] == 1


class Lacking(NamedTuple):
    """A base that has nothing to compare with: its cause, words of the message, and what is given to ``check``."""

    base: Change
    cause: str
    words: str
    arguments: tuple[str, ...] = ("net.yaml",)
    change: Change = lambda folder: write(folder, "net.yaml", net(80))


def submodule(folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    write(other, "net.yaml", net())
    commit(other)
    git(folder, "submodule", "--quiet", "add", str(other), "sub")


def nothing(folder: Path) -> None:
    write(folder, "README", "nothing here\n")


BROKEN = "archcost: 1\ninput: [8]\nlayers: [{linea: {out_features: 8}}]\n"
LACKING = {
    "new": Lacking(nothing, "new", "net is new"),
    "broken": Lacking(lambda f: write(f, "net.yaml", BROKEN), "broken", "HEAD:net.yaml:3:11: unknown kind 'linea'"),
    "broken yaml": Lacking(lambda f: write(f, "net.yaml", "archcost: 1\nlayers: [}"), "broken", "HEAD:net.yaml:2:10"),
    "another file": Lacking(lambda f: write(f, "net.yaml", "SECRET: a: b"), "unreadable", "HEAD:net.yaml"),
    "not text": Lacking(lambda f: (f / "net.yaml").write_bytes(b"archcost: 1\xff"), "broken", "HEAD:net.yaml:1:12"),
    "a broken include": Lacking(
        both(includes_blocks, rewrite("specs/parts/wide.yaml", "linear", "linea")),
        "broken",
        "HEAD:specs/parts/wide.yaml:2:",
        ("specs/net.yaml",),
        rewrite("specs/parts/wide.yaml", "linea", "linear"),
    ),
    "blocks": Lacking(
        lambda f: write(f, "net.yaml", "archcost: 1\nblocks: {a: {layers: [relu]}}\n"), "broken", "has no layers"
    ),
    "no such param": Lacking(
        spec_at("net.yaml"),
        "settings",
        "has no param 'width'",
        ("net.yaml", "--set", "width=80"),
        lambda f: write(f, "net.yaml", net(80, "params: {width: 8}\n")),
    ),
    "a pointer": Lacking(lambda f: write(f, "net.yaml", POINTER), "unreadable", "only a pointer"),
    "too large": Lacking(lambda f: write(f, "net.yaml", net() + "#" * (16 * MIB)), "unreadable", "larger than 16 MiB"),
    "a folder": Lacking(
        lambda f: write(f, "net.yaml/x", ""),
        "unreadable",
        "it is a folder",
        change=both(lambda f: (f / "net.yaml" / "x").unlink(), lambda f: (f / "net.yaml").rmdir(), spec_at("net.yaml")),
    ),
    "a link out": Lacking(linked("net.yaml", "../secret.yaml"), "unreadable", "outside the repository"),
    "an absolute link": Lacking(linked("net.yaml", "/etc/passwd"), "unreadable", "outside the repository"),
    "a link to nothing": Lacking(linked("net.yaml", "nothing.yaml"), "unreadable", "there is no such file"),
    "a loop": Lacking(linked("net.yaml", "net.yaml"), "unreadable", "too many levels of symbolic links"),
    "a submodule": Lacking(
        submodule,
        "unreadable",
        "it lies in a submodule",
        ("sub/net.yaml",),
        lambda f: write(f, "sub/net.yaml", net(80)),
    ),
    "outside": Lacking(
        nothing, "outside", "outside the repository", ("../net.yaml",), lambda f: write(f, "../net.yaml", net(80))
    ),
    "the zoo": Lacking(
        nothing, "zoo", "comes with archcost", ("resnet18",), lambda f: write(f, "archcost.toml", CONFIG)
    ),
}
CONFIG = 'specs = ["nothing.yaml"]\n[[budgets]]\nparams = "1%"\n'


@pytest.mark.parametrize("case", LACKING.values(), ids=LACKING)
def test_growth_without_a_baseline_is_a_warning_and_fails_under_strict(
    repository: Path, run: Callable[..., Run], case: Lacking
) -> None:
    write(repository.parent, "secret.yaml", net())
    case.base(repository)
    commit(repository)
    case.change(repository)
    code, document = check(repository, run, *case.arguments)
    found = finding(document)
    assert (code, found["status"], found["cause"]) == (0, "warn", case.cause)
    assert case.words in str(found["message"])
    assert document["summary"]["ok"] == 0  # type: ignore[index]
    code, document = check(repository, run, *case.arguments, "--strict")
    assert (code, finding(document)["status"]) == (1, "fail")


@pytest.mark.parametrize("name", FORMATS)
def test_the_cause_is_named_in_every_format(repository: Path, run: Callable[..., Run], name: str) -> None:
    write(repository, "net.yaml", BROKEN)
    commit(repository)
    write(repository, "net.yaml", net(80))
    result = run("check", "net.yaml", "--baseline-ref", "HEAD", "--format", name, cwd=repository)
    assert result.code == 0
    text = " ".join(result.out.replace("\\", "").split())
    assert "unknown kind 'linea'" in text.replace("&#x27;", "'").replace("&#39;", "'")
    assert "✓" not in text
    assert "✅" not in text


def test_a_warning_limit_does_not_fail_under_strict(repository: Path, run: Callable[..., Run]) -> None:
    nothing(repository)
    commit(repository)
    write(repository, "net.yaml", net().replace("params: 1%", "params: {increase: 1%, level: warn}"))
    assert check(repository, run, "net.yaml", "--strict")[0] == 0
    write(repository, "net.yaml", net().replace("params: 1%", "params: 1 k"))
    assert check(repository, run, "net.yaml", "--strict")[0] == 0  # no growth is limited


def test_a_new_spec_is_a_warning_beside_a_lock_file_too(repository: Path, run: Callable[..., Run]) -> None:
    write(repository, "old.yaml", net())
    assert run("baseline", "update", "old.yaml", cwd=repository).code == 0
    write(repository, "net.yaml", net())
    result = run("check", "net.yaml", cwd=repository)
    assert result.code == 0
    assert "warn: net is new" in result.out
    assert run("check", "net.yaml", "--strict", cwd=repository).code == 1


def test_a_rename_is_followed(repository: Path, run: Callable[..., Run]) -> None:
    write(repository, "archcost.toml", 'specs = ["specs/*.yaml"]\n')
    write(repository, "specs/net.yaml", net())
    commit(repository)
    git(repository, "mv", "specs/net.yaml", "specs/other.yaml")
    code, document = check(repository, run)
    assert (code, document["summary"]["renamed"], document["summary"]["gone"]) == (0, 1, 0)  # type: ignore[index]
    assert document["specs"][0]["renamed_from"] == "specs/net.yaml"  # type: ignore[index]
    write(repository, "specs/other.yaml", net(80))
    result = run("check", "--baseline-ref", "HEAD", cwd=repository)
    assert result.code == 1
    assert "renamed from specs/net.yaml" in " ".join(result.out.split())
    git(repository, "add", "--all")
    assert check(repository, run)[0] == 1  # 57% of the text is the same


def test_what_git_takes_for_another_file_is_new(repository: Path, run: Callable[..., Run]) -> None:
    write(repository, "net.yaml", net())
    commit(repository)
    git(repository, "mv", "net.yaml", "other.yaml")
    write(repository, "other.yaml", net(80) + "# words\n" * 100)
    git(repository, "add", "--all")
    code, document = check(repository, run, "other.yaml")
    assert (code, finding(document)["cause"]) == (0, "new")
    assert check(repository, run, "other.yaml", "--strict")[0] == 1


def test_a_spec_that_becomes_a_file_of_blocks_is_gone(repository: Path, run: Callable[..., Run]) -> None:
    write(repository, "archcost.toml", 'specs = ["specs/*.yaml"]\n')
    write(repository, "specs/net.yaml", net())
    write(repository, "specs/other.yaml", net())
    commit(repository)
    assert run("baseline", "update", cwd=repository).code == 0
    write(repository, "specs/net.yaml", "archcost: 1\nblocks: {a: {layers: [relu]}}\n")
    for arguments in ((), ("--baseline-ref", "HEAD")):
        out = run("check", *arguments, cwd=repository).out
        assert "gone: net is gone" in out
        assert "left out: specs/net.yaml holds only blocks" in out


REFUSED = [
    "/etc/passwd",
    "../secret.yaml",
    "../../etc/passwd",
    "specs/../../secret.yaml",
    "./../secret.yaml",
    "absolute.yaml",
    "leaving.yaml",
    "folder/secret.yaml",
    "loop.yaml",
]


READING = ("analyze", "validate", "compare", "export", "memory", "explain")


@pytest.mark.parametrize(
    ("path", "command"),
    [
        pytest.param(path, command, marks=[pytest.mark.long] * bool((place + other) % 3))
        for place, path in enumerate(REFUSED)
        for other, command in enumerate(READING)  # of which a path has every third one; the others are long
    ],
)
def test_a_revision_reaches_nothing_outside(repository: Path, run: Callable[..., Run], path: str, command: str) -> None:
    write(repository.parent, "secret.yaml", "SECRET: a: b\n")
    for name, target in (
        ("absolute.yaml", str(repository.parent / "secret.yaml")),
        ("leaving.yaml", "../secret.yaml"),
        ("folder", ".."),
        ("loop.yaml", "loop.yaml"),
    ):
        (repository / name).symlink_to(target)
    write(repository, "net.yaml", net())
    commit(repository)
    further = ("net.yaml",) if command == "compare" else ("linear",) if command == "explain" else ()
    result = run(command, f"HEAD:{path}", *further, cwd=repository)
    assert result.code == 2
    assert "SECRET" not in result.out + result.err
    assert "root:" not in result.out + result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("path", ["net.yaml", "./net.yaml", "specs/../net.yaml", "specs//.././net.yaml"])
def test_a_revision_reads_paths_as_they_are_written(repository: Path, run: Callable[..., Run], path: str) -> None:
    write(repository, "net.yaml", net())
    write(repository, "specs/other.yaml", net())
    commit(repository)
    write(repository, "net.yaml", net(80))
    assert run("analyze", f"HEAD:{path}", "--format", "csv", cwd=repository).out.count(f",{OLD},") == 1
    assert run("analyze", f"HEAD:../{path}", "--format", "csv", cwd=repository / "specs").out.count(f",{OLD},") == 1


def test_a_hundred_random_paths_stay_inside(repository: Path) -> None:
    """The tree's own resolution, with links at random: what it reads is a file of the tree, or an error."""
    draw = random.Random(0)
    names = ["a", "b", "c", "..", ".", "", "link", "up", "/", "out"]
    contents = {"1": b"..", "2": b"../../x", "3": b"/etc/passwd", "4": b"a/b", "5": b"SECRET"}

    class Blobs(git_commands.Blobs):
        def read(self, oid: str, limit: int) -> bytes:
            assert limit
            return contents[oid]

    link = "120000"
    entries = {
        "a/link": GitEntry(link, "1"),
        "a/b/up": GitEntry(link, "2"),
        "out": GitEntry(link, "3"),
        "link": GitEntry(link, "4"),
        "a/b/c": GitEntry("100644", "5"),
        "b": GitEntry("160000", "0"),
    }
    files = GitFiles(entries, Blobs())
    read = 0
    for _ in range(1000):
        path = "/".join(draw.choice(names) for _ in range(draw.randint(1, 6)))
        try:
            real = files.resolve(path)
            content = files.read(real, 100)
        except FileError:
            continue
        assert real == "a/b/c"
        assert content == b"SECRET"
        read += 1
    assert read > 0


HOSTILE_CONFIGURATION = {
    "filter.x.smudge": "touch RAN; cat",
    "filter.x.clean": "touch RAN; cat",
    "filter.x.process": "touch RAN",
    "diff.x.textconv": "touch RAN; cat",
    "diff.x.command": "touch RAN",
    "diff.external": "touch RAN",
    "core.fsmonitor": "touch RAN",
    "core.pager": "touch RAN",
    "core.sshCommand": "touch RAN",
    "tar.tar.command": "touch RAN",
}


def test_nothing_of_the_configuration_or_its_hooks_runs(repository: Path, run: Callable[..., Run]) -> None:
    write(repository, "net.yaml", net())
    write(repository, "old.yaml", net())
    commit(repository)
    git(repository, "mv", "old.yaml", "renamed.yaml")  # so that renames are looked for
    write(repository, ".gitattributes", "*.yaml filter=x diff=x export-subst\n")
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "post-index-change", "fsmonitor-watchman", "reference-transaction"):
        path = write(hooks, hook, "#!/bin/sh\ntouch RAN\n")
        path.chmod(0o755)
    for name, value in HOSTILE_CONFIGURATION.items():
        git(repository, "config", name, value)
    code, _ = check(repository, run, "net.yaml", "renamed.yaml")
    assert code == 0
    assert run("analyze", "HEAD:net.yaml", cwd=repository).code == 0
    assert not list(repository.rglob("RAN"))


def test_a_partial_clone_fetches_nothing(tmp_path: Path, repository: Path, run: Callable[..., Run]) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    write(repository, "net.yaml", net())
    commit(repository)
    write(repository, "net.yaml", net(80))
    git(repository, "commit", "--quiet", "--all", "--message", "grow")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", repository.as_uri(), str(clone))
    git(clone, "config", "remote.origin.uploadpack", "touch RAN; git-upload-pack")
    result = run("check", "net.yaml", "--baseline-ref", "HEAD~1", "--format", "json", cwd=clone)
    found = finding(json.loads(result.out))
    assert (result.code, found["cause"]) == (0, "unreadable")
    assert "HEAD~1:net.yaml: the repository lacks its content" in str(found["message"])
    assert not list(clone.rglob("RAN"))


def test_from_a_hook_and_from_a_folder_below(
    repository: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, "specs/net.yaml", net())
    commit(repository)
    write(repository, "specs/net.yaml", net(80))
    assert check(repository / "specs", run, "net.yaml")[0] == 1
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert check(repository, run, "specs/net.yaml")[0] == 1
    monkeypatch.setenv("GIT_DIR", "../.git")
    monkeypatch.setenv("GIT_WORK_TREE", "..")
    assert check(repository / "specs", run, "net.yaml")[0] == 1


@pytest.mark.parametrize(
    "name", ["--help", "--upload-pack=x", "-n", "HEAD:net.yaml", "a..b", "nope", "HEAD\0", "\ud800", " ", "^HEAD"]
)
def test_the_name_of_a_revision_is_never_an_option(
    repository: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, "net.yaml", net())
    commit(repository)
    monkeypatch.chdir(repository)
    with pytest.raises(UsageError, match="git knows no revision"):
        Revision(name)


def test_git_s_own_words_are_shown(tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    write(tmp_path, "net.yaml", net())
    result = run("check", "net.yaml", "--baseline-ref", "HEAD", cwd=tmp_path)
    assert result.code == 2
    assert "not a git repository" in result.err


@pytest.mark.parametrize("option", ["--baseline-ref", "--baseline"])
def test_an_option_that_names_nothing_is_refused(repository: Path, run: Callable[..., Run], option: str) -> None:
    write(repository, "net.yaml", net())
    assert run("baseline", "update", "net.yaml", cwd=repository).code == 0
    result = run("check", "net.yaml", option, "", cwd=repository)
    assert result.code == 2
    assert f"{option} is empty, as an unset variable leaves it" in result.err


def test_nor_is_a_baseline_recorded_under_no_name(repository: Path, run: Callable[..., Run]) -> None:
    write(repository, "net.yaml", net())
    assert run("baseline", "update", "net.yaml", "--baseline", "", cwd=repository).code == 2
    assert not (repository / "archcost.lock.json").exists()


def test_standard_input_has_no_past(repository: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    write(repository, "net.yaml", net())
    commit(repository)
    for arguments, code in (((), 0), (("--strict",), 1)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(net(80).encode())))
        result = run("check", "-", "--baseline-ref", "HEAD", "--format", "concise", *arguments, cwd=repository)
        assert result.code == code
        assert "<stdin>:1:1: " in result.out
        assert "it is read from standard input; its growth is not judged" in result.out


def test_one_process_reads_every_spec_of_a_revision(
    repository: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty specs cost four commands of git: the root, the commit, its tree, and its blobs."""
    for number in range(40):
        write(repository, f"net{number}.yaml", net())
    commit(repository)
    asked: list[str] = []
    command = git_commands._command
    monkeypatch.setattr(git_commands, "_command", lambda *words: asked.append(words[0]) or command(*words))
    assert run("check", "*.yaml", "--baseline-ref", "HEAD", cwd=repository).code == 0
    assert asked == ["rev-parse", "rev-parse", "ls-tree", "cat-file"]


# --- what a checkout brings to be taken for the past ------------------------------------------------------------------


@pytest.mark.parametrize("worktree", [".", ".."])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_repository_that_is_committed_is_no_past(
    repository: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, worktree: str, *, is_new: bool
) -> None:
    write(repository, "specs/net.yaml", net(8))
    commit(repository)
    specs = repository / "specs"
    inner = repository.parent / "inner"
    inner.mkdir()
    git(inner, "init", "--quiet", "--initial-branch", "main")
    write(inner, "net.yaml", net(80))
    write(inner, "specs/net.yaml", net(80))
    commit(inner)
    for name in ("HEAD", "objects", "refs"):
        (inner / ".git" / name).rename(specs / name)
    write(specs, "config", f"[core]\nrepositoryformatversion = 0\nbare = false\nworktree = {worktree}\n")
    write(specs, "net.yaml", net(80))
    if is_new:  # git refuses by itself
        monkeypatch.setattr(git_commands, "_refuse_embedded", lambda folder: folder)
    else:
        safe = [word for word in git_commands._SAFE if "bareRepository" not in word]
        del safe[safe.index("--no-pager") - 1]
        monkeypatch.setattr(git_commands, "_SAFE", tuple(safe))
    result = run("check", "net.yaml", "--baseline-ref", "main", cwd=specs)
    assert result.code == 2
    assert "bare repository" in result.err
    assert "limit holds" not in result.out
    if not is_new:
        write(repository, "specs/below/net.yaml", net(80))
        assert run("check", "net.yaml", "--baseline-ref", "main", cwd=specs / "below").code == 2
        assert run("check", "specs/net.yaml", "--baseline-ref", "main", cwd=repository).code == 1  # from 72 params


def test_a_folder_called_like_a_revision_hides_no_past(repository: Path, run: Callable[..., Run]) -> None:
    write(repository, "specs/net.yaml", net(8))
    commit(repository)
    write(repository, "main:specs/net.yaml", net(80))
    result = run("analyze", "main:specs/net.yaml", cwd=repository)
    assert result.code == 2
    assert "is a file, and a path at the revision main as well" in result.err
    assert "write `./main:specs/net.yaml` for the file, `refs/heads/main:specs/net.yaml` for the revision" in result.err
    for name, params in (("./main:specs/net.yaml", NEW), ("refs/heads/main:specs/net.yaml", OLD)):
        document = json.loads(run("analyze", name, "--format", "json", cwd=repository).out)
        assert document["totals"]["params"] == params
    write(repository, "other:net.yaml", net(80))  # no revision
    assert run("analyze", "other:net.yaml", cwd=repository).code == 0


def test_a_zoo_model_may_have_a_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_spec("zoo:resnet18").name == "resnet18"
    with pytest.raises(UsageError) as caught:
        read_spec("zoo:resnet81")
    assert caught.value.message == "the zoo has no model 'resnet81'"
    assert "resnet18" in caught.value.help
