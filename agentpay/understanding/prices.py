"""Which of a message's amounts the visitor offers, which are limits, and which merely quote a price."""

import re
from typing import Final, NamedTuple

from agentpay.understanding.amounts import Figure, Kind, minor_units
from agentpay.understanding.intents import Intent

NEAR_CHARACTERS: Final = 34
"""How far before and after an amount its meaning is looked for."""


class Prices(NamedTuple):
    """Minor units of `currency`; everything None where the visitor states nothing of the kind."""

    proposed: int | None = None
    maximum: int | None = None
    minimum: int | None = None
    currency: str | None = None


NO_PRICES: Final = Prices()

_STATES_PRICES: Final = frozenset(
    {Intent.PRICE_NEGOTIATION, Intent.PRODUCT_QUERY, Intent.PURCHASE_INTENT, Intent.CHECKOUT_READY, Intent.GENERAL_QUESTION,
     Intent.HESITATION}
)  # fmt: skip
"""With other intents an amount is a charge, a payment or a fee."""

_MAX_BEFORE: Final = re.compile(
    r"\b(?:under|below|less than|up to|maximum(?: of)?|max(?: of)?|at most|no more than|not more than|cheaper than|within|limit(?: is| of)?|"
    r"not over|budget(?: is| of| around| about|'s)?(?: max| maximum| only| around| about| like)?|spend(?: up to| about| around| more than)?|"
    r"ate|abaixo de?|menos (?:de|que|do que)|no maximo|maximo(?: de| e)?|por menos de|orcamento(?: e| de| max)?(?: de| no maximo| so| e)*|"
    r"teto(?: de| e)?|limite(?: e| de)?|gastar(?: ate| uns| no maximo| mais (?:de|que))?|na faixa d[eo]s?|faixa de)"
    r"(?: the| a| uns| cerca de| around| about| only| just| so| tipo)? *$"
)
_MAX_AFTER: Final = re.compile(
    r"^ ?(?:max(?:imum|imo)?\b|tops\b|or less\b|or under\b|or below\b|at most\b|at the most\b|no maximo\b|ou menos\b|budget\b|de orcamento\b|is my (?:max|budget|limit)|"
    r"e (?:o )?meu (?:maximo|limite|orcamento)|stourando\b|estourando\b)"
)
_MIN_BEFORE: Final = re.compile(
    r"\b(?:over|above|more than|at least|starting (?:at|from)|minimum(?: of)?|min|upwards of|acima de?|mais (?:de|que)|a partir de|no minimo|"
    r"pelo menos|minimo(?: de)?)(?: uns)? *$"
)
_MIN_AFTER: Final = re.compile(r"^ ?(?:or more\b|and up\b|or above\b|ou mais\b|pra cima\b|para cima\b|\+)")
_RANGE_BEFORE: Final = re.compile(r"\b(?:between|entre|range(?: of| is)?|de|from) *$")
_RANGE_BETWEEN: Final = re.compile(r" ?(?:and|e|to|a|ate|-) ?")
_CAN_PAY: Final = re.compile(
    r"\b(?:i can (?:do|pay|offer|go)|i could (?:do|pay|offer)|i'?d (?:pay|do|give)|i'?ll (?:give|pay|do)|willing to pay|happy to pay|"
    r"posso (?:pagar|dar|chegar)|consigo pagar|pago|dou|eu pago)\b[^.!?]{0,24}$"
)

