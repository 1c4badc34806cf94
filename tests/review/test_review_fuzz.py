from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from web_desk import World

from pipeline.review.admission.sessions import csrf_of

pytestmark = [pytest.mark.flow, pytest.mark.slow]
LEFT_OUT = {"/sign-out", "/static/{name}"}


def schema_of(app: Any) -> dict[str, Any]:
    """The application's own OpenAPI description; it is not served, but known."""
    found: dict[str, Any] = app.openapi()
    found["paths"] = {path: ways for path, ways in found["paths"].items() if path not in LEFT_OUT}
    return found


def test_no_form_of_the_desk_is_taken_without_the_sessions_token(desk: Any) -> None:
    forms = [path for path, ways in desk.app.openapi()["paths"].items() if "post" in ways]
    assert len(forms) >= 20
    browser = desk.client("sue")
    for path in forms:
        filled = re.sub(r"\{[a-z_]+\}", "X1", path)
        assert browser.http.post(filled, data={"verdict": "link", "csrf": "0" * 64}).status_code == 403, path
        assert browser.http.post(filled).status_code == 403, path
    assert {way for ways in desk.app.openapi()["paths"].values() for way in ways} == {"get", "post"}


def test_no_request_that_fits_the_description_or_does_not_makes_the_desk_fail(desk: Any, world: World) -> None:
    schema = schemathesis.openapi.from_dict(schema_of(desk.app))
    browsers = [desk.client(who) for who in ("sue", "col", "aud", "ada")]
    case = desk.desk.shelves.current().rows("SELECT review_id, person_ids FROM queue ORDER BY review_id LIMIT 1")[0]
    seen: list[tuple[int, str, str]] = []
    for operation in schema.get_all_operations():
        made = operation.ok()

        @settings(max_examples=12, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def tried(sent: Any) -> None:
            path = re.sub(r"\{review_id\}", case["review_id"], sent.path)
            path = re.sub(r"\{person_id\}", case["person_ids"][0], path)
            path = re.sub(r"\{[a-z_]+\}", "unknown", path)
            for browser in browsers:
                form = {
                    str(name): _text(value)
                    for name, value in (sent.body.items() if isinstance(sent.body, dict) else ())
                }
                query = {str(name): _text(value) for name, value in (sent.query or {}).items()}
                if sent.method.upper() == "GET":
                    answer = browser.http.get(path, params=query)
                else:
                    token = csrf_of(browser.http.cookies["desk"])
                    answer = browser.http.post(path, params=query, data={**form, "csrf": token})
                seen.append((answer.status_code, sent.method, path))

        from hypothesis import given  # noqa: PLC0415

        given(sent=made.as_strategy())(tried)()
    assert seen
    assert [one for one in seen if one[0] >= 500 and not one[2].startswith("/oidc")] == []


def _text(value: Any) -> Any:
    return value if isinstance(value, (str, list)) else str(value)
