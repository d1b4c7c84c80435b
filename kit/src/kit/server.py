"""gunicorn, with threads that only get what is complete: slow clients wait in the poller.

gunicorn's own threaded worker reads a request in the thread that answers it, without a deadline, so as
many slow clients as there are threads stop it. Here the event loop reads headers and bodies and sends what
is left of an answer; decision 21 has the figures.
"""

import errno
import re
import resource
import select
import selectors
import socket
import threading
import time
from collections.abc import Callable
from concurrent import futures
from contextlib import suppress
from functools import partial
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import TConn, ThreadWorker

from kit.metrics import MetricsPort
from kit.settings import Settings

BUFFER = 64 * 1024  # bytes of a request that wait for the rest of it; a longer body is read by UPLOADS threads
PENDING = 256 * 1024  # bytes of an answer that wait for their reader
UPLOADS = 2
LOWEST_RATE = 16 * 1024  # bytes a second, by which a deadline moves on for long bodies and answers
SLOT_PATIENCE = 0.5  # seconds that one more slow reader of a long answer may hold a thread
KEEP_ALIVE = 15  # seconds
LINGER = 2.0  # seconds for the peer to close after us
SWEEP = 0.2  # seconds between looks at deadlines
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
NOT_BUFFERED = re.compile(rb"\r\n(?:transfer-encoding|expect)[ \t]*:", re.IGNORECASE)


