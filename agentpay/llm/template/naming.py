"""Which of the shown products the visitor means: by name, by place in the list, by being the cheaper one. Pure.

Words count as the catalogue's search counts them (`kit.words`, `kit.synonyms`): a plural, a stem or the word of the
other language names the same thing, `vela de lavanda` the Lavender Candle.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from agentpay.kit import synonyms, words
from agentpay.kit.text import fold, one_line, shorten
from agentpay.llm.template import reading
from agentpay.llm.types import CheckoutFact, ProductFact

NAME_CHARACTERS_MAX: Final = 60

_PLACE: Final = (
    r"(?: (?:one|option|product|item|opcao|produto))?(?=\W*$|[,.;!?]| (?:please|pls|por favor|is|costs|e|custa|then)\b)"
)
_ORDINALS: Final = tuple(
    re.compile(rf"\b(?:{ordinal}){_PLACE}")
    for ordinal in ("first|primeir[oa]", "second|segund[oa]", "third|terceir[oa]", "fourth|quart[oa]")
)
_BARE_PLACE: Final = re.compile(
    r"\W*(?:(?:ok|the|a|o|and|e) )*"
    r"(?:first|second|third|fourth|last|primeir[oa]|segund[oa]|terceir[oa]|quart[oa]|ultim[oa])"
    r"(?: (?:one|option|product|item|opcao|produto))?(?: (?:please|pls|por favor))?\W*"
)
_LAST: Final = re.compile(rf"\b(?:the last|[oa] ultim[oa]){_PLACE}")
_CHEAPER: Final = re.compile(
    r"\b(?:the cheap(?:er|est)|cheaper one|the least expensive|[oa] mais (?:barat[oa]|em conta))\b"
)
_DEARER: Final = re.compile(r"\b(?:the (?:most expensive|pricier|dearer)|[oa] mais car[oa])\b")
"""A place counts only where nothing else is called so: not in `my first purchase`, not in `ultimo preco`."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TALK_WORDS: Final = _words(
    """one two three both um dois duas tres ambos ambas first second third last primeiro primeira segundo segunda
    terceiro terceira ultimo ultima yeah yep sure deal discount desconto compare comparar difference diferenca
    versus alternatives alternativas else dele dela deles delas detalhe detalhes detail details info information
    informacao informacoes explain explica explique describe descreva description descricao full exactly conte
    contar fale options plans browse everything collection catalogue catalogo opcoes planos colecao quick agora
    total totals vista pay paying paid pago paguei pagar pague pagamento payment
    popular populares bestseller bestsellers seller sellers new newest novidade novidades lancamento lancamentos vendido
    vendidos"""
)
_NAMELESS: Final = words.STOP_WORDS | words.ASKING_WORDS | words.SHOP_WORDS | _TALK_WORDS
"""Folded words that name no product. A product named with them alone is found when its name is said whole."""


def short_name(name: str) -> str:
    """A product's name as we say it."""
    return shorten(one_line(name), characters_max=NAME_CHARACTERS_MAX)


_ARTICLES: Final = frozenset(("the", "a", "an", "o", "os", "as", "um", "uma"))


def find_named(
    text: str, shown: Sequence[ProductFact], *, product: str | None = None, previous_text: str | None = None
) -> ProductFact | None:
    """The one shown product that the visitor names; None when none or several fit equally.

    `product` is the name as understood. "The second one" counts in the order in which `previous_text` named them.
    """
    for said in (product or "", text):
        found = _said_whole(said, shown) or _best(keywords(said), shown)
        if found is not None and (said != text or not _is_property(text, product, found)):
            return found
    return _by_place(fold(text), find_listed(shown, previous_text))


def _is_property(text: str, product: str | None, found: ProductFact) -> bool:
    """`is the keyboard quiet?` names no Quiet Desk: what it asks of another thing is only part of that name."""
    asked = keywords(product or "")
    if not asked or not reading.asks_whether(text):
        return False
    return not mentions(found.name, asked) and _said_whole(text, [found]) is None


def find_all_named(text: str, shown: Sequence[ProductFact]) -> list[ProductFact]:
    """Every shown product of which the text says a word that is in no other shown product's name, in their order."""
    said = keywords(text)
    names = {each.product_id: set(words.words(each.name)) for each in shown}
    own = {
        product_id: {part for part in name if sum(part in other for other in names.values()) == 1}
        for product_id, name in names.items()
    }
    return [each for each in shown if any(_same(word, part) for word in said for part in own[each.product_id])]


def find_meant(
    text: str,
    shown: Sequence[ProductFact],
    *,
    product: str | None,
    previous_text: str | None,
    fallback: ProductFact | None,
    is_about_price: bool = False,
) -> ProductFact | None:
    """The product a message is about: the one it names, else the only one just talked of, else `fallback`.

    None where it names something that was not shown, and where several were just listed and none is named; "50 % off?"
    after a list is about the first whose price can move, because an offer says more than a question back.
    """
    view = [*shown, *([fallback] if fallback is not None and fallback not in shown else [])]
    named = find_named(text, view, product=product, previous_text=previous_text)
    if named is not None:
        return named
    if keywords(product or ""):
        return None
    listed = find_listed(shown, previous_text)
    if len(listed) == 1:
        return listed[0]
    if is_about_price:
        return next((each for each in listed if each.negotiable), None) if listed else fallback
    return None if listed else fallback


