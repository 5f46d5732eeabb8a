"""What a conversation may say, gathered from records and tools' results: our figures, never a free text's.

Two kinds of fields are read: integers named `amount` or `…_amount` beside a `currency`, and `…_text` fields, which our
own code formatted (`kit/money`, `catalog/price_text`). Names make their own digits sayable, nothing else. The
merchant's articles are the merchant's word on prices, so amounts in them may be repeated.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from agentpay.kit.money import minor_digits
from agentpay.llm.types import CheckoutFact, OfferFact, OrderFact, ProductFact, ToolResult
from agentpay.turns.guard import context
from agentpay.turns.guard.amounts import Figure, Sort, find_figures, joined
from agentpay.turns.guard.chunks import Atom, read_chunk
from agentpay.turns.guard.known import WHOLE_PERCENT, Known, is_claim
from agentpay.understanding.numbers import THOUSANDTHS

FACTS_DEPTH_MAX: Final = 6
TEXT_CHARACTERS_MAX: Final = 100_000
"""Read of one article."""

NO_CURRENCY: Final = "xxx"
"""Of a price of nothing: free is free in any currency."""

_NAMES: Final = frozenset({"name", "product_name", "title"})


def known_of(
    *,
    products: Iterable[ProductFact] = (),
    offers: Iterable[OfferFact] = (),
    checkouts: Iterable[CheckoutFact] = (),
    orders: Iterable[OrderFact] = (),
    results: Iterable[ToolResult] = (),
    system: str = "",
    hosts: Iterable[str] = (),
    article_texts: Iterable[str] = (),
) -> Known:
    """Everything that a reply in this conversation may say.

    Derived: the discount between a list price and an offer (exact to a basis point, rounded and cut to one decimal and
    to whole percents), and the difference. `results` are those that this conversation's tools gave; `system` is the
    prompt that must not leak; `hosts` may be whole origins.
    """
    gathered = _Gathered()
    for product in products:
        gathered.product(product)
    for offer in offers:
        gathered.offer(offer)
    for checkout in checkouts:
        gathered.sold(checkout.product_name, checkout.amount_text)
    for order in orders:
        gathered.sold(order.product_name, order.amount_text)
    for result in results:
        gathered.result(result)
    for text in article_texts:
        gathered.read(text[:TEXT_CHARACTERS_MAX], default=None)
    gathered.hosts.update(_host(host if "://" in host else f"//{host}") for host in hosts)
    return Known(
        amounts=frozenset(gathered.amounts),
        percents=frozenset(gathered.percents),
        codes=frozenset(gathered.codes),
        hosts=frozenset(host for host in gathered.hosts if host),
        texts=tuple(dict.fromkeys(text for text in gathered.texts if text)),
        secrets=(system,) if system else (),
    )


class _Gathered:
    """What was found so far."""

    def __init__(self) -> None:
        self.amounts: set[tuple[str, int]] = set()
        self.percents: set[int] = set()
        self.codes: set[str] = set()
        self.hosts: set[str] = set()
        self.texts: list[str] = []
        self.lists: dict[str, tuple[str, int]] = {}
        """List prices by product id."""

    def product(self, product: ProductFact) -> None:
        self.texts.append(product.name)
        self.ours(product.price_text, currency=product.currency)
        if product.amount is not None and product.currency is not None:
            self.amounts.add((product.currency, product.amount))
            self.lists[product.product_id] = (product.currency, product.amount)

    def offer(self, offer: OfferFact) -> None:
        self.texts.append(offer.product_name)
        self.amounts.add((offer.currency, offer.amount))
        self.ours(offer.amount_text, currency=offer.currency)
        for currency, listed in self.ours(offer.list_text, currency=offer.currency):
            self.concession(currency, listed, offer.amount)

    def sold(self, name: str, amount_text: str) -> None:
        self.texts.append(name)
        self.ours(amount_text)

    def concession(self, currency: str, listed: int, amount: int) -> None:
        """What an offer takes off its list price, as people say it."""
        saved = listed - amount
        if listed <= 0 or saved <= 0:
            return
        self.amounts.add((currency, saved))
        for step in (1, 10, 100):  # a hundredth, a tenth, a whole percent
            exact = saved * WHOLE_PERCENT
            self.percents |= {
                exact // (listed * step) * step,
                (2 * exact + listed * step) // (2 * listed * step) * step,
            }

    def result(self, result: ToolResult) -> None:
        self.walk(result.facts, currency=None, depth=0)
        facts = result.facts
        if facts.get("valid") is True and isinstance(facts.get("code"), str):
            self.codes.add(facts["code"].casefold())
            self.ours(str(facts.get("text", "")))
        if result.name == "search_knowledge":
            self.hosts |= {host for article in _mappings(facts.get("articles")) if (host := _host(article.get("url")))}

    def walk(self, value: Any, *, currency: str | None, depth: int) -> None:
        """Money fields and our own formatting, at any depth; all other texts are passed over."""
        if isinstance(value, list | tuple) and depth < FACTS_DEPTH_MAX:
            for entry in value:
                self.walk(entry, currency=currency, depth=depth + 1)
        if not isinstance(value, Mapping) or depth >= FACTS_DEPTH_MAX:
            return
        said = value.get("currency")
        currency = said if isinstance(said, str) else currency
        for key, field in value.items():
            self._field(key, field, currency=currency)
            self.walk(field, currency=currency, depth=depth + 1)
        self._compare(value, currency)

    def _field(self, key: str, field: Any, *, currency: str | None) -> None:
        if key == "discount_percent" and isinstance(field, int | float):
            self.percents.add(round(field * 100))
        elif (key == "amount" or key.endswith("_amount")) and isinstance(field, int) and currency is not None:
            self.amounts.add((currency, field))
        elif key.endswith("_text") and isinstance(field, str):
            self.ours(field, currency=currency)
        elif key in _NAMES and isinstance(field, str):
            self.texts.append(field)

    def _compare(self, facts: Mapping[str, Any], currency: str | None) -> None:
        amount, listed, product_id = facts.get("amount"), facts.get("list_amount"), facts.get("product_id")
        if currency is None or not isinstance(amount, int):
            return
        if isinstance(listed, int):
            self.concession(currency, listed, amount)
        elif isinstance(product_id, str) and self.lists.get(product_id, ("", 0))[0] == currency:
            self.concession(currency, self.lists[product_id][1], amount)

    def ours(self, text: str, *, currency: str | None = None) -> set[tuple[str, int]]:
        """Reads what our own code formatted; a price finer than a minor unit is sayable as it is written."""
        self.texts += [body for body in text.split() if _is_fine(body)]
        return self.read(text, default=currency)

    def read(self, text: str, *, default: str | None) -> set[tuple[str, int]]:
        """The amounts of a text, added. `default`: what `$` means, where it may be one of several."""
        atoms, bodies = _atoms(text)
        amounts: set[tuple[str, int]] = set()
        for figure in find_figures(joined(atoms), right=None):
            if figure.sort is Sort.PERCENT and figure.value is not None and figure.value * 100 % THOUSANDTHS == 0:
                self.percents.add(figure.value * 100 // THOUSANDTHS)
            elif figure.sort is Sort.MONEY:
                amounts |= _amounts(figure, default)
        if _claims_free(bodies):
            self.amounts.add((NO_CURRENCY, 0))
        self.amounts |= amounts
        return amounts


def _atoms(text: str) -> tuple[list[Atom], list[str]]:
    atoms: list[Atom] = []
    cores: list[str] = []
    for body in text.split():
        chunk = read_chunk(body)
        cores.append(chunk.core)
        atoms += [atom if index else atom._replace(glued=False) for index, atom in enumerate(chunk.atoms)]
    return atoms, cores


def _claims_free(cores: Sequence[str]) -> bool:
    return any(
        is_claim(core) and context.is_free_claim(core, left=cores[max(0, index - 4) : index], right=_next(cores, index))
        for index, core in enumerate(cores)
    )


def _next(cores: Sequence[str], index: int) -> str | None:
    return cores[index + 1] if index + 1 < len(cores) else None


def _amounts(figure: Figure, default: str | None) -> set[tuple[str, int]]:
    meant = {default} & figure.currencies or figure.currencies
    return {
        (currency, figure.value * 10 ** minor_digits(currency) // THOUSANDTHS)
        for currency in meant
        if currency is not None and figure.value is not None
    }


def _is_fine(body: str) -> bool:
    """`$0.0005`: more than two decimals behind a zero."""
    digits = body.strip(".,").replace(",", ".").rpartition(".")
    return len(digits[2]) > 2 and digits[2].isdigit() and digits[0].endswith("0")


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []


def _host(url: object) -> str:
    if not isinstance(url, str):
        return ""
    try:
        return (urlsplit(url).hostname or "").casefold().removeprefix("www.")
    except ValueError:
        return ""
