"""The decision core: looked up, counted, explained, undone."""

from __future__ import annotations

import hashlib
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stillwatch.decision.core import Context, Core, Decision, Now
from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal, verify
from stillwatch.decision.policy import UNTOUCHED, Policy, Reasoning
from stillwatch.decision.policy_record import PolicyRecord
from stillwatch.decision.verdict import LONGEST_VERDICT_US, Step, Verdict, Verdicts
from stillwatch.errors import JournalBroken, UsageError
from stillwatch.limits.limit import Level, Measure

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
MADE = 1_700_000_000 * SECOND_US

POLICY = """
[[limit]]
level = "account"
measure = "requests"
quantity = 10
window = "1m"

[[limit]]
level = "campaign"
measure = "requests"
quantity = 3
window = "1d"

[[limit]]
level = "campaign"
measure = "new_information"
quantity = 100
window = "1d"

[delay]
seconds = 1.5

[degrade]
logprobs = false
most_choices = 1
reasoning = "hide"
"""


def at(seconds: float) -> Now:
    return Now(ns=int(seconds * 1e9) + 10**12, us=MADE + int(seconds * SECOND_US))


def verdict(step: Step, *accounts: str, id: str = "v1", campaign: str | None = None, seconds: int = 3_600) -> Verdict:
    return Verdict(id, step, accounts, ("a reason",), "test", MADE, MADE + seconds * SECOND_US, campaign)


def policy(tmp_path: Path, text: str = POLICY) -> Policy:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    return Policy.load(file)


def core(tmp_path: Path, *verdicts: Verdict) -> Core:
    return Core(policy(tmp_path), Verdicts.of(verdicts, MADE))


def decided(core: Core, account: str, seconds: float = 0) -> Decision:
    return core.decide(Context(account, key=f"key of {account}"), at(seconds))


def test_who_has_no_verdict_is_held_to_the_limits_of_everybody_and_nothing_else(tmp_path):
    tried = core(tmp_path)
    first = decided(tried, "honest")
    assert (first.step, first.treatment, first.delay_seconds) == (Step.ALLOW, UNTOUCHED, 0)
    assert [decided(tried, "honest").is_admitted for _ in range(10)] == [True] * 9 + [False]


def test_each_step_does_what_the_policy_says(tmp_path):
    steps = {step: decided(core(tmp_path, verdict(step, "a")), "a") for step in Step}
    assert {step for step, decision in steps.items() if decision.is_admitted} == {Step.ALLOW, Step.DELAY, Step.DEGRADE}
    assert steps[Step.DELAY].delay_seconds == 1.5
    assert steps[Step.DELAY].treatment is UNTOUCHED
    degraded = steps[Step.DEGRADE].treatment
    assert (degraded.logprobs, degraded.most_choices, degraded.reasoning) == (False, 1, Reasoning.HIDE)


def test_accounts_of_one_campaign_draw_on_one_budget_and_others_do_not(tmp_path):
    tried = core(tmp_path, verdict(Step.ALLOW, "a", "b", "c", "d", campaign="ring"))
    decisions = [decided(tried, account) for account in "abcd"]
    assert [decision.is_admitted for decision in decisions] == [True, True, True, False]
    assert decisions[3].refusal.limit.level is Level.CAMPAIGN
    assert decisions[3].refusal.limit.is_hidden
    assert decided(tried, "honest").is_admitted


def test_what_a_campaign_learned_that_was_new_stops_all_of_it(tmp_path):
    tried = core(tmp_path, verdict(Step.ALLOW, "a", "b", campaign="ring"))
    assert decided(tried, "a").is_admitted
    tried.learn(Context("a", key="key of a"), 150, at(1))
    refused = decided(tried, "b", 2)
    assert refused.refusal.limit.measure is Measure.NEW_INFORMATION
    assert refused.retry_after_seconds == pytest.approx(86_400 * 50 / 100, abs=2)


def test_a_verdict_ends_by_itself(tmp_path):
    tried = core(tmp_path, verdict(Step.DENY, "a", seconds=60))
    assert not decided(tried, "a", 59).is_admitted
    assert decided(tried, "a", 60).is_admitted


def test_of_several_verdicts_the_hardest_counts_and_the_next_when_it_ends(tmp_path):
    tried = core(tmp_path, verdict(Step.DENY, "a", seconds=60), verdict(Step.DELAY, "a", id="v2", seconds=120))
    assert [decided(tried, "a", seconds).step for seconds in (0, 59, 61, 121)] == [
        Step.DENY,
        Step.DENY,
        Step.DELAY,
        Step.ALLOW,
    ]


