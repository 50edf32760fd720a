"""Bad input of each kind of design §7, over real sockets: the sender's answer, the ledger line, the bytes kept, and the sum.

"Each is refused or flagged with its reason, counted, and its raw frame kept in quarantine, never silently dropped."
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from siteloop.entry.testing_stack import Stack
from tests.county.caller import Caller
from tests.intake import senders
from tests.intake.senders import Sent, moment

DAY = 86_400
UNKNOWN = "NOBODY-REGISTERED-ME"


@dataclass
class Intake:
    """The running program with one device of this module, asked from outside."""

    stack: Stack
    admin: Caller
    code: str
    number: int
    token: str

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """SQL as the owner."""
        with psycopg.connect(self.stack.database_url) as connection:
            return connection.execute(question, values).fetchall()

    def newest(self) -> int:
        """Key of the last refused message."""
        return int(self.ask("SELECT coalesce(max(id), 0) FROM fast.quarantine")[0][0])

    def ledger(self, listener: str, code: str) -> dict[str, Any]:
        """The line of a device today, as the API tells it; an unknown sender's line has no code."""
        answer = self.admin.client.get("/api/v1/intake/ledger")
        answer.raise_for_status()
        body = answer.json()
        assert body["balanced"], body
        nothing = {"received": 0, "stored": 0, "control": 0, "flagged": 0, "rejected": {}}
        return next((x for x in body["lines"] if (x["listener"], x["device"]) == (listener, code)), nothing)


@pytest.fixture(scope="module")
def intake(county: Stack, ready: dict[str, Any]) -> Iterator[Intake]:
    admin = Caller(county.url, "admin", ready["password"])
    site = admin.client.get("/api/v1/registry/sites?page_size=1&state=under_construction").json()["results"][
        0
    ]
    made = admin.client.post(
        "/api/v1/registry/devices",
        json={"code": "BADINPUT0001", "profile": "dust", "site": site["id"], "password": "123456"},
    )
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    told = admin.client.post(f"/api/v1/registry/devices/{number}/actions/issue_token", json={})
    token = re.search(r"：(\S+)", told.json()["message"])
    assert token, told.text
    running = Intake(county, admin, "BADINPUT0001", number, token[1])
    # the listener has the device as soon as it takes a sound reading of it
    county.until(
        lambda: senders.http(county.url, running.code, running.token, {"pm25": 30})[0].answer == "202", 30
    )
    yield running
    admin.close()


@dataclass(frozen=True)
class Bad:
    """One kind of bad input: what the sender hears, which reason is told, and whose line it is counted on."""

    name: str
    listener: str
    answer: str
    reason: str
    spec: dict[str, Any]
    is_known: bool = True


