"""The one door for files: what is checked is what is opened, and nothing else is read, shown or written."""

from __future__ import annotations

import ast
import json
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from archcost import files
from archcost.budget.baseline import Baseline
from archcost.budget.cases import Request
from archcost.budget.check import check
from archcost.budget.chosen import read_baseline
from archcost.budget.config import load_config
from archcost.budget.lockfile import write_lock
from archcost.budget.record import Order, update_baseline
from archcost.errors import ArchcostError, SpecError, UsageError, format_diagnostic
from archcost.files import DISK, FileError, MissingFileError, is_below, read_named
from archcost.named_specs import read_bounded
from archcost.revisions import Revision
from archcost.spec.included import refuse_other_text
from archcost.spec.loader import load_from, read_from, reads
from archcost.writing import alone, turns, write_named, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
DOOR = {"files.py", *[f"writing/{name}.py" for name in ("named", "places", "turns", "whole")]}
OPENING = {
    *(
        "open",
        "fdopen",
        "open_code",
        "openat",
        "mkstemp",
        "TemporaryFile",
        "NamedTemporaryFile",
        "SpooledTemporaryFile",
    ),
    *("read_text", "read_bytes", "write_text", "write_bytes", "extractall", "copyfile", "FileIO", "memmap", "fromfile"),
}
NET = "archcost: 1\nname: net\ninput: [3, 8, 8]\nlayers: [{conv2d: {out_channels: 8, kernel_size: 1}}]\n"
UNIT = "archcost: 1\nblocks:\n  unit: {layers: [relu]}\n"
SECRET = "HUNTER2"


# --- nothing else opens files ---------------------------------------------------------------------------------------


def opening_calls(path: Path) -> list[str]:
    """The calls in a module that open files, by line; functions of archcost itself go by plain names."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in OPENING and not (isinstance(called, ast.Name) and name == "write_text"):
                found.append(f"{path.name}:{node.lineno} {ast.unparse(called)}")
    return found


def test_files_are_opened_by_the_door_and_nowhere_else() -> None:
    modules = sorted((ROOT / "archcost").rglob("*.py"))
    outside = [
        call
        for path in modules
        if path.relative_to(ROOT / "archcost").as_posix() not in DOOR
        for call in opening_calls(path)
    ]
    assert outside == []
    assert all(opening_calls(ROOT / "archcost" / name) for name in DOOR)  # the test sees calls where there are some


# --- a tree with secrets around a repository, and links in all directions --------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository in a folder with secrets, some of them specs and lock files by their names and texts."""
    (tmp_path / "secret.yaml").write_text(f"archcost: 1\nblocks:\n  {SECRET}: {{layers: [relu]}}\n")
    (tmp_path / "broken.yaml").write_text(f"archcost: 1\n{SECRET}: [\n")
    (tmp_path / "secret.json").write_text(f'{{"schema": "archcost.lock/1", "{SECRET}": [')
    (tmp_path / "token").write_text(SECRET)
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    specs = root / "specs"
    (specs / "parts" / "deep").mkdir(parents=True)
    (specs / "net.yaml").write_text(NET)
    (specs / "parts" / "unit.yaml").write_text(UNIT)
    (specs / "parts" / "deep" / "unit.yaml").write_text(UNIT)
    (specs / ".env").write_text(f"TOKEN={SECRET}: x: y\n")
    (specs / "values.yaml").write_text(f"password: {SECRET}\nbroken: [\n")  # YAML, and no spec
    (specs / "values.json").write_text(f'{{"password": "{SECRET}",')
    (specs / "folder.yaml").mkdir()
    os.mkfifo(specs / "pipe.yaml")
    os.mkfifo(specs / "pipe.json")
    for name, target in {
        "up": "../..",
        "here": ".",
        "etc": "/etc",
        "proc": "/proc/self",
        "deep": "parts/deep",
        "loop": "loop",
        "round.yaml": "round.yaml",
        "out.yaml": "../../secret.yaml",
        "out.json": "../../secret.json",
        "env.yaml": ".env",
        "env.json": ".env",
        "zero.yaml": "/dev/zero",
        "environ.yaml": "/proc/self/environ",
        "environ.json": "/proc/self/environ",
    }.items():
        (specs / name).symlink_to(target)
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(specs)  # the paths of sockets are short
        bound.bind("socket.yaml")
        os.chdir(here)
    return root


