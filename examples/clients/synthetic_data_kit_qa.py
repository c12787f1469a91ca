"""Runs synthetic-data-kit's own commands for each account: `create` question-answer pairs, then `curate` them.

Called as `python synthetic_data_kit_qa.py JOB.json`, inside the environment that has synthetic-data-kit. The job holds
`base_url` and `shares`: for each account its `key` and `documents`, file names to texts.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import synthetic_data_kit
import yaml

SETTINGS = {
    "generation": {"chunk_size": 1500, "overlap": 100, "max_tokens": 2048, "num_pairs": 24, "max_context_length": 1500},
    "curate": {"threshold": 7.0, "batch_size": 5, "temperature": 0.1},
}


def main() -> None:
    """Work through the shares, one account after the other."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        for share in job["shares"]:
            _run_share(job["base_url"], share, Path(folder) / share["key"])


def _run_share(base_url: str, share: dict, folder: Path) -> None:
    sources, pairs, curated = folder / "documents", folder / "pairs", folder / "curated"
    sources.mkdir(parents=True)
    for name, text in share["documents"].items():
        (sources / f"{name}.txt").write_text(text, encoding="utf-8")
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(_configuration(base_url, share["key"])), encoding="utf-8")
    _command(config, "create", str(sources), "--type", "qa", "--output-dir", str(pairs))
    _command(config, "curate", str(pairs), "--output", str(curated))


def _configuration(base_url: str, key: str) -> dict:
    """The configuration that the tool ships, its prompts included, with this server and smaller chunks."""
    shipped = yaml.safe_load(Path(synthetic_data_kit.__file__).with_name("config.yaml").read_text(encoding="utf-8"))
    shipped["api-endpoint"] |= {"api_base": base_url, "api_key": key, "model": "gpt-4o", "max_retries": 1}
    for section, values in SETTINGS.items():
        shipped[section] |= values
    return shipped


def _command(config: Path, *arguments: str) -> None:
    tool = Path(sys.executable).parent / "synthetic-data-kit"
    subprocess.run([tool, "-c", config, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our words


if __name__ == "__main__":
    main()
