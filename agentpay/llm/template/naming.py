"""Which of the shown products the visitor means: by name, by place in the list, by being the cheaper one. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from agentpay.kit.text import fold
from agentpay.llm.types import ProductFact


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ORDINALS: Final[tuple[re.Pattern[str], ...]] = (
    re.compile(r"\b(first|primeir[oa])\b"),
    re.compile(r"\b(second|segund[oa])\b"),
    re.compile(r"\b(third|terceir[oa])\b"),
    re.compile(r"\b(fourth|quart[oa])\b"),
)
_LAST: Final = re.compile(r"\b(last one|the last|ultim[oa])\b")
_CHEAPER: Final = re.compile(r"\b(cheaper one|cheapest|least expensive|mais barat[oa]|mais em conta)\b")
_DEARER: Final = re.compile(r"\b(most expensive|pricier|dearer|mais car[oa])\b")
_WORD: Final = re.compile(r"[^\W_]+")

STOP_WORDS: Final = _words(
    """a an the and or of for with without in on at to from by is are was be am i im me my mine we us our you your u it
    its this that these those one ones there here do does did have has had any some all what whats which who how
    much many more most less can could would should will please pls want need like looking look get got give show
    see tell about know buy take order price prices cost costs hi hello hey good morning ok yes no not so just also
    something anything thing things product products item items sell offer available stock difference between
    compare better best cheaper cheapest versus vs um uma uns umas o os as e ou de da das dos em na nas nos com sem
    por para pra pro que qual quais quem como quanto quanta quantos quantas custa custam eh sao ser estou esta ta
    tem tens tinha voce voces vc vcs eu meu minha seu sua nosso nossa ele ela isso isto esse essa este aquele aquela
    quero queria gostaria preciso procuro procurando ver mostra mostrar mostre manda saber sobre mais menos comprar
    compro levar preco precos valor algum alguma alguns algumas oi ola bom boa dia tarde noite sim nao favor produto
    produtos itens vende vendem coisa algo diferenca entre melhor barato barata other others else another outro
    outra outros outras comparar ai tudo bem gente fale fala falar conte contar diga dele dela deles delas detalhes
    informacao informacoes details info information explain explica explique describe descricao description full
    really exactly legal"""
)
"""Words that name no product, folded."""

_SIMILAR_LETTERS_MIN: Final = 4


def find_named(
    text: str, shown: Sequence[ProductFact], *, product: str | None = None, previous_text: str | None = None
) -> ProductFact | None:
    """The one shown product that the visitor names; None when none or several fit equally.

    `product` is the name as understood. "The second one" counts in the order in which `previous_text` named them.
    """
    for words in (product or "", text):
        found = _said_whole(words, shown) or _best(keywords(words), shown)
        if found is not None:
            return found
    return _by_place(fold(text), find_listed(shown, previous_text))


def find_all_named(text: str, shown: Sequence[ProductFact]) -> list[ProductFact]:
    """Every shown product of which the text says a word that is in no other shown product's name, in their order."""
    words = keywords(text)
    names = {each.product_id: set(_WORD.findall(fold(each.name))) for each in shown}
    own = {
        product_id: {part for part in name if sum(part in other for other in names.values()) == 1}
        for product_id, name in names.items()
    }
    return [each for each in shown if any(_same(word, part) for word in words for part in own[each.product_id])]


def find_meant(
    text: str,
    shown: Sequence[ProductFact],
    *,
    product: str | None,
    previous_text: str | None,
    fallback: ProductFact | None,
) -> ProductFact | None:
    """The product a message is about: the one it names, else the only one just talked of, else `fallback`.

    None where it names something that was not shown, and where several were just listed and none is named.
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
    return None if listed else fallback


def find_listed(shown: Sequence[ProductFact], previous_text: str | None) -> list[ProductFact]:
    """The shown products that the last message named, in its order. A name inside a longer one is not a second one."""
    rest = fold(previous_text or "")
    places: list[tuple[int, ProductFact]] = []
    for each in sorted(shown, key=lambda product: -len(product.name)):
        name = fold(each.name)
        place = rest.find(name) if name else -1
        if place >= 0:
            places.append((place, each))
            rest = rest.replace(name, "\0" * len(name))
    return [each for _, each in sorted(places, key=lambda pair: pair[0])]


def keywords(text: str) -> tuple[str, ...]:
    """The folded words of `text` that may name a product, in order, each once."""
    words = _WORD.findall(fold(text))
    return tuple(dict.fromkeys(word for word in words if word not in STOP_WORDS and len(word) > 1))


def _said_whole(text: str, shown: Sequence[ProductFact]) -> ProductFact | None:
    """The longest name that stands in the text as it is written; names of common words are found only so."""
    words = f" {' '.join(_WORD.findall(fold(text)))} "
    names = [(" ".join(_WORD.findall(fold(each.name))), each) for each in shown]
    said = [(len(name), each) for name, each in names if name and f" {name} " in words]
    return max(said, key=lambda pair: pair[0])[1] if said else None


def _best(words: Sequence[str], shown: Sequence[ProductFact]) -> ProductFact | None:
    scored = sorted(((_score(words, each), each) for each in shown), key=lambda pair: -pair[0])
    if not scored or scored[0][0] == 0:
        return None
    if len(scored) > 1 and scored[0][0] == scored[1][0] and scored[0][1].product_id != scored[1][1].product_id:
        return None
    return scored[0][1]


def _score(words: Sequence[str], product: ProductFact) -> int:
    """How many of `words` stand in the product's name; a name said whole counts more."""
    name = set(_WORD.findall(fold(product.name)))
    hits = sum(any(_same(word, part) for part in name) for word in words)
    telling = {part for part in name if part not in STOP_WORDS}
    whole = bool(telling) and all(any(_same(word, part) for word in words) for part in telling)
    return 2 * hits + whole


def _same(word: str, part: str) -> bool:
    """Equal, or equal but for a plural ending."""
    if word == part:
        return True
    short, long = sorted((word, part), key=len)
    return len(short) >= _SIMILAR_LETTERS_MIN and long in (short + "s", short + "es")


def _by_place(folded: str, shown: Sequence[ProductFact]) -> ProductFact | None:
    if not shown:
        return None
    priced = sorted((each for each in shown if each.amount is not None), key=lambda each: each.amount or 0)
    if priced and len({each.currency for each in priced}) == 1:
        if _CHEAPER.search(folded):
            return priced[0]
        if _DEARER.search(folded):
            return priced[-1]
    for place, pattern in enumerate(_ORDINALS):
        if place < len(shown) and pattern.search(folded):
            return shown[place]
    return shown[-1] if _LAST.search(folded) else None
