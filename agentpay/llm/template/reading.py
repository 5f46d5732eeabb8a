"""What a visitor's words say beyond their intent: a yes, a thanks, an insult, an attempt to steer. Pure.

`understanding` decides the intent; this tells apart what one intent holds (a thanks and a good-bye are both `greeting`)
and relates a short answer to the question before it. Texts are folded first: lower case, no accents.
"""

import re
from typing import Final, Literal

from agentpay.kit.text import fold

Asked = Literal["person", "purchase", "price", "details", "country"]
"""What the agent's last message asked or offered."""

SHORT_ANSWER_WORDS_MAX: Final = 6


def _any(*words: str) -> re.Pattern[str]:
    """A pattern that finds any of the words or phrases, each as a whole; they may be regular expressions."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)")


_LEAD: Final = r"^\W*(?:(?:oh|ah|well|hmm+|entao|bem|bom|and|e|so)\b\W*)*"
_YES: Final = re.compile(
    _LEAD + r"(?:yes|yeah|yep|yup|ya|sure|ok|okay|okey|of course|absolutely|definitely|please do|go ahead|"
    r"sounds good|perfect|great|do it|let'?s do it|let'?s go|deal|agreed|i accept|i agree|works for me|fine|why not|"
    r"sim|ss|s|claro|com certeza|pode|isso|beleza|blz|fechado|fechou|combinado|aceito|topo|bora|vamos|perfeito|otimo|"
    r"manda|quero|por favor|certo|ta bom|tudo bem|positivo|👍|👌|✅)(?!\w)"
)
_NO: Final = re.compile(
    _LEAD + r"(?:no|nope|nah|not now|not yet|not really|don'?t|never ?mind|"
    r"nao|nn|n|agora nao|ainda nao|deixa|melhor nao|de jeito nenhum|negativo|👎)(?!\w)"
)
_CONDITION: Final = re.compile(r"\b(but|only if|unless|except|however|mas|porem|so se|desde que)\b|\?")

_THANKS: Final = _any(
    "thanks?", "thank you", "thx", "ty", "cheers", "obrigad[oa]s?", "obg", "brigad[oa]", "valeu", "vlw", r"agradec\w+"
)
_GOODBYE: Final = _any(
    "bye", "goodbye", "good bye", "see you", "see ya", "cya", "good night", "have a (?:good|nice|great) .*", "take care",
    "that'?s all", "tchau", "ate (?:logo|mais|breve|amanha)", "falou", "flw", "tenha um.*", "era so isso", "so isso",
)  # fmt: skip
_INSULT: Final = _any(
    "idiots?", "stupid", "dumb", "moron", "useless", "garbage", r"shit\w*", r"fuck\w*", "asshole", "bastard", "bitch",
    "crap", "you sucks?", "hate you", "scam(?:mers?)?", "idiotas?", "burr[oa]s?", "imbecil", "inutil", "lixo", "merda",
    "porra", "caralho", "puta", "fdp", "otari[oa]", "babaca", "vai se foder", "vsf", "golpistas?", "pilantras?",
)  # fmt: skip
_STEERING: Final = _any(
    r"(?:ignore|disregard|forget|override|bypass|ignora|ignorar|esqueca|esquece|desconsidere|burle)\b.{0,40}\b"
    r"(?:instruct\w*|rules?|prompts?|previous|above|everything|guidelines|instruc\w*|regras?|anterior\w*|acima|tudo)",
    r"(?:reveal|show|print|repeat|tell|give|mostre|revele|repita|diga)(?: me)? (?:your|the|seus?|suas?|as?|os?) "
    r"(?:hidden |secret |initial |system )?(?:instructions?|prompts?|rules|instrucoes|regras|configuracao)",
    "system prompts?", "prompt do sistema", "jailbreak", "developer mode", "dev mode", "modo desenvolvedor", "dan mode",
    "you are now", "from now on you", "pretend (?:to be|you)", "act as", "role ?play", "finja", "aja como",
    "voce agora e", "a partir de agora voce", "(?:your|seu|sua) (?:floor|margin|bottom line|piso|margem)",
    "set the price", "mude o preco para",
)  # fmt: skip
_IDENTITY: Final = _any(
    "who are you", "what are you", "are you (?:an? )?(?:bot|robot|human|real|ai|person|machine|chatgpt)", "your name",
    "what can you do", "how can you help", "quem e (?:voce|vc)", "(?:voce|vc) e (?:uma? )?(?:robo|bot|humano|pessoa|ia)",
    "(?:voce|vc) e (?:uma? )?maquina", "seu nome", "o que (?:voce|vc) (?:faz|pode fazer)",
    "com quem (?:eu )?(?:falo|estou falando)",
)  # fmt: skip
_HOW_ARE_YOU: Final = _any(
    "how are you", "how'?s it going", "how do you do", "what'?s up", "sup", "como vai", "tudo bem", "tudo bom", "td bem",
    "beleza", "como (?:voce|vc) esta",
)  # fmt: skip
_COMPARE: Final = _any(
    r"compar\w+", "differences?", "differ", "versus", "vs", "better", "best", "which one", "which of", "which should .*",
    "cheapest", r"recommend\w*", "diferencas?", "melhor", "qual del[ea]s", "qual d[oa]s", "entre (?:os|as|el[ea]s)",
    "mais barat[oa]s?", r"recomend\w+",
)  # fmt: skip
_CHEAPEST: Final = _any(
    r"cheap\w*", "least expensive", "lowest price", "affordable", "mais barat[oa]s?", "mais em conta", "menor preco"
)
_STOCK: Final = _any(
    "in stock", "stock", "available", "availability", "sold out", "how many (?:are )?left", "estoque", r"disponive\w+",
    "disponibilidade", "esgotad[oa]", "pronta entrega", "quantos restam",
)  # fmt: skip
_PRICE: Final = _any(
    "how much", "prices?", "costs?", "pricing", "quanto", "precos?", "custam?", "valor", "valores", "sai por"
)
_CATALOGUE: Final = _any(
    "what do you (?:have|sell|offer)", "what (?:products|else)", "which products", "products", "catalog(?:ue)?",
    "anything", "options", "plans", "everything", "show me (?:what|all|your|other).*", "browse", "collection",
    "o que (?:(?:voces|vcs|voce|vc) )?(?:tem|vende|vendem|oferece|oferecem)", "produtos", "catalogo", "opcoes", "planos",
    "colecao", "outr[oa]s",
)  # fmt: skip
_PORTUGUESE: Final = re.compile(
    r"[ãõçáâéêíóôú]|\b(oi|ola|como|posso|ajudar|voce|bem-vind[oa]|sou|em que|seja)\b", re.IGNORECASE
)

_ASKED: Final[tuple[tuple[Asked, re.Pattern[str]], ...]] = (
    ("country", _any("which country", "what country", "country", "pais")),
    ("person", _any("person", "human", "someone", "team", "colleague", "pessoa", "atendente", "alguem", "equipe")),
    ("price", _any("(?:better|new|lower) price", "on the price", "discount", "preco melhor", "preco menor", "desconto")),
    ("purchase", _any("checkout", "payment", "pay", "buy", "order", "take it", "purchase", "deal", "accept", "pagamento",
                      "pagar", "comprar", "compra", "fechar", "fechamos", "levar", "aceita", "pedido")),
    ("details", _any("more about", "tell you more", "details", "know more", "mais sobre", "detalhes", "saber mais")),
)  # fmt: skip


def says_yes(text: str) -> bool:
    """A bare agreement: short, without a condition or a question of its own."""
    return _short_answer(_YES, text)


def says_no(text: str) -> bool:
    """A bare refusal: short, without a condition or a question of its own."""
    return _short_answer(_NO, text)


def says_thanks(text: str) -> bool:
    return _THANKS.search(fold(text)) is not None


def says_goodbye(text: str) -> bool:
    return _GOODBYE.search(fold(text)) is not None


def insults(text: str) -> bool:
    return _INSULT.search(fold(text)) is not None


def steers(text: str) -> bool:
    """The visitor tries to make the agent something else, or asks for its instructions."""
    return _STEERING.search(fold(text)) is not None


def asks_identity(text: str) -> bool:
    return _IDENTITY.search(fold(text)) is not None


def asks_how_we_are(text: str) -> bool:
    return _HOW_ARE_YOU.search(fold(text)) is not None


def compares(text: str) -> bool:
    return _COMPARE.search(fold(text)) is not None


def wants_cheapest(text: str) -> bool:
    return _CHEAPEST.search(fold(text)) is not None


def asks_stock(text: str) -> bool:
    return _STOCK.search(fold(text)) is not None


def asks_price(text: str) -> bool:
    return _PRICE.search(fold(text)) is not None


def asks_catalogue(text: str) -> bool:
    """The visitor asks what there is, not about one product."""
    return _CATALOGUE.search(fold(text)) is not None


def looks_portuguese(text: str) -> bool:
    """Whether a merchant's own sentence is Portuguese rather than English."""
    return _PORTUGUESE.search(text) is not None


def find_asked(previous_text: str | None) -> Asked | None:
    """What the last question of the agent's last message was about; None when it asked nothing we know."""
    sentences = re.split(r"(?<=[.!?\n])\s+", fold(previous_text or ""))
    questions = [sentence for sentence in sentences if sentence.rstrip().endswith("?")]
    if not questions:
        return None
    return next((asked for asked, pattern in _ASKED if pattern.search(questions[-1])), None)


def _short_answer(pattern: re.Pattern[str], text: str) -> bool:
    folded = fold(text).strip()
    return (
        pattern.match(folded) is not None
        and len(folded.split()) <= SHORT_ANSWER_WORDS_MAX
        and _CONDITION.search(folded) is None
    )
