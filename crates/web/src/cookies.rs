//! Cookie names and attributes.
//!
//! Cookies ignore ports, so each portal has a name of its own. Under https they are `__Host-` and `Secure`; on loopback
//! http neither is possible and a plain name is used (logged at start-up).

/// The cookies of one portal.
#[derive(Clone, Debug)]
pub struct CookieRules {
    /// Holds the session id.
    pub session: String,
    /// Tells visitors apart before they sign in, for CSRF tokens.
    pub visitor: String,
    /// Tells browsers apart that an account was signed in with before, see [`crate::throttle::device`].
    pub browser: String,
    secure: bool,
}

impl CookieRules {
    /// `portal` is `portal-internal` or `portal-external`; `secure` when people type https.
    pub fn new(portal: &str, secure: bool) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            session: format!("{prefix}{portal}"),
            visitor: format!("{prefix}{portal}-visitor"),
            browser: format!("{prefix}{portal}-browser"),
            secure,
        }
    }

    fn attributes(&self) -> &'static str {
        if self.secure { "; Path=/; HttpOnly; SameSite=Lax; Secure" } else { "; Path=/; HttpOnly; SameSite=Lax" }
    }

    /// `Set-Cookie` for the length of the browser's session.
    pub fn set(&self, name: &str, value: &str) -> String {
        format!("{name}={value}{}", self.attributes())
    }

    /// `Set-Cookie` that takes a cookie away.
    pub fn clear(&self, name: &str) -> String {
        format!("{name}=; Max-Age=0{}", self.attributes())
    }

    /// `Set-Cookie` for a preference, kept for a year.
    pub fn preference(&self, name: &str, value: &str) -> String {
        self.lasting(name, value, 365)
    }

    /// `Set-Cookie` for so many days.
    pub fn lasting(&self, name: &str, value: &str, days: u32) -> String {
        format!("{name}={value}; Max-Age={}{}", u64::from(days) * 86_400, self.attributes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_cookies_are_bound_to_the_host() {
        let rules = CookieRules::new("portal-internal", true);
        assert_eq!(rules.set(&rules.session, "x"), "__Host-portal-internal=x; Path=/; HttpOnly; SameSite=Lax; Secure");
        let loopback = CookieRules::new("portal-internal", false);
        assert_eq!(loopback.set(&loopback.session, "x"), "portal-internal=x; Path=/; HttpOnly; SameSite=Lax");
    }
}
