"""What a browser sees: the pay page with its files, product pictures, the customer portal, papers as plain text."""

import html
import re
from collections.abc import Callable
from importlib import resources
from string import Template
from typing import Final

from agentpay.sandbox.polar import constants, images, money, portal
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.polar.transport import Wire
from agentpay.sandbox.polar.wire import Answer, answer_json

BAD_GATEWAY: Final = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
LANGUAGES: Final = ("en", "pt")
FILES: Final = {
    "pay.css": "text/css; charset=utf-8",
    "pay.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
SECURITY: Final = (
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' http: https:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)


def answer(state: PolarState, wire: Wire) -> Answer:
    """Whatever is not the API."""
    if wire.method not in ("GET", "HEAD"):
        return answer_json({"detail": "Method Not Allowed"}, 405, (("allow", "GET"),))
    name = wire.path.removeprefix("/checkout/")
    if name in FILES and name != wire.path:
        return Answer(body=_file(name).encode(), media_type=FILES[name], headers=SECURITY)
    for pattern, page in PAGES:
        found = re.fullmatch(pattern, wire.path)
        if found is not None:
            made = page(state, wire, found[1])
            if made is not None:
                return made
    return answer_json({"detail": "Not Found"}, 404)


def _file(name: str) -> str:
    return (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")


def _pay_page(state: PolarState, wire: Wire, secret: str) -> Answer | None:
    """One page for paying and for the confirmation; what it shows it asks the client endpoints for."""
    checkout = state.find_checkout_by_secret(secret)
    if checkout is None:
        return None
    buyers = checkout.customer_billing_address.country if checkout.customer_billing_address else "US"
    countries = "".join(
        f'<option value="{code}"{" selected" if code == buyers else ""}>{code}</option>' for code in constants.COUNTRIES
    )
    wanted = checkout.locale if checkout.locale not in (None, "en") else None
    language = _language(wire.query_value("locale") or wanted, wire.headers.get("accept-language", ""))
    page = Template(_file("pay.html")).substitute(language=language, secret=html.escape(secret), countries=countries)
    ancestors = _frame_ancestors(state.organization(checkout.organization_id).embed_hosts)
    return Answer(body=page.encode(), media_type="text/html; charset=utf-8", headers=(ancestors, *SECURITY))


def _frame_ancestors(embed_hosts: list[str]) -> tuple[str, str]:
    """Only a page of a listed host may show it inside itself (contract § 3.7)."""
    sources = [f"{scheme}://{host}" for host in embed_hosts for scheme in ("https", "http")] or ["'none'"]
    return "content-security-policy", f"frame-ancestors {' '.join(sources)}"


def _language(locale: str | None, accepted: str) -> str:
    """The asked locale, else the browser's first known language."""
    for tag in (locale or "", *accepted.split(",")):
        code = tag.strip().partition(";")[0].partition("-")[0].lower()
        if code in LANGUAGES:
            return code
    return LANGUAGES[0]


def _image(state: PolarState, wire: Wire, id: str) -> Answer | None:
    media = state.medias.find(id)
    if media is None:
        return None
    headers = (("cache-control", "public, max-age=86400"), ("access-control-allow-origin", "*"))
    return Answer(body=(media.svg or images.draw(media.title)).encode(), media_type="image/svg+xml", headers=headers)


def _portal(state: PolarState, wire: Wire, slug: str) -> Answer | None:
    language = _language(wire.query_value("locale"), wire.headers.get("accept-language", ""))
    status, page = portal.page(state, wire.query_value("customer_session_token"), language=language)
    return Answer(status=status, body=page.encode(), media_type="text/html; charset=utf-8", headers=SECURITY)


def _paper(state: PolarState, wire: Wire, number: str) -> Answer | None:
    """An invoice or receipt: enough to see that the link works."""
    for order in state.orders:
        if number in (order.invoice_number, order.receipt_number):
            total = money.shown_amount(order.total_amount, order.currency)
            text = f"{number}\n{state.products.get(order.product_id).name}\n{total}\n"
            return Answer(body=text.encode(), media_type="text/plain; charset=utf-8", headers=SECURITY)
    return None


PAGES: Final[tuple[tuple[str, Callable[[PolarState, Wire, str], Answer | None]], ...]] = (
    (r"/checkout/(polar_c_\w+)(?:/confirmation)?", _pay_page),
    (r"/images/([\w-]+)/[^/]+", _image),
    (r"/([\w-]+)/portal", _portal),
    (r"/files/([\w-]+)\.txt", _paper),
)
