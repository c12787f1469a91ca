"""Whatever is wrong with a log ends as a counted rejection or as an error that names thing and remedy.

No message repeats a prompt or a key, and none is a traceback.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import SECRET_HEX, Done, Stillwatch
from .logs import PROMPT, good, lines, log, row


def no_secret_told(done: Done) -> bool:
    said = done.out + done.err
    return PROMPT not in said and SECRET_HEX not in said and "Traceback" not in said


def bytes_of_whole_log() -> bytes:
    return lines([row(number) for number in range(300)])


def written(data: bytes) -> Callable[[Path], Path]:
    def make(home: Path) -> Path:
        path = home / "bad.jsonl"
        path.write_bytes(data)
        return path

    return make


def empty_folder(home: Path) -> Path:
    folder = home / "nothing"
    folder.mkdir()
    return folder


def not_there(home: Path) -> Path:
    return home / "missing.jsonl"


whole = bytes_of_whole_log()
junk = random.Random(1).randbytes(100_000)  # noqa: S311 - the same bytes each time
UNREADABLE = {
    "missing": (not_there, "missing.jsonl does not exist", "Give a log file"),
    "empty": (written(b""), "hold no exchange", "docs/formats.md"),
    "blank lines only": (written(b"\n\n \n"), "hold no exchange", "docs/formats.md"),
    "empty folder": (empty_folder, "no log was found in", ".jsonl.gz"),
    "truncated gzip": (written(gzip.compress(whole)[:2000]), "breaks off after line", "fetch the file again"),
    "UTF-16": (written(whole.decode().encode("utf-16")), "is UTF-16", "iconv"),
    "binary junk": (written(junk), "malformed", ". Check that this is a log"),
    "a prompt instead of a log": (written(f"{PROMPT}\n".encode() * 200), "malformed", ". Check that this is a log"),
    "a row without an account": (
        written(lines([{**row(1), "account": None}])),
        "hold no exchange (1 rejected",
        "line 1",
    ),
    "too many malformed rows": (written(whole + b"{\n" * 9), "9 of 309 rows are malformed", "The other rows are in"),
}


@pytest.mark.parametrize(("make", "thing", "remedy"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_log_ends_with_3_and_says_what_to_do(
    hunt: Stillwatch, home: Path, make: Callable[[Path], Path], thing: str, remedy: str
) -> None:
    done = hunt(make(home), "--json")
    assert (done.code, done.out) == (3, "")
    assert thing in done.err
    assert remedy in done.err
    assert done.err.count("\n") == 1  # one line that greps, however narrow the terminal
    assert no_secret_told(done)
    assert not (home / "out" / "findings.json").exists()


deep = json.dumps(row(900)).encode().replace(b'"model": "m-1"', b'"tools": ' + b"[" * 100_000 + b"]" * 100_000)
wide = json.dumps(row(900)).encode().replace(b'"model": "m-1"', b'"tools": [' + b"{}," * 100_000 + b"{}]")
REJECTED = {
    "half a line": whole + whole[:150],
    "half a line at the end of one": whole[:-30],
    "deeply nested JSON": whole + deep + b"\n",
    "a number where an account should be": whole + lines([{**row(900), "account": {"a": 1}}]),
    "a time that no clock shows": whole + lines([{**row(900), "ts_us": -5}]),
    "bytes that are no text": whole + b"\xff\xfe\xfd\n",
    "an array": whole + b"[1]\n",
    "infinity": whole + lines([row(900)]).replace(b'"ts_us": 1', b'"ts_us": 1e999, "x": 1'),
}


@pytest.mark.parametrize("data", REJECTED.values(), ids=REJECTED)
def test_a_malformed_row_is_counted_and_shown_by_its_place(hunt: Stillwatch, home: Path, data: bytes) -> None:
    done = hunt(written(data)(home))
    assert done.code == 0
    assert "1 rejected row." in done.out
    assert "bad.jsonl, line 30" in done.out
    assert no_secret_told(done)


ODD_BUT_GOOD = {
    "one exchange in all": (lines([row(1)]), 1),
    "accounts with one exchange each": (
        lines([row(i, account=f"a-{i}", organization=f"o-{i}") for i in range(300)]),
        300,
    ),
    "duplicate ids": (whole + whole, 300),
    "a wide body": (whole + wide + b"\n", 301),
    "unknown fields": (lines([row(i, shoe_size=43) for i in range(50)]), 50),
    "CRLF and a byte order mark": (b"\xef\xbb\xbf" + whole.replace(b"\n", b"\r\n"), 300),
}


@pytest.mark.parametrize(("data", "exchanges"), ODD_BUT_GOOD.values(), ids=ODD_BUT_GOOD)
def test_what_is_merely_odd_is_hunted(hunt: Stillwatch, home: Path, data: bytes, exchanges: int) -> None:
    done = hunt(written(data)(home), "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["exchanges"] == exchanges
    assert json.loads(done.out)["rejected"] == 0
    assert json.loads((home / "out" / "findings.json").read_text())["campaigns"] == []


def test_a_body_of_fifty_megabytes_is_read_or_refused_and_stops_nothing(hunt: Stillwatch, home: Path) -> None:
    huge = row(900)
    huge["body"]["messages"][0]["content"] = "word " * 10_000_000
    done = hunt(log(home / "log.jsonl", [*(row(i) for i in range(300)), huge]), "--json")
    summary = json.loads(done.out)
    assert (done.code, summary["exchanges"] + summary["rejected"]) == (0, 301)
    assert (home / "out" / "report.html").stat().st_size < 200_000


def test_clocks_a_century_apart_leave_the_report_small(hunt: Stillwatch, home: Path) -> None:
    """2001 and 2099 in one log: bars stay few, whatever lies between."""
    odd = [row(900, ts_us=978_307_200_000_000), row(901, ts_us=4_070_908_800_000_000)]
    done = hunt(log(home / "log.jsonl", [*(row(i) for i in range(300)), *odd]), "--json")
    assert (done.code, json.loads(done.out)["exchanges"]) == (0, 302)
    assert (home / "out" / "report.html").stat().st_size < 200_000


def test_a_manifest_beside_logs_is_one_rejected_row(hunt: Stillwatch, home: Path) -> None:
    """Whatever else ends in .json in a folder of logs is named, and costs nothing else."""
    good(home / "logs" / "a.jsonl")
    (home / "logs" / "MANIFEST.json").write_text(json.dumps([{"file": "a.jsonl", "label": "x"}], indent=1))
    (home / "logs" / "README.md").write_text("not a log")
    done = hunt(home / "logs")
    assert done.code == 0
    assert "300 exchanges of 20 accounts; 1 rejected row." in done.out
    assert "MANIFEST.json, line " in done.out


def test_one_bad_log_among_good_ones_is_named_and_what_was_read_is_kept(hunt: Stillwatch, home: Path) -> None:
    """Mended, the same command reads only what it has not."""
    good(home / "logs" / "a.jsonl")
    torn = home / "logs" / "b.jsonl.gz"
    other = gzip.compress(lines([row(i) for i in range(300, 400)]))
    torn.write_bytes(other[:1000])
    done = hunt(home / "logs")
    assert done.code == 3
    assert "b.jsonl.gz breaks off" in done.err
    torn.write_bytes(other)
    assert "400 exchanges" in hunt(home / "logs").out


@pytest.mark.long
def test_a_hundred_thousand_accounts_with_one_exchange_each(hunt: Stillwatch, home: Path) -> None:
    """Found quickly to be nothing; the page does not grow with the accounts."""
    source = log(home / "log.jsonl", [row(i, account=f"a-{i}", organization=f"o-{i}") for i in range(100_000)])
    done = hunt(source, "--json")
    assert (done.code, done.err) == (0, "")
    summary = json.loads(done.out)
    assert (summary["accounts"], summary["campaigns"], summary["watched"]) == (100_000, 0, 0)
    assert (home / "out" / "report.html").stat().st_size < 500_000
