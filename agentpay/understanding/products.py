"""The product that a message names: a known noun with what belongs to it, or an unknown noun where a product must stand."""

import re
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from agentpay.understanding.intents import Intent

PRODUCT_CHARACTERS_MAX: Final = 80
NAME_WORDS_BEFORE_MAX: Final = 3
NAME_WORDS_AFTER_MAX: Final = 3

_WORD: Final = re.compile(r"\d+%|[^\W_]+(?:[-'.][^\W_]+)*")
_MODEL: Final = re.compile(r"(?!\d+(?:st|nd|rd|th|x|k|gb|mb|tb|mm|cm|kg|ml|am|pm|h|g|m|w|v|hz|min|mins|mil|usd|brl|eur|gbp|reais|dias?|bucks)$)"
                           r"[a-z]{1,3}-?\d{2,4}[a-z]?|\d{1,3}[a-z]{1,2}\d{0,3}")  # fmt: skip
_NOT_MODELS: Final = frozenset(
    "mp3 mp4 ps4 ps5 h264 h265 usb2 usb3 usbc a4 a5 b2b b2c 2d 3d 4k 8k 5g 4g k8s w3c web3 24h 12h 2fa 3ds iso9001 24x7".split()
)

_DETERMINERS: Final = frozenset(
    """the a an this that these those my your our his her their some any each another
    o os uma umas uns esse essa esses essas este esta estes estas aquele aquela meu minha meus minhas seu sua
    do da dos das no na nos nas num numa nesse nessa desse dessa deste desta pelo pela ao aos um algum alguma""".split()
)
STOPS: Final = _DETERMINERS | frozenset(
    """i you he she it we they me him us them who what which where when why how whose
    is are was were be been being am do does did done have has had having will would can could should shall may might must
    not no and or but if then than so because as of in on at to from for with without by about into over under between through after before
    out up down off again only just also too very really still even ever never always already yet maybe please pls
    buy buying bought get getting got want wants wanted need needs needed like liked love take taking took give gimme gave send sent sell sells
    sold selling order ordered ordering purchase purchased purchasing pay paid paying cost costs show see look looking find found search
    searching tell know think thinking make made ship ships shipping deliver return returning exchange replace swap cancel refund use using used try
    trying install activate open download work works working come comes came arrive arrived receive received include includes offer offers
    add put keep go going went say says said ask asked help let lets wear fit fits change changed upgrade subscribe sign join stock carry
    there here now today when until since while per each both all every other one two three four five six seven eight nine ten
    interested choose pick grab grabbed prefer recommend suggest compare difference vs versus between hi hello hey yes ok okay thanks thank
    yo guys there's what's i'm i'd i'll i've im ill ive id it's its don't dont can't cant won't wont isn't how's whats where's wheres
    que quem qual quais onde quando como porque por para pra pro pros pras com sem de em e ou mas se nem ja ainda so tambem muito mais menos
    bem mal aqui ai la nao sim eu tu voce voces vc vcs ele ela eles elas nos a ao as
    sou es somos sao foi era ser estar estou esta ta to tao estava tinha tem tenho temos ter teria tiver vou vai vamos ir quero quer queria
    querem preciso precisa gosto gostei gostaria posso pode podem poderia consigo consegue faz fazer fez faco fiz dar da dou comprar compro comprei
    compra levar levo pagar paguei pago custa custam vende vendem procuro procurando busco mostrar mostra ver vejo veio chegou chega recebi
    receber mandar manda mandaram enviar enviam trocar troca troco devolver devolvo cancelar cancela usar uso instalar instalo ativar ativo abrir abre
    funciona funcionam liga conecta separa reserva coloca bota poe adiciona vem vende existe trocar ficar fico fica queria pedi pedir assinar
    contratar quanto quantos quantas qto sai ate desde hoje agora depois antes sobre entre contra obrigado oi ola bom boa
    dois duas tres quatro cinco seis sete oito dez me te lhe nos isso isto aquilo serve serviu meio tipo entao pois acho sei
    gente moco moca mano cara amigo filho filha querida querido dear love mate bro dude man lol kkk por_favor favor quebrou rasgada parou""".split()
)
_OF: Final = frozenset({"de", "of"})
_NOT_AFTER_OF: Final = frozenset(
    """voces vcs vc voce novo volta presente graca verdade ontem hoje manha noite fato uma um cada vez preferencia
    natal aniversario fabrica desconto entrada qualquer repente casa""".split()
)
_OPENERS_EN: Final = re.compile(
    r"\b(?:do (?:you|u) (?:guys )?(?:have|sell|carry|stock|offer|make)|(?:have|got) you got|got|looking for|searching for|in search of|price (?:of|for|on)|"
    r"how much (?:is|are|for|does)|cost of|(?:want|like|love|need|going|gonna|looking|ready|here) to (?:buy|get|order|purchase|return|exchange)|i(?:'ll| will|ll) (?:take|get|buy|have)|"
    r"buy|order|purchase|ordered|bought|purchased|interested in|tell me (?:more )?about|show me|info on|details (?:on|about)|in stock|is|are|does|refund for|return|exchange|"
    r"received|recommend|discount on|deal on|bucks for|install|activate|set up|use|for)"
    r" (?P<det>(?:the|a|an|this|that|these|those|my|your|some|any|\d{1,4}|one|two|three|four|five|ten|another) )"
)
_OPENERS_PT: Final = re.compile(
    r"\b(?:tem|teem|vende[m]?|quanto (?:custa|e|ta|sai|fica)|qto (?:custa|e|ta)|preco|valor|quero|queria|comprar|levar|procur\w+|busco|preciso|gostaria|mais|"
    r"comprei|encomendei|pedi|recebi|devolver|trocar|interesse|sobre|desconto|instalo|instalar|ativar|ativo|usar|uso|ver|levo|compro|por favor|reembolso|cade|chegou|encomendar|"
    r"funciona|abrir|configurar|assinar|vou (?:levar|querer)|fico com)"
    r" (?:de |em |com |no |na )?(?P<det>(?:o|a|os|as|um|uma|uns|umas|esse|essa|este|esta|esses|essas|do|da|dos|das|no|na|meu|minha|\d{1,4}|dois|duas|tres) )"
)
_NAMES_UNKNOWN: Final = frozenset(
    {Intent.PRODUCT_QUERY, Intent.PURCHASE_INTENT, Intent.PRICE_NEGOTIATION, Intent.CHECKOUT_READY, Intent.RETURN_REQUEST,
     Intent.REFUND_REQUEST, None}
)  # fmt: skip
_SELLS: Final = _NAMES_UNKNOWN | {
    Intent.SUPPORT_REQUEST,
    Intent.HESITATION,
    Intent.SHIPPING_QUESTION,
    Intent.ORDER_STATUS,
}
_SELLING: Final = re.compile(
    r"\b(?:sell|give|price|free|discount|buy|vend\w+|gratis|de graca|preco|desconto|comprar|me de)\b|[$€£%]"
)


