"""axe-core, fetched once into the temporary folder by npm where there is one; it is no part of this repository."""

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Page

VERSION = "4.10.2"
FETCH_SECONDS_MAX = 60


def find_axe() -> str | None:
    """The source of axe-core, or None where it cannot be had."""
    kept = Path(tempfile.gettempdir()) / f"axe-core-{VERSION}.tgz"
    if not kept.exists() and not _fetched(kept):
        return None
    with tarfile.open(kept) as archive:
        file = archive.extractfile("package/axe.min.js")
        return file.read().decode() if file else None


def _fetched(kept: Path) -> bool:
    npm = shutil.which("npm")
    if npm is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            command = [npm, "pack", f"axe-core@{VERSION}"]
            subprocess.run(command, cwd=folder, capture_output=True, timeout=FETCH_SECONDS_MAX, check=True)
        except (subprocess.SubprocessError, OSError):
            return False
        for found in Path(folder).glob("*.tgz"):
            shutil.move(found, kept)
    return kept.exists()


async def violations(page: Page, axe: str) -> list[str]:
    """What axe says against the widget in its present state."""
    await page.evaluate(f"() => {{ {axe} }}")
    found: list[dict[str, Any]] = await page.evaluate(
        """async () => {
            const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
            const context = { include: [["agentpay-widget"]] };
            return (await axe.run(context, { runOnly: tags, resultTypes: ["violations"] })).violations;
        }"""
    )
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]
