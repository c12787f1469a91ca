"""A MaxMind database with one network, written by the format's specification 2.0, to be read by the real reader."""

from __future__ import annotations

import ipaddress
from pathlib import Path


class _Long(int):
    """An unsigned integer of 32 bits; a plain one has 16."""


class _Wide(int):
    """An unsigned integer of 64 bits."""


_METADATA = b"\xab\xcd\xefMaxMind.com"
_RECORD_BYTES = 3


def write_mmdb(path: Path, network: str, record: dict[str, object]) -> Path:
    """The database that knows `record` of one IPv4 network and nothing else."""
    where = ipaddress.ip_network(network)
    bits = f"{int(where.network_address):032b}"[: where.prefixlen]
    nodes = len(bits)
    tree = b""
    for depth, bit in enumerate(bits):
        onward = depth + 1 if depth + 1 < nodes else nodes + 16  # the data section begins 16 bytes after the tree
        pair = (onward, nodes) if bit == "0" else (nodes, onward)
        tree += b"".join(one.to_bytes(_RECORD_BYTES, "big") for one in pair)
    about: dict[str, object] = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": _Wide(1),
        "database_type": "Test",
        "description": {"en": "one network"},
        "ip_version": 4,
        "languages": ["en"],
        "node_count": _Long(nodes),
        "record_size": 8 * _RECORD_BYTES,
    }
    path.write_bytes(tree + bytes(16) + _encoded(_longs(record)) + _METADATA + _encoded(about))
    return path


def _longs(record: dict[str, object]) -> dict[str, object]:
    """Network numbers have 32 bits."""
    return {key: _Long(value) if isinstance(value, int) else value for key, value in record.items()}


def _encoded(value: object) -> bytes:
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(_encoded(k) + _encoded(v) for k, v in value.items())
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(_encoded, value))
    if isinstance(value, _Wide):
        return bytes([8, 9 - 7]) + value.to_bytes(8, "big")
    if isinstance(value, int):
        size, kind = (4, 6) if isinstance(value, _Long) else (2, 5)
        return bytes([kind << 5 | size]) + value.to_bytes(size, "big")
    text = str(value).encode()
    return bytes([2 << 5 | len(text)]) + text if len(text) < 29 else bytes([2 << 5 | 29, len(text) - 29]) + text
