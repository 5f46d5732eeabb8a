"""The guarded client: whatever a merchant writes down, it reaches public servers only, by name, once."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agentpay import egress
from agentpay.db.engine import Database
from agentpay.egress import Egress, EgressError, check_url, is_public

HOST = "hooks.acme.example"


@dataclass
class Server:
    """Answers every connection with `answer` and remembers what it was sent."""

    answer: bytes = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
    received: list[bytes] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))[15:])
        self.received.append(head + await reader.readexactly(length))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield made


def resolving(*addresses: str) -> egress.Resolve:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert host == HOST
        return addresses

    return resolve


async def post(url: str, **options: object) -> egress.Reply:
    client = Egress(**options)  # type: ignore[arg-type] # test options by name
    try:
        return await client.post(url, body=b"{}", headers={"Content-Type": "application/json"})
    finally:
        await client.close()


async def test_the_name_is_spoken_to_and_the_checked_address_is_called(server: Server) -> None:
    reply = await post(f"http://{HOST}:{server.port}/in?x=1", allow_private=True, resolve=resolving("127.0.0.1"))
    assert reply.status == 204
    [request] = server.received
    assert request.startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert f"host: {HOST}:{server.port}\r\n".encode() in request.lower()
    assert request.endswith(b"\r\n\r\n{}")


async def test_the_next_address_is_tried_when_one_takes_no_connection(server: Server) -> None:
    resolve = resolving("127.0.0.2", "127.0.0.1")
    assert (await post(f"http://{HOST}:{server.port}/", allow_private=True, resolve=resolve)).status == 204


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.7"], ["169.254.169.254"], ["::1"], ["93.184.216.34", "127.0.0.1"], ["fe80::1%eth0"]],
)
async def test_a_name_that_leads_inside_is_refused(server: Server, addresses: list[str]) -> None:
    with pytest.raises(EgressError) as caught:
        await post(f"https://{HOST}:{server.port}/", resolve=resolving(*addresses))
    assert caught.value.permanent
    assert server.received == []


async def test_a_name_that_does_not_resolve_may_resolve_later() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(EgressError) as caught:
        await post(f"https://{HOST}/", resolve=resolve)
    assert not caught.value.permanent


async def test_a_redirect_is_an_answer_and_not_followed(server: Server) -> None:
    server.answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/secret\r\nContent-Length: 0\r\n\r\n"
    url = f"http://{HOST}:{server.port}/"
    assert (await post(url, allow_private=True, resolve=resolving("127.0.0.1"))).status == 302
    assert len(server.received) == 1


async def test_an_endless_answer_is_cut(server: Server) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (2 * egress.ANSWER_BYTES_MAX)
    reply = await post(f"http://{HOST}:{server.port}/", allow_private=True, resolve=resolving("127.0.0.1"))
    assert len(reply.body) == egress.ANSWER_BYTES_MAX


async def test_an_answer_that_is_no_http_is_an_egress_error(server: Server) -> None:
    server.answer = b"220 smtp ready\r\n"
    with pytest.raises(EgressError) as caught:
        await post(f"http://{HOST}:{server.port}/", allow_private=True, resolve=resolving("127.0.0.1"))
    assert not caught.value.permanent


async def test_nothing_is_sent_while_a_transaction_is_open(db: Database) -> None:
    async def send_inside() -> None:
        async with db.transaction():
            await post(f"https://{HOST}/")

    with pytest.raises(AssertionError, match="transaction"):
        await send_inside()


async def test_tls_is_checked_against_the_name(tmp_path: Path) -> None:
    for name, is_right in ((HOST, True), ("rival.example", False)):
        certificate = certify(name, tmp_path)
        made = Server()
        server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_tls.load_cert_chain(certificate)
        listener = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=server_tls)
        async with listener:
            url = f"https://{HOST}:{listener.sockets[0].getsockname()[1]}/"
            tls = ssl.create_default_context(cafile=str(certificate))
            options = {"allow_private": True, "resolve": resolving("127.0.0.1"), "tls": tls}
            if is_right:
                assert (await post(url, **options)).status == 204
            else:
                with pytest.raises(EgressError):
                    await post(url, **options)
                assert made.received == []


def certify(name: str, folder: Path) -> Path:
    """A file with a key and a self-signed certificate for `name`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.acme.example/",
        "ftp://hooks.acme.example/",
        "hooks.acme.example",
        "https://",
        "https:///path",
        "https://user:secret@hooks.acme.example/",
        "https://localhost/",
        "https://db/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://hooks.acme.example/a b",
        "https://hooks.acme.example/\x00",
        "https://hooks.acme.example:99999/",
        "https://hooks.acme.example/" + "a" * 3000,
    ],
)
def test_a_url_that_may_never_be_called_is_refused_when_it_is_written_down(url: str) -> None:
    with pytest.raises(ValueError):
        check_url(url, allow_private=False)


@pytest.mark.parametrize(
    "url", ["https://hooks.acme.example/in?x={CHECKOUT_ID}", "https://8.8.8.8:8443/", "https://bücher.example/"]
)
def test_public_urls_are_taken(url: str) -> None:
    assert check_url(url, allow_private=False) == url


def test_where_private_addresses_are_allowed_http_is_too() -> None:
    assert check_url("http://localhost:8000/", allow_private=True)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.100.100.200", "127.0.0.1", "168.63.129.16", "169.254.169.254", "172.16.0.1",
        "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
        "64:ff9b::7f00:1", "2001:0:53aa:64c::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "fc00::1", "fd00:ec2::254",
        "fe80::1", "ff02::1", "::127.0.0.1",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
