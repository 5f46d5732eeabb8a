"""What an offer refuses (API § 9)."""

from agentpay.kit.errors import Conflict


class OfferExpired(Conflict):
    """Its time is over."""

    def __init__(self, detail: str = "This offer has expired.") -> None:
        super().__init__(detail)


class OfferPending(Conflict):
    """It still waits for the merchant's approval."""

    def __init__(self, detail: str = "This offer waits for approval.") -> None:
        super().__init__(detail)


class OfferUnavailable(Conflict):
    """It was declined, replaced, used or withdrawn, or its product changed."""

    def __init__(self, detail: str = "This offer is no longer available.") -> None:
        super().__init__(detail)
