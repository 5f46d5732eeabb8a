"""Any rules, any product, any ask: what the properties draw from."""

from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st

from agentpay.agents.rules import ProductRules, Rules
from agentpay.offers.negotiation import Ask, Facts

# The same examples on every run, however busy the machine is.
steady = settings(deadline=None, derandomize=True, max_examples=80)

PRODUCT = UUID("0ff6c993-75af-4c96-b41a-d31a8ee828bb")
CURRENCIES = ("usd", "eur", "brl", "jpy")

points = st.integers(0, 10_000)
list_amounts = st.one_of(st.integers(50, 400), st.integers(401, 10_000), st.integers(10_001, 99_999_999))

product_rules = st.builds(
    ProductRules,
    max_discount_basis_points=st.none() | points,
    floor_amount=st.none() | st.integers(0, 20_000),
)


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    low, high = sorted((draw(points), draw(st.integers(8_000, 10_000))))
    return Rules(
        allow_dynamic_pricing=draw(st.sampled_from((True, True, True, False))),
        max_discount_basis_points=draw(points),
        approval_above_basis_points=draw(points),
        price_min_basis_points=low,
        price_max_basis_points=draw(st.sampled_from((high, 10_000, 10_000))),
        max_offers_per_conversation=draw(st.integers(0, 6)),
        first_purchase_basis_points=draw(points),
        volume_min_quantity=draw(st.integers(1, 5)),
        volume_basis_points=draw(points),
        hesitation_min_signals=draw(st.integers(1, 5)),
        hesitation_basis_points=draw(points),
        products=draw(st.sampled_from(({}, {str(PRODUCT): draw(product_rules)}))),
    )


facts = st.builds(
    Facts,
    product_id=st.just(PRODUCT),
    list_amount=list_amounts,
    currency=st.sampled_from(CURRENCIES),
    default_currency=st.sampled_from(CURRENCIES),
    kind=st.sampled_from(("percentage", "fixed")),
    is_first_purchase=st.booleans(),
    hesitation_signals=st.integers(0, 6),
)


@st.composite
def asks(draw: st.DrawFn, list_amount: int = 20_000) -> Ask:
    """Vague ones, percentages, and prices from nothing to above the list."""
    quantity = draw(st.integers(1, 6))
    kind = draw(st.sampled_from(("vague", "percent", "price", "price")))
    if kind == "vague":
        return Ask(quantity=quantity)
    if kind == "percent":
        return Ask(basis_points=draw(points), quantity=quantity)
    return Ask(amount=draw(st.integers(0, list_amount + list_amount // 10)), quantity=quantity)
