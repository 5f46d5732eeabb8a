"""The customer portal behind a session link: what was bought, in plain HTML. It changes nothing."""

import html
from typing import Final

from agentpay.sandbox.polar import customers, money
from agentpay.sandbox.polar.entities import Customer, Order, Subscription
from agentpay.sandbox.polar.state import PolarState

TEXTS: Final = {
    "en": {
        "orders": "Orders",
        "subscriptions": "Subscriptions",
        "none": "Nothing yet.",
        "over": "This link has expired.",
    },
    "pt": {"orders": "Pedidos", "subscriptions": "Assinaturas", "none": "Nada ainda.", "over": "Este link expirou."},
}


def page(state: PolarState, token: str | None, *, language: str) -> tuple[int, str]:
    """Status and HTML: 401 for a link that is over or never was."""
    text = TEXTS[language]
    customer = customers.find_by_session(state, token) if token else None
    if customer is None:
        return 401, _document(language, f'<p class="card message bad">{text["over"]}</p>')
    orders = [_order(state, row) for row in reversed(state.orders.where("customer_id", customer.id))]
    running = [_subscription(state, row) for row in state.subscriptions if row.customer_id == customer.id]
    body = (
        f"<h1>{_escaped(_name(customer))}</h1>"
        f"{_section(text['subscriptions'], running, text['none'])}{_section(text['orders'], orders, text['none'])}"
    )
    return 200, _document(language, body)


def _document(language: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        '<title>Portal</title><link rel="icon" href="/checkout/icon.svg">'
        f'<link rel="stylesheet" href="/checkout/pay.css"></head><body><main>{body}</main></body></html>'
    )


def _section(title: str, lines: list[str], none: str) -> str:
    return f'<section class="card"><h2>{title}</h2>{"".join(lines) or f"<p>{none}</p>"}</section>'


def _order(state: PolarState, row: Order) -> str:
    name = _escaped(state.products.get(row.product_id).name)
    total = money.shown_amount(row.total_amount, row.currency)
    return f"<dl><dt>{name} · {row.created_at:%Y-%m-%d} · {row.status}</dt><dd>{total}</dd></dl>"


def _subscription(state: PolarState, row: Subscription) -> str:
    name = _escaped(state.products.get(row.product_id).name)
    amount = money.shown_amount(row.amount, row.currency)
    return f"<dl><dt>{name} · {row.status}</dt><dd>{amount} / {row.recurring_interval}</dd></dl>"


def _name(customer: Customer) -> str:
    return customer.name or customer.email or "…"


def _escaped(text: str) -> str:
    return html.escape(text)
