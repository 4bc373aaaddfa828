"""The README as a package index shows it: what it links to stands in the repository, at the tag of the version.

hatchling asks for it when it builds (``tool.hatch.metadata.hooks.custom``), so that nothing but hatchling is imported.
"""

from __future__ import annotations

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)(\[(?:[^\[\]]|\[[^\]]*\])*\])\((?!https?:|mailto:|#)([^)\s]+)\)")
_BADGES = re.compile(r"^!\[.*\]\(docs/img/badge-.*\)\n\n?", re.MULTILINE)
_VERSION = re.compile(r'__version__ = "(.+)"')


def published(text: str, repository: str, tag: str) -> str:
    """Relative links made absolute. Badges go: an index has classifiers, and shows no SVG of a repository."""

    def absolute(match: re.Match[str]) -> str:
        picture, label, target = match.groups()
        if "](" in label:  # a picture that is a link
            label = _LINK.sub(absolute, label)
        kind = "raw" if picture else "blob"
        return f"{picture}{label}({repository}/{kind}/{tag}/{target})"

    return _LINK.sub(absolute, _BADGES.sub("", text))


class ReadmeHook(MetadataHookInterface):
    """Sets ``project.readme``."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, object]) -> None:
        """Read README.md and the version, and link by ``project.urls``."""
        root = Path(self.root)
        version = _VERSION.search((root / "archcost" / "version.py").read_text(encoding="utf-8"))
        urls = metadata["urls"]
        if version is None or not isinstance(urls, dict):
            raise ValueError("the README needs a version and a repository to link to")
        text = (root / "README.md").read_text(encoding="utf-8")
        text = published(text, urls["Repository"], f"v{version[1]}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
