"""The bytes of a workbook, checked before anything is made of them: decrypted, of the right kind, whole, and no zip bomb."""

from __future__ import annotations

import codecs
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msoffcrypto

from pipeline.core.errors import SourceError
from pipeline.read.sheets import Fetched

MOST_UNPACKED = 1 << 30
MOST_RATIO = 200
OF_WORKBOOKS = {"[Content_Types].xml", "content.xml"}
"""Files that are in each zip which is an xlsx, or an ods"""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def workbook_bytes(fetched: Fetched, kind: str, password: str | None, password_env: str | None) -> bytes:
    """What a library may open.

    Raises:
        SourceError: encrypted, zip_bomb, truncated_file or not_a_workbook.
    """
    data = fetched.data
    if is_encrypted(fetched, kind):
        data = _decrypt(fetched, password, password_env)
    if kind == "xls":
        if not data.startswith(OLE):
            raise _not_a_workbook(fetched.file, kind, data)
        return data
    if not data.startswith(b"PK"):
        raise _not_a_workbook(fetched.file, kind, data)
    _check_zip(fetched.file, kind, data)
    return data


def is_encrypted(fetched: Fetched, kind: str) -> bool:
    """Whether a workbook needs a password."""
    return kind == "xlsx" and fetched.data.startswith(OLE)


def check_password(fetched: Fetched, password: str | None, password_env: str | None) -> None:
    """Check that the password opens an encrypted workbook, which is not decrypted.

    Raises:
        SourceError: encrypted.
    """
    with _opening(fetched, password, password_env):
        pass


def _decrypt(fetched: Fetched, password: str | None, password_env: str | None) -> bytes:
    out = io.BytesIO()
    with _opening(fetched, password, password_env) as office:
        office.decrypt(out)
    return out.getvalue()


@contextmanager
def _opening(fetched: Fetched, password: str | None, password_env: str | None) -> Iterator[Any]:
    """The workbook with its key; whatever fails inside says that the password does not open it."""
    if password_env:
        what_to_do = f"Put its password into the environment variable {password_env}."
    else:
        what_to_do = "Name the variable with its password as `password_env` in the contract."
    if not password:
        raise SourceError("encrypted", fetched.file, "is protected by a password, and none was given.", what_to_do)
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(fetched.data))
        office.load_key(password=password, verify_password=True)
        yield office
    except Exception:
        raise SourceError("encrypted", fetched.file, "does not open with the password given.", what_to_do) from None


def _check_zip(file: str, kind: str, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = 0
            for part in archive.infolist():
                unpacked += part.file_size
                if part.file_size > MOST_RATIO * max(part.compress_size, 1) and part.file_size > 50_000_000:
                    raise _bomb(file)
            if unpacked > MOST_UNPACKED:
                raise _bomb(file)
            for part in archive.infolist():
                _drain(file, archive, part)
            if not OF_WORKBOOKS & set(archive.namelist()):
                what_to_do = "Ask the borough for the workbook itself, not packed into a zip."
                raise SourceError("not_a_workbook", file, f"is a zip of other files, and no {kind}.", what_to_do)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise damaged(file, error) from None


def _drain(file: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack one part and forget it: the directory's sizes may lie, the bytes cannot."""
    n_bytes = 0
    with archive.open(part) as stream:
        while block := stream.read(1 << 20):
            n_bytes += len(block)
            if n_bytes > max(part.file_size, 1 << 20):
                raise _bomb(file)


def _bomb(file: str) -> SourceError:
    return SourceError(
        "zip_bomb", file, "would unpack to far more than a workbook holds.", "Treat it as hostile; ask who sent it."
    )


def damaged(file: str, error: Exception) -> SourceError:
    """What a library's error says of a file."""
    problem = f"breaks off or is damaged ({type(error).__name__})."
    return SourceError("truncated_file", file, problem, "Ask the borough to send it again.")


def _not_a_workbook(file: str, kind: str, data: bytes) -> SourceError:
    """A file of another kind: as a rule the export is spoilt, not the contract; a kind that the readers know may be meant."""
    if other_kind := _other_kind(data):
        problem = f"is not {kind}: its first bytes are those of {other_kind}."
        what_to_do = (
            f"Ask the borough for an export as {kind}; "
            f"if they send {other_kind} from now on, say so in `format` of the contract."
        )
    else:
        problem = f"is not {kind}, nor of any kind that is known: it is damaged, or encrypted by something else."
        what_to_do = "Ask the borough for a good export."
    return SourceError("not_a_workbook", file, problem, what_to_do)


def _other_kind(data: bytes) -> str | None:
    """What a file is by its first bytes: another kind of workbook, or text."""
    if data.startswith(OLE):
        return "xls"
    if data.startswith(b"PK"):
        return "xlsx"
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data[:4_096])
    except UnicodeDecodeError:
        return None
    return "text, such as csv" if all(sign.isprintable() or sign in "\r\n\t\ufeff" for sign in text) else None