class _Words(NamedTuple):
    """The words of a message: folded, and where they stand."""

    folded: list[str]
    starts: list[int]
    ends: list[int]


class _Lists(NamedTuple):
    portuguese: frozenset[str]
    devices: frozenset[str]
    ambiguous: frozenset[str]
    heads_en: frozenset[str]
    heads: frozenset[str]
    pairs: frozenset[str]
    named: frozenset[str]
    plan_names: frozenset[str]
    modifiers: frozenset[str]
    loose: frozenset[str]
    generic: frozenset[str]


@cache
def _kinds() -> dict[str, str]:
    lists = _lists()
    kinds = dict.fromkeys(lists.plan_names, "plan_name")
    kinds |= dict.fromkeys(lists.devices, "device")
    kinds |= dict.fromkeys(lists.heads | lists.ambiguous, "noun")
    return kinds


@cache
def product_words() -> frozenset[str]:
    """Every word of the lists: they are spelt right."""
    words = frozenset().union(*_lists()) | STOPS
    return (
        words | frozenset(part for word in words for part in word.split("_")) | frozenset(f"{word}s" for word in words)
    )


def noun_kind(token: str) -> str:
    """`noun` for a product's word, `plan_name`, `device`; "" for any other."""
    kinds = _kinds()
    return kinds.get(token) or kinds.get(_singular(token), "")


def find_product(cleaned: str, folded: str, *, intent: Intent | None, language: str) -> str | None:
    """The first product that the message names, as it is written there; None where it names none."""
    if intent is Intent.GENERAL_QUESTION and _SELLING.search(folded) is None:
        return None
    words = _split(folded)
    span = _known(words, intent, language)
    if span is None and intent in _SELLS:
        span = _model(words)
    if span is None and intent in _NAMES_UNKNOWN:
        span = _unknown(folded, words, language)
    if span is None:
        return None
    first, last = span
    return cleaned[words.starts[first] : words.ends[last]][:PRODUCT_CHARACTERS_MAX]


def _split(folded: str) -> _Words:
    matches = list(_WORD.finditer(folded))
    return _Words([m[0].removesuffix("'s") for m in matches], [m.start() for m in matches], [m.end() for m in matches])


