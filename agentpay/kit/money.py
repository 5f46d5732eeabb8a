"""Money as people write it and as Polar bounds it. Amounts are integers in minor units with a lower-case ISO code."""

from typing import Literal

Language = Literal["en", "pt"]

# Polar's contract § 2.4.
ZERO_DECIMAL_CURRENCIES = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
AMOUNT_MAX = 99_999_999
MINIMUM_CHARGE_DEFAULT = 50
MINIMUM_CHARGES = {
    "usd": 50, "eur": 50, "chf": 50, "gbp": 40, "cad": 70, "aud": 70, "sgd": 70, "nzd": 90, "jpy": 80, "inr": 6000,
    "brl": 250, "mxn": 900, "pln": 200, "aed": 200, "myr": 200, "sek": 500, "nok": 500, "dkk": 320,
}  # fmt: skip

SYMBOLS = {
    "usd": "$", "eur": "€", "gbp": "£", "brl": "R$", "jpy": "¥", "cad": "CA$", "aud": "A$", "nzd": "NZ$", "mxn": "MX$",
    "inr": "₹", "krw": "₩", "cny": "CN¥", "ils": "₪", "vnd": "₫",
}  # fmt: skip
SPACED_SYMBOLS = frozenset({"R$"})


def minor_digits(currency: str) -> int:
    """How many decimals the currency has: 0 or 2, as Polar counts."""
    return 0 if currency in ZERO_DECIMAL_CURRENCIES else 2


def minimum_charge(currency: str) -> int:
    """The smallest amount above zero that the card processor takes (Polar's contract § 2.4)."""
    return MINIMUM_CHARGES.get(currency, MINIMUM_CHARGE_DEFAULT)


def format_amount(amount: int, currency: str, *, language: Language = "en") -> str:
    """`$95.00`, `R$ 49,90`, `¥500`, `95,00 PLN`: as a person of that language writes it."""
    digits = minor_digits(currency)
    whole, fraction = divmod(abs(amount), 10**digits)
    # Brazilian money is written the Brazilian way in any language: that is how its readers know it.
    thousands, decimal = (".", ",") if language == "pt" or currency == "brl" else (",", ".")
    number = f"{whole:,}".replace(",", thousands)
    if digits:
        number += f"{decimal}{fraction:0{digits}d}"
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    if symbol is None:
        return f"{sign}{number} {currency.upper()}"
    space = " " if symbol in SPACED_SYMBOLS or (language == "pt" and currency != "jpy") else ""
    return f"{sign}{symbol}{space}{number}"
