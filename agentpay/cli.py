"""The command line, `agentpay …`: puts the commands together, contains nothing."""

import click

from agentpay import __version__
from agentpay.commands import completion, conversation, deliveries, evaluating, jobs, looking, org, serving

COMMANDS: tuple[click.Command, ...] = (
    serving.web,
    serving.worker,
    serving.migrate,
    serving.dev,
    looking.doctor,
    looking.replay,
    looking.openapi,
    evaluating.evaluate,
    org.org,
    jobs.jobs,
    deliveries.deliveries,
    conversation.conversation,
    completion.completion,
)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 failed as the sentence on stderr says, or something was found; 2 wrong usage.",
)
@click.version_option(__version__, message="agentpay %(version)s")
def main() -> None:
    """AgentPay: conversational commerce beside Polar. Settings come from AGENTPAY_* variables."""


for command in COMMANDS:
    main.add_command(command)
