"""What a parcel costs, from the agent's own table (`config.shipping`). Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from agentpay.kit.money import Language, format_amount
from agentpay.kit.text import fold, one_line
from agentpay.understanding.places import find_country

COUNTRIES_TOLD_MAX = 40

_CODE = re.compile(r"[A-Za-z]{2}")

# English | Portuguese, for countries that are asked about; others are told by their code.
_NAMES = """
AE United Arab Emirates|Emirados Árabes Unidos
AO Angola|Angola
AR Argentina|Argentina
AT Austria|Áustria
AU Australia|Austrália
BE Belgium|Bélgica
BG Bulgaria|Bulgária
BO Bolivia|Bolívia
BR Brazil|Brasil
CA Canada|Canadá
CH Switzerland|Suíça
CL Chile|Chile
CN China|China
CO Colombia|Colômbia
CR Costa Rica|Costa Rica
CV Cape Verde|Cabo Verde
CY Cyprus|Chipre
CZ Czechia|Tchéquia
DE Germany|Alemanha
DK Denmark|Dinamarca
DO Dominican Republic|República Dominicana
EC Ecuador|Equador
EE Estonia|Estônia
EG Egypt|Egito
ES Spain|Espanha
FI Finland|Finlândia
FR France|França
GB the United Kingdom|Reino Unido
GR Greece|Grécia
GT Guatemala|Guatemala
HK Hong Kong|Hong Kong
HR Croatia|Croácia
HU Hungary|Hungria
ID Indonesia|Indonésia
IE Ireland|Irlanda
IL Israel|Israel
IN India|Índia
IS Iceland|Islândia
IT Italy|Itália
JP Japan|Japão
KE Kenya|Quênia
KR South Korea|Coreia do Sul
LT Lithuania|Lituânia
LU Luxembourg|Luxemburgo
LV Latvia|Letônia
MA Morocco|Marrocos
MO Macao|Macau
MT Malta|Malta
MX Mexico|México
MY Malaysia|Malásia
MZ Mozambique|Moçambique
NG Nigeria|Nigéria
NL the Netherlands|Holanda
NO Norway|Noruega
NZ New Zealand|Nova Zelândia
PA Panama|Panamá
PE Peru|Peru
PH the Philippines|Filipinas
PL Poland|Polônia
PR Puerto Rico|Porto Rico
PT Portugal|Portugal
PY Paraguay|Paraguai
QA Qatar|Catar
RO Romania|Romênia
RS Serbia|Sérvia
SA Saudi Arabia|Arábia Saudita
SE Sweden|Suécia
SG Singapore|Singapura
SI Slovenia|Eslovênia
SK Slovakia|Eslováquia
TH Thailand|Tailândia
TR Turkey|Turquia
TW Taiwan|Taiwan
UA Ukraine|Ucrânia
US the United States|Estados Unidos
UY Uruguay|Uruguai
VE Venezuela|Venezuela
VN Vietnam|Vietnã
ZA South Africa|África do Sul
"""

NAMES: Mapping[str, tuple[str, str]] = {
    line[:2]: (line[3:].split("|")[0], line[3:].split("|")[1]) for line in _NAMES.strip().split("\n")
}


class Rate(msgspec.Struct, frozen=True):
    """One row of the table: minor units, days until it arrives."""

    country: str
    amount: int
    currency: str
    days: int


def rates(config: Mapping[str, Any]) -> list[Rate]:
    """The agent's table, as validated when it was written (`agents.schemas.Shipping`)."""
    return [
        Rate(entry["country"], entry["amount"], entry["currency"], entry["days"])
        for entry in config.get("shipping") or ()
    ]


def country_code(said: str) -> str | None:
    """The ISO 3166 code of a country by code or name, in English or Portuguese; None where none is meant."""
    line = one_line(said)
    if _CODE.fullmatch(line):
        code = line.upper()
        return "GB" if code == "UK" else code
    return find_country(f"to {fold(line)}") or find_country(fold(line))


def country_name(code: str, *, language: Language) -> str:
    """For the visitor's eyes; the code itself where we have no name."""
    names = NAMES.get(code)
    return code if names is None else names[language == "pt"]


def find_rate(listed: Sequence[Rate], *, country: str, currency: str) -> Rate | None:
    """The rate to that country, in `currency` if there is one, else in the first that there is."""
    there = [rate for rate in listed if rate.country == country]
    return next((rate for rate in there if rate.currency == currency), there[0] if there else None)


def rate_facts(rate: Rate, *, language: Language) -> dict[str, Any]:
    return {
        "country": country_name(rate.country, language=language),
        "country_code": rate.country,
        "amount": rate.amount,
        "amount_text": format_amount(rate.amount, rate.currency, language=language),
        "currency": rate.currency,
        "days": rate.days,
    }


def served(listed: Sequence[Rate], *, language: Language) -> list[str]:
    """Names of the countries in the table, at most `COUNTRIES_TOLD_MAX`."""
    codes = dict.fromkeys(rate.country for rate in listed)
    return [country_name(code, language=language) for code in codes][:COUNTRIES_TOLD_MAX]
