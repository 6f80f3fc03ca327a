//! Accounts on both databases.

mod family;
mod timing;

use access::PersonId;
use accounts::{Account, AccountError, Accounts, NewAccount, SignInError};
use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Query},
};
use store::{DatabaseConfig, Store, StoreError};
use zeroize::Zeroizing;

async fn open(database: &testbed::Database) -> (Store, Accounts) {
    let store = Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.expect("opened");
    (store.clone(), Accounts::new(store).expect("argon2"))
}

fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

async fn make(
    store: &Store,
    accounts: &Accounts,
    username: &str,
    person: Option<PersonId>,
) -> Result<Account, AccountError> {
    let new = NewAccount {
        username: username.to_owned(),
        password: secret("一个长的密码"),
        name: "陈玉兰".to_owned(),
        person,
    };
    let prepared = accounts.prepare(new, Timestamp::UNIX_EPOCH).await?;
    store.write(move |tx| Box::pin(async move { Accounts::insert(tx, prepared).await })).await
}

#[tokio::test]
async fn the_right_password_signs_in_whatever_the_case_of_the_name() {
    for database in testbed::databases().await {
        let (store, accounts) = open(&database).await;
        let person = PersonId(uuid::Uuid::now_v7());
        let made = make(&store, &accounts, "Chen.Yulan", Some(person)).await.expect("made");
        for name in ["chen.yulan", " CHEN.YULAN "] {
            let account = accounts.sign_in(name, secret("一个长的密码")).await.expect("signed in");
            assert_eq!(account, made, "{:?}", database.kind);
            assert_eq!(account.person, Some(person));
        }
        for (name, password) in [("chen.yulan", "另一个"), ("chen.yulan", ""), ("nobody", "一个长的密码"), ("", "")]
        {
            let refused = accounts.sign_in(name, secret(password)).await;
            assert!(matches!(refused, Err(SignInError::Refused)), "{name} {password}");
        }
    }
}

#[tokio::test]
async fn a_name_and_a_person_have_one_account() {
    for database in testbed::databases().await {
        let (store, accounts) = open(&database).await;
        let person = PersonId(uuid::Uuid::now_v7());
        make(&store, &accounts, "chen", Some(person)).await.expect("made");
        let same_name = make(&store, &accounts, "CHEN", None).await;
        assert!(matches!(same_name, Err(AccountError::NameTaken)), "{same_name:?}");
        let same_both = make(&store, &accounts, "chen", Some(person)).await;
        assert!(matches!(same_both, Err(AccountError::NameTaken)), "{same_both:?}");
        let same_person = make(&store, &accounts, "other", Some(person)).await;
        assert!(matches!(same_person, Err(AccountError::PersonTaken)), "{same_person:?}");
        make(&store, &accounts, "unlinked-1", None).await.expect("without a record");
        make(&store, &accounts, "unlinked-2", None).await.expect("without a record");
        for bad in ["", "x", "a b", &"n".repeat(65)] {
            assert!(matches!(make(&store, &accounts, bad, None).await, Err(AccountError::Username)), "{bad}");
        }
    }
}

#[tokio::test]
async fn a_disabled_account_is_refused_and_no_password_is_in_the_database() {
    for database in testbed::databases().await {
        let (store, accounts) = open(&database).await;
        make(&store, &accounts, "chen", None).await.expect("made");
        let disable =
            Query::update().table(Alias::new("patient_account")).value(Alias::new("disabled_at"), 1i64).to_owned();
        store
            .write::<(), StoreError, _>(move |tx| {
                Box::pin(async move {
                    tx.execute(&disable).await?;
                    Ok(())
                })
            })
            .await
            .expect("disabled");
        let refused = accounts.sign_in("chen", secret("一个长的密码")).await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{:?}", database.kind);
        let hashes = Query::select().column(Alias::new("password_hash")).from(Alias::new("patient_account")).to_owned();
        for row in store.reader().query_all(&hashes).await.expect("rows") {
            let hash: String = row.try_get("", "password_hash").expect("a hash");
            assert!(hash.starts_with("$argon2id$"), "{hash}");
        }
    }
}
