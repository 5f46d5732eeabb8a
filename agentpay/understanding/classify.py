"""One message understood: intent, confidence, entities, language. Pure; rules and a small linear model, no network."""

import re
from typing import Final, Literal

import msgspec

from agentpay.understanding.entities import Entities, extract
from agentpay.understanding.intents import Intent
from agentpay.understanding.language import detect_folded
from agentpay.understanding.text import clean, fold

CONFIDENCE_THRESHOLD: Final = 0.6
"""Below it a model may be asked for a second opinion."""

_KEYWORDS: Final = (
    (Intent.HUMAN_REQUEST, r"\b(human|real person|representative|atendente|falar com (alguem|uma pessoa|humano))\b"),
    (Intent.REFUND_REQUEST, r"\b(refund|money back|cancel|reembolso|estorno|cancelar|dinheiro de volta)"),
    (Intent.RETURN_REQUEST, r"\b(return|exchange|devolver|devolucao|trocar|troca)\b"),
    (Intent.PAYMENT_ISSUE, r"\b(declined|charged twice|failed|recusad[oa]|cobrou duas|cobrad[oa] duas)\b"),
    (Intent.PAYMENT_CONFIRMATION, r"\b(i('ve)? (just )?paid|paid!?$|paguei|acabei de pagar)\b"),
    (Intent.ORDER_STATUS, r"\b(my order|tracking|meu pedido|rastrei|nao recebi|licen[cs]e key)\b"),
    (Intent.SHIPPING_QUESTION, r"\b(ship|shipping|delivery|frete|entrega)"),
    (Intent.CHECKOUT_READY, r"\b(link|checkout|how (do|can) i pay|como (eu )?pago|pode mandar)\b"),
    (
        Intent.PRICE_NEGOTIATION,
        r"\b(discount|cheaper|coupon|too expensive|desconto|cupom|car[oa]|instead of|best price)\b",
    ),
    (Intent.PAYMENT_QUERY, r"\b(pix|paypal|credit card|boleto|invoice|nota fiscal|parcel|secure|seguro)"),
    (Intent.PURCHASE_INTENT, r"\b(i'?ll take|i want to buy|quero (esse|comprar)|sold|fechado|vou levar)\b"),
    (Intent.HESITATION, r"\b(not sure|think about it|maybe|later|vou pensar|nao sei|talvez|depois)\b"),
    (Intent.SUPPORT_REQUEST, r"\b(install|activate|doesn'?t work|instalar|ativ[ao]|nao funciona|how do i use)"),
    (Intent.PRODUCT_QUERY, r"\b(do you have|how much|what|which|quanto custa|tem|qual|preco)\b"),
    (Intent.GREETING, r"^\W*(hi|hello|hey|oi|ola|bom dia|boa (tarde|noite)|thanks|obrigad[oa]|bye|tchau)\b"),
)
_PATTERNS: Final = tuple((intent, re.compile(pattern)) for intent, pattern in _KEYWORDS)
_YES: Final = re.compile(r"^\W*(yes|yeah|yep|sure|ok|okay|sim|claro|pode ser|isso|fechado|deal)\b")
_OFFERING: Final = frozenset({"calculate_offer", "generate_checkout", "request_approval"})


class Understanding(msgspec.Struct, frozen=True):
    """What a message means. `confidence` is the measured chance that `intent` is right; `source` who said so."""

    intent: Intent
    confidence: float
    entities: Entities
    language: str
    source: Literal["rules", "llm", "hybrid"]


def classify(
    text: str,
    *,
    prev_agent_action: str | None = None,
    prev_agent_text: str | None = None,
    previous_language: str | None = None,
) -> Understanding:
    """Understand one message in the light of what the agent did and said just before. Never raises, whatever the text."""
    cleaned = clean(text)
    folded = fold(cleaned)
    language = detect_folded(cleaned, folded, previous=previous_language or "en")
    intent, confidence = Intent.GENERAL_QUESTION, 0.3
    if _YES.match(folded) and prev_agent_action in _OFFERING:
        intent, confidence = Intent.CHECKOUT_READY, 0.9
    else:
        for candidate, pattern in _PATTERNS:
            if pattern.search(folded):
                intent, confidence = candidate, 0.7
                break
    entities = extract(
        text, language=language, intent=intent, prev_agent_action=prev_agent_action, prev_agent_text=prev_agent_text
    )
    return Understanding(intent, confidence, entities, language, "rules")
