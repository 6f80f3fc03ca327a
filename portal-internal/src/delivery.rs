//! Telling staff outside the portal that a message waits: the words, the ways, and what is remembered of who signs in.

use std::sync::Arc;

use directory::StaffIdentity;
use envelope::Envelope;
use messages::{
    AddressBook, Announce, Carrier, Contact, Deliver, HttpGateway, Language, Mail, Notice, Notices, Remembered, Sms,
    StaffContacts,
};
use outbound::Outbound;
use store::{Store, jobs::Runner};
use url::Url;
use web::{
    Lang, Visit,
    render::{Renderer, Words},
};

use crate::{config::DeliverySection, portal::Portal};

/// What delivers.
pub struct Delivery {
    /// Where staff are reached.
    pub contacts: StaffContacts,
    carriers: Vec<Arc<dyn Carrier>>,
}

impl Delivery {
    /// As configured; `None` when neither way is.
    ///
    /// # Errors
    /// What of the settings can't be used after all.
    pub fn new(
        config: &DeliverySection,
        renderer: &Renderer,
        public_url: &Url,
        contacts: impl FnOnce() -> StaffContacts,
    ) -> anyhow::Result<Option<Self>> {
        let link = public_url.join("messages")?;
        let mut carriers: Vec<Arc<dyn Carrier>> = Vec::new();
        if let Some(mail) = &config.mail {
            let mut notices = notices(renderer, &link);
            if let Some((zh, en)) = &mail.from_name {
                (notices.zh.from, notices.en.from) = (zh.clone(), en.clone());
            }
            carriers.push(Arc::new(Mail::new(mail.settings.clone(), notices)?));
        }
        if let Some(sms) = &config.sms {
            let gateway = HttpGateway::new(&Outbound::new()?, sms.clone())?;
            carriers.push(Arc::new(Sms::new(gateway, notices(renderer, &link))));
        }
        Ok((!carriers.is_empty()).then(|| Self { contacts: contacts(), carriers }))
    }

    /// A runner that delivers too.
    pub fn on(&self, store: &Store, runner: Runner) -> Runner {
        let book: Arc<dyn AddressBook> = Arc::new(self.contacts.clone());
        let channels = self.carriers.iter().map(|carrier| carrier.channel()).collect();
        let runner = runner.with(Announce::new(store.clone(), book.clone(), channels));
        self.carriers
            .iter()
            .fold(runner, |runner, carrier| runner.with(Deliver::new(store.clone(), book.clone(), carrier.clone())))
    }
}

fn notices(renderer: &Renderer, link: &Url) -> Notices {
    let said = |lang| notice(renderer.words(lang), link);
    Notices { zh: said(Lang::Zh), en: said(Lang::En) }
}

fn notice(words: &Words, link: &Url) -> Notice {
    let portal = words.text("brand-internal");
    let text = |key| words.with(key, &[("portal", portal.as_str().into()), ("link", link.as_str().into())]);
    Notice {
        subject: text("notice-mail-subject"),
        text: text("notice-mail-text"),
        short: text("notice-sms-text"),
        from: portal.clone(),
    }
}

/// What is remembered of somebody who signs in, of where they are reached. That it can't be sealed keeps nobody out.
pub async fn remembered(portal: &Portal, visit: &Visit, identity: &StaffIdentity) -> Option<Remembered> {
    let contacts = portal.contacts.as_ref()?;
    let reached = identity.reached();
    let unusable = |what| tracing::warn!(subject = %identity.subject(), what, "not an address that can be used");
    let contact = Contact {
        mail: reached.mail.as_ref().and_then(|mail| mail.parse().inspect_err(|_| unusable("mail")).ok()),
        phone: reached.mobile.as_ref().and_then(|phone| phone.parse().inspect_err(|_| unusable("mobile")).ok()),
        language: Some(match visit.lang {
            Lang::Zh => Language::Zh,
            Lang::En => Language::En,
        }),
    };
    let sealed = contacts.seal(identity.subject(), &identity.all_groups(), &contact, visit.now).await;
    sealed.inspect_err(|error| tracing::warn!(%error, "where somebody is reached is not remembered")).ok()
}

/// The address book, where messages are told outside the portal.
pub fn book(store: &Store, envelope: &Envelope, policy: &access::Policy) -> StaffContacts {
    StaffContacts::new(store.clone(), envelope.clone(), policy.clone())
}
