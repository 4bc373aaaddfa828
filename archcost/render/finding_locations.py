"""Where findings are, as the hosts of code want it: paths from the root of the repository, and stable fingerprints."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

from archcost.model_zoo import name_at, told

if TYPE_CHECKING:
    from archcost.budget.verdict import Finding, Verdict
    from archcost.errors import Diagnostic, Mark


def repository_path(path: str) -> str:
    """The path from the root of the checkout; of files elsewhere as it is, or ``zoo:NAME``."""
    root = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or _git_root()
    absolute = os.path.realpath(path)
    if root:
        try:
            short = os.path.relpath(absolute, os.path.realpath(root))
        except ValueError:  # another drive
            short = path
        if not short.startswith(os.pardir):
            return short.replace(os.sep, "/")
    return name_at(path).replace(os.sep, "/")


def _git_root() -> str:
    """The folder of the repository around the working directory, or the working directory."""
    folder = os.getcwd()
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return os.getcwd()
        folder = parent
    return folder


def located(mark: Mark | None, fallback: str) -> tuple[str, int, int]:
    """A path from the root of the repository, line and column from 1; the first of a file that a spec is made of."""
    if mark is None:
        return repository_path(told(fallback)), 1, 1
    path = repository_path(mark.source.file)
    return (path, 1, 1) if mark.source.is_made else (path, mark.line + 1, mark.column + 1)


def fingerprint(finding: Finding) -> str:
    """The same for the same finding in another run: neither the figures nor the line count."""
    parts = [finding.rule, finding.metric, finding.path, repository_path(finding.spec or ".")]
    if finding.limit is not None:
        parts += [finding.limit.pattern, finding.limit.level, repository_path(finding.limit.mark.source.name)]
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def error_fingerprint(diagnostic: Diagnostic, spec: str) -> str:
    """As :func:`fingerprint`, for what could not be judged."""
    return sha256(
        "\0".join(("error", diagnostic.message, repository_path(spec or "."))).encode("utf-8", "surrogatepass")
    ).hexdigest()


def errors_by_spec(verdict: Verdict) -> list[tuple[str, Diagnostic]]:
    """What could not be judged, with the spec's path; empty for what concerns all."""
    return [("", diagnostic) for diagnostic in verdict.diagnostics] + [
        (spec.path, diagnostic) for spec in verdict.specs for diagnostic in spec.diagnostics
    ]
