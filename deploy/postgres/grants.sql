-- Rights of the three roles on PostgreSQL. Run it as superuser in the portal's database after every `portal-migrate up`;
-- it can be run again at any time:  psql -d portal -f grants.sql
-- Passwords are set apart, so that they stand in no file:  \password portal_internal
--
--   portal_owner     owns the schema: portal-migrate alone
--   portal_internal  the intranet portal
--   portal_external  the public portal: nothing of staff sessions, no writing of policy, its own domain's grants alone
--
-- Nobody but the owner changes or deletes a row of the audit log.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['portal_owner', 'portal_internal', 'portal_external'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO portal_owner;
GRANT USAGE ON SCHEMA public TO portal_internal, portal_external;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, portal_internal, portal_external;

-- Which steps were applied: both look at it before they serve.
GRANT SELECT ON seaql_migrations TO portal_internal, portal_external;

-- Leases of periodic jobs.
GRANT SELECT, INSERT, UPDATE, DELETE ON lease TO portal_internal;

-- Sessions: each portal has a table of its own.
GRANT SELECT, INSERT, UPDATE, DELETE ON staff_session TO portal_internal;
GRANT SELECT, INSERT, UPDATE, DELETE ON patient_session TO portal_external;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_failure TO portal_internal, portal_external;

-- Policy: written inside; outside only what concerns the public portal is seen.
GRANT SELECT, INSERT, UPDATE, DELETE ON role_grant, policy_object, policy_version TO portal_internal;
GRANT SELECT ON role_grant, policy_object, policy_version TO portal_external;
ALTER TABLE role_grant ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS role_grant_internal ON role_grant;
CREATE POLICY role_grant_internal ON role_grant TO portal_internal USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS role_grant_external ON role_grant;
CREATE POLICY role_grant_external ON role_grant FOR SELECT TO portal_external USING (domain = 'external');

-- Audit: rows and links of the chain are only ever added. A writer's row remembers how far it is sealed.
-- The intranet portal seals the rows of both; the public one adds its own and reads none.
GRANT SELECT, INSERT ON audit_event, audit_seal TO portal_internal;
GRANT SELECT, INSERT, UPDATE ON audit_writer TO portal_internal;
GRANT INSERT ON audit_event, audit_writer TO portal_external;

-- The regional index: both portals meet people at the hospitals.
GRANT SELECT, INSERT, UPDATE ON patient, patient_link, source_identity_seen TO portal_internal, portal_external;
GRANT SELECT, INSERT, UPDATE, DELETE ON patient_do_not_link, patient_search TO portal_internal;
GRANT SELECT ON patient_do_not_link TO portal_external;

-- Patients' accounts: made and used outside.
GRANT SELECT, INSERT, UPDATE ON patient_account TO portal_external;