def _known(words: _Words, intent: Intent | None, language: str) -> tuple[int, int] | None:
    for place in range(len(words.folded)):
        last = _head_end(words, place)
        if last is None or not _is_meant(words, place, last, intent):
            continue
        span = _with_modifiers(words, place, last, language)
        if span is not None:
            return span
    return None


def _head_end(words: _Words, place: int) -> int | None:
    """The last word of the head that begins at `place`: "phone case" and "gift card" are one."""
    lists = _lists()
    for count in (3, 2):
        pair = "_".join(words.folded[place : place + count])
        if place + count <= len(words.folded) and (pair in lists.pairs or _singular(pair) in lists.pairs):
            return place + count - 1
    word = words.folded[place]
    if not (_is_head(word) or _singular(word) in lists.named):
        return None
    last = place
    while _touch(words, last) and (_is_plain_head(words.folded[last + 1]) or words.folded[last + 1] in _SETS):
        last += 1
    return last


_SETS: Final = frozenset(
    {"set", "kit", "bundle", "pack", "sets", "kits", "bundles", "packs", "template", "course", "case", "stand", "box"}
)


def _is_head(word: str) -> bool:
    lists = _lists()
    single = _singular(word)
    return any(form in group for form in (word, single) for group in (lists.heads, lists.devices, lists.ambiguous))


def _is_plain_head(word: str) -> bool:
    return word in _lists().heads or _singular(word) in _lists().heads


def _is_meant(words: _Words, first: int, last: int, intent: Intent | None) -> bool:
    """Whether a word that may be a verb, or the visitor's own device, is the product here."""
    lists = _lists()
    word = words.folded[last]
    if first != last or _is_plain_head(word) or _singular(word) in lists.named:
        return True
    before = words.folded[first - 1] if first and _touch(words, first - 1) else ""
    if _singular(word) in lists.devices or word in lists.devices:
        return intent in _DEVICES_SOLD and before not in _OWN
    if word not in lists.ambiguous:
        return True
    return before in _DETERMINERS or before in lists.modifiers or before in lists.loose or before.isdigit()


_DEVICES_SOLD: Final = frozenset(
    {Intent.PRODUCT_QUERY, Intent.PURCHASE_INTENT, Intent.PRICE_NEGOTIATION, Intent.CHECKOUT_READY}
)
_OWN: Final = frozenset(
    {"my", "meu", "minha", "meus", "minhas", "on", "no", "na", "pro", "for", "our", "2", "two", "dois", "with", "a"}
)


def _with_modifiers(words: _Words, first: int, last: int, language: str) -> tuple[int, int] | None:
    lists = _lists()
    head = _singular(words.folded[last])
    named = head in lists.named
    portuguese = head in lists.portuguese or words.folded[last] in lists.portuguese
    begin, end = first, last
    if not portuguese or (language == "en" and head in lists.heads_en):
        begin = _reach_left(words, first, names=named)
    if portuguese or language == "pt" or _next_word(words, last) in _OF:
        end = _reach_right(words, last, names=named and begin == first)
    if named and begin == first and end == last and first == last:
        return None
    return begin, end


def _next_word(words: _Words, place: int) -> str:
    return words.folded[place + 1] if _touch(words, place) else ""


def _reach_left(words: _Words, first: int, *, names: bool) -> int:
    lists = _lists()
    begin = first
    while begin > 0 and first - begin < NAME_WORDS_BEFORE_MAX and _touch(words, begin - 1):
        word = words.folded[begin - 1]
        if not (names and word in lists.plan_names and word != "pro_"):
            if word in STOPS or word in lists.loose or word.isdigit() or word in _NOT_IN_NAMES:
                break
            if _is_plain_head(word) and not names:
                break
        begin -= 1
    return begin


def _reach_right(words: _Words, last: int, *, names: bool) -> int:
    lists = _lists()
    end = last
    while end + 1 < len(words.folded) and end - last < NAME_WORDS_AFTER_MAX and _touch(words, end):
        word = words.folded[end + 1]
        two = f"{word}_{words.folded[end + 2]}" if end + 2 < len(words.folded) else ""
        if names and word in lists.plan_names:
            if end > last and word not in _PERIODS:
                break
            end += 1
        elif word in lists.modifiers and not (names and word.startswith("complet")):
            end += 1
        elif two in lists.modifiers:
            end += 2
        elif word in _OF and _follows_of(words, end + 2):
            end += 2
            if end + 1 < len(words.folded) and words.folded[end + 1] in _OF and _follows_of(words, end + 2):
                end += 2
        else:
            break
    return end


