//! Browsers that an account was signed in with before.
//!
//! The cookie holds a random name of the browser and, for each of the last few accounts signed in with it, a day and a
//! tag: an HMAC of browser, account and day. It proves nothing but that: without the password it opens nothing, and
//! guesses made with it are counted by themselves. No account can be read from it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use crate::keys::{self, Key, KeyError};

/// Accounts a browser is remembered for: a ward's workstation has many.
const ACCOUNTS: usize = 16;
/// Days after its last good sign-in that a browser is known.
pub const KNOWN_DAYS: u32 = 90;

const ID: usize = 16;
const TAG: usize = 16;
const ENTRY: usize = 4 + TAG;

/// A browser that an account was signed in with before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    pub(super) id: String,
    pub(super) account: String,
}

/// Knows browsers again.
#[derive(Clone)]
pub struct Devices {
    key: Key,
}

struct Entry {
    day: u32,
    tag: [u8; TAG],
}

struct Contents {
    id: [u8; ID],
    entries: Vec<Entry>,
}

impl Contents {
    fn read(cookie: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (id, rest) = bytes.split_first_chunk::<ID>()?;
        if rest.len() % ENTRY != 0 || rest.len() > ACCOUNTS * ENTRY {
            return None;
        }
        let entry = |bytes: &[u8]| {
            let (day, tag) = bytes.split_first_chunk::<4>()?;
            Some(Entry { day: u32::from_be_bytes(*day), tag: tag.try_into().ok()? })
        };
        Some(Self { id: *id, entries: rest.chunks_exact(ENTRY).filter_map(entry).collect() })
    }

    fn write(&self) -> String {
        let mut bytes = self.id.to_vec();
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.day.to_be_bytes());
            bytes.extend_from_slice(&entry.tag);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn day(now: Timestamp) -> u32 {
    u32::try_from(now.as_second() / 86_400).unwrap_or_default()
}

impl Devices {
    /// `root` is a key of this portal's people; the same on every replica.
    pub fn new(root: &Key) -> Self {
        Self { key: keys::derive(root, "device") }
    }

    /// Was `account` ([`super::canonical`]) signed in with the browser of this cookie in the last [`KNOWN_DAYS`]?
    pub fn known(&self, cookie: Option<&str>, account: &str, now: Timestamp) -> Option<KnownDevice> {
        let contents = Contents::read(cookie?)?;
        let fresh = |entry: &&Entry| day(now).checked_sub(entry.day).is_some_and(|age| age <= KNOWN_DAYS);
        let ours = |entry: &Entry| bool::from(self.tag(&contents.id, account, entry.day).ct_eq(&entry.tag));
        let known = contents.entries.iter().filter(fresh).any(ours);
        known.then(|| KnownDevice { id: URL_SAFE_NO_PAD.encode(contents.id), account: account.to_owned() })
    }

    /// The cookie's value after a good sign-in of `account`, from the one the browser had.
    ///
    /// # Errors
    /// No random bytes.
    pub fn remember(&self, cookie: Option<&str>, account: &str, now: Timestamp) -> Result<String, KeyError> {
        let mut contents = match cookie.and_then(Contents::read) {
            Some(contents) => contents,
            None => {
                let mut id = [0; ID];
                id.copy_from_slice(&keys::random()?[..ID]);
                Contents { id, entries: Vec::new() }
            }
        };
        let id = contents.id;
        let today = day(now);
        contents.entries.retain(|entry| self.tag(&id, account, entry.day) != entry.tag);
        contents.entries.insert(0, Entry { day: today, tag: self.tag(&id, account, today) });
        contents.entries.truncate(ACCOUNTS);
        Ok(contents.write())
    }

    fn tag(&self, id: &[u8; ID], account: &str, day: u32) -> [u8; TAG] {
        let mut mac = match Hmac::<sha2::Sha256>::new_from_slice(self.key.as_slice()) {
            Ok(mac) => mac,
            Err(_) => unreachable!("HMAC-SHA256 takes 32 bytes"),
        };
        mac.update(id);
        mac.update(&day.to_be_bytes());
        mac.update(account.as_bytes());
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&full[..TAG]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Devices {
        Devices::new(&keys::random().expect("random"))
    }

    fn on(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400 + 7).expect("time")
    }

    #[test]
    fn a_browser_is_known_for_its_accounts_alone() {
        let devices = devices();
        let one = devices.remember(None, "li.wei", on(100)).expect("cookie");
        let both = devices.remember(Some(&one), "wang.fang", on(101)).expect("cookie");
        for (cookie, account, expect) in
            [(&one, "li.wei", true), (&one, "wang.fang", false), (&both, "li.wei", true), (&both, "wang.fang", true)]
        {
            assert_eq!(devices.known(Some(cookie), account, on(101)).is_some(), expect, "{account}");
        }
        let same = |cookie: &str| devices.known(Some(cookie), "li.wei", on(101)).map(|known| known.id);
        assert_eq!(same(&one), same(&both), "the browser stays the same");
        assert!(devices.known(None, "li.wei", on(100)).is_none());
        assert!(Devices::new(&keys::random().expect("random")).known(Some(&one), "li.wei", on(100)).is_none());
    }

    #[test]
    fn it_is_forgotten_after_a_while_and_holds_so_many() {
        let devices = devices();
        let cookie = devices.remember(None, "li.wei", on(100)).expect("cookie");
        assert!(devices.known(Some(&cookie), "li.wei", on(190)).is_some());
        assert!(devices.known(Some(&cookie), "li.wei", on(191)).is_none());
        assert!(devices.known(Some(&cookie), "li.wei", on(99)).is_none(), "from the future");
        let mut full = cookie;
        for n in 0..ACCOUNTS {
            full = devices.remember(Some(&full), &format!("user-{n}"), on(100)).expect("cookie");
        }
        assert!(devices.known(Some(&full), "li.wei", on(100)).is_none() && full.len() < 512, "{}", full.len());
        let again = devices.remember(Some(&full), "user-3", on(101)).expect("cookie");
        assert_eq!(again.len(), full.len(), "an account is in it once");
    }

    #[test]
    fn a_changed_cookie_is_none() {
        let devices = devices();
        let cookie = devices.remember(None, "li.wei", on(100)).expect("cookie");
        let bytes = URL_SAFE_NO_PAD.decode(&cookie).expect("base64");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(devices.known(Some(&URL_SAFE_NO_PAD.encode(changed)), "li.wei", on(100)).is_none(), "byte {at}");
        }
        for bad in ["", "A", "%%", &cookie[..20], &"A".repeat(4000)] {
            assert!(devices.known(Some(bad), "li.wei", on(100)).is_none(), "{bad}");
        }
    }
}
