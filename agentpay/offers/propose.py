"""A visitor asks for a lower price: look back, decide, reserve, write the offer down. One transaction, no network.

An offer that the visitor holds is never changed: a better one takes its place (void, `replaced`), so that what was said
stays true to its figures; while a person is asked for a better one it stands. Polar hears of none of them.
"""

from uuid import UUID

import msgspec
import structlog

from agentpay.agents.tools import ToolContext
from agentpay.catalog import prices
from agentpay.catalog import repository as catalog
from agentpay.catalog.repository import CatalogProduct
from agentpay.conversations.append import Appender, lock
from agentpay.db.engine import Database
from agentpay.db.transaction import Row, Tx
from agentpay.jobs.enqueue import Jobs
from agentpay.kit.ids import new_token, uuid7
from agentpay.offers import budget, lifecycle, repository, words
from agentpay.offers.bound import realise
from agentpay.offers.lifecycle import cause_of
from agentpay.offers.negotiable import Negotiable, negotiable
from agentpay.offers.negotiation import (
    STANDING_OFFERS_MAX,
    Ask,
    Counter,
    Decision,
    Facts,
    Grant,
    History,
    NeedsApproval,
    Refuse,
    Stands,
    Why,
    decide,
)
from agentpay.offers.public import offer_public
from agentpay.offers.scene import Scene, find_shown, look
from agentpay.organizations.notify import notify

log = structlog.get_logger()

PENDING_MINUTES = 72 * 60
HISTORY_ENTRIES_MAX = 50

