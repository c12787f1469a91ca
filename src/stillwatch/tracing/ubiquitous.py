"""Phrases that everybody's software sends: default system prompts and the openings of tutorials.

They are sketched under the deployment's secret and their values ignored when skeletons are compared, so that two
strangers are not linked by "You are a helpful assistant". Anything longer than these has to prove itself common in the
benign reference.
"""

from __future__ import annotations

import numpy as np

from stillwatch.exchange.record import Exchange, Message, Principal, Request
from stillwatch.sketch.record import ZONE_SLOTS
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.tracing.skeleton import Keys, keys_of, value_of
from stillwatch.tracing.survey import slot_values

PHRASES = (
    "You are a helpful assistant.",
    "You are a helpful, respectful and honest assistant.",
    "You are a helpful AI assistant.",
    "You are an AI assistant that helps people find information.",
    "You are a friendly and helpful assistant.",
    "You are an expert assistant.",
    "You are ChatGPT, a large language model trained by OpenAI.",
    "You are Claude, created by Anthropic.",
    "You are Gemini, a large language model built by Google.",
    "You are a large language model.",
    "You are a helpful coding assistant.",
    "You are an expert programmer.",
    "You are a helpful assistant that answers questions.",
    "You are a helpful assistant that translates",
    "You are a helpful assistant that summarizes",
    "Answer the question.",
    "Answer the following question.",
    "Answer the user's question.",
    "Please answer the following question",
    "Let's think step by step.",
    "Think step by step.",
    "Summarize the following text",
    "Translate the following text",
    "Write a Python function that",
    "Respond in JSON format.",
    "Return only valid JSON.",
    "Eres un asistente útil.",
    "Vous êtes un assistant utile.",
    "Du bist ein hilfreicher Assistent.",
    "你是一个有用的助手",
    "あなたは親切なアシスタントです",
)
# Where each phrase is found: as system text, or at the head or tail of a turn.
_ROLES = ("system", "user")


def ubiquitous_values(sketcher: Sketcher) -> Keys:
    """Keys of all slot values that these phrases alone produce, sorted."""
    exchanges = [_exchange(role, phrase) for phrase in PHRASES for role in _ROLES]
    batch = sketcher.sketch(exchanges)
    keys = keys_of(slot_values(batch, "zones", ZONE_SLOTS)).ravel()
    return np.unique(keys[value_of(keys) != 0])


def _exchange(role: str, text: str) -> Exchange:
    return Exchange(0, Principal("nobody"), "/v1/chat/completions", "", Request("chat", "", (Message(role, text),)))