_PERIODS: Final = frozenset(
    {"anual", "mensal", "annual", "monthly", "yearly", "semestral", "trimestral", "vitalicio", "vitalicia"}
)
_NOT_IN_NAMES: Final = frozenset(
    """hello hi hey thanks please today tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday something anything
    nothing everything couple dozen half lot bit bucks dollars dollar euro euros reais real conto pila quid pounds discount shipping price
    refund return problem issue thing things one ones wife husband mom dad friend free everyone someone anyone team support""".split()
)


def _follows_of(words: _Words, place: int) -> bool:
    if place >= len(words.folded) or not _touch(words, place - 1):
        return False
    word = words.folded[place]
    lists = _lists()
    return not (
        word in STOPS or word in _NOT_AFTER_OF or word[0].isdigit() or (word in lists.generic and word not in {"cafe"})
    )


def _touch(words: _Words, place: int) -> bool:
    """Whether nothing but one space stands between this word and the next."""
    return place + 1 < len(words.starts) and words.starts[place + 1] - words.ends[place] == 1


def _model(words: _Words) -> tuple[int, int] | None:
    """A model's number alone: `K75`."""
    for place, word in enumerate(words.folded):
        if (
            _MODEL.fullmatch(word)
            and word not in _NOT_MODELS
            and not (place and words.folded[place - 1] in _BEFORE_REFERENCE)
        ):
            return place, place
    return None


_BEFORE_REFERENCE: Final = frozenset(
    "order pedido number numero code cupom coupon codigo cep zip erro error version versao".split()
)


def _unknown(folded: str, words: _Words, language: str) -> tuple[int, int] | None:
    lists = _lists()
    patterns = (_OPENERS_PT, _OPENERS_EN) if language == "pt" else (_OPENERS_EN, _OPENERS_PT)
    for pattern in patterns:
        for match in pattern.finditer(folded):
            first = next((place for place, start in enumerate(words.starts) if start >= match.end()), None)
            if first is None or words.starts[first] != match.end():
                continue
            while first < len(words.folded) - 1 and words.folded[first] in lists.loose and _touch(words, first):
                first += 1
            last = _noun_end(words, first, portuguese=pattern is _OPENERS_PT)
            if last is not None:
                return first, last
    return None


def _noun_end(words: _Words, first: int, *, portuguese: bool) -> int | None:
    lists = _lists()
    word = words.folded[first]
    if word in STOPS or word in lists.generic or word in lists.loose or word in lists.modifiers or len(word) < 3:
        return None
    if (
        word in lists.named
        or _singular(word) in lists.named
        or _singular(word) in lists.devices
        or word.endswith("ing")
    ):
        return None
    if word in lists.plan_names or word[0].isdigit():
        return None
    if portuguese:
        return _reach_right(words, first, names=False)
    last = first
    while last + 1 < len(words.folded) and last - first < 2 and _touch(words, last):
        following = words.folded[last + 1]
        if (
            following in STOPS
            or following in lists.generic
            or following in lists.loose
            or following[0].isdigit()
            or following in _NO_NOUNS
        ):
            break
        last += 1
    return last


_NO_NOUNS: Final = frozenset(
    """available included compatible waterproof vegan made good safe ok online broken damaged defective cracked scratched late faster
    cheaper better worth possible legit secure free expensive missing tomorrow today disponivel incluso quebrado""".split()
)


_PORTUGUESE_NAMED: Final = frozenset(
    {"plano", "licenca", "assinatura", "pacote", "colecao", "edicao", "programa", "sistema", "extensao", "aplicativo"}
)


def _singular(word: str) -> str:
    """A guess at the singular that finds the word in our lists; the word itself where there is nothing to take off."""
    for ending, singular in (("oes", "ao"), ("aes", "ao"), ("ies", "y"), ("ves", "f"), ("eis", "el"), ("ais", "al"), ("ens", "em"), ("ns", "m"),
                             ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("sses", "ss"), ("res", "r"), ("zes", "z")):  # fmt: skip
        if word.endswith(ending) and word[: -len(ending)] + singular in _lists().heads:
            return word[: -len(ending)] + singular
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


@cache
def _lists() -> _Lists:
    sections: dict[str, set[str]] = {}
    current: set[str] = set()
    text = files("agentpay.understanding").joinpath("data/products.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            current = sections.setdefault(line[1:-1], set())
        elif not line.startswith("#"):
            current.update(line.split())
    everything = sections["heads"] | sections["heads_pt"]
    pairs = frozenset(head for head in everything if "_" in head)
    return _Lists(
        portuguese=frozenset(sections["heads_pt"] | _PORTUGUESE_NAMED),
        heads_en=frozenset(sections["heads"]),
        heads=frozenset(everything) - pairs,
        pairs=pairs,
        **{
            name: frozenset(sections[name])
            for name in ("devices", "ambiguous", "named", "plan_names", "modifiers", "loose", "generic")
        },
    )