#: HJ 212: no answer to what cannot be proven sound and the sender's own; what is understood is answered, so that it is not sent for ever
HJ212 = (
    Bad("unknown device", "hj212", "silence", "unknown_device", {"mn": UNKNOWN}, is_known=False),
    Bad("bad CRC", "hj212", "silence", "bad_crc", {"crc_off": 0x0101}),
    Bad("wrong length", "hj212", "silence", "wrong_length", {"length_off": 37}, is_known=False),
    Bad("wrong password", "hj212", "silence", "wrong_password", {"pw": "654321"}),
    Bad("wrong type of time", "hj212", "9014", "malformed", {"data_time": "yesterday"}),
    Bad("no value of this kind of device", "hj212", "9014", "no_values", {"items": "a99999-Rtd=1"}),
    Bad("in the future", "hj212", "9014", "in_the_future", {"age_s": -DAY}),
    Bad("too old", "hj212", "9014", "too_old", {"age_s": 60 * DAY}),
)
MQTT = (
    Bad("unknown device", "mqtt", "connack 4", "unknown_device", {"code": UNKNOWN}, is_known=False),
    Bad("wrong token", "mqtt", "connack 4", "wrong_password", {"token": "guess"}, is_known=False),
    Bad("wrong length", "mqtt", "closed", "malformed", {"packet": b"\x32\xff\xff\xff\xff\x01"}),
    Bad("not JSON", "mqtt", "puback", "malformed", {"payload": b'{"pm25": '}),
    Bad("wrong type", "mqtt", "puback", "wrong_type", {"payload": b'{"pm25": "high"}'}),
    Bad("in the future", "mqtt", "puback", "in_the_future", {"age_s": -DAY}),
    Bad("too old", "mqtt", "puback", "too_old", {"age_s": 60 * DAY}),
    Bad("another device's topic", "mqtt", "closed", "unsupported", {"topic": "siteloop/dust/ANOTHER"}),
)
HTTP = (
    Bad("unknown device", "http", "401", "unknown_device", {"code": UNKNOWN}, is_known=False),
    Bad("wrong token", "http", "401", "wrong_password", {"token": "guess"}, is_known=False),
    Bad("wrong length", "http", "413", "wrong_length", {"body": b"[" + b" " * 1_048_577}, is_known=False),
    Bad("not JSON", "http", "422", "malformed", {"body": b'{"pm25": '}),
    Bad("wrong type", "http", "422", "wrong_type", {"body": {"pm25": "high"}}),
    Bad("no value of this kind of device", "http", "422", "no_values", {"body": {"flags": {}}}),
    Bad("in the future", "http", "422", "in_the_future", {"age_s": -DAY}),
    Bad("too old", "http", "422", "too_old", {"age_s": 60 * DAY}),
)


def _send(intake: Intake, bad: Bad) -> Sent:
    spec = dict(bad.spec)
    if bad.listener == "hj212":
        qn, raw = senders.frame(spec.pop("mn", intake.code), **spec)
        return senders.hj212(intake.stack.hj212, intake.code, qn, raw)
    code, token = spec.pop("code", intake.code), spec.pop("token", intake.token)
    reading: dict[str, Any] = {"pm25": 36.0}
    if "age_s" in spec:
        reading["at"] = moment(spec.pop("age_s")).isoformat()
    if bad.listener == "mqtt":
        payload = spec.pop("payload", json.dumps(reading).encode())
        return senders.mqtt(intake.stack.mqtt, code, token, payload, **spec)
    sent, body = senders.http(intake.stack.url, code, token, spec.pop("body", reading))
    assert body["title"], "an answer says what is wrong"
    return sent


@pytest.mark.requirement("IOT-02", "DB-04", "SEC-09")
@pytest.mark.parametrize("bad", [*HJ212, *MQTT, *HTTP], ids=lambda b: f"{b.listener}: {b.name}")
def test_bad_input_is_refused_counted_and_kept(intake: Intake, bad: Bad) -> None:
    line = intake.code if bad.is_known else ""
    before, newest = intake.ledger(bad.listener, line), intake.newest()
    sent = _send(intake, bad)
    assert sent.answer == bad.answer

    mine = "SELECT listener, device, reason, detail, raw, peer FROM fast.quarantine WHERE id > %s AND listener = %s AND reason = %s ORDER BY id"
    intake.stack.until(lambda: intake.ask(mine, newest, bad.listener, bad.reason), 30)
    rows = intake.ask(mine, newest, bad.listener, bad.reason)
    assert {r[1] for r in rows} == {intake.number if bad.is_known else 0}
    assert all(r[3] and r[5] for r in rows), "what is wrong and where it came from are told"
    if sent.raw:
        kept = b"".join(bytes(r[4]) for r in rows)
        # a message stands on one row, or a broken one in pieces; of a huge one the beginning is kept
        assert kept.strip() == sent.raw.strip() or kept == sent.raw[:4096]

    after = intake.ledger(bad.listener, line)
    assert after["rejected"].get(bad.reason, 0) - before["rejected"].get(bad.reason, 0) == len(rows)
    # the rest of the connection (for HJ 212 a sound frame behind the bad one) was stored as ever: the line adds up
    assert after["received"] == after["stored"] + after["control"] + sum(after["rejected"].values())


