"""The table of devices in docs/devices.md, from the one that ships.

python -m benchmarks.devices           # rewrite it
python -m benchmarks.devices --check   # exit 1 if that would change anything
"""

from __future__ import annotations

from pathlib import Path

from archcost.hardware.table import shipped
from archcost.render.devices import DevicesDocument
from archcost.render.printers import markdown
from benchmarks.pages import inserted, renew

PAGE = Path(__file__).resolve().parent.parent / "docs" / "devices.md"


def table() -> str:
    """Every device that ships."""
    return markdown.text(DevicesDocument(list(shipped().values())), None).strip()


def sources() -> str:
    """What their figures were read in."""
    cited = {
        source.name: source
        for device in shipped().values()
        for source in (*device.sources, device.usable_source, device.cache_source)
        if source is not None
    }
    return "\n".join([f"- `{name}`: {cited[name].title}. <{cited[name].address}>" for name in sorted(cited)])


def renewed(text: str) -> str:
    """The page with its generated parts renewed."""
    return inserted(text, {"devices": table(), "sources": sources()})


if __name__ == "__main__":
    renew(PAGE, "benchmarks.devices", lambda text, _: renewed(text))
