"""What is served: small enough, whole, cached for as long as it is true."""

import gzip
import json
import re
from pathlib import Path

import httpx
import pytest

from agentpay.serve import Running
from agentpay.widget import parts
from agentpay.widget.endpoints import accepts_gzip
from agentpay.widget.parts import Clash

LANGUAGES = sorted((parts.FOLDER / "i18n").glob("*.json"))
PLACEHOLDER = re.compile(r"\{\w+\}")


def test_the_loader_and_the_chat_stay_within_their_budgets() -> None:
    made = parts.load()
    assert len(made.loader.gzipped) <= parts.LOADER_BYTES_MAX
    for language in LANGUAGES:
        needed = ("chat.js", "chat.css", f"i18n/{language.name}")
        assert sum(len(made.others[name].gzipped) for name in needed) <= parts.CHAT_BYTES_MAX


def test_one_module_holds_the_whole_chat_and_nothing_is_imported_any_more() -> None:
    body = parts.load().others["chat.js"].body.decode()
    assert re.findall(r"^(?:import|export)\b.*$", body, re.MULTILINE) == [
        line for line in body.splitlines() if line.startswith("export function mount(")
    ]
    for source in parts.FOLDER.glob("*.js"):
        if source.name != parts.LOADER:
            for word in re.findall(r"^export (?:function|class) (\w+)", source.read_text(), re.MULTILINE):
                assert re.search(rf"^(?:export )?(?:function|class) {word}\b", body, re.MULTILINE), word


def test_two_modules_with_one_name_are_refused() -> None:
    modules = {"chat.js": 'import { a } from "./a.js";\nconst LIMIT = 1;\n', "a.js": "const LIMIT = 2;\n"}
    with pytest.raises(Clash, match="LIMIT"):
        parts.joined(modules, entry="chat.js")


@pytest.mark.parametrize("source", sorted(parts.FOLDER.glob("*.js")), ids=lambda path: path.name)
def test_a_source_keeps_the_rules_by_which_its_comments_are_found(source: Path) -> None:
    text = source.read_text()
    for number, line in enumerate(parts.without_comments(source).splitlines(), 1):
        assert line.count("`") % 2 == 0, f"{source.name}: a template reaches over the end of line {number}"
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert 'setAttribute("style"' not in text
    assert not re.findall(r"https?://(?!\\)[a-z]", text.replace("http://www.w3.org/2000/svg", ""))
    assert max(len(line) for line in text.splitlines()) <= 120
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_a_language_says_all_that_english_says(path: Path) -> None:
    english = json.loads((parts.FOLDER / "i18n" / "en.json").read_text())
    words = json.loads(path.read_text())
    assert set(words) - {"dir"} == set(english) - {"dir"}
    for key, text in english.items():
        wanted = set(PLACEHOLDER.findall(json.dumps(text)))
        forms = [words[key]] if isinstance(words[key], str) else list(words[key].values())
        assert "other" in words[key] or isinstance(words[key], str)
        assert all(set(PLACEHOLDER.findall(form)) <= wanted for form in forms), key


def test_no_word_is_left_over_and_none_is_missing() -> None:
    english = set(json.loads((parts.FOLDER / "i18n" / "en.json").read_text()))
    source = "".join(path.read_text() for path in parts.FOLDER.glob("*.js"))
    named = set(re.findall(r"[\"'](\w+)[\"']|\b(\w+):? |words\.(\w+)", source))
    unused = {word for word in english if not any(word in found for found in named)}
    assert unused == {"partially_refunded", "refunded", "declined", "redeemed", "accepted"} & unused
    said = set(re.findall(r"\.say\(\"(\w+)\"", source))
    assert said <= english


@pytest.mark.parametrize(
    ("header", "accepted"),
    [("gzip, deflate, br", True), ("br;q=1.0, gzip;q=0.8", True), ("*", True), ("gzip;q=0", False), ("", False)],
)
def test_only_who_takes_gzip_gets_it(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


async def test_the_loader_is_cached_for_minutes_and_its_parts_for_ever(service: Running) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:
        loader = await http.get("/widget.js", headers={"Accept-Encoding": "gzip"})
        assert loader.headers["content-type"] == "text/javascript; charset=utf-8"
        assert loader.headers["content-encoding"] == "gzip"
        assert "max-age=300" in loader.headers["cache-control"]
        assert loader.headers["access-control-allow-origin"] == "*"
        found = re.search(r'"version":"([0-9a-f]{16})"', loader.text)
        assert found is not None
        for name in ("chat.js", "chat.css", "i18n/en.json", "i18n/pt.json"):
            part = await http.get(f"/widget/{found[1]}/{name}", headers={"Origin": "https://shop.example"})
            assert part.status_code == 200
            assert part.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert part.headers["cross-origin-resource-policy"] == "cross-origin"
            assert part.headers["access-control-allow-origin"] == "*"


async def test_what_has_not_changed_is_not_sent_again(service: Running) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:
        first = await http.get("/widget.js")
        again = await http.get("/widget.js", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        plain = await http.get("/widget.js", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert gzip.compress(plain.content, 9, mtime=0) == parts.load().loader.gzipped


async def test_a_page_of_another_release_gets_what_there_is_but_not_for_long(service: Running) -> None:
    async with httpx.AsyncClient(base_url=service.url) as http:
        part = await http.get("/widget/0123456789abcdef/chat.js")
        assert part.headers["cache-control"] == "public, max-age=60"
        for path in ("/widget/0123456789abcdef/loader.js", "/widget/x/../parts.py", "/widget/x/api.js", "/widget/x/"):
            assert (await http.get(path)).status_code == 404
