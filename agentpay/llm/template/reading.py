"""What a visitor's words say beyond their intent: a yes, a thanks, an insult, an attempt to steer. Pure.

`understanding` decides the intent; this tells apart what one intent holds (a thanks and a good-bye are both `greeting`)
and relates a short answer to the question before it. Texts are folded first: lower case, no accents.
"""

import re
from typing import Final, Literal

from agentpay.kit.text import fold

Asked = Literal["amount", "seats", "country", "person", "price", "purchase", "others", "which", "details", "more"]
"""What the agent's last message asked or offered."""

SHORT_ANSWER_WORDS_MAX: Final = 7


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _any(*words: str) -> re.Pattern[str]:
    """A pattern that finds any of the words or phrases, each as a whole; they may be regular expressions."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)")


_TOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[👍👌✅👎]")
_AGREEING: Final = _words(
    """yes yeah yep yup ya sure ok okay okey absolutely definitely perfect great deal agreed accept fine
    sounds works let's
    sim ss s claro certeza beleza blz fechado fechou combinado aceito topo bora vamos perfeito otimo certo positivo
    quero pode isso manda 👍 👌 ✅"""
)
_WITH_A_YES: Final = _words(
    """please thanks thank you of course i i'll do it that this lets go ahead for me with to would like love
    the open checkout my and well oh ah hm hmm then now is good cool nice awesome send link pay buy order take a an
    person
    human price offer up get make
    por favor obrigado obrigada com eu a o as os uma um abrir abre abra pagamento link ser mandar ver entao mesmo ta
    esta bom bem tudo agora essa esse oferta preco proposta pessoa falar e que para pra ne ai so"""
)
_REFUSING: Final = _words("no nope nah not never don't nao nn n negativo nunca 👎")
_WITH_A_NO: Final = _words(
    """thanks thank you now yet really mind that's it's all for i i'm am good ok okay fine oh well
    obrigado obrigada ainda agora por enquanto deixa pra la melhor de jeito nenhum ok ta bom"""
)

_THANKS: Final = _any(
    "thanks?", "thank you", "thx", "ty", "cheers", "obrigad[oa]s?", "obg", "brigad[oa]", "valeu", "vlw", r"agradec\w+"
)
_GOODBYE: Final = _any(
    "bye", "goodbye", "good bye", "see you", "see ya", "cya", "good night", "have a (?:good|nice|great) .*",
    "take care", "that'?s all", "tchau", "ate (?:logo|mais|breve|amanha)", "falou", "flw", "tenha um.*",
    "era so isso", "so isso",
)  # fmt: skip
_INSULT: Final = _any(
    "idiots?", "stupid", "dumb", "moron", "useless", "garbage", r"shit\w*", r"fuck\w*", "asshole", "bastard", "bitch",
    "crap", "you sucks?", "hate you", "scam(?:mers?)?", "idiotas?", "burr[oa]s?", "imbecil", "inutil", "lixo", "merda",
    "porra", "caralho", "puta", "fdp", "otari[oa]", "babaca", "vai se foder", "vsf", "golpistas?", "pilantras?",
)  # fmt: skip
_TRUST: Final = _any(
    "(?:is|are) (?:this|it|you|that|the shop|the site)(?: guys)? (?:an? |some )?(?:real |kind of )?"
    "(?:scam(?:mers)?|fraud|legit|safe|trustworthy|fake)",
    "can i trust (?:you|this)",
    "(?:isso|esse site|a loja|isto|aqui)? ?e (?:um )?(?:golpe|seguro|confiavel|fraude|furada)",
    "posso confiar",
)  # fmt: skip
_STEERING: Final = _any(
    r"(?:ignore|disregard|forget|override|bypass|ignora|ignorar|esqueca|esquece|desconsidere|burle)\b.{0,40}\b"
    r"(?:instruct\w*|rules?|prompts?|previous|above|everything|guidelines|instruc\w*|regras?|anterior\w*|acima|tudo)",
    r"(?:reveal|show|print|repeat|tell|give|mostre|revele|repita|diga)(?: me)? (?:your|the|seus?|suas?|as?|os?) "
    r"(?:hidden |secret |initial |system )?(?:instructions?|prompts?|rules|instrucoes|regras|configuracao)",
    "system prompts?", "prompt do sistema", "jailbreak", "developer mode", "dev mode", "modo desenvolvedor", "dan mode",
    "you are now", "from now on you", "pretend (?:to be|you)",
    r"(?:^|[.,;!] *|please |now |must |you |and )act as", "role ?play", "finja", "aja como",
    "voce agora e", "a partir de agora voce",
)  # fmt: skip
# Marks of prompts and other speakers' parts, which no customer writes: `</data>`, `[assistant]`, `SYSTEM NOTE:`.
_FORGERY: Final = re.compile(
    r"</?(?:data|system|assistant|visitor|user|instructions?|tool|shop_note|records)\b"
    r"|\[/?(?:inst|assistant|system|agent|tool|admin)\]"
    r"|(?:^|\n)\W*(?:system|assistant|developer|admin|sistema)(?: (?:note|message|override|prompt|nota|mensagem))?\s*:"
)
_IDENTITY: Final = _any(
    "who are you", "what are you", "are you (?:an? )?(?:bot|robot|human|real|ai|person|machine|chatgpt)",
    "your name", "what can you do", "how can you help", "quem e (?:voce|vc)",
    "(?:voce|vc) e (?:uma? )?(?:robo|bot|humano|pessoa|ia|maquina)", "seu nome", "o que (?:voce|vc) (?:faz|pode fazer)",
    "com quem (?:eu )?(?:falo|estou falando)",
)  # fmt: skip
_HOW_ARE_YOU: Final = _any(
    "how are you", "how'?s it going", "how do you do", "what'?s up", "sup", "como vai", "tudo bem", "tudo bom",
    "td bem", "beleza", "como (?:voce|vc) esta",
)  # fmt: skip
_WISH: Final = _any(
    "(?:do|have) you (?:have|sell|got|carry)", "got any", "something", "anything", "looking for", "searching for",
    "i need",
    "(?:voces|vcs|voce|vc) (?:tem|vendem?)", "tem (?:alguma?|algo|uma?)", "algo (?:para|pra|de)", "alguma coisa",
    "procuro", "procurando", "preciso de",
)  # fmt: skip
_INSTEAD: Final = re.compile(
    r"(?<!\w)(?:actually|instead|rather|prefer|na verdade|em vez|prefiro)(?!\w).*?"
    r"(?<!\w)(?:the|an?|your|o|a|os|as|uma?|d[oa]s?) (?P<other>.+)|"
    r"(?<!\w)(?:the|an?|o|a|uma?) (?P<before>.+?) (?:instead|em vez)(?!\w)"
)
_POINTING: Final = _any(
    "it", "its", "this", "that", "they", "ele", "ela", "dele", "dela", "ess[ea]", "iss?to", "nel[ea]"
)
_PRESENCE: Final = _any(
    "are you (?:still )?there", "(?:anyone|anybody|somebody) (?:here|there)", "tem alguem ai", "alguem ai",
    "(?:voce|vc) (?:ainda )?(?:esta|ta) ai",
)  # fmt: skip
_COMPARE: Final = _any(
    r"compar\w+", "differences?", "differ", "versus", "vs", "better", "best", "which one", "which of",
    "which should .*", "cheapest", r"recommend\w*", "diferencas?", "melhor", "qual del[ea]s", "qual d[oa]s",
    "entre (?:os|as|el[ea]s)", "mais barat[oa]s?", r"recomend\w+",
)  # fmt: skip
_CHEAPEST: Final = _any(
    r"cheap\w*", "least expensive", "lowest price", "affordable", "mais barat[oa]s?", "mais em conta", "menor preco"
)
_DEAREST: Final = _any(
    "most expensive", "priciest", "dearest", "more expensive", "highest price", "mais car[oa]s?", "maior preco"
)
_STOCK: Final = _any(
    "in stock", "stock", r"available(?! (?:as|in|for|on|with)\b)", "availability", "sold out", "how many (?:are )?left",
    "estoque", r"disponive\w+",
    "disponibilidade", "esgotad[oa]", "pronta entrega", "quantos restam",
)  # fmt: skip
_PRICE: Final = _any(
    "how much", "total", "prices?", "costs?", "pricing", "quanto", "precos?", "custam?", "valor", "valores", "sai por"
)
_MORE: Final = (
    r"(?:^(?:(?:some|any|give me|i want|and|ok|yes|tem|tem mais|quero|e|sim)[ ,]+)*(?:more|mais)"
    r"(?: (?:please|pls|por favor|options|opcoes|products|produtos))*\W*$)"
)
"""`more please`, and nothing more."""

_CATALOGUE: Final = _any(
    "what do you (?:have|sell|offer)", "what (?:products|else)", "which products", "products", "catalog(?:ue)?",
    "anything", "options", "plans", "everything", "show me (?:what|all|your).*", "others?", "browse", "collection",
    "o que (?:mais )?(?:(?:voces|vcs|voce|vc) )?(?:tem|vende|vendem|oferece|oferecem)", "produtos", "catalogo",
    "opcoes", "planos", "colecao",
    "(?:show|see|view) (?:me )?more", "more options", "(?:ver|mostra|mostre) mais", "outr[oa]s?", _MORE,
)  # fmt: skip
_WHETHER: Final = re.compile(
    r"^\W*(?:is|are|does|do|can|could|will|would|has|have|é|eh|são|sao|tem|dá|pode|serve|funciona|vem)\b", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"[\w.%+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_BESIDE_ADDRESS: Final = _words(
    "my the mail email e-mail address is it's its here here's this o meu e eh aqui esta segue and ok yes sure hi thanks"
)
_HOW_TO_PAY: Final = _any(
    "how (?:can|do|could|would|should|may) (?:i|we) (?:pay|make (?:a|the) payment)", "ways? to pay", "how to pay",
    "payment (?:methods?|options?)", "formas? de pagamento", "como (?:eu )?(?:pago|pagamos)",
    "como (?:eu )?(?:posso|consigo|podemos|faco (?:para|pra)|faz (?:para|pra)|devo) pagar",
    "como (?:e o|fazer o) pagamento",
)  # fmt: skip
_HOW_MANY: Final = _any(
    "how many (?:of (?:them|those) )?(?:can|could|may) (?:i|we) (?:buy|get|order|have|take)",
    "(?:can|could|may) (?:i|we) (?:buy|get|order|have|take) (?:more than one|several|many)",
    "quant[oa]s (?:eu )?(?:posso|podemos|consigo|da para|da pra) (?:comprar|levar|pedir)",
    "(?:posso|da para|da pra) (?:comprar|levar|pedir) (?:mais de um|mais de uma|vari[oa]s)",
)
_MEANS: Final = _any(
    "cards?", "pix", "boletos?", "paypal", "apple pay", "google pay", "bitcoin", "crypto", "cash", "visa", "amex",
    "mastercard", "cart(?:ao|oes)", "credito", "debito", "dinheiro",
)  # fmt: skip
_DECLINED: Final = _any(
    r"declin\w*", "refused", "rejected", r"recus\w*", r"negad[oa]",
    r"(?:didn'?t|did not|won'?t|doesn'?t) (?:go|work)\w*",
    r"nao (?:passou|passa|foi aprovado|aceitou|funcionou)",
)  # fmt: skip
_ANNOUNCEMENT: Final = re.compile(
    r"^\W*(?:i have|i've got|i got|can i ask|may i ask|eu tenho|tenho|posso (?:fazer|tirar)) "
    r"(?:an?|some|another|one|uma?s?|outra)? ?(?:quick )?(?:questions?|doubts?|perguntas?|duvidas?)\W*$"
)
_PRICE_TALK: Final = _any(
    "about the price", "talk about the price", "do about the price", "see what i can do", "discount",
    "conversar sobre o preco", "consigo no preco", "vamos ver o que consigo", "desconto",
)  # fmt: skip
_OTHERS: Final = _any(
    "others?",
    "else",
    "o que mais",
    "(?:show|see|view) (?:me )?more",
    "more options",
    "(?:ver|mostra|mostre) mais",
    "mais opcoes",
    "another",
    "alternatives?",
    "outr[oa]s?",
    "alternativas?",
    _MORE,
)
_PORTUGUESE: Final = _any(
    "oi", "ola", "como", "posso", "ajudar", "ajudo", "voce", "em que", "bem-vind[oa]s?", "sou", "aqui", "procura",
    "para", "o que", "uma?", "seu", "sua", "nossa", "nosso", "com", "tudo bem",
)  # fmt: skip
_ENGLISH: Final = _any(
    "hi", "hello", "hey", "how", "can", "help", "you", "i'?m", "welcome", "what", "looking", "for", "the", "your",
    "our", "with", "today", "something",
)  # fmt: skip

_ASKED: Final[tuple[tuple[Asked, re.Pattern[str]], ...]] = (
    ("amount", _any("how much would you like to pay", "what would you like to pay", "gostaria de pagar", "quer pagar")),
    ("seats", _any("how many seats", "quantas licencas")),
    ("country", _any("country", "pais")),
    ("person", _any("person", "human", "someone", "team", "colleague", "pessoa", "atendente", "alguem", "equipe")),
    ("price", _any("(?:better|new|lower) price", "on the price", "discount", "preco melhor", "desconto")),
    ("purchase", _any(
        "checkout", "payment", "pay", "buy", "order", "take it", "purchase", "deal", "accept",
        "pagamento", "pagar", "comprar", "compra", "fechar", "fechamos", "levar", "aceita", "pedido",
    )),
    ("others", _any("what else we have", "alternatives", "o que mais temos", "alternativas")),
    ("which", _any("which one", "one of (?:these|them)", "alguma dess[ae]s", "(?:sobre|a|de) qual", "qual del[ea]s")),
    ("details", _any("more about", "tell you more", "details", "know more", "mais sobre", "detalhes", "saber mais")),
    ("more", _any("anything else", "clear up", "what else", "mais alguma coisa", "o que mais", "esclarecer")),
)  # fmt: skip


def says_yes(text: str) -> bool:
    """A bare agreement, without a condition, a wish or a question of its own."""
    return _short_answer(text, _AGREEING, _WITH_A_YES)


def says_no(text: str) -> bool:
    """A bare refusal, without a reason, a wish or a question of its own."""
    return _short_answer(text, _REFUSING, _WITH_A_NO)


def says_thanks(text: str) -> bool:
    return _THANKS.search(fold(text)) is not None


def says_goodbye(text: str) -> bool:
    return _GOODBYE.search(fold(text)) is not None


def insults(text: str) -> bool:
    return _INSULT.search(fold(text)) is not None and not asks_trust(text)


def asks_trust(text: str) -> bool:
    """`is this a scam?` doubts us, it does not abuse us."""
    return _TRUST.search(fold(text)) is not None


def steers(text: str) -> bool:
    """The visitor tries to make the agent something else, or asks for its instructions."""
    folded = fold(text)
    return _STEERING.search(folded) is not None or _FORGERY.search(folded) is not None


def asks_identity(text: str) -> bool:
    return _IDENTITY.search(fold(text)) is not None


def asks_how_we_are(text: str) -> bool:
    return _HOW_ARE_YOU.search(fold(text)) is not None


def announces_question(text: str) -> bool:
    """`I have a question`, and nothing more."""
    return _ANNOUNCEMENT.search(fold(text)) is not None


def talks_of_price(text: str) -> bool:
    """The agent asked which product a wish about the price is for."""
    return _PRICE_TALK.search(fold(text)) is not None


def asks_for_something(text: str) -> bool:
    """`do you have …`, `something for …`: a wish for a product, not about one."""
    folded = fold(text)
    return _WISH.search(folded) is not None and _POINTING.search(folded) is None


def find_instead(text: str) -> str | None:
    """What is named in place of the thing before: `hourglass` of `actually, the hourglass`."""
    found = _INSTEAD.search(fold(text))
    return (found["other"] or found["before"]) if found else None


def asks_presence(text: str) -> bool:
    return _PRESENCE.search(fold(text)) is not None


def compares(text: str) -> bool:
    return _COMPARE.search(fold(text)) is not None


def wants_cheapest(text: str) -> bool:
    return _CHEAPEST.search(fold(text)) is not None


def wants_dearest(text: str) -> bool:
    return _DEAREST.search(fold(text)) is not None


def points(text: str) -> bool:
    """The message speaks of something just named: `is it …`."""
    return _POINTING.search(fold(text)) is not None


def gives_address(text: str) -> bool:
    """`my email is sam@example.com`, and nothing more."""
    folded = fold(text)
    rest = _ADDRESS.sub(" ", folded)
    words = re.findall(r"[^\W_]+(?:['-][^\W_]+)*", rest)
    return rest != folded and len(words) <= SHORT_ANSWER_WORDS_MAX and _BESIDE_ADDRESS.issuperset(words)


def asks_how_to_pay(text: str) -> bool:
    return _HOW_TO_PAY.search(fold(text)) is not None


def asks_how_many(text: str) -> bool:
    """How many one may buy."""
    return _HOW_MANY.search(fold(text)) is not None


def names_means_of_payment(text: str) -> bool:
    return _MEANS.search(fold(text)) is not None


def reports_declined(text: str) -> bool:
    """The visitor's card or payment was refused."""
    return _DECLINED.search(fold(text)) is not None


