"""What a message spells out: e-mail address, coupon code, order reference."""

import re
from functools import cache
from typing import Final

from agentpay.understanding.cues import after, alternatives
from agentpay.understanding.intents import Intent
from agentpay.understanding.resources import sections

CODE_CHARACTERS_MAX: Final = 24
REFERENCE_CHARACTERS_MAX: Final = 31
BARE_DIGITS_MIN: Final = 3
"""An order's number without letters has at least so many digits."""

_EMAIL: Final = re.compile(
    r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}(?![a-z0-9-])", re.IGNORECASE
)
_CODE: Final = rf"(?P<code>[a-z0-9][a-z0-9_-]{{2,{CODE_CHARACTERS_MAX - 1}}})"
_CODE_BEFORE_WORD: Final = re.compile(rf"\b{_CODE}['\"]? (?:coupon|code|promo|voucher|cupom|codigo)\b")
_SHOUTED: Final = re.compile(rf"\b[A-Z][A-Z0-9_-]{{3,{CODE_CHARACTERS_MAX - 1}}}\b")
_MIXED: Final = re.compile(r"\b[a-z]{3,20}[-_]?\d{1,4}\b")
_SHOUTED_LETTERS_MIN: Final = 5
_COUPON_INTENTS: Final = frozenset(
    {Intent.PRICE_NEGOTIATION, Intent.CHECKOUT_READY, Intent.PURCHASE_INTENT, Intent.PRODUCT_QUERY,
     Intent.GENERAL_QUESTION, Intent.PAYMENT_QUERY, None}
)  # fmt: skip

_REFERENCE: Final = rf"(?P<reference>[a-z0-9][a-z0-9/-]{{1,{REFERENCE_CHARACTERS_MAX - 1}}})"
_NUMBER_WORD: Final = re.compile(
    r"\b(?:number|numero|n[o°º]|nr|num)\.?(?: (?:is|e|eh|do pedido|da compra|of the order|of my order)){0,2}[:.]?"
    rf" {{0,2}}#? ?{_REFERENCE}"
)
_HASH: Final = re.compile(rf"# ?{_REFERENCE}")
_LETTERED: Final = re.compile(r"\b(?P<reference>[a-z][a-z0-9]{0,5}-\d[a-z0-9-]{2,24})\b")
_BARE: Final = re.compile(r"\b(?P<reference>[a-z]{0,4}\d[a-z0-9-]{2,24})\b")
_NO_REFERENCE: Final = re.compile(r"\d+(?:st|nd|rd|th|x|k|h|g|kg|gb|ml|cm)|covid-\d+|usb-\w|a\d|mp[34]")
_MONEY_SIGN_BEFORE: Final = re.compile(r"(?:[$€£]|r\$) ?$")
_ORDER_INTENTS: Final = frozenset(
    {Intent.ORDER_STATUS, Intent.REFUND_REQUEST, Intent.RETURN_REQUEST, Intent.PAYMENT_ISSUE,
     Intent.PAYMENT_CONFIRMATION, Intent.SUPPORT_REQUEST, Intent.HUMAN_REQUEST, Intent.SHIPPING_QUESTION}
)  # fmt: skip
_ASKS_ORDER: Final = frozenset(
    {"order", "refund", "return", "payment_issue", "email", "said order", "said refund", "said return"}
)


def find_email(cleaned: str) -> str | None:
    """The first e-mail address, as written."""
    match = _EMAIL.search(cleaned)
    return match[0] if match else None


def find_coupon(cleaned: str, folded: str, *, intent: Intent | None, asked: str) -> str | None:
    """The coupon code, upper case: beside the word for it, or standing out as one where a discount is talked about."""
    if intent not in _COUPON_INTENTS:
        return None
    for pattern in (_code_after_word(), _CODE_BEFORE_WORD):
        for match in pattern.finditer(folded):
            written = cleaned[match.start("code") : match.end("code")]
            if _is_code(match["code"], written, told=pattern is not _CODE_BEFORE_WORD):
                return written.upper()
    return _standing_out(cleaned, folded, asked) if intent is Intent.PRICE_NEGOTIATION else None


def _is_code(folded: str, written: str, *, told: bool) -> bool:
    """Letters with digits; where the word for it came before, also capitals alone."""
    if folded in _no_codes()["after the word"] or written.isdigit():
        return False
    return any(c.isdigit() for c in written) or (told and written.isupper() and len(written) > BARE_DIGITS_MIN)


def _standing_out(cleaned: str, folded: str, asked: str) -> str | None:
    capitals = _no_codes()["in capitals"]
    for match in _MIXED.finditer(folded):
        if match[0] not in capitals:
            return match[0].upper()
    if cleaned.isupper() and " " in cleaned.strip():
        return None
    for match in _SHOUTED.finditer(cleaned):
        long = len(match[0]) >= _SHOUTED_LETTERS_MIN or asked == "price"
        if long and match[0].lower() not in capitals:
            return match[0]
    return None


def find_order(cleaned: str, folded: str, *, intent: Intent | None, asked: str) -> str | None:
    """The order's reference without `#`: after the word for it, behind a `#`, or alone where the agent asked for it."""
    patterns = [_reference_after_word(), _HASH, _LETTERED]
    if intent in _ORDER_INTENTS:
        patterns.insert(2, _NUMBER_WORD)
        if asked in _ASKS_ORDER:
            patterns.append(_BARE)
    for pattern in patterns:
        for match in pattern.finditer(folded):
            if _is_reference(folded, match):
                return cleaned[match.start("reference") : match.end("reference")].rstrip("-/")
    return None


def _is_reference(folded: str, match: re.Match[str]) -> bool:
    reference = match["reference"]
    start, end = match.span("reference")
    if not any(c.isdigit() for c in reference) or "/" in reference[:3] or _NO_REFERENCE.fullmatch(reference):
        return False
    if folded[end : end + 1] in ("@", "%") or _MONEY_SIGN_BEFORE.search(folded[max(0, start - 4) : start]):
        return False
    if not reference.isdigit() or match.re is _HASH:
        return True
    return len(reference) >= BARE_DIGITS_MIN and after("counted").match(folded, end) is None


@cache
def _code_after_word() -> re.Pattern[str]:
    link = r"(?: is| e| eh| called| named| chamado|:| =|,){0,2}[ :]{0,3}['\"(\[]?"
    return re.compile(rf"\b(?:{alternatives('coupon word')}){link}{_CODE}\b")


@cache
def _reference_after_word() -> re.Pattern[str]:
    number = rf"(?: (?:{alternatives('order number word')}))?\.?"
    link = rf"(?: (?:{alternatives('link word')})\b){{0,4}}[.:]? {{0,2}}#? ?"
    return re.compile(rf"\b(?:{alternatives('order word')}){number}{link}{_REFERENCE}")


@cache
def _no_codes() -> dict[str, frozenset[str]]:
    listed = sections("nocodes.txt")
    return {name: frozenset(word for line in lines for word in line.split()) for name, lines in listed.items()}
