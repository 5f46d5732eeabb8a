"""`agentpay org create | list | sync | rotate`: organizations, through the HTTP API of a running AgentPay."""

import sys
import time
from typing import Any, Final

import click

from agentpay.commands.console import (
    WEB_PORT,
    Cell,
    Failure,
    Progress,
    as_json_option,
    read_settings,
    say_json,
    say_table,
)

SYNC_SECONDS_MAX: Final = 300
LOOK_SECONDS: Final = 1.0


@click.group()
@click.option("--server", help="Where AgentPay answers. Default: AGENTPAY_PUBLIC_URL, else http://127.0.0.1:8000.")
@click.pass_context
def org(context: click.Context, server: str | None) -> None:
    """Organizations, through the HTTP API of a running AgentPay and the first of AGENTPAY_ADMIN_KEYS."""
    from agentpay.admin_client import AdminClient

    read = read_settings(required=("admin_keys",))
    url = server or read.public_url or f"http://127.0.0.1:{WEB_PORT}"
    context.obj = AdminClient(url.rstrip("/"), admin_key=read.admin_keys[0])


@org.command("create")
@click.option("--name", required=True)
@click.option(
    "--environment", type=click.Choice(["production", "sandbox", "custom"]), default="sandbox", show_default=True
)
@click.option("--base-url", help="Of a custom environment.")
@click.option(
    "--polar-token",
    envvar="AGENTPAY_POLAR_ACCESS_TOKEN",
    prompt="Polar organization access token",
    hide_input=True,
    help="Better in AGENTPAY_POLAR_ACCESS_TOKEN or typed when asked: arguments can be seen by others.",
)
@click.option(
    "--origin", "origins", multiple=True, help="Where the widget may run, as https://shop.example. Repeatable."
)
@click.option("--currency", help="Default currency, e.g. usd.")
@click.option("--success-url", help="Where Polar sends the buyer back to.")
@click.option("--notify-url", help="Where AgentPay sends its notifications.")
@as_json_option
@click.pass_obj
def org_create(
    client: Any, /, *, as_json: bool, polar_token: str, origins: tuple[str, ...], **given: str | None
) -> None:
    """Make an organization and print its keys: they are shown this once."""
    polar = {"environment": given["environment"], "base_url": given["base_url"], "access_token": polar_token}
    body = {
        "name": given["name"],
        "polar": without_none(polar),
        "allowed_origins": list(origins),
        **without_none(
            {
                "default_currency": given["currency"],
                "success_url": given["success_url"],
                "notify_url": given["notify_url"],
            }
        ),
    }
    made = asked(client, "POST", "/v1/organizations", body)
    if as_json:
        say_json(made)
    else:
        for field in ("id", "status", "publishable_key", "secret_key", "identity_secret", "notify_secret"):
            click.echo(f"{field:<16} {made.get(field)}")
    click.echo("Keep the keys and secrets: they are not shown again.", err=True)


@org.command("list")
@as_json_option
@click.pass_obj
def org_list(client: Any, *, as_json: bool) -> None:
    """List all organizations, newest first."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(client, "GET", f"/v1/organizations?limit=100{f'&cursor={cursor}' if cursor else ''}")
        found += page["items"]
        cursor = page["next_cursor"]
    if as_json:
        say_json(found)
    elif found:
        say_table(("ID", "STATUS", "PRODUCTS", "NAME"), [_shown(each) for each in found])
    else:
        click.echo("No organizations yet: `agentpay org create` makes one.", err=True)


def _shown(organization: dict[str, Any]) -> list[Cell]:
    status = organization["status"]
    return [
        organization["id"],
        (status, "green" if status == "active" else "yellow"),
        str(organization["catalog"]["products"]),
        organization["name"],
    ]


@org.command("sync")
@click.argument("organization_id", type=click.UUID)
@click.option("--wait", is_flag=True, help=f"Until it was read, at most {SYNC_SECONDS_MAX} s.")
@as_json_option
@click.pass_obj
def org_sync(client: Any, organization_id: object, wait: bool, as_json: bool) -> None:
    """Read the catalogue again now. Exit code 1 when it was waited for in vain."""
    path = f"/v1/organizations/{organization_id}"
    before = asked(client, "GET", path)["catalog"]["synced_at"] if wait else None
    asked(client, "POST", f"{path}/sync")
    if not wait:
        if as_json:
            say_json({"synced": False})
        else:
            click.echo("The catalogue is being read.")
        return
    catalog = waited(client, path, before=before)
    if as_json:
        say_json({"synced": True, **catalog})
    else:
        click.echo(f"The catalogue was read: {catalog['products']} products.")


def waited(client: Any, path: str, *, before: str | None) -> dict[str, Any]:
    """The catalogue's state once it was read after `before`. Raises Failure."""
    with Progress(label="Reading the catalogue") as tell:
        for second in range(1, SYNC_SECONDS_MAX + 1):
            catalog: dict[str, Any] = asked(client, "GET", path)["catalog"]
            if catalog["synced_at"] != before:
                return catalog
            if sys.stderr.isatty():
                tell(second, SYNC_SECONDS_MAX, "")
            time.sleep(LOOK_SECONDS)
    raise Failure("The catalogue was not read in time: is a worker running?")


@org.command("rotate")
@click.argument("organization_id", type=click.UUID)
@click.argument("what", type=click.Choice(["identity", "webhook", "notify"]))
@as_json_option
@click.pass_obj
def org_rotate(client: Any, organization_id: object, what: str, as_json: bool) -> None:
    """Give an organization a new secret; the old one works 24 hours more."""
    rotated = asked(client, "POST", f"/v1/organizations/{organization_id}/rotate", {"what": what})
    if as_json:
        say_json(rotated)
    elif rotated.get("secret"):
        click.echo(rotated["secret"])
    click.echo(f"The old {what} secret works until {rotated['previous_valid_until']}.", err=True)


def asked(client: Any, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    from agentpay.admin_client import CallFailed

    try:
        return client.call(method, path, body)
    except CallFailed as error:
        raise Failure(str(error)) from error


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
