//! An account and signing in to it.

use access::{Classify, Fault, PatientContext, PersonId, RequestId, SubjectId};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, SqlErr};
use store::{Store, StoreError, Tx, to_millis};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    entity,
    password::{PasswordError, Passwords},
};

/// A patient's account, as kept in the session.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// What is shown.
    pub name: String,
    /// The regional patient it was proven to be.
    pub person: Option<PersonId>,
}

impl Account {
    /// Who acts in a request.
    pub fn context(&self, request: RequestId) -> PatientContext {
        PatientContext::establish(self.subject(), self.name.clone(), self.person, request)
    }

    /// As in the policy and the audit log.
    pub fn subject(&self) -> SubjectId {
        SubjectId::account(self.id)
    }
}

/// An account to be made by the desk.
pub struct NewAccount {
    /// What the patient types; compared without regard to case.
    pub username: String,
    /// Their first password.
    pub password: Zeroizing<String>,
    /// What is shown.
    pub name: String,
    /// The regional patient, when the desk has proven it.
    pub person: Option<PersonId>,
}

/// Why an account could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Somebody has this name already, perhaps the same person.
    #[error("the name is taken")]
    NameTaken,
    /// The person has an account already, under another name.
    #[error("the person has an account already")]
    PersonTaken,
    /// Empty, too long, or with spaces.
    #[error("a name must be 2 to 64 characters without spaces")]
    Username,
    /// Hashing failed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for AccountError {
    fn fault(&self) -> Fault {
        match self {
            Self::NameTaken | Self::PersonTaken => Fault::Conflict,
            Self::Username | Self::Password(PasswordError::TooLong) => Fault::Invalid,
            Self::Password(PasswordError::Busy) => Fault::Unavailable,
            Self::Password(PasswordError::Hash(_)) => Fault::Internal,
            Self::Store(error) => error.fault(),
        }
    }
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Unknown, disabled, or a wrong password: one answer for all three.
    #[error("refused")]
    Refused,
    /// Too many at once.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Classify for SignInError {
    fn fault(&self) -> Fault {
        match self {
            Self::Refused => Fault::NotSignedIn,
            Self::Password(PasswordError::Busy) => Fault::Unavailable,
            Self::Password(_) => Fault::Internal,
            Self::Store(error) => error.fault(),
        }
    }
}

/// All accounts.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    passwords: Passwords,
}

fn normal(username: &str) -> String {
    username.trim().to_lowercase()
}

impl Accounts {
    /// Accounts in `store`.
    ///
    /// # Errors
    /// See [`Passwords::new`].
    pub fn new(store: Store) -> Result<Self, PasswordError> {
        Ok(Self { store, passwords: Passwords::new()? })
    }

    /// Checks a name and password. An unknown name costs as much as a wrong password.
    ///
    /// # Errors
    /// [`SignInError::Refused`] whatever was wrong with them.
    pub async fn sign_in(&self, username: &str, password: Zeroizing<String>) -> Result<Account, SignInError> {
        let found = entity::Entity::find()
            .filter(entity::Column::Username.eq(normal(username)))
            .one(self.store.reader())
            .await
            .map_err(StoreError::from)?
            .filter(|account| account.disabled_at.is_none());
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let fits = self.passwords.fits(password, hash).await?;
        match found {
            Some(account) if fits => {
                Ok(Account { id: account.id, name: account.name, person: account.person.map(PersonId) })
            }
            _ => Err(SignInError::Refused),
        }
    }

    /// Whose name this is, without any proof that they are there.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&self, username: &str) -> Result<Option<SubjectId>, StoreError> {
        let named = entity::Entity::find().filter(entity::Column::Username.eq(normal(username)));
        Ok(named.one(self.store.reader()).await?.map(|account| SubjectId::account(account.id)))
    }

    /// Hashes the first password of a new account, outside any transaction, and returns what [`Accounts::insert`] writes.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn prepare(&self, new: NewAccount, now: Timestamp) -> Result<Prepared, AccountError> {
        let username = normal(&new.username);
        if !(2..=64).contains(&username.chars().count()) || username.chars().any(char::is_whitespace) {
            return Err(AccountError::Username);
        }
        let password_hash = self.passwords.hash(new.password).await?;
        Ok(Prepared(entity::Model {
            id: Uuid::now_v7(),
            username,
            password_hash,
            name: new.name,
            person: new.person.map(|person| person.0),
            created_at: to_millis(now),
            disabled_at: None,
        }))
    }

    /// Makes the account within the caller's transaction, which audits it.
    ///
    /// # Errors
    /// [`AccountError::NameTaken`], [`AccountError::PersonTaken`].
    pub async fn insert(tx: &Tx, prepared: Prepared) -> Result<Account, AccountError> {
        let model = prepared.0;
        // Both may be taken, by the same account: then it is the name that says so, whatever the database looks at first.
        let namesake = entity::Entity::find().filter(entity::Column::Username.eq(&model.username));
        if namesake.one(tx).await.map_err(StoreError::from)?.is_some() {
            return Err(AccountError::NameTaken);
        }
        let account = Account { id: model.id, name: model.name.clone(), person: model.person.map(PersonId) };
        let row = entity::ActiveModel {
            id: Set(model.id),
            username: Set(model.username),
            password_hash: Set(model.password_hash),
            name: Set(model.name),
            person: Set(model.person),
            created_at: Set(model.created_at),
            disabled_at: Set(model.disabled_at),
        };
        match entity::Entity::insert(row).exec_without_returning(tx).await {
            Ok(_) => Ok(account),
            Err(error) => Err(match error.sql_err() {
                // PostgreSQL names the index, SQLite the column: `patient_account_person`, `patient_account.person`.
                Some(SqlErr::UniqueConstraintViolation(said)) if said.contains("person") => AccountError::PersonTaken,
                Some(SqlErr::UniqueConstraintViolation(_)) => AccountError::NameTaken,
                _ => StoreError::from(error).into(),
            }),
        }
    }
}

/// A new account with its password hashed.
pub struct Prepared(entity::Model);
