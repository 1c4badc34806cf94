"""Whom a run tells how it ended: ``notify:`` in the run file. Nothing is sent where nothing is said."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.path_words import WrittenPath
from schemas.written import WEB_ADDRESS

Occasion = Literal["failed", "refused", "held"]
Seconds = Annotated[float, Field(gt=0, le=300)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Email(_Strict):
    """A mail server of the force."""

    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    user: str | None = None
    password_env: str | None = None
    """Environment variable with the password"""
    password_file: WrittenPath | None = None
    """File with the password, where no variable has it"""
    timeout_seconds: Seconds = 30


class Webhook(_Strict):
    """An address that takes JSON by POST."""

    url: Annotated[str, Field(pattern=WEB_ADDRESS)]
    token_env: str | None = None
    """Environment variable with a token, sent as ``Authorization: Bearer``"""
    timeout_seconds: Seconds = 30


class Notify(_Strict):
    """When to tell whom: run id, state, stage, reason and counts; never personal data."""

    on: tuple[Occasion, ...] = ("failed", "refused")
    """``held``: published, but a feed was held or is missing"""
    email: Email | None = None
    webhook: Webhook | None = None
