"""HTTPS with TLS 1.2 and 1.3, and members bound to client certificates (TAXII 2.1, 8.2.2 and 8.3.1)."""

from __future__ import annotations

import base64
import hashlib
import http.client
import shutil
import ssl
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sharing.hub.clauses import clause
from tests.sharing.hub.serving import SECONDS, Served, serving, trusting
from tests.sharing.hub.trying import OBJECTS, seed, user


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, as files; `digest` is its SHA-256."""

    certificate: Path
    key: Path
    digest: str


class Authority:
    """A certificate authority of a test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        made = self._builder(self._name, self._key).add_extension(x509.BasicConstraints(True, None), critical=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Issued:
        """A certificate for this name, and for loopback."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
        alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        made = builder.add_extension(alternative, critical=False).sign(self._key, hashes.SHA256())
        issued = Issued(
            self._folder / f"{name}.pem", self._folder / f"{name}.key", made.fingerprint(hashes.SHA256()).hex()
        )
        issued.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        issued.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        return issued

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )


@dataclass(frozen=True)
class Secured:
    """A hub with TLS that asks for client certificates; alice is bound to hers."""

    served: Served
    authority: Authority
    alice: Issued
    bob: Issued

    def ask(self, name: str, holder: Issued | None, context: ssl.SSLContext | None = None) -> tuple[int, str | None]:
        """The status for this member over a connection with this certificate, and the TLS version."""
        context = context or trusting(self.authority.file)
        if holder:
            context.load_cert_chain(holder.certificate, holder.key)
        connection = http.client.HTTPSConnection(
            self.served.url.removeprefix("https://"), timeout=SECONDS, context=context
        )
        pair = base64.b64encode(f"{name}:{name}".encode()).decode()
        try:
            connection.request("GET", OBJECTS, headers={"Accept": "*/*", "Authorization": f"Basic {pair}"})
            version = connection.sock.version() if isinstance(connection.sock, ssl.SSLSocket) else None
            return connection.getresponse().status, version
        finally:
            connection.close()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Generator[Secured]:
    """One process for all tests here."""
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    server, alice, bob = (authority.issue(name) for name in ("server", "alice", "bob"))
    users = [user("alice", certificate=alice.digest), user("bob")]
    options = ["--certificate", str(server.certificate), "--key", str(server.key)]
    with serving(folder, seed(users=users), *options, "--client-authority", str(authority.file)) as served:
        yield Secured(served, authority, alice, bob)


@clause("8.2.2 https", "8.2.2 tls13", "8.3.1 certificates")
def test_a_member_comes_over_tls_with_its_certificate(secured: Secured) -> None:
    """By the highest version; and by 1.2, with a cipher that is no relic."""
    assert secured.ask("alice", secured.alice) == (200, "TLSv1.3")
    older = trusting(secured.authority.file)
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    assert secured.ask("alice", secured.alice, older) == (200, "TLSv1.2")


@clause("8.3.1 certificates")
def test_a_password_without_its_certificate_is_not_enough(secured: Secured) -> None:
    """Alice's password over bob's certificate is refused; bob, who is bound to none, may come with either."""
    assert secured.ask("alice", secured.bob)[0] == 401
    assert secured.ask("bob", secured.alice)[0] == secured.ask("bob", secured.bob)[0] == 200


@clause("8.3.1 certificates")
def test_who_has_no_certificate_of_the_authority_is_not_heard(secured: Secured, tmp_path: Path) -> None:
    """None at all, or one of another authority: the handshake fails."""
    stranger = Authority(tmp_path).issue("alice")
    for holder in (None, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            secured.ask("alice", holder)


@clause("8.2.2 tls13")
def test_weak_ciphers_are_refused(secured: Secured) -> None:
    """TLS 1.2 with CBC or without forward secrecy is what RFC 7540 lists as bad."""
    weak = trusting(secured.authority.file)
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("AES128-SHA:AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        secured.ask("alice", secured.alice, weak)


@clause("8.2.2 early data")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")
def test_no_request_is_taken_before_the_handshake_is_over(secured: Secured) -> None:
    """RFC 8446, 4.2.10: who may send early data learns so from a ticket; the hub's say that it takes 0 bytes."""
    host, alice = secured.served.url.removeprefix("https://"), secured.alice
    program = ["openssl", "s_client", "-connect", host, "-tls1_3", "-ign_eof", "-CAfile", str(secured.authority.file)]
    program += ["-cert", str(alice.certificate), "-key", str(alice.key)]
    request = f"GET /taxii2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    done = subprocess.run(program, input=request.encode(), capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - ours
    assert b"TLS session ticket:" in done.stdout
    assert b"Max Early Data: 0\n" in done.stdout
    assert b"HTTP/1.1 401 Unauthorized" in done.stdout


def test_the_digest_is_that_of_the_certificate(secured: Secured) -> None:
    """As `openssl x509 -fingerprint -sha256` shows it: of the DER form."""
    loaded = x509.load_pem_x509_certificate(secured.alice.certificate.read_bytes())
    assert hashlib.sha256(loaded.public_bytes(serialization.Encoding.DER)).hexdigest() == secured.alice.digest
