"""The secrets of second factors lie sealed in the store; the key to them is kept outside of it."""

from __future__ import annotations

import hmac
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection

from pipeline.core.durable import make_folder, sync_folder
from pipeline.core.errors import DeskRefusedError, SettingsError
from pipeline.stewardship.columns import DESK_ACCOUNTS as ACCOUNTS

KEY_ENV = "BOROUGHLINK_DESK_KEY"
SEALED = "fernet:"
"""Before a sealed secret; a secret of before there was a key has none"""
REMEDY = (
    "Put it back from a backup, or give the key in BOROUGHLINK_DESK_KEY. If it is lost for good:"
    " `boroughlink review users reset NAME` for everybody of whom `boroughlink review users list` says that a second"
    " factor is set up, then start again."
)


class Seal:
    """Seals and opens secrets with Fernet (AES-128-CBC and HMAC-SHA256): the first key seals, each opens."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._first = Fernet(keys[0])
        self._key = keys[0].encode()
        self._all = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> str:
        """A secret as the store keeps it."""
        return SEALED + self._first.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """A secret of the store; one that was never sealed as it is.

        Raises:
            DeskRefusedError: 503, if no key opens it.
        """
        if not sealed.startswith(SEALED):
            return sealed
        try:
            return self._all.decrypt(sealed.removeprefix(SEALED)).decode()
        except InvalidToken:
            raise DeskRefusedError(
                503,
                "The desk cannot read your second factor: the key that it was sealed with is gone.",
                "Ask an administrator to reset your account.",
            ) from None

    def lot(self, text: str) -> float:
        """A number from 0 to under 1 that is always the same for a text, and that nobody without the key foretells."""
        drawn = hmac.digest(self._key, f"lot:{text}".encode(), "sha256")
        return int.from_bytes(drawn[:6], "big") / 2**48

    def is_newest(self, sealed: str) -> bool:
        """Whether it is sealed with the first key."""
        if not sealed.startswith(SEALED):
            return False
        try:
            self._first.decrypt(sealed.removeprefix(SEALED))
        except InvalidToken:
            return False
        return True


def open_seal(connection: Connection, key_file: Path, environment: Mapping[str, str]) -> Seal:
    """The seal of a store: by the keys of the environment, else of the file, which is made where nothing is sealed yet.

    The transaction must be one of ``writing``.

    Raises:
        SettingsError: If a key is no key, others can read the file, or it is gone while secrets are sealed with it.
    """
    if keys := environment.get(KEY_ENV):
        return _seal_of(keys.replace(",", " ").split(), KEY_ENV)
    if not key_file.exists():
        n = n_sealed(connection)
        if n:
            raise SettingsError(
                str(key_file), f"is not there, and {n:,} second factors are sealed with its key.", REMEDY
            )
        _make_key(key_file)
    if key_file.stat().st_mode & 0o077:
        raise SettingsError(str(key_file), "can be read by others than its owner.", f"chmod 600 {key_file}")
    return _seal_of(key_file.read_text("ascii", "replace").split(), str(key_file))


def reseal(connection: Connection, seal: Seal) -> int:
    """Seal secrets that lie open or are sealed with an older key; returns how many no key opens."""
    n_broken = 0
    for account_id, sealed in connection.execute(_stored_secrets()).all():
        if seal.is_newest(sealed):
            continue
        try:
            values = {"totp_secret": seal.seal(seal.open(sealed))}
        except DeskRefusedError:
            n_broken += 1
        else:
            connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).values(**values))
    return n_broken


def n_sealed(connection: Connection) -> int:
    """How many secrets of the store are sealed."""
    return sum(stored.startswith(SEALED) for _, stored in connection.execute(_stored_secrets()))


def _stored_secrets() -> sa.Select[tuple[str, str]]:
    return sa.select(ACCOUNTS.c.account_id, ACCOUNTS.c.totp_secret).where(ACCOUNTS.c.totp_secret.is_not(None))


def _seal_of(keys: Sequence[str], place: str) -> Seal:
    try:
        return Seal(keys)
    except (ValueError, IndexError):
        how = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
        raise SettingsError(place, "holds no key of the review desk.", f"A key is made by: {how}") from None


def _make_key(path: Path) -> None:
    """A new key for its owner only, whole or not at all; the caller's transaction keeps other processes from making another."""
    make_folder(path.parent)
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=".desk-key-")
    with os.fdopen(handle, "w") as file:
        file.write(Fernet.generate_key().decode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(new).replace(path)
    sync_folder(path.parent)
