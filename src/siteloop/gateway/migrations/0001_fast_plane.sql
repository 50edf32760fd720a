-- Schemas of the fast plane. Profile tables are made from kernel.profiles by schema.py.
CREATE SCHEMA IF NOT EXISTS telemetry;

CREATE TABLE telemetry.latest (
    device int PRIMARY KEY,
    profile text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    quality bigint NOT NULL,
    "values" real[] NOT NULL
);

CREATE TABLE telemetry.raw_chunk (
    id bigserial PRIMARY KEY,
    profile text NOT NULL,
    listener text NOT NULL,
    received_from timestamptz NOT NULL,
    received_to timestamptz NOT NULL,
    file text NOT NULL,
    position bigint NOT NULL,
    size int NOT NULL,
    frames int NOT NULL
);
CREATE INDEX raw_chunk_received ON telemetry.raw_chunk USING brin (received_to);

-- buckets that late data touched and that must be rolled up again
CREATE TABLE telemetry.dirty (
    profile text NOT NULL,
    device int NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (profile, device, at)
);
CREATE TABLE telemetry.rolled (
    profile text NOT NULL,
    step int NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (profile, step)
);

CREATE TABLE fast.ledger (
    day date NOT NULL,
    listener text NOT NULL,
    device int NOT NULL,
    received bigint NOT NULL DEFAULT 0,
    stored bigint NOT NULL DEFAULT 0,
    control bigint NOT NULL DEFAULT 0,
    flagged bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, listener, device)
);
CREATE TABLE fast.ledger_rejected (
    day date NOT NULL,
    listener text NOT NULL,
    device int NOT NULL,
    reason text NOT NULL,
    n bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, listener, device, reason)
);

CREATE TABLE fast.quarantine (
    id bigserial PRIMARY KEY,
    received_at timestamptz NOT NULL,
    listener text NOT NULL,
    device int NOT NULL DEFAULT 0,
    device_code text NOT NULL DEFAULT '',
    peer text NOT NULL DEFAULT '',
    reason text NOT NULL,
    detail text NOT NULL DEFAULT '',
    raw bytea NOT NULL
);
CREATE INDEX quarantine_received ON fast.quarantine (received_at);
CREATE INDEX quarantine_device ON fast.quarantine (device, received_at);

CREATE TABLE fast.position (
    stream text NOT NULL,
    consumer text NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (stream, consumer)
);

CREATE TABLE fast.registry (
    id int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    version bigint NOT NULL,
    body bytea NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE fast.finding_inbox (
    id bigserial PRIMARY KEY,
    key text NOT NULL,
    act text NOT NULL,
    at_us bigint NOT NULL,
    body bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_at timestamptz,
    UNIQUE (key, act, at_us)
);
CREATE INDEX finding_waiting ON fast.finding_inbox (id) WHERE taken_at IS NULL;

CREATE TABLE fast.command (
    id text PRIMARY KEY,
    device int NOT NULL,
    command text NOT NULL,
    args jsonb NOT NULL DEFAULT '{}',
    origin text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'queued',
    tries int NOT NULL DEFAULT 0,
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '60 seconds',
    sent_at timestamptz,
    answered_at timestamptz,
    finished_at timestamptz,
    result jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX command_device ON fast.command (device, issued_at);
CREATE INDEX command_open ON fast.command (issued_at) WHERE state IN ('queued', 'sent', 'accepted');
CREATE TABLE fast.command_trail (
    id bigserial PRIMARY KEY,
    command text NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    detail text NOT NULL DEFAULT ''
);
CREATE INDEX command_trail_command ON fast.command_trail (command, id);
CREATE FUNCTION fast.command_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
        INSERT INTO fast.command_trail (command, state, detail) VALUES (NEW.id, NEW.state, coalesce(NEW.result ->> 'detail', ''));
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM pg_notify('siteloop_command', NEW.id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER command_trail AFTER INSERT OR UPDATE ON fast.command FOR EACH ROW EXECUTE FUNCTION fast.command_changed();

CREATE TABLE fast.judge_state (
    name text PRIMARY KEY,
    body bytea NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE fast.status (
    device int PRIMARY KEY,
    connected boolean NOT NULL,
    peer text NOT NULL DEFAULT '',
    since timestamptz NOT NULL,
    last_seen timestamptz NOT NULL
);
