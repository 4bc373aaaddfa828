"""The dtypes of tensors, with torch's names; imports nothing of ours."""

from __future__ import annotations

DTYPE_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
}
FLOAT_DTYPES = ("float64", "float32", "float16", "bfloat16")
STORED_BITS = {  # of a number, in what weights and KV caches may be stored in
    **{dtype: 8 * DTYPE_BYTES[dtype] for dtype in FLOAT_DTYPES},
    "float8": 8,
    "int8": 8,
    "int4": 4,
}
WHOLE_DTYPES = tuple([name for name in DTYPE_BYTES if name not in FLOAT_DTYPES])  # truth values among them
INDEX_DTYPE = "int64"  # of places that torch gives, and of counters
INDEX_DTYPES = ("int32", "int64")  # of places that torch takes; others are masks to it, or nothing
