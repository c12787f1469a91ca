"""Real dictionary attacks: on the shared-key mode, which falls at once, and on a stolen store, which does not.

The attacker of a store has the right dictionary: every planted identifier is in it, in its one spelling. What is
missing is the key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network

import pytest

from stillwatch.errors import UsageError
from stillwatch.sharing.tags.epochs import DAY_SECONDS
from stillwatch.sharing.tags.group import Element, Scalar
from stillwatch.sharing.tags.identifier import Identifier, Kind
from stillwatch.sharing.tags.normalise import identifier
from stillwatch.sharing.tags.oprf import known
from stillwatch.sharing.tags.service import Rules
from stillwatch.sharing.tags.suite import Mode, Suite
from stillwatch.sharing.tags.tag_set import PublishedTag, Tag, TagSet
from stillwatch.sharing.tags.weak import UnsafeSharedKeyTags

SUITE = Suite()
EPOCH = 3
UNTIL_S = 2_000_000_000
PLANTED = [
    *(identifier(Kind.IPV4, str(IPv4Address("93.184.0.0") + number)) for number in range(100)),
    *(identifier(Kind.EMAIL, f"trial{number}@example.com") for number in range(100)),
    *(identifier(Kind.PAYMENT, f"card:411111:{number:04}:05/27") for number in range(100)),
]
Guess = Callable[[bytes], bytes]


def stolen(keys: Scalar) -> TagSet:
    """What the hub's store holds: the whole set, as anybody who robs it reads it."""
    tags = (Tag(one.kind, EPOCH, known(SUITE, keys, one.data)[:16]) for one in PLANTED)
    return TagSet.decode(TagSet.of(EPOCH, (PublishedTag(tag, 50, UNTIL_S) for tag in tags)).encode())


def recovered(store: TagSet, guess: Guess, dictionary: Iterable[Identifier] = PLANTED) -> int:
    """How many identifiers of the dictionary the guess finds in the store, by any 16 bytes of its output."""
    values = {row.tobytes() for row in store.tags}
    windows = ((one, guess(one.data)) for one in dictionary)
    return sum(any(out[at : at + 16] in values for at in range(len(out) - 15)) for _, out in windows)


def keyless_guesses(public: Element) -> dict[str, Guess]:
    """What somebody tries who has the store, the rules, the public key and the source, but no key."""
    group = SUITE.group
    one = Scalar((1).to_bytes(32, "little"))
    hashed = {
        name: (lambda data, name=name: hashlib.new(name, data).digest()) for name in ("sha256", "sha512", "sha3_512")
    }
    keyed = {
        f"HMAC under {name}": (lambda data, key=key: hmac.digest(key, data, "sha512"))
        for name, key in {"the public key": public, "zeros": bytes(32), "the epoch": b"%d" % EPOCH}.items()
    }
    functions = {
        "no key at all": one,
        "the public key as a scalar": group.scalar_of(public + bytes(32)),
        "a seed of zeros": SUITE.key_pair(bytes(32), f"stillwatch tags, epoch {EPOCH}".encode()).secret,
        "a random key": group.random(),
        "the other mode's key": Suite(Mode.OPRF).key_pair(bytes(32), b"").secret,
    }
    evaluated = {name: (lambda data, key=key: known(SUITE, key, data)) for name, key in functions.items()}
    return {**hashed, **keyed, **evaluated}


def test_a_stolen_store_gives_up_nothing() -> None:
    """0 of 300 planted identifiers by eleven ways of guessing; with the key, as a control, the attack finds all."""
    keys = SUITE.key_pair(secrets.token_bytes(32), b"the key service's own")
    store = stolen(keys.secret)
    found = {name: recovered(store, guess) for name, guess in keyless_guesses(keys.public).items()}
    assert found == dict.fromkeys(found, 0)
    assert len(found) == 11
    assert recovered(store, lambda data: known(SUITE, keys.secret, data)[:16]) == len(PLANTED)


def test_one_of_two_operators_breached_gives_up_nothing() -> None:
    """Store and one key together: without the other operator's key the dictionary finds nothing."""
    one, other = (SUITE.key_pair(secrets.token_bytes(32), b"an operator") for _ in range(2))
    store = stolen(SUITE.group.scalar_times(one.secret, other.secret))
    assert recovered(store, lambda data: known(SUITE, one.secret, data)) == 0
    assert recovered(store, lambda data: known(SUITE, other.secret, data)) == 0


@pytest.mark.long
def test_a_stolen_store_of_a_hundred_thousand_gives_up_nothing() -> None:
    """The same at the size of a real alliance, by the three guesses that cost least."""
    keys = SUITE.key_pair(secrets.token_bytes(32), b"the key service's own")
    network = IPv4Network("93.0.0.0/8")
    planted = [identifier(Kind.IPV4, str(network[number * 167])) for number in range(100_000)]
    tags = (Tag(one.kind, EPOCH, known(SUITE, keys.secret, one.data)[:16]) for one in planted)
    store = TagSet.of(EPOCH, (PublishedTag(tag, 50, UNTIL_S) for tag in tags))
    assert len(store) == 100_000
    for name in ("sha256", "sha512", "HMAC under the public key"):
        assert recovered(store, keyless_guesses(keys.public)[name], planted) == 0


def test_a_member_reads_everybody_s_addresses_under_a_shared_key() -> None:
    """The weak mode: a member who holds the key reads each of another's 300 addresses out of a network of 65,536."""
    shared = UnsafeSharedKeyTags(secrets.token_bytes(32), members_may_read_each_others_lists=True)
    network = IPv4Network("93.184.0.0/16")
    secret = {str(network[number]) for number in secrets.SystemRandom().sample(range(65_536), 300)}
    store = {shared.tag(Identifier(Kind.IPV4, address), EPOCH).value for address in secret}
    dictionary = (Identifier(Kind.IPV4, str(address)) for address in network)
    assert {one.value for one in dictionary if shared.tag(one, EPOCH).value in store} == secret


def test_a_member_reads_a_card_s_last_digits_under_a_shared_key() -> None:
    """Known first digits and expiry leave ten thousand guesses."""
    shared = UnsafeSharedKeyTags(secrets.token_bytes(32), members_may_read_each_others_lists=True)
    target = shared.tag(identifier(Kind.PAYMENT, "card:411111:7351:05/27"), EPOCH)
    guesses = (identifier(Kind.PAYMENT, f"card:411111:{last:04}:05/27") for last in range(10_000))
    assert [g.value for g in guesses if shared.tag(g, EPOCH) == target] == ["card:411111:7351:2027-05"]


def test_the_weak_mode_is_off() -> None:
    """It has to be asked for in words that say what it does."""
    with pytest.raises(UsageError, match="hide nothing from members"):
        UnsafeSharedKeyTags(secrets.token_bytes(32))
    with pytest.raises(UsageError, match="32 bytes"):
        UnsafeSharedKeyTags(b"short", members_may_read_each_others_lists=True)


def test_the_quota_is_what_stands_against_a_member_who_guesses() -> None:
    """A member may evaluate 49,152 guesses a day: a network of 65,536 falls in two days, all of IPv4 in 239 years."""
    daily = Rules().batch_points * Rules().daily_batches
    assert daily == 49_152
    assert 65_536 / daily < 2
    assert round(2**32 / daily / 365.25) == 239
    assert round(1e10 / daily / 365.25) == 557  # ten digits: numbers of telephones in one country
    assert round(12 * 5 * 10_000 / daily) == 12  # days: cards of one known issuer, five years of expiry
    assert DAY_SECONDS % Rules().daily_batches == 0
