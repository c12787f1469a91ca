"""Whose key is whose, for LiteLLM without its database: each key names its account. An example, not for production."""

from fastapi import Request
from litellm.proxy._types import UserAPIKeyAuth


async def user_api_key_auth(request: Request, api_key: str) -> UserAPIKeyAuth:
    """The account behind `sk-NAME` is NAME."""
    return UserAPIKeyAuth(api_key=api_key, user_id=api_key.removeprefix("sk-"), org_id="org")
