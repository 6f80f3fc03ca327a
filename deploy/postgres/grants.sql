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

-- Jobs and events to be delivered: run inside, and forgotten there when they are long over. What is said of an event is
-- never changed.
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO portal_internal;
GRANT SELECT, INSERT, DELETE ON job_event TO portal_internal;
GRANT SELECT, INSERT, UPDATE (delivered_at), DELETE ON outbox TO portal_internal;
GRANT SELECT, INSERT, UPDATE (last) ON outbox_topic TO portal_internal;
-- Messages: written inside, read where they are addressed to, never changed. Each portal writes down what its own people
-- have read.
GRANT SELECT, INSERT ON message, message_read TO portal_internal;
GRANT SELECT ON message TO portal_external;
GRANT SELECT, INSERT ON message_read TO portal_external;
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON message TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON message FOR SELECT TO portal_external USING (domain = 'external');
ALTER TABLE message_read ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON message_read TO portal_internal USING (domain = 'internal') WITH CHECK (domain = 'internal');
CREATE POLICY outside ON message_read TO portal_external USING (domain = 'external') WITH CHECK (domain = 'external');
-- Where staff are reached, sealed, and what was sent to whom: of the intranet alone. Whose a contact is, and whom and what a
-- delivery is about, never changes; who is not seen for a year is forgotten.
GRANT SELECT, INSERT, UPDATE (groups, sealed, seen_at), DELETE ON staff_contact TO portal_internal;
GRANT SELECT, INSERT, UPDATE (state, error, changed_at) ON message_delivery TO portal_internal;

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
GRANT SELECT, INSERT, DELETE ON policy_block, staff_membership TO portal_internal;
GRANT SELECT, INSERT, UPDATE (username, name, organisation, department, seen_at) ON policy_subject TO portal_internal;
GRANT SELECT (id, subject, domain, role, object, effect) ON role_grant TO portal_external, portal_desk;
GRANT SELECT ON policy_object, policy_version TO portal_external, portal_desk;
GRANT SELECT (id, object, domain, role) ON policy_block TO portal_external, portal_desk;
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

-- Pages: drafted and published inside; a revision never changes. Outside, what is published there is read, without who
-- published it, and people keep what they made of pages for themselves.
GRANT SELECT, INSERT, UPDATE (parent, slug, rev, published, published_rev, deleted_at) ON page_draft TO portal_internal;
GRANT SELECT, INSERT, DELETE ON page_step, page_published, page_template TO portal_internal;
GRANT SELECT, INSERT ON page_revision TO portal_internal;
GRANT SELECT, UPDATE (version) ON page_version TO portal_internal;
GRANT SELECT, INSERT, UPDATE (ops, changed_at), DELETE ON page_layer TO portal_internal, portal_external;
GRANT SELECT (page, number, portal, content, stylesheet) ON page_revision TO portal_external;
GRANT SELECT ON page_published, page_version TO portal_external;
ALTER TABLE page_revision ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON page_revision TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON page_revision FOR SELECT TO portal_external USING (portal = 'external');
ALTER TABLE page_published ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON page_published TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON page_published FOR SELECT TO portal_external USING (portal = 'external');
ALTER TABLE page_layer ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON page_layer TO portal_internal USING (portal = 'internal') WITH CHECK (portal = 'internal');
CREATE POLICY outside ON page_layer TO portal_external
    USING (portal = 'external' AND layer = 'user') WITH CHECK (portal = 'external' AND layer = 'user');
