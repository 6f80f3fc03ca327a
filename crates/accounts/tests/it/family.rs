//! Entrusting, taking back, and the end of it, on both databases.

use std::collections::BTreeSet;

use access::{AuditKey, AuditLog, Deed, Domain, PatientContext, PersonId, RequestId, Sections, Trust};
use accounts::{
    Account, Accounts, Family, FamilyError, FamilyRules,
    family::{EndedBy, GOOD_FOR, Wanted, WantedProblem},
};
use jiff::{SignedDuration, Timestamp, tz};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use store::Store;
use uuid::Uuid;

use super::{make, open};

struct Home {
    store: Store,
    accounts: Accounts,
    family: Family,
    mother: Account,
    daughter: Account,
}

const RULES: FamilyRules = FamilyRules { own_say_age: 14, zone: tz::TimeZone::UTC };

fn now() -> Timestamp {
    "2026-11-23T04:00:00Z".parse().expect("an instant")
}

async fn home(database: &testbed::Database) -> Home {
    let (store, accounts) = open(database).await;
    let audit = AuditLog::new(AuditKey::of_portal(&[7; 32], Domain::External));
    let family = Family::new(store.clone(), audit, RULES);
    let person = || Some(PersonId(Uuid::now_v7()));
    let mother = make(&store, &accounts, "mother", person()).await.expect("made");
    let daughter = make(&store, &accounts, "daughter", person()).await.expect("made");
    Home { store, accounts, family, mother, daughter }
}

fn ctx(account: &Account) -> PatientContext {
    account.context(RequestId("test".to_owned()))
}

fn labs() -> Wanted {
    Wanted {
        called: "我女儿".to_owned(),
        trusts: BTreeSet::from([Trust::View, Trust::Book]),
        sections: Sections::These(BTreeSet::from(["lab-results".to_owned()])),
        last_day: Some("2026-12-01".parse().expect("a day")),
    }
}

impl Home {
    fn subject(&self) -> PersonId {
        self.mother.person.expect("linked")
    }

    async fn may(&self, who: &Account, deed: Deed<'_>, at: Timestamp) -> bool {
        let ctx = self.family.in_force(ctx(who), self.subject(), at).await.expect("read");
        ctx.may_act_for(self.subject(), deed)
    }

    async fn entrust(&self, wanted: Wanted) {
        let (secret, _) = self.family.invite(&ctx(&self.mother), wanted, None, now()).await.expect("invited");
        let whose = self.family.accept(&ctx(&self.daughter), &secret, now()).await.expect("accepted");
        assert_eq!(whose, self.subject());
    }

    /// Actions in the log about the mother, in order.
    async fn log(&self) -> Vec<String> {
        let rows = Query::select()
            .column(Alias::new("action"))
            .from(Alias::new("access_log"))
            .and_where(Expr::col(Alias::new("person")).eq(self.subject().0))
            .order_by(Alias::new("number"), sea_orm::sea_query::Order::Asc)
            .to_owned();
        let rows = self.store.reader().query_all(&rows).await.expect("rows");
        rows.iter().map(|row| row.try_get("", "action").expect("an action")).collect()
    }
}

#[tokio::test]
async fn what_is_entrusted_is_in_force_until_its_day_and_nothing_else_is() {
    for database in testbed::databases().await {
        let home = home(&database).await;
        assert!(!home.may(&home.daughter, Deed::Face, now()).await, "before");
        home.entrust(labs()).await;
        for (deed, may) in [
            (Deed::Face, true),
            (Deed::Section("lab-results"), true),
            (Deed::Book, true),
            (Deed::Section("charges"), false),
            (Deed::Message, false),
            (Deed::AccessLog, false),
            (Deed::Oneself, false),
        ] {
            assert_eq!(home.may(&home.daughter, deed, now()).await, may, "{:?} {deed:?}", database.kind);
        }
        let end: Timestamp = "2026-12-02T00:00:00Z".parse().expect("an instant");
        assert!(home.may(&home.daughter, Deed::Book, end - SignedDuration::from_secs(1)).await);
        assert!(!home.may(&home.daughter, Deed::Book, end).await, "the day after");
        let told = home.family.of_others(&ctx(&home.daughter), end).await.expect("read");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].ended, Some((end, EndedBy::Day)));
        let stranger = make(&home.store, &home.accounts, "stranger", None).await.expect("made");
        assert!(!home.may(&stranger, Deed::Face, now()).await);
        assert_eq!(home.log().await, ["proxy.invite", "proxy.accept"]);
    }
}

