"""Attachments on disk: sealed piece by piece while they arrive, so that no disk ever has them in the clear.

A piece's nonce is its number and whether it is the last, so that none can be changed, moved, or cut off.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from secure_messages.sealing import NONCE, Unreadable, derived

PIECE = 1024 * 1024
TAG = 16
FORGOTTEN_AFTER = 24 * 3600  # seconds until a file that belongs to no message is an upload that broke off


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(NONCE - 1) + bytes([last])


class Incoming:
    """A file as far as an upload writes one; what is not kept is removed when it is closed."""

    def __init__(self, folder: Path, key: bytes):
        self.id = str(uuid.uuid4())
        self.bytes = 0
        self._path = folder / self.id
        self._cipher = AESGCM(derived(key, f"file {self.id}"))
        self._digest = hashlib.sha256()
        self._rest = bytearray()
        self._pieces = 0
        self._file: IO[bytes] | None = None
        self._kept = False

    def write(self, content: bytes) -> int:
        self._digest.update(content)
        self.bytes += len(content)
        self._rest += content
        while len(self._rest) > PIECE:
            self._seal(PIECE, last=False)
        return len(content)

    def seek(self, *_: int) -> int:
        """Whoever parses an upload rewinds what has arrived, to be read. Ours is read by nobody: all of it goes
        to the disk, so that it takes no memory while it waits for the end of the form."""
        self._seal(PIECE, last=True)
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return 0

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def keep(self) -> None:
        self._kept = True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        if not self._kept:
            self._path.unlink(missing_ok=True)

    def _seal(self, most: int, last: bool) -> None:
        piece, self._rest = bytes(self._rest[:most]), self._rest[most:]
        if self._file is None:
            self._file = self._path.open("xb")
        self._file.write(self._cipher.encrypt(_nonce(self._pieces, last), piece, None))
        self._pieces += 1


class Folder:
    """Where sealed attachments lie, each in a file of its id."""

    def __init__(self, path: Path):
        path.mkdir(parents=True, exist_ok=True)
        self.path = path

    def incoming(self, key: bytes) -> Incoming:
        return Incoming(self.path, key)

    def read(self, id_: str, key: bytes) -> Iterator[bytes]:
        """The content, piece by piece; Unreadable, at the latest at its end, when it is not as it was."""
        cipher, number = AESGCM(derived(key, f"file {id_}")), 0
        with (self.path / id_).open("rb") as file:
            piece = file.read(PIECE + TAG)
            while piece:
                following = file.read(PIECE + TAG)
                try:
                    yield cipher.decrypt(_nonce(number, not following), piece, None)
                except InvalidTag as error:
                    raise Unreadable(id_) from error
                piece, number = following, number + 1

    def remove(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            (self.path / id_).unlink(missing_ok=True)

    def strangers(self, older_than: float = FORGOTTEN_AFTER) -> list[str]:
        """Files that have been there for so long that they belong to a message, if they belong to any."""
        before = time.time() - older_than
        return [path.name for path in self.path.iterdir() if path.stat().st_mtime < before]
