"""A campaign's profile names its operator in a later hunt, by the real command line; and where addresses lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .command_line import Home
from .worlds import World, dealt_out, invented, invented_chats, people, seeded, vocabulary, write_log
from .wrappers import MAKE_ITEMS

SEED = 41
HERE = {"country": "DE", "asn": 64_500}
NETWORKS = "first,last,country,asn,name\n198.18.0.0,198.18.255.255,DE,64500,Example Hosting\n"


def log(folder: Path, ring: str) -> Path:
    """An operator's ring and people, all in one network."""
    rng = seeded(SEED)
    pool = invented(rng, MAKE_ITEMS, [vocabulary(rng) for _ in range(40)], 250)
    world = World().with_ring(ring, dealt_out(ring, pool, rng))
    world = world.with_honest("people", people("person", invented_chats(rng, 60), 4, rng))
    return write_log(folder / f"{ring}.jsonl", [{**row, **HERE} for row in world.rows(SEED)])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """After a hunt that found the first campaign, whose operator somebody has then named."""
    home = Home(tmp_path_factory.mktemp("operators"))
    [campaign] = home.hunt(log(home.folder, "first"), "out")["campaigns"]
    profile = json.loads((home.folder / "out" / "profiles" / f"{campaign['id']}.json").read_text())
    assert profile["name"] == campaign["id"]
    (home.folder / "known").mkdir()
    (home.folder / "known" / "kestrel.json").write_text(json.dumps({**profile, "name": "Kestrel"}))
    return home


def operator(findings: dict[str, Any]) -> str:
    """The name that the first campaign's hypothesis of an operator carries."""
    hypotheses = findings["campaigns"][0]["attribution"]
    return str(next(one["name"] for one in hypotheses if one["hypothesis"] == "operator"))


@pytest.mark.long
def test_the_operator_is_named_when_he_comes_again_under_new_accounts(home: Home) -> None:
    """By a file or by its folder; without a profile nobody is named, and nothing else is said otherwise."""
    again = log(home.folder, "again")
    plain = home.hunt(again, "plain")
    known = home.hunt(again, "known-folder", "--profiles", "known")
    assert known == home.hunt(again, "known-file", "--profiles", home.folder / "known" / "kestrel.json")
    assert (operator(plain), operator(known)) == ("", "Kestrel")
    for one in known["campaigns"]:
        for hypothesis in one["attribution"]:
            hypothesis["name"] = ""
    assert known == plain


def test_a_database_names_the_networks_of_a_ring(home: Home) -> None:
    """In the report, with the sentence that it is no evidence."""
    (home.folder / "networks.csv").write_text(NETWORKS)
    home.hunt(home.folder / "first.jsonl", "named", "--networks", "networks.csv")
    page = (home.folder / "named" / "report.html").read_text()
    assert "AS64500 Example Hosting" in page
    assert "is no evidence" in page


@pytest.mark.long
def test_a_later_hunt_replaces_the_profiles_of_an_earlier_one(home: Home) -> None:
    """But for those that somebody has named."""
    home.hunt(log(home.folder, "third"), "twice")
    (home.folder / "twice" / "profiles" / "C-gone.json").write_text("{}")
    (home.folder / "twice" / "profiles" / "kestrel.json").write_text("{}")
    home.hunt(home.folder / "third.jsonl", "twice")
    assert {"C-gone.json", "kestrel.json"} & {p.name for p in (home.folder / "twice" / "profiles").iterdir()} == {
        "kestrel.json"
    }


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("--profiles", "{}", "is not in the form stillwatch.profile/1"),
        (
            "--profiles",
            '{"name": "x", "key": "another", "objective": "coding", "skeleton": ["1"]}',
            "was made under deployment key another",
        ),
        ("--networks", "198.18.0.9,198.18.0.0,DE,64500,x", "line 1 is no range"),
    ],
)
def test_bad_files_are_named_before_anything_is_read(home: Home, option: str, content: str, said: str) -> None:
    (home.folder / "bad.txt").write_text(content)
    done = home.run("hunt", "first.jsonl", "--out", "refused", option, "bad.txt")
    assert (done.returncode, done.stdout) == (3, "")
    assert "bad.txt" in done.stderr
    assert said in " ".join(done.stderr.split())
    assert not (home.folder / "refused").exists()


def test_a_folder_without_profiles_is_refused(home: Home) -> None:
    (home.folder / "empty").mkdir()
    done = home.run("hunt", "first.jsonl", "--out", "refused", "--profiles", "empty")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no profile was found in empty" in done.stderr
