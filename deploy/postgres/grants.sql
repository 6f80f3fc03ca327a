-- Rights of the roles on PostgreSQL. Run it as superuser in the portal's database after every `portal-migrate up`;
-- it can be run again at any time:  psql -d portal -f grants.sql
-- Passwords are set apart, so that they stand in no file:  \password portal_internal
--
--   portal_owner     owns the schema: portal-migrate alone
--   portal_internal  the intranet portal
--   portal_external  the public portal: what it must show and write, and nothing else
--   portal_desk      `portal-external import-accounts`, on a machine inside: makes accounts and says whose they are
--
-- What comes of it stands in rights.txt, which a test holds to the live catalogue: a table or column without a decision
-- fails it. Nobody but the owner changes or deletes a row of the audit log.

-- In one piece: portals at work never see half of it.
BEGIN;

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['portal_owner', 'portal_internal', 'portal_external', 'portal_desk'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    -- No temporary tables either.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO portal_owner, portal_internal, portal_external, portal_desk',
        current_database());
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO portal_owner;
GRANT USAGE ON SCHEMA public TO portal_internal, portal_external, portal_desk;
-- Also what was granted on columns.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, portal_internal, portal_external, portal_desk;

-- Row security: each policy below is made anew.
DO $$
DECLARE
    old record;
BEGIN
    FOR old IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP POLICY %I ON %I', old.policyname, old.tablename);
    END LOOP;
END
$$;

-- Which steps were applied: all look at it before they serve.
GRANT SELECT ON seaql_migrations TO portal_internal, portal_external, portal_desk;

-- Leases of periodic jobs.
GRANT SELECT, INSERT, UPDATE, DELETE ON lease TO portal_internal;

-- Sessions and failed sign-ins: each portal has tables of its own. A session never becomes somebody else's.
GRANT SELECT, INSERT, UPDATE (last_seen_at, revoked_at), DELETE ON staff_session TO portal_internal;
GRANT SELECT, INSERT, UPDATE (last_seen_at, revoked_at), DELETE ON patient_session TO portal_external;
-- Programs of the release before still count here; it goes with the next release, and is not in every database.
DO $$
BEGIN
    IF to_regclass('public.sign_in_failure') IS NOT NULL THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_failure TO portal_internal, portal_external;
    END IF;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON staff_session_epoch, staff_sign_in_failure TO portal_internal;
GRANT SELECT, INSERT, UPDATE, DELETE ON patient_session_epoch, patient_sign_in_failure TO portal_external;

-- Policy: written inside; outside only grants of the public portal are seen, and not who gave them.
GRANT SELECT, INSERT, DELETE ON role_grant TO portal_internal;
GRANT SELECT, INSERT, UPDATE, DELETE ON policy_object TO portal_internal;
GRANT SELECT, UPDATE ON policy_version TO portal_internal;
GRANT SELECT (id, subject, domain, role, object, effect) ON role_grant TO portal_external, portal_desk;
GRANT SELECT ON policy_object, policy_version TO portal_external, portal_desk;
ALTER TABLE role_grant ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON role_grant TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON role_grant FOR SELECT TO portal_external, portal_desk USING (domain = 'external');

-- Whose record staff may open: of the intranet alone; a relation is never changed, it ends.
GRANT SELECT, INSERT ON treatment_relation TO portal_internal;
-- Who staff are at the hospitals, and whom they treat by their encounters: read there again and again. Whose a relation is,
-- by which encounter and since when never changes; what it is no longer is ended, and nothing is deleted.
GRANT SELECT, INSERT, UPDATE (token, outcome, practitioner, roles, checked_at) ON practitioner_identity TO portal_internal;
GRANT SELECT, INSERT, UPDATE (asked_at, settled_at, state, detail, answered_at) ON encounter_reading TO portal_internal;
GRANT SELECT, INSERT, UPDATE (person, patient, practitioner, status, class, place, started, until) ON encounter_relation
    TO portal_internal;

-- What clinicians say of results: said and taken back inside, never changed or deleted; outside it is read, without the ids
-- that staff sign in with.
GRANT SELECT, INSERT, UPDATE (withdrawn_at, once) ON result_review TO portal_internal;
GRANT SELECT (id, person, section, kind, originals, print, staff_name, made_at, note, withdrawn_at) ON result_review
    TO portal_external;

