"""What the site needs that the docs, which are also read in the repository, do not have: see mkdocs.yml.

The pages of the root become pages of the site. A link to a file of the repository that is no page leads to the
repository. Headings have the anchors that GitHub gives them, so that a link works in both places.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = "docs/"
FROM_ROOT = {
    path.name: "index.md" if path.name == "README.md" else path.name.lower() for path in sorted(ROOT.glob("*.md"))
}
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
_CODE = re.compile(r"`[^`\n]+`")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """GitHub's anchors, and every decision in the navigation."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = anchor
    for section in config.nav or []:
        if "Decisions" in section:
            notes = sorted(path.name for path in (ROOT / DOCS / "decisions").glob("[0-9]*.md"))
            section["Decisions"] += [f"decisions/{name}" for name in notes]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of the root among those of docs/."""
    for name, uri in FROM_ROOT.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links as the site has them, and tables as Python-Markdown reads them."""
    uri, repository = page.file.src_uri, config.extra["repository"]
    source = {page: name for name, page in FROM_ROOT.items()}.get(uri, DOCS + uri)

    def led(match: re.Match[str]) -> str:
        target, place = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        return f"]({link(path, uri, files, repository)}{place or ''})"

    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    text = _LINK.sub(led, _FENCED.sub(keep, markdown))
    text = "\n".join(cells(line) if line.startswith("|") else line for line in text.split("\n"))
    return re.sub(r"\0(\d+)\0", lambda match: kept[int(match[1])], text)


def link(path: str, uri: str, files: Files, repository: str) -> str:
    """Where a file of the repository is to be found from a page: in the site, or else in the repository."""
    inside = FROM_ROOT.get(path) or path.removeprefix(DOCS)
    if (ROOT / path).is_dir():
        inside = f"{inside}/README.md"
    if (path in FROM_ROOT or path.startswith(DOCS)) and files.get_file_from_path(inside):
        return posixpath.relpath(inside, posixpath.dirname(uri) or ".")
    kind = "tree" if (ROOT / path).is_dir() else "blob"
    return f"{repository}/{kind}/main/{path}"


def cells(line: str) -> str:
    """A row of a table: GitHub wants a bar in code escaped, and Python-Markdown wants it bare."""
    return _CODE.sub(lambda match: match[0].replace(r"\|", "|"), line)


def anchor(heading: str, separator: str) -> str:
    """GitHub's anchor of a heading: lower case, no punctuation, and each blank a hyphen."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", separator)
