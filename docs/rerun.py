"""Rerun every command of the docs and put its real output under it: ``python docs/rerun.py [OPTION] [FILE...]``.

A ```yaml block of a complete spec is written to ``<name>.yaml``, in a scratch folder that also holds the zoo as
``specs``. A block whose first line is a comment ``# path.py`` is written to that path, and a ```json block of a
configuration of Hugging Face to ``config.json``. A ```console block holds lines ``$ command``, each with its output.
The terminal has 100 columns. A page that is read after ``pip install`` says ``<!-- rerun: 80 columns, no specs -->``:
its terminal has 80, and its folder is empty. Each command has a process of its own; archcost is loaded once for all.
With ``--check`` nothing is written, and what is out of date is named. With ``--quick``, blocks under
``<!-- rerun: long -->`` are left as they are: their commands take long, and others like them are rerun.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from scripts import forked  # noqa: E402 - from the root

SKILL = ROOT / "skills" / "archcost" / "SKILL.md"
PAGES = [*sorted(ROOT.glob("README*.md")), ROOT / "CONTRIBUTING.md", SKILL, *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Set-up, other programs, and measured times, which differ on every run, are left as they are.
LEFT_ALONE = (
    "make ",
    "pip ",
    "pipx ",
    "git ",
    "pytest",
    "cd ",
    "python ",
    "archcost bench",
    "archcost verify --latency",
    "archcost check --latency",
)
COLUMNS = "100"
INSTALLED = re.compile(r"^<!-- rerun: (\d+) columns, no specs -->$", re.MULTILINE)
QUOTED = re.compile(r"""'[^']*'|"[^"$`\\]*\"""")  # what a shell takes as it is
SHELL = re.compile(r"[^\w\s./:,=+%@-]")  # what it may read something into
LONG = "<!-- rerun: long -->\n"  # above a block
COMMAND = re.compile(r"^\$ .*(?:(?<=\\)\n.*)*", re.MULTILINE)  # a line that ends in a backslash goes on
NAMED = re.compile(r"# ([\w./-]+\.(?:ya?ml|py|toml))\n")


def environment() -> dict[str, str]:
    """The caller's, with this Python's commands first, no colour, and a fixed width."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    unset = ("FORCE_COLOR", "GITHUB_ACTIONS", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "PATH": path, "NO_COLOR": "1"}


def rerun(block: str, folder: Path, columns: str = COLUMNS) -> str:
    """A console block with the outputs that its commands give now."""
    commands = [command[2:] for command in COMMAND.findall(block)]
    if any(command.startswith(LEFT_ALONE) for command in commands):
        return block
    lines = []
    code = 0
    for command in commands:
        lines += f"$ {command}".splitlines()
        if command == "echo $?":
            lines.append(str(code))
            continue
        width = {} if "|" in command else {"COLUMNS": columns}  # a pipe has no width
        code, output = run(command, folder, environment() | width)
        shown = "\n".join(line.rstrip() for line in output.splitlines()).strip("\n")
        lines += shown.splitlines()
    return "\n".join(lines) + "\n"


def run(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """The exit code and the output of a line: of archcost without its start, and of a shell for the rest of it."""
    first, _, rest = command.replace("\\\n", " ").partition(" | ")
    if not first.startswith("archcost ") or SHELL.search(QUOTED.sub("", first)):
        return in_shell(command, folder, environment)
    done = forked.run(shlex.split(first)[1:], folder, environment, merged=not rest)
    if not rest:
        return done.returncode, done.stdout
    code, output = in_shell(rest, folder, environment, given=done.stdout)
    return code, done.stderr + output


def in_shell(command: str, folder: Path, environment: dict[str, str], given: str = "") -> tuple[int, str]:
    """The exit code and the output of a line in bash."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def name_of(language: str, block: str) -> str | None:
    """The file that a block of a page is, if it is one."""
    if named := NAMED.match(block):
        return named[1]
    if language == "json" and '"model_type"' in block:
        return "config.json"
    if language == "yaml" and "archcost: 1" in block and (named := re.search(r"^name: (\S+)", block, re.MULTILINE)):
        return f"{named[1]}.yaml"
    return None


def write_file(language: str, block: str, folder: Path) -> None:
    """Save what is a file for the commands after it."""
    if name := name_of(language, block):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")


def renewed(page: Path, *, quick: bool = False) -> str:
    """A page with every console block rerun; if it is to be quick, without those that take long."""
    text = page.read_text(encoding="utf-8")
    installed = INSTALLED.search(text)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not installed:
            (folder / "specs").symlink_to(ROOT / "specs")

        def renew(match: re.Match[str]) -> str:
            language, body = match[1], match[2]
            if language != "console":
                write_file(language, body, folder)
                return match[0]
            if quick and text.endswith(LONG, 0, match.start()):
                return match[0]
            return f"```console\n{rerun(body, folder, installed[1] if installed else COLUMNS)}```"

        return BLOCK.sub(renew, text)


def main() -> None:
    """Renew or check pages; exit 1 if one is out of date."""
    check, quick = "--check" in sys.argv, "--quick" in sys.argv
    pages = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")] or PAGES
    stale = []
    for page in pages:
        text = renewed(page, quick=quick)
        if text != page.read_text(encoding="utf-8"):
            stale.append(page)
            if not check:
                page.write_text(text, encoding="utf-8")
    for page in stale:
        print(f"{page}: {'out of date: run `make docs`' if check else 'renewed'}")
    sys.exit(1 if stale and check else 0)


if __name__ == "__main__":
    main()
