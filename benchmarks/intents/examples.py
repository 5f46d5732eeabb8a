"""Labelled messages: their form and where they stand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Example(NamedTuple):
    """One message with what is right about it; entities None where nobody labelled them.

    `template`: the line that it was made from, "" where a person wrote it.
    """

    text: str
    intent: str
    language: str
    action: str | None = None
    words: str | None = None
    entities: dict[str, Any] | None = None
    template: str = ""


def read(path: Path) -> Iterator[Example]:
    """The examples of a .jsonl file, one a line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        yield Example(
            row["text"], row["intent"], row["language"], row.get("prev_agent_action"), row.get("prev_agent_text"),
            row.get("entities", {}),
        )  # fmt: skip
