"""Worker processes: they share a port, are replaced when they die or when told so, and end when told so; TLS too."""

from __future__ import annotations

import asyncio
import datetime
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stillwatch.gateway.configuration import Listen, Upstream

from .running import gateway, run
from .upstream_server import answers, upstream

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PROGRAM = """
import sys
from contextlib import nullcontext
from pathlib import Path
from stillwatch.gateway.configuration import read
from stillwatch.gateway.guard import Answer
from stillwatch.gateway.supervisor import Supervisor
from stillwatch.gateway.worker import Worker

class Names:
    def on_request(self, request):
        import os
        return Answer(200, (), b"%d" % os.getpid())

supervisor = Supervisor(lambda: read(Path(sys.argv[1])), lambda c: nullcontext(Worker(c, Names())))
print(supervisor.address[1], flush=True)
supervisor.run()
"""


@asynccontextmanager
async def supervised(file: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A supervisor as a process of its own, and its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(file), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout
    try:
        yield process, int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def worker_of(port: int, unlike: int = 0) -> int:
    """The process of a worker that answers, and is not `unlike`: asked until there is one."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET)
            answer = await reader.read()
            writer.close()
        except ConnectionError:
            continue
        if answer and (process := int(answer.rpartition(b"\r\n")[2])) != unlike:
            return process


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("workers = 1\n[listen]\nport = 0\n")

    async def test() -> None:
        async with supervised(file) as (_, port):
            first = await worker_of(port)
            os.kill(first, signal.SIGKILL)
            assert await worker_of(port, unlike=first) != first

    run(test())


def test_a_reload_replaces_the_workers_and_a_bad_file_does_not(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("workers = 1\n[listen]\nport = 0\n")

    async def test() -> None:
        async with supervised(file) as (process, port):
            first = await worker_of(port)
            process.send_signal(signal.SIGHUP)
            second = await worker_of(port, unlike=first)
            file.write_text("worker = 1\n")
            process.send_signal(signal.SIGHUP)
            assert await worker_of(port) == second
            process.terminate()
            assert await process.wait() == 0

    run(test())


def test_workers_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text("workers = 1\n[listen]\nport = 0\n")

    async def test() -> None:
        async with supervised(file) as (process, port):
            worker = os.pidfd_open(await worker_of(port))
            process.kill()
            await process.wait()
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(worker, ended.set)
            await ended.wait()
            asyncio.get_running_loop().remove_reader(worker)
            os.close(worker)

    run(test())


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate for loopback that signs itself, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(files[0]), str(files[1])


def test_tls_on_both_sides(tmp_path: Path) -> None:
    """The upstream's certificate is verified: one that the named authority did not sign is a 502."""
    chain, key = certificate(tmp_path)
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(chain, key)
    trusting = ssl.create_default_context(cafile=chain)

    async def test() -> None:
        async with upstream(answers, tls=shown) as server:
            listen = Listen(port=0, certificate=chain, key=key)
            to = Upstream(port=server.port, tls=True, authority=chain)
            async with gateway(server.port, listen=listen, upstream=to) as running:
                client = await running.connect(tls=trusting)
                client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert (await client.answer())[1] == b'{"ok":true}'
            stranger = Upstream(port=server.port, tls=True)
            async with gateway(server.port, upstream=stranger) as running:
                assert (await running.ask(GET)).startswith(b"HTTP/1.1 502 ")

    run(test())
