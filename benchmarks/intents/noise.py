"""What thumbs do to a message: typos, lost accents, shouting, slang, an emoji, a hello in front."""

import random
from typing import Final

from agentpay.understanding.text import fold

_NEIGHBOURS: Final = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
_SLANG: Final = {
    "en": {"you": "u", "are": "r", "your": "ur", "please": "pls", "thanks": "thx", "what": "wat", "want to": "wanna",
           "i am": "im", "i'm": "im", "don't": "dont", "can't": "cant", "i don't know": "idk", "because": "cuz",
           "to you": "2 u", "going to": "gonna", "give me": "gimme", "for": "4", "what's": "whats", "isn't": "isnt"},
    "pt": {"você": "vc", "vocês": "vcs", "não": "n", "que": "q", "também": "tb", "quanto": "qto", "obrigado": "obg",
           "beleza": "blz", "quando": "qdo", "por que": "pq", "muito": "mto", "pagamento": "pgto", "quero": "kero",
           "tudo": "td", "hoje": "hj", "depois": "dps", "agora": "agr", "está": "ta", "para": "p", "com": "c",
           "acho": "axo", "por favor": "pfv", "cadê": "kd", "pra": "p"},
}  # fmt: skip
_HELLOS: Final = {
    "en": ("hi, ", "hello! ", "hey ", "hi there, ", "good morning, ", "yo ", "so ", "ok so ", "hey, quick one: ", "excuse me, ",
           "sorry, ", "um ", "well, "),
    "pt": ("oi, ", "olá! ", "bom dia, ", "oi tudo bem? ", "boa tarde, ", "opa, ", "então, ", "moça, ", "mano ", "desculpa, ",
           "amigo, ", "eai ", "ei "),
}  # fmt: skip
_TAILS: Final = {
    "en": (
        " please",
        " pls",
        " 🙏",
        " lol",
        " thanks",
        "!!",
        "...",
        " thank you",
        " tbh",
        " mate",
        " 😊",
        " asap",
        "??",
    ),
    "pt": (
        " por favor",
        " pfv",
        " 🙏",
        " kkk",
        " obrigado",
        "!!",
        "...",
        " valeu",
        " né",
        " moço",
        " 😊",
        " urgente",
        "??",
    ),
}
_PREAMBLES: Final = {
    "en": ("hello dear, ", "good afternoon. ", "hi, my name is kate and i live in a small town. ", "hey so basically ", "quick question for you: ",
           "sorry to bother you but ", "i'm new here. ", "ok listen, ", "my grandson showed me your shop. ", "we are a small company. ",
           "dear team, ", "i'm writing from my phone so excuse the typos. ", "hey me again, ", "one more thing: ", "i was here yesterday. "),
    "pt": ("olá querida, ", "boa tarde, tudo bem? ", "oi, meu nome é ana e moro no interior. ", "oi então, ", "uma pergunta rápida: ",
           "desculpa incomodar mas ", "sou nova aqui. ", "olha só, ", "minha neta me mostrou a loja. ", "somos uma empresa pequena. ",
           "prezados, ", "tô escrevendo do celular então desculpa os erros. ", "oi sou eu de novo, ", "mais uma coisa: ", "minha filha, "),
}  # fmt: skip
_ENDINGS: Final = {
    "en": (" it's for my daughter.", " i've been a customer for years.", " i hope you can help.", " my dog is barking sorry.", " god bless.",
           " let me know.", " i'm in a bit of a hurry.", " thanks in advance.", " hope that's ok.", " best regards, tom"),
    "pt": (" é pra minha filha.", " sou cliente há anos.", " espero que possam ajudar.", " meu cachorro tá latindo, desculpa.", " deus abençoe.",
           " me avisa.", " tô com um pouco de pressa.", " desde já agradeço.", " espero que tudo bem.", " atenciosamente, carlos"),
}  # fmt: skip
_SWAPS: Final = (
    ("my order", "meu pedido"), ("refund", "reembolso"), ("discount", "desconto"), ("how much", "quanto"), ("i want", "eu quero"),
    ("please", "por favor"), ("shipping", "frete"), ("my card", "meu cartão"), ("the link", "o link"), ("delivery", "entrega"),
    ("price", "preço"), ("expensive", "caro"), ("thanks", "obrigado"), ("a human", "um humano"), ("payment", "pagamento"),
    ("exchange", "trocar"), ("not sure", "não sei"), ("keyboard", "teclado"), ("candle", "vela"), ("course", "curso"),
    ("does it have", "tem"), ("do you have", "vcs têm"), ("it doesn't work", "não funciona"), ("i paid", "eu paguei"),
    ("later", "depois"), ("cheaper", "mais barato"), ("today", "hoje"), ("in stock", "em estoque"),
)  # fmt: skip
_TOPICS_WITHOUT_FRAME: Final = frozenset({"greeting"})


def roughen(text: str, intent: str, language: str, rng: random.Random) -> str:
    """The message, in about two of three cases with one or more of the usual accidents."""
    if intent not in _TOPICS_WITHOUT_FRAME and len(text.split()) > 2:
        if rng.random() < 0.12:
            text = rng.choice(_HELLOS[language]) + text
        if rng.random() < 0.10:
            text = text.rstrip("?!.") + rng.choice(_TAILS[language])
        if rng.random() < 0.07:
            text = rng.choice(_PREAMBLES[language]) + text
        if rng.random() < 0.05:
            text = text.rstrip(".") + "." + rng.choice(_ENDINGS[language])
        if rng.random() < 0.10:
            text = _swapped(text, language, rng)
    if rng.random() < 0.18:
        text = _slang(text, language, rng)
    if rng.random() < 0.22:
        text = _typo(text, rng)
    return _surface(text, language, rng)


def _surface(text: str, language: str, rng: random.Random) -> str:
    if language == "pt" and rng.random() < 0.35:
        text = fold(text)
    draw = rng.random()
    if draw < 0.04:
        return text.upper()
    if draw < 0.24:
        return text[:1].upper() + text[1:]
    if draw < 0.34:
        return text.rstrip("?.!")
    return text


def _slang(text: str, language: str, rng: random.Random) -> str:
    padded = f" {text} "
    for long, short in _SLANG[language].items():
        if f" {long} " in padded and rng.random() < 0.6:
            padded = padded.replace(f" {long} ", f" {short} ")
    return padded[1:-1]


def _swapped(text: str, language: str, rng: random.Random) -> str:
    """A message in two languages: some words in the other one."""
    for english, portuguese in _SWAPS:
        here, there = (english, portuguese) if language == "en" else (portuguese, english)
        if here in text and rng.random() < 0.7:
            return text.replace(here, there, 1)
    return text


def _typo(text: str, rng: random.Random) -> str:
    places = [place for place in range(1, len(text) - 1) if text[place - 1 : place + 2].isalpha()]
    if not places:
        return text
    place = rng.choice(places)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place] + text[place:]
    if kind == 2:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + rng.choice(_NEIGHBOURS.get(text[place].lower(), text[place])) + text[place + 1 :]
