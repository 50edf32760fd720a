"""The installation's keys, sealed by a passphrase: without them personal data of a backup cannot be read by anybody."""

import io
import os
import tarfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from siteloop.entry.trouble import Trouble

MARK = b"siteloop-keys-1\n"
SALT, NONCE = 16, 12
LEAST = 12  # characters of a passphrase


def seal(folder: Path, passphrase: str) -> bytes:
    """The regular files of `folder` as one sealed box. Raises Trouble for a passphrase that is too short."""
    if len(passphrase) < LEAST:
        raise Trouble(
            f"备份口令至少 {LEAST} 个字符（SITELOOP_BACKUP_PASSPHRASE）",
            f"the passphrase needs at least {LEAST} characters (SITELOOP_BACKUP_PASSPHRASE)",
        )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(p for p in folder.iterdir() if p.is_file()):
            tar.add(path, path.name)
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    return MARK + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, packed.getvalue(), MARK)


def unseal(box: bytes, passphrase: str, folder: Path) -> None:
    """Write the keys back, readable by the owner only. Raises Trouble for a wrong passphrase or a damaged box."""
    head = len(MARK) + SALT + NONCE
    salt, nonce = box[len(MARK) : len(MARK) + SALT], box[len(MARK) + SALT : head]
    try:
        if not box.startswith(MARK) or len(nonce) != NONCE:
            raise InvalidTag
        packed = AESGCM(_key(passphrase, salt)).decrypt(nonce, box[head:], MARK)
    except InvalidTag:
        raise Trouble(
            "口令不对，或密钥文件已损坏", "the passphrase is wrong or the key file is damaged"
        ) from None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(folder, filter="data")
    for path in folder.iterdir():
        path.chmod(0o600)


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
