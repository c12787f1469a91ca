"""The end of an audit: both channels in one report, links to campaigns, and a PDF where a browser is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from stillwatch.audit.campaign_links import linked
from stillwatch.audit.marker_record import commit
from stillwatch.cli.audit_delivery import link
from stillwatch.cli.printing import BROWSERS, printed
from stillwatch.decision.journal import Journal
from stillwatch.errors import InputError, UsageError
from stillwatch.experiments.student import Student
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.watermark.conventions import ConventionKey

from .conftest import Stillwatch
from .suspect import Suspect
from .test_commands import ask, planned, reported
from .test_marker_commands import Talker, recorded

FINDINGS = {
    "schema": "stillwatch.findings/1",
    "campaigns": [{"id": "C-12"}],
    "accounts": [{"account": "acct-17", "verdict": "act", "campaign": "C-12"}, {"account": "other", "campaign": None}],
}


def test_a_campaign_is_known_by_its_accounts_pseudonyms() -> None:
    assert list(linked(FINDINGS, "pseudonym-of-{}".format)) == ["pseudonym-of-acct-17"]
    with pytest.raises(InputError, match="no findings of a hunt"):
        linked({"accounts": "none"}, str)


@pytest.fixture
def audited(stillwatch: Stillwatch, guilty: Student, clean: Student) -> Stillwatch:
    """An audit that finds the key of `acct-2`, which is the pseudonym of nobody."""
    planned(stillwatch, [f"Say {number}" for number in range(40)])
    assert ask(stillwatch, Suspect(guilty))[0] == 0
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    return stillwatch


def test_both_channels_stand_in_one_report_and_multiply(audited: Stillwatch) -> None:
    """The account whose key and whose conventions are found; the e-values of two secrets are one product."""
    key = ConventionKey(Secret.create(Path("markers.key")))
    commit(Journal(Path("journal.jsonl")), key.commitment(), 1)
    probing = ("--markers-secret", "markers.key")
    assert audited("audit", "probe", "may", "--suspect", "X", "--key", "acct-2", "--key", "acct-1", *probing)[0] == 0
    recorded(audited, "suspect", Talker(1, {one.name: one.served for one in key.drawn("acct-2", 5)}), each=2)
    recorded(audited, "control", Talker(2), each=2)
    Path("findings.json").write_text(json.dumps(FINDINGS))
    for wrong, says in ((("--markers", "may"), "--markers-secret"), (("--findings", "findings.json"), "--secret")):
        code, _, err = reported(audited, *wrong)
        assert code == 2
        assert says in err
    code, said, _ = reported(audited, "--markers", "may", *probing, "--json")
    assert code == 0
    told = json.loads(said)
    together = {one["account"]: one for one in told["together"]}
    assert set(together) == {"acct-1", "acct-2"}
    found = together["acct-2"]
    assert found["log_e"] == pytest.approx(sum(channel["log_e"] for channel in found["channels"]))
    assert {channel["secret"] for channel in found["channels"]} == {"marks", "conventions"}
    page = Path("april/audit.html").read_text()
    assert "Markers" in page
    assert "e-values multiply" in page


def test_a_key_leads_to_its_campaign_under_the_secret_alone(tmp_path: Path) -> None:
    secret = Secret.create(tmp_path / "deployment.key")
    (tmp_path / "findings.json").write_text(json.dumps(FINDINGS))
    pseudonym = f"{Pseudonymiser(secret, 'account')('acct-17'):016x}"
    told = {"keys": [{"account": pseudonym}, {"account": ""}]}
    link(told, tmp_path / "findings.json", tmp_path / "deployment.key", names=False)
    assert told["keys"] == [
        {"account": pseudonym, "campaign": "C-12", "name": None},
        {"account": "", "campaign": None, "name": None},
    ]
    link(told, tmp_path / "findings.json", tmp_path / "deployment.key", names=True)
    assert told["keys"][0]["name"] == "acct-17"
    Secret.create(tmp_path / "other.key")
    link(told, tmp_path / "findings.json", tmp_path / "other.key", names=True)
    assert told["keys"][0] == {"account": pseudonym, "campaign": None, "name": None}


def test_without_a_browser_there_is_no_pdf_and_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    page = tmp_path / "audit.html"
    page.write_text("<p>x")
    with pytest.raises(UsageError, match="no PDF: none of chromium"):
        printed(page, tmp_path / "audit.pdf")


@pytest.mark.long
@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no Chromium is installed to print with")
def test_a_page_is_printed(tmp_path: Path) -> None:
    page = tmp_path / "audit.html"
    page.write_text("<!doctype html><title>t</title><h1>Printed</h1>")
    printed(page, tmp_path / "audit.pdf")
    assert (tmp_path / "audit.pdf").read_bytes().startswith(b"%PDF-")
