-- A quarantined message may be let out again: the desk asks, the listener role claims it and judges it by today's codec and settings.
ALTER TABLE fast.quarantine
    ADD COLUMN state text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'asked', 'released', 'refused')),
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN asked_by text NOT NULL DEFAULT '',
    ADD COLUMN asked_reason text NOT NULL DEFAULT '',
    ADD COLUMN done_at timestamptz,
    ADD COLUMN outcome text NOT NULL DEFAULT '';
CREATE INDEX quarantine_asked ON fast.quarantine (asked_at) WHERE state = 'asked';
CREATE FUNCTION fast.quarantine_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'asked' AND OLD.state <> 'asked' THEN
        PERFORM pg_notify('siteloop_release', NEW.id::text);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER quarantine_asked AFTER UPDATE ON fast.quarantine FOR EACH ROW EXECUTE FUNCTION fast.quarantine_asked();
