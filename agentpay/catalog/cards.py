"""A product as a visitor sees it, and as a provider is told of it. Pure; every figure is from the mirror."""

from typing import Any

from agentpay.catalog import sellable
from agentpay.catalog.price_text import price_text
from agentpay.catalog.prices import PriceFacts, price_facts
from agentpay.catalog.repository import CatalogProduct
from agentpay.kit.markdown import plain
from agentpay.kit.money import Language
from agentpay.kit.text import clean, one_line, shorten
from agentpay.llm.types import ProductFact
from agentpay.polar.types import Product

CARD_CHARACTERS_MAX = 200
FACT_CHARACTERS_MAX = 600
DETAIL_CHARACTERS_MAX = 4_000
INCLUDES: dict[Language, str] = {"en": "Includes: {0}.", "pt": "Inclui: {0}."}


def product_card(product: CatalogProduct, *, currency: str) -> dict[str, Any]:
    """The `product_card` attachment of API § 5, priced in `currency` or the nearest that the product has."""
    return {
        "type": "product_card",
        "product_id": str(product.product_id),
        "name": product.name,
        "description": description(product.product, characters_max=CARD_CHARACTERS_MAX),
        "image_url": image_url(product.product),
        "action": "buy",
        "price": card_price(price_facts(product.product, currency=product.quoted_in(currency))),
    }


def card_price(facts: PriceFacts | None) -> dict[str, Any] | None:
    """`price` of the card. `amount` is what the smallest purchase costs, null where only usage is charged."""
    if facts is None:
        return None
    seats = facts.ladder if facts.amount_type == "seat_based" else None
    return {
        "amount": facts.amount,
        "currency": facts.currency,
        "amount_type": facts.amount_type,
        "recurring_interval": facts.recurring_interval,
        "recurring_interval_count": facts.recurring_interval_count,
        "trial": None
        if facts.trial is None
        else {"interval": facts.trial.interval, "interval_count": facts.trial.interval_count},
        "from": facts.is_from,
        "minimum_amount": facts.minimum_amount,
        "preset_amount": facts.preset_amount,
        "seats": None if seats is None else {"minimum": seats.minimum, "maximum": seats.maximum},
    }


def product_fact(
    product: CatalogProduct, *, currency: str, language: Language, negotiable: bool | None = None
) -> ProductFact:
    """What a provider is told of it.

    `negotiable` None = whether its kind of price can be negotiated at all; whether the agent may, the caller knows.
    """
    facts = price_facts(product.product, currency=product.quoted_in(currency))
    can_carry = facts is not None and facts.carries_discount
    return ProductFact(
        product_id=str(product.product_id),
        name=product.name,
        price_text=text_of_price(product, currency=currency, language=language),
        amount=facts.amount if facts else None,
        currency=facts.currency if facts else None,
        negotiable=can_carry if negotiable is None else negotiable and can_carry,
        amount_type=facts.amount_type if facts else "fixed",
        recurring_interval=facts.recurring_interval if facts else None,
        description=_told(product.product, language),
    )


def text_of_price(product: CatalogProduct, *, currency: str, language: Language) -> str:
    """List price with its terms, in `currency` or the nearest that the product has."""
    return price_text(product.product, currency=product.quoted_in(currency), language=language)


def description(product: Product, *, characters_max: int) -> str:
    """The merchant's description as plain words on one line; "" where there is none."""
    return shorten(one_line(plain(clean(product.description or ""))), characters_max=characters_max)


def full_description(product: Product) -> str:
    """The merchant's description as plain words, paragraphs kept."""
    return shorten(plain(clean(product.description or "")), characters_max=DETAIL_CHARACTERS_MAX)


def image_url(product: Product) -> str | None:
    """Its first picture that has a web address; None where there is none."""
    for media in product.medias:
        if media.public_url.startswith(("https://", "http://")) and (
            not media.mime_type or media.mime_type.startswith("image/")
        ):
            return media.public_url
    return None


def _told(product: Product, language: Language) -> str:
    benefits = sellable.public_benefits(product)
    told = description(product, characters_max=FACT_CHARACTERS_MAX)
    includes = INCLUDES[language].format("; ".join(benefits)) if benefits else ""
    return " ".join(filter(None, (told, includes)))
