"""Words for search: the same cutting, folding and stemming for what is indexed and for what is asked. Pure.

Light stemming of English and Portuguese side by side: nobody tells us the language of a product or a query, and both
mix. A word stands for itself and for its two stems. `INDEX_VERSION` changes whenever a text would be indexed otherwise.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from agentpay.kit.text import clean, fold

INDEX_VERSION = 1
WORD_CHARACTERS_MAX = 40
STEM_CHARACTERS_MIN = 4
FORMS_CACHED_MAX = 20_000

_CHUNK = re.compile(r"[^\W_]+(?:[-'’.&][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’]s\b")
_VOWEL = re.compile(r"[aeiouy]")


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Folded words that say nothing about what is looked for: articles, pronouns, prepositions, auxiliaries.
STOP_WORDS = _set(
    """
    a an the and or but nor so of in on at to from by for with without into onto about as if then than that this
    these those there here it its he she they them his her their we us our you your yours i me my mine am is are
    was were be been being do does did done doing have has had having can could will would shall should may might
    must not no yes ok okay what which who whom whose when where why how much many any some all each every both
    few more most less least very too just only also still again already yet really quite such same other another
    one ones thing things something anything everything nothing someone anyone hi hello hey please pls plz thanks
    thank im ive id ill youre dont doesnt cant wont isnt whats theres lets etc via per vs while up out off over
    down now o os um uma uns umas e ou mas nem de da dos das em na nos nas num numa ao aos com sem por pelo pela
    pelos pelas para pra pro pros pras que se quem qual quais quando onde porque pq como quanto quanta quantos
    quantas eu tu ele ela eles elas vos voce voces vc vcs te lhe meu minha meus minhas teu tua seu sua seus suas
    nosso nossa isso isto aquilo esse essa esses essas este esta estes estas aquele aquela ser sou era foi estar
    estou estao ta tem tenho ter tinha teria ha nao sim ja ainda tambem tb tbm muito muita muitos muitas mais
    menos mesmo algo alguma algum alguns algumas nada tudo todo toda todos todas cada outro outra outros outras
    coisa coisas ai la ali aqui entao oi ola obrigado obrigada favor gente tipo eh ne
    """
) - {"pro"}

# Words of the asking, not of the goods: they never decide what is found.
ASKING_WORDS = _set(
    """
    learn learning aprender want wants wanted need needs needed look looking looks search searching find finding
    show showing see get getting give buy buying purchase purchasing order ordering sell sells selling offer
    offers offering recommend recommendation recommendations suggest suggestion suggestions know tell like love
    interested interest available availability stock product products item items stuff shop store catalog
    catalogue list price prices priced pricing cost costs costing worth good great best nice better top cool
    perfect help helps helping make makes use using used work works got go going come try trying maybe perhaps
    think wonder wondering question kind sort type option options choice choices today morning afternoon evening
    night day days people person someone something money under below above between around less cheaper cheap
    cheapest affordable inexpensive expensive priciest dollars dollar bucks euros euro pounds usd eur gbp brl
    reais real conto quero queria gostaria preciso precisava precisando procuro procurando procurar busco buscando
    buscar mostra mostrar mostre ver vejo achar acho encontrar dar da me manda comprar compra compro levar leva
    vender vende vendem oferece oferecem recomenda recomendam recomendar recomendacao indica indicam indicar
    sugere sugestao sugestoes saber sabe produto produtos itens loja catalogo lista preco precos custa custam
    custo valor valores bom boa bons boas melhor melhores legal otimo otima perfeito ajuda ajudar ajude serve
    servem usar uso funciona funcionam fazer faz tipo opcao opcoes disponivel disponiveis estoque dia dias hoje
    manha tarde noite pessoa pessoas interesse interessa interessado interessada gosto gosta gostei ate abaixo
    acima entre menos barato barata baratos baratas caro cara caros caras economico economica conta vcs existe
    existem diga fala falar pode podem poderia consigo
    """
)

_PLURALS_IN_OES = frozenset({"heroes", "potatoes", "tomatoes", "echoes", "mangoes"})
_INVARIABLE = frozenset({"lens", "news", "series", "lapis", "onibus", "atlas", "canvas", "gas", "plus", "yes", "tres"})


def words(text: str) -> list[str]:
    """The words of `text`, folded, in order. `T-shirts` are two words, `women's` is one."""
    return [part for chunk in _chunks(text) for part in _parts(chunk)]


def compounds(text: str) -> list[str]:
    """What is written with a hyphen, dot or apostrophe, as one word: `t-shirt` → `tshirt`, `e-book` → `ebook`."""
    joined = ("".join(_parts(chunk)) for chunk in _chunks(text) if len(_parts(chunk)) > 1)
    return [word for word in joined if len(word) <= WORD_CHARACTERS_MAX]


def content_words(text: str) -> list[str]:
    """`words` without stop words and single letters: what is worth indexing."""
    return [word for word in words(text) if is_content(word)]


def is_content(word: str) -> bool:
    return word not in STOP_WORDS and (len(word) > 1 or not word.isascii())


@lru_cache(maxsize=FORMS_CACHED_MAX)
def forms(word: str) -> tuple[str, ...]:
    """A folded word and its English and Portuguese stems, each once; the word itself first."""
    if not word.isalpha() or not word.isascii():
        return (word,)
    return tuple(dict.fromkeys((word, stem_english(word), stem_portuguese(word))))


def all_forms(many: Iterable[str]) -> Iterator[str]:
    for word in many:
        yield from forms(word)


def stem_english(word: str) -> str:
    """`candles` → `candl`, `relaxing` → `relax`, `planning` → `plan`, `batteries` → `battery`."""
    word = _english_singular(word)
    for suffix in ("ing", "ed"):
        stem = word.removesuffix(suffix)
        if stem != word and len(stem) >= 3 and _VOWEL.search(stem):
            return _without_e(_undoubled(stem))
    if word.endswith("ly") and len(word) > 5:
        return word[:-2]
    if word.endswith(("tion", "sion")) and len(word) > 6:
        return word[:-3]
    return _without_e(word)


def stem_portuguese(word: str) -> str:
    """`velas` → `vela`, `concentração` → `concentr`, `botões` → `botao`, `livrinho` → `livr`; input is folded."""
    word = _portuguese_singular(word)
    for suffix in ("mente", "zinho", "zinha", "inho", "inha", "cao", "ando", "endo", "indo", "ado", "ada", "ante"):
        if word.endswith(suffix) and len(word) - len(suffix) >= STEM_CHARACTERS_MIN:
            word = word.removesuffix(suffix)
            break
    else:
        if word.endswith(("ar", "er", "ir")) and len(word) - 2 >= STEM_CHARACTERS_MIN:
            word = word[:-2]
    if len(word) > STEM_CHARACTERS_MIN and word.endswith(("a", "e", "o", "i")) and not word.endswith("ao"):
        return word[:-1]
    return word


def _chunks(text: str) -> list[str]:
    return _CHUNK.findall(_POSSESSIVE.sub("", fold(clean(text))))


def _parts(chunk: str) -> list[str]:
    return [part for part in _PART.findall(chunk) if len(part) <= WORD_CHARACTERS_MAX]


def _english_singular(word: str) -> str:
    if len(word) < 4 or word in _INVARIABLE or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zzes")) or word in _PLURALS_IN_OES:
        return word[:-2]
    return word[:-1]


def _portuguese_singular(word: str) -> str:
    is_singular = word.endswith(("ss", "us", "is", "ys")) and word[-3:-1] not in _IS_PLURALS
    if len(word) < STEM_CHARACTERS_MIN or word in _INVARIABLE or is_singular:
        return word
    for plural, singular in _PLURALS:
        if word.endswith(plural) and len(word) > len(plural) + 1:
            return word[: -len(plural)] + singular
    return word[:-1] if word.endswith("s") else word


_PLURALS = (
    ("oes", "ao"), ("aes", "ao"), ("ais", "al"), ("eis", "el"), ("ois", "ol"), ("uis", "ul"), ("ns", "m"),
    ("res", "r"), ("zes", "z"), ("ses", "s"),
)  # fmt: skip
_IS_PLURALS = frozenset({"ai", "ei", "oi", "ui"})


def _undoubled(stem: str) -> str:
    return stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsz" else stem


def _without_e(word: str) -> str:
    if word.endswith("ie") and len(word) > STEM_CHARACTERS_MIN:
        return word[:-2] + "y"
    return word[:-1] if word.endswith("e") and len(word) > STEM_CHARACTERS_MIN else word
