"""What the environment says about edges, and the configurations that come of it, accepted by the server itself."""

import subprocess
from pathlib import Path

import pytest

from siteloop.entry import edges
from siteloop.entry.engines.nats import Nats, binary
from siteloop.entry.engines.nats_links import LeafDoor, Tls, Uplink
from siteloop.entry.trouble import Trouble


def test_edges_and_their_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITELOOP_EDGES", "gate-1:a-secret-word=12,15; gate-2:another_secret=18")
    assert edges.seats() == {"gate-1": (12, 15), "gate-2": (18,)}
    monkeypatch.setenv("SITELOOP_LEAF", "0.0.0.0:7422")
    door = edges.door()
    assert door is not None
    assert (door.port, door.secrets) == (7422, {"gate-1": "a-secret-word", "gate-2": "another_secret"})


@pytest.mark.parametrize(
    "text",
    [
        "gate",
        "Gate:a-secret-word=1",
        "gate:short=1",
        "gate:a-secret-word=x",
        "g:a-secret-word=1;g:a-secret-word=2",
    ],
)
def test_senseless_edges_are_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SITELOOP_EDGES", text)
    with pytest.raises(Trouble, match="SITELOOP_EDGES"):
        edges.seats()


def test_a_door_nobody_may_use_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITELOOP_LEAF", "127.0.0.1:7422")
    monkeypatch.delenv("SITELOOP_EDGES", raising=False)
    with pytest.raises(Trouble, match="SITELOOP_EDGES"):
        edges.door()
    monkeypatch.setenv("SITELOOP_EDGES", "gate=1")
    with pytest.raises(Trouble, match="gate"):
        edges.door()


@pytest.mark.parametrize("text", ["", "centre:7422", "http://centre:7422", 'tls://a"b:7422'])
def test_an_uplink_needs_an_address(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SITELOOP_EDGE_NAME", "gate-1")
    monkeypatch.setenv("SITELOOP_EDGE_UPLINK", text)
    with pytest.raises(Trouble, match="SITELOOP_EDGE_UPLINK"):
        edges.uplink()


def test_an_edge_needs_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SITELOOP_EDGE_NAME", raising=False)
    with pytest.raises(Trouble, match="SITELOOP_EDGE_NAME"):
        edges.name()


def _accepted(server: Nats, folder: Path) -> str:
    server.port, server.token, server.folder = 4999, "a-token", folder
    config = folder / "nats.conf"
    config.write_text(server._config())
    done = subprocess.run([binary(), "-t", "-c", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return config.read_text()


def test_the_server_accepts_what_is_written(tmp_path: Path) -> None:
    plain = _accepted(Nats(tmp_path), tmp_path)
    assert "leafnodes" not in plain and 'token: "a-token"' in plain
    door = LeafDoor("127.0.0.1", 7422, {"gate-1": "a-secret-word"})
    assert "_INBOX_gate-1.>" in _accepted(Nats(tmp_path, door=door), tmp_path)
    assert Nats(tmp_path, door=door).url.startswith("nats://siteloop:")
    up = Uplink("gate-1", ("tls://gate-1:a-secret-word@centre:7422",))
    assert 'domain: "edge-gate-1"' in _accepted(Nats(tmp_path, uplink=up), tmp_path)


def test_tls_is_written_where_it_is_asked_for() -> None:
    assert Tls().text(True) == ""
    assert "verify: true" in Tls("ca.pem", "cert.pem", "key.pem").text(True)
    assert Tls(ca="ca.pem").text(False) == 'tls { ca_file: "ca.pem" }'
    up = Uplink("gate-1", ("tls://centre:7422",), "/etc/gate.creds", Tls(ca="ca.pem"))
    assert 'credentials: "/etc/gate.creds", tls { ca_file: "ca.pem" }' in up.text()
