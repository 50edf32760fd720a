"""What is said about site edges in the environment: at the centre which edges there are, at an edge where its centre is."""

import os
import re
from urllib.parse import urlsplit

from siteloop.entry.engines.nats_links import LeafDoor, Tls, Uplink
from siteloop.entry.engines.processes import address
from siteloop.entry.trouble import Trouble

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
SECRET = re.compile(r"[A-Za-z0-9_-]{12,128}")
#: beginnings of addresses that a leaf connects to
SCHEMES = ("tls", "nats", "nats-leaf", "ws", "wss")


def _bad(name: str, chinese: str, english: str) -> Trouble:
    return Trouble(f"{name} {chinese}", f"{name} {english}")


def _each() -> list[tuple[str, str, tuple[int, ...]]]:
    """(name, secret, sites) of SITELOOP_EDGES = "name:secret=site,site;name:secret=site". Raises Trouble."""
    variable, found = "SITELOOP_EDGES", []
    for part in filter(None, (p.strip() for p in os.environ.get("SITELOOP_EDGES", "").split(";"))):
        who, equals, where = part.partition("=")
        name, _, secret = who.partition(":")
        sites = [s.strip() for s in where.split(",")]
        if not NAME.fullmatch(name) or not equals or not all(s.isdecimal() for s in sites):
            raise _bad(
                variable,
                "应写作 名称:口令=工地编号,工地编号;…（名称为小写字母、数字和短横线）",
                "must be name:secret=site,site;… (names of lower-case letters, digits, hyphens)",
            )
        if secret and not SECRET.fullmatch(secret):
            raise _bad(
                variable,
                f"中 {name} 的口令应为 12 位以上字母、数字、_ 或 -",
                f"the secret of {name} needs 12 or more letters, digits, _ or -",
            )
        found.append((name, secret, tuple(int(s) for s in sites)))
    if len({name for name, _, _ in found}) < len(found):
        raise _bad(variable, "中有重复的名称", "names an edge twice")
    return found


def seats() -> dict[str, tuple[int, ...]]:
    """The centre's edges and the sites each serves. Raises Trouble."""
    return {name: sites for name, _, sites in _each()}


def door() -> LeafDoor | None:
    """The door for edges of the embedded bus; None when SITELOOP_LEAF is not set. Raises Trouble."""
    text = os.environ.get("SITELOOP_LEAF", "")
    if not text:
        return None
    host, port = address(text)
    secrets = {name: secret for name, secret, _ in _each()}
    without = [name for name, secret in secrets.items() if not secret]
    if without or not secrets:
        raise _bad(
            "SITELOOP_EDGES",
            "中每个边缘节点都需要口令" if secrets else "未设置，SITELOOP_LEAF 无人可用",
            f"gives no secret for {', '.join(without)}"
            if secrets
            else "is not set, nobody may use SITELOOP_LEAF",
        )
    return LeafDoor(host, port, secrets, _tls("SITELOOP_LEAF"))


def name() -> str:
    """This edge's name. Raises Trouble."""
    text = os.environ.get("SITELOOP_EDGE_NAME", "")
    if not NAME.fullmatch(text):
        raise _bad(
            "SITELOOP_EDGE_NAME",
            "应为 1 至 32 位小写字母、数字或短横线，与中心 SITELOOP_EDGES 中的名称一致",
            "must be 1 to 32 lower-case letters, digits or hyphens, as in the centre's SITELOOP_EDGES",
        )
    return text


def uplink() -> Uplink:
    """This edge's way up. Raises Trouble."""
    urls = tuple(filter(None, (u.strip() for u in os.environ.get("SITELOOP_EDGE_UPLINK", "").split(","))))
    if not urls or any(
        urlsplit(u).scheme not in SCHEMES or not urlsplit(u).hostname or '"' in u for u in urls
    ):
        raise _bad(
            "SITELOOP_EDGE_UPLINK",
            "应为中心的地址，如 tls://名称:口令@中心主机:7422",
            "must be the centre's address, such as tls://name:secret@centre:7422",
        )
    return Uplink(name(), urls, os.environ.get("SITELOOP_EDGE_CREDENTIALS", ""), _tls("SITELOOP_EDGE"))


def _tls(prefix: str) -> Tls:
    get = os.environ.get
    return Tls(get(f"{prefix}_CA", ""), get(f"{prefix}_CERT", ""), get(f"{prefix}_KEY", ""))
