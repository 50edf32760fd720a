"""Device profiles: which quantities one kind of device reports, in which unit, within which physics.

A profile fixes the column order of its telemetry table and of every `Block` about it. Fields are only added
at the end; a field is never renamed or moved. Physical bounds are what the quantity can be at all, not a limit
(limits come from packs).
"""

from enum import StrEnum

import msgspec


class Averaging(StrEnum):
    """How values of a field are averaged (standards.md section 10)."""

    ARITHMETIC = "arithmetic"
    ENERGY = "energy"  # 10·log10(mean(10^(L/10))): sound levels
    VECTOR = "vector"  # direction in degrees, unit vectors
    LAST = "last"  # states and counters: the last value


class Field(msgspec.Struct, frozen=True):
    """One quantity of a profile."""

    name: str  # column name, quantity; the unit stands beside it
    title: str
    title_en: str
    unit: str
    low: float  # physical bounds, inclusive
    high: float
    averaging: Averaging = Averaging.ARITHMETIC
    decimals: int = 1


class Profile(msgspec.Struct, frozen=True):
    """One kind of device. `code` names the telemetry table, the MQTT topic and the HTTP path."""

    code: str
    title: str
    title_en: str
    fields: tuple[Field, ...]

    def index(self, name: str) -> int:
        """Column of a field. Raises KeyError for an unknown name."""
        for i, field in enumerate(self.fields):
            if field.name == name:
                return i
        raise KeyError(name)


A, E, V, L = Averaging.ARITHMETIC, Averaging.ENERGY, Averaging.VECTOR, Averaging.LAST

DUST = Profile(
    "dust",
    "扬尘噪声监测",
    "Dust and noise monitor",
    (
        Field("pm25", "PM2.5", "PM2.5", "µg/m³", 0, 20_000),
        Field("pm10", "PM10", "PM10", "µg/m³", 0, 50_000),
        Field("tsp", "TSP", "TSP", "µg/m³", 0, 100_000),
        Field("noise", "噪声", "Noise", "dB(A)", 0, 160, E),
        Field("temperature", "温度", "Temperature", "℃", -60, 70),
        Field("humidity", "湿度", "Humidity", "%", 0, 100),
        Field("pressure", "气压", "Pressure", "kPa", 40, 120),
        Field("wind_speed", "风速", "Wind speed", "m/s", 0, 90),
        Field("wind_direction", "风向", "Wind direction", "°", 0, 360, V, 0),
    ),
)

SPRAYER = Profile(
    "sprayer",
    "喷淋雾炮",
    "Sprayer or fog cannon",
    (
        Field("running", "运行", "Running", "", 0, 1, L, 0),
        Field("flow", "流量", "Flow", "m³/h", 0, 10_000),
        Field("water_pressure", "水压", "Water pressure", "MPa", 0, 100, A, 2),
        Field("run_seconds", "本次运行时长", "Run time", "s", 0, 1_000_000, L, 0),
    ),
)

#: largest whole number a column keeps exactly (float32): sets of bits use bits 0..23
ALL_BITS = float(2**24 - 1)
HALF_WORD = 65_535.0

TOWER_CRANE = Profile(
    "tower_crane",
    "塔式起重机",
    "Tower crane",
    (
        Field("hook_height", "吊钩高度", "Hook height", "m", -100, 1_000),
        Field("radius", "幅度", "Radius", "m", 0, 150),
        Field("slewing", "回转角", "Slewing angle", "°", 0, 360, V),
        Field("load", "起重量", "Load", "t", -5, 1_000, A, 3),
        Field("load_percent", "起重量百分比", "Load of rated", "%", -10, 1_000),
        Field("moment", "力矩", "Moment", "t·m", -50, 100_000),
        Field("moment_percent", "力矩百分比", "Moment of rated", "%", -10, 1_000),
        Field("wind_speed", "风速", "Wind speed", "m/s", 0, 90),
        Field("tilt_x", "倾角 X", "Tilt X", "°", -90, 90, A, 2),
        Field("tilt_y", "倾角 Y", "Tilt Y", "°", -90, 90, A, 2),
        Field("falls", "倍率", "Falls of rope", "", 1, 16, L, 0),
        # sets of bits; what a bit means is said in kernel.lifting
        Field("limit_bits", "限位状态", "Limit switches", "", 0, ALL_BITS, L, 0),
        Field("sensor_bits", "传感器状态", "Sensor state", "", 0, ALL_BITS, L, 0),
        Field("warning_bits", "预警", "Warnings", "", 0, ALL_BITS, L, 0),
        Field("alarm_bits", "报警", "Alarms", "", 0, ALL_BITS, L, 0),
    ),
)