def is_bare_name(text: str, product: ProductFact | None) -> bool:
    """Whether `text` says the product's name, or a part of it, and nothing else: it asks, it orders nothing."""
    said = set(words.words(text)) - _ARTICLES
    return product is not None and bool(said) and said <= set(words.words(product.name))


def is_bare_place(text: str) -> bool:
    """`the first one`, and nothing more: it points, it orders nothing."""
    return _BARE_PLACE.fullmatch(fold(text)) is not None


def is_only(text: str, named: str) -> bool:
    """Whether `text` is what it names, with an article at most: `the lamp`."""
    said = [word for word in words.words(text) if word not in _ARTICLES]
    return bool(said) and said == [word for word in words.words(named) if word not in _ARTICLES]


def find_ordered(shown: Sequence[ProductFact], checkouts: Sequence[CheckoutFact]) -> ProductFact | None:
    """The shown product whose checkout, the newest, waits to be paid: with nothing else named the talk is about it."""
    newest = next(iter(checkouts), None)
    if newest is None or newest.status not in {"creating", "open"}:
        return None
    return next((each for each in shown if each.product_id == newest.product_id), None)


def find_listed(shown: Sequence[ProductFact], previous_text: str | None) -> list[ProductFact]:
    """The shown products that the last message named, in its order. A name inside a longer one is not a second one."""
    rest = fold(previous_text or "")
    places: list[tuple[int, ProductFact]] = []
    for each in sorted(shown, key=lambda product: -len(product.name)):
        name = fold(short_name(each.name)).rstrip("…")
        place = rest.find(name) if name else -1
        if place >= 0:
            places.append((place, each))
            rest = rest.replace(name, "\0" * len(name))
    return [each for _, each in sorted(places, key=lambda pair: pair[0])]


def keywords(text: str) -> tuple[str, ...]:
    """The folded words of `text` that may name a product or a property, in order, each once."""
    return tuple(dict.fromkeys(word for word in words.words(text) if word not in _NAMELESS and words.is_content(word)))


def names_instead(text: str) -> bool:
    """`actually, the hourglass` sounds unsure, and names another product."""
    return bool(keywords(reading.find_instead(text) or ""))


def mentions(text: str, asked: Iterable[str]) -> bool:
    """Whether `text` holds one of the words, a form of one, or its word in the other language."""
    wanted = set().union(*(_kin(word) for word in asked))
    return any(not wanted.isdisjoint(_kin(word)) for word in words.words(text))


def _said_whole(text: str, shown: Sequence[ProductFact]) -> ProductFact | None:
    """The longest name that stands in the text as it is written; names of common words are found only so."""
    said = f" {' '.join(words.words(text))} "
    names = [(" ".join(words.words(each.name)), each) for each in shown]
    found = [(len(name), each) for name, each in names if name and f" {name} " in said]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _best(said: Sequence[str], shown: Sequence[ProductFact]) -> ProductFact | None:
    scored = sorted(((_score(said, each), each) for each in shown), key=lambda pair: -pair[0])
    if not scored or scored[0][0] == 0:
        return None
    if len(scored) > 1 and scored[0][0] == scored[1][0] and scored[0][1].product_id != scored[1][1].product_id:
        return None
    return scored[0][1]


def _score(said: Sequence[str], product: ProductFact) -> int:
    """How many of the words stand in the product's name; a name said whole counts more."""
    name = set(words.words(product.name))
    hits = sum(any(_same(word, part) for part in name) for word in said)
    telling = name - _NAMELESS
    whole = bool(telling) and all(any(_same(word, part) for word in said) for part in telling)
    return 2 * hits + whole


def _same(word: str, part: str) -> bool:
    return word == part or not _kin(word).isdisjoint(_kin(part))


def _kin(word: str) -> frozenset[str]:
    """The word, its stems, and the marks of what it is another word for."""
    return frozenset((*words.forms(word), *synonyms.concepts_of(word)))


def _by_place(folded: str, shown: Sequence[ProductFact]) -> ProductFact | None:
    if not shown:
        return None
    priced = sorted((each for each in shown if each.amount is not None), key=lambda each: each.amount or 0)
    if len(priced) > 1 and len({each.currency for each in priced}) == 1:
        if _CHEAPER.search(folded):
            return priced[0]
        if _DEARER.search(folded):
            return priced[-1]
    for place, pattern in enumerate(_ORDINALS):
        if place < len(shown) and pattern.search(folded):
            return shown[place]
    return shown[-1] if _LAST.search(folded) else None
