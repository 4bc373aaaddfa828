"""How many steps of work the parts of a model take (see :mod:`archcost.meter`)."""

from __future__ import annotations

STEP = 15  # a step that is looked at, whether or not it makes a layer
BRANCH = 50  # a branch
USE = 50  # a block that is copied to where it is used
REFERENCE = 5  # a value that is read: resolved, kept, and looked at in each analysis
OUTPUT = 8  # a value that is made
PART = 500  # a part that is run by itself, as a layer of an LSTM is
_PATH = 8  # characters of a path that take one step


def layer_work(path: str, inputs: int, outputs: int) -> int:
    """The work of one layer in the graph: its path is stored, its values are read, made, and named after it."""
    return REFERENCE * inputs + (OUTPUT + len(path) // _PATH) * max(1, outputs) - OUTPUT * (not outputs)


def paths_work(prefix: str, count: int) -> int:
    """The work of adding a prefix to the paths of ``count`` layers and scopes."""
    return len(prefix) // _PATH * count


HELP = 2000  # a way out of a problem
