"""The document in its page: JSON as it is where it is short, and packed where it is long."""

from __future__ import annotations

import base64
import json
import re
import zlib

from archcost.strict_json import plain_data

MOST_PLAIN = 96 * 1024  # bytes that stand as they are, for everyone to read
_GZIP = 16 + zlib.MAX_WBITS  # zlib's own header of gzip, which holds no time
_UNSAFE = re.compile("[<>&\u2028\u2029]|#(?=#)")  # and what a log of a CI host takes for a command


def data_element(data: object) -> str:
    """The element that the script of the page reads: JSON, or beyond ``MOST_PLAIN`` bytes of it gzip in base64.

    Packed it is a fifth as long. Browsers unpack it themselves.
    """
    text = escaped_json(data)
    if len(text.encode()) <= MOST_PLAIN:
        return f'<script type="application/json" id="archcost-data">{text}</script>'
    packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    packed = base64.b64encode(packer.compress(text.encode()) + packer.flush()).decode()
    return f'<script type="text/plain" id="archcost-data" data-encoding="gzip">{packed}</script>'


def escaped_json(data: object) -> str:
    """JSON that no end of a script, comment or line can be in."""
    text = json.dumps(plain_data(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return text if text.isprintable() else "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    """A character of a JSON text by its number."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
