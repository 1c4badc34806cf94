from __future__ import annotations

import datetime as dt
import json
import shutil
import stat
import time
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from web_desk import World, running

from flows.stewards.desk import open_desk
from pipeline.core.errors import DeskRefusedError
from pipeline.review.records.index import index_of
from schemas.settings import RunSettings

pytestmark = pytest.mark.flow


def certificate(folder: Path) -> None:
    """A certificate for this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "desk.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "desk.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def test_with_tls_cookies_are_for_tls_and_for_this_host_only(world: World, tmp_path: Path) -> None:
    certificate(tmp_path)
    (tmp_path / "run.yaml").write_text("review: { tls_certificate: desk.pem, tls_key: desk.key }\n")
    with running(world, "--run-file", str(tmp_path / "run.yaml"), scheme="https") as served:
        answer = httpx2.get(f"{served.url}/sign-in", verify=False)
    assert answer.headers["strict-transport-security"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-desk=")
    assert "Secure" in cookie


def test_the_index_is_for_its_owner_only_and_made_once(world: World) -> None:
    folder = world.home.current.resolve()
    path = index_of(world.home, folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(world.home.desk.stat().st_mode) == 0o700
    made = path.stat().st_mtime_ns
    assert index_of(world.home, folder) == path
    assert path.stat().st_mtime_ns == made


def test_a_newer_publication_is_taken_in_and_the_index_of_the_old_one_goes(world: World) -> None:
    with open_desk(RunSettings(), world.home, {}) as desk:
        before = desk.shelves.current()
        folder = world.home.current.resolve()
        newer = folder.with_name("2026-11-21-1")
        shutil.copytree(folder, newer)
        manifest = json.loads((newer / "manifest.json").read_text())
        (newer / "manifest.json").write_text(json.dumps({**manifest, "run_id": "2026-11-21-1"}))
        world.home.current.unlink()
        world.home.current.symlink_to(newer.name)
        assert before.question("Q0") is None  # the old one goes on to answer
        for _ in range(100):
            if desk.shelves.current().run_id == "2026-11-21-1":
                break
            time.sleep(0.1)
        assert desk.shelves.current().run_id == "2026-11-21-1"
        assert [path.name[:12] for path in world.home.desk.glob("*.duckdb")] == ["2026-11-21-1"]


def test_before_the_first_publication_the_desk_says_so(world: World) -> None:
    with open_desk(RunSettings(), world.home, {}) as desk:
        world.home.current.unlink()
        with pytest.raises(DeskRefusedError, match="Nothing is published yet"):
            desk.shelves.current()
