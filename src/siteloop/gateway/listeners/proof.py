"""How a device proves who it is: by its token, or by HTTP digest (RFC 7616, MD5 with qop=auth, all that cameras speak).

The token before the newest one counts until its time is over. An unknown device costs as much time as a wrong token. Nonces
carry their own time and a keyed mark, so that nothing is kept for them but the counts that were used.
"""

import hashlib
import hmac
import secrets
import time
import urllib.request
from collections import OrderedDict

from siteloop.kernel.registry import DeviceEntry

REALM = "siteloop"
NONCE_S = 300
MOST_NONCES = 10_000
#: compared against when the device is unknown, so that both answers take the same time
_NOBODY = hashlib.sha256(b"").hexdigest()
_NOBODY_HA1 = "0" * 32


def digest(token: str) -> str:
    """SHA-256 of a token in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def is_good(device: DeviceEntry, told: str, now_us: int) -> bool:
    """Whether this digest of a token is one the device may use now."""
    newest = hmac.compare_digest(told, device.token_hash or _NOBODY) and bool(device.token_hash)
    before = hmac.compare_digest(told, device.token_hash_before or _NOBODY)
    return newest or (before and bool(device.token_hash_before) and now_us < device.before_until_us)


def by_token(device: DeviceEntry | None, token: str, now_us: int) -> bool:
    """Whether the token is the device's; takes as long for a device that does not exist."""
    told = digest(token)
    if device is None:
        hmac.compare_digest(told, _NOBODY)
        return False
    return is_good(device, told, now_us)


class Digest:
    """The challenge and the check of HTTP digest authentication, for one process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._counts: OrderedDict[str, set[int]] = OrderedDict()

    def _mark(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32]

    def challenge(self, is_stale: bool = False) -> str:
        """Value of WWW-Authenticate."""
        text = f"{int(time.time()):x}.{secrets.token_hex(4)}"
        stale = ", stale=true" if is_stale else ""
        return f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{text}.{self._mark(text)}"{stale}'

    def _is_ours(self, nonce: str) -> bool:
        text, _, mark = nonce.rpartition(".")
        if not hmac.compare_digest(mark, self._mark(text)):
            return False
        return time.time() - int(text.partition(".")[0], 16) < NONCE_S

    def _is_new(self, nonce: str, count: int) -> bool:
        """Each count of a nonce is used once."""
        used = self._counts.setdefault(nonce, set())
        if count in used or len(used) > 1000:
            return False
        used.add(count)
        if len(self._counts) > MOST_NONCES:
            self._counts.popitem(last=False)
        return True

    def check(
        self, header: str, method: str, path: str, device: DeviceEntry | None, now_us: int
    ) -> tuple[bool, bool]:
        """(is proven, is only too old: the client may repeat with a new nonce). `header` is what follows the scheme."""
        said = read_digest(header)
        if said.get("realm") != REALM or said.get("qop") != "auth" or said.get("uri") != path:
            return False, False
        known = [_NOBODY_HA1]
        if device is not None and device.ha1:
            known = [device.ha1]
            if device.ha1_before and now_us < device.before_until_us:
                known.append(device.ha1_before)
        ha2 = _md5(f"{method}:{path}")
        middle = ":".join(said.get(k, "") for k in ("nonce", "nc", "cnonce", "qop"))
        right = [hmac.compare_digest(_md5(f"{h}:{middle}:{ha2}"), said.get("response", "")) for h in known]
        if device is None or not device.ha1 or not any(right):
            return False, False
        try:
            count = int(said.get("nc", ""), 16)
        except ValueError:
            return False, False
        if not self._is_ours(said.get("nonce", "")) or not self._is_new(said["nonce"], count):
            return False, True
        return True, False


def read_digest(header: str) -> dict[str, str]:
    """`username="C1", nonce="…", nc=00000001` as a dict; at most 4 KiB are looked at."""
    return urllib.request.parse_keqv_list(
        [item for item in urllib.request.parse_http_list(header[:4096]) if item.partition("=")[2]]
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
