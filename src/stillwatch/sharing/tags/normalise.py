"""One spelling for each identifier. The rules are data of the protocol: whoever spells otherwise never matches.

Published with examples in `normalisation.json`, which tests hold this file to and partners hold theirs to. What cannot
be one identifier of its kind is refused rather than guessed at: a phone number without its country, an address that
every home router uses, a whole card number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

from stillwatch.errors import StillwatchError, UsageError
from stillwatch.sharing.tags.identifier import Identifier, Kind

LONGEST = 320
"""Characters of a raw identifier: the longest address of mail (RFC 5321, 4.5.3.1) is longer than any other kind."""
_SHARED_BY_ALL = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"),
    )
)
"""Of the special-purpose registry (RFC 6890), without the ranges for documentation, which vectors use."""
_GLOBAL_V6 = IPv6Network("2000::/3")  # RFC 4291, 2.4: global unicast
_PREFIX_BITS = 64  # a customer's network; the rest changes with the hour (RFC 8981)
_GOOGLE = ("gmail.com", "googlemail.com")
_PRIVATE_SYSTEMS = (range(64512, 65536), range(4_200_000_000, 4_294_967_295))  # RFC 6996, 7300
_AS_TRANS = 23456  # RFC 6793: stands for systems that an old router cannot name
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")
_CARD = re.compile(
    r"(?P<first>[0-9]{6})(?:[0-9]{2})?:(?P<last>[0-9]{4}):"
    r"(?:(?P<mm>0[1-9]|1[0-2])/(?:20)?(?P<short>[0-9]{2})|20(?P<year>[0-9]{2})-(?P<month>0[1-9]|1[0-2]))"
)


class NotAnIdentifier(StillwatchError):
    """A raw value is no identifier of its kind. Names the kind and the reason, never the value."""


def identifier(kind: Kind, raw: str) -> Identifier:
    """`raw` in its one spelling. Raises `NotAnIdentifier`."""
    text = unicodedata.normalize("NFKC", raw).strip()
    if not 0 < len(text) <= LONGEST or not text.isprintable():
        raise NotAnIdentifier(f"{kind}: it has 1 to {LONGEST} printable characters")
    return Identifier(kind, _SPELLINGS[kind](text))


def _email(text: str) -> str:
    """Lower case, without subaddress (`+...`, RFC 5233); Google's mailboxes also without dots."""
    local, at, domain = text.rpartition("@")
    local = local.lower().split("+")[0]
    if not at or not local or re.search(r'[\s"(),:;<>@\[\]\\]', local):
        raise NotAnIdentifier(f"{Kind.EMAIL}: it is no address of the form local@domain")
    domain = _domain(domain)
    if domain in _GOOGLE:
        local, domain = local.replace(".", ""), _GOOGLE[0]
    if not local:
        raise NotAnIdentifier(f"{Kind.EMAIL}: nothing is left of the local part")
    return f"{local}@{domain}"


def _phone(text: str) -> str:
    """E.164: `+`, country, number; at most 15 digits. A trunk zero in brackets goes."""
    digits = re.sub(r"[\s().\-/\u2010-\u2015]", "", text.replace("(0)", ""))
    digits = "+" + digits[2:] if digits.startswith("00") else digits
    if not re.fullmatch(r"\+[1-9][0-9]{7,14}", digits):
        raise NotAnIdentifier(
            f"{Kind.PHONE}: it is no international number", "Give it with its country, as +4930123456"
        )
    return digits


def _ipv4(text: str) -> str:
    """Dotted decimal without leading zeros; not an address that many networks have."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise NotAnIdentifier(f"{Kind.IPV4}: it is no dotted address") from None
    if any(address in network for network in _SHARED_BY_ALL):
        raise NotAnIdentifier(f"{Kind.IPV4}: it is private or reserved, so it names nobody")
    return str(address)


def _ipv6(text: str) -> str:
    """The network of 64 bits, as RFC 5952 writes it."""
    try:
        address = IPv6Address(text.removesuffix("/64"))
    except AddressValueError:
        raise NotAnIdentifier(f"{Kind.IPV6}: it is no IPv6 address") from None
    if address.scope_id or address not in _GLOBAL_V6:
        raise NotAnIdentifier(f"{Kind.IPV6}: it is not global unicast", "Give a mapped IPv4 address as ipv4")
    return str(IPv6Network((address, _PREFIX_BITS), strict=False))


def _domain(text: str) -> str:
    """The name in ASCII (UTS 46, IDNA 2008), lower case, without the root's dot."""
    try:
        import idna
    except ImportError:
        raise UsageError("blind tags need idna", "Run: pip install 'stillwatch[tags]'") from None
    try:
        name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").rstrip(".")
    except idna.IDNAError:
        raise NotAnIdentifier(f"{Kind.DOMAIN}: it is no name of a host") from None
    if "." not in name or re.fullmatch(r"[0-9]+", name.rpartition(".")[2]):
        raise NotAnIdentifier(f"{Kind.DOMAIN}: it has at least two labels, and the last is no number")
    return name


