"""Doors with TLS are refused clearly when the certificate is missing, and examined by the doctor."""

from dataclasses import replace
from pathlib import Path

import pytest

from siteloop.entry import doctor, environment
from siteloop.entry.supervisor import Supervisor
from siteloop.entry.trouble import Trouble
from siteloop.gateway.tests import certificates


def _closed(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    for name in ("HJ212", "MQTT", "JT808"):
        monkeypatch.setenv(f"SITELOOP_{name}", "127.0.0.1:0")
    monkeypatch.setenv("SITELOOP_MQTT_TLS", "127.0.0.1:0")
    return Supervisor(only=("listener",), quiet=True)


@pytest.mark.requirement("SEC-09")
def test_a_tls_door_without_a_certificate_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(Trouble, match="SITELOOP_TLS_CERT"):
        _closed(monkeypatch)._check_ports()
    chain, key = certificates.make(tmp_path)
    monkeypatch.setenv("SITELOOP_TLS_CERT", str(chain))
    monkeypatch.setenv("SITELOOP_TLS_KEY", str(tmp_path / "lost.pem"))
    with pytest.raises(Trouble, match="不存在"):
        _closed(monkeypatch)._check_ports()
    monkeypatch.setenv("SITELOOP_TLS_KEY", str(key))
    _closed(monkeypatch)._check_ports()


def test_the_doctor_looks_at_the_certificate(tmp_path: Path) -> None:
    env = replace(environment.read(), mqtt_tls="127.0.0.1:8883")
    assert [bool(c.mend) for c in doctor._certificate(env)] == [True]
    chain, key = certificates.make(tmp_path)
    good = replace(env, tls_chain=str(chain), tls_key=str(key))
    (check,) = doctor._certificate(good)
    assert "剩余 89 天" in check.found
    assert not check.mend
    chain.write_text("nothing")
    assert [bool(c.mend) for c in doctor._certificate(good)] == [True]
    assert list(doctor._certificate(replace(env, mqtt_tls=""))) == []
