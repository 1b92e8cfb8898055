r"""Entries of a map on the command line: words to keys and values, and back to lines.

>>> read_value("7"), read_value("0x1f"), read_value('{"pid": 7}'), read_value("hex:0a 00")
(7, 31, {'pid': 7}, b'\n\x00')
>>> read_value("bash"), read_value("-"), read_value("[1, 2]")
('bash', b'', [1, 2])
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rawbpf.errors import UsageError
from rawbpf.output.values import plain, value_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.maps.map import Map

__all__ = ["read_value", "show"]

_HEX = "hex:"
_NONE = "-"


def read_value(text: str) -> Any:  # noqa: ANN401 -- whatever JSON has; the map's types judge it
    """What a word on the command line means. UsageError: hex that is none, JSON that breaks off."""
    if text == _NONE:
        return b""
    if text.startswith(_HEX):
        try:
            return bytes.fromhex(text.removeprefix(_HEX))
        except ValueError:
            fix = "give pairs of digits: hex:0700ff00"
            raise UsageError(f"{text!r} is no hex", fix=fix) from None
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip()[:1] in ("{", "[", '"'):
            raise UsageError(f"{text!r} is no JSON", why=str(error)) from None
        return text


def show(
    one: Map, entries: Iterable[tuple[bytes, bytes]], *, as_json: bool, as_hex: bool
) -> Iterator[str]:
    """A line for each entry."""
    types = one.types
    for raw_key, raw_value in entries:
        if as_hex or not types.known:
            key: Any = raw_key.hex(" ")
            value: Any = _hex_value(one, raw_value)
            texts = key, " | ".join(value) if isinstance(value, list) else value
        else:
            key, value = _prefix(types.decode_key(raw_key)), types.value.decode(raw_value)
            texts = value_text(key), value_text(value)
        yield (
            json.dumps({"key": plain(key), "value": plain(value)}) if as_json else ": ".join(texts)
        )


def _hex_value(one: Map, data: bytes) -> str | list[str]:
    """The bytes; of a per-CPU map those of each CPU, without what fills them up to 8."""
    size = one.spec.value_size
    if not one.kind.per_cpu:
        return data.hex(" ")
    step = -(-size // 8) * 8
    return [data[at : at + size].hex(" ") for at in range(0, len(data), step)]


def _prefix(key: Any) -> Any:  # noqa: ANN401 -- any key
    """A prefix of addresses as people write it."""
    from ipaddress import ip_network

    if isinstance(key, tuple) and len(key[1]) in (4, 16):
        return str(ip_network((key[1], key[0]), strict=False))
    return key
