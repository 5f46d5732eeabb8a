"""The pages of the documentation as the tests read them: fenced blocks with their marks, links, headings, names.

A mark is an HTML comment above a block, which no reader sees:
`<!-- not run: why -->`, `<!-- contract: Schema -->` (JSON), `<!-- file: name -->` (saved before the page's commands
run), `<!-- prints: pattern -->` (what a command's output holds).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
ALL = (
    *PAGES,
    *sorted((ROOT / "docs" / "adr").glob("*.md")),
    *sorted((ROOT / "deploy").rglob("README.md")),
    *(ROOT / name for name in ("CHANGELOG.md", "benchmarks/README.md")),
)
MARKS = {"not run", "contract", "file", "prints"}
# Of systems that are not here, of programs that draw, of nothing: people read them.
READ = {"astro", "liquid", "mermaid", "php", "text", "tsx"}

_BLOCK = re.compile(r"^((?:<!-- [^\n]+ -->\n)*)^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- ([\w ]+): (.+) -->")
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    marks: dict[str, str]

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(
            page=page,
            line=text.count("\n", 0, found.start(2)) + 1,
            language=found[2] or "text",
            text=found[3],
            marks=dict(_MARK.findall(found[1])),
        )
        for found in _BLOCK.finditer(text)
    ]


def is_not_run(block: Block) -> bool:
    return "not run" in block.marks or block.language in READ


def all_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page)]


def prose_of(page: Path) -> str:
    """The page without its blocks."""
    return _BLOCK.sub("", page.read_text())


def links_of(page: Path) -> list[str]:
    without_code = re.sub(r"`[^`\n]*`", "", prose_of(page))
    return _LINK.findall(without_code)


def anchors_of(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    return {slug(heading) for heading in re.findall(r"^#{1,6} (.+)$", prose_of(page), re.MULTILINE)}


def slug(heading: str) -> str:
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def named_in(page: Path, pattern: str) -> Iterator[str]:
    """Everything between backticks that fits, in prose."""
    for quoted in re.findall(r"`([^`\n]+)`", prose_of(page)):
        if found := re.fullmatch(pattern, quoted):
            yield found[0]
