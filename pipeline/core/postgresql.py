"""PostgreSQL by URL, for exports and for stewards' decisions."""

from __future__ import annotations

import sqlalchemy as sa


def on_psycopg(url: sa.URL) -> sa.URL:
    """The URL with psycopg as driver, which the extra ``postgres`` brings, where it is one of PostgreSQL; any other as it is."""
    is_postgresql = url.get_backend_name() in ("postgresql", "postgres")
    return url.set(drivername="postgresql+psycopg") if is_postgresql else url
