"""What a message spells out: e-mail address, coupon code, order reference."""

import re
from typing import Final

from agentpay.understanding.intents import Intent

_EMAIL: Final = re.compile(
    r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}(?![a-z0-9-])", re.IGNORECASE
)

_COUPON_WORD: Final = re.compile(
    r"\b(?:coupon|promo(?:tional|tion)? ?code|discount code|voucher|code|promo|cupo[mn]|cupom de desconto|codigo(?: de desconto| promocional| promo)?|vale)"
    r"(?: code| codigo| de desconto)?(?: is| e| eh| called| named| chamado|:| =|,)*[ :]*['\"(\[]?(?P<code>[a-z0-9][a-z0-9_-]{2,23})\b(?P<tail>[^ ]?)"
)
_CODE_BEFORE_WORD: Final = re.compile(
    r"\b(?P<code>[a-z0-9][a-z0-9_-]{2,23})['\"]? (?:coupon|code|promo|voucher|cupom|codigo)\b"
)
_SHOUTED: Final = re.compile(r"\b(?=[A-Z0-9_-]*[A-Z]{2})[A-Z][A-Z0-9_-]{3,23}\b")
_MIXED: Final = re.compile(r"\b[a-z]{3,20}[-_]?\d{1,4}\b")
_NO_CODES: Final = frozenset(
    """code codes coupon coupons that this which from with and for the you your have any does doesn doesnt isn isnt wont didn work works working
    valid invalid expired please here there where what when please pls says said not available active still now today gave give can
    could should discount promo off sale de do da para pra que nao sim tem funciona funcionou funcionando valido invalido expirou aqui ai
    onde como qual quando ainda vale valendo esse essa este meu minha por favor pf desconto promocional algum alguma novo nova new old one
    apply applied use using used entrar entrou aplicar aplica usar uso coloco colocar don dont didnt won can't cant saying anything isnt
    first student friend black friday back page box field snippet review editor error number name activation license licence access rastreio
    acesso ativacao erro barras pix qr postal zip country area tracking verification security dress source promo promocao antes before
    deu foi era esta ta to sem com mas ele ela eu if it its my our his her their but was were will is are am""".split()
)
_SHOUT_STOPS: Final = frozenset(
    """pix cpf cnpj cep usa uk usd brl eur pdf epub api faq vip pro ok lol omg wtf diy usb hdmi led asap tbh idk nota vat gst iban sms abnt abnt2 http https""".split()
)

_COUPON_INTENTS: Final = frozenset(
    {Intent.PRICE_NEGOTIATION, Intent.CHECKOUT_READY, Intent.PURCHASE_INTENT, Intent.PRODUCT_QUERY, Intent.GENERAL_QUESTION,
     Intent.PAYMENT_QUERY, None}
)  # fmt: skip

_ORDER_WORD: Final = re.compile(
    r"\b(?:orders?|pedidos?|compra|encomenda|purchase|invoice|ref(?:erence)?|referencia|protocolo|ticket|tracking|rastreio|receipt)"
    r"(?: (?:number|num|no|nr|id|ref|reference|code|numero|de numero|n[o°º]?|cod|codigo))?[.]?"
    r"(?: (?:is|e|eh|was|foi|of|do|da|for|de|o|a|the|numero|number|n[o°º]?)\b)*[.:]? *#? *(?P<reference>[a-z0-9][a-z0-9/-]{1,30})"
)
_NUMBER_WORD: Final = re.compile(
    r"\b(?:number|numero|n[o°º]|nr|num)\.?(?: (?:is|e|eh|do pedido|da compra|of the order|of my order))*[:.]? *#? *(?P<reference>[a-z0-9][a-z0-9/-]{2,30})"
)
_HASH: Final = re.compile(r"# ?(?P<reference>[a-z0-9][a-z0-9/-]{1,30})")
_LETTERED: Final = re.compile(r"\b(?P<reference>[a-z][a-z0-9]{0,5}-\d[a-z0-9-]{2,24})\b")
_BARE: Final = re.compile(r"\b(?P<reference>[a-z]{0,4}\d[a-z0-9-]{2,24})\b")
_ORDER_INTENTS: Final = frozenset(
    {Intent.ORDER_STATUS, Intent.REFUND_REQUEST, Intent.RETURN_REQUEST, Intent.PAYMENT_ISSUE, Intent.PAYMENT_CONFIRMATION,
     Intent.SUPPORT_REQUEST, Intent.HUMAN_REQUEST, Intent.SHIPPING_QUESTION}
)  # fmt: skip
_ASKS_ORDER: Final = frozenset(
    {"order", "refund", "return", "payment_issue", "email", "said order", "said refund", "said return"}
)
_AMOUNT_AHEAD: Final = re.compile(r"(?:[$€£]|r\$) ?$")
_UNITS_AFTER: Final = re.compile(
    r" ?(?:days?|weeks?|months?|hours?|minutes?|mins?|times?|x\b|dias?|semanas?|mes(?:es)?|horas?|minutos?|vezes|reais|dollars?|bucks|euros?|%|usd|brl|items?|itens|units?|unidades?)"
)


