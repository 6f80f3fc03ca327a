//! Ending all sessions of a person at once, and failed sign-ins of staff and patients in tables of their own: whoever
//! guesses at the public portal touches nothing that staff are counted by.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{portal}_session_epoch`: the row of the empty subject counts; a subject's row says since which count its sessions
/// hold.
#[derive(DeriveIden)]
enum SessionEpoch {
    Subject,
    Epoch,
    ChangedAt,
}

/// `{portal}_sign_in_failure`, as `sign_in_failure` was.
#[derive(DeriveIden)]
enum Failure {
    Key,
    Count,
    LastAt,
}

/// Whose sessions and failures.
const PEOPLE: [&str; 2] = ["staff", "patient"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for people in PEOPLE {
            let column = ColumnDef::new(SessionEpoch::Epoch).big_integer().not_null().default(0).to_owned();
            let sessions = Alias::new(format!("{people}_session"));
            manager.alter_table(Table::alter().table(sessions).add_column(column).to_owned()).await?;
            let epochs = Alias::new(format!("{people}_session_epoch"));
            manager.create_table(epoch_table(epochs.clone())).await?;
            let counter = Query::insert()
                .into_table(epochs)
                .columns([SessionEpoch::Subject, SessionEpoch::Epoch, SessionEpoch::ChangedAt])
                .values_panic(["".into(), 0i64.into(), 0i64.into()])
                .to_owned();
            manager.execute(counter).await?;
            manager.create_table(failures(Alias::new(format!("{people}_sign_in_failure")))).await?;
        }
        // `sign_in_failure` stays one release longer: programs of the release before may still be running.
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for people in PEOPLE {
            for table in ["sign_in_failure", "session_epoch"] {
                let table = Alias::new(format!("{people}_{table}"));
                manager.drop_table(Table::drop().table(table).to_owned()).await?;
            }
            let sessions = Alias::new(format!("{people}_session"));
            manager.alter_table(Table::alter().table(sessions).drop_column(SessionEpoch::Epoch).to_owned()).await?;
        }
        Ok(())
    }
}

fn epoch_table(name: Alias) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(ColumnDef::new(SessionEpoch::Subject).string().not_null().primary_key())
        .col(ColumnDef::new(SessionEpoch::Epoch).big_integer().not_null())
        .col(ColumnDef::new(SessionEpoch::ChangedAt).big_integer().not_null())
        .to_owned()
}

fn failures(name: Alias) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(ColumnDef::new(Failure::Key).string().not_null().primary_key())
        .col(ColumnDef::new(Failure::Count).big_integer().not_null())
        .col(ColumnDef::new(Failure::LastAt).big_integer().not_null())
        .to_owned()
}
