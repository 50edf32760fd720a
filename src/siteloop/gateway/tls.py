"""TLS of the devices' doors: one certificate for all of them, read again when its files change."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path


class BadCertificate(ValueError):
    """Certificate or key cannot be used; the text says which and why."""


@dataclass
class Certificate:
    """`chain` PEM: the certificate and those above it; `key` PEM without a passphrase."""

    chain: Path
    key: Path
    context: ssl.SSLContext = field(init=False)
    _seen: tuple[float, float] = field(init=False, default=(0.0, 0.0))

    def __post_init__(self) -> None:
        """Raises BadCertificate."""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load()

    def _times(self) -> tuple[float, float]:
        return self.chain.stat().st_mtime, self.key.stat().st_mtime

    def _load(self) -> None:
        try:
            self._seen = self._times()
            self.context.load_cert_chain(self.chain, self.key)
        except FileNotFoundError as lost:
            raise BadCertificate(f"证书或私钥文件不存在：{lost.filename}") from lost
        except (ssl.SSLError, OSError) as wrong:
            raise BadCertificate(f"证书 {self.chain} 与私钥 {self.key} 不能使用：{wrong}") from wrong

    def refresh(self) -> bool:
        """Use the files as they are now; whether they had changed. New connections get the new certificate.

        Raises BadCertificate; the old one then stays in use.
        """
        try:
            if self._times() == self._seen:
                return False
        except OSError as lost:
            raise BadCertificate(f"证书或私钥文件不可读：{lost}") from lost
        self._load()
        return True