PARTS = (
    *(
        "..",
        "..",
        "..",
        ".",
        "",
        "parts",
        "deep",
        "up",
        "here",
        "etc",
        "proc",
        "loop",
        "specs",
        "repository",
        "nowhere",
    ),
    *(
        "net.yaml",
        "unit.yaml",
        "round.yaml",
        "out.yaml",
        "out.json",
        "env.yaml",
        "env.json",
        "zero.yaml",
        "environ.yaml",
    ),
    *(
        "environ.json",
        "pipe.yaml",
        "pipe.json",
        "folder.yaml",
        "socket.yaml",
        "values.yaml",
        "values.json",
        ".env",
        "token",
    ),
    *(
        "secret.yaml",
        "broken.yaml",
        "secret.json",
        "passwd",
        "environ",
        "fd",
        "0",
        "root",
        "cwd",
        "x" * 300,
        "ü",
        "\u202e",
        "a b",
    ),
    *("\0", "\n", "~", "$HOME", "%2e%2e", "..\\..", "C:", "*", "**", "?et.yaml", "[a-z]*"),
)


@pytest.fixture
def many(pytestconfig: pytest.Config) -> int:
    """How many random paths a test tries."""
    return 1000 if pytestconfig.getoption("--all") else 500


def paths(count: int, seed: int, tmp_path: Path) -> Iterator[str]:
    """Paths of all kinds: up, through links, absolute, long, of characters that no name should have."""
    source = random.Random(seed)
    for _ in range(count):
        path = "/".join(source.choice(PARTS) for _ in range(source.randint(1, 6)))
        kind = source.randrange(12)
        if kind == 0:
            path = "/" + path
        elif kind == 1:
            path = f"{tmp_path}/{path}"
        elif kind == 2:
            path = source.choice(("/etc/passwd", "/proc/self/environ", "/dev/zero", "/dev/stdin", "//etc//passwd", "/"))
        elif kind == 3:
            path += source.choice(("/", "/.", "/..", "//", " "))
        elif kind == 4:
            path = "a/" * source.choice((10, 1000, 5000)) + path
        yield path


