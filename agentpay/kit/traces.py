"""What may be told of an exception: kinds and places, never messages. A message may quote what it was about: a
visitor's words (psycopg's DETAIL, msgspec's enum values), a token, an address.
"""

import traceback
from typing import Any

from agentpay.kit.errors import ExpectedError

CAUSES_MAX = 8
FRAMES_MAX = 30


def trace_of(exception: BaseException) -> dict[str, Any]:
    """`error`: the kinds from the outermost to where it began; `trace`: the way to there. For the log."""
    chain = chain_of(exception)
    frames = traceback.extract_tb(chain[-1].__traceback__)[-FRAMES_MAX:]
    return {
        "error": " from ".join(kind_of(link) for link in chain),
        "trace": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def said_of(exception: BaseException) -> str:
    """One line that may be stored and shown: our own sentence where there is one, else the kind and the place."""
    if isinstance(exception, ExpectedError):
        return f"{exception.name}: {exception.detail}"
    began = chain_of(exception)[-1]
    frames = traceback.extract_tb(began.__traceback__)
    place = f" in {frames[-1].name}" if frames else ""
    return f"{kind_of(began)}{place}"


def chain_of(exception: BaseException) -> list[BaseException]:
    """The exception and what caused it, outermost first."""
    chain = [exception]
    while (cause := cause_of(chain[-1])) is not None and len(chain) < CAUSES_MAX:
        chain.append(cause)
    return chain


def cause_of(exception: BaseException) -> BaseException | None:
    return exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)


def kind_of(exception: BaseException) -> str:
    """The class, with PostgreSQL's code where it has one."""
    state = getattr(exception, "sqlstate", None)
    return type(exception).__name__ + (f"[{state}]" if state else "")
