"""What tokens cost: a table, and arithmetic in micro-dollars. Pure.

Prices are the public list prices of November 2026. They bound spending, they are no invoice: who has other terms pays
other sums.
"""

from typing import Final

import msgspec

from agentpay.llm import models
from agentpay.llm.types import Usage

MILLION: Final = 1_000_000


class Price(msgspec.Struct, frozen=True):
    """Micro-dollars per million tokens. Above `long_tokens` of input the whole request costs the long rates."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    long_tokens: int = 0
    """0 = one price for every length."""
    long_input_factor: int = 1
    long_output_percent: int = 100


def _usd(
    input: str, output: str, cache_read: str, *, long_tokens: int = 0, long_input: int = 1, long_output: int = 100
) -> Price:
    """Dollars per million as the price lists print them; a cache write costs 1.25 times the input."""
    base = _micros(input)
    written = -(-base * 5 // 4)
    return Price(base, _micros(output), _micros(cache_read), written, long_tokens, long_input, long_output)


def _micros(dollars: str) -> int:
    whole, _, part = dollars.partition(".")
    return int(whole) * MILLION + int(part.ljust(6, "0") or 0)


UNKNOWN_MODEL: Final = _usd("15", "75", "1.5")
"""Dearer than any model an agent is likely to be given: an unknown name may stop early, never overspend."""

PRICES: Final[tuple[tuple[str, Price], ...]] = (
    ("claude-fable-5-1", _usd("10", "50", "0.25")),
    ("claude-mythos-5-1", _usd("10", "50", "0.25")),
    ("claude-fable-", _usd("10", "50", "1")),
    ("claude-mythos-5", _usd("10", "50", "1")),
    ("claude-opus-5-5", _usd("4", "20", "0.2")),
    ("claude-opus-5", _usd("5", "25", "0.5")),
    ("claude-opus-4-5", _usd("5", "25", "0.5")),
    ("claude-opus-4-6", _usd("5", "25", "0.5")),
    ("claude-opus-4-7", _usd("5", "25", "0.5")),
    ("claude-opus-4-8", _usd("5", "25", "0.5")),
    ("claude-opus-", _usd("15", "75", "1.5")),
    ("claude-sonnet-5-5", _usd("2", "10", "0.2")),
    ("claude-sonnet-5", _usd("2", "10", "0.2")),
    ("claude-sonnet-", _usd("3", "15", "0.3")),
    ("claude-haiku-5-5", _usd("0.1", "0.5", "0.01", long_tokens=100_000, long_input=5, long_output=500)),
    ("claude-haiku-", _usd("1", "5", "0.1")),
    ("claude-3-7-sonnet", _usd("3", "15", "0.3")),
    ("claude-3-5-sonnet", _usd("3", "15", "0.3")),
    ("claude-3-5-haiku", _usd("0.8", "4", "0.08")),
    ("claude-3-haiku", _usd("0.25", "1.25", "0.03")),
    ("gpt-6.2-astra", _usd("8", "40", "0.8", long_tokens=272_000, long_input=2, long_output=150)),
    ("gpt-6-astra", _usd("10", "50", "1", long_tokens=272_000, long_input=2, long_output=150)),
    ("gpt-6.2-sol", _usd("2", "10", "0.2", long_tokens=272_000, long_input=2, long_output=150)),
    ("gpt-6.1-sol", _usd("2", "10", "0.1", long_tokens=272_000, long_input=2, long_output=150)),
    ("gpt-6-sol", _usd("2", "10", "0.2", long_tokens=272_000, long_input=2, long_output=150)),
    ("gpt-5.6-luna", _usd("0.2", "1.2", "0.02", long_tokens=272_000, long_input=2, long_output=150)),
    ("gpt-5.6-terra", _usd("2", "12", "0.2", long_tokens=272_000, long_input=2, long_output=150)),
    ("gpt-5.6-sol", _usd("4", "20", "0.4", long_tokens=272_000, long_input=2, long_output=150)),
    ("gpt-5.5-pro", _usd("30", "180", "3")),
    ("gpt-5.5", _usd("5", "30", "0.5")),
    ("gpt-5.4-pro", _usd("30", "180", "3")),
    ("gpt-5.4-mini", _usd("0.75", "4.5", "0.075")),
    ("gpt-5.4-nano", _usd("0.2", "1.25", "0.02")),
    ("gpt-5.4", _usd("2.5", "15", "0.25")),
    ("gpt-5.1", _usd("1.25", "10", "0.125")),
    ("gpt-5-mini", _usd("0.25", "2", "0.025")),
    ("gpt-5-nano", _usd("0.05", "0.4", "0.005")),
    ("gpt-4.1-mini", _usd("0.4", "1.6", "0.1")),
    ("gpt-4.1-nano", _usd("0.1", "0.4", "0.025")),
    ("gpt-4.1", _usd("2", "8", "0.5")),
    ("gpt-4o-mini", _usd("0.15", "0.6", "0.075")),
    ("gpt-4o", _usd("2.5", "10", "1.25")),
    ("template", Price(0, 0, 0, 0)),
)
"""The longest prefix that fits a model's name counts."""


def price_of(model: str) -> Price:
    """The price of a model (a router's vendor prefix and a dated suffix do not matter), or `UNKNOWN_MODEL`."""
    name = models.bare(model)
    found = [(len(prefix), price) for prefix, price in PRICES if name.startswith(prefix)]
    return max(found, key=lambda each: each[0])[1] if found else UNKNOWN_MODEL


def cost_micros(usage: Usage, model: str) -> int:
    """Micro-dollars (a millionth of a dollar) of what was used, rounded up."""
    price = price_of(model)
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    is_long = bool(price.long_tokens) and read > price.long_tokens
    taken = (
        usage.input_tokens * price.input
        + usage.cache_read_tokens * price.cache_read
        + usage.cache_write_tokens * price.cache_write
    )
    written = usage.output_tokens * price.output
    if is_long:
        taken, written = taken * price.long_input_factor, -(-written * price.long_output_percent // 100)
    return -(-(taken + written) // MILLION)


def reserve_micros(request_tokens_estimate: int, max_tokens: int, model: str) -> int:
    """The most that one question can cost: everything written into the cache, everything written that may be."""
    output = models.output_tokens_max(model, max_tokens)
    return cost_micros(Usage(output_tokens=output, cache_write_tokens=request_tokens_estimate), model)


def estimate_tokens(text: str) -> int:
    """Not fewer tokens than a model counts, without a tokenizer: one for two bytes of UTF-8.

    English and Portuguese come to three or four bytes a token, scripts of three bytes a character to about one a token.
    """
    return -(-len(text.encode(errors="replace")) // 2)
