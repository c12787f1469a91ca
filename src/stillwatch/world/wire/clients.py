"""Client programs: which headers they send, in which order, with which values.

A kind's headers stand in the order of the wire, with ` ;` between them; a name alone has its usual value. `{v}` is the
program's version, `{r}` the runtime's, `{o}` and `{m}` the operating system and the machine. Versions differ from
sender to sender; the newest is the most common.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.world.chance import Chance

_USUAL = {
    "host": "api.provider.example",
    "connection": "keep-alive",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "content-type": "application/json",
    "content-length": "{l}",
    "authorization": "REDACTED",
    "x-api-key": "REDACTED",
    "x-goog-api-key": "REDACTED",
    "anthropic-version": "2023-06-01",
    "x-stainless-package-version": "{v}",
    "x-stainless-os": "{o}",
    "x-stainless-arch": "{m}",
    "x-stainless-runtime-version": "{r}",
    "x-stainless-retry-count": "0",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A client program. The weights say how common it is among people and among programs (chosen)."""

    name: str
    dialect: str
    by_people: float
    by_programs: float
    versions: tuple[str, ...]
    runtimes: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]


def _kind(
    name: str, dialect: str, by_people: float, by_programs: float, versions: str, runtimes: str, headers: str
) -> Kind:
    return Kind(
        name, dialect, by_people, by_programs, tuple(versions.split()), tuple(runtimes.split()), _pairs(headers)
    )


def _pairs(headers: str) -> tuple[tuple[str, str], ...]:
    parts = [part.strip().partition(": ") for part in headers.split(" ;")]
    return tuple((name, value or _USUAL[name]) for name, _, value in parts)


_PYTHONS = "3.12.8 3.11.9 3.13.2 3.10.14 3.12.3 3.11.7"
_NODES = "v22.14.0 v20.18.1 v18.20.5 v24.2.0"
_OPENAI = "2.14.0 2.8.1 1.109.1 1.99.9 1.86.0 1.61.1 1.54.4"
_STAINLESS = (
    "x-stainless-lang: {language} ;x-stainless-package-version ;x-stainless-os ;x-stainless-arch"
    " ;x-stainless-runtime: {runtime} ;x-stainless-runtime-version"
)
_ON_PYTHON = _STAINLESS.replace("{language}", "python").replace("{runtime}", "CPython")
_ON_NODE = _STAINLESS.replace("{language}", "js").replace("{runtime}", "node")


def _python(agent: str, sync: str = "false", key: str = "authorization", more: str = "") -> str:
    """What the SDKs for Python send that one generator makes for several providers."""
    return (
        f"host ;accept-encoding ;connection ;accept ;content-type ;user-agent: {agent} {{v}} ;{_ON_PYTHON} ;{key}"
        f" ;x-stainless-async: {sync} ;x-stainless-retry-count ;x-stainless-read-timeout: 600 ;{more}content-length"
    )


KINDS: tuple[Kind, ...] = (
    _kind("openai-python", "chat", 22, 30, _OPENAI, _PYTHONS, _python("OpenAI/Python")),
    _kind("openai-python-async", "chat", 8, 22, _OPENAI, _PYTHONS, _python("AsyncOpenAI/Python", "async:asyncio")),
    _kind("responses-python", "responses", 7, 8, _OPENAI, _PYTHONS, _python("OpenAI/Python")),
    _kind(
        "openai-node",
        "chat",
        16,
        10,
        "6.9.1 5.23.2 5.12.0 4.104.0 4.77.3",
        _NODES,
        f"host ;connection ;accept ;content-type ;user-agent: OpenAI/JS {{v}} ;x-stainless-retry-count ;{_ON_NODE}"
        " ;authorization ;accept-language: * ;sec-fetch-mode: cors ;accept-encoding ;content-length",
    ),
    _kind(
        "front-end",
        "chat",
        18,
        3,
        "0.8.1 0.7.9 0.7.8 0.6.43",
        _PYTHONS,
        "host ;authorization ;content-type ;accept: */* ;accept-encoding: gzip, deflate, br"
        " ;user-agent: Python/{r} aiohttp/3.{v} ;content-length",
    ),
    _kind(
        "browser-extension",
        "chat",
        9,
        1,
        "138.0.0.0 137.0.0.0 136.0.0.0",
        "1",
        'host ;connection ;content-length ;sec-ch-ua-platform: "{o}" ;authorization'
        " ;user-agent: Mozilla/5.0 ({o}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Safari/537.36 ;content-type"
        " ;accept: */* ;sec-fetch-site: cross-site ;sec-fetch-mode: cors ;sec-fetch-dest: empty"
        " ;accept-encoding: gzip, deflate, br, zstd ;accept-language: en-US,en;q=0.9",
    ),
    _kind(
        "requests",
        "chat",
        3,
        8,
        "2.32.5 2.32.3 2.31.0 2.28.2",
        "1",
        "host ;user-agent: python-requests/{v} ;accept-encoding ;accept: */* ;connection ;authorization ;content-type"
        " ;content-length",
    ),
    _kind(
        "curl",
        "chat",
        2,
        2,
        "8.14.1 8.5.0 7.88.1 7.81.0",
        "1",
        "host ;user-agent: curl/{v} ;accept: */* ;authorization ;content-type ;content-length",
    ),
    _kind(
        "go",
        "chat",
        1,
        4,
        "1.1",
        "1",
        "host ;user-agent: Go-http-client/{v} ;content-length ;accept ;authorization ;content-type"
        " ;accept-encoding: gzip",
    ),
    _kind(
        "anthropic-python",
        "anthropic",
        5,
        8,
        "0.75.0 0.71.0 0.64.0 0.49.0",
        _PYTHONS,
        _python("Anthropic/Python", key="x-api-key", more="anthropic-version ;"),
    ),
    _kind(
        "anthropic-typescript",
        "anthropic",
        5,
        2,
        "0.70.1 0.60.0 0.39.0",
        _NODES,
        f"host ;connection ;accept ;x-stainless-retry-count ;x-stainless-timeout: 600 ;{_ON_NODE} ;content-type"
        " ;anthropic-version ;x-api-key ;user-agent: Anthropic/JS {v} ;accept-encoding ;content-length",
    ),
    _kind(
        "gemini-python",
        "gemini",
        4,
        2,
        "1.52.0 1.38.0 1.20.0",
        _PYTHONS,
        "host ;accept: */* ;accept-encoding ;connection ;user-agent: google-genai-sdk/{v} gl-python/{r}"
        " ;x-goog-api-client: google-genai-sdk/{v} gl-python/{r} ;x-goog-api-key ;content-type ;content-length",
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
_SYSTEMS = ("Linux", "MacOS", "Windows", "Linux", "MacOS")
_MACHINES = ("x64", "arm64", "x64")


def headers_of(kind: Kind, chance: Chance) -> tuple[tuple[str, str], ...]:
    """A sender's headers; `{l}` stays open for the body's length."""
    values = {
        "v": chance.zipf(kind.versions),
        "r": chance.zipf(kind.runtimes),
        "o": chance.pick(_SYSTEMS),
        "m": chance.pick(_MACHINES),
        "l": "{l}",
    }
    return tuple((name, value.format_map(values)) for name, value in kind.headers)
