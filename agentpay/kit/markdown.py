"""Markdown as plain words: merchants write it, visitors and models read it. Pure and forgiving: any text goes in."""

import re

_FENCE = re.compile(r"^[ \t]{0,3}(?:```|~~~).*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.{0,5000}?-->", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_IMAGE = re.compile(r"!\[([^\[\]]{0,500})\]\([^()\s]{0,2000}(?:\s+\"[^\"]{0,500}\")?\)")
_LINK = re.compile(r"\[([^\[\]]{1,500})\]\([^()\s]{0,2000}(?:\s+\"[^\"]{0,500}\")?\)")
_REFERENCE = re.compile(r"\[([^\[\]]{1,500})\]\[[^\[\]]{0,200}\]")
_DEFINITION = re.compile(r"^[ \t]{0,3}\[[^\[\]]{1,200}\]:\s*\S{1,2000}[^\n]{0,500}$", re.MULTILINE)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>")
_RULE = re.compile(r"^[ \t]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|={2,})$", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t]{0,3}\|?[ \t:|-]{3,200}\|[ \t:|-]{0,200}$", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+([^\n]{1,500})$", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+", re.MULTILINE)
_BULLET = re.compile(r"^([ \t]{0,12})(?:[-*+]|\d{1,3}[.)])[ \t]+", re.MULTILINE)
_STRONG = re.compile(r"(\*\*\*|\*\*|__|~~)(?=\S)([^*_~]{1,1000}?)(?<=\S)\1")
_EMPHASIS = re.compile(
    r"(?<![\w*])\*(?=\S)([^*\n]{1,1000}?)(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]{1,1000}?)(?<=\S)_(?!\w)"
)
_CODE = re.compile(r"(?<!`)`++([^`\n]{1,1000}+)`++")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>~])")
# Escaped marks wait in Unicode's private area until all others are gone.
_HIDDEN = 0xE000
_HIDDEN_MARK = re.compile("[\ue021-\ue07e]")
_BLANKS = re.compile(r"\n{3,}")


def plain(markdown: str) -> str:
    """The words of `markdown` without its marks; paragraphs stay apart by an empty line, list entries by a line end."""
    text = _ESCAPE.sub(lambda found: chr(_HIDDEN + ord(found[1])), markdown)
    text = _COMMENT.sub("", text)
    text = _FENCE.sub("", text)
    text = _TABLE_RULE.sub("", text)
    text = _RULE.sub("", text)
    text = _DEFINITION.sub("", text)
    text = _HEADING.sub(lambda found: _heading(found[1]), text)
    text = _QUOTE.sub("", text)
    text = _BULLET.sub(r"\1", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _REFERENCE.sub(r"\1", text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _TAG.sub(" ", text)
    text = _CODE.sub(r"\1", text)
    text = _STRONG.sub(r"\2", text)
    text = _EMPHASIS.sub(lambda found: found[1] or found[2], text)
    text = text.replace("|", " ")
    text = _HIDDEN_MARK.sub(lambda found: chr(ord(found[0]) - _HIDDEN), text)
    lines = [line.strip() for line in text.split("\n")]
    return _BLANKS.sub("\n\n", "\n".join(lines)).strip()


def headings(markdown: str) -> list[str]:
    """The texts of its headings, in order."""
    return [_heading(found[1]) for found in _HEADING.finditer(markdown)]


def _heading(text: str) -> str:
    return text.rstrip(" \t#").strip()
