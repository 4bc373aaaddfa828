"""All files that archcost writes: to a name that a person gave, or atomically and below a folder."""

from __future__ import annotations

from archcost.writing.named import write_named, write_new
from archcost.writing.places import check_place, make_folder, make_way, nowhere, temporary_file
from archcost.writing.turns import alone
from archcost.writing.unfinished import UNFINISHED, is_unfinished
from archcost.writing.whole import hash_of, whole_file, write_whole

__all__ = [
    "UNFINISHED",
    "alone",
    "check_place",
    "hash_of",
    "is_unfinished",
    "make_folder",
    "make_way",
    "nowhere",
    "temporary_file",
    "whole_file",
    "write_named",
    "write_new",
    "write_whole",
]
