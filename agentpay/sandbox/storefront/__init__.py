"""Clareira's shop window, served by `dev` only, on an origin of its own as a merchant's would be.

`pages/` and `assets/` are what the browser gets: no build step, no framework, nothing from elsewhere, all text set as
text. `site.py` serves them with the catalogue that `catalogue.py` reads from Polar, as a merchant's server would. The
chat speaks AgentPay's HTTP API with the publishable key; the page holds no other credential of the merchant's.
"""
