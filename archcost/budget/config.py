"""The configuration of a repository: ``archcost.toml``, or ``[tool.archcost]`` in ``pyproject.toml``.

It names the specs that are judged, where the baseline is, and limits by spec glob. It is looked for from the working
directory upwards to the root of the git repository; in one folder the file of its own wins.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from archcost.budget.globs import expand, selects
from archcost.errors import ConfigError, Diagnostic, Mark, Source
from archcost.spec.budgets import METRIC_NAMES, Defaults, pattern_is_readable, read_level_and_message, read_limits
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.problems import Problems
from archcost.spec.reader import Reader, brief

if TYPE_CHECKING:
    from archcost.spec.document import Value
    from archcost.spec.limits import Limit

OWN_NAME = "archcost.toml"
PROJECT_NAME = "pyproject.toml"
LOCK_NAME = "archcost.lock.json"
KEYS = ("specs", "baseline", "budgets")
_TABLE_KEYS = ("specs", "layers", *METRIC_NAMES, "level", "message")


class Budget(NamedTuple):
    """One table of ``budgets``: the specs it is for (none: all), its limits, and its place."""

    specs: tuple[str, ...]
    limits: tuple[Limit, ...]
    mark: Mark


class Config(NamedTuple):
    """What a configuration says; an empty ``path`` is the lack of one."""

    path: str = ""
    folder: str = "."
    specs: tuple[str, ...] = ()
    specs_mark: Mark | None = None
    baseline: str = ""
    budgets: tuple[Budget, ...] = ()

    @property
    def baseline_path(self) -> str:
        """Where the lock file is: as configured, or beside the configuration."""
        return relative(os.path.join(self.folder, self.baseline or LOCK_NAME))

    def spec_paths(self) -> list[str]:
        """The files that ``specs`` names, relative to the working directory; raises ConfigError for none."""
        found = [relative(os.path.join(self.folder, path)) for path in expand(self.specs, self.folder)]
        if not found and self.specs:
            message = f"no file matches the specs of {self.path}: {', '.join(self.specs)}"
            raise ConfigError([Diagnostic(message, self.specs_mark, f"globs are relative to {self.path}")])
        return found

    def limits_of(self, key: str) -> list[Limit]:
        """The limits for a spec, by its posix path relative to the configuration's folder."""
        return [limit for budget in self.budgets if selects(budget.specs, key) for limit in budget.limits]


def relative(path: str) -> str:
    """A path relative to the working directory where it is below of it, as people write it."""
    try:
        short = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if short.startswith(f"..{os.sep}..{os.sep}..") and os.path.isabs(path) else short


def load_config(path: str | None = None) -> Config:
    """The configuration at a path, or the one that is found; raises ConfigError with every problem."""
    if path is not None:
        return _read(path, required=True) or Config()
    folder = os.getcwd()
    while True:
        for name in (OWN_NAME, PROJECT_NAME):
            candidate = os.path.join(folder, name)
            config = _read(candidate, required=name == OWN_NAME) if os.path.isfile(candidate) else None
            if config is not None:
                return config
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            return Config()
        folder = parent


def _read(path: str, *, required: bool) -> Config | None:
    """The configuration in a file; None if a pyproject.toml has none, unless it is required."""
    name = relative(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            source = Source(name, file.read())
    except UnicodeDecodeError:
        raise ConfigError(
            [Diagnostic(f"cannot read {name}: it is not UTF-8 text", Mark(Source(name, ""), 0, 0))]
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError([Diagnostic(f"cannot read {name}: {reason}", Mark(Source(name, ""), 0, 0))]) from None
    in_project = os.path.basename(path) == PROJECT_NAME
    if in_project and not required and "archcost" not in source.text:
        return None
    from archcost.budget.toml import parse_toml

    root: Value | None = parse_toml(source)
    if in_project:
        for part in ("tool", "archcost"):
            root = root.entries[part][1] if isinstance(root, Mapping) and part in root.entries else None
        if root is None:
            if required:
                mark = Mark(source, 0, 0)
                raise ConfigError(
                    [Diagnostic(f"{name} has no table [tool.archcost]", mark, "add one, or leave out --config")]
                )
            return None
    assert root is not None
    return _Reader(source).config(root, path)


class _Reader(Reader):
    """Reads the tree of a configuration."""

    def __init__(self, source: Source) -> None:
        super().__init__(Problems(source))

    def config(self, root: Value, path: str) -> Config:
        """The whole configuration; raises ConfigError with every problem."""
        config = Config(relative(path), os.path.dirname(os.path.abspath(path)))
        table = self.mapping(root, "the configuration of archcost")
        if table is not None:
            self.keys(table, KEYS, "the configuration")
            entries = table.entries
            if "specs" in entries:
                key, value = entries["specs"]
                config = config._replace(specs=self._globs(value, "specs"), specs_mark=key.mark)
            if "baseline" in entries:
                config = config._replace(baseline=self.text(entries["baseline"][1], "'baseline'") or "")
            if "budgets" in entries:
                config = config._replace(budgets=self._budgets(entries["budgets"][1]))
        if self.problems:
            raise ConfigError(self.problems.error().diagnostics)
        return config

    def _globs(self, value: Value, what: str) -> tuple[str, ...]:
        globs = []
        for item in value.items if isinstance(value, Sequence) else [value]:
            text = self.text(item, f"a glob of '{what}'")
            if text and text != "!":
                globs.append(text)
            elif text is not None:
                self.report("a glob is empty", item, 'write it like "specs/*.yaml" or "!specs/old.yaml"')
        if isinstance(value, Sequence) and not value.items:
            self.report(f"'{what}' names no glob", value, 'write `specs = ["specs/*.yaml"]`')
        return tuple(globs)

    def _budgets(self, value: Value) -> tuple[Budget, ...]:
        if not isinstance(value, Sequence):
            hint = "write `[[budgets]]` in archcost.toml, `[[tool.archcost.budgets]]` in pyproject.toml"
            self.report(f"'budgets' is an array of tables, got {brief(value)}", value, hint)
            return ()
        return tuple([budget for item in value.items if (budget := self._budget(item)) is not None])

    def _budget(self, value: Value) -> Budget | None:
        table = self.mapping(value, "a budget")
        if table is None:
            return None
        self.keys(table, _TABLE_KEYS, "a budget")
        entries = table.entries
        globs = self._globs(entries["specs"][1], "specs") if "specs" in entries else ()
        pattern = ""
        if "layers" in entries:
            layers = entries["layers"][1]
            text = self.text(layers, "'layers'")
            if text is not None and isinstance(layers, Scalar) and pattern_is_readable(self, layers):
                pattern = text
        level, message = read_level_and_message(self, table, "error", "")
        limits = read_limits(self, table, Defaults(pattern, level, message))
        if not any(name in METRIC_NAMES for name in entries):
            self.report("a budget has no limit", value, 'write `params = "60 k"` or `macs = "5%"`')
        return Budget(globs, tuple(limits), value.mark)