class Watch:
    """What is opened meanwhile: every regular file, by where it really is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        real_open = os.open

        def watching_open(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            descriptor = real_open(path, flags, *rest, **named)
            if not flags & getattr(os, "O_PATH", 0) and not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                self.opened.append(os.readlink(f"/proc/self/fd/{descriptor}"))
            return descriptor

        monkeypatch.setattr(os, "open", watching_open)


def text_of(error: Exception) -> str:
    if isinstance(error, SpecError):
        return "\n".join(map(format_diagnostic, error.diagnostics))
    return str(error)


def is_quiet(text: str) -> bool:
    """Whether a text holds nothing of the secrets, /etc/passwd or the environment."""
    return SECRET not in text and "root:" not in text and "PATH=" not in text


def snapshot(folder: Path, leave_out: Path) -> dict[str, str]:
    return {
        str(path): path.read_text() if path.is_file() else ""
        for path in folder.rglob("*")
        if leave_out not in (path, *path.parents)
    }


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="reads /proc to see what is opened")


@needs_proc
@pytest.mark.parametrize("verb", ["include", "extends"])
def test_random_paths_in_specs_lead_nowhere_else(
    verb: str, many: int, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = repository / "specs"
    layers = "" if verb == "extends" else "input: [8]\nlayers: [relu]\n"
    watch, read = Watch(monkeypatch), 0
    for path in paths(many, 1, tmp_path):
        text = f"archcost: 1\n{verb}: {json.dumps(path, ensure_ascii=False)}\n{layers}"
        try:
            spec = reads(text, name=str(specs / "own.yaml"), folder=str(specs))
            told = "\n".join(map(format_diagnostic, spec.problems))
            read += len(spec.included)
        except SpecError as error:
            told = text_of(error)
        assert is_quiet(told.replace(path, "")), path
    assert read, "no path led to a file: the test tests nothing"
    assert watch.opened
    assert all(is_below(place, str(specs)) for place in watch.opened), watch.opened
    assert not any(place.endswith(("pipe.yaml", "socket.yaml")) for place in watch.opened)


@needs_proc
@pytest.mark.parametrize("door", ["specs", "baseline"])
def test_random_paths_in_configurations_lead_nowhere_else(
    door: str, many: int, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    before = snapshot(tmp_path, repository)
    read = 0
    for path in paths(many, 2, tmp_path):
        value = json.dumps([path] if door == "specs" else path)
        Path("archcost.toml").write_text(f"{door} = {value.replace(chr(127), '')}\n")
        with monkeypatch.context() as patch:
            watch, told = Watch(patch), ""
            try:
                config = load_config()
                if door == "specs":
                    for found in config.spec_paths():
                        read_bounded(found, config.files)
                        read += 1
                else:
                    read_baseline(config.baseline_path, config.files)
                    write_lock(Baseline(""), config.baseline_path, config.files.root)
                    read += 1
            except ArchcostError as error:
                told = text_of(error)
            assert is_quiet(told.replace(path, "")), path
            assert all(is_below(place, str(repository)) for place in watch.opened), (path, watch.opened)
    assert read, "no path led to a file: the test tests nothing"
    assert snapshot(tmp_path, repository) == before


@needs_proc
def test_random_paths_in_a_tree_of_files_lead_nowhere_else(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "specs")
    bounded, watch, read = files.Below(str(repository), "the repository"), Watch(monkeypatch), 0
    for path in paths(1000, 3, tmp_path):
        told = ""
        try:
            read += read_from(bounded, path).text_source.text in (NET, UNIT)
        except (FileError, SpecError) as error:
            told = text_of(error)
        assert is_quiet(told.replace(path, "")), path
    assert read
    assert all(is_below(place, str(repository)) for place in watch.opened), watch.opened


@needs_proc
def test_random_paths_at_a_revision_lead_nowhere_else(
    many: int, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git stores no pipes and sockets, so the tree holds the files and links of all kinds; nothing is opened at all."""
    shutil.rmtree(repository / ".git")
    for name in ("pipe.yaml", "pipe.json", "socket.yaml"):
        (repository / "specs" / name).unlink()
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "--message", "base")):
        subprocess.run(["git", *words], cwd=repository, check=True, timeout=600)
    monkeypatch.chdir(repository / "specs")
    read = 0
    with Revision("HEAD") as revision:
        revision.paths((".yaml",))  # git is started, and its answer read, before what is opened is watched
        watch = Watch(monkeypatch)
        for path in paths(many, 4, tmp_path):
            told = ""
            try:
                read += revision.load(path).text_source.text in (NET, UNIT)
            except (FileError, ArchcostError) as error:
                told = text_of(error)
            assert is_quiet(told.replace(path, "")), path
    assert read, "no path led to a file: the test tests nothing"
    assert not [place for place in watch.opened if place.startswith(str(tmp_path))], watch.opened


