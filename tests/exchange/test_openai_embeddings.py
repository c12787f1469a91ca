"""Embedding calls become requests whose texts are input."""

from __future__ import annotations

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.openai_embeddings import Assembler, parse_request
from stillwatch.exchange.record import Message, Parameters, Request, Usage

from .samples import EMBEDDINGS_REQUEST, EMBEDDINGS_RESPONSE, wire


def test_each_text_is_one_input_message() -> None:
    """Neither user nor system: nobody talks here."""
    texts = EMBEDDINGS_REQUEST["input"]
    assert parse_request(wire(EMBEDDINGS_REQUEST)) == Request(
        operation="embedding",
        model="text-embedding-3-small",
        messages=(Message("input", texts[0]), Message("input", texts[1])),
        parameters=Parameters(names="encoding_format"),
    )


def test_a_body_without_input_is_no_request() -> None:
    """The reason names the field and quotes nothing."""
    with pytest.raises(MalformedRow, match=r"^body has no input$"):
        parse_request(wire({"model": "m"}))


def test_a_response_gives_the_number_of_vectors() -> None:
    """And the tokens that were read."""
    assembler = Assembler()
    assembler.observe(wire(EMBEDDINGS_RESPONSE))
    found = assembler.response(is_whole=True)
    assert (found.choices, found.usage) == (2, Usage(12))
