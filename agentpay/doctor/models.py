"""Whether the providers of models take our keys. Their lists of models are asked for: that costs nothing."""

from typing import Final

import httpx

from agentpay.db.engine import Database
from agentpay.doctor.finding import Finding
from agentpay.settings import FOREIGN, Settings

ANTHROPIC_URL: Final = "https://api.anthropic.com"
ANTHROPIC_VERSION: Final = "2023-06-01"
OPENAI_URL: Final = "https://api.openai.com/v1"
ASK_SECONDS_MAX: Final = 10.0
REFUSED: Final = (401, 403)


async def look_at_models(settings: Settings) -> list[Finding]:
    findings = []
    if settings.anthropic_api_key:
        url = (settings.anthropic_base_url or ANTHROPIC_URL).rstrip("/") + "/v1/models"
        headers = {"x-api-key": settings.anthropic_api_key, "anthropic-version": ANTHROPIC_VERSION}
        findings.append(await _asked("anthropic", url, headers))
    if settings.openai_api_key or settings.openai_base_url:
        url = (settings.openai_base_url or OPENAI_URL).rstrip("/") + "/models"
        headers = {"Authorization": f"Bearer {settings.openai_api_key}"} if settings.openai_api_key else {}
        findings.append(await _asked("openai", url, headers))
    return findings or [Finding("well", "models", "models", "no key given: the template answers")]


async def look_at_wishes(db: Database, settings: Settings) -> list[Finding]:
    """Agents that are to be worded by a provider that nobody gave a key for."""
    given = {
        "anthropic": bool(settings.anthropic_api_key),
        "openai": bool(settings.openai_api_key or settings.openai_base_url),
    }
    missing = [name for name, is_given in given.items() if not is_given]
    rows = await db.all(
        """select config ->> 'llm_provider' as provider, count(*) from agents
        where deleted_at is null and config ->> 'llm_provider' = any(%(missing)s) group by 1 order by 1""",
        {"missing": missing},
    )
    return [
        Finding(
            "note",
            "model_key",
            row["provider"],
            f"{row['count']} agents want it and no key is given: the template answers",
            f"set {FOREIGN[row['provider'] + '_api_key']}",
        )
        for row in rows
    ]


async def _asked(name: str, url: str, headers: dict[str, str]) -> Finding:
    variable = FOREIGN[f"{name}_api_key"]
    try:
        async with httpx.AsyncClient(timeout=ASK_SECONDS_MAX) as http:
            status = (await http.get(url, headers=headers)).status_code
    except httpx.HTTPError as error:
        detail = f"does not answer ({type(error).__name__}): fallbacks and the template do"
        return Finding("note", "model", name, detail, "look at its status page, your network, or its base URL")
    if status in REFUSED:
        return Finding(
            "broken", "model_key", name, f"refuses the key (status {status})", f"put a working key into {variable}"
        )
    if status >= 400:
        return Finding("note", "model", name, f"answered with status {status} when asked for its models")
    return Finding("well", "model", name, "takes the key")