class Gunicorn(BaseApplication):
    """One worker process with threads, without gunicorn's control socket, which services would share.

    One process, because each would count its own metrics; a service grows by replicas.
    """

    def __init__(
        self, app: Callable[[], Flask], settings: Settings, measure: Callable[[], None] = lambda: None
    ):
        self.make_app = app
        self.settings = settings
        self.measure = measure
        super().__init__()

    def load_config(self) -> None:
        settings = self.settings
        ports = [settings.port, *([settings.metrics_port] if settings.metrics_port else [])]
        options = {
            "bind": [f"{settings.host}:{port}" for port in ports],
            "worker_class": worker_class(settings),
            "workers": 1,
            "threads": settings.threads,
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm",
            "graceful_timeout": 4,
            "keepalive": KEEP_ALIVE,
            "sendfile": False,
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        app = self.make_app()
        port = self.settings.metrics_port
        return MetricsPort(app, port, self.measure) if port else app


def worker_class(settings: Settings) -> type["BufferingWorker"]:
    """The worker with the limits of these settings; gunicorn makes it without arguments of ours."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    limits = {"patience": settings.request_timeout, "limit": min(settings.connections, files // 2)}
    return type("BufferingWorker", (BufferingWorker,), limits)


class Channel:
    """A non-blocking socket as gunicorn's parser and response use it, with both buffers and deadlines."""

    def __init__(self, sock: socket.socket, patience: float, slots: threading.Semaphore):
        sock.setblocking(False)
        self.sock, self.patience, self.slots = sock, patience, slots
        self.received, self.pending = bytearray(), bytearray()
        self.broken = self.uploading = False
        self.stop_at: float | None = None
        self.fileno, self.close, self.shutdown = sock.fileno, sock.close, sock.shutdown
        self.begin()

    def begin(self) -> None:
        """A request begins: its deadlines count from here."""
        self.began, self.moved, self.answering = time.monotonic(), 0, False

    def deadline(self) -> float:
        deadline = self.began + self.patience + self.moved / LOWEST_RATE
        return min(deadline, self.stop_at) if self.stop_at else deadline

    def setblocking(self, _flag: bool) -> None:
        """Stay non-blocking: waiting is what the deadlines are for."""

    def gettimeout(self) -> float:
        return 0.0

    def settimeout(self, seconds: float) -> None:
        """Bring the deadline forward; 0, which `gettimeout` says, lifts that."""
        self.stop_at = time.monotonic() + seconds if seconds else None

    def fill(self) -> bool:
        """Take what has arrived; False at the end. BlockingIOError when there is nothing."""
        data = self.sock.recv(BUFFER)
        self.received += data
        return bool(data)

    def recv(self, size: int) -> bytes:
        """Read for gunicorn's parser; only a thread for uploads may wait for the client."""
        if self.received:
            data = bytes(self.received[:size])
            del self.received[:size]
            return data
        while True:
            try:
                data = self.sock.recv(size)
            except BlockingIOError:
                if not self.uploading:
                    self._give_up()
                self._wait(select.POLLIN)
            else:
                self.moved += len(data)
                return data

    def send(self, data: bytes) -> int:
        self.sendall(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        if self.broken:
            raise ConnectionResetError(errno.ECONNRESET, "the connection was given up")
        if not self.answering:
            self.begin()
            self.answering = True
        self.pending += data
        self.flush()
        if len(self.pending) > PENDING:
            self._await_reader()

    def flush(self) -> None:
        """Send as much as the kernel takes."""
        with suppress(BlockingIOError):
            while self.pending:
                sent = self.sock.send(self.pending)
                self.moved += sent
                del self.pending[:sent]

    def _await_reader(self) -> None:
        """Hold this thread until the reader took most; only half of the threads may be held so."""
        if not self.slots.acquire(timeout=SLOT_PATIENCE):
            self._give_up()
        try:
            while len(self.pending) > PENDING // 2:
                self._wait(select.POLLOUT)
                self.flush()
        finally:
            self.slots.release()

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self.sock, event)
        if self.broken or not poll.poll(max(0.0, self.deadline() - time.monotonic()) * 1000):
            self._give_up()

    def _give_up(self) -> None:
        self.broken = True
        raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")


def is_complete(request: bytearray) -> bool | None:
    """Whether all of the request is there; None when its body is to be read by a thread for uploads."""
    end = request.find(b"\r\n\r\n")
    if end < 0:
        return len(request) >= BUFFER  # longer than any head that gunicorn accepts: it refuses
    head = bytes(request[: end + 2])
    if NOT_BUFFERED.search(head):
        return None
    length = LENGTH.search(head)
    missing = end + 4 + (int(length[1]) if length else 0) - len(request)
    if missing > 0 and end + 4 + int(length[1] if length else 0) > BUFFER:
        return None
    return missing <= 0


class Connection(TConn):
    """`expires` while it waits in the poller; `keep` when another request may follow."""

    sock: Channel
    expires = 0.0
    keep = True
    closing = False


class BufferingWorker(ThreadWorker):
    """Connections wait in the poller, each with a deadline; at the limit the one that waits longest goes."""

    patience = 10.0
    limit = 500

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.worker_connections = self.limit + 1  # it never stops to accept: `accept` makes room
        self.waiting: dict[Connection, None] = {}  # the longest first
        self.next_sweep = 0.0
        self.slots = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))

    def init_process(self) -> None:
        self.uploads = futures.ThreadPoolExecutor(max_workers=UPLOADS)
        super().init_process()

    # Connections come

    def accept(self, listener: Any) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        if self.nr_conns >= self.limit and not self._make_room():
            client.close()
            return
        self.nr_conns += 1
        channel = Channel(client, self.patience, self.slots)
        conn = Connection(self.cfg, channel, address, listener.getsockname())
        self._wait(conn, selectors.EVENT_READ, self._read, self.patience)
        self._read(conn)

    def _make_room(self) -> bool:
        for conn in self.waiting:
            self._drop(conn)
            return True
        return False

    # They wait in the poller

    def _wait(self, conn: Connection, event: int, act: Callable[[Connection], None], seconds: float) -> None:
        conn.expires = time.monotonic() + seconds
        self.waiting[conn] = None

        def dispatch(_sock: Channel) -> None:
            if conn in self.waiting:  # an event before this one may have closed it
                act(conn)

        self.poller.register(conn.sock, event, dispatch)

    def _leave(self, conn: Connection) -> None:
        if conn in self.waiting:
            del self.waiting[conn]
            self.poller.unregister(conn.sock)

    def _drop(self, conn: Connection) -> None:
        self._leave(conn)
        self.nr_conns -= 1
        conn.sock.close()

    def _read(self, conn: Connection) -> None:
        begun = bool(conn.sock.received)
        try:
            more = conn.sock.fill()
        except BlockingIOError:
            return
        except OSError:
            more = False
        if not more:
            self._drop(conn)
            return
        if not begun:
            conn.expires = time.monotonic() + self.patience
        self._begin_if_complete(conn)

    def _begin_if_complete(self, conn: Connection) -> None:
        complete = is_complete(conn.sock.received)
        if complete is not False:
            self._leave(conn)
            conn.sock.begin()
            conn.data_ready, conn.sock.uploading = True, complete is None
            pool = self.tpool if complete else self.uploads
            job = pool.submit(self.handle, conn)
            job.add_done_callback(partial(self.method_queue.defer, self.finish_request, conn))

    # An answer was made

    def finish_request(self, conn: Connection, job: Any) -> None:
        with suppress(Exception):
            conn.keep = bool(job.result())
            if conn.parser:
                conn.sock.received[:0] = conn.parser.unreader.take_buffered()
        if job.cancelled() or job.exception() or conn.sock.broken or conn.sock.fileno() < 0:
            self._drop(conn)
        elif conn.sock.pending:
            self._wait(conn, selectors.EVENT_WRITE, self._write, self.patience)
        else:
            self._go_on(conn)

    def _write(self, conn: Connection) -> None:
        try:
            conn.sock.flush()
        except OSError:
            self._drop(conn)
            return
        conn.expires = conn.sock.deadline()
        if not conn.sock.pending:
            self._leave(conn)
            self._go_on(conn)

    def _go_on(self, conn: Connection) -> None:
        """Wait for the next request, part of which may be here, or close as RFC 9112 §9.6 says."""
        if not conn.keep:
            self._close(conn)
            return
        begun = bool(conn.sock.received)
        seconds = self.patience if begun else KEEP_ALIVE if self.alive else LINGER
        self._wait(conn, selectors.EVENT_READ, self._read, seconds)
        if begun:
            self._begin_if_complete(conn)

    def _close(self, conn: Connection) -> None:
        conn.closing = True
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
        else:
            self._wait(conn, selectors.EVENT_READ, self._drain, LINGER)

    def _drain(self, conn: Connection) -> None:
        conn.sock.received.clear()
        try:
            more = conn.sock.fill()
        except BlockingIOError:
            return
        except OSError:
            more = False
        if not more:
            self._drop(conn)

    # Time passes

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(min(timeout, SWEEP))

    def murder_pending(self) -> None:
        """Close what waits beyond its deadline."""
        now = time.monotonic()
        if now < self.next_sweep:
            return
        self.next_sweep = now + SWEEP
        for conn in [conn for conn in self.waiting if conn.expires <= now]:
            if conn.sock.received and not conn.closing and not conn.sock.pending:
                with suppress(OSError):
                    conn.sock.sock.send(TOO_LATE)
            self._drop(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        if force:
            for conn in list(self.waiting):
                self._drop(conn)
            self.uploads.shutdown(wait=False)

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self.waiting:
            conn.expires = min(conn.expires, deadline)
