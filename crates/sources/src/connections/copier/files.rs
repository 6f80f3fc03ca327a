//! The files that a copied record names.

use std::collections::BTreeSet;

use outbound::OutboundError;
use sea_orm::{ColumnTrait as _, QuerySelect as _};
use store::jobs::Failure;

use super::{Came, Copying, Cursor, heard};
use crate::{
    connections::{
        copy_files::{self, LeftOut},
        copy_page::{self, Resource},
    },
    entity::copy,
};

impl Copying<'_> {
    /// Reads the files that documents and reports name, one by one: each commits with its cursor.
    pub(super) async fn files(&mut self) -> Result<Came, Failure> {
        let named = self.named_files().await?;
        self.cursor.files.elsewhere = u64::try_from(named.elsewhere.len()).unwrap_or(u64::MAX);
        let (there, before) = (self.files_there().await?, self.cursor.after.clone());
        let open = |id: &&String| before.as_ref().is_none_or(|before| before < *id) && !there.contains(*id);
        for id in named.here.iter().filter(open) {
            if self.run.interrupted() {
                return Ok(Came::Forward);
            }
            let mut cursor = Cursor { after: Some(id.clone()), ..self.cursor.clone() };
            let mut come = Vec::new();
            if !cursor.files.has_room() {
                cursor.files.too_many += 1;
            } else {
                match self.file(id).await? {
                    Ok(file) => {
                        cursor.files.keep(file.json.len());
                        come.push(file);
                    }
                    Err(why) => cursor.files.leave(why),
                }
            }
            if matches!(self.keep(come, cursor, None).await?, Came::Unwanted) {
                return Ok(Came::Unwanted);
            }
        }
        self.cursor = self.cursor.next_step();
        Ok(Came::Forward)
    }

    /// One file, as FHIR JSON, since it is read like the rest of a copy.
    async fn file(&self, id: &str) -> Result<Result<Resource, LeftOut>, Failure> {
        let answer = match self.get(&self.one(copy_page::FILE, id)).await {
            Err(OutboundError::TooLarge { .. }) => return Ok(Err(LeftOut::TooLarge)),
            answer => heard(answer)?,
        };
        // What stands before the hospital has not reached it.
        if matches!(answer.status, 502 | 504) {
            return Err(Failure::passing("source-silent"));
        }
        if answer.body.len() > copy_files::LARGEST {
            return Ok(Err(LeftOut::TooLarge));
        }
        let text = std::str::from_utf8(&answer.body).ok().filter(|_| answer.status == 200);
        let file = text.and_then(|text| copy_page::resource(text, copy_files::LARGEST));
        Ok(file.filter(|one| one.kind == copy_page::FILE && one.id == id).ok_or(LeftOut::NotGiven))
    }

    /// What documents and reports of this round name.
    async fn named_files(&self) -> Result<copy_files::Named, Failure> {
        let mut named = copy_files::Named::default();
        let base = self.source.client.base();
        self.each(copy::Column::Kind.is_in(copy_files::NAMING), |_, json| named.add(json, base)).await?;
        Ok(named)
    }

    async fn files_there(&self) -> Result<BTreeSet<String>, Failure> {
        let files = self.rows(copy::Column::Kind.eq(copy_page::FILE)).select_only().column(copy::Column::Resource);
        let ids: Vec<String> = files.into_tuple().all(self.copier.store.reader()).await?;
        Ok(ids.into_iter().collect())
    }
}
