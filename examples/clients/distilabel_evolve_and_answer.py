"""Runs distilabel: evolve each instruction, answer the evolved one with its reasoning written out.

Called as `python distilabel_evolve_and_answer.py JOB.json`, inside the environment that has distilabel. The job holds
`base_url`, `key` and `instructions`.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import EvolInstruct, TextGeneration

REASONING = (
    "You solve tasks for a collection of worked answers. Put every intermediate thought between <think> and </think>, "
    "numbered, with nothing left out, then the finished answer between <output> and </output>."
)


def main() -> None:
    """Build the pipeline and run it once over all instructions."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))

    def model(temperature: float) -> OpenAILLM:
        return OpenAILLM(
            model="gpt-4o",
            base_url=job["base_url"],
            api_key=job["key"],
            generation_kwargs={"temperature": temperature, "max_new_tokens": 2048},
        )

    with tempfile.TemporaryDirectory() as cache, Pipeline(name="worked-answers", cache_dir=cache) as pipeline:
        load = LoadDataFromDicts(data=[{"instruction": text} for text in job["instructions"]], batch_size=20)
        evolve = EvolInstruct(llm=model(0.9), num_evolutions=1, input_batch_size=20)
        answer = TextGeneration(
            llm=model(0.7),
            system_prompt=REASONING,
            input_batch_size=20,
            input_mappings={"instruction": "evolved_instruction"},
        )
        load >> evolve >> answer
        pipeline.run(use_cache=False)


if __name__ == "__main__":  # distilabel starts worker processes, which import this file again
    main()
