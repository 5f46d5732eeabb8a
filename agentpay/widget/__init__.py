"""The browser's side: one script tag puts the agent on a storefront.

`browser/` holds what the visitor's browser gets, as it is written: JavaScript modules, a style sheet, one JSON file a
language. `parts` makes what is served of them (comments taken out, compressed, named by their content), `endpoints`
serves it. It knows no merchant and asks nothing: what a page may show, the browser asks for with its publishable key.
Invariants: no dependency, no build step, nothing from another host, within `parts.LOADER_BYTES_MAX` and
`parts.CHAT_BYTES_MAX` gzipped.
"""
