//! The authentication code of a row: HMAC-SHA256 (RFC 2104) over every column in a canonical form.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{Domain, entity::audit_event};

/// How rows were written by programs before 0.2: under one key of the region, which the public portal's host has too.
pub(crate) const SHARED_KEY: i16 = 1;
/// How rows are written: the same columns, under a key of the portal that `domain` names. Kept in each row, so that
/// rows of another form can live beside it.
pub(crate) const FORMAT: i16 = 2;

/// A key that audit rows are authenticated with. The database never has one.
#[derive(Clone)]
pub struct AuditKey {
    key: Zeroizing<[u8; 32]>,
    portal: Option<Domain>,
}

impl AuditKey {
    /// A key of its own, for rows of either portal.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key: Zeroizing::new(key), portal: None }
    }

    /// The key of one portal's rows, from a root key that the other portal's host does not have: `staff` inside,
    /// `patient` outside.
    pub fn of_portal(root: &[u8], portal: Domain) -> Self {
        let key = hmac(root, &[b"portal audit log, version 2: ", portal.as_str().as_bytes()]);
        Self { key: Zeroizing::new(key), portal: Some(portal) }
    }

    /// The key that both portals wrote with before 0.2, from the root key of the region. For checking alone.
    pub fn shared(region: &[u8]) -> Self {
        Self { key: Zeroizing::new(hmac(region, &[b"portal audit log, version 1"])), portal: None }
    }

    /// May rows of this domain be written with it?
    pub(crate) fn is_for(&self, domain: &str) -> bool {
        self.portal.is_none_or(|portal| portal.as_str() == domain)
    }

    /// The code of a row; its own `mac` column is not looked at.
    pub(crate) fn mac(&self, row: &audit_event::Model) -> [u8; 32] {
        hmac(&*self.key, &[&canonical(row)])
    }

    fn fits(&self, row: &audit_event::Model) -> bool {
        self.mac(row).as_slice().ct_eq(row.mac.as_slice()).into()
    }
}

/// The keys of all rows, for checking them: inside alone.
#[derive(Clone, Debug)]
pub struct AuditKeys {
    internal: AuditKey,
    external: AuditKey,
    shared: Option<AuditKey>,
}

impl AuditKeys {
    /// `shared` for logs that hold rows of programs before 0.2.
    pub fn new(internal: AuditKey, external: AuditKey, shared: Option<AuditKey>) -> Self {
        Self { internal, external, shared }
    }

    /// Does the row's code fit under the key that its form and its portal ask for?
    pub(crate) fn fit(&self, row: &audit_event::Model) -> bool {
        let key = match (row.format, Domain::parse(&row.domain)) {
            (FORMAT, Some(Domain::Internal)) => Some(&self.internal),
            (FORMAT, Some(Domain::External)) => Some(&self.external),
            (SHARED_KEY, Some(_)) => self.shared.as_ref(),
            _ => None,
        };
        key.is_some_and(|key| key.fits(row))
    }
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey(…)")
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // never fails: HMAC takes keys of every length. A made-up code would be everybody's.
        unreachable!("HMAC-SHA256 takes keys of every length")
    };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Every column in order: present (1) or absent (0), length as eight bytes big-endian, bytes.
fn canonical(row: &audit_event::Model) -> Vec<u8> {
    let person = row.person.map(|person| *person.as_bytes());
    let columns: [Option<&[u8]>; 16] = [
        Some(&row.format.to_be_bytes()),
        Some(row.writer.as_bytes()),
        Some(&row.number.to_be_bytes()),
        Some(&row.at.to_be_bytes()),
        Some(row.actor.as_bytes()),
        Some(row.actor_name.as_bytes()),
        Some(row.domain.as_bytes()),
        Some(row.groups.as_bytes()),
        Some(row.action.as_bytes()),
        Some(row.object_kind.as_bytes()),
        row.object_id.as_deref().map(str::as_bytes),
        person.as_ref().map(|bytes| bytes.as_slice()),
        Some(row.outcome.as_bytes()),
        row.reason.as_deref().map(str::as_bytes),
        Some(row.detail.as_bytes()),
        row.request_id.as_deref().map(str::as_bytes),
    ];
    let mut out = Vec::with_capacity(columns.iter().map(|column| 9 + column.map_or(0, <[u8]>::len)).sum());
    for column in columns {
        out.push(u8::from(column.is_some()));
        let bytes = column.unwrap_or_default();
        out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(bytes);
    }
    out
}

