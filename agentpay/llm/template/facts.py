"""Tool facts as this provider reads them. Pure; a missing or misshapen fact is read as absent, never raised over.

What each tool is asked with and what its `ToolResult.facts` may hold (money in minor units, `…_text` as shown):

    search_products         query, limit → products: [{product_id, name, price_text, description, amount, currency,
                            negotiable, amount_type, recurring_interval, availability, benefits}], total,
                            closest: [as products]
    show_product            product_id → product: {as above}
    check_inventory         product_id, quantity → product_name, state: in_stock|low|out_of_stock|unknown, is_enough
    quote_shipping          country, product_id → country, amount_text, days, text; refused: countries: [name]
    search_knowledge        query → articles: [{article_id, title, snippet, url}]
    propose_price           product_id, proposed_amount, discount_percent, quantity →
                            decision: granted|countered|needs_approval|refused, product_name, amount_text, list_text,
                            discount_percent, expires_at, reasons, is_final, applies_to: first_charge,
                            applies_to_quantity: 1, trial: none, reason, standing_offer: {amount_text, expires_at}
    validate_discount_code  code, product_id → valid, code, text, amount_text
    create_checkout         product_id, offer_id, amount, seats, discount_code → status: open|creating|confirmed,
                            product_name, amount_text, reason
    check_order             order_reference → orders: [{order_id, product_name, status, amount_text, created_at}],
                            checkouts: [{product_name, status}]
    request_human           reason → state: asked|taken

A refused or failed result names `reason`, and may hold the error's own `text`. Arguments that a tool's schema does not
know are left out (`plan.py`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from agentpay.kit.text import fold, one_line
from agentpay.llm.types import ProductFact, ToolCall, ToolResult

Results = Sequence[tuple[ToolCall, ToolResult]]
Facts = Mapping[str, Any]

NONE: Final[Facts] = {}
PRODUCTS_MAX: Final = 8
"""Products read of one answer; nobody reads more in a chat."""

_REASONS: Final[tuple[tuple[str, str], ...]] = (
    ("pay_what_you_want", r"pay_what|pwyw|custom|buyer_chooses"),
    ("free", r"\bfree|_free|is_free"),
    ("currency", r"currency"),
    ("approval_pending", r"pending|waiting_approval|awaiting"),
    ("final", r"standing_offers_limit"),
    ("standing_offer", r"standing|already_offered|offer_open|already_accepted"),
    ("already_subscribed", r"already_active|already_subscribed|activesubscription"),
    ("offer_expired", r"expired|offer_unavailable|offer_over|offer_void|void"),
    ("price_changed", r"price_changed|archived_price|list_changed"),
    ("payments_not_ready", r"payments_not_ready|not_ready|payments"),
    ("polar_down", r"polar_down|unavailable_now|polar|timeout|temporar|unknown_outcome|rate_limit|too_many"),
    ("polar_down", r"^unavailable$"),
    ("unavailable", r"product_unavailable|unavailable|archived|not_found|unknown_product|not_shown|out_of_stock|gone"),
    ("code_invalid", r"code|coupon|discount_id"),
    ("amount", r"amount|minimum|too_low|pay_amount"),
    ("seats", r"seat"),
    ("details_needed", r"custom_field|details|field"),
    ("final", r"max_offers|limit|budget|final|no_more|used_up|exhausted|last_word|nothing_left|floor|bound|best"),
    ("nothing_asked", r"nothing_asked|at_list|above_list|no_discount_asked"),
    ("not_negotiable", r"not_negotiable|negotiab|discounts_off|frozen|several_prices|metered|switched_off|pricing_off"),
    ("unproven", r"unproven|not_proven|identify|anonymous|unknown_customer"),
)
_REASON_PATTERNS: Final = tuple((reason, re.compile(pattern)) for reason, pattern in _REASONS)


def find_result(results: Results, name: str) -> ToolResult | None:
    """The latest result of a tool in this turn; None when it was not asked."""
    return next((result for call, result in reversed(results) if call.name == name), None)


def was_asked(results: Results, name: str) -> bool:
    return find_result(results, name) is not None


def text_of(facts: Facts, *names: str) -> str:
    """The first of `names` that holds text, on one line; "" when none does."""
    for name in names:
        value = facts.get(name)
        if isinstance(value, str) and (line := one_line(value)):
            return line
    return ""


def whole_of(facts: Facts, name: str) -> int | None:
    """A whole number, also one that came as 10.0; None for anything else."""
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value and abs(value) < 1e15 and value == int(value) else None


def time_of(facts: Facts, name: str) -> datetime | None:
    """A moment with its zone; None where the fact is absent or no time."""
    value = facts.get(name)
    if isinstance(value, datetime):
        return value if value.tzinfo else None
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
        return read if read.tzinfo else None
    return None


def texts_of(facts: Facts, name: str) -> list[str]:
    """The texts of a list, on one line each."""
    values = facts.get(name)
    lines = [text_of({name: value}, name) for value in values] if isinstance(values, list | tuple) else []
    return [line for line in lines if line]


def rows_of(facts: Facts, *names: str) -> list[Facts]:
    """The first of `names` that holds a list: its objects."""
    for name in names:
        value = facts.get(name)
        if isinstance(value, list | tuple):
            return [row for row in value if isinstance(row, Mapping)]
    return []


def products_of(results: Results) -> tuple[ProductFact, ...]:
    """Products that this turn's look-ups found, in their order, each once. The latest look-up first."""
    found: dict[str, ProductFact] = {}
    for call, result in reversed(results):
        if result.status != "done" or call.name not in {"search_products", "show_product"}:
            continue
        for row in _product_rows(result.facts):
            product = _product(row)
            if product is not None:
                found.setdefault(product.product_id, product)
    return tuple(found.values())[:PRODUCTS_MAX]


