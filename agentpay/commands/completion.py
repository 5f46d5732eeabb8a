"""`agentpay completion`: what a shell needs to complete our commands."""

import click
from click.shell_completion import get_completion_class

from agentpay.commands.console import Failure

PROGRAM = "agentpay"
VARIABLE = "_AGENTPAY_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that teaches SHELL to complete `agentpay`.

    \b
    bash  agentpay completion bash > ~/.local/share/bash-completion/completions/agentpay
    zsh   agentpay completion zsh > ~/.zfunc/_agentpay      (a folder of $fpath)
    fish  agentpay completion fish > ~/.config/fish/completions/agentpay.fish
    """
    maker = get_completion_class(shell)
    if maker is None:
        raise Failure(f"This release of click knows no {shell}.")
    script = maker(context.find_root().command, {}, PROGRAM, VARIABLE).source()
    click.echo(script.strip())