CRANE_CYCLE = Profile(
    "crane_cycle",
    "塔机工作循环",
    "Crane work cycle",
    (
        Field("duration", "循环时长", "Duration", "s", 0, 86_400, A, 0),
        Field("max_load", "最大起重量", "Largest load", "t", -5, 1_000, A, 3),
        Field("max_moment_percent", "最大力矩百分比", "Largest moment of rated", "%", -10, 1_000),
        Field("max_height", "最大高度", "Greatest height", "m", -100, 1_000),
        Field("min_height", "最小高度", "Least height", "m", -100, 1_000),
        Field("max_radius", "最大幅度", "Greatest radius", "m", 0, 150),
        Field("min_radius", "最小幅度", "Least radius", "m", 0, 150),
        Field("pick_slewing", "起吊点回转角", "Slewing at pick-up", "°", 0, 360, V),
        Field("pick_radius", "起吊点幅度", "Radius at pick-up", "m", 0, 150),
        Field("pick_height", "起吊点高度", "Height at pick-up", "m", -100, 1_000),
        Field("drop_slewing", "卸吊点回转角", "Slewing at unloading", "°", 0, 360, V),
        Field("drop_radius", "卸吊点幅度", "Radius at unloading", "m", 0, 150),
        Field("drop_height", "卸吊点高度", "Height at unloading", "m", -100, 1_000),
    ),
)

HOIST = Profile(
    "hoist",
    "施工升降机",
    "Construction hoist",
    (
        Field("cage", "吊笼（0 左 1 右）", "Cage (0 left, 1 right)", "", 0, 1, L, 0),
        Field("load", "载重", "Load", "kg", -500, 20_000, A, 0),
        Field("load_percent", "载重百分比", "Load of rated", "%", -10, 1_000),
        Field("persons", "人数", "Persons", "", 0, 100, L, 0),
        Field("direction", "方向（0 停 1 上 2 下）", "Direction (0 stop, 1 up, 2 down)", "", 0, 2, L, 0),
        Field("height", "高度", "Height", "m", -100, 1_000),
        Field("floor", "楼层", "Floor", "", -20, 300, L, 0),
        Field("speed", "速度", "Speed", "m/s", 0, 10, A, 2),
        Field("tilt_x", "倾角 X", "Tilt X", "°", -90, 90, A, 2),
        Field("tilt_y", "倾角 Y", "Tilt Y", "°", -90, 90, A, 2),
        Field("wind_speed", "风速", "Wind speed", "m/s", 0, 90),
        Field("state_bits", "门与安全装置", "Doors and safety device", "", 0, ALL_BITS, L, 0),
        Field("sensor_bits", "传感器状态", "Sensor state", "", 0, ALL_BITS, L, 0),
        Field("warning_bits", "预警", "Warnings", "", 0, ALL_BITS, L, 0),
        Field("alarm_bits", "报警", "Alarms", "", 0, ALL_BITS, L, 0),
    ),
)

HOIST_CYCLE = Profile(
    "hoist_cycle",
    "升降机工作循环",
    "Hoist work cycle",
    (
        Field("duration", "循环时长", "Duration", "s", 0, 86_400, A, 0),
        Field("load", "载重", "Load", "kg", -500, 20_000, A, 0),
        Field("load_percent", "载重百分比", "Load of rated", "%", -10, 1_000),
        Field("start_height", "起点高度", "Start height", "m", -100, 1_000),
        Field("end_height", "终点高度", "End height", "m", -100, 1_000),
        Field("travel", "行程", "Travel", "m", 0, 1_000),
        Field("direction", "方向（1 上 2 下）", "Direction (1 up, 2 down)", "", 0, 2, L, 0),
        Field("mean_speed", "平均速度", "Mean speed", "m/s", 0, 10, A, 2),
        Field("persons", "人数", "Persons", "", 0, 100, L, 0),
    ),
)

VEHICLE = Profile(
    "vehicle",
    "车载终端",
    "Vehicle terminal",
    (
        # a column holds degrees to 0.000008°, less than a metre
        Field("lon", "经度", "Longitude", "°", -180, 180, L, 6),
        Field("lat", "纬度", "Latitude", "°", -90, 90, L, 6),
        Field("altitude", "海拔", "Altitude", "m", -500, 9_000, A, 0),
        Field("speed", "速度", "Speed", "km/h", 0, 300),
        Field("heading", "方向", "Heading", "°", 0, 360, V, 0),
        Field("mileage", "里程", "Mileage", "km", 0, 10_000_000, L),
        Field("fuel", "油量", "Fuel", "L", 0, 10_000, L),
        Field("recorder_speed", "行驶记录速度", "Recorder speed", "km/h", 0, 300),
        Field(
            "load_state",
            "载荷（0 空 1 半 2 保留 3 满）",
            "Load (0 empty, 1 half, 2 reserved, 3 full)",
            "",
            0,
            3,
            L,
            0,
        ),
        Field("satellites", "卫星数", "Satellites", "", 0, 255, L, 0),
        Field("signal", "信号强度", "Signal", "", 0, 255, L, 0),
        # two halves of a 32-bit word each: a column keeps 24 bits exactly
        Field("status_low", "状态位 0-15", "Status bits 0-15", "", 0, HALF_WORD, L, 0),
        Field("status_high", "状态位 16-31", "Status bits 16-31", "", 0, HALF_WORD, L, 0),
        Field("alarm_low", "报警位 0-15", "Alarm bits 0-15", "", 0, HALF_WORD, L, 0),
        Field("alarm_high", "报警位 16-31", "Alarm bits 16-31", "", 0, HALF_WORD, L, 0),
    ),
)

