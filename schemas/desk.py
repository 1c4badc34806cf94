"""The review desk's settings: ``review:`` in the run file. Every one has a default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.path_words import WrittenPath
from schemas.written import WEB_ADDRESS

Role = Literal["steward", "supervisor", "borough", "auditor", "administrator"]
ROLES: tuple[Role, ...] = ("steward", "supervisor", "borough", "auditor", "administrator")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Oidc(_Strict):
    """An OpenID Connect provider of the force; who signs in there needs no account here."""

    issuer: Annotated[str, Field(pattern=WEB_ADDRESS)]
    client_id: str
    client_secret_env: str = "BOROUGHLINK_OIDC_SECRET"  # noqa: S105  (the name of a variable)
    """Environment variable with the client's secret"""
    name_claim: str = "name"
    role_claim: str = "roles"
    roles: dict[str, Role]
    """What the provider calls a role, to a role of the desk"""
    borough_claim: str = "borough"


class DeskSettings(_Strict):
    """Sessions, limits, and who may sign in how."""

    idle_minutes: Annotated[int, Field(ge=1, le=120)] = 15
    absolute_hours: Annotated[int, Field(ge=1, le=24)] = 8
    tries: Annotated[int, Field(ge=1, le=20)] = 5
    """Wrong passwords or codes before an account is locked"""
    lock_minutes: Annotated[int, Field(ge=1)] = 15
    claim_minutes: Annotated[int, Field(ge=1)] = 60
    """After this a claimed question is free again"""
    requests_a_minute: Annotated[int, Field(ge=1)] = 600
    """Of one session or address"""
    sign_ins_a_minute: Annotated[int, Field(ge=1)] = 20
    """Tries to sign in from one address"""
    largest_body: Annotated[int, Field(ge=1_024)] = 65_536
    """Bytes"""
    second_look_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Of the answers, those that another steward gives again without seeing the first"""
    hosts: tuple[str, ...] = ()
    """Names that browsers call the desk by, besides the address it listens on"""
    tls_certificate: WrittenPath | None = None
    tls_key: WrittenPath | None = None
    oidc: Oidc | None = None
