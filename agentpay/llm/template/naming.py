"""Which of the shown products the visitor means: by name, by place in the list, by being the cheaper one. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from agentpay.kit.text import fold
from agentpay.llm.types import ProductFact

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

STOP_WORDS: Final = frozenset(
    """a an the and or of for with without in on at to from by is are was be am i im me my mine we us our you your u
    it its this that these those one ones there here do does did have has had any some all what whats which who
    how much many more most less can could would should will please pls want need like looking look get got give
    show see tell about know buy take order price prices cost costs hi hello hey good morning ok yes no not so
    just also something anything thing things product products item items sell offer available stock difference
    between compare better best cheaper cheapest versus vs um uma uns umas o os as e ou de da das dos em na nas
    nos com sem por para pra pro que qual quais quem como quanto quanta quantos quantas custa custam eh sao ser
    estou esta ta tem tens tinha voce voces vc vcs eu meu minha seu sua nosso nossa ele ela isso isto esse essa
    este aquele aquela quero queria gostaria preciso procuro procurando ver mostra mostrar mostre manda saber
    sobre mais menos comprar compro levar preco precos valor algum alguma alguns algumas oi ola bom boa dia tarde
    noite sim nao favor produto produtos itens vende vendem coisa algo diferenca entre melhor barato barata
    comparar ai tudo bem gente""".split()  # noqa: SIM905
)
"""Words that name no product, folded."""

_SIMILAR_LETTERS_MIN: Final = 4


def find_named(
    text: str, shown: Sequence[ProductFact], *, product: str | None = None, previous_text: str | None = None
) -> ProductFact | None:
    """The one shown product that the visitor names; None when none or several fit equally.

    `product` is the name as understood. "The second one" counts in the order in which `previous_text` named them.
    """
    for words in (product, text):
        found = _best(keywords(words or ""), shown)
        if found is not None:
            return found
    return _by_place(fold(text), _as_listed(shown, fold(previous_text or "")))


def keywords(text: str) -> tuple[str, ...]:
    """The folded words of `text` that may name a product, in order, each once."""
    words = _WORD.findall(fold(text))
    return tuple(dict.fromkeys(word for word in words if word not in STOP_WORDS and len(word) > 1))


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


def _as_listed(shown: Sequence[ProductFact], previous: str) -> list[ProductFact]:
    places = [(previous.find(fold(each.name)), each) for each in shown]
    return [each for place, each in sorted(places, key=lambda pair: pair[0]) if place >= 0]


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
