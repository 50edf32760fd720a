"""Cameras and gates that push events: the HTTP bodies each maker sends."""

import base64
import json

from siteloop.kernel.times import SECOND, SHANGHAI, from_us

BOUNDARY = "boundary"
PICTURE = b"\xff\xd8\xff\xe0 a picture of a simulator \xff\xd9"


class Camera:
    """One device. Every method gives (Content-Type, body) of one push."""

    def __init__(self, code: str, channel: int = 1) -> None:
        self.code, self.channel = code, channel
        self.told = 0  # events so far, the number of the next one

    def hikvision(self, event_type: str, at_us: int, picture: bytes = PICTURE) -> tuple[str, bytes]:
        """An `EventNotificationAlert` in XML with its picture."""
        xml = self._alert(event_type, "active", at_us)
        return self._multipart([("application/xml", xml), (_type_of(picture), picture)])

    def alive(self, maker: str, at_us: int) -> tuple[str, bytes]:
        """A sign of life as the maker words it."""
        if maker == "hikvision":
            return "application/xml", self._alert("videoloss", "inactive", at_us)
        if maker == "dahua":
            return "text/plain", b"Heartbeat\r\n"
        return "application/json", json.dumps({"type": "heartbeat", "device": self.code}).encode()

    def _alert(self, event_type: str, state: str, at_us: int) -> bytes:
        told = from_us(at_us).astimezone(SHANGHAI).isoformat(timespec="seconds")
        self.told += 1
        return (
            '<?xml version="1.0" encoding="UTF-8"?><EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
            f"<deviceID>{self.code}</deviceID><channelID>{self.channel}</channelID><dateTime>{told}</dateTime>"
            f"<activePostCount>{self.told}</activePostCount><eventType>{event_type}</eventType><eventState>{state}</eventState></EventNotificationAlert>"
        ).encode()

    def hikvision_gate(self, person: str, at_us: int, is_in: bool = True) -> tuple[str, bytes]:
        """A passage in JSON."""
        told = from_us(at_us).astimezone(SHANGHAI).isoformat(timespec="seconds")
        self.told += 1
        gate = {
            "majorEventType": 5,
            "subEventType": 75,
            "employeeNoString": person,
            "currentVerifyMode": "face",
            "attendanceStatus": "checkIn" if is_in else "checkOut",
            "serialNo": self.told,
            "currentEvent": True,
            "doorNo": 1,
        }
        body = {
            "deviceID": self.code,
            "channelID": self.channel,
            "dateTime": told,
            "eventType": "AccessControllerEvent",
            "eventState": "active",
            "AccessControllerEvent": gate,
        }
        return "application/json", json.dumps(body).encode()

    def dahua(self, code: str, at_us: int, picture: bytes = PICTURE) -> tuple[str, bytes]:
        """Lines of an event with its picture."""
        self.told += 1
        text = (
            f"Events[0].EventBaseInfo.Code={code}\r\nEvents[0].EventBaseInfo.Action=Pulse\r\n"
            f"Events[0].EventBaseInfo.Index={self.channel - 1}\r\nEvents[0].RealUTC={at_us // SECOND}\r\n"
            f"Events[0].SerialNo={self.code}\r\nEvents[0].EventID={self.told}\r\n"
        )
        return self._multipart([("text/plain", text.encode()), (_type_of(picture), picture)])

    def plain(self, kind: str, at_us: int, picture: bytes = PICTURE) -> tuple[str, bytes]:
        """Our own JSON."""
        told = from_us(at_us).astimezone(SHANGHAI).isoformat(timespec="seconds")
        self.told += 1
        body = {
            "type": kind,
            "at": told,
            "device": self.code,
            "channel": self.channel,
            "serial": str(self.told),
        }
        body["picture_type"] = _type_of(picture)
        return "application/json", json.dumps(body | {"picture": base64.b64encode(picture).decode()}).encode()

    @staticmethod
    def _multipart(parts: list[tuple[str, bytes]]) -> tuple[str, bytes]:
        body = b"".join(
            f"--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            + data
            + b"\r\n"
            for kind, data in parts
        )
        return f"multipart/form-data; boundary={BOUNDARY}", body + f"--{BOUNDARY}--\r\n".encode()


def _type_of(picture: bytes) -> str:
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
