"""Providers: who answers. Owns the question's and the answer's types and the adapters to the outside.

Never decides a number, never sees rules, floors or budgets, knows nothing above it. A provider takes a `Request`,
yields `Words`, then exactly one `Reply`, or raises `ProviderFailed`. Other companies' formats stay in their adapter.

`AnthropicProvider(api_key=…, base_url=…, patience=…)` and `OpenAIProvider(…)`: `reply(request)`, `warm()`, `aclose()`.
`Chain({"anthropic": …}, on_call=…)`: `reply(request, names, only=…)`, `states()`, `warm()`, `aclose()`.
Pure: `anthropic_body.request_body(request)`, `openai_body.request_body(request)`, `prices.cost_micros(usage, model)`,
`prices.reserve_micros(tokens, max_tokens, model)`, `prices.estimate_tokens(text)`. A call in `Reply.malformed_calls` is
never performed: answer it with a `refused` result. One-shot reading: `structured.choose(...)`.
"""
