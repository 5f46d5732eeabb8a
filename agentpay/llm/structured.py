"""One question with one answer of a given form, within seconds: for understanding a message, not for talking.

The form is a tool that the model must call, so no text has to be parsed. The answer is checked against the form; who
asks decides without it if there is none in time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, Final

import fastjsonschema
import msgspec

from agentpay.llm import failures
from agentpay.llm.port import ProviderFailed
from agentpay.llm.types import Brief, Entry, Personality, Reply, Request, ToolSpec, Usage, Words

CHOOSE_SECONDS_MAX: Final = 3.0
CHOOSE_TOKENS_MAX: Final = 512

Ask = Callable[[Request], AsyncIterator[Words | Reply]]

# Models never read a brief, and the template provider is never asked this.
_NO_BRIEF: Final = Brief(
    language="en", intent="", confidence=0.0, entities={}, action="", agent_type="support", agent_name="",
    organization_name="", personality=Personality(), text="", now=datetime.min.replace(tzinfo=UTC),
)  # fmt: skip


class Form:
    """What the answer must look like: a JSON Schema of type object, compiled once."""

    def __init__(self, *, name: str, description: str, schema: dict[str, Any]) -> None:
        self.spec = ToolSpec(name, description, schema)
        self._check: Callable[[Any], Any] = fastjsonschema.compile(schema, use_default=False)

    def fits(self, values: dict[str, Any]) -> bool:
        try:
            self._check(values)
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True


class Choice(msgspec.Struct, frozen=True):
    """The filled-in form and what it cost."""

    values: dict[str, Any]
    usage: Usage
    provider: str
    model: str


async def choose(
    ask: Ask,
    *,
    form: Form,
    system: str,
    text: str,
    model: str = "",
    seconds: float = CHOOSE_SECONDS_MAX,
    max_tokens: int = CHOOSE_TOKENS_MAX,
) -> Choice:
    """Have a model fill in `form` about `text`, or raise ProviderFailed within `seconds`.

    `ask` is a provider's `reply`, or `functools.partial(chain.reply, names=…, only=True)`. `system` is ours, `text` is
    the visitor's and stays in that role. An answer that does not fit is `malformed`; its usage is in the failure.
    """
    request = Request(
        brief=_NO_BRIEF,
        system=system,
        messages=(Entry("user", text),),
        tools=(form.spec,),
        model=model,
        temperature=0.0,
        max_tokens=max_tokens,
        tool_choice=form.spec.name,
    )
    try:
        async with asyncio.timeout(seconds):
            reply = await _reply(ask(request))
    except TimeoutError:
        raise failures.failed(failures.FIRST_WORD) from None
    call = next((call for call in reply.tool_calls if call.name == form.spec.name), None)
    if call is None or not form.fits(call.arguments):
        raise ProviderFailed(failures.MALFORMED, usage=reply.usage, provider=reply.provider, model=reply.model)
    return Choice(call.arguments, reply.usage, reply.provider, reply.model)


async def _reply(stream: AsyncIterator[Words | Reply]) -> Reply:
    """The reply; what it says besides is not needed."""
    async with AsyncExitStack() as stack:
        close = getattr(stream, "aclose", None)
        if close is not None:
            stack.push_async_callback(close)
        async for piece in stream:
            if isinstance(piece, Reply):
                return piece
    raise failures.failed(failures.BROKEN_STREAM)
