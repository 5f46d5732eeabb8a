"""How many of it the visitor wants, and how much off."""

import re
from typing import Final

from agentpay.understanding.amounts import Figure, Kind
from agentpay.understanding.intents import Intent
from agentpay.understanding.names import names
from agentpay.understanding.numbers import THOUSANDTHS

QUANTITY_MAX: Final = 100_000

_PHRASES: Final = (
    (re.compile(r"\b(?:half a dozen|half dozen|meia duzia)\b"), 6),
    (re.compile(r"\b(?:two dozen|duas duzias)\b"), 24),
    (re.compile(r"\b(?:a dozen|one dozen|dozen of|uma duzia|1 duzia)\b"), 12),
    (re.compile(r"\b(?:a couple(?: of)?|couple of)(?! (?:of )?(?:days?|weeks?|hours?|minutes?|months?|questions?|years?|times?|things?))\b"), 2),
    (re.compile(r"\b(?:um par de|both of them)\b"), 2),
    (re.compile(r"\b(?:just one|only one|just 1|so um|so uma|so 1|apenas um|apenas uma|um so|uma so|somente um|somente uma|um apenas)\b"), 1),
)  # fmt: skip
_NEXT: Final = re.compile(r"(?: ?x)? (?P<word>[a-z][a-z'-]*)(?: (?P<second>[a-z]+))?")
_PARTITIVES: Final = frozenset("of desses dessas deles delas desse dessa dos das more mais extra".split())
_WANT_BEFORE: Final = re.compile(
    r"\b(?:take|get|buy|want|need|have|order|give me|gimme|make it|let'?s (?:say|do|go with)|buying|grab|add|put me down for|quantity(?: is| of|:)?|qty:?|quantidade:?|i'?d like|"
    r"would like|just|only|quero|queria|querer|levar|levo|leva|compro|comprar|preciso(?: de)?|manda|mando|gera|gerar|faz|fecha|fecho|ve|separa|separar|pegar|pego|vou (?:de|com|querer)|pode ser|sao|seriam|"
    r"coloca|bota|poe|send|with|for|com|de|dos|das)(?: de| com| me| us| like| about| uns| umas)? *$"
)
_TAIL: Final = re.compile(
    r"^(?: ?(?:please|pls|plz|por favor|pf|pfv|thanks|mesmo|so|then|entao|ai|pra mim|for me|now|agora|total|unidades?|units?|licen[cs]as?|and go ahead|e manda|[!.,?]+))* *(?:$|[,.!?])"
)
_EXPLICIT: Final = re.compile(
    r"(?:\bx|\bqty:? ?|\bquantity:? ?|\bquantidade:? ?) ?(?P<count>\d{1,5})\b|\b(?P<times>\d{1,4}) ?x (?=[a-z]{3})"
)
_INSTALLMENT: Final = re.compile(r" ?x? ?(?:sem juros|no cartao|de |with|interest|parcel|iguais|dá|da)")
_BEFORE_BAD: Final = re.compile(
    r"(?:\b(?:lesson|aula|version|versao|windows|iphone|android|ios|galaxy|playstation|ps|xbox|error|erro|level|nivel|number|numero|code|codigo|"
    r"cep|zip|size|tamanho|step|page|pagina|chapter|section|part|than|que|dia|day|em|room|apt|suite|net|top|cada|every|each|idade|aged?|"
    r"least|menos|over|under|ate|between|entre|within|first|next|last|past|primeir[oa]s|ultim[oa]s|about|fica|sou|are|am|is|e|tem|ha|faz|there'?s|"
    r"ver|v|usb|bluetooth|wifi|number of|the|my|os|as|meus|minhas|our|after|before|depois d[eo]s?|antes d[eo]s?|in)|[#$€£:/.-]) *$"
)
_COUNTING_INTENTS: Final = frozenset({Intent.PURCHASE_INTENT, Intent.CHECKOUT_READY, Intent.PRICE_NEGOTIATION})
_HALF: Final = re.compile(
    r"\b(?:half price|half the price|half off|half of the price|50/50 off|metade do (?:preco|valor)|pela metade|na metade do preco)\b"
)
_TAX_NEAR: Final = re.compile(r"\b(?:tax|vat|gst|iva|icms|imposto|taxa|fees?|juros|interest|cotton|algodao|sure|secure|safe|seguro|certeza|certain|happy|satisf\w+|keyboard|teclado|battery|bateria|humidity|polyester|organic|organico|vegan|natural|cacau|cocoa|silk|wool|legit|original|off topic)\b")  # fmt: skip


def find_quantity(folded: str, figures: list[Figure], *, intent: Intent | None, asked: str) -> int | None:
    """The number of pieces, seats or copies; needs a digit or a number word."""
    if asked == "how_many":
        plain = [figure for figure in figures if figure.kind is Kind.PLAIN]
        if plain:
            return _whole(plain[0])
    for pattern, count in _PHRASES:
        if pattern.search(folded):
            return count
    for match in _EXPLICIT.finditer(folded):
        if intent not in _COUNTING_INTENTS:
            break
        if match["times"] is None or not _INSTALLMENT.match(folded, match.end("times")):
            return _bounded(int(match["count"] or match["times"]))
    for figure in figures:
        if figure.kind is Kind.PLAIN and _counts(folded, figure, intent, asked):
            quantity = _whole(figure)
            if quantity is not None:
                return quantity
    return None


def _counts(folded: str, figure: Figure, intent: Intent | None, asked: str) -> bool:
    before = folded[max(0, figure.start - 30) : figure.start]
    one = figure.words and figure.thousandths == THOUSANDTHS
    if one:  # "one" and "um" are articles and pronouns before they are numbers
        return asked == "how_many"
    following = _NEXT.match(folded, figure.end)
    if following is not None and (following["word"] in _PARTITIVES or not names().uncounted(following["word"])):
        return _BEFORE_BAD.search(before) is None
    if intent not in _COUNTING_INTENTS or _TAIL.match(folded[figure.end :]) is None:
        return False
    if intent is Intent.PRICE_NEGOTIATION or figure.thousandths > 1_000 * THOUSANDTHS:
        return False
    return _WANT_BEFORE.search(before) is not None


def _whole(figure: Figure) -> int | None:
    count, rest = divmod(figure.thousandths, THOUSANDTHS)
    return _bounded(count) if not rest else None


def _bounded(count: int) -> int | None:
    return count if 1 <= count <= QUANTITY_MAX else None


def find_discount(folded: str, figures: list[Figure], *, intent: Intent | None) -> float | int | None:
    """The discount in percent that the visitor asks for or names; whole ones as int."""
    if intent not in (
        Intent.PRICE_NEGOTIATION,
        Intent.GENERAL_QUESTION,
        Intent.PURCHASE_INTENT,
        Intent.CHECKOUT_READY,
        None,
    ):
        return None
    if _HALF.search(folded):
        return 50
    for figure in figures:
        if figure.kind is not Kind.PERCENT or not 0 < figure.thousandths <= 100 * THOUSANDTHS:
            continue
        around = folded[max(0, figure.start - 12) : figure.end + 14]
        if _TAX_NEAR.search(around) and "off" not in around and "desc" not in around:
            continue
        whole, rest = divmod(figure.thousandths, THOUSANDTHS)
        return figure.thousandths / THOUSANDTHS if rest else whole
    return None