-- What each reader has looked at, and the words they search a record for: each portal its own rows; the intranet portal
-- deletes what is due of both. A look never becomes another reader's or person's.
GRANT SELECT, INSERT, UPDATE (looked_at, waiting, seen), DELETE ON record_look TO portal_internal;
GRANT SELECT, INSERT, UPDATE (looked_at, waiting, seen) ON record_look TO portal_external;
GRANT SELECT, INSERT, DELETE ON record_search TO portal_internal, portal_external;
GRANT UPDATE (sealed) ON record_search TO portal_internal;
ALTER TABLE record_look ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON record_look TO portal_internal USING (true) WITH CHECK (domain = 'internal');
CREATE POLICY outside ON record_look TO portal_external USING (domain = 'external') WITH CHECK (domain = 'external');
ALTER TABLE record_search ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON record_search TO portal_internal USING (true) WITH CHECK (domain = 'internal');
-- `vault reencrypt` seals the words of both portals anew; whose they are nobody changes.
CREATE POLICY inside_seals ON record_search FOR UPDATE TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON record_search TO portal_external USING (domain = 'external') WITH CHECK (domain = 'external');

-- Wrapped keys of sealed secrets: the public portal reads and makes those that its root keys open, and changes none; staff's
-- are not there for it. Only what wraps a key and its state ever change, and no key is deleted: older ones open what older
-- copies of the database hold.
GRANT SELECT, INSERT, UPDATE (wrapped, root, state) ON envelope_kek TO portal_internal;
GRANT SELECT, INSERT ON envelope_kek TO portal_external;
ALTER TABLE envelope_kek ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON envelope_kek TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON envelope_kek TO portal_external
    USING (domain IN ('patient', 'region')) WITH CHECK (domain IN ('patient', 'region'));
-- The desk looks for people at hospitals that want a sign-in, and makes no key.
GRANT SELECT ON envelope_kek TO portal_desk;
CREATE POLICY desk ON envelope_kek FOR SELECT TO portal_desk USING (domain = 'region');

-- Articles: written inside. Versions are only ever added; what is shown is put beside them and taken away. Outside reads
-- what is shown to everybody, and none of who wrote it but their names.
GRANT SELECT, INSERT, UPDATE ON article TO portal_internal;
GRANT SELECT, INSERT ON article_revision TO portal_internal;
GRANT SELECT, INSERT, DELETE ON article_published TO portal_internal;
GRANT SELECT, INSERT, UPDATE (audience) ON article_image TO portal_internal;
GRANT SELECT ON article_published TO portal_external;
GRANT SELECT (id, article, media_type, width, height, alt_zh, alt_en, bytes, audience) ON article_image TO portal_external;
ALTER TABLE article_published ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON article_published TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON article_published FOR SELECT TO portal_external USING (audience IN ('public', 'both'));
ALTER TABLE article_image ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON article_image TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON article_image FOR SELECT TO portal_external USING (audience IN ('public', 'both'));
-- Notices: outside those that are shown now, and not who wrote them. They are withdrawn, never deleted.
GRANT SELECT, INSERT, UPDATE ON notice TO portal_internal;
GRANT SELECT (id, zh, en, audience, severity, from_at, until_at, withdrawn_at) ON notice TO portal_external;
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON notice TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON notice FOR SELECT TO portal_external USING (audience IN ('public', 'both')
    AND withdrawn_at IS NULL AND from_at <= extract(epoch FROM now()) * 1000);
-- What was read of other sites: read and kept inside.
GRANT SELECT, INSERT, UPDATE, DELETE ON feed TO portal_internal;
GRANT SELECT ON feed TO portal_external;
ALTER TABLE feed ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON feed TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON feed FOR SELECT TO portal_external USING (audience IN ('public', 'both'));

-- Hospitals of administrators: defined inside, and never deleted, since an id names one server for ever. Outside reads what it
-- asks them by, and none of who defined it.
GRANT SELECT, INSERT, UPDATE (content, rev, removed_at, changed_by, changer_name, changed_at) ON source_definition
    TO portal_internal;
