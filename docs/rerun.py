"""Rerun every command of the docs and put its real output under it: ``python docs/rerun.py [--check] [FILE...]``.

A ```yaml block of a complete spec is written to ``<name>.yaml``, or to the path in a first comment ``# path.yaml``,
in a scratch folder that also holds the zoo as ``specs``; a ```console block holds lines ``$ command``, each with its
output.
With ``--check`` nothing is written, and what is out of date is named.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SKILL = ROOT / "skills" / "archcost" / "SKILL.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", SKILL, *sorted((ROOT / "docs").glob("*.md"))]
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


def environment() -> dict[str, str]:
    """The caller's, with this Python's commands first, no colour, and a fixed width."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    unset = ("FORCE_COLOR", "GITHUB_ACTIONS", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "PATH": path, "NO_COLOR": "1"}


def rerun(block: str, folder: Path) -> str:
    """A console block with the outputs that its commands give now."""
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    if any(command.startswith(LEFT_ALONE) for command in commands):
        return block
    lines = []
    code = 0
    for command in commands:
        lines.append(f"$ {command}")
        if command == "echo $?":
            lines.append(str(code))
            continue
        width = {} if "|" in command else {"COLUMNS": COLUMNS}  # a pipe has no width
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment() | width,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        code = done.returncode
        shown = "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip("\n")
        lines += shown.splitlines()
    return "\n".join(lines) + "\n"


def write_spec(block: str, folder: Path) -> None:
    """Save a complete spec for the commands after it."""
    if "archcost: 1" not in block:
        return
    named = re.match(r"# (\S+\.ya?ml)\n", block) or re.search(r"^name: (\S+)", block, re.MULTILINE)
    if named:
        path = folder / (named[1] if named[1].endswith((".yaml", ".yml")) else f"{named[1]}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")


def renewed(page: Path) -> str:
    """A page with every console block rerun."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "specs").symlink_to(ROOT / "specs")

        def renew(match: re.Match[str]) -> str:
            language, body = match[1], match[2]
            if language == "yaml":
                write_spec(body, folder)
            return f"```console\n{rerun(body, folder)}```" if language == "console" else match[0]

        return BLOCK.sub(renew, page.read_text(encoding="utf-8"))


def main() -> None:
    """Renew or check pages; exit 1 if one is out of date."""
    check = "--check" in sys.argv
    pages = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")] or PAGES
    stale = []
    for page in pages:
        text = renewed(page)
        if text != page.read_text(encoding="utf-8"):
            stale.append(page)
            if not check:
                page.write_text(text, encoding="utf-8")
    for page in stale:
        print(f"{page}: {'out of date: run `make docs`' if check else 'renewed'}")
    sys.exit(1 if stale and check else 0)


if __name__ == "__main__":
    main()