#: values nobody can measure, or that are no numbers, do not cost the other values of the frame: they are stored with our flag
DOUBTED = (
    Bad("out of physics", "hj212", "9014", "out_of_physics", {"items": "a34004-Rtd=-7.0,a34002-Rtd=50.0"}),
    Bad("wrong type of value", "hj212", "9014", "no_value", {"items": "a34004-Rtd=high,a34002-Rtd=50.0"}),
    Bad("out of physics", "mqtt", "puback", "out_of_physics", {"payload": b'{"pm25": 999999, "pm10": 50}'}),
    Bad("out of physics", "http", "202", "out_of_physics", {"body": {"pm25": -7, "pm10": 50}}),
)


@pytest.mark.requirement("IOT-02", "DUST-12")
@pytest.mark.parametrize("bad", DOUBTED, ids=lambda b: f"{b.listener}: {b.name}")
def test_a_doubtful_value_is_stored_with_its_flag_and_its_frame(intake: Intake, bad: Bad) -> None:
    spec = dict(bad.spec)
    newest = max((r["at"] for r in _doubted(intake, bad)), default="")
    if bad.listener == "http":
        sent, _ = senders.http(intake.stack.url, intake.code, intake.token, spec["body"])
    else:
        sent = _send(intake, Bad(bad.name, bad.listener, bad.answer, bad.reason, spec))
    assert sent.answer == bad.answer

    # another way in may have brought one of the same flag before
    intake.stack.until(lambda: any(r["at"] > newest for r in _doubted(intake, bad)), 30)
    row = _doubted(intake, bad)[-1]
    assert row["quality"]["pm10"] == "normal"
    kept = intake.admin.client.get(f"/api/v1/telemetry/{intake.code}/raw", params={"at": row["at"]})
    assert kept.status_code == 200, kept.text
    assert bytes.fromhex(kept.json()["hex"]).strip() == sent.raw.strip()


def _doubted(intake: Intake, bad: Bad) -> list[dict[str, Any]]:
    """Stored rows with the flag this one gets, oldest first."""
    body = intake.admin.client.get(f"/api/v1/telemetry/{intake.code}/readings?step=raw").json()
    return [
        r for r in body["results"] if r["quality"].get("pm25") == bad.reason and r["values"].get("pm10") == 50
    ]


@pytest.mark.requirement("DB-04")
def test_a_new_devices_frames_come_in_after_it_was_registered(intake: Intake) -> None:
    """Quarantine to tables in three steps of an officer: see why, register, release."""
    qn, raw = senders.frame("LATEDEVICE0001")
    newest = intake.newest()
    assert senders.hj212(intake.stack.hj212, intake.code, qn, raw).answer == "silence"
    mine = "SELECT id FROM fast.quarantine WHERE id > %s AND device_code = 'LATEDEVICE0001'"
    intake.stack.until(lambda: intake.ask(mine, newest), 30)
    key = intake.ask(mine, newest)[0][0]
    path = f"/api/v1/telemetry/quarantine/{key}"
    early = intake.admin.client.post(f"{path}/actions/release", json={"reason": "新设备"})
    assert early.status_code == 409, early.text
    site = intake.admin.client.get("/api/v1/registry/sites?page_size=1").json()["results"][0]
    new = {"code": "LATEDEVICE0001", "profile": "dust", "site": site["id"], "password": "123456"}
    number = intake.admin.client.post("/api/v1/registry/devices", json=new).json()["id"]

    # the desk knows the device at once, the listener a moment later: until then it may say no, and asking again is right
    def released() -> bool:
        state = intake.admin.client.get(path).json()["state"]
        if state in ("kept", "refused"):
            intake.admin.client.post(f"{path}/actions/release", json={"reason": "新设备已登记"})
        return bool(state == "released")

    intake.stack.until(released, 60)
    intake.stack.until(lambda: intake.ask("SELECT 1 FROM telemetry.dust WHERE device = %s", number), 30)
    line = intake.ledger("release", "LATEDEVICE0001")
    assert (line["received"], line["stored"]) == (1, 1)
