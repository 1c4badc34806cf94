from __future__ import annotations

import pytest

from pipeline.core.html import with_code


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "Correct `sheets` in the contract, or `format`.",
            "Correct <code>sheets</code> in the contract, or <code>format</code>.",
        ),
        ("has no ` partner", "has no ` partner"),
        ("`<b>` & 'x'", "<code>&lt;b&gt;</code> &amp; &#39;x&#39;"),
        ("<code>`</code>`", "&lt;code&gt;<code>&lt;/code&gt;</code>"),
    ],
)
def test_what_stands_in_backquotes_is_set_as_code_and_everything_is_escaped(text: str, html: str) -> None:
    assert with_code(text) == html
