"""Exchange logs of any length out of requests that real clients sent.

The bodies are those of the development corpus beside the repository where it is there, else those of the example
logs. They come again and again under other accounts, times and ids: what a prompt costs to parse and to sketch does
not depend on having been seen, but for the dictionary of words, which real traffic fills as well.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from stillwatch.errors import MalformedRow
from stillwatch.exchange.dialect import parse_request

_ROOT = Path(__file__).parent.parent
CORPUS = _ROOT.parent / "shared" / "corpus"
EXAMPLE = _ROOT / "examples" / "logs"
SHORT_CHARS = 500  # prompts up to here average about 250 characters, as in the reference of the design
LONG_CHARS = 1_500
_ACCOUNTS = 5_000
_DAYS = 30
_FIRST_US = 1_767_225_600_000_000  # 2026-01-01
# The corpus has no responses; a log has them. About as long as the example's.
_RESPONSE: dict[str, Any] = {
    "id": "chatcmpl-0",
    "object": "chat.completion",
    "created": 1_767_225_600,
    "model": "gpt-4o",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "It depends. " * 30}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 300, "completion_tokens": 90, "total_tokens": 390},
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that a real client sent. `rest`: the part of its line that does not change, as JSON members."""

    rest: bytes
    prompt_chars: int


def requests() -> list[Sent]:
    """Every request at hand, in the order of the files' names."""
    folder = CORPUS if CORPUS.is_dir() else EXAMPLE
    rows = (json.loads(line) for file in sorted(folder.glob("*.jsonl.gz")) for line in _unzipped(file))
    return [sent for row in rows if (sent := _sent(row)) is not None]


def _unzipped(file: Path) -> list[bytes]:
    return gzip.decompress(file.read_bytes()).splitlines()


def short(sent: Sequence[Sent]) -> list[Sent]:
    """Those of chat length."""
    return [one for one in sent if 0 < one.prompt_chars <= SHORT_CHARS]


def long(sent: Sequence[Sent]) -> list[Sent]:
    """Those with a document in them."""
    return [one for one in sent if one.prompt_chars >= LONG_CHARS]


def write_log(path: Path, sent: Sequence[Sent], exchanges: int) -> None:
    """An exchange log of that many lines over thirty days, in order of time; gzip if the name ends in `.gz`."""
    with gzip.open(path, "wb", compresslevel=1) if path.suffix == ".gz" else path.open("wb") as file:
        file.writelines(_lines(sent, exchanges))


def _lines(sent: Sequence[Sent], exchanges: int) -> Iterator[bytes]:
    step = _DAYS * 86_400_000_000 // exchanges
    for number, one in enumerate(islice(cycle(sent), exchanges)):
        account = number * 7_919 % _ACCOUNTS
        head = (
            f'{{"ts_us":{_FIRST_US + number * step},"id":"ex-{number}","account":"acct-{account}",'
            f'"organization":"org-{account}","api_key":"key-{account}","payment":"pay-{account}",'
            f'"ip":"198.51.{account >> 8}.{account & 255}","asn":64500,"country":"NL",'
        )
        yield head.encode() + one.rest + b"}\n"


def _sent(row: dict[str, Any]) -> Sent | None:
    body = json.dumps(row["body"], separators=(",", ":"), ensure_ascii=False).encode()
    try:
        _, request = parse_request(row["path"], body)
    except MalformedRow:
        return None
    members = {name: row[name] for name in ("method", "path", "headers")}
    members |= {"status": 200, "usage": {"input_tokens": 300, "output_tokens": 90}}
    if request.operation == "chat":
        members["response"] = row.get("response") or _RESPONSE
    rest = json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
    return Sent(rest[1:-1] + b',"body":' + body, sum(len(message.text) for message in request.messages))


def characters(sent: Sequence[Sent]) -> int:
    """The average length of their prompts."""
    return round(sum(one.prompt_chars for one in sent) / len(sent))


def room_for(sent: Sequence[Sent], exchanges: int) -> int:
    """Bytes that a log of them takes on disk, and the ledger made of it."""
    line = sum(len(one.rest) for one in sent) / len(sent) + 250
    return round(exchanges * (line + 300))