def find_email(cleaned: str) -> str | None:
    """The first e-mail address, as written."""
    match = _EMAIL.search(cleaned)
    return match[0] if match else None


def find_coupon(cleaned: str, folded: str, *, intent: Intent | None, asked: str) -> str | None:
    """The coupon code, upper case: after the word for it, or standing out as one where a discount is talked about."""
    for match in _COUPON_WORD.finditer(folded):
        written = cleaned[match.start("code") : match.end("code")]
        if intent in _COUPON_INTENTS and _is_code(match["code"], written):
            return written.upper()
    for match in _CODE_BEFORE_WORD.finditer(folded):
        if intent not in _COUPON_INTENTS:
            break
        written = cleaned[match.start("code") : match.end("code")]
        if any(c.isdigit() for c in written) and not written.isdigit() and match["code"] not in _NO_CODES:
            return written.upper()
    if intent is Intent.PRICE_NEGOTIATION:
        return _standing_out(cleaned, folded, asked)
    return None


def _is_code(folded: str, written: str) -> bool:
    if folded in _NO_CODES:
        return False
    has_digit, has_letter = any(c.isdigit() for c in written), any(c.isalpha() for c in written)
    return has_letter and (has_digit or (written.isupper() and len(written) > 3))


def _standing_out(cleaned: str, folded: str, asked: str) -> str | None:
    for match in _MIXED.finditer(folded):
        written = cleaned[match.start() : match.end()]
        if sum(c.isalpha() for c in written) >= 3 and match[0] not in _SHOUT_STOPS:
            return written.upper()
    if cleaned.isupper() and len(cleaned.split()) > 1:
        return None
    for match in _SHOUTED.finditer(cleaned):
        if match[0].lower() not in _SHOUT_STOPS and (len(match[0]) >= 5 or asked == "price"):
            return match[0]
    return None


def find_order(cleaned: str, folded: str, *, intent: Intent | None, asked: str) -> str | None:
    """The order's reference without `#`: after the word for it, behind a `#`, or alone where the agent asked for it."""
    for pattern in (_ORDER_WORD, _HASH, _NUMBER_WORD, _LETTERED):
        for match in pattern.finditer(folded):
            if pattern is _NUMBER_WORD and intent not in _ORDER_INTENTS:
                continue
            if _is_reference(folded, match):
                return _as_written(cleaned, match)
    if asked in _ASKS_ORDER and intent in _ORDER_INTENTS:
        for match in _BARE.finditer(folded):
            if _is_reference(folded, match) and "@" not in folded[match.start() : match.end() + 1]:
                return _as_written(cleaned, match)
    return None


def _as_written(cleaned: str, match: re.Match[str]) -> str:
    return cleaned[match.start("reference") : match.end("reference")].rstrip("-/")


def _is_reference(folded: str, match: re.Match[str]) -> bool:
    reference = match["reference"]
    if not any(c.isdigit() for c in reference) or "/" in reference[:3]:
        return False
    start, end = match.span("reference")
    if _AMOUNT_AHEAD.search(folded[max(0, start - 4) : start]) or (
        reference.isdigit() and _UNITS_AFTER.match(folded, end)
    ):
        return False
    if folded[end : end + 1] in "@%" and folded[end : end + 1]:
        return False
    if match.re is _ORDER_WORD and reference.isdigit() and len(reference) < 3:
        return False
    return not re.fullmatch(r"\d+(?:st|nd|rd|th|x|k|h|g|kg|gb|ml|cm)|covid-\d+|usb-\w|a\d|mp[34]", reference)
