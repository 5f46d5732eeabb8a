"""Amounts in random spellings of both languages, with and without disguise."""

import re
from typing import Literal, NamedTuple

from hypothesis import strategies as st

from agentpay.turns.guard.letters import visible

Language = Literal["en", "pt"]

SENTENCES = [
    "It costs {} today.",
    "I can do {} for you.",
    "Your price is {}, all in.",
    "How about {}?",
    "You would pay only {} and it is yours.",
    "{} is my last word.",
    "Sai por {} hoje.",
    "Consigo fazer por {}, combinado?",
    "O preço é {}.",
    "Deal: {}",
    "Between us, {} would be fine.",
]  # fmt: skip


def _list(text: str) -> list[str]:
    return text.split()


_ONES = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = _list("- - twenty thirty forty fifty sixty seventy eighty ninety")
_UNS = _list(
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete dezoito"
    " dezenove"
)
_DEZ = _list("- - vinte trinta quarenta cinquenta sessenta setenta oitenta noventa")
_CEM = _list("- cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos")
_SCRIPTS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⁰¹²³⁴⁵⁶⁷⁸⁹", "⓪①②③④⑤⑥⑦⑧⑨"]


class Spelled(NamedTuple):
    text: str
    currency: str
    amount: int


def english(number: int, *, hyphen: str = "-", joiner: str = " and ") -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"{hyphen}{_ONES[ones]}" if ones else "")
    size, word = (1_000, "thousand") if number >= 1_000 else (100, "hundred")
    high, low = divmod(number, size)
    head = f"{english(high, hyphen=hyphen, joiner=joiner)} {word}"
    return head + (f"{joiner}{english(low, hyphen=hyphen, joiner=joiner)}" if low else "")


def portuguese(number: int) -> str:
    if number < 20:
        return _UNS[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _DEZ[tens] + (f" e {_UNS[ones]}" if ones else "")
    if number == 100:
        return "cem"
    if number < 1_000:
        hundreds, low = divmod(number, 100)
        return _CEM[hundreds] + (f" e {portuguese(low)}" if low else "")
    thousands, low = divmod(number, 1_000)
    head = "mil" if thousands == 1 else f"{portuguese(thousands)} mil"
    return head + (f" e {portuguese(low)}" if low else "")


@st.composite
def amounts(draw: st.DrawFn) -> Spelled:
    whole = draw(st.integers(13, 9_999))
    cents = draw(st.sampled_from([0, 0, 0, 50, 99, 5]))
    make = draw(st.sampled_from([_signed, _coded, _worded, _english, _portuguese, _bare]))
    spelled = make(draw, whole, cents)
    return spelled._replace(text=draw(st.sampled_from([_as_it_is, _hidden, _bold, _scripted]))(draw, spelled.text))


def _signed(draw: st.DrawFn, whole: int, cents: int) -> Spelled:
    sign, currency = draw(st.sampled_from([("$", "usd"), ("R$", "brl"), ("€", "eur"), ("£", "gbp"), ("US$", "usd")]))
    return Spelled(
        f"{sign}{draw(st.sampled_from(['', ' ']))}{_digits(draw, whole, cents)}", currency, whole * 100 + cents
    )


def _coded(draw: st.DrawFn, whole: int, cents: int) -> Spelled:
    code = draw(st.sampled_from(["USD", "EUR", "brl", "Gbp"]))
    number = _digits(draw, whole, cents)
    return Spelled(draw(st.sampled_from([f"{code} {number}", f"{number} {code}"])), code.lower(), whole * 100 + cents)


def _worded(draw: st.DrawFn, whole: int, cents: int) -> Spelled:
    word, currency = draw(st.sampled_from([("dollars", "usd"), ("bucks", "usd"), ("reais", "brl"), ("euros", "eur")]))
    space = draw(st.sampled_from([" ", "-", "\n", ""]))
    return Spelled(f"{_digits(draw, whole, cents)}{space}{word}", currency, whole * 100 + cents)


def _english(draw: st.DrawFn, whole: int, cents: int) -> Spelled:
    joiner, hyphen = draw(st.sampled_from([" ", " and "])), draw(st.sampled_from(["-", " "]))
    text = f"{english(whole, hyphen=hyphen, joiner=joiner)} dollars"
    if cents:
        text += f" and {english(cents)} cents"
    return Spelled(text, "usd", whole * 100 + cents)


def _portuguese(draw: st.DrawFn, whole: int, cents: int) -> Spelled:
    text = f"{portuguese(whole)} reais"
    if cents:
        text += f" e {portuguese(cents)} centavos"
    return Spelled(text, "brl", whole * 100 + cents)


def _bare(draw: st.DrawFn, whole: int, cents: int) -> Spelled:
    whole += 2_100  # not a year
    return Spelled(_digits(draw, whole, cents), "usd", whole * 100 + cents)


def _digits(draw: st.DrawFn, whole: int, cents: int) -> str:
    point, group = draw(st.sampled_from([(".", ","), (",", ".")]))
    number = draw(st.sampled_from([str(whole), f"{whole:,}".replace(",", group)]))
    return f"{number}{point}{cents:02}" if cents else number


def _as_it_is(draw: st.DrawFn, text: str) -> str:
    return text


def _hidden(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text)))
    return (
        text[:place]
        + draw(st.sampled_from(["\u200b", "\u202e", "\ufeff", "\u00ad", "\u2060", "<b></b>"]))
        + text[place:]
    )


def _bold(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text)))
    return f"**{text[:place]}**{text[place:]}"


def _scripted(draw: st.DrawFn, text: str) -> str:
    return text.translate(str.maketrans("0123456789", draw(st.sampled_from(_SCRIPTS))))


def cleaned(text: str) -> str:
    """As it leaves: without tags and hidden characters."""
    return re.sub("</?b>", "", visible(text))


def filled(variant: str) -> str:
    """A sentence of the template's book with figures that are known."""
    text = variant.rpartition("|")[2].replace("{percent}", "10").replace("{code}", "WICK10")
    return re.sub(r"\{[a-z_]+\}", "Lavender Candle", re.sub(r"\{(?:price|amount|list|total)\}", "$95.00", text))
