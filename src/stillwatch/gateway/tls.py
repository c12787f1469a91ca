"""TLS of either side, from files that the configuration names."""

from __future__ import annotations

import ssl

from stillwatch.errors import UsageError
from stillwatch.gateway.configuration import Listen, Upstream


def of_server(listen: Listen) -> ssl.SSLContext | None:
    """What clients are shown; None for plain HTTP. Raises `UsageError` for files that do not fit."""
    if not listen.certificate and not listen.key:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(listen.certificate, listen.key or None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"listen.certificate {listen.certificate!r} and listen.key {listen.key!r} cannot be used: {error}",
            "Name a PEM chain and its private key",
        ) from error
    return context


def of_upstream(upstream: Upstream) -> ssl.SSLContext | None:
    """How the upstream is verified; None for plain HTTP. Raises `UsageError` for an authority that cannot be read."""
    if not upstream.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=upstream.authority or None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"upstream.authority {upstream.authority!r} cannot be used: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