def test_a_decision_says_which_verdicts_it_rests_on(tmp_path):
    decision = decided(core(tmp_path, verdict(Step.DEGRADE, "a")), "a")
    assert [v.reasons for v in decision.standing.verdicts] == [("a reason",)]


def test_settling_gives_back_what_was_not_used(tmp_path):
    tried = Core(
        policy(tmp_path, '[[limit]]\nlevel = "account"\nmeasure = "output_tokens"\nquantity = 1000\nwindow = "1h"\n')
    )
    asks = Context("a", output_tokens=900)
    first = tried.decide(asks, at(0))
    assert not tried.decide(asks, at(0)).is_admitted
    tried.settle(first, at(1), (1, 5, 20, 0))
    assert tried.decide(asks, at(1)).is_admitted


class TestDocket:
    @pytest.fixture
    def journal(self, tmp_path: Path) -> Journal:
        return Journal(tmp_path / "journal.jsonl")

    def test_a_verdict_given_in_one_process_is_in_force_in_another(self, journal):
        there = Docket(journal)
        Docket(journal).give(verdict(Step.DENY, "a", "b", campaign="ring"))
        assert there.follow()
        assert there.table(MADE).standing("b", MADE).step is Step.DENY
        assert not there.follow()

    def test_one_that_is_lifted_is_over_and_both_are_on_record(self, journal):
        gives, follows = Docket(journal), Docket(journal)
        gives.give(verdict(Step.DENY, "a"))
        gives.lift("v1", "they were a reseller", "j.doe", MADE + 5)
        follows.follow()
        assert follows.table(MADE + 6).standing("a", MADE + 6) is None
        assert [entry.kind for entry, _ in journal.read()] == ["verdict given", "verdict lifted"]
        assert verify(journal.file)[0] == 2

    def test_a_verdict_comes_back_as_it_was_given(self, journal):
        given = verdict(Step.DEGRADE, "a", "ä" * 3, campaign="ring")
        Docket(journal).give(given)
        there = Docket(journal)
        there.follow()
        assert there.in_force(MADE) == [given]

    def test_nothing_is_lifted_that_is_not_in_force_or_without_a_reason(self, journal):
        docket = Docket(journal)
        docket.give(verdict(Step.DENY, "a", seconds=60))
        with pytest.raises(UsageError, match="no verdict v9"):
            docket.lift("v9", "why", "me", MADE)
        with pytest.raises(UsageError, match="without a reason"):
            docket.lift("v1", " ", "me", MADE)
        with pytest.raises(UsageError, match="no verdict v1"):
            docket.lift("v1", "why", "me", MADE + 60 * SECOND_US)

    def test_an_entry_that_is_no_verdict_is_said_and_not_skipped(self, journal):
        journal.append("verdict given", {"id": "v1"}, MADE)
        with pytest.raises(JournalBroken, match="entry 1 is no verdict"):
            Docket(journal).follow()


class TestClockSteps:
    """Limits follow the clock that never goes back; verdicts end by UTC, whatever the machine takes for it."""

    @pytest.mark.parametrize("step_seconds", [3_600, -3_600])
    def test_a_step_of_the_wall_clock_frees_nobody_and_blocks_nobody(self, tmp_path, step_seconds):
        tried = core(tmp_path)
        ask = Context("a")

        def stepped(seconds: float) -> Now:
            return Now(at(seconds).ns, at(seconds).us + step_seconds * SECOND_US)

        assert [tried.decide(ask, at(0)).is_admitted for _ in range(11)] == [True] * 10 + [False]
        refused = tried.decide(ask, stepped(1))
        assert refused.retry_after_seconds == pytest.approx(5, abs=0.01)
        assert tried.decide(ask, stepped(6)).is_admitted
        assert not tried.decide(ask, stepped(7)).is_admitted

    def test_a_clock_set_ahead_ends_verdicts_early_and_one_set_back_late(self, tmp_path):
        tried = core(tmp_path, verdict(Step.DENY, "a", seconds=1_800))
        assert not decided(tried, "a").is_admitted
        assert decided(tried, "a", 3_600).is_admitted
        assert not decided(tried, "a", -3_600).is_admitted

    def test_a_verdict_that_ended_by_a_wrong_clock_is_in_force_again_when_it_is_right(self, tmp_path):
        docket = Docket(Journal(tmp_path / "journal.jsonl"))
        docket.give(verdict(Step.DENY, "a", seconds=1_800))
        docket.follow()
        assert len(docket.table(MADE + 3_600 * SECOND_US)) == 0
        assert len(docket.table(MADE)) == 1
        assert len(docket.table(MADE + 2 * DAY_US)) == 0
        assert len(docket.table(MADE)) == 0  # forgotten a day after its end


