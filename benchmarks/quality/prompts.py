"""What the real model is asked: everyday questions, eight a round."""

from __future__ import annotations

ROUNDS = (
    (
        "Explain how a bicycle stays upright.",
        "Describe a morning at a fish market.",
        "Why do leaves change their colour in autumn?",
        "Write the beginning of a story about a lighthouse keeper.",
        "What should somebody know before adopting a dog?",
        "How does a refrigerator keep food cold?",
        "Give advice to somebody who learns to play the piano.",
        "Describe how bread is made at home.",
    ),
    (
        "Explain why the sea is salty.",
        "Describe a train journey through the mountains.",
        "How do bees find their way home?",
        "Write the beginning of a story about a lost key.",
        "What should somebody pack for a week of hiking?",
        "How does a vaccine protect a child?",
        "Give advice to somebody who starts a new job.",
        "Describe how a violin is built.",
    ),
    (
        "Explain what inflation is.",
        "Describe the kitchen of a busy restaurant.",
        "Why do cats purr?",
        "Write a letter from a sailor to his sister.",
        "What should somebody ask before renting a flat?",
        "How does a telescope make distant things visible?",
        "Give advice to somebody who cannot sleep.",
        "Describe how paper is recycled.",
    ),
)
