"""Logs are read in blocks: recognised by content, bounded in memory, resumable anywhere, good until they break."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import InputError
from stillwatch.readers import lines as physical_lines
from stillwatch.readers.block import Position, open_log, parse_block
from stillwatch.readers.rejection import Rejection

from .lines import blocks_of, console_span, exchange_row, ids, line, litellm_row, log, otlp_row, parsed

CAPTURED = {"run": "r", "dt": 0, "path": "/v1/chat/completions", "body": {"messages": []}}
ROWS = [exchange_row(id=f"x-{i}") for i in range(50)]


def written(path: Path, data: bytes) -> Path:
    """A file of these bytes."""
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (exchange_row(), "exchange_log"),
        (CAPTURED, "captured_http"),
        (litellm_row(), "litellm"),
        (otlp_row({}), "otel_genai"),
        (console_span(), "otel_genai"),
        ([exchange_row()], "exchange_log"),
        (exchange_row(body={"messages": [{"content": "x" * 100_000}]}), "exchange_log"),
        (litellm_row(messages="x" * 100_000), "litellm"),
    ],
)
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".txt"])
def test_format_and_compression_are_recognised_by_content(tmp_path: Path, row: object, name: str, suffix: str) -> None:
    """The file's name says nothing, even where it lies."""
    plain = open_log(written(tmp_path / f"plain{suffix}", log(row)))
    packed = open_log(written(tmp_path / f"packed{suffix}", gzip.compress(log(row))))
    assert (plain.format, plain.compression) == (name, "none")
    assert (packed.format, packed.compression) == (name, "gzip")


def test_an_empty_log_has_no_blocks(tmp_path: Path) -> None:
    """Whether that is a mistake is for the caller to say."""
    files = [
        written(tmp_path / "a", b""),
        written(tmp_path / "b", gzip.compress(b"")),
        written(tmp_path / "c", b"\n\n"),
    ]
    assert [parsed(file).exchanges for file in files] == [[], [], []]


def test_blocks_keep_their_bounds_and_can_be_pickled(tmp_path: Path) -> None:
    """Rows or bytes, whichever comes first; then any process can parse them."""
    file = written(tmp_path / "log", log(*ROWS))
    by_rows = blocks_of(file, max_rows=20)
    by_bytes = blocks_of(file, max_bytes=3 * len(line(ROWS[0])))
    assert [len(b.lines) for b in by_rows] == [20, 20, 10]
    assert {len(b.lines) for b in by_bytes} <= {2, 3, 4}
    assert parse_block(pickle.loads(pickle.dumps(by_rows[1]))) == parse_block(by_rows[1])  # noqa: S301 - our own bytes
    assert (by_rows[1].lines[0], by_rows[1].end.line, by_rows[2].end_fraction) == (21, 40, 1.0)


@pytest.mark.parametrize("packed", [False, True])
def test_reading_goes_on_from_any_position(tmp_path: Path, packed: bool) -> None:
    """A run that stopped after any block sees exactly the rest."""
    data = log(*ROWS)
    file = written(tmp_path / "log", gzip.compress(data) if packed else data)
    blocks = blocks_of(file, max_rows=7)
    for done, block in enumerate(blocks, start=1):
        rest = blocks_of(file, block.end, max_rows=7)
        assert [(b.lines, b.rows, b.end) for b in rest] == [(b.lines, b.rows, b.end) for b in blocks[done:]]


def test_a_file_of_several_gzip_members_is_one_log(tmp_path: Path) -> None:
    """As rotation and parallel compressors make them, padding included."""
    half = len(ROWS) // 2
    data = gzip.compress(log(*ROWS[:half])) + gzip.compress(b"") + gzip.compress(log(*ROWS[half:])) + b"\0" * 512
    assert ids(blocks_of(written(tmp_path / "log.gz", data))) == [row["id"] for row in ROWS]