-- Audit: rows and links of the chain are only ever added, by each portal in its own name alone. A writer's row remembers
-- how far it is sealed; the intranet portal seals the rows of both, the public one reads none.
GRANT SELECT, INSERT ON audit_event, audit_seal TO portal_internal;
GRANT SELECT, INSERT, UPDATE (sealed, touched_at) ON audit_writer TO portal_internal;
GRANT INSERT ON audit_event, audit_writer TO portal_external, portal_desk;
ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside_reads ON audit_event FOR SELECT TO portal_internal USING (true);
CREATE POLICY inside ON audit_event FOR INSERT TO portal_internal WITH CHECK (domain = 'internal');
CREATE POLICY outside ON audit_event FOR INSERT TO portal_external, portal_desk WITH CHECK (domain = 'external');
ALTER TABLE audit_writer ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON audit_writer TO portal_internal USING (true) WITH CHECK (true);
-- A lane that said it was sealed would never be.
CREATE POLICY outside ON audit_writer FOR INSERT TO portal_external, portal_desk WITH CHECK (sealed = 0);

-- The regional index: all meet people at the hospitals. A person's number is set once, a link is ended and never turned
-- to somebody else; stewards decide inside.
GRANT SELECT, INSERT, UPDATE (resident_id_hash, resident_id_masked, merged_into) ON patient TO portal_internal;
GRANT SELECT, INSERT, UPDATE (undone_at) ON patient_link TO portal_internal;
GRANT SELECT, INSERT, UPDATE (names, sex, birth_date, identifiers, aliases, seen_at) ON source_identity_seen
    TO portal_internal, portal_external, portal_desk;
GRANT SELECT, INSERT, UPDATE, DELETE ON patient_do_not_link TO portal_internal;
GRANT SELECT, INSERT, UPDATE (settled_at, settled_by, decision) ON patient_contested TO portal_internal;
GRANT SELECT, INSERT, DELETE ON patient_search TO portal_internal;
-- Search terms and weak evidence hold phones and addresses: those outside write what they meet, anew each time, and read
-- none of it but whose it is and whether it changed. Pairs, decisions and sweeps are the intranet's alone; a decision is
-- never deleted, it is taken back.
GRANT SELECT, INSERT, DELETE, UPDATE (due_at) ON identity_trait TO portal_internal;
GRANT SELECT, INSERT, DELETE ON identity_term TO portal_internal;
GRANT SELECT (source, source_patient, digest), INSERT, DELETE ON identity_trait TO portal_external, portal_desk;
GRANT SELECT (source, source_patient), INSERT, DELETE ON identity_term TO portal_external, portal_desk;
GRANT SELECT, INSERT, UPDATE (score, contested, evidence, state), DELETE ON match_candidate TO portal_internal;
GRANT SELECT, INSERT, UPDATE (undone_at, undone_by, undone_by_name, undo_reason) ON match_decision TO portal_internal;
GRANT SELECT, INSERT, UPDATE (state, part, started_at, finished_at, seen, detail) ON index_sweep TO portal_internal;
GRANT SELECT, INSERT, UPDATE (resident_id_hash, resident_id_masked) ON patient TO portal_external, portal_desk;
GRANT SELECT, INSERT, UPDATE (undone_at) ON patient_link TO portal_external, portal_desk;
GRANT SELECT (person, source, source_patient) ON patient_do_not_link TO portal_external, portal_desk;
GRANT SELECT (source, source_patient, holder), INSERT ON patient_contested TO portal_external, portal_desk;
ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON patient TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside_reads ON patient FOR SELECT TO portal_external, portal_desk USING (true);
CREATE POLICY outside_adds ON patient FOR INSERT TO portal_external, portal_desk WITH CHECK (merged_into IS NULL);
CREATE POLICY outside_numbers ON patient FOR UPDATE TO portal_external, portal_desk
    USING (resident_id_hash IS NULL) WITH CHECK (true);
ALTER TABLE patient_link ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON patient_link TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside_reads ON patient_link FOR SELECT TO portal_external, portal_desk USING (true);
CREATE POLICY outside_adds ON patient_link FOR INSERT TO portal_external, portal_desk
    WITH CHECK (how IN ('first-seen', 'strong-key', 'merged') AND undone_at IS NULL);
CREATE POLICY outside_ends ON patient_link FOR UPDATE TO portal_external, portal_desk
    USING (undone_at IS NULL) WITH CHECK (undone_at IS NOT NULL);
ALTER TABLE patient_contested ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON patient_contested TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside_reads ON patient_contested FOR SELECT TO portal_external, portal_desk USING (true);
CREATE POLICY outside_adds ON patient_contested FOR INSERT TO portal_external, portal_desk
    WITH CHECK (settled_at IS NULL AND settled_by IS NULL AND decision IS NULL);

-- Patients' accounts: used outside, made at the desk. Nobody says of an existing account that it is somebody else's.
GRANT SELECT ON patient_account TO portal_external;
GRANT SELECT, INSERT ON patient_account TO portal_desk;

COMMIT;
