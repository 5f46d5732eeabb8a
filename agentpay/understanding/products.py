"""The product that a message names: a known noun with what belongs to it, or an unknown noun where a product must stand."""

import re
from typing import Final, NamedTuple

from agentpay.understanding.intents import Intent
from agentpay.understanding.names import names
from agentpay.understanding.spelling import corrected

PRODUCT_CHARACTERS_MAX: Final = 80
WORDS_BEFORE_MAX: Final = 3
WORDS_AFTER_MAX: Final = 3
WORDS_READ_MAX: Final = 200

_WORD: Final = re.compile(r"\d+%|[^\W_]+(?:[-'.][^\W_]+)*")
_MODEL: Final = re.compile(
    r"(?!\d+(?:st|nd|rd|th|x|k|gb|mb|tb|mm|cm|kg|ml|am|pm|h|g|m|w|v|hz|min|mins|mil|usd|brl|eur|gbp|reais|dias?|bucks)$)"
    r"(?:[a-z]{1,3}-?\d{2,4}[a-z]?|\d{1,3}[a-z]{1,2}\d{0,3})"
)
_NO_MODELS: Final = frozenset(
    {"mp3", "mp4", "ps4", "ps5", "h264", "h265", "usb2", "usb3", "usbc", "a4", "a5", "b2b", "b2c", "2d", "3d", "4k", "8k", "5g", "4g",
     "3ds", "2fa", "24h", "12h", "24x7"}
)  # fmt: skip
_BEFORE_REFERENCE: Final = frozenset(
    {
        "order",
        "pedido",
        "number",
        "numero",
        "code",
        "cupom",
        "coupon",
        "codigo",
        "cep",
        "zip",
        "erro",
        "error",
        "version",
        "versao",
    }
)

_OPENERS_EN: Final = re.compile(
    r"\b(?:do (?:you|u) (?:guys )?(?:have|sell|carry|stock|offer|make)|have you got|got|looking for|searching for|in search of|"
    r"price (?:of|for|on)|how much (?:is|are|for|does)|cost of|to (?:buy|get|order|purchase|return|exchange)|"
    r"i(?:'ll| will|ll) (?:take|get|buy|have)|buy|order|purchase|ordered|bought|purchased|interested in|"
    r"tell me (?:more )?about|show me|info on|details (?:on|about)|is|are|does|refund for|return|exchange|received|recommend|"
    r"discount on|deal on|bucks for|use|for)"
    r" (?:the|a|an|this|that|these|those|my|your|some|any|\d{1,4}|one|two|three|four|five|ten|another) "
)
_OPENERS_PT: Final = re.compile(
    r"\b(?:tem|vendem?|quanto (?:custa|e|ta|sai|fica)|qto (?:custa|e|ta)|preco|valor|quero|queria|comprar|levar|procur\w+|busco|"
    r"preciso|gostaria|mais|comprei|encomendei|pedi|recebi|devolver|trocar|interesse|sobre|desconto|usar|uso|ver|levo|compro|"
    r"reembolso|encomendar|funciona|assinar|vou (?:levar|querer)|fico com)"
    r" (?:de |em |com |no |na )?"
    r"(?:o|a|os|as|um|uma|uns|umas|esse|essa|este|esta|esses|essas|do|da|dos|das|no|na|meu|minha|\d{1,4}|dois|duas|tres) "
)
_UNKNOWN_NAMED: Final = frozenset(
    {Intent.PRODUCT_QUERY, Intent.PURCHASE_INTENT, Intent.PRICE_NEGOTIATION, Intent.CHECKOUT_READY, Intent.RETURN_REQUEST,
     Intent.REFUND_REQUEST, None}
)  # fmt: skip
"""With these intents a noun that no list has may be a product."""

_MODELS_NAMED: Final = _UNKNOWN_NAMED | {
    Intent.SUPPORT_REQUEST, Intent.HESITATION, Intent.SHIPPING_QUESTION, Intent.ORDER_STATUS,
}  # fmt: skip
_DEVICES_SOLD: Final = frozenset(
    {Intent.PRODUCT_QUERY, Intent.PURCHASE_INTENT, Intent.PRICE_NEGOTIATION, Intent.CHECKOUT_READY}
)
_SELLING: Final = re.compile(
    r"\b(?:sell|give|price|free|discount|buy|vend\w+|gratis|de graca|preco|desconto|comprar|me de)\b|[$€£%]"
)
_OWN: Final = frozenset(
    {"my", "meu", "minha", "meus", "minhas", "on", "no", "na", "pro", "for", "our", "2", "two", "dois", "with", "a"}
)
_SETS: Final = frozenset(
    {"set", "kit", "bundle", "pack", "sets", "kits", "bundles", "packs", "template", "course", "case", "stand", "box"}
)
_PERIODS: Final = frozenset(
    {"anual", "mensal", "annual", "monthly", "yearly", "semestral", "trimestral", "vitalicio", "vitalicia"}
)
_OF: Final = frozenset({"de", "of"})


class _Words(NamedTuple):
    """The words of a message, folded and spelt right, and where they stand."""

    folded: list[str]
    starts: list[int]
    ends: list[int]

    def touch(self, place: int) -> bool:
        """Whether nothing but one space stands between this word and the next."""
        return 0 <= place < len(self.starts) - 1 and self.starts[place + 1] - self.ends[place] == 1

    def after(self, place: int) -> str:
        """The next word, if it touches."""
        return self.folded[place + 1] if self.touch(place) else ""

    def before(self, place: int) -> str:
        """The word before, if it touches."""
        return self.folded[place - 1] if self.touch(place - 1) else ""