WEIGHBRIDGE = Profile(
    "weighbridge",
    "地磅",
    "Weighbridge",
    (
        Field("gross", "毛重", "Gross weight", "kg", -10_000, 200_000, L, 0),
        Field("tare", "皮重", "Tare weight", "kg", 0, 200_000, L, 0),
        Field("net", "净重", "Net weight", "kg", -200_000, 200_000, L, 0),
        Field("stable", "稳定", "Stable", "", 0, 1, L, 0),
    ),
)

#: what tells events, not quantities: its signs of life are its readings
CAMERA = Profile("camera", "摄像机", "Camera", (Field("alive", "在线信号", "Sign of life", "", 0, 1, L, 0),))
GATE = Profile(
    "gate", "门禁闸机", "Access gate", (Field("alive", "在线信号", "Sign of life", "", 0, 1, L, 0),)
)

#: one point of a pit's monitoring, whatever instrument watches it: level, total station, inclinometer, pressure cell, load cell
PIT = Profile(
    "pit",
    "基坑监测点",
    "Pit monitoring point",
    (
        # displacements since the first reading; which way is positive says the monitoring plan
        Field("horizontal", "水平位移", "Horizontal displacement", "mm", -5_000, 5_000, A, 2),
        Field("vertical", "竖向位移（沉降）", "Vertical displacement", "mm", -5_000, 5_000, A, 2),
        Field("deep_horizontal", "深层水平位移", "Deep horizontal displacement", "mm", -5_000, 5_000, A, 2),
        Field("tilt", "倾斜", "Tilt", "°", -90, 90, A, 3),
        Field("water_level", "地下水位", "Groundwater level", "m", -200, 200, A, 3),
        Field("earth_pressure", "土压力", "Earth pressure", "kPa", -1_000, 20_000),
        Field("water_pressure", "孔隙水压力", "Pore water pressure", "kPa", -1_000, 20_000),
        Field("axial_force", "支撑轴力", "Axial force", "kN", -100_000, 100_000),
        Field("crack", "裂缝宽度", "Crack width", "mm", -100, 1_000, A, 2),
    ),
)

CURING_ROOM = Profile(
    "curing_room",
    "标准养护室",
    "Curing room",
    (
        Field("temperature", "温度", "Temperature", "℃", -60, 100),
        Field("humidity", "湿度", "Humidity", "%", 0, 100),
    ),
)

ENERGY_METER = Profile(
    "energy_meter",
    "能耗计量",
    "Energy meter",
    (
        # a column keeps a counter exactly up to 16.7 million
        Field("energy", "电能示数", "Energy", "kWh", 0, 16_000_000, L),
        Field("power", "功率", "Power", "kW", -10_000, 100_000, A, 2),
        Field("water", "用水示数", "Water", "m³", 0, 16_000_000, L),
    ),
)

#: where a device says it stands: told beside its readings by whatever device knows it
POSITION = Profile(
    "position",
    "设备自报位置",
    "Position told by a device",
    (
        Field("lon", "经度", "Longitude", "°", -180, 180, L, 6),
        Field("lat", "纬度", "Latitude", "°", -90, 90, L, 6),
    ),
)

PROFILES: dict[str, Profile] = {
    p.code: p
    for p in (
        DUST,
        SPRAYER,
        TOWER_CRANE,
        CRANE_CYCLE,
        HOIST,
        HOIST_CYCLE,
        VEHICLE,
        WEIGHBRIDGE,
        CAMERA,
        GATE,
        POSITION,
        PIT,
        CURING_ROOM,
        ENERGY_METER,
    )
}

#: profiles whose devices push events
EVENT_SOURCES: frozenset[str] = frozenset({CAMERA.code, GATE.code})

#: profiles of records that a device of another profile sends beside its readings: never a device's own
RECORDS: frozenset[str] = frozenset({CRANE_CYCLE.code, HOIST_CYCLE.code, POSITION.code})