#[tokio::test]
async fn an_invitation_is_taken_once_and_by_somebody_else() {
    for database in testbed::databases().await {
        let home = home(&database).await;
        let (mother, daughter) = (ctx(&home.mother), ctx(&home.daughter));
        let invite = || home.family.invite(&mother, labs(), None, now());
        let (secret, kept) = invite().await.expect("invited");
        let own = home.family.offer(&mother, &secret, now()).await;
        assert!(matches!(own, Err(FamilyError::Oneself)), "{own:?}");
        let offer = home.family.offer(&daughter, &secret, now()).await.expect("shown");
        assert_eq!((offer.name.as_str(), &offer.terms), ("陈玉兰", &kept.terms));
        let late = home.family.offer(&daughter, &secret, now() + GOOD_FOR).await;
        assert!(matches!(late, Err(FamilyError::NotFound)), "{late:?}");
        let (one, other) =
            tokio::join!(home.family.accept(&daughter, &secret, now()), home.family.accept(&daughter, &secret, now()));
        assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "once: {one:?} {other:?}");
        let (second, kept) = invite().await.expect("invited");
        home.family.withdraw(&mother, kept.id, now()).await.expect("withdrawn");
        for secret in [secret.as_str(), second.as_str(), "0000-0000-0000-0000", ""] {
            let gone = home.family.accept(&daughter, secret, now()).await;
            assert!(matches!(gone, Err(FamilyError::NotFound)), "{gone:?}");
        }
        let hashes =
            Query::select().column(Alias::new("code_hash")).from(Alias::new("patient_proxy_invitation")).to_owned();
        for row in home.store.reader().query_all(&hashes).await.expect("rows") {
            let hash: String = row.try_get("", "code_hash").expect("a digest");
            assert!(hash.len() == 64 && !hash.contains(&*secret.to_lowercase()), "{hash}");
        }
    }
}

#[tokio::test]
async fn it_is_taken_back_by_one_and_given_back_by_the_other_and_by_nobody_else() {
    for database in testbed::databases().await {
        let home = home(&database).await;
        let (mother, daughter) = (ctx(&home.mother), ctx(&home.daughter));
        for by in [EndedBy::Subject, EndedBy::Proxy] {
            home.entrust(labs()).await;
            let all = home.family.mine(&mother, now()).await.expect("read");
            let one = all.iter().find(|one| one.ended.is_none()).expect("in force");
            for (wrong, how) in [
                (home.family.revoke(&daughter, one.id, now()).await, "revoked by the proxy"),
                (home.family.give_back(&mother, one.id, now()).await, "given back by the subject"),
            ] {
                assert!(matches!(wrong, Err(FamilyError::NotFound)), "{how}: {wrong:?}");
            }
            assert!(home.may(&home.daughter, Deed::Book, now()).await);
            match by {
                EndedBy::Subject => home.family.revoke(&mother, one.id, now()).await.expect("revoked"),
                _ => home.family.give_back(&daughter, one.id, now()).await.expect("given back"),
            }
            assert!(!home.may(&home.daughter, Deed::Face, now()).await, "{by:?}");
            let again = home.family.revoke(&mother, one.id, now()).await;
            assert!(matches!(again, Err(FamilyError::NotFound)), "twice: {again:?}");
            let ended = home.family.mine(&mother, now()).await.expect("read");
            assert_eq!(ended.iter().find(|it| it.id == one.id).expect("told").ended, Some((now(), by)));
        }
        let log = home.log().await;
        assert_eq!(log[2..3], ["proxy.revoke"]);
        assert_eq!(log[5..], ["proxy.give-back"]);
    }
}

#[tokio::test]
async fn a_later_invitation_takes_the_place_of_the_one_before() {
    for database in testbed::databases().await {
        let home = home(&database).await;
        home.entrust(labs()).await;
        home.entrust(Wanted { trusts: BTreeSet::from([Trust::Message]), ..labs() }).await;
        assert!(home.may(&home.daughter, Deed::Message, now()).await);
        assert!(!home.may(&home.daughter, Deed::Book, now()).await, "what was entrusted before");
        assert_eq!(home.family.of_others(&ctx(&home.daughter), now()).await.expect("read").len(), 1);
    }
}

#[tokio::test]
async fn a_child_s_trust_ends_on_the_birthday_and_ten_invitations_are_enough() {
    for database in testbed::databases().await {
        let home = home(&database).await;
        let mother = ctx(&home.mother);
        let wanted = Wanted { last_day: None, ..labs() };
        let (secret, _) = home.family.invite(&mother, wanted, Some("2015-06-01"), now()).await.expect("invited");
        home.family.accept(&ctx(&home.daughter), &secret, now()).await.expect("accepted");
        let birthday: Timestamp = "2029-06-01T00:00:00Z".parse().expect("an instant");
        assert!(home.may(&home.daughter, Deed::Book, birthday - SignedDuration::from_secs(1)).await);
        assert!(!home.may(&home.daughter, Deed::Book, birthday).await);
        let told = home.family.mine(&mother, birthday).await.expect("read");
        assert_eq!(told[0].ended, Some((birthday, EndedBy::Age)));
        for _ in 0..10 {
            home.family.invite(&mother, labs(), None, now()).await.expect("invited");
        }
        let eleventh = home.family.invite(&mother, labs(), None, now()).await;
        assert!(matches!(eleventh, Err(FamilyError::Wanted(WantedProblem::TooMany))), "{eleventh:?}");
        let unlinked = make(&home.store, &home.accounts, "nobody", None).await.expect("made");
        let nobody = home.family.invite(&ctx(&unlinked), labs(), None, now()).await;
        assert!(matches!(nobody, Err(FamilyError::NotFound)), "{nobody:?}");
    }
}
