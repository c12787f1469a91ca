"""findings.json keeps the contract `stillwatch.findings/1`, whole or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.campaigns.campaign import Review
from stillwatch.evidence import Evidence
from stillwatch.report.atomic_file import FileNotWritten
from stillwatch.report.findings import UnwritableFinding, findings, write_findings

from . import sample_reviews
from .contract import problems

SCHEMA: dict[str, Any] = json.loads((files("stillwatch.report") / "findings.schema.json").read_text("utf-8"))

# The contract as DESIGN.md states it, key for key.
CONTRACT = {
    "findings": "schema input alpha campaigns accounts rules drift",
    "input": "exchanges accounts rejected",
    "campaign": "id accounts exchanges first_us last_us log_e verdict stratum objective evidence attribution action",
    "evidence": "family log_e statement detail",
    "hypothesis": "hypothesis name probability would_refute",
    "account": "account stratum log_e verdict campaign evidence",
    "rule": "rule account exchanges statement",
    "drift": "stratum statistic alarm benign_accounts accounts benign_median median statement",
}
SAMPLES = [
    sample_reviews.empty,
    sample_reviews.quiet,
    sample_reviews.one_campaign,
    sample_reviews.three_campaigns,
    sample_reviews.forty_campaigns,
    sample_reviews.hostile,
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_findings_keep_the_contract_key_for_key(sample: Callable[[], Review], tmp_path: Path) -> None:
    """What is written reads back as JSON and has no key more and none fewer than the schema says."""
    write_findings(sample(), tmp_path / "findings.json")
    written = json.loads((tmp_path / "findings.json").read_text("utf-8"))
    assert problems(written, SCHEMA, SCHEMA) == []


@pytest.mark.parametrize("part", CONTRACT)
def test_the_schema_is_the_contract_of_the_design(part: str) -> None:
    """Every key is required, none other is allowed, and they stand in the order of the design."""
    schema = {"findings": SCHEMA, "input": SCHEMA["properties"]["input"], **SCHEMA["$defs"]}[part]
    assert schema["required"] == CONTRACT[part].split()
    assert list(schema["properties"]) == CONTRACT[part].split()
    assert schema["additionalProperties"] is False


def test_the_checker_sees_a_key_too_many_a_key_too_few_and_a_wrong_kind() -> None:
    """A checker that accepts everything would prove nothing."""
    written: dict[str, Any] = findings(sample_reviews.quiet())
    assert problems({**written, "more": 1}, SCHEMA, SCHEMA) == ["$.more is not in the contract"]
    assert problems({k: v for k, v in written.items() if k != "alpha"}, SCHEMA, SCHEMA) == ["$.alpha is missing"]
    assert problems({**written, "alpha": "0.01"}, SCHEMA, SCHEMA) == ["$.alpha is not number"]


def test_every_finding_is_in_the_file() -> None:
    """No account, campaign or rule is left out, whatever the page shows."""
    review = sample_reviews.forty_campaigns()
    written: dict[str, Any] = findings(review)
    assert {c["id"] for c in written["campaigns"]} == {c.id for c in review.campaigns}
    assert sorted(a["account"] for a in written["accounts"]) == sorted(a.account for a in review.accounts)
    assert len(written["rules"]) == len(review.rules)


def test_the_strongest_findings_come_first() -> None:
    """Campaigns before rings to watch, then by evidence; accounts to act on before clear ones."""
    written: dict[str, Any] = findings(sample_reviews.three_campaigns())
    assert [c["id"] for c in written["campaigns"]] == ["C-7f3a", "C-19be", "C-c402"]
    assert [written["accounts"][place]["verdict"] for place in (0, 33, 34, 40, 41)] == [
        "act",
        "act",
        "watch",
        "watch",
        "clear",
    ]


def test_the_order_of_the_review_does_not_matter() -> None:
    """The same findings in another order give the same file."""
    review = sample_reviews.three_campaigns()
    turned = replace(review, campaigns=review.campaigns[::-1], accounts=review.accounts[::-1], rules=review.rules[::-1])
    assert json.dumps(findings(turned)) == json.dumps(findings(review))


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_is_not_finite_is_refused_and_the_old_file_stays(number: float, tmp_path: Path) -> None:
    """Infinity is not JSON and not evidence; nothing is written rather than something wrong."""
    path = tmp_path / "findings.json"
    path.write_text("old")
    review = sample_reviews.one_campaign()
    broken = replace(review, campaigns=(replace(review.campaigns[0], log_e=number),))
    with pytest.raises(UnwritableFinding, match="log_e of a campaign"):
        write_findings(broken, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_detail_that_is_not_finite_is_refused_by_name() -> None:
    """The error says which number of which family, so that the detector can be found."""
    review = sample_reviews.one_campaign()
    evidence = Evidence("shape", 1.0, "Same parameters.", {"ratio": math.nan})
    broken = replace(review, campaigns=(replace(review.campaigns[0], evidence=(evidence,)),))
    with pytest.raises(UnwritableFinding, match="ratio of the shape evidence is nan"):
        findings(broken)


def test_numbers_of_numpy_become_numbers_of_json() -> None:
    """Detectors compute with numpy; the file does not know it."""
    review = sample_reviews.one_campaign()
    detail: Any = {"accounts": np.int64(9), "ratio": np.float32(0.5)}
    evidence = Evidence("shape", float(np.float64(1.0)), "Same parameters.", detail)
    written: Any = findings(replace(review, campaigns=(replace(review.campaigns[0], evidence=(evidence,)),)))
    assert json.dumps(written["campaigns"][0]["evidence"][0]["detail"]) == '{"accounts": 9, "ratio": 0.5}'


def test_a_hostile_name_reads_back_as_it_was(tmp_path: Path) -> None:
    """Markup, control characters and an unpaired surrogate survive the file unchanged."""
    write_findings(sample_reviews.hostile(), tmp_path / "findings.json")
    written = json.loads((tmp_path / "findings.json").read_text("ascii"))
    assert written["campaigns"][0]["accounts"][0] == sample_reviews.HOSTILE + "0"


def test_each_account_has_a_line_of_its_own(tmp_path: Path) -> None:
    """The file greps and diffs: one campaign, account or rule a line."""
    review = sample_reviews.three_campaigns()
    write_findings(review, tmp_path / "findings.json")
    lines = (tmp_path / "findings.json").read_text().splitlines()
    assert sum(line.startswith('{"account": ') for line in lines) == len(review.accounts)


def test_a_directory_that_does_not_exist_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """The operator reads what to do, and not a traceback."""
    with pytest.raises(FileNotWritten, match="Name a directory that exists"):
        write_findings(sample_reviews.empty(), tmp_path / "nowhere" / "findings.json")


def test_only_the_user_of_the_hunt_can_read_the_file(tmp_path: Path) -> None:
    """It holds account names: others get it from a person, and not from the file system."""
    write_findings(sample_reviews.empty(), tmp_path / "findings.json")
    assert (tmp_path / "findings.json").stat().st_mode & 0o077 == 0