@needs_proc
def test_random_keys_of_lock_files_lead_nowhere_else(
    many: int, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    net = Path("specs", "own.yaml")
    net.write_text(NET)
    assert not update_baseline(Order(specs=(str(net),))).diagnostics
    lock = json.loads(Path("archcost.lock.json").read_text())
    entry = lock["specs"].pop("specs/own.yaml")
    Path("archcost.toml").write_text('specs = ["specs/own.yaml"]\n')
    judged = 0
    for path in paths(many, 5, tmp_path):
        lock["specs"] = {path: entry}
        Path("archcost.lock.json").write_text(json.dumps(lock))
        with monkeypatch.context() as patch:
            watch = Watch(patch)
            verdict = check(Request())
        told = "\n".join([*map(format_diagnostic, verdict.all_diagnostics()), *map(repr, verdict.all_findings())])
        assert is_quiet(told.replace(path, "")), path
        assert all(is_below(place, str(repository)) for place in watch.opened), (path, watch.opened)
        judged += len(verdict.specs)
    assert judged, "no check got as far as a spec: the test tests nothing"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pipe.yaml", "it is not a file but a pipe"),
        ("socket.yaml", "it is not a file but a socket"),
        ("folder.yaml", "it is not a file but a folder"),
        ("zero.yaml", "it is outside the repository"),
        ("round.yaml", "it is not a file but a link in a circle"),
        ("out.yaml", "it is outside the repository"),
        ("env.yaml", "ends in neither .yaml nor .yml"),
        ("values.yaml", "it has no key `archcost`"),
        ("nowhere.yaml", "there is no such file"),
        ("loop/../up/secret.yaml", "not a directory"),  # what stands after a circle is no folder, whatever it says
        ("up/secret.yaml", "it is outside the repository"),
        ("\0.yaml", "the path holds a null character"),
        ("x/" * 2500, "the path is longer than 4,096 characters"),
        ("\ud800.yaml", "the path holds characters that no file name can"),
    ],
)
def test_what_is_refused_says_why(name: str, reason: str, repository: Path) -> None:
    bounded = files.Below(str(repository), "the repository")
    with pytest.raises(FileError) as caught:
        load_from(bounded, str(repository / "specs" / name))
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("text", "is_spec"),
    [
        ("archcost: 1", True),
        ("\n# a comment\narchcost : 1", True),
        ("{archcost: 1, blocks: {}}", True),
        ('{\n  "archcost": 1}', True),
        ("'archcost': 1", True),
        ("not archcost: 1", False),
        ("# archcost: 1", False),
        ("archcosts: 1", False),
        ("\n" * 10**6, False),  # in one pass
        (" " * 10**6 + "archcost", False),
        ("{" * 10**6, False),
        ("archcost \n" * 10**5, False),
    ],
)
def test_what_says_that_it_is_a_spec(text: str, *, is_spec: bool) -> None:
    if is_spec:
        refuse_other_text(text)
    else:
        with pytest.raises(FileError, match="it is no spec"):
            refuse_other_text(text)


def test_a_file_of_the_system_is_none_even_below_the_root() -> None:
    for name in ("/proc/self/environ", "/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"):
        with pytest.raises(FileError):
            DISK.read(DISK.resolve(name), 2**20)


# --- what is checked is what is opened --------------------------------------------------------------------------------


def test_a_file_that_is_exchanged_for_a_link_is_not_followed(repository: Path) -> None:
    spec = repository / "specs" / "net.yaml"
    real = DISK.resolve(str(spec))
    spec.unlink()
    spec.symlink_to("../../secret.yaml")
    with pytest.raises(FileError, match="link"):
        DISK.read(real, 1000)


def test_a_folder_that_is_exchanged_for_a_link_is_not_followed(repository: Path, tmp_path: Path) -> None:
    real = DISK.resolve(str(repository / "specs" / "parts" / "unit.yaml"))
    (tmp_path / "unit.yaml").write_text(SECRET)
    (repository / "specs" / "parts").rename(repository / "specs" / "moved")
    (repository / "specs" / "parts").symlink_to(tmp_path)
    with pytest.raises(FileError):
        DISK.read(real, 1000)


