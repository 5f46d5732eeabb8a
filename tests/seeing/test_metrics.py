"""What /metrics says after a visitor looked, haggled, bought and paid."""

import pytest

from tests.seeing.conftest import ADDRESS, BUDGET, CANARY, Seen

# Name → labels of a series that this traffic must have moved.
MOVED = [
    ("agentpay_http_request_seconds_count", {"route": "/v1/agent/conversations/{conversation_id}/messages"}),
    ("agentpay_turns_total", {"status": "completed"}),
    ("agentpay_turn_seconds_count", {"provider": "anthropic"}),
    ("agentpay_turn_first_word_seconds_count", {}),
    ("agentpay_model_calls_total", {"provider": "anthropic", "outcome": "answered"}),
    ("agentpay_model_first_word_seconds_count", {"provider": "anthropic"}),
    ("agentpay_model_tokens_total", {"kind": "input"}),
    ("agentpay_model_tokens_total", {"kind": "output"}),
    ("agentpay_model_cost_micro_usd_total", {"provider": "anthropic"}),
    ("agentpay_guard_stops_total", {"kind": "amount"}),
    ("agentpay_tool_calls_total", {"tool": "search_products", "status": "done"}),
    ("agentpay_tool_calls_total", {"tool": "unknown", "status": "refused"}),
    ("agentpay_tool_seconds_count", {"tool": "search_products"}),
    ("agentpay_conversation_events_total", {"type": "order.created"}),
    ("agentpay_offers_total", {"status": "open"}),
    ("agentpay_offers_total", {"status": "accepted"}),
    ("agentpay_offers_total", {"status": "redeemed"}),
    ("agentpay_checkouts_total", {"status": "open"}),
    ("agentpay_sales_minor_units_total", {"currency": "usd"}),
    ("agentpay_budget_left_ratio", {"kind": "discount", "period": "month", "currency": "usd"}),
    ("agentpay_polar_calls_total", {"method": "POST", "outcome": "answered"}),
    ("agentpay_polar_call_seconds_count", {"method": "GET"}),
    ("agentpay_polar_limit_wait_seconds_count", {"priority": "checkout"}),
    ("agentpay_polar_limit_used_ratio", {}),
    ("agentpay_webhooks_received_total", {"outcome": "stored"}),
    ("agentpay_webhooks_received_total", {"outcome": "refused"}),
    ("agentpay_webhooks_applied_total", {"outcome": "applied"}),
    ("agentpay_webhook_lag_seconds_count", {}),
    ("agentpay_job_runs_total", {"outcome": "done"}),
    ("agentpay_job_seconds_count", {}),
    ("agentpay_jobs_sampler", {}),
    ("agentpay_db_pool_size", {}),
    ("agentpay_db_pool_max", {}),
    ("agentpay_db_pool_uses_total", {}),
    ("agentpay_build_info", {}),
    ("process_resident_memory_bytes", {}),
]
# There, and nought in a house that is well.
QUIET = [
    ("agentpay_model_breaker_open", {"provider": "anthropic"}),
    ("agentpay_polar_paused_organizations", {}),
    ("agentpay_turns_running", {}),
    ("agentpay_turn_takeovers_total", {}),
    ("agentpay_streams_open", {}),
    ("agentpay_db_pool_waiting", {}),
    ("agentpay_db_pool_errors_total", {}),
    ("agentpay_webhooks_waiting", {}),
]
KNOWN = ["agentpay_jobs_oldest_due_seconds", "agentpay_webhooks_oldest_due_seconds", "agentpay_event_loop_lag_seconds"]


@pytest.mark.parametrize(("name", "labels"), MOVED, ids=lambda part: part if isinstance(part, str) else "")
async def test_traffic_is_counted(seen: Seen, name: str, labels: dict[str, str]) -> None:
    assert sum(seen.values(name, **labels)) > 0


@pytest.mark.parametrize(("name", "labels"), QUIET, ids=lambda part: part if isinstance(part, str) else "")
async def test_a_house_that_is_well_is_quiet(seen: Seen, name: str, labels: dict[str, str]) -> None:
    assert set(seen.values(name, **labels)) == {0}


@pytest.mark.parametrize("name", KNOWN)
async def test_ages_are_there(seen: Seen, name: str) -> None:
    assert seen.values(name)


async def test_the_budget_that_is_left_is_what_the_ledger_says(seen: Seen) -> None:
    used = await seen.stage.service.parts.db.value("select committed + reserved from budgets where kind = 'discount'")
    assert 0 < used < BUDGET["amount"]
    [left] = seen.values("agentpay_budget_left_ratio", organization_id=str(seen.shop.organization_id))
    assert left == pytest.approx(1 - used / BUDGET["amount"])


async def test_the_sale_is_counted_in_minor_units(seen: Seen) -> None:
    assert seen.values("agentpay_sales_minor_units_total", currency="usd")[0] >= 8_075


async def test_no_figure_holds_what_a_visitor_said_or_who_he_is(seen: Seen) -> None:
    for told in (CANARY, ADDRESS, "buyer-mail", "Sam", "Lavender", "Wick", "claude"):
        assert told not in seen.page


async def test_only_budgets_name_an_organization(seen: Seen) -> None:
    named = {line.partition("{")[0] for line in seen.page.splitlines() if str(seen.shop.organization_id) in line}
    assert named == {"agentpay_budget_left_ratio"}
    assert all('organization_id="' not in line for line in seen.page.splitlines() if "budget" not in line)


async def test_what_nobody_offers_is_one_route(seen: Seen) -> None:
    await seen.stage.http.get(f"/{CANARY}/1")
    answer = await seen.stage.http.get("/metrics", headers={"Authorization": "Bearer operator-of-the-stage"})
    assert 'route="unmatched"' in answer.text
    assert CANARY not in answer.text
