"""Many streams at once through one worker process: a small version of `python -m benchmarks streams`."""

from __future__ import annotations

from benchmarks.streams.frames import DONE, Check, chunk, frame
from benchmarks.streams.run import streamed


def test_three_hundred_streams_at_once_lose_no_frame() -> None:
    """All are open together, and each client gets its frames in their order, to the end."""
    got = streamed(300, frames=6, interval=0.2)
    assert (got.whole, got.broken, got.lost, got.frames) == (300, 0, 0, 1_800)
    assert got.most_open == 300


def test_the_check_sees_what_is_missing_and_what_is_out_of_turn() -> None:
    """Else a benchmark without losses would say nothing."""
    end = chunk(DONE) + b"0\r\n\r\n"
    for numbers, wrong, is_whole in (([0, 1, 2], 0, True), ([0, 2], 1, True), ([0, 2, 1], 2, True), ([0, 1], 0, False)):
        check, text = Check(), b"".join(chunk(frame(number)) for number in numbers) + end * is_whole
        for byte in text:
            check.feed(bytes([byte]))
        assert (check.wrong, check.is_whole) == (wrong, is_whole)
