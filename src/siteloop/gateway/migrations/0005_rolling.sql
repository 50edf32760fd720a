-- Rows in order are rolled up by the sink as they pass. What it cannot know is marked; `marked` counts how often, so that a mark
-- which was set again while its bucket was worked on stays.
ALTER TABLE telemetry.dirty ADD COLUMN marked int NOT NULL DEFAULT 1;
-- hours and days whose quarter hours changed
CREATE TABLE telemetry.unsummed (
    profile text NOT NULL,
    step int NOT NULL,
    device int NOT NULL,
    at timestamptz NOT NULL,
    marked int NOT NULL DEFAULT 1,
    PRIMARY KEY (profile, step, device, at)
);
