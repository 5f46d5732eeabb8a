"""What is served of `browser/`: each file without its comments, compressed, under an address that holds its content.

The sources keep rules that make this a matter of lines, which tests enforce: a comment has its lines for itself, no
string or template reaches over the end of a line, an import stands on one line and takes names as they are.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

FOLDER: Final = Path(__file__).parent / "browser"
LOADER: Final = "loader.js"
CHAT: Final = "chat.js"
LOADER_BYTES_MAX: Final = 6_000
"""`widget.js`, gzipped."""
CHAT_BYTES_MAX: Final = 30_000
"""The chat with its style sheet and one language, each gzipped."""
VERSION_CHARACTERS: Final = 16
COMPRESSION_LEVEL: Final = 9

KINDS: Final[Mapping[str, str]] = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
}
# Words that the loader needs before a language's file is there.
_EARLY_WORDS: Final = ("openChat", "unavailable", "unread")

_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*$", re.DOTALL | re.MULTILINE)
_LINE_COMMENT = re.compile(r"""^[ \t]*//.*$|(?<![ \t])[ \t]+// [^"'`\n]*$""", re.MULTILINE)
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
_STYLE_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Clash(Exception):
    """Two modules of the chat cannot share one scope: a mistake in the sources, found by any test."""


class Part(msgspec.Struct, frozen=True):
    """One file as served. `etag` is of the content, the same on every replica of a release."""

    kind: str
    body: bytes
    gzipped: bytes
    etag: str


class Parts(msgspec.Struct, frozen=True):
    """`loader` is `/widget.js`; the others by their path below `/widget/{version}/`."""

    version: str
    loader: Part
    others: Mapping[str, Part]


def load(folder: Path = FOLDER) -> Parts:
    """Read and prepare `folder`. The version changes with any byte of any part, and with nothing else."""
    texts = {path.relative_to(folder).as_posix(): without_comments(path) for path in _files(folder)}
    loader = tight(texts.pop(LOADER))
    modules = {name: texts.pop(name) for name in list(texts) if name.endswith(".js")}
    served = {name: tight(text) for name, text in {**texts, CHAT: joined(modules, entry=CHAT)}.items()}
    version = hashlib.sha256(json.dumps([loader, served], sort_keys=True).encode()).hexdigest()[:VERSION_CHARACTERS]
    languages = {Path(name).stem: json.loads(text) for name, text in texts.items() if name.endswith(".json")}
    told = {"version": version, "languages": early_words(languages)}
    loader = loader.replace('"{{told}}"', json.dumps(told, ensure_ascii=False, separators=(",", ":")))
    return Parts(
        version=version,
        loader=_part(LOADER, loader),
        others={name: _part(name, text) for name, text in served.items()},
    )


def joined(modules: Mapping[str, str], *, entry: str) -> str:
    """All that `entry` imports and itself, as one module: one request, and it compresses better by a fifth.

    The modules share one scope then. Raises Clash where two of them use one name at their top level.
    """
    order: list[str] = []

    def visit(name: str) -> None:
        for imported in _IMPORT.findall(modules[name]):
            if imported not in order:
                visit(imported)
        if name not in order:
            order.append(name)

    visit(entry)
    owners: dict[str, str] = {}
    for name in order:
        for word in _TOP_LEVEL.findall(modules[name]):
            if owners.setdefault(word, name) != name:
                raise Clash(f"{owners[word]} and {name} both have a {word} at their top level: rename one.")
    texts = [_IMPORT.sub("", modules[name]) for name in order]
    return "".join(_EXPORT.sub("", text) if name != entry else text for name, text in zip(order, texts, strict=True))


def without_comments(path: Path) -> str:
    """The file's text as a browser needs it; data without spaces."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    if path.suffix == ".css":
        text = re.sub(r"(?<!\s)\s*([{};,>])\s*", r"\1", _STYLE_COMMENT.sub("", text))
        return re.sub(r":\s+", ":", text)
    return _LINE_COMMENT.sub("", _BLOCK_COMMENT.sub("", text))


def tight(text: str) -> str:
    """Without indentation and empty lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


def early_words(languages: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By language, what the launcher says before the chat is there, and which way the language is written."""
    return {
        code: {name: words[name] for name in ("dir", *_EARLY_WORDS) if name in words}
        for code, words in sorted(languages.items())
    }


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.suffix in KINDS and path.name != "jsconfig.json")


def _part(name: str, text: str) -> Part:
    body = text.encode()
    return Part(
        kind=KINDS[Path(name).suffix],
        body=body,
        gzipped=gzip.compress(body, COMPRESSION_LEVEL, mtime=0),
        etag=f'"{hashlib.sha256(body).hexdigest()[:VERSION_CHARACTERS]}"',
    )
