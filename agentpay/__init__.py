"""AgentPay: conversational commerce beside Polar.

An agent answers a storefront's visitors from the merchant's catalogue, negotiates within hard rules, opens Polar
checkouts and sees the orders arrive. Packages form a ladder (docs/adr/0005): each imports only what is below it.
"""

__version__ = "0.1.0"