def test_platforms_that_cannot_walk_find_out_afterwards(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "WALKS", False)
    spec = repository / "specs" / "net.yaml"
    real = DISK.resolve(str(spec))
    assert DISK.read(real, 1000).decode() == NET
    parts = DISK.resolve(str(repository / "specs" / "parts" / "unit.yaml"))
    (repository / "specs" / "parts").rename(repository / "specs" / "moved")
    (repository / "specs" / "parts").symlink_to("moved")
    with pytest.raises(FileError, match="replaced"):
        DISK.read(parts, 1000)


def test_files_are_limited_before_and_while_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1000)
    real = DISK.resolve(str(tmp_path / "file"))
    assert len(DISK.read(real, 1000)) == 1000
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", lambda *_: pytest.fail("what is too large is not read"))
        with pytest.raises(FileError, match="larger than"):
            DISK.read(real, 999)
    fstat = os.fstat

    def smaller(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        return os.stat_result([*status[:6], min(status.st_size, 10), *status[7:10]])

    monkeypatch.setattr(os, "fstat", smaller)
    with pytest.raises(FileError, match="grew while it was read"):
        DISK.read(real, 1000)


# --- what a person names ----------------------------------------------------------------------------------------------


def test_a_person_may_name_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    script = f"{sys.executable} -m archcost validate <(cat net.yaml)"
    result = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (0, "1 spec: no errors\n")


def test_what_is_handed_over_without_end_is_limited() -> None:
    descriptor = os.open("/dev/zero", os.O_RDONLY)
    with pytest.raises(FileError, match="larger than 1 MiB"):
        read_named(f"/dev/fd/{descriptor}", 2**20)
    os.close(descriptor)


def test_a_device_on_the_command_line_is_not_read() -> None:
    with pytest.raises(FileError, match="not a file but a device"):
        read_named("/dev/zero", 2**20)


@pytest.mark.parametrize("target", ["/proc/self/environ", "values", "nowhere"])
def test_a_link_among_named_files_shows_nothing_but_specs(target: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "values").write_text(f"{SECRET}: [\n")
    (tmp_path / "link.yaml").symlink_to(target)
    result = run("validate", "link.yaml", cwd=tmp_path)
    assert result.code == 2
    assert is_quiet(result.out + result.err)


def test_a_named_file_keeps_its_lines_in_messages(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "notes.txt").write_text("layers: [rleu]\n")
    result = run("validate", "notes.txt", cwd=tmp_path)
    assert "layers: [rleu]" in result.err


# --- configurations that are found ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/proc/self/environ", "it is outside the repository"),
        ("../secret.yaml", "it is outside the repository"),
        ("specs/.env", "called neither archcost.toml nor pyproject.toml"),
        ("secrets.toml", "called neither archcost.toml nor pyproject.toml"),
        ("specs/pipe.yaml", "it is not a file but a pipe"),
        ("archcost.toml", "it is not a file but a link in a circle"),
    ],
)
@pytest.mark.parametrize("name", ["archcost.toml", "pyproject.toml"])
def test_a_configuration_that_is_a_link_shows_nothing(
    name: str, target: str, words: str, repository: Path, run: Callable[..., Run]
) -> None:
    (repository / "secrets.toml").write_text(f"{SECRET}: [\n# archcost")
    (repository / name).symlink_to(target.replace("archcost.toml", name))
    result = run("check", cwd=repository)
    assert result.code == 2
    assert words in result.err
    assert is_quiet(result.out + result.err)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('specs = ["/etc/passwd"]', "1:10", "'/etc/passwd' is not relative to the configuration"),
        ('specs = ["net.yaml", "/**/*.yaml"]', "1:22", "is not relative"),
        ('specs = ["../*.yaml"]', "1:10", "leads out of the repository"),
        ('specs = ["specs/../../*.yaml"]', "1:10", "goes up after a folder"),
        ('specs = ["~/x.yaml"]', "1:10", "is not relative"),
        ('specs = ["specs/gone.yaml"]', "1:10", "there is no such file"),
        ('specs = ["specs"]', "1:10", "it is a folder"),
        ('specs = ["specs/up/secret.yaml"]', "1:10", "it leads out of the repository"),
        ('specs = ["specs/etc/*"]', "1:10", "it leads out of the repository"),
        ('specs = ["a\\u0000"]', "1:10", "holds control characters"),
        ('baseline = "../x.json"', "1:12", "leads out of the repository"),
        ('baseline = "/etc/x.json"', "1:12", "leads out of the repository"),
        ('baseline = "specs/out.json"', "1:12", "leads out of the repository"),
        ('baseline = "specs/.env"', "1:12", "does not end in .json"),
    ],
)
def test_what_a_configuration_may_not_name(
    text: str, place: str, words: str, repository: Path, run: Callable[..., Run]
) -> None:
    (repository / "archcost.toml").write_text(
        text + ("" if "specs =" in text else '\nspecs = ["specs/net.yaml"]') + "\n"
    )
    before = snapshot(repository.parent, repository)
    for command in (("check",), ("baseline", "update")):
        result = run(*command, cwd=repository)
        assert result.code == 2
        assert words in result.err
        assert f"--> archcost.toml:{place}" in result.err
        assert is_quiet(result.out + result.err)
    assert snapshot(repository.parent, repository) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("env.json", "its name does not end in .json"),
        ("values.json", "the lock file is not JSON"),
        ("pipe.json", "it is not a file but a pipe"),
        ("environ.json", "leads out of the repository"),
    ],
)
def test_a_baseline_that_is_no_lock_file_shows_nothing(
    name: str, words: str, repository: Path, run: Callable[..., Run]
) -> None:
    (repository / "archcost.toml").write_text(f'specs = ["specs/net.yaml"]\nbaseline = "specs/{name}"\n')
    for command in (("check",), ("baseline", "update"), ("check", "specs/net.yaml")):
        result = run(*command, cwd=repository)
        assert result.code == 2
        assert words in result.err
        assert is_quiet(result.out + result.err)


