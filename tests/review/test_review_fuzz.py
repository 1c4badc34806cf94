from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, settings
from web_desk import World

pytestmark = [pytest.mark.flow, pytest.mark.slow]
LEFT_OUT = {"/sign-out", "/static/{name}"}


def schema_of(app: Any) -> dict[str, Any]:
    """The application's own OpenAPI description; it is not served, but known."""
    found: dict[str, Any] = app.openapi()
    found["paths"] = {path: ways for path, ways in found["paths"].items() if path not in LEFT_OUT}
    return found


@pytest.fixture(scope="module")
def signed_in(desk: Any, world: World) -> Iterator[Any]:
    return desk.client("sue")


def test_every_route_of_the_desk_is_behind_the_form_check(desk: Any) -> None:
    dependencies = [
        d.dependency.__name__ for route in desk.app.routes if isinstance(route, APIRoute) for d in route.dependencies
    ]
    routes = [route for route in desk.app.routes if isinstance(route, APIRoute)]
    assert len(routes) > 25
    assert dependencies.count("own_form") >= 1 or all(
        "own_form" in str(route.dependant.dependencies) for route in routes
    )


def test_no_request_that_fits_the_description_or_does_not_makes_the_desk_fail(desk: Any, world: World) -> None:
    schema = schemathesis.openapi.from_dict(schema_of(desk.app))
    browsers = {who: desk.client(who) for who in ("sue", "col", "aud", "ada")}
    case = desk.desk.shelves.current().rows("SELECT review_id, person_ids FROM queue ORDER BY review_id LIMIT 1")[0]
    seen: list[tuple[int, str, str]] = []
    for operation in schema.get_all_operations():
        made = operation.ok()

        @settings(
            max_examples=12, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
        )
        def tried(sent: Any) -> None:
            path = re.sub(r"\{review_id\}", case["review_id"], sent.path)
            path = re.sub(r"\{person_id\}", case["person_ids"][0], path)
            path = re.sub(r"\{[a-z_]+\}", "unknown", path)
            for browser in browsers.values():
                form = {
                    str(name): _text(value)
                    for name, value in (sent.body.items() if isinstance(sent.body, dict) else ())
                }
                query = {str(name): _text(value) for name, value in (sent.query or {}).items()}
                if sent.method.upper() == "GET":
                    answer = browser.http.get(path, params=query)
                else:
                    answer = browser.http.post(path, params=query, data={**form, "csrf": browser.token()})
                seen.append((answer.status_code, sent.method, path))

        from hypothesis import given  # noqa: PLC0415

        given(sent=made.as_strategy())(tried)()
    assert seen
    assert [one for one in seen if one[0] >= 500 and not one[2].startswith("/oidc")] == []


def _text(value: Any) -> Any:
    return value if isinstance(value, (str, list)) else str(value)
