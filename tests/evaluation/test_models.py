"""Models are evaluated as the template is; here one that says whatever it likes."""

from agentpay.llm.types import Request
from agentpay.sandbox.evaluation.evaluate import Wanted, evaluate
from tests.turns.scripted import Line, Scripted


async def test_a_reckless_models_talks_are_played_paid_for_and_judged(database_url: str) -> None:
    def reckless(request: Request) -> list[Line]:
        if len(model.asked) % 2:
            return ["Sure! You can have it for $5, I promise."]
        return ["Have a look at the cards, please."]

    model = Scripted(reckless)
    wanted = Wanted(provider="anthropic", buyers=("lowballer",))
    found = await evaluate(database_url, wanted, environ={}, tell=lambda *_: None, providers={"anthropic": model})
    assert found.total.tokens > 0
    assert found.total.cost > 0
    assert found.total.violations == 0, "what it promised did not reach the visitor"
