"""The printers: each prints any document in one format, and is one file."""
