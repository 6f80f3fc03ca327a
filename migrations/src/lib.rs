//! The schema, step by step. `portal-migrate` is the only program that changes it.
//!
//! A step is never edited after a release. Every step has a `down`; a step that drops or renames what an older
//! program still reads comes one release after the program that stopped reading it (expand, then contract).

use sea_orm_migration::prelude::*;

mod m20261121_000001_store;
mod m20261121_000002_access;
mod m20261121_000003_web;
mod m20261121_000004_patients;
mod m20261121_000005_accounts;
mod m20261122_000006_relations;
mod m20261122_000007_sessions;
mod m20261122_000008_rights;
mod m20261122_000009_index;
mod m20261122_000010_practitioners;
mod m20261122_000011_reviews;
mod m20261122_000012_looks;
mod m20261122_000013_grants;
mod m20261122_000014_content;
mod m20261122_000015_pages;
mod m20261122_000016_envelope;
mod m20261122_000017_jobs;
mod m20261122_000018_sources;
mod m20261123_000019_source_secrets;
mod m20261123_000020_delivery;
mod m20261123_000021_connections;
mod m20261123_000022_launches;
mod m20261123_000023_copied_files;
mod m20261123_000024_launch_secrets;
mod m20261124_000025_scheduling;
mod m20261124_000027_family;

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_store::Migration),
            Box::new(m20261121_000002_access::Migration),
            Box::new(m20261121_000003_web::Migration),
            Box::new(m20261121_000004_patients::Migration),
            Box::new(m20261121_000005_accounts::Migration),
            Box::new(m20261122_000006_relations::Migration),
            Box::new(m20261122_000007_sessions::Migration),
            Box::new(m20261122_000008_rights::Migration),
            Box::new(m20261122_000009_index::Migration),
            Box::new(m20261122_000010_practitioners::Migration),
            Box::new(m20261122_000011_reviews::Migration),
            Box::new(m20261122_000012_looks::Migration),
            Box::new(m20261122_000013_grants::Migration),
            Box::new(m20261122_000014_content::Migration),
            Box::new(m20261122_000015_pages::Migration),
            Box::new(m20261122_000016_envelope::Migration),
            Box::new(m20261122_000017_jobs::Migration),
            Box::new(m20261122_000018_sources::Migration),
            Box::new(m20261123_000019_source_secrets::Migration),
            Box::new(m20261123_000020_delivery::Migration),
            Box::new(m20261123_000021_connections::Migration),
            Box::new(m20261123_000022_launches::Migration),
            Box::new(m20261123_000023_copied_files::Migration),
            Box::new(m20261123_000024_launch_secrets::Migration),
            Box::new(m20261124_000025_scheduling::Migration),
            Box::new(m20261124_000027_family::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_expect_the_newest_step() {
        let steps = Migrator::migrations();
        assert_eq!(steps.last().map(|step| step.name()), Some(store::SCHEMA));
    }
}