/// A link of the chain: SHA-256 over the link before it and the row it seals.
pub(crate) fn link(previous: &[u8], row: super::EventId, mac: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((previous.len() as u64).to_be_bytes());
    hash.update(previous);
    hash.update(row.writer.as_bytes());
    hash.update(row.number.to_be_bytes());
    hash.update((mac.len() as u64).to_be_bytes());
    hash.update(mac);
    hash.finalize().into()
}

/// What comes before the first link.
pub(crate) const GENESIS: [u8; 32] = [0; 32];

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn row() -> audit_event::Model {
        audit_event::Model {
            writer: Uuid::from_u128(7),
            number: 1,
            at: 1_700_000_000_000,
            actor: "u:region/1".into(),
            actor_name: "李伟".into(),
            domain: "internal".into(),
            groups: r#"["g:clinician"]"#.into(),
            action: "record.read.intent".into(),
            object_kind: "record".into(),
            object_id: Some("lab-results".into()),
            person: Some(Uuid::from_u128(9)),
            outcome: "intent".into(),
            reason: None,
            detail: "{}".into(),
            request_id: Some("r1".into()),
            format: FORMAT,
            mac: Vec::new(),
        }
    }

    /// Changes a row in one place.
    type Change = fn(&mut audit_event::Model);

    #[test]
    fn every_column_counts() {
        let key = AuditKey::new([1; 32]);
        let good = key.mac(&row());
        let changes: [Change; 18] = [
            |r| r.writer = Uuid::from_u128(8),
            |r| r.number = 2,
            |r| r.at += 1,
            |r| r.actor.push('x'),
            |r| r.actor_name.push('x'),
            |r| r.domain = "external".into(),
            |r| r.groups = "[]".into(),
            |r| r.action.push('x'),
            |r| r.object_kind.push('x'),
            |r| r.object_id = None,
            |r| r.object_id = Some(String::new()),
            |r| r.person = None,
            |r| r.outcome = "ok".into(),
            |r| r.reason = Some(String::new()),
            |r| r.detail = "{ }".into(),
            |r| r.request_id = None,
            |r| r.format = SHARED_KEY,
            |r| {
                r.actor.push('李');
                r.actor_name = "伟".into();
            },
        ];
        for (i, change) in changes.into_iter().enumerate() {
            let mut changed = row();
            change(&mut changed);
            assert_ne!(key.mac(&changed), good, "change {i}");
        }
    }

    #[test]
    fn a_code_fits_its_row_and_key() {
        let key = AuditKey::new([1; 32]);
        let mut row = row();
        row.mac = key.mac(&row).to_vec();
        assert!(key.fits(&row));
        assert!(!AuditKey::new([2; 32]).fits(&row));
        row.mac.pop();
        assert!(!key.fits(&row));
    }

    /// What the public portal's host has: the keys of region and patients.
    #[test]
    fn the_public_portal_s_keys_make_no_row_of_the_staff_s() {
        let (region, patient, staff) = ([1; 32], [2; 32], [3; 32]);
        let keys = AuditKeys::new(
            AuditKey::of_portal(&staff, Domain::Internal),
            AuditKey::of_portal(&patient, Domain::External),
            Some(AuditKey::shared(&region)),
        );
        let signed = |mut row: audit_event::Model, key: &AuditKey| {
            row.mac = key.mac(&row).to_vec();
            row
        };
        assert!(keys.fit(&signed(row(), &AuditKey::of_portal(&staff, Domain::Internal))));
        let stolen = [
            AuditKey::of_portal(&patient, Domain::External),
            AuditKey::of_portal(&patient, Domain::Internal),
            AuditKey::of_portal(&region, Domain::Internal),
            AuditKey::shared(&region),
            AuditKey::shared(&patient),
        ];
        for key in &stolen {
            assert!(!keys.fit(&signed(row(), key)));
        }
        let mut outside = row();
        outside.domain = "external".into();
        assert!(keys.fit(&signed(outside.clone(), &stolen[0])));
        assert!(!keys.fit(&signed(outside, &AuditKey::of_portal(&staff, Domain::Internal))));
        // Rows of programs before 0.2: verify bounds where they may stand.
        let old = audit_event::Model { format: SHARED_KEY, ..row() };
        assert!(keys.fit(&signed(old.clone(), &AuditKey::shared(&region))));
        assert!(!keys.fit(&signed(old, &AuditKey::of_portal(&patient, Domain::External))));
    }

    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(format!("{:?}", AuditKey::new([65; 32])), "AuditKey(…)");
    }
}
