//! Who acts for whom, as it is now.

use access::{Entrusted, PatientContext, PersonId};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder};
use store::{StoreError, from_millis, to_millis};
use uuid::Uuid;

use super::{
    Family, FamilyError, Terms, account, code,
    entity::{invitation, proxy},
    open, own,
};
use crate::entity as accounts;

/// What has ended is listed for so long.
const TOLD: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Who or what ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// Whoever entrusted it.
    Subject,
    /// Whom it was entrusted to.
    Proxy,
    /// A later invitation took its place.
    Renewed,
    /// Its last day.
    Day,
    /// The person is old enough to be asked anew.
    Age,
}

impl EndedBy {
    /// In the database and in message keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Proxy => "proxy",
            Self::Renewed => "renewed",
            Self::Day => "day",
            Self::Age => "age",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "subject" => Self::Subject,
            "renewed" => Self::Renewed,
            _ => Self::Proxy,
        }
    }
}

/// An open invitation of one's own.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// How the inviting person calls whom they invite.
    pub called: String,
    /// What it entrusts.
    pub terms: Terms,
    /// It can be taken until then.
    pub expires_at: Timestamp,
}

impl Invitation {
    pub(super) fn read(row: &invitation::Model) -> Result<Self, StoreError> {
        let terms = Terms::read((&row.trusts, row.sections.as_deref()), row.until, row.by_age)?;
        Ok(Self { id: row.id, called: row.called.clone(), terms, expires_at: from_millis(row.expires_at) })
    }
}

/// What somebody is shown before they take an invitation.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Whose.
    pub name: String,
    /// What.
    pub terms: Terms,
}

/// Somebody who acts, or acted, for somebody.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Its id.
    pub id: Uuid,
    /// For whom.
    pub subject: PersonId,
    /// For one's own: the name of the proxy's account. For another's: the name of whom one acts for.
    pub name: String,
    /// How whoever entrusted it calls them.
    pub called: String,
    /// What.
    pub terms: Terms,
    /// Since when.
    pub since: Timestamp,
    /// When and by what it ended; absent while it is in force.
    pub ended: Option<(Timestamp, EndedBy)>,
}

impl Proxy {
    fn read(row: proxy::Model, name: String, now: Timestamp) -> Result<Self, StoreError> {
        let terms = Terms::read((&row.trusts, row.sections.as_deref()), row.until, row.by_age)?;
        let over = terms.until.filter(|until| *until <= now);
        let by_itself = over.map(|at| (at, if terms.by_age { EndedBy::Age } else { EndedBy::Day }));
        let said =
            row.ended_at.map(|at| (from_millis(at), EndedBy::parse(row.ended_by.as_deref().unwrap_or_default())));
        let ended = match (said, by_itself) {
            (Some(said), Some(day)) if day.0 < said.0 => Some(day),
            (said, day) => said.or(day),
        };
        Ok(Self {
            id: row.id,
            subject: PersonId(row.subject),
            name,
            called: row.called,
            terms,
            since: from_millis(row.since),
            ended,
        })
    }
}

/// In force now.
fn in_force(now: Timestamp) -> Condition {
    use proxy::Column;
    Condition::all().add(Column::EndedAt.is_null()).add(Column::Until.is_null().or(Column::Until.gt(to_millis(now))))
}

/// In force, or told of still.
fn told(now: Timestamp) -> Condition {
    use proxy::Column;
    let since = to_millis(now - TOLD);
    Condition::all()
        .add(Column::EndedAt.is_null().or(Column::EndedAt.gt(since)))
        .add(Column::Until.is_null().or(Column::Until.gt(since)))
        .add(Column::EndedBy.is_null().or(Column::EndedBy.ne(EndedBy::Renewed.as_str())))
}

