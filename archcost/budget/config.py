"""The configuration of a repository: ``archcost.toml``, or ``[tool.archcost]`` in ``pyproject.toml``.

It names the specs that are judged, where the baseline is, and limits by spec glob. It is looked for from the working
directory upwards to the root of the git repository; in one folder the file of its own wins.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost import model_zoo
from archcost.budget.config_text import OWN_NAME, PROJECT_NAME, config_source, relative, root_of
from archcost.budget.configured_dtypes import read_dtypes
from archcost.budget.configured_models import read_allowance, read_models
from archcost.budget.lock_keys import path_of
from archcost.errors import ConfigError, Diagnostic, Mark, Source
from archcost.files import DISK, Below, FileError, in_gits_own, is_below
from archcost.globs import GlobError, expand, leads_out, names_nothing, normal, selects, unreadable
from archcost.hardware.own import read_devices
from archcost.settings import DTYPES
from archcost.spec.budget_reader import METRIC_NAMES, Defaults, pattern_is_readable, read_level_and_message, read_limits
from archcost.spec.document import Mapping as Table
from archcost.spec.document import Scalar, Sequence
from archcost.spec.problems import Problems
from archcost.spec.value_reader import Reader, brief

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from archcost.budget.configured_models import ConfiguredModel
    from archcost.hardware.device import Device
    from archcost.spec.budget_limits import Limit
    from archcost.spec.document import Value

LOCK_NAME = "archcost.lock.json"
KEYS = ("specs", "models", "allow_import", "devices", "baseline", *DTYPES, "budgets")
MAX_BUDGETS = 1000  # tables of limits
MAX_GLOBS = 1000  # in one list
_BOUND = "a configuration names files of its repository only, or of its folder where there is no repository"
TABLE_KEYS = ("specs", "layers", *METRIC_NAMES, "level", "message")


class ConfigBudget(NamedTuple):
    """One table of ``budgets``: the specs it is for (none: all), its limits, and its place."""

    specs: tuple[str, ...]
    limits: tuple[Limit, ...]
    mark: Mark


class Config(NamedTuple):
    """The values of a configuration; ``path`` is empty if there is no configuration."""

    path: str = ""
    folder: str = "."
    specs: tuple[str, ...] = ()
    specs_mark: Mark | None = None
    specs_marks: tuple[Mark, ...] = ()
    baseline: str = ""
    budgets: tuple[ConfigBudget, ...] = ()
    models: Mapping[str, ConfiguredModel] = {}
    allow_import: bool = False
    dtypes: Mapping[str, str] = {}  # by the names of their settings
    devices: Mapping[str, Device] = {}

    @property
    def baseline_path(self) -> str:
        """Where the lock file is: as configured, or beside the configuration."""
        return relative(os.path.join(self.folder, self.baseline or LOCK_NAME))

    @property
    def root(self) -> str:
        """The folder that everything lies in which the configuration names."""
        return root_of(self.folder)

    @property
    def files(self) -> Below:
        """What the configuration may name: the files of the repository."""
        return Below(self.root, "the repository")

    def spec_paths(self) -> list[str]:
        """The files that ``specs`` names, relative to the working directory; raises ConfigError for none."""
        try:
            paths = expand(self.specs, self.folder, self.root)
        except GlobError as error:
            glob = self.specs[error.number]
            in_zoo = f"only files are named here; `archcost check {glob}` judges the model of the zoo"
            hint = in_zoo if model_zoo.find(glob) else error.help or f"globs are relative to {self.path}"
            message = f"cannot look for '{glob}': {error.reason}"
            raise ConfigError([Diagnostic(message, self.specs_marks[error.number], hint)]) from None
        found = [relative(os.path.join(self.folder, path)) for path in paths]
        if not found and self.specs:
            message = f"no file is left of the specs of {self.path}: {', '.join(self.specs)}"
            raise ConfigError([Diagnostic(message, self.specs_mark, "let the globs with `!` leave some")])
        return found

    def limits_of(self, key: str) -> list[Limit]:
        """The limits for a spec, by its key in the configuration's folder; those of a model's own table first."""
        path = path_of(key)
        own = self.models[key].limits if key in self.models else ()
        return [*own] + [limit for budget in self.budgets if selects(budget.specs, path) for limit in budget.limits]


def load_config(path: str | None = None) -> Config:
    """The configuration at a path, or the one that is found; raises ConfigError with every problem."""
    if path is not None:
        return _read(path, named=True) or Config()
    folder = os.getcwd()
    while True:
        for name in (OWN_NAME, PROJECT_NAME):
            candidate = os.path.join(folder, name)
            config = _read(candidate) if os.path.lexists(candidate) else None
            if config is not None:
                return config
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            return Config()
        folder = parent


def _read(path: str, *, named: bool = False) -> Config | None:
    """The configuration in a file; None if a pyproject.toml has none, unless it is required."""
    source = config_source(path, named=named)
    name, required = source.name, named or os.path.basename(path) == OWN_NAME
    in_project = os.path.basename(path) == PROJECT_NAME
    if in_project and not required and "archcost" not in source.text and "\\u" not in source.text.lower():
        return None
    from archcost.spec.toml import parse_toml

    root: Value | None = parse_toml(source)
    if in_project:
        for part in ("tool", "archcost"):
            root = root.entries[part][1] if isinstance(root, Table) and part in root.entries else None
        if root is None:
            if required:
                hint = "add one, or leave out --config"
                raise ConfigError([Diagnostic(f"{name} has no table [tool.archcost]", Mark(source, 0, 0), hint)])
            return None
    assert root is not None
    return _Reader(source, os.path.dirname(os.path.abspath(path))).config(root, path)


class _Reader(Reader):
    """Reads the tree of a configuration in a folder."""

    def __init__(self, source: Source, folder: str) -> None:
        super().__init__(Problems(source))
        self.folder = folder
        self.root = root_of(folder)

    def config(self, root: Value, path: str) -> Config:
        """The whole configuration; raises ConfigError with every problem."""
        config = Config(relative(path), self.folder)
        table = self.mapping(root, "the configuration of archcost")
        if table is not None:
            if "tool" in table.entries:
                hint = f"in {OWN_NAME} keys are written without `[tool.archcost]`: `specs = …`, `[[budgets]]`"
                self.report(f"'tool' is a table of {PROJECT_NAME}", table.entries["tool"][0], hint)
            entries = table.entries
            loose = [name for name in entries if name in TABLE_KEYS and name not in KEYS]
            for name in loose:
                table_name = "tool.archcost.budgets" if os.path.basename(path) == PROJECT_NAME else "budgets"
                hint = f"put `[[{table_name}]]` on a line above it"
                self.report(f"'{name}' stands in no budget", entries[name][0], hint)
            self.keys(table, (*KEYS, "tool", *loose), "the configuration")
            if "specs" in entries:
                key, value = entries["specs"]
                globs = self._globs(value, "specs", searched=True)
                texts, marks = tuple([text for text, _ in globs]), tuple([mark for _, mark in globs])
                config = config._replace(specs=texts, specs_mark=key.mark, specs_marks=marks)
            readers: dict[str, Callable[[_Reader, Value], Any]] = {
                "baseline": _Reader._baseline,
                "models": read_models,
                "allow_import": read_allowance,
                "devices": read_devices,
                "budgets": _Reader._budgets,
            }
            known = {name: read(self, entries[name][1]) for name, read in readers.items() if name in entries}
            config = config._replace(dtypes=read_dtypes(self, table), **known)
        if self.problems:
            raise ConfigError(self.problems.error().diagnostics)
        return config

    def _globs(self, value: Value, what: str, *, searched: bool = False) -> list[tuple[str, Mark]]:
        """Globs with their places; ``searched`` ones find files, the others choose among what was found."""
        items = value.items if isinstance(value, Sequence) else [value]
        if len(items) > MAX_GLOBS:
            self.report(f"'{what}' holds more than {MAX_GLOBS:,} globs", value, "use wildcards: `specs/*.yaml`")
            return []
        globs = []
        for item in items:
            text = self.text(item, f"a glob of '{what}'")
            glob = normal(text) if text else text
            if glob and glob != "!":
                reason = unreadable(glob)
                if not reason and not glob.startswith("!"):
                    reason = leads_out(glob, self.folder, self.root) if searched else names_nothing(glob)
                if reason:
                    self.report(f"the glob '{brief(item)}' {reason}", item, _BOUND)
                globs.append((glob, item.mark))
            elif text is not None:
                self.report("a glob is empty", item, 'write it like "specs/*.yaml" or "!specs/old.yaml"')
        if isinstance(value, Sequence) and not value.items:
            self.report(f"'{what}' names no glob", value, 'write `specs = ["specs/*.yaml"]`')
        return globs

    def _baseline(self, value: Value) -> str:
        """The path of the lock file, which must be one by its name, and of the repository."""
        path = self.text(value, "'baseline'") or ""
        if not path:
            return path
        try:
            real = DISK.resolve(os.path.join(self.folder, path)) if path.isprintable() else ""
        except FileError:
            real = ""
        if in_gits_own(path) or in_gits_own(real):
            self.report(f"the baseline '{brief(value)}' lies in .git, which is git's own", value, f"name {LOCK_NAME}")
        elif not real or not is_below(real, self.root):
            self.report(f"the baseline '{brief(value)}' leads out of the repository", value, _BOUND)
        elif not path.endswith(".json"):
            self.report(f"the baseline '{brief(value)}' does not end in .json", value, f"name it like {LOCK_NAME}")
        return path

    def _budgets(self, value: Value) -> tuple[ConfigBudget, ...]:
        if not isinstance(value, Sequence):
            hint = "write `[[budgets]]` in archcost.toml, `[[tool.archcost.budgets]]` in pyproject.toml"
            self.report(f"'budgets' is an array of tables, got {brief(value)}", value, hint)
            return ()
        if len(value.items) > MAX_BUDGETS:
            message = f"a configuration holds at most {MAX_BUDGETS:,} budgets, got {len(value.items):,}"
            hint = 'let a budget choose several specs: `specs = ["small/*.yaml"]`'
            self.report(message, value.items[MAX_BUDGETS], hint)
            return ()
        return tuple([budget for item in value.items if (budget := self._budget(item)) is not None])

    def _budget(self, value: Value) -> ConfigBudget | None:
        table = self.mapping(value, "a budget")
        if table is None:
            return None
        self.keys(table, TABLE_KEYS, "a budget")
        entries = table.entries
        globs = self._globs(entries["specs"][1], "specs") if "specs" in entries else []
        pattern = ""
        if "layers" in entries:
            layers = entries["layers"][1]
            text = self.text(layers, "'layers'")
            if text is not None and isinstance(layers, Scalar) and pattern_is_readable(self, layers):
                pattern = text
        level, message = read_level_and_message(self, table, "error", "")
        limits = read_limits(self, table, Defaults(pattern, level, message))
        if all(name in TABLE_KEYS and name not in METRIC_NAMES for name in entries):  # an unknown key is told already
            self.report("a budget has no limit", value, 'write `params = "60 k"` or `macs = "5%"`')
        return ConfigBudget(tuple([text for text, _ in globs]), tuple(limits), value.mark)