_QUOTED_BEFORE: Final = re.compile(
    r"\b(?:instead of|rather than|in place of|opposed to|not|em vez d[eo]s?|ao inves d[eo]s?|inves d[eo]s?|no lugar d[eo]s?|costs?|costing|priced at|price (?:is|of|was)|"
    r"prices? (?:are|from)|charged(?: me)?|paid|paying|cost me|worth|was|were|listed (?:at|for)|says|shows?|list price(?: of)?|save|"
    r"custa(?:m|va)?|custando|cobr\w+|paguei|valor (?:de|e|do)|preco (?:de|e|do|ta|esta)|ta|tava|era|anunciad[oa] (?:por|a)|"
    r"amazon(?: has it)?(?: for| at)?|elsewhere for|sells? (?:it )?(?:for|at)|quoted(?: us| me)?|got it (?:for|at)|saw (?:it )?(?:for|at)|found (?:it )?(?:for|at)|vi (?:por|a)|achei (?:por|a)|"
    r"tem por|vende por|vendem por|encontrei (?:por|a)|nem|not even|knock|shave|o de|a de|nossa|wow|ouch|eita)"
    r"(?: me| us| the| a| around| about| only| just| uns| de| at| for| still)? *$"
)
_QUOTED_AFTER: Final = re.compile(
    r"^ ?(?:\?{2,}|(?:for|por|pra|num|numa|em|no|na)? ?(?:a|the|o|um|uma)? ?[a-z]* ?(?:(?:is|'s|e|eh|ta|esta|seems|acho|parece) (?:way |really |still |just |rather |a bit |a little |bem |meio |muito |mto |mt )*"
    r"(?:too|a lot|much|high|expensive|pricey|steep|crazy|insane|caro|cara|muito|mto|mt|salgado|puxado|alto|pesado|demais|dinheiro|over)\b)"
    r"|(?: for| por| num| numa| in| em)? ?(?:a |um |uma )?[a-z]{0,16} ?(?:\?{2,}|too much|way too much)|"
    r"(?:off|discount|de desconto|desconto|less|cheaper|a menos|mais barato|list price|nao rola|nao da|nao posso|de multa|each month)\b|"
    r"(?: reais)? (?:num|numa|for a|por um|por uma)\b)"
)
_EQUALS_BEFORE: Final = re.compile(r"(?P<what>[a-z]+) (?:is|was|are|e|eh|ta|esta|it's|its) *$")
_OFFERED_THINGS: Final = frozenset(
    "offer have limit max maximum do pay proposal proposta number final oferta price best can afford budget bid minha tenho consigo posso limite maximo".split()
)
_OFFERS_BEFORE: Final = re.compile(
    r"\b(?:for|at|to|do|pay|offer|give you|make it|take|accept|about|say|by|in|por|em|pra|para|faz|fazer|fecho|fecha|fechar|pago|pagar|dou|aceita\w*|"
    r"deixa|chega|que tal|e|leva|levo|sai|tenho|only have|only got|all i have is|have|thinking|pensando em|no|nah|nao|uns|around|maybe|like|then|entao|and|ou|or|is|e se for|just|so|apenas|somente)"
    r"(?: only| just| like| around| about| uns| so| por| em| for| at| it| me)* *$"
)


def read_prices(folded: str, figures: list[Figure], intent: Intent | None, *, asked: str = "") -> Prices:
    """The prices of the message as its intent means them; `asked` names the agent's question (`price`, `budget`)."""
    if intent is not None and intent not in _STATES_PRICES:
        return NO_PRICES
    candidates = [
        figure for figure in figures if _may_be_price(folded, figure, intent, asked) and figure.thousandths > 0
    ]
    if not candidates:
        return NO_PRICES
    span = _range(folded, candidates, intent)
    if span is not None:
        low, high = span
        currency = high.currency or low.currency
        return _within(
            Prices(None, minor_units(high.thousandths, currency), minor_units(low.thousandths, currency), currency)
        )
    return _single(folded, candidates, intent, asked)


def _single(folded: str, candidates: list[Figure], intent: Intent | None, asked: str) -> Prices:
    prices: dict[str, Figure] = {}
    for figure in candidates:
        role = _role(folded, figure, intent, asked)
        if role and role not in prices:
            prices[role] = figure
    if "proposed" in prices and "maximum" in prices and intent is Intent.PRICE_NEGOTIATION:
        del prices["maximum"]
    currency = next((figure.currency for figure in prices.values() if figure.currency), None)
    amounts = {role: minor_units(figure.thousandths, figure.currency or currency) for role, figure in prices.items()}
    if not any(amount is not None for amount in amounts.values()):
        return NO_PRICES
    return Prices(amounts.get("proposed"), amounts.get("maximum"), amounts.get("minimum"), currency)


