"""What one conversation may say, and the questions that the guard asks of it."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from agentpay.kit.money import minor_digits
from agentpay.turns.guard import vocabulary
from agentpay.turns.guard.amounts import Figure, Sort
from agentpay.turns.guard.chunks import read_chunk
from agentpay.understanding.numbers import THOUSANDTHS

LEAK_WORDS: Final = 16
"""So many words in a row of a secret text are a leak, whatever they say; fewer may be facts meant for visitors."""

INSTRUCTION_WORDS: Final = 6
"""So many are, where they tell the agent what to do."""

NAME_CHUNKS_MAX: Final = 12
SECRETS_CACHED_MAX: Final = 64
WHOLE_PERCENT: Final = 10_000

_NOBODY: Final[frozenset[int]] = frozenset()


class Known(msgspec.Struct, frozen=True):
    """Amounts as (currency, minor units), percentages in basis points, codes casefolded.

    `hosts` are ours or the merchant's; `texts` are names whose own digits and words are fine; `secrets` may not be
    repeated at length.
    """

    amounts: frozenset[tuple[str, int]] = frozenset()
    percents: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class Secret(NamedTuple):
    """The runs of words of a secret text by which its repetition is known."""

    plain: frozenset[tuple[str, ...]]
    instructing: frozenset[tuple[str, ...]]


class Name(NamedTuple):
    """A name's pieces, and which of them is looked for."""

    cores: tuple[str, ...]
    place: int


class Figures:
    """Look-ups over a `Known`, made once for a reply. Values are thousandths of the currency's unit."""

    def __init__(self, known: Known) -> None:
        by_currency: dict[str, set[int]] = {}
        for currency, amount in known.amounts:
            by_currency.setdefault(currency, set()).add(amount * THOUSANDTHS // 10 ** minor_digits(currency))
        self._by_currency = {currency: frozenset(values) for currency, values in by_currency.items()}
        self._values = frozenset(value for values in by_currency.values() for value in values)
        self._percents = known.percents
        self.is_free_known = 0 in self._values

    def has(self, value: int | None, currencies: frozenset[str] | None) -> bool:
        """Whether an amount of this value is known in one of the currencies; None = in any."""
        if value is None:
            return False
        if currencies is None:
            return value in self._values
        return any(value in self._by_currency.get(currency, _NOBODY) for currency in currencies)

    def has_percent(self, value: int | None) -> bool:
        return value is not None and value * 100 % THOUSANDTHS == 0 and value * 100 // THOUSANDTHS in self._percents

    def has_basis_points(self, basis_points: int) -> bool:
        return basis_points in self._percents

    def holds(self, figure: Figure) -> bool:
        """Whether a figure is known as what it is; digits written apart count together, or else each of them."""
        if figure.sort is Sort.PERCENT:
            return self.has_percent(figure.value)
        currencies = figure.currencies if figure.sort is Sort.MONEY else None
        if self.has(figure.value, currencies):
            return True
        return bool(figure.parts) and all(self.has(part, currencies) for part in figure.parts)


@lru_cache(maxsize=SECRETS_CACHED_MAX)
def secret_of(text: str) -> Secret:
    cores = [core for core in (read_chunk(body).core for body in text.split()) if core]
    plain = _runs(cores, LEAK_WORDS)
    instructing = (run for run in _runs(cores, INSTRUCTION_WORDS) if not vocabulary.INSTRUCTING.isdisjoint(run))
    return Secret(frozenset(plain), frozenset(instructing))


def _runs(cores: list[str], length: int) -> Iterable[tuple[str, ...]]:
    return [tuple(cores[start : start + length]) for start in range(len(cores) - length + 1)]


def names_by_piece(texts: Iterable[str]) -> dict[str, list[Name]]:
    """For each piece of a name that could be read as an amount: the names that hold it, the longest first."""
    found: dict[str, list[Name]] = {}
    for text in texts:
        chunks = [read_chunk(body) for body in text.split()[:NAME_CHUNKS_MAX]]
        cores = tuple(chunk.core for chunk in chunks)
        for index, chunk in enumerate(chunks):
            if chunk.opens or chunk.is_share or not chunk.is_plain or is_claim(chunk.core):
                found.setdefault(chunk.core, []).append(Name(cores, index))
    for names in found.values():
        names.sort(key=lambda name: -len(name.cores))
    return found


def is_claim(core: str) -> bool:
    """A word that may say that something costs nothing."""
    return core in vocabulary.FREE_WORDS or core in vocabulary.FREE_AFTER
