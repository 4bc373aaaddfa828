"""archcost's own convention: multiply-accumulates, and nothing else."""

from __future__ import annotations

from archcost.conventions.model import MACS, Convention
from archcost.conventions.terms import FREE, TABLES, products
from archcost.version import __version__

_PRODUCTS = (products(),)

CONVENTION = Convention(
    name="archcost",
    tool="archcost",
    version=__version__,
    unit=MACS,
    word="MACs",
    called="`archcost analyze`",
    kinds={**TABLES, "matmul": _PRODUCTS},
    families={
        **FREE,
        "Convolution": _PRODUCTS,
        "Linear and embedding": _PRODUCTS,
        "Attention": _PRODUCTS,
        "Recurrent": _PRODUCTS,
    },
)
