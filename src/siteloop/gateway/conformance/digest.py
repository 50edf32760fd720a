"""HTTP authentication as cameras do it, from both sides: Digest with MD5 and qop=auth (RFC 7616), Basic (RFC 7617), Bearer."""

import base64
import binascii
import hashlib
import secrets
import urllib.request
from dataclasses import dataclass, field

REALM = "conformance"


@dataclass(frozen=True)
class Proof:
    """What an `Authorization` header says. `told` are the words of a digest."""

    scheme: str = ""  # digest | basic | bearer, "" = no proof
    code: str = ""
    token: str = ""  # of Basic and Bearer
    told: dict[str, str] = field(default_factory=dict)


def read(header: str) -> Proof:
    """The proof of a header."""
    scheme, _, told = header.partition(" ")
    match scheme.lower():
        case "digest":
            words = _words(told)
            return Proof("digest", words.get("username", ""), told=words)
        case "basic":
            try:
                code, _, token = base64.b64decode(told, validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                return Proof("basic")
            return Proof("basic", code, token)
        case "bearer" | "device":
            code, _, token = told.strip().rpartition(":")
            return Proof("bearer", code, token)
        case _:
            return Proof()


def _words(told: str) -> dict[str, str]:
    items = urllib.request.parse_http_list(told[:4096])
    return urllib.request.parse_keqv_list([item for item in items if item.partition("=")[2]])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _response(code: str, realm: str, token: str, verb: str, words: dict[str, str]) -> str:
    ha1, ha2 = _md5(f"{code}:{realm}:{token}"), _md5(f"{verb}:{words.get('uri', '')}")
    return _md5(":".join([ha1, *(words.get(k, "") for k in ("nonce", "nc", "cnonce", "qop")), ha2]))


class Asker:
    """The side that asks for a proof."""

    def __init__(self) -> None:
        self._used: dict[str, set[str]] = {}  # nonce -> counts

    def ways(self) -> tuple[str, str]:
        """Values of `WWW-Authenticate`, with a new nonce."""
        nonce = secrets.token_hex(16)
        self._used[nonce] = set()
        return f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{nonce}"', f'Basic realm="{REALM}"'

    def fault(self, proof: Proof, verb: str, path: str, code: str, token: str) -> str:
        """What is wrong with a proof, "" = nothing. An empty `code` or `token` is not asked for."""
        if not proof.code or (code and proof.code != code):
            return f"编码 {proof.code or '无'}"
        if proof.scheme != "digest":
            return "" if proof.token and token in ("", proof.token) else "令牌不符"
        words = proof.told
        if words.get("uri") != path or words.get("qop") != "auth" or words.get("realm") != REALM:
            return "Digest 的 uri、qop 或 realm 不符"
        if token and _response(proof.code, REALM, token, verb, words) != words.get("response"):
            return "Digest 的 response 不符"
        counts = self._used.get(words.get("nonce", ""))
        if counts is None or words.get("nc", "") in counts:
            return "nonce 不是本次给出的，或 nc 重复"
        counts.add(words.get("nc", ""))
        return ""


def prove(challenge: str, code: str, token: str, verb: str, path: str) -> str:
    """The `Authorization` that answers a digest challenge."""
    asked = _words(challenge.partition(" ")[2])
    words = {"nonce": asked.get("nonce", ""), "nc": "00000001", "cnonce": secrets.token_hex(8)}
    words |= {"qop": "auth", "uri": path}
    realm = asked.get("realm", "")
    response = _response(code, realm, token, verb, words)
    return (
        f'Digest username="{code}", realm="{realm}", nonce="{words["nonce"]}", uri="{path}", qop=auth, '
        f'nc={words["nc"]}, cnonce="{words["cnonce"]}", response="{response}", algorithm=MD5'
    )
