"""Which specs a check or an update of the baseline works on, and which lock file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from archcost import model_zoo
from archcost.budget.config import load_config
from archcost.budget.configured_models import Permission, analyze_model, spec_of_model
from archcost.errors import Diagnostic, UsageError, did_you_mean, suggestion
from archcost.files import DISK
from archcost.named_specs import MODEL, analyze_one, expand
from archcost.settings import input_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.budget.baseline import Baseline
    from archcost.budget.config import Config
    from archcost.budget.configured_models import ConfiguredModel
    from archcost.files import Files
    from archcost.named_specs import SpecResult
    from archcost.settings import Settings
    from archcost.spec.model import Spec


class ChosenSpecs(NamedTuple):
    """The files to judge; ``whole``: they are all that the configuration names, which bounds them by its ``files``.

    What globs found may be a library.
    """

    paths: list[str]
    whole: bool
    named: frozenset[str] = frozenset()
    files: Files | None = None

    def tree_of(self, path: str) -> Files | None:
        """The tree that a path must stay in; none if a person named the path."""
        return self.files if self.files or path in self.named else DISK


def choose(names: Sequence[str], config: Config) -> ChosenSpecs:
    """The files by name, or those of the configuration.

    Raises UsageError where there is nothing to judge, ConfigError for globs that match nothing.
    """
    if names:
        _refuse_misspelt(names, config)
        paths = [f"{MODEL}{name}" if f"{MODEL}{name}" in config.models else name for name in names]
        models = [path for path in paths if path.startswith(MODEL) and not os.path.lexists(path)]
        for path in models:
            _model_of(path, config)
        return ChosenSpecs(expand(paths), whole=False, named=frozenset(paths))
    if not config.specs and not config.models:
        hint = 'name specs, or list them: `[tool.archcost]` with `specs = ["specs/*.yaml"]` in pyproject.toml'
        where = f"{config.path} lists none" if config.path else "there is no configuration"
        raise UsageError(f"no specs are given, and {where}", hint)
    paths = [*config.spec_paths(), *config.models]
    return ChosenSpecs(paths, whole=True, files=config.files)


def _refuse_misspelt(names: Sequence[str], config: Config) -> None:
    """Raise UsageError for a name that nothing has, and that is close to one of a configured model."""
    models = [path.removeprefix(MODEL) for path in config.models]
    for name in names if models else ():
        if name.startswith(MODEL) or f"{MODEL}{name}" in config.models or _is_known(name):
            continue
        meant = did_you_mean(name, models)
        if meant:
            raise UsageError(f"there is no spec, and no model of the configuration, called '{name}'", meant)


def _is_known(name: str) -> bool:
    """Whether a name is that of a file, of a model of the zoo, or has a form of its own."""
    return os.path.lexists(name) or ":" in name or model_zoo.find(name) is not None


def _model_of(path: str, config: Config) -> ConfiguredModel:
    if path not in config.models:
        hint = suggestion(path, list(config.models), "models")
        raise UsageError(f"the configuration has no model '{path}'", hint)
    return config.models[path]


def configured_spec(path: str, settings: Settings) -> Spec:
    """The spec of a model of the nearest configuration, where nothing is judged.

    Raises UsageError for one that there is not, and for code of the repository: who wants it run names it.
    """
    config = load_config(None)
    model = _model_of(path, config)
    if model.source.runs_users_code:
        shapes = "".join(f" --input {input_text(name, shape)}" for name, shape in model.inputs.items())
        raise UsageError(
            f"{path} is {model.source.text}, code of the repository, which runs where you name it yourself",
            f"write `{model.source.text}{shapes}`",
        )
    may = Permission(config.folder, config.files, config.allow_import, called=False)
    return spec_of_model(path, model, settings._replace(inputs={**model.inputs, **settings.inputs}), may)


def analyze_chosen(
    path: str, config: Config, chosen: ChosenSpecs, settings: Settings, *, allow_import: bool
) -> SpecResult:
    """The result of one spec or configured model; a file that holds only blocks has no report, unless it is named."""
    model = config.models.get(path)
    if model is not None:
        may = Permission(config.folder, config.files, config.allow_import, allow_import)
        return analyze_model(path, model, settings, may)
    return analyze_one(path, settings, blocks_only=path not in chosen.named, files=chosen.tree_of(path))


def only_blocks(config: Config, chosen: ChosenSpecs, done: str) -> Diagnostic:
    """The problem that globs found only files of blocks, so that nothing was ``done``."""
    count = len(chosen.paths)
    files = f"'{chosen.paths[0]}' holds" if count == 1 else f"all {count:,} files that the globs match hold"
    hint = "let the globs match specs, which have `layers`"
    return Diagnostic(f"nothing was {done}: {files} only blocks", config.specs_mark if chosen.whole else None, hint)


def refuse_empty(value: str | None, option: str, hint: str) -> None:
    """Raise UsageError for an option that is given and names nothing, which would fall back to the default unseen."""
    if value == "":
        hint += "; without the option, growth is measured from the configured lock file"
        raise UsageError(f"{option} is empty, as an unset variable leaves it", hint)


def read_baseline(path: str, files: Files | None) -> Baseline | None:
    """The baseline in a lock file, None if there is no such file; raises ConfigError for a wrong one.

    ``files`` is the tree that the path is bounded by, unless a person named it.
    """
    if not os.path.lexists(path):
        return None
    from archcost.budget.lockfile import read_lock

    return read_lock(path, files)
