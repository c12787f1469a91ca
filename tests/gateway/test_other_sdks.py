"""LiteLLM and LangChain behind a gateway that guards. They are heavy, and some need older SDKs than ours.

In an environment of their own: `pip install litellm langchain-openai langchain-anthropic langchain-google-genai
pytest`, beside what `pyproject.toml` asks for, and run this file there. Whatever is missing is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from stillwatch.decision.policy import Policy, Reasoning, Treatment
from stillwatch.decision.verdict import Step

from .served import KEY, TWO, served

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs, not ours
ASKED = "Explain step by step why the sum of two odd numbers is even."
SAY: Any = [{"role": "user", "content": ASKED}]
LESS = Policy(degrade=Treatment(logprobs=False, most_choices=1, most_output_tokens=2_000, reasoning=Reasoning.HIDE))
Ask = Callable[[str, str, int], str]


def _litellm() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches a list of prices
    return pytest.importorskip("litellm", reason="litellm is not installed")


def lite_openai(url: str, key: str, retries: int) -> str:
    got = _litellm().completion("openai/m", SAY, api_base=f"{url}/v1", api_key=key, max_retries=retries, seed=1)
    return str(got.choices[0].message.content)


def lite_openai_stream(url: str, key: str, retries: int) -> str:
    got = _litellm().completion(
        "openai/m", SAY, api_base=f"{url}/v1", api_key=key, max_retries=retries, stream=True, seed=1
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in got)


def _lite_anthropic(url: str, key: str, retries: int, **more: Any) -> Any:
    """Without a strategy it asks again at once, whatever it is told."""
    if retries:
        more |= {"num_retries": retries, "retry_strategy": "exponential_backoff_retry"}
    return _litellm().completion("anthropic/m", SAY, api_base=url, api_key=key, max_tokens=4_000, **more)


def lite_anthropic(url: str, key: str, retries: int) -> str:
    got = _lite_anthropic(url, key, retries)
    return str(got.choices[0].message.content)


def lite_anthropic_stream(url: str, key: str, retries: int) -> str:
    got = _lite_anthropic(url, key, retries, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in got)


def _chain_openai(url: str, key: str, retries: int) -> Any:
    module = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
    return module.ChatOpenAI(model="m", base_url=f"{url}/v1", api_key=key, max_retries=retries, seed=1)


def _chain_anthropic(url: str, key: str, retries: int) -> Any:
    module = pytest.importorskip("langchain_anthropic", reason="langchain-anthropic is not installed")
    return module.ChatAnthropic(model="m", base_url=url, api_key=key, max_retries=retries, max_tokens=4_000)


def _chain_google(url: str, key: str, retries: int) -> Any:
    module = pytest.importorskip("langchain_google_genai", reason="langchain-google-genai is not installed")
    return module.ChatGoogleGenerativeAI(model="m", base_url=url, google_api_key=key, max_retries=retries + 1, seed=1)


def _invoked(chain: Callable[[str, str, int], Any]) -> Ask:
    return lambda url, key, retries: chain(url, key, retries).invoke(ASKED).text


def _streamed(chain: Callable[[str, str, int], Any]) -> Ask:
    return lambda url, key, retries: "".join(chunk.text for chunk in chain(url, key, retries).stream(ASKED))


ALL: dict[str, Ask] = {
    "litellm to openai": lite_openai,
    "litellm to openai, stream": lite_openai_stream,
    "litellm to anthropic": lite_anthropic,
    "litellm to anthropic, stream": lite_anthropic_stream,
    "langchain-openai": _invoked(_chain_openai),
    "langchain-openai, stream": _streamed(_chain_openai),
    "langchain-anthropic": _invoked(_chain_anthropic),
    "langchain-anthropic, stream": _streamed(_chain_anthropic),
    "langchain-google-genai": _invoked(_chain_google),
    "langchain-google-genai, stream": _streamed(_chain_google),
}


def first_answer(ask: Ask, policy: Policy | None, step: Step | None, *, is_direct: bool) -> str:
    """What the model says to the first who asks: it says something else each time."""
    with served(policy, step) as town:
        return ask(town.direct if is_direct else town.url, KEY, 0)


@pytest.mark.parametrize("ask", ALL.values(), ids=ALL)
@pytest.mark.parametrize("step", [None, Step.DEGRADE], ids=["honest", "degraded"])
def test_a_client_gets_what_it_would_get_without_a_gateway(ask: Ask, step: Step | None) -> None:
    direct = first_answer(ask, None, None, is_direct=True)
    assert first_answer(ask, LESS, step, is_direct=False) == direct != ""


@pytest.mark.parametrize("ask", ALL.values(), ids=ALL)
def test_a_client_is_limited_and_recovers_by_itself(ask: Ask) -> None:
    with served(TWO) as town:
        ask(town.url, KEY, 0)
        ask(town.url, KEY, 0)
        with pytest.raises(Exception, match=r"(?i)rate limit|429|RESOURCE_EXHAUSTED"):
            ask(town.url, KEY, 0)
        town.thaws = True
        assert ask(town.url, KEY, 3) != ""
        assert town.statuses[:3] == [200, 200, 429]
        assert town.statuses[-2:] == [429, 200]


@pytest.mark.parametrize("ask", ALL.values(), ids=ALL)
def test_a_client_with_an_unknown_key_is_told_so_once(ask: Ask) -> None:
    with served() as town:
        with pytest.raises(Exception, match=r"(?i)incorrect api key|401"):
            ask(town.url, "sk-unknown", 0)
        assert town.statuses == [401]