NOISY = [exchange_row(id=f"x-{i}", declared_use=hashlib.shake_128(bytes([i])).hexdigest(600)) for i in range(200)]


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_gzip_that_breaks_off_is_good_until_there(tmp_path: Path, keep: float) -> None:
    """Everything before the break is delivered, then one error names file and line."""
    data = gzip.compress(log(*NOISY))
    blocks = open_log(written(tmp_path / "log.gz", data[: int(len(data) * keep)])).blocks(max_rows=10)
    good = []
    with pytest.raises(InputError, match=r"log\.gz breaks off after line \d+: the gzip data ends early"):
        good.extend(blocks)
    assert ids(good) == [row["id"] for row in NOISY[: good[-1].end.line]]
    assert good[-1].end.line >= len(NOISY) * (keep - 0.1)


def test_a_damaged_gzip_says_so(tmp_path: Path) -> None:
    """A flipped byte is found by the checksum at the latest."""
    data = bytearray(gzip.compress(log(*NOISY)))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(InputError, match=r"breaks off after line \d+: the gzip data is damaged"):
        blocks_of(written(tmp_path / "log.gz", bytes(data)))


@pytest.mark.parametrize("head", [b"\x1f\x8b", b"\x1f\x8b\x08" + b"\xff" * 100])
def test_a_gzip_that_is_none_is_an_error(tmp_path: Path, head: bytes) -> None:
    """It has the mark and nothing behind it."""
    with pytest.raises(InputError, match="breaks off after line 0"):
        blocks_of(written(tmp_path / "log.gz", head))


def test_a_last_line_without_newline_is_read_if_it_is_whole(tmp_path: Path) -> None:
    """A log that is still written ends anywhere."""
    whole = log(ROWS[0]) + line(ROWS[1])
    assert ids(blocks_of(written(tmp_path / "a", whole))) == ["x-0", "x-1"]
    assert parsed(written(tmp_path / "b", whole[:-5])).rejections == [Rejection(2, "line is not whole JSON")]


def test_blank_lines_are_neither_rows_nor_lost_from_the_count(tmp_path: Path) -> None:
    """A rejection names the line that an editor shows."""
    found = parsed(written(tmp_path / "log", b"\n  \r\n" + log(ROWS[0]) + b"\nno json\n"))
    assert ([e.id for e in found.exchanges], found.rejections) == (["x-0"], [Rejection(5, "line is not whole JSON")])


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    """Both come from tools of that system."""
    data = b"\xef\xbb\xbf" + log(*ROWS).replace(b"\n", b"\r\n")
    assert ids(blocks_of(written(tmp_path / "log", data))) == [row["id"] for row in ROWS]


def test_other_encodings_are_named(tmp_path: Path) -> None:
    """UTF-16 with its mark is refused with the remedy; without it, and Latin-1, row by row."""
    text = log(exchange_row(body={"messages": [{"content": "Where is the Mühle?"}]})).decode()
    with pytest.raises(InputError, match="is UTF-16") as caught:
        open_log(written(tmp_path / "a", text.encode("utf-16")))
    assert "iconv" in caught.value.remedy
    unmarked = parsed(written(tmp_path / "b", text.encode("utf-16-le"))).rejections
    assert [r.reason for r in unmarked][:1] == ["line is not UTF-8: it has zero bytes, as UTF-16 does"]
    latin = parsed(written(tmp_path / "c", text.encode("latin-1"))).rejections
    assert [r.reason for r in latin] == ["body is not UTF-8"]


