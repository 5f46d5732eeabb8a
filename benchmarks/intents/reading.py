"""From an example to the features that the running code computes for it: one path for training and for use."""

from agentpay.understanding.classify import describe_message
from agentpay.understanding.features import Features
from benchmarks.intents.examples import Example


def features_of(example: Example) -> Features:
    """What the model sees of the example."""
    return describe_message(example.text, prev_agent_action=example.action, prev_agent_text=example.words)
