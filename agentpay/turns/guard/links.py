"""Addresses in a reply: only http and https, only to hosts that are ours or the merchant's."""

import re
from typing import Final

from agentpay.turns.guard.letters import address

HOST_CHARACTERS_MAX: Final = 253

_WEB: Final = re.compile(r"h(?:tt|xx)ps?:[/\\]*([^\s/\\?#<>\"]*)([^\s<>\"]*)")
_SCHEME: Final = re.compile(
    r"(?<![a-z0-9])(?:javascript|vbscript|livescript|data|file|blob|ftp|ftps|sftp|ws|wss|mailto|tel|sms|callto|skype"
    r"|whatsapp|tg|intent|view-source|about|chrome|ms-[a-z]{1,20}|magnet|ipfs|git|ssh)[ \t]*:(?=\S)"
)
_ANY_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}:[/\\]{2}")
_RELATIVE: Final = re.compile(r"(?<![a-z0-9:/\\])[/\\]{2}(?=[a-z0-9])")
_LINK_TARGET: Final = re.compile(r"\]\(<?(.?)")
_DEFINITION: Final = re.compile(r"^\[[^\]]{1,200}\]:$")
_TLDS: Final = (
    "com|net|org|info|biz|app|dev|shop|store|online|site|xyz|page|link|click|live|club|vip|pro|top|tech|cloud|space"
    "|website|world|digital|email|agency|market|sale|deals|promo|buy|pay|money|bank|finance|blog|news|me|io|ai|co|tv|cc"
    "|gg|ly|to|sh|st|ws|us|uk|br|pt|de|fr|es|it|nl|eu|ch|at|be|se|no|dk|fi|pl|cz|ru|ua|cn|jp|kr|in|au|nz|ca|mx|ar|cl"
    "|pe|za|ng|ke|ie|gr|tr|il|id|my|sg|hk|tw|vn|th|ph|tk|ml|ga|cf|gq|su|onion|eth|zip|mov|gov|edu|mil|int|name|mobi"
    "|asia|lol|icu|one|fun|art|design|studio|menu|rest|support|help|center|care|chat|team|work|works|zone|today|life"
)
_BARE: Final = re.compile(
    rf"(?<![\w@.%/-])((?:[\w-]{{1,63}}\.){{1,8}}(?:{_TLDS}|xn--[a-z0-9-]{{1,59}}))(?![\w-]|\.[a-z0-9])", re.IGNORECASE
)
# With a path behind it any ending makes a host: `evil.example/pay`.
_PATHED: Final = re.compile(r"(?<![\w@.%/-])((?:[\w-]{1,63}\.){1,8}[a-z][a-z0-9-]{1,62})(?=[/\\?#]\w)", re.IGNORECASE)
_IP: Final = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]?\d)")
_MIGHT_LINK: Final = re.compile(r"[.:/\\\]@&。．｡]|[^\x00-\x7f]")
_HOST: Final = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*")
_DEFANGED: Final = re.compile(r"[\[({](?:\.|dot|ponto)[\])}]")
# What markdown takes away when it is shown.
_MARKUP: Final = str.maketrans("", "", "*~`\\")
_EDGES: Final = re.compile(r"(?<![a-z0-9])_+|_+(?![a-z0-9])")
_TRAILING: Final = ".,;:!?)]}'\"*_~`|"


def may_link(body: str) -> bool:
    return _MIGHT_LINK.search(body) is not None


def is_forbidden(body: str, *, hosts: frozenset[str], is_target: bool = False) -> bool:
    """Whether a piece without spaces names an address that may not be named. `is_target`: it stands behind `](`."""
    text = _DEFANGED.sub(".", address(body))
    shown = _EDGES.sub("", text.translate(_MARKUP))
    if shown != text and _is_forbidden(shown, body, hosts=hosts, is_target=False):
        return True
    return _is_forbidden(text, body, hosts=hosts, is_target=is_target)


def _is_forbidden(text: str, body: str, *, hosts: frozenset[str], is_target: bool) -> bool:
    if _SCHEME.search(text) or _DEFINITION.fullmatch(text):
        return True
    links = list(_WEB.finditer(text))
    if any(_is_foreign(link, hosts) for link in links):
        return True
    rest = _WEB.sub(" ", text)
    if _ANY_SCHEME.search(rest) or _RELATIVE.search(rest) or _IP.search(rest):
        return True
    if any(not is_known(bare, hosts) for bare in _bare_hosts(body, rest)):
        return True
    if is_target and not links:
        return True
    return any(target[1] not in ("", " ") for target in _LINK_TARGET.finditer(_WEB.sub("  ", text)))


def _is_foreign(link: re.Match[str], hosts: frozenset[str]) -> bool:
    """Elsewhere, or perhaps: another address in it, or a backslash, which browsers take for `/`."""
    leads_on = "://" in link[2] or "%3a" in link[2] or "\\" in link[0]
    return leads_on or link[0].startswith("hxx") or not is_known(link[1], hosts)


def opens_target(body: str) -> bool:
    """Whether a markdown link's target begins in the next piece."""
    return body.endswith(("](", "](<"))


def is_known(authority: str, hosts: frozenset[str]) -> bool:
    """Whether the host of `user@host:port` is one of `hosts`, but for `www.`."""
    host = authority.rpartition("@")[2].rstrip(_TRAILING)
    host, _, port = host.partition(":")
    host = host.rstrip(".")
    if (port and not port.isdigit()) or len(host) > HOST_CHARACTERS_MAX or not _HOST.fullmatch(host):
        return False
    return host in hosts or host.removeprefix("www.") in hosts


def _bare_hosts(body: str, text: str) -> list[str]:
    """Names of hosts without a scheme. `candle.It` is the end of a sentence, `candle.it` is not."""
    found = [match[1] for match in _BARE.finditer(text)]
    pathed = [match[1] for match in _PATHED.finditer(text)]
    return [host for host in found if not _is_missing_space(body, host)] + pathed


def _is_missing_space(body: str, host: str) -> bool:
    start = body.lower().find(host)
    label = body[start : start + len(host)].rpartition(".")[2] if start >= 0 else ""
    return (
        len(label) == 2
        and label[:1].isupper()
        and label[1:].islower()
        and host.count(".") == 1
        and body.count("/") == 0
    )