def _payment(text: str) -> str:
    """`card:FIRST6:LAST4:MM/YY`, `iban:...` or `wallet:...`; a whole card number is refused."""
    scheme, _, rest = text.partition(":")
    if scheme not in _PAYMENTS:
        raise NotAnIdentifier(f"{Kind.PAYMENT}: it begins with {', '.join(f'{name}:' for name in _PAYMENTS)}")
    return f"{scheme}:{_PAYMENTS[scheme](rest)}"


def _card(rest: str) -> str:
    """Digits that a merchant may keep, and the expiry, as `411111:1111:2027-05`; of eight first digits, six."""
    found = _CARD.fullmatch(rest)
    if not found:
        raise NotAnIdentifier(
            f"{Kind.PAYMENT}: a card is given as card:FIRST6:LAST4:MM/YY", "Never give a whole card number"
        )
    year, month = found["year"] or found["short"], found["month"] or found["mm"]
    return f"{found['first']}:{found['last']}:20{year}-{month}"


def _iban(rest: str) -> str:
    """ISO 13616: check digits modulo 97."""
    number = re.sub(r"\s", "", rest).upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", number):
        raise NotAnIdentifier(f"{Kind.PAYMENT}: it is no IBAN")
    if int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 != 1:
        raise NotAnIdentifier(f"{Kind.PAYMENT}: an IBAN's check digits are wrong")
    return number


def _wallet(rest: str) -> str:
    """Hexadecimal (EIP-55) and bech32 (BIP 173) in lower case; base58 keeps its case, which carries meaning."""
    if not re.fullmatch(r"[0-9A-Za-z]{20,90}", rest):
        raise NotAnIdentifier(f"{Kind.PAYMENT}: it is no address of a wallet")
    one_case = re.fullmatch(r"0x[0-9a-fA-F]+", rest) or re.match(r"(?:bc|tb|ltc)1", rest, re.IGNORECASE)
    return rest.lower() if one_case else rest


def _device(text: str) -> str:
    """`namespace:value`: who made the number, and the number; hexadecimal in lower case."""
    namespace, _, value = text.partition(":")
    if not _NAME.fullmatch(namespace.lower()) or not re.fullmatch(r"[!-~]{8,128}", value):
        raise NotAnIdentifier(f"{Kind.DEVICE}: it is given as namespace:value, 8 to 128 visible characters")
    return f"{namespace.lower()}:{value.lower() if re.fullmatch('[0-9a-fA-F-]+', value) else value}"


def _asn(text: str) -> str:
    """The number in decimal; asdot (`1.10`) is read as RFC 5396 says."""
    found = re.fullmatch(r"(?:AS)?(?:([0-9]{1,5})\.)?([0-9]{1,10})", text, re.IGNORECASE)
    if not found or (found[1] and int(found[2]) > 0xFFFF):
        raise NotAnIdentifier(f"{Kind.ASN}: it is no number of an autonomous system")
    number = (int(found[1] or 0) << 16) + int(found[2])
    if not 0 < number < 2**32 - 1 or number == _AS_TRANS or any(number in private for private in _PRIVATE_SYSTEMS):
        raise NotAnIdentifier(f"{Kind.ASN}: it is private or reserved, so it names nobody")
    return str(number)


def _handle(text: str) -> str:
    """`platform:name` in lower case, without the at sign."""
    platform, _, name = text.partition(":")
    name = name.strip().removeprefix("@").lower()
    if not _NAME.fullmatch(platform.lower()) or not 0 < len(name) <= 64 or re.search(r"\s", name):
        raise NotAnIdentifier(f"{Kind.HANDLE}: it is given as platform:name, without spaces")
    return f"{platform.lower()}:{name}"


_PAYMENTS: dict[str, Callable[[str], str]] = {"card": _card, "iban": _iban, "wallet": _wallet}
_SPELLINGS: dict[Kind, Callable[[str], str]] = {
    Kind.EMAIL: _email,
    Kind.PHONE: _phone,
    Kind.IPV4: _ipv4,
    Kind.IPV6: _ipv6,
    Kind.DOMAIN: _domain,
    Kind.PAYMENT: _payment,
    Kind.DEVICE: _device,
    Kind.ASN: _asn,
    Kind.HANDLE: _handle,
}