def test_the_root_is_the_repository_or_the_folder(repository: Path, run: Callable[..., Run]) -> None:
    (repository / "ci").mkdir()
    (repository / "ci" / "archcost.toml").write_text('specs = ["../specs/net.yaml"]\nbaseline = "../lock.json"\n')
    assert run("baseline", "update", cwd=repository / "ci").code == 0
    assert (repository / "lock.json").exists()
    (repository / ".git").rmdir()
    result = run("check", cwd=repository / "ci")
    assert result.code == 2
    assert "the glob '../specs/net.yaml' leads out of the repository" in result.err


def test_a_configuration_follows_links_within_its_repository(repository: Path, run: Callable[..., Run]) -> None:
    (repository / "linked").symlink_to("specs/deep")
    (repository / "linked" / "net.yaml").write_text(NET)
    (repository / "archcost.toml").write_text('specs = ["linked/net.yaml"]\n[[budgets]]\nparams = 1\n')
    result = run("check", cwd=repository)
    assert (result.code, "1 failure" in result.out + result.err) == (1, True)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_file_is_written_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    mask = os.umask(0o027)
    try:
        assert write_whole(str(path), "one")
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~0o027
        path.chmod(0o600)
        assert write_whole(str(path), "two")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not write_whole(str(path), "two")
    finally:
        os.umask(mask)
    assert path.read_text() == "two"
    assert os.listdir(tmp_path) == ["lock.json"]


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
def test_what_cannot_be_written_leaves_nothing_behind(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock.json"
    path.write_text("one")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(FileError, match="no space left"):
        write_whole(str(path), "two")
    assert path.read_text() == "one"
    assert os.listdir(tmp_path) == ["lock.json"]


def test_both_the_file_and_its_folder_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(stat.S_IFMT(os.fstat(descriptor).st_mode)))
    write_whole(str(tmp_path / "lock.json"), "one")
    assert synced == [stat.S_IFREG, stat.S_IFDIR]