def test_a_line_that_is_too_long_is_counted_and_never_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines around it are read."""
    monkeypatch.setattr(physical_lines, "MAX_LINE_BYTES", 10_000)
    data = log(ROWS[0]) + b"x" * 5_000_000 + b"\n" + log(ROWS[1])
    blocks = blocks_of(written(tmp_path / "log", data))
    assert ids(blocks) == ["x-0", "x-1"]
    assert parse_block(blocks[0]).rejections == [Rejection(2, "line is longer than 64 MiB")]
    assert max(len(row or b"") for row in blocks[0].rows) < 10_000
    assert blocks[0].end == Position(3, len(data))


@pytest.mark.parametrize("indent", [2, 4])
def test_indented_documents_are_rows_too(tmp_path: Path, indent: int) -> None:
    """As the console exporter prints them, one after the other; or as one list."""
    spans = [console_span(context={"span_id": f"s-{i}"}) for i in range(5)]
    printed = "\n".join(json.dumps(span, indent=indent) for span in spans).encode()
    listed = json.dumps([exchange_row(id=f"x-{i}") for i in range(5)], indent=indent).encode()
    blocks = blocks_of(written(tmp_path / "spans.txt", printed), max_rows=2)
    assert ids(blocks) == [f"s-{i}" for i in range(5)]
    assert ids(blocks_of(written(tmp_path / "again.txt", printed), blocks[0].end)) == ["s-2", "s-3", "s-4"]
    assert ids(blocks_of(written(tmp_path / "rows.json", listed))) == [f"x-{i}" for i in range(5)]


def test_a_cut_document_is_a_rejection(tmp_path: Path) -> None:
    """It names the line where it began."""
    printed = json.dumps(console_span(), indent=4).encode()
    found = parsed(written(tmp_path / "spans.txt", printed + b"\n" + printed[:300]))
    assert len(found.exchanges) == 1
    assert [r.reason for r in found.rejections] == ["line is not whole JSON"]
    assert found.rejections[0].line == printed.count(b"\n") + 2


def test_a_list_in_one_line_is_many_rows(tmp_path: Path) -> None:
    """A bad one among them is one rejection."""
    found = parsed(written(tmp_path / "log", line([ROWS[0], {"ts_us": 5}, 7, ROWS[1]])))
    assert [e.id for e in found.exchanges] == ["x-0", "x-1"]
    assert len(found.rejections) == 2


def test_the_fingerprint_is_the_file_s(tmp_path: Path) -> None:
    """The same content has the same, more of it another."""
    a, b = written(tmp_path / "a", log(*ROWS)), written(tmp_path / "b", log(*ROWS))
    c = written(tmp_path / "c", log(*ROWS, ROWS[0]))
    assert open_log(a).fingerprint == open_log(b).fingerprint != open_log(c).fingerprint


SIZE = 4 * 1024 * 1024


@pytest.mark.parametrize("place", [0, 64 * 1024, SIZE // 2, SIZE - 1], ids=["head", "after it", "middle", "end"])
def test_logs_of_one_size_that_differ_anywhere_have_two_fingerprints(tmp_path: Path, place: int) -> None:
    """As two days of a service may: the same header, the same number of rows of the same width."""
    spaced = b" " * SIZE
    changed = bytearray(spaced)
    changed[place : place + SIZE // 8] = b"\n" * len(changed[place : place + SIZE // 8])
    a, b = written(tmp_path / "a", spaced), written(tmp_path / "b", bytes(changed))
    assert a.stat().st_size == b.stat().st_size
    assert open_log(a).fingerprint != open_log(b).fingerprint


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain or packed, without a share of the whole; going on from a position needs a file."""
    for data in (log(*ROWS), gzip.compress(log(*ROWS))):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        blocks = blocks_of(Path("-"), max_rows=20)
        assert ids(blocks) == [row["id"] for row in ROWS]
        assert [b.end_fraction for b in blocks] == [None] * 3
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    with pytest.raises(InputError, match="standard input cannot be resumed"):
        blocks_of(Path("-"), Position(3, 100))


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    """Missing, or a folder."""
    for path in (tmp_path / "nowhere.jsonl", tmp_path):
        with pytest.raises(InputError, match="cannot be opened"):
            open_log(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.binary(max_size=40)), max_rows=st.integers(1, 5), packed=st.booleans(), stop=st.integers(0, 9))
def test_any_bytes_are_cut_into_the_same_lines(
    tmp_path: Path, texts: list[bytes], max_rows: int, packed: bool, stop: int
) -> None:
    """Blocks give each physical line once and in order, whatever it holds, also when resumed."""
    data = b"\n".join(b"x" + text.replace(b"\r", b"") for text in texts)  # x: no line opens an indented document
    file = written(tmp_path / "any.log", gzip.compress(data) if packed else data)
    blocks = blocks_of(file, max_rows=max_rows)
    rows = [row for block in blocks for row in block.rows]
    assert rows == (data.removesuffix(b"\n").split(b"\n") if data else [])
    assert [n for block in blocks for n in block.lines] == list(range(1, len(rows) + 1))
    resumed = blocks_of(file, blocks[stop % len(blocks)].end if blocks else None, max_rows=max_rows)
    assert [b.rows for b in resumed] == [b.rows for b in blocks[stop % len(blocks) + 1 if blocks else 0 :]]
