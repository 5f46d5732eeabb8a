"""Security headers are on everything: answers, refusals, what no route takes, streams, documents, metrics."""

import httpx
import pytest

from agentpay.sandbox.stage import ADMIN_KEY
from tests.cast import ORIGIN
from tests.security.routes import routes_of
from tests.security.world import House

EVERYWHERE = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
DATA = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}


def check(answer: httpx.Response, *, is_page: bool = False) -> None:
    where = f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
    for name, value in (EVERYWHERE if is_page else EVERYWHERE | DATA).items():
        assert answer.headers.get(name) == value, f"{where}: {name}"
    assert answer.headers.get("x-request-id"), where
    assert "Origin" in answer.headers.get("vary", ""), where
    assert "server" not in answer.headers, where
    assert "x-powered-by" not in answer.headers, where
    assert "set-cookie" not in answer.headers, where
    if answer.request.url.path.startswith("/v1/"):
        assert "no-store" in answer.headers.get("cache-control", ""), where


async def test_every_route_by_everybody(acme: House) -> None:
    """Refused or not, in JSON or as a stream: each call of the document, by a stranger and by the merchant."""
    statuses = set()
    for route in routes_of((await acme.http.get("/openapi.json")).json()):
        for headers in ({}, acme.shop.secret):
            if route.method == "delete" and headers:
                continue
            url = route.url(acme.ids)
            async with acme.http.stream(route.method.upper(), url, json=route.body, headers=headers) as answer:
                check(answer)
                statuses.add(answer.status_code)
    assert statuses >= {200, 401, 403}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("GET", "/nothing", 404), ("GET", "/v1/nothing", 404), ("GET", "/schema/swagger", 404),
        ("GET", "/v1/agent/conversations/no-id", 404), ("PUT", "/v1/agents", 405), ("OPTIONS", "/v1/agents", 204),
        ("GET", "/openapi.json", 200), ("GET", "/healthz", 200), ("GET", "/readyz", 200), ("GET", "/metrics", 401),
        ("GET", "//evil.example/%2e%2e/", 404), ("GET", "/v1/agents?limit=x", 401),
    ],
)  # fmt: skip
async def test_what_belongs_to_no_merchant(acme: House, method: str, path: str, status: int) -> None:
    answer = await acme.http.request(method, path)
    assert answer.status_code == status
    check(answer)


async def test_the_page_about_the_contract_loads_nothing_of_others(acme: House) -> None:
    page = await acme.http.get("/docs")
    check(page, is_page=True)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    for foreign in ("http://", "https://", "*", "unsafe-eval"):
        assert foreign not in policy
    assert 'src="http' not in page.text


async def test_the_metrics_of_the_operator(acme: House) -> None:
    answer = await acme.http.get("/metrics", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
    assert answer.status_code == 200
    check(answer)


async def test_no_page_may_send_cookies_along(acme: House) -> None:
    """Credentials mode is never allowed, and no other site's Origin is told that it may read."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for origin in (ORIGIN, "https://evil.example", "null", f"{ORIGIN}.evil.example", "http://localhost:3000/"):
        for answer in (
            await acme.http.options(f"{acme.sam.base}/messages", headers={"Origin": origin, **asked}),
            await acme.http.get(acme.sam.base, headers={**acme.sam.headers, "Origin": origin}),
            await acme.http.get(
                "/v1/widget", headers={"Authorization": acme.shop.page["Authorization"], "Origin": origin}
            ),
        ):
            assert "access-control-allow-credentials" not in answer.headers
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (ORIGIN if origin == ORIGIN else None)
            assert answer.is_success == (origin == ORIGIN)
    without = await acme.http.get("/v1/widget", headers={"Authorization": acme.shop.page["Authorization"]})
    assert without.status_code == 403