@pytest.mark.parametrize("name", ["../x.json", "out.json", "up/x.json", "pipe.json", "folder.yaml", "proc/x", "etc/x"])
def test_nothing_is_written_out_of_the_root(name: str, repository: Path) -> None:
    specs = repository / "specs"
    before = snapshot(repository.parent, specs)
    with pytest.raises(FileError):
        write_whole(str(specs / name), "text", str(specs))
    assert snapshot(repository.parent, specs) == before


def test_a_link_within_the_root_is_followed_and_stays(repository: Path) -> None:
    link = repository / "lock.json"
    link.symlink_to("specs/lock.json")
    write_whole(str(link), "text", str(repository))
    assert link.is_symlink()
    assert (repository / "specs" / "lock.json").read_text() == "text"


def test_outputs_go_where_a_person_says(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    assert run("analyze", "net.yaml", "-o", "/dev/null", cwd=tmp_path).code == 0
    assert run("analyze", "net.yaml", "-o", "out.txt", cwd=tmp_path).code == 0
    assert (tmp_path / "out.txt").read_text().startswith("net")
    assert run("analyze", "net.yaml", "-o", "no/out.txt", cwd=tmp_path).code == 2
    write_named(str(tmp_path / "out.txt"), "more", append=True)
    assert (tmp_path / "out.txt").read_text().endswith("more")


# --- two writers ------------------------------------------------------------------------------------------------------


def test_of_two_updates_at_once_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(NET)
    for _ in range(20):
        (tmp_path / "archcost.lock.json").unlink(missing_ok=True)
        barrier = threading.Barrier(2)

        def update(name: str, barrier: threading.Barrier = barrier) -> None:
            update_baseline(Order(specs=[name]), lambda specs: [*specs, *[] * barrier.wait()])

        threads = [threading.Thread(target=update, args=(f"{name}.yaml",)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lock = json.loads((tmp_path / "archcost.lock.json").read_text())
        assert sorted(lock["specs"]) == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize("has_flock", [True, False])
def test_a_writer_waits_for_the_other_and_gives_up(
    has_flock: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_flock:
        monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setattr(turns, "_PATIENCE", 0.05)
    path = str(tmp_path / "lock.json")
    with alone(path), pytest.raises(FileError, match="another process"), alone(path):
        pytest.fail("two writers at once")
    with alone(path):
        pass
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder"):
        write_lock(Baseline(""), str(tmp_path / "no" / "lock.json"))
    with pytest.raises(MissingFileError):
        DISK.read(str(tmp_path / "no" / "lock.json"), 10)


# --- links on the way to what a person, or a shell's wildcard, names -------------------------------------------------


LINKED = {  # a name of the command line, and what is told of it
    "specs/up/values.yaml": "it has no key `archcost`",  # the folder is a link
    "specs/up/binary.yaml": "it has no key `archcost`",  # not a byte of it
    "specs/up/token": "its name ends in neither .yaml nor .yml",
    "specs/stdin.yaml": "it is not a file",
    "specs/waits.yaml": "it is not a file but a pipe",
    "specs/zero.yaml": "it is not a file but a device",
    "specs/binary.yaml": "it has no key `archcost`",
}


@pytest.mark.parametrize(("name", "words"), LINKED.items())
def test_behind_a_link_on_the_way_only_specs_are_shown(name: str, words: str, repository: Path) -> None:
    (repository.parent / "values.yaml").write_text(f"{SECRET}: [\n")
    (repository.parent / "binary.yaml").write_bytes(b"\x7fELF\xd0")
    (repository / "specs" / "stdin.yaml").symlink_to("/dev/stdin")
    (repository / "specs" / "waits.yaml").symlink_to("pipe.yaml")
    (repository / "specs" / "binary.yaml").symlink_to("../../binary.yaml")
    command = [sys.executable, "-m", "archcost", "validate", name]
    with subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE) as silent:  # whoever reads its output waits
        done = subprocess.run(
            command, cwd=repository, stdin=silent.stdout, capture_output=True, text=True, timeout=30, check=False
        )
        silent.kill()
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert is_quiet(done.stdout + done.stderr)
    assert "0xd0" not in done.stderr


@pytest.mark.parametrize("command", ["check", "analyze", "export"])
def test_what_a_glob_finds_is_no_persons_word(command: str, repository: Path, run: Callable[..., Run]) -> None:
    outside = repository.parent / "outside"
    outside.mkdir()
    (outside / "values.yaml").write_text(f"{SECRET}: [\n")
    (repository / "more").mkdir()
    (repository / "more" / "x").symlink_to(outside)
    for glob in ("more/**/*.yaml", "more/x/*.yaml", f"{repository}/more/x/v*.yaml"):
        result = run(command, glob, cwd=repository)
        assert result.code == 2
        assert "it has no key `archcost`" in result.err
        assert is_quiet(result.out + result.err)
    os.mkfifo(repository / "more" / "a.yaml")
    result = run(command, "more/*.yaml", cwd=repository)
    assert (result.code, "it is not a file but a pipe" in result.err) == (2, True)


def test_a_spec_behind_links_is_read(repository: Path, run: Callable[..., Run]) -> None:
    home = repository.parent / "home"
    home.symlink_to(repository)
    for name in (f"{home}/specs/net.yaml", "specs/here/net.yaml", "../home/specs/net.yaml", "specs/here/n*.yaml"):
        assert run("validate", name, cwd=repository).out == "1 spec: no errors\n"


def test_a_system_s_own_links_do_not_make_a_word_another_s(tmp_path: Path) -> None:
    (tmp_path / "net").write_text(NET)
    real = os.path.realpath

    def private(path: str) -> str:  # as /tmp is /private/tmp
        return path if path.startswith("/private/") else "/private" + real(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os.path, "realpath", private)
        assert files.located(f"{tmp_path}/net") == (f"/private{tmp_path}/net", False)


@pytest.mark.parametrize("name", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_what_a_shell_hands_over_is_read(name: str, tmp_path: Path) -> None:
    if not os.path.exists(name):
        pytest.skip(f"there is no {name}")
    command = [sys.executable, "-m", "archcost", "validate", name]
    done = subprocess.run(command, cwd=tmp_path, input=NET, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "1 spec: no errors\n")


@pytest.mark.parametrize(
    "name", ["/dev/fd/../fd/0", "/dev/fd/x", "/proc/self/fd", "/proc/x/fd/0", "dev/fd/0", "/dev/zero"]
)
def test_other_names_are_looked_up(name: str) -> None:
    assert files.located(name).real == os.path.realpath(name)


@needs_proc
def test_a_named_file_that_is_exchanged_for_a_link_is_not_followed(repository: Path) -> None:
    spec = repository / "specs" / "net.yaml"
    real, is_linked = files.located(str(spec))
    assert not is_linked
    spec.unlink()
    spec.symlink_to("../../secret.yaml")
    with pytest.raises(FileError):
        read_named(real, 1000)
    (repository / "specs").rename(repository / "moved")
    (repository / "specs").symlink_to("moved")
    with pytest.raises(FileError):
        read_named(str(repository / "specs" / "parts" / "unit.yaml"), 1000)


@pytest.mark.parametrize(("option", "target"), [("--config", "secret.toml"), ("--baseline", "secret.json")])
def test_an_option_that_names_a_link_shows_nothing(
    option: str, target: str, repository: Path, run: Callable[..., Run]
) -> None:
    (repository / "ci").symlink_to("..")
    (repository.parent / "secret.toml").write_text(f"{SECRET} = [\n")
    (repository.parent / "secret.json").write_text(f'{{"{SECRET}": [')
    (repository / "link").symlink_to(f"../{target}")
    for name in ("link", f"ci/{target}"):
        result = run("check", "specs/net.yaml", option, name, cwd=repository)
        assert result.code == 2
        assert is_quiet(result.out + result.err)
