-- Repeated at every migrate: new tables of either plane get the same walls.
GRANT USAGE ON SCHEMA public, telemetry, fast TO siteloop_web;
GRANT USAGE ON SCHEMA telemetry, fast TO siteloop_fast;
REVOKE ALL ON SCHEMA public FROM siteloop_fast;
-- not TRUNCATE: it would go past the triggers that keep the trail
REVOKE TRUNCATE, TRIGGER, REFERENCES ON ALL TABLES IN SCHEMA public FROM siteloop_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO siteloop_web;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO siteloop_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM siteloop_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO siteloop_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO siteloop_web;
GRANT CREATE ON SCHEMA telemetry TO siteloop_fast;
GRANT ALL ON ALL TABLES IN SCHEMA telemetry, fast TO siteloop_fast;
GRANT ALL ON ALL SEQUENCES IN SCHEMA telemetry, fast TO siteloop_fast;
GRANT SELECT ON ALL TABLES IN SCHEMA telemetry, fast TO siteloop_web;
GRANT INSERT, UPDATE ON fast.command, fast.command_trail, fast.registry, fast.finding_inbox TO siteloop_web;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA fast TO siteloop_web;
-- the desk asks for a release, it never changes what was received
GRANT UPDATE (state, asked_at, asked_by, asked_reason, outcome) ON fast.quarantine TO siteloop_web;
-- the desk adopts or ignores a device that waits, it never changes what it said
GRANT UPDATE (state, device, done_at, done_by, note) ON fast.waiting TO siteloop_web;
