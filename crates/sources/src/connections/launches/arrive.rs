//! Taking in what somebody comes back with from the hospital that sent them here.

use std::sync::Arc;

use access::StaffContext;
use fhir::smart::{self, Configuration, Granted, Launch};
use jiff::Timestamp;
use store::{from_millis, to_millis};

use super::Launches;
use crate::{
    Source, Standing,
    connections::{
        Callback, ConnectError, FlowFault, FlowKind, FlowStep,
        callback::{granted_scopes, identified},
        person::Once,
        seal::{FlowSecret, Tokens, open_flow},
        trace::{Trace, redacted},
    },
    entity::flow::Model,
};

/// Somebody who is back, of whom nobody has said yet whether they are who is signed in here: to be
/// [let in](Launches::admit) or [refused](Launches::refuse).
#[derive(Debug)]
pub struct Arrived {
    /// The hospital's server, asked with the token of this launch.
    pub source: Source,
    /// Who signed in there, by its word: the address of a resource.
    pub fhir_user: String,
    /// Whose record they have open there: a `Patient` id.
    pub patient: Option<String>,
    pub(super) flow: Model,
    pub(super) trace: Trace,
    pub(super) tokens: Tokens,
}

/// What is got for a code.
struct Got {
    source: Source,
    tokens: Tokens,
    fhir_user: String,
    patient: Option<String>,
}

impl Launches {
    /// Exchanges what a browser came back with. It is good once, for ten minutes, for who left, in the session that they left in.
    ///
    /// # Errors
    /// [`ConnectError::Flow`] with what is wrong and what the hospital says; the policy's, the audit's, the database's.
    pub async fn arrive(
        &self,
        ctx: &StaffContext,
        session: &str,
        callback: &Callback,
        now: Timestamp,
    ) -> Result<Arrived, ConnectError> {
        self.require(ctx)?;
        let flow = self.way.found(FlowKind::Launch, callback).await?;
        let mut trace = self.way.taken(&flow, now).await?;
        trace.answer = redacted(callback.answer().pairs());
        match self.got(ctx, session, callback, (&flow, &mut trace), now).await {
            Ok(Got { source, tokens, fhir_user, patient }) => {
                Ok(Arrived { source, fhir_user, patient, flow, trace, tokens })
            }
            Err(ConnectError::Flow(fault)) => {
                self.remember(ctx, (&flow.source, flow.id), &fault, now).await?;
                Err(self.way.fail(&flow, &trace, *fault, now).await?.into())
            }
            Err(error) => Err(error),
        }
    }

    async fn got(
        &self,
        ctx: &StaffContext,
        session: &str,
        callback: &Callback,
        (row, trace): (&Model, &mut Trace),
        now: Timestamp,
    ) -> Result<Got, ConnectError> {
        let fault = |why| FlowFault::new(FlowStep::Callback, why);
        let is_theirs = row.staff.as_deref() == Some(ctx.subject().as_str());
        if row.session != smart::sha256_base64url(session.as_bytes()) || !is_theirs {
            return Err(fault("state-elsewhere").into());
        }
        if from_millis(row.expires_at) <= now {
            return Err(fault("state-expired").into());
        }
        let secret = open_flow(&self.way.inner.secrets, row).await?;
        let answer = callback.answer();
        answer.names(&secret)?;
        let code = answer.granted()?;
        let source = self.server(&row.source).ok_or(fault("unknown-iss"))?;
        let (said, granted) = self.way.redeemed(&source, &secret, code).await?;
        trace.granted = granted_scopes(&source, &granted).0;
        trace.context = context(&granted.launch);
        let tokens = Tokens::granted(&granted, None, to_millis(now));
        match who(&source, &said, &secret, &granted, now).await {
            Ok(fhir_user) => {
                let patient = granted.launch.patient.clone();
                let source = source.asked_with(Arc::new(Once::new(&source.id, &tokens)));
                Ok(Got { source, tokens, fhir_user, patient })
            }
            Err(fault) => {
                Self::give_back(Source::clone(&source), tokens);
                Err(fault.into())
            }
        }
    }

    /// The server of a hospital that sends staff here, as it is defined now.
    fn server(&self, source: &str) -> Option<Arc<Source>> {
        let source = self.way.inner.catalogue.get(source).filter(|source| source.standing == Standing::Asked)?;
        source.launch.clone()
    }
}

/// Who signed in there: signed by the server, for the portal, in this flow.
async fn who(
    source: &Source,
    said: &Configuration,
    secret: &FlowSecret,
    granted: &Granted,
    now: Timestamp,
) -> Result<String, FlowFault> {
    let missing = |why| FlowFault::new(FlowStep::Identity, why);
    let token = granted.launch.id_token.as_deref().ok_or(missing("no-id-token"))?;
    let identity = identified(source, said, secret, token, now).await?;
    let fhir_user = identity.fhir_user().or(granted.launch.fhir_user.as_deref());
    fhir_user.map(str::to_owned).ok_or(missing("no-fhir-user"))
}

/// What came with the token, without what says whose it is.
fn context(launch: &Launch) -> Vec<(String, String)> {
    let banner = launch.need_patient_banner.map(|needed| needed.to_string());
    let all = [
        ("patient", &launch.patient),
        ("encounter", &launch.encounter),
        ("need_patient_banner", &banner),
        ("intent", &launch.intent),
        ("tenant", &launch.tenant),
    ];
    redacted(all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_of_a_context_says_what_came_and_not_whose_it_is() {
        let launch = Launch {
            patient: Some("p-1".to_owned()),
            encounter: Some("e-1".to_owned()),
            need_patient_banner: Some(false),
            intent: Some("reconcile".to_owned()),
            ..Launch::default()
        };
        let told: Vec<(String, String)> = context(&launch);
        let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected =
            [("patient", "…"), ("encounter", "…"), ("need_patient_banner", "false"), ("intent", "reconcile")];
        assert_eq!(told, expected);
    }
}
