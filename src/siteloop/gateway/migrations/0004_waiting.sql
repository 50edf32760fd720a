-- Devices that present themselves and are not registered: the newest word of each, for an officer to adopt or to ignore. Filled by
-- what goes into quarantine, so that every door fills it. Bounded: a thousand codes that wait, two hundred of one address; one that
-- was not heard for thirty days makes room.
CREATE TABLE fast.waiting (
    id bigserial PRIMARY KEY,
    listener text NOT NULL,
    code text NOT NULL,
    peer text NOT NULL DEFAULT '',
    host text NOT NULL DEFAULT '',
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    samples bytea[] NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'adopted', 'ignored')),
    device int,
    done_at timestamptz,
    done_by text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    UNIQUE (listener, code)
);
CREATE INDEX waiting_host ON fast.waiting (host) WHERE state = 'waiting';
CREATE INDEX quarantine_code ON fast.quarantine (device_code, received_at) WHERE device = 0;

CREATE FUNCTION fast.knocked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    from_host text := regexp_replace(NEW.peer, ':\d+$', '');
BEGIN
    -- at most once a second a code: a flood of one device costs an index look-up
    UPDATE fast.waiting SET
        last_seen = NEW.received_at, peer = NEW.peer, host = from_host,
        samples = CASE WHEN cardinality(samples) < 5 THEN array_append(samples, substring(NEW.raw FOR 2048)) ELSE samples END,
        -- it was registered, and is no longer
        state = CASE WHEN state = 'adopted' AND NEW.received_at > done_at + interval '2 minutes' THEN 'waiting' ELSE state END
    WHERE listener = NEW.listener AND code = NEW.device_code AND last_seen < NEW.received_at - interval '1 second';
    IF FOUND OR EXISTS (SELECT FROM fast.waiting WHERE listener = NEW.listener AND code = NEW.device_code) THEN
        RETURN NULL;
    END IF;
    IF (SELECT count(*) FROM fast.waiting WHERE state = 'waiting') >= 1000 THEN
        DELETE FROM fast.waiting WHERE state = 'waiting' AND last_seen < now() - interval '30 days';
    END IF;
    IF (SELECT count(*) FROM fast.waiting WHERE state = 'waiting') >= 1000
        OR (SELECT count(*) FROM fast.waiting WHERE state = 'waiting' AND host = from_host) >= 200 THEN
        RETURN NULL;
    END IF;
    INSERT INTO fast.waiting (listener, code, peer, host, first_seen, last_seen, samples)
    VALUES (NEW.listener, NEW.device_code, NEW.peer, from_host, NEW.received_at, NEW.received_at, ARRAY[substring(NEW.raw FOR 2048)])
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER knocked AFTER INSERT ON fast.quarantine FOR EACH ROW
WHEN (NEW.reason = 'unknown_device' AND NEW.listener <> 'release' AND NEW.device_code ~ '^[A-Za-z0-9._-]{4,40}$')
EXECUTE FUNCTION fast.knocked();
