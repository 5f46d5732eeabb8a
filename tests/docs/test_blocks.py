"""Every fenced block is run, or checked, or counted as one that cannot be."""

import json
from collections import Counter
from typing import Any

import jsonschema_rs
import pytest

from tests.docs.pages import MARKS, PAGES, ROOT, Block, all_blocks, blocks_of, is_not_run

# `tests/dev/test_samples.py` runs the first, `tests/browser/test_samples.py` the second in Chromium.
RUN = {"bash", "python"}
BROWSER = {"css", "html", "js"}
NOT_RUN = {
    ("README.md", "bash"): 1,
    ("docs/architecture.md", "mermaid"): 3,
    ("docs/index.md", "bash"): 2,
    ("docs/install.md", "bash"): 2,
    ("docs/widget.md", "astro"): 1,
    ("docs/widget.md", "liquid"): 1,
    ("docs/widget.md", "php"): 1,
    ("docs/widget.md", "text"): 1,
    ("docs/widget.md", "tsx"): 1,
}


def test_every_block_is_run_or_checked_or_counted() -> None:
    counted = Counter((str(b.page.relative_to(ROOT)), b.language) for b in all_blocks() if is_not_run(b))
    assert counted == NOT_RUN
    for block in all_blocks():
        assert set(block.marks) <= MARKS, block.place
        if not is_not_run(block):
            assert block.language in RUN | BROWSER | {"json"}, f"{block.place}: say how a {block.language} is tried"


def test_no_block_is_overlooked() -> None:
    for page in PAGES:
        fences = [line for line in page.read_text().splitlines() if line.lstrip().startswith("```")]
        assert len(fences) == 2 * len(blocks_of(page)), page


@pytest.mark.parametrize("block", [b for b in all_blocks() if b.language == "json"], ids=lambda block: block.place)
def test_json_is_as_the_contract_says(block: Block, contract: dict[str, Any]) -> None:
    name = block.marks["contract"]
    value, schema = json.loads(block.text), contract["components"]["schemas"][name]
    rooted = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
    jsonschema_rs.Draft202012Validator(rooted).validate(value)
    assert set(value) <= set(schema["properties"])


def test_every_file_of_a_sample_is_used_by_a_command() -> None:
    for page in PAGES:
        blocks = blocks_of(page)
        commands = "".join(block.text for block in blocks if block.language == "bash")
        for block in blocks:
            if block.language == "python":
                assert block.marks["file"] in commands, block.place
