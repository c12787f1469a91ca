"""Runs instructor: independent organisations that pull structured records out of their own letters.

Called as `python instructor_extract.py JOB.json`, inside the environment that has instructor. The job holds
`base_url` and `organisations`: `record` (its name), `fields` (field names to a type or a list of choices), `system`
and `senders`: for each account its `key` and `letters`.
"""

import json
import sys
from pathlib import Path
from typing import Literal

import instructor
from openai import OpenAI
from pydantic import create_model

TYPES = {"text": str, "integer": int, "yes_no": bool, "texts": list[str]}


def main() -> None:
    """Extract every letter of every organisation."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for organisation in job["organisations"]:
        record = _record(organisation["record"], organisation["fields"])
        for sender in organisation["senders"]:
            client = instructor.from_openai(OpenAI(base_url=job["base_url"], api_key=sender["key"]))
            for letter in sender["letters"]:
                client.chat.completions.create(
                    model=organisation["model"],
                    temperature=0,
                    response_model=record,
                    max_retries=0,
                    messages=[
                        {"role": "system", "content": organisation["system"]},
                        {"role": "user", "content": letter},
                    ],
                )


def _record(name: str, fields: dict) -> type:
    kinds = {key: TYPES[kind] if isinstance(kind, str) else Literal[tuple(kind)] for key, kind in fields.items()}
    return create_model(name, **{key: (kind, ...) for key, kind in kinds.items()})


if __name__ == "__main__":
    main()