def closest_of(results: Results) -> tuple[ProductFact, ...]:
    """What a search found beyond the visitor's price limit, where nothing was within it."""
    result = find_result(results, "search_products")
    rows = rows_of(result.facts, "closest") if result and result.status == "done" else []
    return tuple(product for row in rows if (product := _product(row)) is not None)[:PRODUCTS_MAX]


def has_cards(results: Results) -> bool:
    """Whether the reply carries cards of products: what stands on them need not be said."""
    attachments = (each for call, result in results if call.name == "search_products" for each in result.attachments)
    return any(each.get("type") == "product_card" for each in attachments)


def is_sold_out(results: Results, product: ProductFact) -> bool:
    """Whether the latest look at the product saw none left."""
    for call, result in reversed(results):
        if call.name in {"search_products", "show_product"}:
            for row in _product_rows(result.facts):
                if text_of(row, "product_id", "id") == product.product_id:
                    return text_of(row, "availability") == "out_of_stock"
    return False


def reason_of(result: ToolResult) -> str:
    """The kind of refusal: one of the names above, else `failed` or `other`."""
    raw = text_of(result.facts, "reason") or ("failed" if result.status == "failed" else "")
    if "validation" in raw:
        raw = text_of(result.facts, "text")  # names the field: `body.amount: From $5.00`
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", raw)
    folded = re.sub(r"\W+", "_", fold(spelled))
    for reason, pattern in _REASON_PATTERNS:
        if pattern.search(folded):
            return reason
    return "failed" if result.status == "failed" else "other"


def _product_rows(facts: Facts) -> Iterator[Facts]:
    yield from rows_of(facts, "products", "items")
    one = facts.get("product")
    if isinstance(one, Mapping):
        yield one
    elif "product_id" in facts:
        yield facts


def _product(row: Facts) -> ProductFact | None:
    product_id, name = text_of(row, "product_id", "id"), text_of(row, "name", "product_name")
    if not product_id or not name:
        return None
    amount_type = text_of(row, "amount_type") or "fixed"
    return ProductFact(
        product_id=product_id,
        name=name,
        price_text=text_of(row, "price_text", "amount_text"),
        amount=whole_of(row, "amount"),
        currency=text_of(row, "currency").lower() or None,
        negotiable=row.get("negotiable", amount_type == "fixed") is True,
        amount_type=amount_type,
        recurring_interval=text_of(row, "recurring_interval") or None,
        description=_described(row),
    )


def _described(row: Facts) -> str:
    """The description, with what is included where it does not say so itself."""
    told = text_of(row, "description")
    return " ".join([told, *(f"{benefit}." for benefit in texts_of(row, "benefits") if benefit not in told)]).strip()


def same_product(left: ProductFact | None, right: ProductFact | None) -> bool:
    return left is not None and right is not None and left.product_id == right.product_id


def with_fresh(focus: ProductFact | None, fresh: Sequence[ProductFact]) -> ProductFact | None:
    """The focus as this turn's look-up saw it, where one did."""
    return next((each for each in fresh if same_product(each, focus)), focus)


def searched_in_vain(results: Results) -> bool:
    """The first search found nothing, so that the next looked at everything."""
    searches = [result for call, result in results if call.name == "search_products"]
    return len(searches) > 1 and not rows_of(searches[0].facts, "products", "items")


def structs_of(values: Sequence[msgspec.Struct]) -> list[Facts]:
    """The brief's own facts in the shape of a tool's rows."""
    return [msgspec.structs.asdict(value) for value in values]
