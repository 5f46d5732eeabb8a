"""Amounts that a visitor names, as the understanding hands them on. Pure."""

from agentpay.kit.money import minor_digits


def stated(amount: int | None, *, said_in: str | None, currency: str | None) -> int | None:
    """`amount` in minor units of `currency`; None where there is none or it was said in another currency.

    An amount without a currency is understood as if it had two decimals (`understanding.entities`).
    """
    if amount is None or amount <= 0:
        return None
    if said_in is None:
        return amount // 100 if currency is not None and minor_digits(currency) == 0 else amount
    return amount if currency is None or said_in.lower() == currency else None
