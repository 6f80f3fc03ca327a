//! An authorization server of others, and a FHIR server on an origin of its own: patients sign in there as in a browser.

use std::process::{Child, Command};

use anyhow::{Context as _, Result, ensure};
use url::Url;

use super::{listening_at, stop, tests_folder};
use crate::{Answer, Visitor};

/// Steps from the portal and back that nobody needs.
const MOST_STEPS: usize = 12;

/// Who may send people there.
#[derive(Clone, Copy, Debug)]
pub struct OidcClient<'c> {
    /// As the portal names itself.
    pub id: &'c str,
    /// Sent in the header when there is one; without it the client is public.
    pub secret: Option<&'c str>,
    /// Where people are sent back to: compared letter by letter.
    pub redirect_uri: &'c str,
}

/// oidc-provider on a private port (`tests/peers/oidc.mjs`): PKCE is required, a refresh token is good once, and one that comes
/// twice ends all that was granted with it. The FHIR server is on another port, and opens to a token its own patient alone. Stopped
/// when dropped.
pub struct OidcProvider {
    /// Who it is, and where its pages are.
    pub issuer: String,
    /// Where it gives tokens: another origin than the FHIR server's, so that an administrator has to name it.
    pub token_url: String,
    /// FHIR base.
    pub base_url: String,
    program: Child,
}

/// What the provider has seen and knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// New refresh tokens that were given for old ones.
    pub rotations: u64,
    /// Grants that were ended, by their client or because a refresh token came twice.
    pub ended_grants: u64,
    /// Refresh tokens that it would take now.
    pub usable: u64,
    /// Requests that it refused, and why.
    pub refusals: Vec<String>,
    /// What the FHIR server was asked that is not of the token's patient.
    pub strayed: Vec<String>,
}

impl OidcProvider {
    /// Lets `client` ask, gives access tokens of `lives_s` seconds, and forwards what they open to the FHIR server `upstream`.
    ///
    /// # Errors
    /// Node or the packages of `tests/peers` are not installed (`cargo xtask setup` does it).
    pub fn start(upstream: &str, client: &OidcClient<'_>, lives_s: u32) -> Result<Self> {
        let mut node = Command::new("node");
        node.arg(tests_folder().join("oidc.mjs")).args([
            upstream.trim_end_matches('/'),
            client.redirect_uri,
            client.id,
        ]);
        node.arg(lives_s.to_string()).args(client.secret);
        let (program, [port, records]) = listening_at(&mut node)?;
        let issuer = format!("http://127.0.0.1:{port}");
        let (base_url, token_url) = (format!("http://127.0.0.1:{records}/fhir"), format!("{issuer}/token"));
        Ok(Self { issuer, token_url, base_url, program })
    }

    /// What a person's browser does there: signs in as `patient` and presses the button of that `decision` (`allow`, `deny`). Where
    /// it is sent when it leaves.
    ///
    /// # Errors
    /// A page is no form, or nobody is sent back: the page is in the message.
    pub async fn sign_in(&self, at: &Url, patient: &str, decision: &str) -> Result<Url> {
        let mut browser = Visitor::new(&self.issuer)?;
        let mut at = at.clone();
        let mut answer = browser.get(&path(&at)).await?;
        for _ in 0..MOST_STEPS {
            if answer.location().is_empty() {
                at = at.join(&action(&answer)?)?;
                answer =
                    browser.post_form_with(&path(&at), &[("patient", patient), ("decision", decision)], None).await?;
                continue;
            }
            at = at.join(answer.location())?;
            if at.origin().ascii_serialization() != self.issuer {
                return Ok(at);
            }
            answer = browser.get(&path(&at)).await?;
        }
        anyhow::bail!("sent in circles, at last to {at}: {}", answer.body)
    }

    /// What it has seen until now.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ledger(&self) -> Result<Ledger> {
        let said = Visitor::new(&self.issuer)?.get("/ledger").await?.json();
        let number = |name: &str| said[name].as_u64().with_context(|| format!("{name} in {said}"));
        let words = |name: &str| -> Result<Vec<String>> {
            let all = said[name].as_array().with_context(|| format!("{name} in {said}"))?;
            Ok(all.iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect())
        };
        Ok(Ledger {
            rotations: number("rotations")?,
            ended_grants: number("endedGrants")?,
            usable: number("usable")?,
            refusals: words("refusals")?,
            strayed: words("strayed")?,
        })
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        stop(&mut self.program);
    }
}

/// Of an address, with its query.
fn path(url: &Url) -> String {
    url[url::Position::BeforePath..].to_owned()
}

/// Where the form of a page goes.
fn action(page: &Answer) -> Result<String> {
    ensure!(page.status == 200, "{} {}", page.status, page.body);
    let action = page.body.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"'));
    Ok(action.with_context(|| format!("no form: {}", page.body))?.0.to_owned())
}