def _role(folded: str, figure: Figure, intent: Intent | None, asked: str) -> str:
    before = folded[max(0, figure.start - NEAR_CHARACTERS) : figure.start]
    after = folded[figure.end : figure.end + NEAR_CHARACTERS]
    limited = _MAX_BEFORE.search(before) is not None or _MAX_AFTER.match(after) is not None
    negotiates = intent is Intent.PRICE_NEGOTIATION
    if limited:
        return "proposed" if negotiates and _CAN_PAY.search(before) and not _MAX_BEFORE.search(before) else "maximum"
    if (_MIN_BEFORE.search(before) or _MIN_AFTER.match(after)) and not negotiates:
        return "minimum"
    if asked == "budget" and intent is Intent.PRODUCT_QUERY:
        return "maximum"
    if _QUOTED_BEFORE.search(before) or _QUOTED_AFTER.match(after) or _is_equated(before):
        return ""
    if negotiates:
        return "proposed"
    if intent in (Intent.PURCHASE_INTENT, Intent.CHECKOUT_READY, Intent.GENERAL_QUESTION, None):
        return "proposed" if figure.kind is Kind.MONEY and _FOR_PRICE.search(before) else ""
    return ""


def _is_equated(before: str) -> bool:
    """ "the course is 129" quotes; "my offer is 129" offers."""
    match = _EQUALS_BEFORE.search(before)
    return match is not None and match["what"] not in _OFFERED_THINGS


_FOR_PRICE: Final = re.compile(r"\b(?:for|at|to|por|em|a|pra|para|pago|pay)(?: only| just| so| apenas)? *$")


def _range(folded: str, candidates: list[Figure], intent: Intent | None) -> tuple[Figure, Figure] | None:
    for low, high in zip(candidates, candidates[1:], strict=False):
        if low.thousandths >= high.thousandths or not _RANGE_BETWEEN.fullmatch(folded, low.end, high.start):
            continue
        before = _RANGE_BEFORE.search(folded[max(0, low.start - 20) : low.start])
        if before is not None or intent is Intent.PRODUCT_QUERY:
            return low, high
    return None


def _may_be_price(folded: str, figure: Figure, intent: Intent | None, asked: str) -> bool:
    if figure.kind is Kind.MONEY:
        return True
    if figure.kind is not Kind.PLAIN:
        return False
    before = folded[max(0, figure.start - NEAR_CHARACTERS) : figure.start]
    after = folded[figure.end : figure.end + NEAR_CHARACTERS]
    limited = _MAX_BEFORE.search(before) or _MAX_AFTER.match(after)
    if intent is Intent.PRODUCT_QUERY:
        return bool(limited or _MIN_BEFORE.search(before) or asked == "budget" or _RANGE_BEFORE.search(before)
                    or re.search(r"\b(?:between|entre) \S{1,12} (?:and|e) *$", before))  # fmt: skip
    if intent is not Intent.PRICE_NEGOTIATION:
        return False
    if _COUNTED.match(after) and not limited:
        return False
    if figure.words and figure.thousandths < 5_000 and not _OFFERS_BEFORE.search(before):
        return False
    return bool(limited or asked == "price" or not before.strip(" \"'(") or _OFFERS_BEFORE.search(before) or _INSTEAD.match(after)
                or _QUOTED_BEFORE.search(before) or figure.thousandths >= 20_000)  # fmt: skip


_COUNTED: Final = re.compile(
    r"^ (?!(?:for|and|or|in|if|is|it|on|at|to|each|instead|max|cash|deal|today|now|then|please|pls|tops|ok|right|but|because|per|a|as|final|total|"
    r"rather|no|na|nele|nela|e|ou|em|se|por|pra|para|cada|a|ao|agora|hoje|vai|fechado|fecho|que|mas|ne|la|ai|no|nesse|nessa|pelo|pela|da|do|"
    r"eu|i|we|you|voce|thanks|lol|plus|or|final|pix|cash|with|without|com|sem|aceita|topa|rola|pode|da)\b)[a-z]{3,}"
)
_INSTEAD: Final = re.compile(r"^ ?(?:instead|rather|em vez|ao inves|no lugar)")


def _within(prices: Prices) -> Prices:
    return prices if prices.maximum is not None and prices.minimum is not None else NO_PRICES
