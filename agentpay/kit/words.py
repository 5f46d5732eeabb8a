"""Words for search: the same cutting, folding and stemming for what is indexed and for what is asked. Pure.

Light stemming of English and Portuguese side by side: nobody tells us the language of a product or a query, and both
mix. A word stands for itself and for its two stems. `INDEX_VERSION` changes whenever a text would be indexed otherwise.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from agentpay.kit.text import clean, fold

INDEX_VERSION = 2
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

# Words of the asking: they may tip the scales, they never decide what is found.
ASKING_WORDS = _set(
    """
    abaixo above achar acho acima ajuda ajudar ajude aprender around ate begin below best better between boa boas
    bom bons buscando buscar busco choice choices come comecar consigo conta cool da dar diga encontrar entre
    existe existem fala falar faz fazer find finding funciona funcionam get getting give go going good gosta
    gostaria gostei gosto got great help helping helps indica indicam indicar interessa interessada interessado
    interesse interest interested kind know learn learning legal less leva levar like look looking looks love make
    makes manda maybe me melhor melhores menos mostra mostrar mostre need needed needs nice opcao opcoes option
    options otima otimo perfect perfeito perhaps pode podem poderia precisando precisava preciso procurando
    procurar procuro queria quero question recomenda recomendacao recomendam recomendar recommend recommendation
    recommendations sabe saber search searching see serve servem show showing someone something sort start started
    starting stuff sugere sugestao sugestoes suggest suggestion suggestions tell think tipo top try trying type
    under usar use used using uso vcs vejo ver want wanted wants wonder wondering work works
    """
)

# Words of any shop: they name none of its products, and an article only where nothing else is asked.
SHOP_WORDS = _set(
    """
    affordable afternoon availability available barata baratas barato baratos brl bucks buy buying cara caras caro
    caros catalog catalogo catalogue cheap cheaper cheapest compra comprar compro conto cost costing costs custa
    custam custo day days dia dias disponiveis disponivel dollar dollars economica economico estoque eur euro
    euros evening expensive gbp hoje inexpensive item items itens list lista loja manha money morning night noite
    oferece oferecem offer offering offers order ordering orders people person pessoa pessoas pounds preco precos
    price priced prices priciest pricing product products produto produtos purchase purchasing reais real sell
    selling sells shop stock store tarde today usd valor valores vende vendem vender worth
    """
)

_PLURALS_IN_OES = frozenset({"heroes", "potatoes", "tomatoes", "echoes", "mangoes"})
_INVARIABLE = frozenset({"lens", "news", "series", "lapis", "onibus", "atlas", "canvas", "gas", "plus", "yes", "tres"})


def words(text: str) -> list[str]:
    """The words of `text`, folded, in order. `T-shirts` are two words, `women's` is one."""
    return [part for chunk in _chunks(text) for part in _parts(chunk)]


def compounds(text: str) -> list[str]:
    """What is written with a hyphen, dot or apostrophe, as one word: `t-shirt` → `tshirt`, `e-book` → `ebook`."""
    joined = ("".join(_parts(chunk)) for chunk in _chunks(text) if not chunk.isalnum())
    return [word for word in joined if 0 < len(word) <= WORD_CHARACTERS_MAX]


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
    if chunk.isalnum():
        return [chunk] if len(chunk) <= WORD_CHARACTERS_MAX else []
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
