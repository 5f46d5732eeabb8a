"""What the visitor reads about offers outside any turn, in English and Portuguese. Pure.

Every figure comes from a row; product names are the merchant's text, shortened to one line.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from agentpay.kit.money import Language, format_amount
from agentpay.kit.text import one_line, shorten
from agentpay.kit.wire import in_utc

NAME_CHARACTERS_MAX = 80

_REASONS: dict[Language, dict[str, str]] = {
    "en": {
        "negotiated": "A special price, just for you.",
        "first_purchase": "A welcome price for your first purchase.",
        "volume": "A better price because you want several.",
        "hesitation": "A little help with your decision.",
        "first_charge": "It applies to the first charge; later charges are at the regular price.",
        "no_trial": "This price starts right away, without a trial period.",
        "approved": "The shop agreed to it.",
    },
    "pt": {
        "negotiated": "Um preço especial, só para você.",
        "first_purchase": "Um preço de boas-vindas para sua primeira compra.",
        "volume": "Um preço melhor porque você quer mais de um.",
        "hesitation": "Uma ajudinha na sua decisão.",
        "first_charge": "Vale para a primeira cobrança; as próximas são no preço normal.",
        "no_trial": "Esse preço começa a valer na hora, sem período de teste.",
        "approved": "A loja concordou.",
    },
}
_SENTENCES: dict[Language, dict[str, str]] = {
    "en": {
        "approved": "Good news: the shop agreed to {amount} for {product}. The offer is valid until {until}.",
        "declined": "Sorry, the shop could not agree to a lower price for {product}. The regular price is {list}.",
        "withdrawn": "Sorry, the offer of {amount} for {product} is no longer available.",
        "unanswered": "Sorry, the shop did not answer in time about {product}. The regular price is {list}.",
        "lapsed": "The offer of {amount} for {product} has run out. The regular price is {list}.",
        "price_changed": "The price of {product} has changed, so the offer of {amount} is no longer valid.",
        "product_unavailable": "Sorry, {product} is not available any more, so the offer of {amount} has ended.",
        "rules_changed": "Sorry, the offer of {amount} for {product} is no longer valid.",
        "product": "your product",
    },
    "pt": {
        "approved": "Boa notícia: a loja concordou com {amount} por {product}. A oferta vale até {until}.",
        "declined": "Desculpe, a loja não pôde baixar o preço de {product}. O preço normal é {list}.",
        "withdrawn": "Desculpe, a oferta de {amount} para {product} não está mais disponível.",
        "unanswered": "Desculpe, a loja não respondeu a tempo sobre {product}. O preço normal é {list}.",
        "lapsed": "A oferta de {amount} para {product} terminou. O preço normal é {list}.",
        "price_changed": "O preço de {product} mudou, por isso a oferta de {amount} não vale mais.",
        "product_unavailable": "Desculpe, {product} não está mais disponível, e a oferta de {amount} terminou.",
        "rules_changed": "Desculpe, a oferta de {amount} para {product} não vale mais.",
        "product": "seu produto",
    },
}


def reasons(codes: Sequence[str], *, language: Language) -> list[str]:
    """Sentences fit for the visitor; no number in them."""
    said = _REASONS[language]
    return [said[code] for code in codes if code in said]


def sentence(key: str, *, offer: Mapping[str, Any], product_name: str | None, language: Language) -> str:
    """One sentence about an offer's row; an unknown key says that it is no longer valid."""
    said = _SENTENCES[language]
    return said.get(key, said["rules_changed"]).format(
        product=shorten(one_line(product_name or ""), characters_max=NAME_CHARACTERS_MAX) or said["product"],
        amount=format_amount(offer["amount"], offer["currency"], language=language),
        list=format_amount(offer["list_amount"], offer["currency"], language=language),
        until=_moment(offer["expires_at"], language),
    )


def language_of(conversation: Mapping[str, Any]) -> Language:
    """The language last spoken here, else the page's, else English."""
    spoken = conversation["agent_state"].get("language")
    if spoken not in _SENTENCES:
        spoken = "pt" if str(conversation["context"].get("locale", "")).lower().startswith("pt") else "en"
    return cast(Language, spoken)


def _moment(moment: datetime, language: Language) -> str:
    """`23 Nov 2026, 18:47 UTC`; nobody knows the visitor's time zone here."""
    at = in_utc(moment) or moment
    months = "jan fev mar abr mai jun jul ago set out nov dez" if language == "pt" else "Jan Feb Mar Apr May Jun"
    months = months if language == "pt" else f"{months} Jul Aug Sep Oct Nov Dec"
    return f"{at.day} {months.split()[at.month - 1]} {at.year}, {at:%H:%M} UTC"
