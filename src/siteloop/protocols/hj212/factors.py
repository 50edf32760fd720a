"""Factor codes ⇄ profile fields. Standard codes after HJ 212-2017 Annex B; private names as seen in the field (standards.md 1.5)."""

#: profile -> upper-case factor name -> field
FACTORS: dict[str, dict[str, str]] = {
    "dust": {
        "A34004": "pm25",
        "A34002": "pm10",
        "A34001": "tsp",
        "LA": "noise",
        "LEQ": "noise",
        "A50001": "noise",  # not in the standard, an alias only
        "A01001": "temperature",
        "A01002": "humidity",
        "A01006": "pressure",
        "A01007": "wind_speed",
        "A01008": "wind_direction",
        "PM25": "pm25",
        "PM10": "pm10",
        "TSP": "tsp",
        "NOIS": "noise",
        "B03": "noise",
        "TEM": "temperature",
        "RH": "humidity",
        "H01": "humidity",
        "PA": "pressure",
        "WS": "wind_speed",
        "WD": "wind_direction",
    },
    "sprayer": {
        "SB1": "running",
        "RUN": "running",
        "FLOW": "flow",
        "PRESSURE": "water_pressure",
        "RUNTIME": "run_seconds",
    },
}

#: standard code of a field, for frames we build
CODES: dict[str, str] = {
    "pm25": "a34004",
    "pm10": "a34002",
    "tsp": "a34001",
    "noise": "LA",
    "temperature": "a01001",
    "humidity": "a01002",
    "pressure": "a01006",
    "wind_speed": "a01007",
    "wind_direction": "a01008",
}

#: sub-names that carry the value, best first
VALUE_NAMES = ("RTD", "AVG", "DATA", "RS", "TD")
#: the type's maximum stands for "could not be computed" (HJ 212-2025 8.1.1 d)
SENTINELS = frozenset({9999.0, 9999.9, 9999.99, 9999.999, 99999.0, 99999.9, 99999.99, 99999.999})
