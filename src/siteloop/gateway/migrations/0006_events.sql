-- Events of cameras and gates. One is known by device, moment, the maker's word, channel, state and the device's own number.
CREATE TABLE telemetry.event (
    id bigserial PRIMARY KEY,
    device int NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    maker text NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    channel int NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    serial text NOT NULL DEFAULT '',
    is_replay boolean NOT NULL DEFAULT false,
    region jsonb NOT NULL DEFAULT '[]',
    person text NOT NULL DEFAULT '',
    person_name text NOT NULL DEFAULT '',
    card text NOT NULL DEFAULT '',
    direction text NOT NULL DEFAULT '',
    means text NOT NULL DEFAULT '',
    accepted boolean,
    door int NOT NULL DEFAULT 0,
    plate text NOT NULL DEFAULT '',
    plate_colour text NOT NULL DEFAULT '',
    pictures jsonb NOT NULL DEFAULT '[]',
    UNIQUE (device, at, code, channel, state, serial)
);
CREATE INDEX event_at ON telemetry.event (at);
CREATE INDEX event_received ON telemetry.event (received_at);
CREATE INDEX event_pictures ON telemetry.event USING gin (pictures jsonb_path_ops);
