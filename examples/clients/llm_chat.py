"""Runs the `llm` library's conversations: ordinary people who chat, each about subjects of their own.

Called as `python llm_chat.py JOB.json`, inside the environment that has llm. The job holds `base_url` and `people`:
for each account its `key`, `system` prompt or null, and `conversations`, lists of what the person says in turn.
"""

import json
import sys
from pathlib import Path

from llm.default_plugins.openai_models import Chat


def main() -> None:
    """Hold every conversation of every person, turn by turn."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for person in job["people"]:
        model = Chat(model_id="gpt-4o", api_base=job["base_url"])
        model.key = person["key"]
        for turns in person["conversations"]:
            conversation = model.conversation()
            for turn in turns:
                conversation.prompt(turn, system=person["system"], key=person["key"]).text()


if __name__ == "__main__":
    main()