def find_product(cleaned: str, folded: str, *, intent: Intent | None, language: str) -> str | None:
    """The first product that the message names, as it is written there; None where it names none."""
    if intent is Intent.GENERAL_QUESTION and _SELLING.search(folded) is None:
        return None
    words = _split(folded)
    span = _known(words, intent, language)
    if span is None and intent in _MODELS_NAMED:
        span = _model(words)
    if span is None and intent in _UNKNOWN_NAMED:
        span = _unknown(folded, words, language)
    if span is None:
        return None
    first, last = span
    return cleaned[words.starts[first] : words.ends[last]][:PRODUCT_CHARACTERS_MAX]


def _split(folded: str) -> _Words:
    matches = list(_WORD.finditer(folded))[:WORDS_READ_MAX]
    spelt = corrected([match[0].removesuffix("'s") for match in matches])
    return _Words(spelt, [match.start() for match in matches], [match.end() for match in matches])


def _known(words: _Words, intent: Intent | None, language: str) -> tuple[int, int] | None:
    for place in range(len(words.folded)):
        last = _head_end(words, place)
        if last is not None and _is_meant(words, place, last, intent):
            span = _with_modifiers(words, place, last, language)
            if span is not None:
                return span
    return None


def _head_end(words: _Words, place: int) -> int | None:
    """The last word of the head that begins at `place`: "phone case" and "gift card" are one."""
    known = names()
    for count in (3, 2):
        if "_".join(words.folded[place : place + count]) in known.pairs and place + count <= len(words.folded):
            return place + count - 1
    word = words.folded[place]
    if not (word in known.heads or word in known.named or word in known.devices or word in known.ambiguous):
        return None
    last = place
    while (following := words.after(last)) and (following in known.heads or following in _SETS):
        last += 1
    return last


def _is_meant(words: _Words, first: int, last: int, intent: Intent | None) -> bool:
    """Whether a word that may be a verb, or the visitor's own device, is the product here."""
    known = names()
    word = words.folded[last]
    if first != last or word in known.heads or word in known.named:
        return True
    before = words.before(first)
    if word in known.devices:
        return intent in _DEVICES_SOLD and before not in _OWN
    if word in known.plurals:
        return True
    return before in known.determiners or before in known.modifiers or before in known.loose or before.isdigit()


def _with_modifiers(words: _Words, first: int, last: int, language: str) -> tuple[int, int] | None:
    known = names()
    head = words.folded[last]
    named = head in known.named
    portuguese = head in known.portuguese
    begin, end = first, last
    if not portuguese or (language == "en" and head in known.english):
        begin = _reach_left(words, first, named=named)
    if portuguese or language == "pt" or words.after(last) in _OF:
        end = _reach_right(words, last, named=named and begin == first)
    if named and (begin, end) == (first, last) and first == last:
        return None
    return begin, end


def _reach_left(words: _Words, first: int, *, named: bool) -> int:
    known = names()
    begin = first
    while first - begin < WORDS_BEFORE_MAX and (word := words.before(begin)):
        if not (named and word in known.plan_names):
            if word in known.stops or word in known.loose or word in known.not_in_names or word.isdigit():
                break
            if word in known.heads and not named:
                break
        begin -= 1
    return begin


def _reach_right(words: _Words, last: int, *, named: bool) -> int:
    known = names()
    end = last
    while end - last < WORDS_AFTER_MAX and (word := words.after(end)):
        if named and word in known.plan_names:
            if end > last and word not in _PERIODS:
                break
            end += 1
        elif word in known.modifiers and not (named and word.startswith("complet")):
            end += 1
        elif f"{word}_{words.after(end + 1)}" in known.modifiers:
            end += 2
        elif word in _OF and _may_follow_of(words.after(end + 1)):
            end += 2
        else:
            break
    return end


def _may_follow_of(word: str) -> bool:
    known = names()
    if not word or word[0].isdigit():
        return False
    return not (word in known.stops or word in known.not_after_of or word in known.generic)


def _model(words: _Words) -> tuple[int, int] | None:
    """A model's number alone: `K75`."""
    for place, word in enumerate(words.folded):
        if _MODEL.fullmatch(word) and word not in _NO_MODELS and words.before(place) not in _BEFORE_REFERENCE:
            return place, place
    return None


def _unknown(folded: str, words: _Words, language: str) -> tuple[int, int] | None:
    known = names()
    for pattern in (_OPENERS_PT, _OPENERS_EN) if language == "pt" else (_OPENERS_EN, _OPENERS_PT):
        for match in pattern.finditer(folded):
            if match.end() not in words.starts:
                continue
            first = words.starts.index(match.end())
            while words.folded[first] in known.loose and words.touch(first):
                first += 1
            last = _noun_end(words, first, portuguese=pattern is _OPENERS_PT)
            if last is not None:
                return first, last
    return None


def _noun_end(words: _Words, first: int, *, portuguese: bool) -> int | None:
    known = names()
    word = words.folded[first]
    if len(word) < 3 or word[0].isdigit() or word.endswith("ing") or _never_names(word) or word in known.modifiers:
        return None
    if word in known.named or word in known.devices or word in known.plan_names:
        return None
    if portuguese:
        return _reach_right(words, first, named=False)
    last = first
    while last - first < WORDS_BEFORE_MAX - 1 and (following := words.after(last)):
        if _never_names(following) or following[0].isdigit() or following in known.no_nouns:
            break
        last += 1
    return last


def _never_names(word: str) -> bool:
    known = names()
    return word in known.stops or word in known.generic or word in known.loose