New = Grant | Counter | NeedsApproval


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine decided from, beside the agent's rules (of its version)."""

    ask: Ask
    facts: Facts
    history: History
    budget_left: int | None
    standing_max: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `offer`: the new one, or the one that stands; `why`: of a refusal, for the merchant."""

    decision: str
    """granted, countered, needs_approval, refused."""
    offer: Row | None = None
    why: str | None = None
    is_final: bool = False
    product: CatalogProduct | None = None


async def propose(
    db: Database,
    appender: Appender,
    jobs: Jobs,
    *,
    ctx: ToolContext,
    product_id: UUID,
    ask: Ask,
    standing_max: int = STANDING_OFFERS_MAX,
) -> Outcome:
    """Answer one ask for the turn of `ctx`; the same effect key is answered with the same offer.

    Raises what `ctx.hold` raises when the turn was lost.
    """
    async with db.transaction() as tx:
        await ctx.hold(tx)
        conversation = await lock(tx, organization_id=ctx.organization_id, conversation_id=ctx.conversation_id)
        done = await repository.find_by_effect(tx, effect_key=ctx.effect_key)
        if done is not None:
            product = await catalog.find_product(tx, organization_id=ctx.organization_id, product_id=product_id)
            return Outcome(decision=_decision_of(done, ask), offer=done, product=product)
        outcome = await _propose(
            tx,
            appender,
            jobs,
            ctx=ctx,
            conversation=conversation,
            product_id=product_id,
            ask=ask,
            standing_max=standing_max,
        )
    log.info(
        "offer.proposed",
        organization_id=str(ctx.organization_id),
        conversation_id=str(ctx.conversation_id),
        product_id=str(product_id),
        decision=outcome.decision,
        why=outcome.why,
        offer_id=str(outcome.offer["id"]) if outcome.offer else None,
    )
    return outcome


async def _propose(
    tx: Tx,
    appender: Appender,
    jobs: Jobs,
    *,
    ctx: ToolContext,
    conversation: Row,
    product_id: UUID,
    ask: Ask,
    standing_max: int,
) -> Outcome:
    product = await find_shown(tx, ctx=ctx, product_id=product_id)
    if product is None:
        return Outcome(decision="refused", why="product_unavailable")
    sold = negotiable(prices.price_facts(product.product, currency=product.quoted_in(ctx.currency)))
    if not isinstance(sold, Negotiable):
        return Outcome(decision="refused", why=sold.reason, product=product)
    scene = await look(tx, appender, ctx=ctx, conversation=conversation, product=product, sold=sold)
    decision = decide(
        ask,
        rules=ctx.rules,
        facts=scene.facts,
        history=scene.history,
        budget_left=scene.budget_left,
        standing_max=standing_max,
    )
    outcome = await _perform(tx, appender, jobs, scene=scene, decision=decision)
    inputs = Inputs(
        ask=ask,
        facts=scene.facts,
        history=scene.history,
        budget_left=scene.budget_left,
        standing_max=standing_max,
    )
    await _note(tx, scene=scene, inputs=inputs, decision=decision, outcome=outcome)
    await appender.set_stage(
        tx, organization_id=ctx.organization_id, conversation_id=ctx.conversation_id, stage="negotiating"
    )
    return outcome


async def _perform(tx: Tx, appender: Appender, jobs: Jobs, *, scene: Scene, decision: Decision) -> Outcome:
    match decision:
        case Refuse(why):
            return Outcome(decision="refused", why=why, offer=scene.held, product=scene.product)
        case Stands():
            return Outcome(decision="granted", offer=scene.held, product=scene.product)
        case NeedsApproval():
            offer = await _write(tx, appender, scene=scene, decision=decision, status="pending_approval")
            if offer is None:
                return Outcome(decision="refused", why=Why.BUDGET, offer=scene.held, product=scene.product)
            await notify(
                tx,
                jobs,
                organization_id=scene.ctx.organization_id,
                type="offer.pending_approval",
                data=offer_public(offer, for_staff=True),
                conversation_id=scene.ctx.conversation_id,
            )
            return Outcome(decision="needs_approval", offer=offer, product=scene.product)
        case Grant() | Counter():
            if scene.held is not None:
                await lifecycle.void(tx, appender, conversation=scene.conversation, offer=scene.held, reason="replaced")
            offer = await _write(tx, appender, scene=scene, decision=decision, status="open")
            assert offer is not None  # the room was locked before it was decided
            name = "granted" if isinstance(decision, Grant) else "countered"
            return Outcome(decision=name, offer=offer, is_final=decision.is_final, product=scene.product)


async def _write(tx: Tx, appender: Appender, *, scene: Scene, decision: New, status: str) -> Row | None:
    """Reserve, insert, tell. None = the budgets do not hold it beside what is held."""
    ctx, terms = scene.ctx, decision.terms
    offer_id = uuid7()
    reserved = await budget.reserve(
        tx,
        organization_id=ctx.organization_id,
        kind="discount",
        cause=cause_of(offer_id),
        amount=terms.conceded,
        currency=scene.sold.currency,
        scopes=scene.scopes,
        budgets=scene.budgets,
    )
    if not reserved:
        return None
    offer = await repository.insert_offer(
        tx,
        values={
            "id": offer_id,
            "organization_id": ctx.organization_id,
            "conversation_id": ctx.conversation_id,
            "agent_id": ctx.agent_id,
            "agent_version": ctx.agent_version,
            "effect_key": ctx.effect_key,
            "visitor_key": ctx.visitor_key,
            "address": ctx.address,
            "product_id": scene.product.product_id,
            "price_id": scene.sold.price_id,
            "currency": scene.sold.currency,
            "list_amount": terms.list_amount,
            "floor_amount": decision.floor,
            "amount": terms.amount,
            "reasons": _reasons(scene, decision),
            "status": status,
            "valid_minutes": ctx.rules.offer_valid_minutes if status == "open" else PENDING_MINUTES,
            "discount_type": terms.kind,
            "basis_points": terms.basis_points,
            "discount_token": new_token(),
        },
    )
    await lifecycle.tell_created(tx, appender, offer=offer)
    return offer


def _reasons(scene: Scene, decision: New) -> list[str]:
    codes = list(decision.reasons) or ["negotiated"]
    if scene.sold.kind == "fixed":
        codes.append("first_charge")
    facts = prices.price_facts(scene.product.product, currency=scene.sold.currency)
    if facts is not None and facts.has_trial:
        codes.append("no_trial")
    return words.reasons(codes, language=scene.ctx.language)


async def _note(tx: Tx, *, scene: Scene, inputs: Inputs, decision: Decision, outcome: Outcome) -> None:
    """For the merchant's eyes: what was asked and what was answered, and why; and all that `replay` decides from."""
    ask = inputs.ask
    entry = {
        "effect_key": scene.ctx.effect_key,
        "agent_id": str(scene.ctx.agent_id),
        "agent_version": scene.ctx.agent_version,
        "product_id": str(scene.product.product_id),
        "currency": scene.sold.currency,
        "list_amount": scene.sold.list_amount,
        "asked_amount": ask.price(scene.sold.list_amount),
        "quantity": ask.quantity,
        "decision": outcome.decision,
        "why": outcome.why,
        "amount": outcome.offer["amount"] if outcome.offer else None,
        "offer_id": str(outcome.offer["id"]) if outcome.offer else None,
        "inputs": msgspec.to_builtins(inputs),
        "engine": msgspec.to_builtins(decision),
    }
    await repository.note(
        tx,
        organization_id=scene.ctx.organization_id,
        conversation_id=scene.ctx.conversation_id,
        entry=entry,
        entries_max=HISTORY_ENTRIES_MAX,
    )


def _decision_of(offer: Row, ask: Ask) -> str:
    """How the offer of this effect was announced, told again from its row."""
    if offer["opened_at"] is None:
        return "needs_approval"
    asked = ask.price(offer["list_amount"])
    nearest = realise(offer["list_amount"], asked, offer["discount_type"]) if asked is not None else None
    return "countered" if nearest is not None and offer["amount"] > nearest.amount else "granted"
