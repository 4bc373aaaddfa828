"""The files that a project begins with: a first spec, a configuration, and a workflow that checks both on GitHub."""

from __future__ import annotations

import json
import os
import posixpath
from typing import NamedTuple

from archcost.errors import UsageError
from archcost.writing import write_new
from archcost.written_paths import OWN, stem

CONFIGURATION = "archcost.toml"
WORKFLOW = ".github/workflows/archcost.yml"
_LOCK = "archcost.lock.json"
_FOLDER = "specs"

_SPEC = """\
# A network as archcost reads it: `archcost analyze FILE` shows what each layer costs. docs/language.md has all of it.
archcost: 1                         # the version of the language
name: NAME
params: {width: 16, classes: 10}    # `--set width=32` changes one
input: [3, 32, 32]                  # channels, height, width; `--batch` is dim 0, and `--input 3x64x48` another shape

blocks:                             # layers that belong together, used like an op
  conv_bn_relu:
    params: {out: , stride: 1}      # what has no default is required
    layers:
      - conv2d: {out_channels: $out, kernel_size: 3, stride: $stride, padding: 1, bias: false}
      - batch_norm2d
      - relu

layers:                             # one after the other; `archcost ops` lists what there is
  - {id: stem, conv_bn_relu: {out: $width}}
  - residual:                       # these layers, and what goes in added to what comes out
      - conv_bn_relu: {out: $width}
      - conv_bn_relu: {out: $width}
  - {id: down, conv_bn_relu: {out: $(2 * width), stride: 2}}    # $(...) is computed
  - adaptive_avg_pool2d: 1          # short for {output_size: 1}
  - flatten
  - {id: head, linear: $classes}

budgets:                            # `archcost check FILE` fails if one is exceeded
  params: 20 k
  macs: 10 M
  peak_activation_memory: 256 KiB
"""
_CONFIGURATION = """\
# What `archcost check` judges: the limits in the specs, and these for all of them. docs/budgets.md has all of it.
specs = [GLOB]

[[budgets]] # nothing grows unseen; growth is measured from archcost.lock.json
params = "1%"
macs = "1%"
"""
_WORKFLOW = """\
# GitHub: annotations on the budget's own line, a summary on the job's page, one comment kept up to date.
name: archcost
on:
  pull_request:
    paths: [GLOB, pyproject.toml, archcost.toml, archcost.lock.json]
permissions:
  contents: read
  pull-requests: write
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: archcost/archcost@v0.1.0
        with:
          base: "" # growth is measured from archcost.lock.json; without this line, from the base branch
          comment: "true"
"""


class Begun(NamedTuple):
    """What was begun: the spec, the files that were written, and whether CI is part of it."""

    spec: str
    written: tuple[str, ...]
    ci: bool

    @property
    def next_steps(self) -> list[tuple[str, str]]:
        """Commands to go on with, and what each is for."""
        steps = [(f"archcost analyze {self.spec}", "What each layer costs.")]
        if not self.ci:
            return [*steps, (f"archcost check {self.spec}", "Whether it is within its budgets.")]
        record = ("archcost baseline update", f"Record the figures that growth is measured from, in {_LOCK}.")
        names = " ".join(dict.fromkeys([self.spec, *self.written, _LOCK]))
        return [*steps, record, ("archcost check", "What CI will say."), (f"git add {names}", "And commit them.")]


def begin(path: str | None = None, *, ci: bool = False, force: bool = False) -> Begun:
    """Write a first spec; with ``ci`` also a configuration and a workflow, beside a spec that may be there already.

    What is there stays, unless ``force`` is given: raises UsageError then, before anything is written.
    """
    spec = path or (posixpath.join(_FOLDER, "net.yaml") if ci else "net.yaml")
    texts = {spec: spec_text(spec)}
    if ci:
        folder = _folder(spec)
        if os.path.lexists(spec) and not force:
            texts = {}
        texts |= {CONFIGURATION: configuration_text(folder, spec), WORKFLOW: workflow_text(folder, spec)}
    there = [name for name in texts if os.path.lexists(name)]
    if there and not force:
        raise UsageError(f"{there[0]} is there already", "give another name, or --force to write over it")
    for name, text in texts.items():
        write_new(name, text, over=force)
    return Begun(spec, tuple(texts), ci)


def spec_text(path: str) -> str:
    """The first spec, under the name of its file."""
    name = stem(path)
    plain = name.replace("_", "").replace("-", "").isalnum() and name[0].isalpha()
    return _SPEC.replace("NAME", name if plain else json.dumps(name, ensure_ascii=False), 1)


def configuration_text(folder: str = _FOLDER, spec: str = "") -> str:
    """The configuration for the specs in a folder that are named like this one."""
    return _CONFIGURATION.replace("GLOB", _quoted(folder, _alike(spec)))


def workflow_text(folder: str = _FOLDER, spec: str = "") -> str:
    """The workflow of GitHub for the specs in a folder."""
    return _WORKFLOW.replace("GLOB", _quoted(folder, "**" if folder else _alike(spec)))


def _alike(spec: str) -> str:
    """A glob of names that end like this one: `*.archcost.yaml` leaves other files of the folder alone."""
    name, ending = os.path.splitext(spec)
    return f"*{OWN if name.endswith(OWN) else ''}{ending or '.yaml'}"


def _quoted(folder: str, names: str) -> str:
    """A glob in quotes that TOML and YAML read alike."""
    return json.dumps(posixpath.join(folder, names), ensure_ascii=False)


def _folder(spec: str) -> str:
    """The folder of a spec as globs have it, below the working directory; raises UsageError for any other."""
    folder = os.path.normpath(os.path.dirname(spec) or ".").replace(os.sep, "/")
    if posixpath.isabs(folder) or folder.split("/")[0] == ".." or not set("*?[]!").isdisjoint(folder):
        raise UsageError(f"--ci is for specs in a folder of this one, got {spec}", "run it at the root of the project")
    return "" if folder == "." else folder