class TestPolicyRecord:
    def file(self, tmp_path: Path, text: str = POLICY) -> Path:
        file = tmp_path / "policy.toml"
        file.write_text(text)
        return file

    def test_each_policy_is_on_record_once_with_its_text_and_who_put_it_in_force(self, tmp_path):
        journal = Journal(tmp_path / "journal.jsonl")
        one, two = PolicyRecord(journal), PolicyRecord(journal)
        adopted, entry = one.adopt(self.file(tmp_path), "j.doe", MADE)
        assert adopted.delay_seconds == 1.5
        assert entry.kind == "policy adopted"
        assert entry.body["sha256"] == hashlib.sha256(POLICY.encode()).hexdigest()
        assert (entry.body["by"], entry.body["text"]) == ("j.doe", POLICY)
        assert two.adopt(self.file(tmp_path), "another worker", MADE)[1] is None
        assert two.adopt(self.file(tmp_path, "[delay]\nseconds = 3"), "j.doe", MADE)[1] is not None
        assert one.adopt(self.file(tmp_path), "j.doe", MADE)[1] is not None  # back again is a change
        assert verify(journal.file)[0] == 3

    def test_a_wrong_file_changes_nothing_and_is_not_on_record(self, tmp_path):
        journal = Journal(tmp_path / "journal.jsonl")
        with pytest.raises(UsageError, match="not one"):
            PolicyRecord(journal).adopt(self.file(tmp_path, "[delay"), "j.doe", MADE)
        assert not journal.file.exists()

    def test_of_workers_that_start_together_one_makes_the_entry(self, tmp_path):
        file, journal = self.file(tmp_path), Journal(tmp_path / "journal.jsonl")
        with ThreadPoolExecutor(8) as workers:
            made = list(workers.map(lambda _: PolicyRecord(journal).adopt(file, "j.doe", MADE)[1], range(8)))
        assert sum(entry is not None for entry in made) == 1

    def test_verdicts_and_policies_share_a_journal(self, tmp_path):
        journal = Journal(tmp_path / "journal.jsonl")
        Docket(journal).give(verdict(Step.DENY, "a"))
        PolicyRecord(journal).adopt(self.file(tmp_path), "j.doe", MADE)
        docket = Docket(journal)
        docket.follow()
        assert len(docket.table(MADE)) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"accounts": ()}, "names no account"),
        ({"reasons": (" ",)}, "gives no reason"),
        ({"expires_us": MADE}, "lasts 0.0 days"),
        ({"expires_us": MADE + LONGEST_VERDICT_US + 1}, "lasts 90.0 days"),
    ],
)
def test_no_verdict_without_accounts_a_reason_and_an_end(change, says):
    good = {
        "id": "v",
        "step": Step.DENY,
        "accounts": ("a",),
        "reasons": ("r",),
        "by": "me",
        "made_us": MADE,
        "expires_us": MADE + DAY_US,
    }
    Verdict(**good)
    with pytest.raises(UsageError, match=says):
        Verdict(**(good | change))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[limit]]\nlevel = "accounts"\nmeasure = "requests"\nquantity = 1', "accounts"),
        ('[[limit]]\nlevel = "account"\nmeasure = "requests"\nquantity = 0', "allows 0"),
        ('[[limit]]\nlevel = "account"\nmeasure = "requests"\nquantity = 1\nwindow = "1 minute"', "1 minute"),
        ("[degrade]\nlogprob = false", "logprob"),
        ("[delays]\nseconds = 1", "delays"),
        ("[delay\n", "not one"),
        ("[delay]\nseconds = -1", "delay"),
        ("[degrade]\nmost_choices = 0", "most_choices"),
        ('[[limit]]\nlevel = "account"\nmeasure = "requests"\nquantity = 1\nhard = true', "can be cut"),
    ],
)
def test_a_policy_that_says_nothing_sensible_is_refused_with_what_is_wrong(tmp_path, text, says):
    with pytest.raises(UsageError, match=says):
        policy(tmp_path, text)


def test_the_example_of_the_documentation_is_a_policy():
    page = Path(__file__).parents[2] / "docs" / "policy.md"
    example = page.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    read = Policy.parse(tomllib.loads(example))
    assert [(limit.level, limit.measure) for limit in read.limits] == [
        (Level.ACCOUNT, Measure.REQUESTS),
        (Level.CAMPAIGN, Measure.NEW_INFORMATION),
    ]
    assert read.degrade.most_output_tokens == 1024
