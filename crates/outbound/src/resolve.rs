//! Name resolution with the address check built in: what was checked is what is connected to.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::address::{is_loopback, is_refused};

/// Why a name gave no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    /// One of the name's addresses is refused: the whole answer is, since a name that points both outside and inside
    /// is how rebinding looks.
    #[error("address refused")]
    Refused,
    /// No address.
    #[error("name not found")]
    NotFound,
    /// A name that is neither the target's nor its proxy's.
    #[error("name not expected")]
    Unexpected,
}

/// A host that may be resolved, and whether it may be this machine.
#[derive(Clone, Debug)]
struct Expected {
    host: String,
    loopback: bool,
}

/// Who is asked where a name is.
pub(crate) type Ask = fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// This machine's own resolver. Port 0: the URL's own port is put in its place.
pub(crate) fn system(name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) })
}

/// A name and where it is.
type Answer = (String, Vec<SocketAddr>);

/// Resolves the names of one target. The first good answer is pinned, so a name can't move to another address between
/// requests; a failed connection releases it ([`Pinned::release`]), so a hospital can.
#[derive(Clone, Debug)]
pub(crate) struct Pinned {
    expected: Arc<[Expected]>,
    answers: Arc<Mutex<Vec<Answer>>>,
    ask: Ask,
}

impl Pinned {
    /// `urls`: the base, and the proxy if there is one.
    pub(crate) fn new<'u>(urls: impl IntoIterator<Item = &'u Url>, ask: Ask) -> Self {
        let expected = urls.into_iter().filter_map(|url| match url.host() {
            Some(Host::Domain(host)) => {
                Some(Expected { host: host.trim_end_matches('.').to_ascii_lowercase(), loopback: names_loopback(url) })
            }
            _ => None,
        });
        Self { expected: expected.collect(), answers: Arc::default(), ask }
    }

    /// Forgets what was pinned.
    pub(crate) fn release(&self) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn pinned(&self, host: &str) -> Option<Vec<SocketAddr>> {
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answer.iter().find(|(name, _)| name == host).map(|(_, addresses)| addresses.clone())
    }

    fn pin(&self, host: &str, addresses: &[SocketAddr]) {
        let mut answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if !answer.iter().any(|(name, _)| name == host) {
            answer.push((host.to_owned(), addresses.to_vec()));
        }
    }

    pub(crate) async fn look_up(self, name: String) -> Result<Vec<SocketAddr>, ResolveError> {
        let host = name.trim_end_matches('.').to_ascii_lowercase();
        let Some(expected) = self.expected.iter().find(|expected| expected.host == host) else {
            return Err(ResolveError::Unexpected);
        };
        if let Some(addresses) = self.pinned(&host) {
            return Ok(addresses);
        }
        let found = (self.ask)(host.clone()).await.map_err(|_| ResolveError::NotFound)?;
        let addresses = checked(found, expected.loopback)?;
        self.pin(&host, &addresses);
        Ok(addresses)
    }
}

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = self.clone().look_up(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = looking.await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// All of the addresses, if all of them may be connected to.
fn checked(addresses: Vec<SocketAddr>, loopback: bool) -> Result<Vec<SocketAddr>, ResolveError> {
    if addresses.is_empty() {
        return Err(ResolveError::NotFound);
    }
    let good = addresses.iter().all(|address| may_connect(address.ip(), loopback));
    if good { Ok(addresses) } else { Err(ResolveError::Refused) }
}

fn may_connect(address: IpAddr, loopback: bool) -> bool {
    !is_refused(address) && (loopback || !is_loopback(address))
}

/// Is the configured host itself this machine (`localhost`, `app.localhost`, 127/8, `::1`)?
pub(crate) fn names_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        None => false,
    }
}

/// A host written as an address is not resolved, so it is checked here.
pub(crate) fn literal_is_allowed(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(Host::Domain(_)) => return true,
        None => return false,
    };
    may_connect(address, names_loopback(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().expect("an address"), 0)).collect()
    }

    #[test]
    fn one_refused_address_refuses_the_whole_answer() {
        assert_eq!(checked(addresses(&["93.184.216.34", "127.0.0.1"]), false), Err(ResolveError::Refused));
        assert_eq!(checked(addresses(&["10.0.0.1", "169.254.169.254"]), true), Err(ResolveError::Refused));
        assert_eq!(checked(addresses(&["::ffff:127.0.0.1"]), false), Err(ResolveError::Refused));
        assert_eq!(checked(addresses(&["10.0.0.1"]), false), Ok(addresses(&["10.0.0.1"])));
        assert_eq!(checked(addresses(&["127.0.0.1"]), true), Ok(addresses(&["127.0.0.1"])));
        assert_eq!(checked(Vec::new(), true), Err(ResolveError::NotFound));
    }

    #[test]
    fn hosts_written_as_addresses_are_checked_in_every_spelling() {
        let check = |text: &str, allowed: bool| {
            let url = Url::parse(text).expect("a URL");
            assert_eq!(literal_is_allowed(&url), allowed, "{text}");
        };
        check("http://127.0.0.1:9/", true);
        check("http://[::1]/", true);
        check("http://10.2.3.4/", true);
        check("http://0177.0.0.1/", true); // octal for 127.0.0.1: configured as loopback
        check("http://169.254.169.254/", false);
        check("http://0xa9fea9fe/", false);
        check("http://[::ffff:169.254.169.254]/", false);
        check("http://[::ffff:127.0.0.1]/", false);
        check("http://0/", false);
    }

    #[tokio::test]
    async fn names_are_resolved_only_when_expected_and_then_pinned() {
        let base = Url::parse("http://localhost:1/").expect("a URL");
        let pinned = Pinned::new([&base], system);
        assert_eq!(pinned.clone().look_up("elsewhere.example".into()).await, Err(ResolveError::Unexpected));
        let first = pinned.clone().look_up("LOCALHOST.".into()).await.expect("localhost");
        assert_eq!(pinned.pinned("localhost"), Some(first));
        pinned.release();
        assert_eq!(pinned.pinned("localhost"), None);
    }

    #[tokio::test]
    async fn a_name_that_moved_to_this_machine_is_refused() {
        // As if `localhost` were a hospital's name that now points here.
        let pinned = Pinned {
            expected: Arc::new([Expected { host: "localhost".into(), loopback: false }]),
            answers: Arc::default(),
            ask: system,
        };
        assert_eq!(pinned.clone().look_up("localhost".into()).await, Err(ResolveError::Refused));
        assert_eq!(pinned.pinned("localhost"), None);
    }
}
