"""The books of what the agent can say, one per language. The words stand in data/<language>.txt."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "pt")


@cache
def book(language: str) -> Mapping[str, tuple[str, ...]]:
    """Key → variants in the file's order, read once; English for a language that has no book."""
    name = language if language in LANGUAGES else LANGUAGES[0]
    text = files("agentpay.llm.template").joinpath(f"data/{name}.txt").read_text(encoding="utf-8")
    phrases: dict[str, tuple[str, ...]] = {}
    key = ""
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            phrases[key] = (*phrases[key], line.strip())
        else:
            key = line.strip()
            phrases[key] = ()
    return phrases