def asks_stock(text: str) -> bool:
    return _STOCK.search(fold(text)) is not None


def asks_whether(text: str) -> bool:
    """A question for a yes or no: `is it vegan?`"""
    return _WHETHER.search(text) is not None


def asks_price(text: str) -> bool:
    return _PRICE.search(fold(text)) is not None


def asks_catalogue(text: str) -> bool:
    """The visitor asks what there is, not about one product."""
    return _CATALOGUE.search(fold(text)) is not None


def asks_others(text: str) -> bool:
    """The visitor wants to see something else than what was just shown."""
    return _OTHERS.search(fold(text)) is not None


def looks_portuguese(text: str) -> bool:
    """Whether a merchant's own sentences are Portuguese rather than English."""
    folded = fold(text)
    return len(_PORTUGUESE.findall(folded)) > len(_ENGLISH.findall(folded))


def find_asked(previous_text: str | None) -> Asked | None:
    """What the last question of the agent's last message was about; None when it asked nothing we know."""
    sentences = re.split(r"(?<=[.!?\n])\s+", fold(previous_text or ""))
    questions = [sentence for sentence in sentences if sentence.rstrip().endswith("?")]
    if not questions:
        return None
    return next((asked for asked, pattern in _ASKED if pattern.search(questions[-1])), None)


def _short_answer(text: str, core: frozenset[str], company: frozenset[str]) -> bool:
    """Only words that go with such an answer, at least one that makes it; a question is no answer."""
    folded = fold(text)
    words = _TOKEN.findall(folded)
    return (
        0 < len(words) <= SHORT_ANSWER_WORDS_MAX
        and "?" not in folded
        and any(word in core for word in words)
        and all(word in core or word in company for word in words)
    )
