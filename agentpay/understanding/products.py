"""The product that a message names: a known noun with what belongs to it, or an unknown one where a product stands."""

import re
from functools import cache
from typing import Final, NamedTuple

from agentpay.understanding.cues import alternatives
from agentpay.understanding.intents import Intent
from agentpay.understanding.names import names
from agentpay.understanding.spelling import corrected

PRODUCT_CHARACTERS_MAX: Final = 80
WORDS_BEFORE_MAX: Final = 3
WORDS_AFTER_MAX: Final = 3
WORDS_READ_MAX: Final = 120

_WORD: Final = re.compile(r"\d+%|[^\W_]+(?:[-'.][^\W_]+)*")
_MODEL: Final = re.compile(
    r"(?!\d+(?:st|nd|rd|th|x|k|[gmt]b|mm|cm|kg|ml|am|pm|h|g|m|w|v|hz|mins?|mil|usd|brl|eur|gbp|reais|dias?|bucks)$)"
    r"(?:[a-z]{1,3}-?\d{2,4}[a-z]?|\d{1,3}[a-z]{1,2}\d{0,3})"
)
_COUNT: Final = re.compile(r"\d+x?")
_NO_MODELS: Final = frozenset(
    {"mp3", "mp4", "ps4", "ps5", "h264", "h265", "usb2", "usb3", "usbc", "a4", "a5", "b2b", "b2c", "2d", "3d", "4k",
     "8k", "5g", "4g", "3ds", "2fa", "24h", "12h", "24x7"}
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

_UNKNOWN_NAMED: Final = frozenset(
    {Intent.PRODUCT_QUERY, Intent.PURCHASE_INTENT, Intent.PRICE_NEGOTIATION, Intent.CHECKOUT_READY,
     Intent.RETURN_REQUEST, Intent.REFUND_REQUEST, None}
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
_OWN: Final = frozenset({"my", "meu", "minha", "meus", "minhas", "our", "nosso", "nossa"})
_USED_WITH: Final = frozenset({"on", "no", "na", "pro", "for", "2", "two", "dois", "with", "a", "quantos", "many"})
"""Before a device in a question about a product: what it must work with, not what is for sale."""

_WITH: Final = frozenset({"with", "com"})
"""A question whether something comes with a case is not about cases."""

_SETS: Final = frozenset(
    {"set", "kit", "bundle", "pack", "sets", "kits", "bundles", "packs", "template", "course", "case", "stand", "box"}
)
_PERIODS: Final = frozenset(
    {"anual", "mensal", "annual", "monthly", "yearly", "semestral", "trimestral", "vitalicio", "vitalicia"}
)
_OF: Final = frozenset({"de", "of"})
_WHOLE: Final = frozenset({"completo", "completa"})


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
    if intent is Intent.PRODUCT_QUERY and first > 1 and words.folded[first - 2] in _WITH:
        return False
    if first != last or word in known.heads or word in known.named:
        return True
    before = words.before(first)
    if word in known.devices:
        used = before in _OWN or (intent is Intent.PRODUCT_QUERY and before in _USED_WITH)
        return intent in _DEVICES_SOLD and not used
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
            ends = word in known.stops or word in known.loose or word in known.not_in_names or _COUNT.fullmatch(word)
            if ends or (word in known.heads and not named):
                break
        begin -= 1
    return begin


def _reach_right(words: _Words, last: int, *, named: bool) -> int:
    end = last
    while end - last < WORDS_AFTER_MAX and (step := _belonging(words, end, last, named=named)):
        end += step
    return end


def _belonging(words: _Words, end: int, last: int, *, named: bool) -> int:
    """How many words after `end` belong to the name: an adjective, a plan's name, "sem fio", "de lavanda"."""
    known = names()
    word, following = words.after(end), words.after(end + 1)
    if named and word in known.plan_names:
        return 1 if end == last or word in _PERIODS else 0
    if word in known.modifiers and not (named and word in _WHOLE):
        return 1
    if f"{word}_{following}" in known.modifiers or (word in _OF and _may_follow_of(following)):
        return 2
    return 0


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
    for spoken in ("pt", "en") if language == "pt" else ("en", "pt"):
        for match in _openers(spoken).finditer(folded):
            if match.end() not in words.starts:
                continue
            first = words.starts.index(match.end())
            while words.folded[first] in known.loose and words.touch(first):
                first += 1
            last = _noun_end(words, first, portuguese=spoken == "pt")
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


@cache
def _openers(language: str) -> re.Pattern[str]:
    """Words behind which a product's name must stand: "do you have a …", "quanto custa o …"."""
    between = "" if language == "en" else "(?:de |em |com |no |na )?"
    opener, determiner = alternatives(f"product opener {language}"), alternatives(f"determiner {language}")
    return re.compile(rf"\b(?:{opener}) {between}(?:{determiner}) ")
