"""archcost's own convention: multiply-accumulates, and nothing else."""

from __future__ import annotations

from archcost.conventions.model import MACS, Convention
from archcost.conventions.terms import NOTHING, products
from archcost.version import __version__

_PRODUCTS = (products(),)

CONVENTION = Convention(
    name="archcost",
    tool="archcost",
    version=__version__,
    unit=MACS,
    word="MACs",
    called="`archcost analyze`",
    kinds={"embedding": NOTHING, "parameter": NOTHING, "matmul": _PRODUCTS},
    families={
        "Convolution": _PRODUCTS,
        "Linear and embedding": _PRODUCTS,
        "Attention": _PRODUCTS,
        "Recurrent": _PRODUCTS,
        "Normalisation": NOTHING,
        "Activation": NOTHING,
        "Pooling": NOTHING,
        "Shape": NOTHING,
        "Arithmetic": NOTHING,
        "Resampling": NOTHING,
    },
)