GRANT SELECT, UPDATE (version) ON source_version TO portal_internal;
GRANT SELECT (id, place, content, rev, removed_at) ON source_definition TO portal_external, portal_desk;
GRANT SELECT ON source_version TO portal_external, portal_desk;
-- What proves to hospitals who asks is set inside, and is sealed under the region's key, which both portals have: both ask.
GRANT SELECT, INSERT, UPDATE (binding, sealed, set_at), DELETE ON source_secret TO portal_internal;
GRANT SELECT, INSERT, UPDATE (sealed, published_until) ON source_client_key TO portal_internal;
GRANT SELECT ON source_secret, source_client_key TO portal_external, portal_desk;
-- Patients connect hospitals outside, and staff are sent here by hospitals inside. Each portal takes in its own alone. Inside, all
-- are looked at, old ones forgotten, and what is sealed is sealed anew when keys change.
GRANT SELECT, INSERT, UPDATE (sealed, used_at, finished_at, step, outcome, why, trace), DELETE ON source_flow
    TO portal_external, portal_internal;
ALTER TABLE source_flow ENABLE ROW LEVEL SECURITY;
CREATE POLICY inside ON source_flow TO portal_internal USING (true) WITH CHECK (kind = 'launch');
CREATE POLICY inside_seals ON source_flow FOR UPDATE TO portal_internal USING (true) WITH CHECK (true);
CREATE POLICY outside ON source_flow TO portal_external USING (kind = 'connection') WITH CHECK (kind = 'connection');
-- Copies of what they connected are made inside, where jobs run, and read and taken away outside.
GRANT SELECT, INSERT, UPDATE (sealed, rev, lease_until, why, renewed_at, copy_state, copy_why, copy_done, copy_total, copy_round,
    copy_cursor, copied_at, copy_files), DELETE ON source_connection TO portal_external;
GRANT SELECT, UPDATE (sealed, rev, lease_until, why, renewed_at, copy_state, copy_why, copy_done, copy_total, copy_round,
    copy_cursor, copied_at, copy_files) ON source_connection TO portal_internal;
GRANT SELECT, INSERT, UPDATE (sealed, round), DELETE ON source_copy TO portal_internal;
GRANT SELECT, DELETE ON source_copy TO portal_external;

-- Booking: planned inside, booked outside. What a ticket is, whose a booking is and what was booked never changes; nobody deletes
-- one. Outside nobody reads who of the staff a doctor is, plans a session or judges what was missed; that one column of a
-- session may be written is the right to hold its row while somebody books.
GRANT SELECT, INSERT, UPDATE (closed_at) ON schedule TO portal_internal;
GRANT SELECT, INSERT ON schedule_staff TO portal_internal;
GRANT SELECT, INSERT, UPDATE (state, why, substitute_zh, substitute_en, rev, held) ON clinic_session TO portal_internal;
GRANT SELECT, INSERT, UPDATE (state, free_at, held_for, held_until) ON ticket TO portal_internal;
GRANT SELECT, INSERT, UPDATE (state, why, held_ticket, held_day, ended_at, told_state) ON booking TO portal_internal;
GRANT SELECT, INSERT, UPDATE (rev, barred_until) ON booking_person TO portal_internal;
GRANT SELECT, INSERT, UPDATE (waived_at) ON booking_penalty TO portal_internal;
GRANT SELECT, INSERT, UPDATE (state, offer_until, held_place) ON booking_wait TO portal_internal, portal_external;
GRANT SELECT ON schedule TO portal_external;
GRANT SELECT, UPDATE (held) ON clinic_session TO portal_external;
GRANT SELECT, UPDATE (state, free_at, held_for, held_until) ON ticket TO portal_external;
GRANT SELECT, INSERT, UPDATE (state, why, held_ticket, held_day, ended_at) ON booking TO portal_external;
GRANT SELECT, INSERT, UPDATE (rev) ON booking_person TO portal_external;
GRANT SELECT, UPDATE (appealed_at) ON booking_penalty TO portal_external;

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

-- Who acts for whom: of the public portal alone. What is entrusted never changes and is never deleted; it is taken, taken back
-- or given back.
GRANT SELECT, INSERT, UPDATE (used_at, withdrawn_at) ON patient_proxy_invitation TO portal_external;
GRANT SELECT, INSERT, UPDATE (ended_at, ended_by) ON patient_proxy TO portal_external;
-- What patients are told of the audit log: a view without refusals, seals and codes. It is read with its owner's rights.
GRANT SELECT ON access_log TO portal_external;

COMMIT;
