"""What an operator wants to know when something is odd: `agentpay doctor`.

`house.py` looks at this installation, `models.py` at providers of models, `merchants.py` at every organization's Polar;
`examine.py` does all of it. A finding says what is wrong and what to do. Looking changes nothing: Polar is asked with
calls that have no effect. `examine.mend` alone changes something: a webhook endpoint, when it is told to.
"""
