"""Messages of cameras and gates that the tests share."""

import datetime as dt
from collections.abc import Iterable

from siteloop.kernel.times import SHANGHAI, to_us

NOW = 1_790_000_000_000_000
JPEG = b"\xff\xd8\xff\xe0 a picture \r\n--boundary\r\n that holds the boundary \xff\xd9"

INTRUSION = b"""<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<ipAddress>192.0.2.10</ipAddress><portNo>80</portNo><protocol>HTTP</protocol><macAddress>44:19:b6:00:00:01</macAddress>
<channelID>1</channelID><dateTime>2026-03-04T05:06:07+08:00</dateTime><activePostCount>3</activePostCount>
<eventType>fielddetection</eventType><eventState>active</eventState><eventDescription>fielddetection alarm</eventDescription>
<DetectionRegionList><DetectionRegionEntry><regionID>1</regionID><RegionCoordinatesList>
<RegionCoordinates><positionX>100</positionX><positionY>200</positionY></RegionCoordinates>
<RegionCoordinates><positionX>400</positionX><positionY>200</positionY></RegionCoordinates>
<RegionCoordinates><positionX>400</positionX><positionY>600</positionY></RegionCoordinates>
</RegionCoordinatesList></DetectionRegionEntry></DetectionRegionList>
</EventNotificationAlert>"""
GATE_JSON = {
    "ipAddress": "192.0.2.11",
    "macAddress": "44:19:b6:00:00:02",
    "channelID": 1,
    "dateTime": "2026-03-04T05:06:07+08:00",
    "eventType": "AccessControllerEvent",
    "eventState": "active",
    "AccessControllerEvent": {
        "deviceName": "Access Controller",
        "majorEventType": 5,
        "subEventType": 75,
        "employeeNoString": "25",
        "name": "张三",
        "currentVerifyMode": "cardOrFace",
        "attendanceStatus": "checkIn",
        "serialNo": 123,
        "currentEvent": True,
        "doorNo": 1,
    },
}
GATE_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0"><ipAddress>192.0.2.10</ipAddress><dateTime>2026-03-04T05:06:07</dateTime>
<eventType>AccessControllerEvent</eventType><AccessControllerEvent><majorEventType>5</majorEventType><subEventType>37</subEventType>
<doorNo>1</doorNo><serialNo>12345</serialNo><currentEvent>false</currentEvent></AccessControllerEvent></EventNotificationAlert>"""
DAHUA_GATE = (
    b"Events[0].CardName=Li Si\r\nEvents[0].CardNo=0001\r\nEvents[0].Door=0\r\nEvents[0].EventBaseInfo.Action=Pulse\r\n"
    b"Events[0].EventBaseInfo.Code=AccessControl\r\nEvents[0].EventBaseInfo.Index=0\r\nEvents[0].Method=15\r\n"
    b"Events[0].RealUTC=1711203293\r\nEvents[0].RecNo=77\r\nEvents[0].Status=1\r\nEvents[0].Type=Entry\r\n"
    b"Events[0].UTC=1711232093\r\nEvents[0].UserID=29559\r\n"
)
DAHUA_PLATE = (
    b"Events[0].EventBaseInfo.Code=TrafficJunction\r\nEvents[0].EventBaseInfo.Action=Pulse\r\nEvents[0].EventBaseInfo.Index=2\r\n"
    b"Events[0].TrafficCar.PlateNumber=\xe6\xb5\x99F12345\r\nEvents[0].TrafficCar.PlateColor=Yellow\r\n"
    b"Events[0].TrafficCar.Lane=2\r\nEvents[0].UTC=1700000000\r\nEvents[0].UTCMS=250\r\n"
    b"Events[0].Object.BoundingBox[0]=2048\r\nEvents[0].Object.BoundingBox[1]=4096\r\n"
    b"Events[0].Object.BoundingBox[2]=4096\r\nEvents[0].Object.BoundingBox[3]=8190\r\n"
)
AT = to_us(dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=SHANGHAI))


def body_of(
    parts: Iterable[tuple[str, bytes, bool]], boundary: str = "boundary", closing: bool = True
) -> bytes:
    """Parts as cameras write them: with or without a declared length."""
    out = b""
    for kind, data, declares in parts:
        out += f"--{boundary}\r\nContent-Type: {kind}\r\n".encode()
        out += f"Content-Length: {len(data)}\r\n".encode() if declares else b""
        out += b"\r\n" + data + b"\r\n"
    return out + (f"--{boundary}--\r\n".encode() if closing else b"")
