"""A fake Messages API on loopback, as cheap as Python can serve it: so many words, so fast.

python -m benchmarks.provider --port 8899 [--first-ms 300] [--word-ms 15] [--words 60]
"""

import argparse
import asyncio
import json
from typing import Any, cast

import uvloop

TEXT = """
we make our candles by hand in small batches from soft wax and dried flowers that grow in the hills behind the house so
that every evening smells a little of summer and of calm
"""


def event(type: str, **fields: Any) -> bytes:
    return f"event: {type}\ndata: {json.dumps({'type': type, **fields})}\n\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def pieces(words: int) -> tuple[bytes, list[bytes], bytes]:
    """Head, one frame a word, tail; chunked transfer coding included."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "content": []}
    message |= {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 500, "output_tokens": 1}}
    head = event("message_start", message=message)
    head += event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    said = [TEXT.split()[place % len(TEXT.split())] + " " for place in range(words)]
    frames = [event("content_block_delta", index=0, delta={"type": "text_delta", "text": word}) for word in said]
    tail = event("content_block_stop", index=0)
    tail += event(
        "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": words}
    )
    tail += event("message_stop")
    start = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return start + chunk(head), [chunk(frame) for frame in frames], chunk(tail) + b"0\r\n\r\n"


class Speaker(asyncio.Protocol):
    """One keep-alive connection; requests are read only as far as their length."""

    def __init__(self, *, first: float, pause: float, parts: tuple[bytes, list[bytes], bytes]) -> None:
        self.first, self.pause, self.parts = first, pause, parts
        self.buffer = b""
        self.transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        asyncio.get_running_loop().call_later(self.first, self.begin)

    def begin(self) -> None:
        head, frames, tail = self.parts
        if self.pause == 0:
            self.transport.write(head)
            for frame in frames:
                self.transport.write(frame)
            self.transport.write(tail)
            return
        self.transport.write(head + frames[0])
        self.go_on(1)

    def go_on(self, place: int) -> None:
        asyncio.get_running_loop().call_later(self.pause, self.word, place)

    def word(self, place: int) -> None:
        _, frames, tail = self.parts
        if place < len(frames):
            self.transport.write(frames[place])
            self.go_on(place + 1)
        else:
            self.transport.write(tail)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--first-ms", type=float, default=0)
    parser.add_argument("--word-ms", type=float, default=0)
    parser.add_argument("--words", type=int, default=40)
    asked = parser.parse_args()
    parts = pieces(asked.words)

    def speaker() -> Speaker:
        return Speaker(first=asked.first_ms / 1000, pause=asked.word_ms / 1000, parts=parts)

    server = await asyncio.get_running_loop().create_server(speaker, "127.0.0.1", asked.port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
