"""What lies in deploy/ is at least what its programs can read."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from siteloop.entry.engines.nats import binary
from siteloop.entry.role import EDGE, ROLES

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def _services(path: Path) -> dict[str, str]:
    """Name -> text of each service."""
    body = path.read_text().partition("\nservices:\n")[2].partition("\nvolumes:")[0]
    parts = re.split(r"(?m)^  (\S+):", body)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(
    "path", sorted(DEPLOY.rglob("compose.yaml")), ids=lambda p: str(p.relative_to(DEPLOY))
)
def test_a_composition_names_only_what_it_has(path: Path) -> None:
    text, services = path.read_text(), _services(path)
    for role in re.findall(r'"--role", "(\w+)"', text):
        assert role in (*ROLES, EDGE)
    for needed in re.findall(r"depends_on: \[(.*?)\]", text):
        assert set(needed.split(", ")) <= set(services)
    named = set(re.findall(r"(\w+): \{\}", text))
    for source in re.findall(r'"([\w./-]+):/', text):
        assert source in named or (path.parent / source).exists(), source


def test_the_cluster_has_two_of_each_role_and_three_servers() -> None:
    services = _services(DEPLOY / "cluster/compose.yaml")
    for role in ROLES:
        assert {f"{role}-a", f"{role}-b"} <= set(services)
    assert {"n1", "n2", "n3"} <= set(services)


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("nats.conf")), ids=lambda p: str(p.relative_to(DEPLOY)))
def test_the_server_accepts_its_configuration(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    assert "sync_interval: always" in text
    config = tmp_path / "nats.conf"
    config.write_text(text.replace("/data", str(tmp_path / "data")))
    words = {"NODE": "n1", "BUS_TOKEN": "a-token", "ROUTE_PASSWORD": "a-word"}
    done = subprocess.run(
        [binary(), "-t", "-c", str(config)],
        env={**os.environ, **words},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here to ask")
@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.service")), ids=lambda p: p.name)
def test_systemd_understands_the_unit(path: Path, tmp_path: Path) -> None:
    # the program lies elsewhere on the target machine: any program stands for it here
    unit = tmp_path / path.name.replace("@", "@sink")
    unit.write_text(path.read_text().replace("/opt/siteloop/.venv/bin/python", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    about_us = [line for line in done.stderr.splitlines() if path.stem.split("@")[0] in line]
    assert done.returncode == 0 and not about_us, done.stderr
