"""The provider itself: asks the plan for tools, else lets the sayings word the answer, and speaks it word by word."""

import re
from collections.abc import AsyncIterator
from typing import Final

from agentpay.llm.template import plan, say, scene
from agentpay.llm.types import Reply, Request, Stop, Words

_PIECES: Final = re.compile(r"\S+\s*|\s+")


class TemplateProvider:
    """Answers without a model: deterministic, costs nothing, never fails."""

    name = "template"

    async def reply(self, request: Request) -> AsyncIterator[Words | Reply]:
        """Yield either one `Reply` with tool calls, or the answer's words and then its `Reply`."""
        read = scene.read(request)
        calls = plan.next_calls(read, request)
        if calls:
            yield Reply("", tool_calls=calls, stop=Stop.TOOLS)
            return
        draft = say.answer(read)
        for piece in _PIECES.findall(draft.text):
            yield Words(piece)
        yield Reply(draft.text, quick_replies=draft.quick_replies)
