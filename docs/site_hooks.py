"""What MkDocs must be told: pages that live elsewhere, links that lead out of the site, the contract of this release.

The contract is made by `run.py agentpay openapi`, in AgentPay's own environment: MkDocs' needs nothing of ours.
"""

import posixpath
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MOVED = {"deploy/README.md": "running.md", "deploy/prometheus/README.md": "figures.md"}
"""Pages of the site whose source lies elsewhere."""

LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add what docs/ does not hold."""
    from mkdocs.structure.files import File

    made = {
        **{page: (ROOT / source).read_text() for source, page in MOVED.items()},
        "openapi.json": openapi(),
        "reference.html": openapi("--html"),
    }
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def openapi(*options: str) -> str:
    command = [sys.executable, str(ROOT / "run.py"), "agentpay", "openapi", *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    return rewritten(markdown, path=page.file.src_uri)


def rewritten(markdown: str, *, path: str) -> str:
    """Links of the page `path` of the site as the site needs them; one that leads into the repository becomes text."""
    source = {page: origin for origin, page in MOVED.items()}.get(path, f"docs/{path}")

    def link(found: re.Match[str]) -> str:
        words, target = found.groups()
        if re.match(r"\w+:|#", target):
            return found[0]
        file, mark, anchor = target.partition("#")
        origin = posixpath.normpath(posixpath.join(posixpath.dirname(source), file))
        there = MOVED.get(origin) or (origin.removeprefix("docs/") if origin.startswith("docs/") else None)
        if there is None:
            return f"`{origin}`" if posixpath.basename(origin).startswith(words) else f"{words} (`{origin}`)"
        return f"[{words}]({posixpath.relpath(there, posixpath.dirname(path) or '.')}{mark}{anchor})"

    return LINK.sub(link, markdown)
