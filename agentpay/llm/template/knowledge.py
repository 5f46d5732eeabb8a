"""What the shop's own articles say, quoted with their title. Pure."""

from typing import Final

from agentpay.kit.text import shorten
from agentpay.llm.template import facts
from agentpay.llm.template.scene import Scene

TITLE_CHARACTERS_MAX: Final = 80


def told(scene: Scene) -> str:
    """The best article's words and where they are from; "" when nothing was found."""
    result = facts.find_result(scene.results, "search_knowledge")
    rows = facts.rows_of(result.facts, "articles", "items") if result and result.status == "done" else []
    for row in rows:
        snippet = scene.voice.snippet(facts.text_of(row, "snippet", "content"))
        title = shorten(facts.text_of(row, "title"), characters_max=TITLE_CHARACTERS_MAX)
        if snippet:
            return snippet + (" " + scene.voice.say("source", title=title) if title else "")
    return ""
