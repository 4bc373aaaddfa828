"""Rows of a sweep on disk: one file, or a folder of parts that many processes fill and an interrupted run goes on with.

A row source makes chunks of rows, each of which depends on its number alone. A part is the file of some chunks in turn;
its bytes depend on its number alone, whoever makes it, when and where::

    RowSource.chunk(n) ──▶ part.py ──▶ DIR/rows/part-00000.parquet      made aside, renamed once it is whole
                              └──────▶ DIR/unfinished/notes/00000.json  what the manifest will say of it
    folder.py: all notes there ──────▶ DIR/manifest.json, and DIR/unfinished is gone

Executors make parts: in this process, in several, or on the workers of a Dask scheduler.
"""
