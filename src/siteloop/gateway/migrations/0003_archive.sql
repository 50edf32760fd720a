-- Days that left the sample tables. `leaving`: the day's table stands alone, as telemetry.<profile>_<yyyymmdd>_leaving, while its
-- file is written; `archived`: the file was read back and found right, the table is gone. Of one key the later part counts.
CREATE TABLE telemetry.archived_day (
    profile text NOT NULL,
    day date NOT NULL,
    part int NOT NULL,
    state text NOT NULL DEFAULT 'leaving' CHECK (state IN ('leaving', 'archived')),
    path text NOT NULL DEFAULT '',
    rows bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    sha256 text NOT NULL DEFAULT '',
    left_at timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz,
    PRIMARY KEY (profile, day, part)
);

-- Raw frames read again by a newer codec: each run, and each row it changed with what stood there before.
CREATE TABLE telemetry.replay (
    id bigserial PRIMARY KEY,
    received_from timestamptz NOT NULL,
    received_to timestamptz NOT NULL,
    profile text NOT NULL DEFAULT '',
    device int NOT NULL DEFAULT 0,
    by text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    chunk bigint NOT NULL DEFAULT 0,
    counts jsonb NOT NULL DEFAULT '{}',
    begun_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz
);
CREATE TABLE telemetry.replayed_row (
    replay bigint NOT NULL REFERENCES telemetry.replay (id),
    profile text NOT NULL,
    device int NOT NULL,
    kind smallint NOT NULL,
    at timestamptz NOT NULL,
    act text NOT NULL CHECK (act IN ('changed', 'added', 'moved')),
    before_quality bigint,
    before_values real[],
    after_quality bigint,
    after_values real[],
    PRIMARY KEY (replay, profile, device, kind, at)
);
CREATE INDEX replayed_row_of ON telemetry.replayed_row (profile, device, at);
ALTER TABLE fast.ledger ADD COLUMN replayed bigint NOT NULL DEFAULT 0;
