"""The layers that torch.nn lacks, as standalone classes; :mod:`archcost.exporting` writes their source into programs.

The modules hold nothing else. A class takes attributes and sizes and needs torch alone. It is what ``verify`` judges
and what users get. Its defaults are those of its op.
"""
