"""The functions of the public API: one for every command, which returns the value that the command prints.

They are reached as ``archcost.analyze`` and so on; each loads what it needs when it is called. No room of the package
may have the name of one: a submodule is bound as an attribute of its package, in the function's place.
"""

from __future__ import annotations

from archcost.displays import Notebook


def _notebook_html(value: object) -> str:
    """Values as HTML, laid out by the room above them; it is loaded when a notebook first asks."""
    from archcost.render.page.notebook import notebook_html

    return notebook_html(value)


Notebook.html = staticmethod(_notebook_html)
