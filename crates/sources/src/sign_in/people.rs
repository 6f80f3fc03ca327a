//! Where people sign in, and where what they bring back is exchanged.

use fhir::smart::Configuration;
use outbound::Target;
use tokio::time::Instant;
use url::Url;

use super::{Failed, SignIn, TokenHome, discover};

impl SignIn {
    /// Where tokens are asked for.
    pub(crate) fn token_home(&self) -> Result<&TokenHome, Failed> {
        self.home.as_ref().ok_or(Failed::lasting("no-token-endpoint"))
    }

    /// What the server behind `asked` says of its sign-in now, and where it gives tokens.
    pub(crate) async fn described(&self, asked: &Target, deadline: Instant) -> Result<(Configuration, Url), Failed> {
        let said = discover(&asked.anonymous(), asked.base_url(), deadline).await?.unwrap_or_default();
        let endpoint = self.token_home()?.endpoint(&said)?;
        Ok((said, endpoint))
    }

    /// Where people sign in, with a challenge (RFC 7636) or not at all. `base` is the FHIR server's.
    pub(crate) fn entrance(&self, said: &Configuration, base: &Url) -> Result<Url, Failed> {
        if !said.takes_challenges() {
            return Err(Failed::lasting("no-challenge"));
        }
        let named = self.auth.authorize_url.as_deref().and_then(|url| Url::parse(url).ok());
        let endpoint = named.or_else(|| said.authorization_endpoint.clone());
        // Whoever reads along on the way there could sign in as them: only where everything is plain may this be.
        let fits = |url: &Url| url.scheme() == "https" || base.scheme() == "http";
        endpoint.filter(fits).ok_or(Failed::lasting("no-authorization-endpoint"))
    }
}