impl Family {
    /// The context with what `person` has entrusted to it, as it is in force now: one indexed look, and none for oneself.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_force(
        &self,
        ctx: PatientContext,
        person: PersonId,
        now: Timestamp,
    ) -> Result<PatientContext, FamilyError> {
        if ctx.own() == Some(person) {
            return Ok(ctx);
        }
        use proxy::Column;
        let wanted = in_force(now).add(Column::Account.eq(account(&ctx)?)).add(Column::Subject.eq(person.0));
        let Some(row) = proxy::Entity::find().filter(wanted).one(self.store.reader()).await? else { return Ok(ctx) };
        let entrusted = Proxy::read(row, self.name_of(person).await?, now)?.entrusted();
        Ok(ctx.entrusted_with(vec![entrusted]))
    }

    /// Whom one has entrusted something, the latest first; those whose time was over within ninety days too.
    ///
    /// # Errors
    /// The database's.
    pub async fn mine(&self, ctx: &PatientContext, now: Timestamp) -> Result<Vec<Proxy>, FamilyError> {
        let Some(subject) = ctx.own() else { return Ok(Vec::new()) };
        let of = told(now).add(proxy::Column::Subject.eq(subject.0));
        let found = proxy::Entity::find().filter(of).order_by_desc(proxy::Column::Since);
        let mut all = Vec::new();
        for row in found.all(self.store.reader()).await? {
            let holder = accounts::Entity::find_by_id(row.account).one(self.store.reader()).await?;
            let name = holder.map(|account| account.name).unwrap_or_default();
            all.push(Proxy::read(row, name, now)?);
        }
        Ok(all)
    }

    /// Who has entrusted something to one, the latest first; as [`Family::mine`].
    ///
    /// # Errors
    /// The database's.
    pub async fn of_others(&self, ctx: &PatientContext, now: Timestamp) -> Result<Vec<Proxy>, FamilyError> {
        let of = told(now).add(proxy::Column::Account.eq(account(ctx)?));
        let found = proxy::Entity::find().filter(of).order_by_desc(proxy::Column::Since);
        let mut all = Vec::new();
        for row in found.all(self.store.reader()).await? {
            let name = self.name_of(PersonId(row.subject)).await?;
            all.push(Proxy::read(row, name, now)?);
        }
        Ok(all)
    }

    /// One's own invitations that nobody has taken yet, the latest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(&self, ctx: &PatientContext, now: Timestamp) -> Result<Vec<Invitation>, FamilyError> {
        let Some(subject) = ctx.own() else { return Ok(Vec::new()) };
        let mine = open(now).add(invitation::Column::Subject.eq(subject.0));
        let found = invitation::Entity::find().filter(mine).order_by_desc(invitation::Column::CreatedAt);
        let rows = found.all(self.store.reader()).await?;
        Ok(rows.iter().map(Invitation::read).collect::<Result<_, _>>()?)
    }

    /// What an invitation entrusts, to whoever has its secret.
    ///
    /// # Errors
    /// [`FamilyError::NotFound`] for a secret of none that can be taken; [`FamilyError::Oneself`]; the database's.
    pub async fn offer(&self, ctx: &PatientContext, typed: &str, now: Timestamp) -> Result<Offer, FamilyError> {
        let row = self.offered(ctx, typed, now).await?;
        let terms = Terms::read((&row.trusts, row.sections.as_deref()), row.until, row.by_age)?;
        Ok(Offer { name: self.name_of(PersonId(row.subject)).await?, terms })
    }

    pub(super) async fn offered(
        &self,
        ctx: &PatientContext,
        typed: &str,
        now: Timestamp,
    ) -> Result<invitation::Model, FamilyError> {
        let hash = code::digest(typed).ok_or(FamilyError::NotFound)?;
        let wanted = open(now).add(invitation::Column::CodeHash.eq(hash));
        let row = invitation::Entity::find().filter(wanted).one(self.store.reader()).await?;
        let row = row.ok_or(FamilyError::NotFound)?;
        match own(ctx) {
            Ok(person) if person.0 == row.subject => Err(FamilyError::Oneself),
            _ => Ok(row),
        }
    }

    /// As their account has it.
    async fn name_of(&self, person: PersonId) -> Result<String, FamilyError> {
        let theirs = accounts::Entity::find().filter(accounts::Column::Person.eq(person.0));
        Ok(theirs.one(self.store.reader()).await?.map(|account| account.name).unwrap_or_default())
    }
}

impl Proxy {
    /// As a context carries it.
    fn entrusted(self) -> Entrusted {
        let Terms { trusts, sections, .. } = self.terms;
        Entrusted { person: self.subject, name: self.name, trusts, sections }
    }
}
