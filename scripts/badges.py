"""The badges of the README, drawn from pyproject.toml and the index of the zoo: ``make docs``."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "img"
_CHARACTER, _MARGIN, _HEIGHT = 6.6, 7, 20  # pixels: of the mean character at 11 px, beside a text, and of a badge
_PYTHON = "Programming Language :: Python :: "


def badge(label: str, value: str, colour: str) -> str:
    """A label in grey and a value in a colour, as SVG; both texts are made as wide as their part."""
    widths = [round(len(text) * _CHARACTER) for text in (label, value)]
    left, right = (width + 2 * _MARGIN for width in widths)
    places = [_MARGIN, left + _MARGIN]
    told = escape(f"{label}: {value}")
    size = f'width="{left + right}" height="{_HEIGHT}"'
    texts = "".join(
        f'<text x="{x}" y="14" textLength="{width}">{escape(text)}</text>'
        for x, width, text in zip(places, widths, (label, value), strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{told}">'
        f'<title>{told}</title><clipPath id="r"><rect {size} rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="{_HEIGHT}" fill="#555"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{colour}"/></g>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{texts}</g></svg>\n'
    )


def badges() -> dict[str, str]:
    """The files, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [each.removeprefix(_PYTHON) for each in project["classifiers"] if each.startswith(f"{_PYTHON}3.")]
    models = json.loads((ROOT / "specs" / "index.json").read_text(encoding="utf-8"))
    return {
        "badge-python.svg": badge("Python", ", ".join(listed), "#3572a5"),
        "badge-licence.svg": badge("licence", project["license"], "#0b7285"),
        "badge-zoo.svg": badge("models in the zoo", f"{len(models):,}", "#2b8a3e"),
    }


def main() -> None:
    """Write them."""
    for name, text in badges().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
