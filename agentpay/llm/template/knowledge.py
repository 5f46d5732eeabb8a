"""What the shop's own articles say, quoted with their title. Pure."""

from collections.abc import Sequence
from typing import Final

from agentpay.kit.text import shorten
from agentpay.llm.template import facts, naming
from agentpay.llm.template.scene import Scene

TITLE_CHARACTERS_MAX: Final = 80


def told(scene: Scene, *, about: Sequence[str] = ()) -> str:
    """The best article's words and where they are from; "" when nothing was found.

    With `about`, only an article that says one of these words: a search finds something for nearly every question.
    """
    result = facts.find_result(scene.results, "search_knowledge")
    rows = facts.rows_of(result.facts, "articles", "items") if result and result.status == "done" else []
    for row in rows:
        words, title = facts.text_of(row, "snippet", "content"), facts.text_of(row, "title")
        snippet = scene.voice.snippet(words)
        if snippet and (not about or naming.mentions(f"{title} {words}", about)):
            named = shorten(title, characters_max=TITLE_CHARACTERS_MAX)
            return snippet + (" " + scene.voice.say("source", title=named) if named else "")
    return ""
