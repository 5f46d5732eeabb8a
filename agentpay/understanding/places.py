"""Countries and languages by name or adjective, in English and Portuguese."""

import re
from functools import cache
from typing import Final

from agentpay.understanding.resources import lines

NAME_WORDS_MAX: Final = 5

_WORD: Final = re.compile(r"[a-z][a-z.'-]*")

_CAREFUL: Final = frozenset(
    {"us", "usa", "oz", "ira", "turkey", "jordan", "georgia", "kiwi", "polish", "english", "american", "america", "indiana", "gana",
     "brasa", "dutch", "swiss", "danish", "congo", "trinidad", "china", "mauritius", "ingles", "inglesa", "frances", "francesa",
     "americano", "americana", "turco", "franca", "filipino", "suica"}
)  # fmt: skip
"""Also words of other meanings, or names of languages, cities and dishes: they count only where a place is meant."""

_LANGUAGE_NAMES: Final = frozenset(
    """english portuguese spanish french german italian japanese chinese russian korean dutch polish turkish greek swedish
    norwegian danish finnish hungarian ukrainian romanian czech ingles portugues espanhol frances alemao italiano japones
    chines russo coreano holandes polones turco grego sueco tcheco""".split()  # noqa: SIM905
)
_PLACE_BEFORE: Final = re.compile(
    r"(?:\b(?:to|in|from|within|for|into|outside|inside|of|near|throughout|em|no|na|nos|nas|para|pra|pro|pros|do|da|dos|das|de|ate|"
    r"fora do|aqui)(?: the| o| a| os)?|^\W*(?:the )?|,|\be|\band|\bi'?m|\bim|\bsou|\bi am|\ban?|\bwe are|\bship|\bcountry:?) *$"
)
_LANGUAGES: Final = {
    "en": ("english", "ingles"), "pt": ("portuguese", "portugues", "brazilian portuguese"), "es": ("spanish", "espanhol"),
    "fr": ("french", "frances"), "de": ("german", "alemao"), "it": ("italian", "italiano"), "ja": ("japanese", "japones"),
    "zh": ("chinese", "mandarin", "chines"), "ru": ("russian", "russo"), "ko": ("korean", "coreano"), "nl": ("dutch", "holandes"),
    "pl": ("polish", "polones"), "tr": ("turkish", "turco"), "ar": ("arabic", "arabe"), "hi": ("hindi",), "sv": ("swedish", "sueco"),
}  # fmt: skip
_LANGUAGE: Final = re.compile(
    r"\b(?:speak|speaks|spoken|talk|chat|reply|answer|respond|write|language|version|available|subtitles|translated?|in|into|to|"
    r"fal\w*|escrev\w*|respond\w*|atend\w*|em|legendas?|idioma|versao|traduz\w*|conversar|pro|para o)"
    r" (?:in |em |to me in |comigo em |is |to |o |a |any |some )?(?P<name>[a-z]+)\b"
)


def find_country(folded: str) -> str | None:
    """The ISO 3166 code of the first country that the text names as a place; None where none is."""
    words = [(match[0].rstrip(".'-"), match.start()) for match in _WORD.finditer(folded)]
    starting, named = _first_words(), _names()
    for position, (word, start) in enumerate(words):
        if word not in starting:
            continue
        for count in range(min(NAME_WORDS_MAX, len(words) - position), 0, -1):
            name = " ".join([word for word, _ in words[position : position + count]])
            code = named.get(name) or named.get(f"{name}.")
            if code is not None and _is_place(name, folded, start):
                return code
    return None


def find_language(folded: str) -> str | None:
    """The ISO 639 code of the language that the visitor asks for ("in Spanish, please"); None where none is."""
    for match in _LANGUAGE.finditer(folded):
        for code, names in _LANGUAGES.items():
            if match["name"] in names:
                return code
    return None


def _is_place(name: str, folded: str, start: int) -> bool:
    if name not in _CAREFUL and name not in _LANGUAGE_NAMES:
        return True
    before = folded[max(0, start - 20) : start]
    if name in _LANGUAGE_NAMES and name != "franca":
        return re.search(r"(?:\bi'?m|\bi am|\bwe are|\bsou|\ba|\ban|\bsomos) *$", before) is not None
    if name == "usa" and not before.strip(" .,!?") and len(folded.split()) < 3:
        return True
    if name in ("us", "usa"):  # the pronoun and the Portuguese verb: only behind words of place
        return (
            re.search(
                r"(?:\bthe|\bto|\bin|\bfrom|\bwithin|\boutside|\bfor|\bnos|\bos|\bpros|\bpra|\bpara|\bdos|,) *$", before
            )
            is not None
            and "let" not in before
        )
    return _PLACE_BEFORE.search(before) is not None


@cache
def place_words() -> frozenset[str]:
    """Every word of a country's or language's name."""
    return frozenset(word for name in _names() for word in name.split()) | _LANGUAGE_NAMES


def is_country(token: str) -> bool:
    """Whether the word alone names a country beyond doubt."""
    return token in _names() and token not in _CAREFUL and token not in _LANGUAGE_NAMES


@cache
def _names() -> dict[str, str]:
    pairs = (line.split(" = ") for line in lines("countries.txt"))
    return {form.strip(): code for code, forms in pairs for form in forms.split(",")}


@cache
def _first_words() -> frozenset[str]:
    return frozenset(name.split()[0].rstrip(".") for name in _names())
