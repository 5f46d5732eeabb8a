"""`python -m agentpay.sandbox.polar --port 8900 --state polar.sqlite3`: one stand-in by itself."""

import asyncio
import contextlib
import signal
from pathlib import Path

import click

from agentpay.sandbox.polar import settings
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.state import PolarState


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8900, show_default=True)
@click.option("--state", "path", type=click.Path(path_type=Path), help="sqlite3 file that keeps everything.")
@click.option("--organization", default="Acme Candles", show_default=True, help="Made when there is none.")
def main(host: str, port: int, path: Path | None, organization: str) -> None:
    """Serve a local twin of Polar's API until interrupted. Prints its address and a token."""
    state = PolarState(path, config=settings.for_dev())
    if not len(state.organizations):
        state.add_token(state.add_organization(organization))
    asyncio.run(_run(state, host, port))


async def _run(state: PolarState, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(signum, stop.set)
    async with serve(state, host=host, port=port) as url:
        click.echo(f"Polar stand-in on {url}")
        for token in state.tokens:
            click.echo(f"  {state.organization(token.organization_id).name}: {token.secret}")
        await stop.wait()
    state.close()


if __name__ == "__main__":
    main()
