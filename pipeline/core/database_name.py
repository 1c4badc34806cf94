"""Databases as messages name them: those that exports come from, and that of stewards' decisions."""

from __future__ import annotations

import sqlalchemy as sa


def database_name(location: str | sa.URL) -> str:
    """A database URL as tables and messages name it: kind, host, port and database; never a user, a password or what it asks for.

    A password may also stand behind the ``?``, where drivers take theirs from.
    """
    url = sa.make_url(location)
    if "@" in f"{url.host or ''}{url.database or ''}" and url.username is not None:
        return f"{url.drivername}://"  # a password with @ and / in it: where it ends cannot be told
    return sa.URL.create(url.drivername, host=url.host, port=url.port, database=url.database).render_as_string()
