"""Which of the two launch languages a message is written in."""

import re
from typing import Final, Literal

from agentpay.understanding.text import clean, fold

Language = Literal["en", "pt"]

_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")

_ENGLISH: Final = frozenset(
    """the a an and or but is are was were be been am i i'm im i'll ill i've ive i'd you your you're ur u my mine we our
    they it it's its this that these those there here to of in on at for with from by about as if then than so not don't
    dont can't cant won't wont didn't didnt doesn't doesnt isn't isnt can could would should will have has had do does did
    what what's whats when where where's wheres who which why how much many any some no yes yeah yep nope please pls plz
    thanks thank thx hi hello hey bye good morning afternoon evening ok sure deal want need like buy get got take give me
    send make price cost discount cheaper order shipping ship card paid pay payment just too more less only still again
    help work works working money back return link now later maybe think know let see sorry expensive off bucks dollars
    anyone someone human person agent talk speak sold up out into over under between available stock buying""".split()
)
_PORTUGUESE: Final = frozenset(
    """o os um uma uns umas e ou mas eh sou sao era foi ser estar estou to ta tou eu voce voces vc vcs ce tu meu minha meus
    minhas seu sua nos nosso nossa ele ela isso isto esse essa esses essas este esta aquele aquela aqui la pra pro para por
    pelo pela de da das dos em na nas num numa com sem se que q qual quais quando onde quem porque pq como quanto quantos
    quantas qto mais menos muito mto nao n naum sim ss claro beleza blz oi ola opa eai bom boa dia tarde noite obrigado
    obrigada obg brigado brigada vlw valeu tchau falou quero queria gostaria preciso comprar compro pagar pago paguei preco
    preço desconto barato caro pedido frete entrega cartao boleto pix dinheiro volta devolver trocar ajuda ajudar funciona
    agora depois talvez acho sei ver tem tinha teria ter faz fazer fiz pode posso podem consigo consegue manda mandar me
    fechado fechou certo tudo bem ja ainda tambem tb tbm so até ate reais conto pila alguem pessoa atendente falar humano
    legal show vou vai vamos estou chegou chega receber recebi loja voces links dar da dá nada algum alguma mesmo""".split()
)
COMMON_WORDS: Final = _ENGLISH | _PORTUGUESE
"""Words of both lists; they are spelt right."""

_SHARED: Final = frozenset(
    {"a", "as", "no", "do", "me", "ok", "to", "e", "n", "u", "link", "pro", "todo", "site", "for", "so", "am"}
)
_ACCENT: Final = re.compile(r"[ãõçáâàéêíóôú]", re.IGNORECASE)


def detect(text: str, *, previous: str = "en") -> Language:
    """The language of `text`; where it tells nothing ("ok", "80", an emoji), the language of the conversation so far."""
    cleaned = clean(text)
    return detect_folded(cleaned, fold(cleaned), previous=previous)


def detect_folded(cleaned: str, folded: str, *, previous: str) -> Language:
    """`detect` for a text whose views are already made."""
    english = portuguese = 0
    for word in _WORD.findall(folded[:1000]):
        weight = 1 if word in _SHARED else 3
        english += weight * (word in _ENGLISH)
        portuguese += weight * (word in _PORTUGUESE)
    portuguese += 2 * len(_ACCENT.findall(cleaned[:1000]))
    if english == portuguese:
        return "pt" if previous == "pt" else "en"
    return "pt" if portuguese > english else "en"
