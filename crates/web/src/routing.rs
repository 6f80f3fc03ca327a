//! One table of routes per portal: method, path, guard, endpoint. What is not in the table does not exist, and nothing
//! gets into it without saying who may use it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use access::{Act, Fault, Object, Safeguard};
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response, RouteMethod, endpoint::BoxEndpoint, http::Method};

use crate::{Failure, upload::UploadRoute};

/// Who may use a route. `P` is the portal's own permission type (an object and an act of its policy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard<P> {
    /// Anybody, signed in or not.
    Public,
    /// Anybody signed in to this portal.
    SignedIn,
    /// Whoever the policy lets.
    Permission(P),
}

/// Decides for a portal whether a request may pass a guard.
pub trait Gate: Send + Sync + 'static {
    /// The portal's permission type.
    type Permission: Clone + fmt::Debug + Send + Sync + 'static;

    /// # Errors
    /// [`Fault::NotSignedIn`], or [`Fault::NotFound`] for what the visitor may not see.
    fn admit(&self, request: &Request, guard: &Guard<Self::Permission>) -> Result<(), Failure>;

    /// Remembers that somebody was refused at `pattern`.
    fn refused(&self, request: &Request, pattern: &'static str) -> impl Future<Output = ()> + Send;
}

/// Asks the gate, and has a refusal of somebody known remembered. Who is not signed in is nobody to remember.
async fn pass<G: Gate>(
    gate: &G,
    guarded_by: Safeguard,
    request: &Request,
    guard: &Guard<G::Permission>,
    pattern: &'static str,
) -> Result<(), Failure> {
    let admitted = if guarded_by.stands() { gate.admit(request, guard) } else { Ok(()) };
    if let Err(failure) = &admitted
        && matches!(failure.fault(), Fault::NotFound | Fault::Forbidden)
    {
        gate.refused(request, pattern).await;
    }
    admitted
}

/// As in the list of routes: `public`, `signed-in`, `read-record on section:record`.
impl fmt::Display for Guard<(Object, Act)> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("public"),
            Self::SignedIn => f.write_str("signed-in"),
            Self::Permission((object, act)) => write!(f, "{act} on {object}"),
        }
    }
}

/// A row of the table as operators and tests read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The pattern, from the root.
    pub path: String,
    /// GET also answers HEAD: two rows.
    pub method: String,
    /// The guard in words.
    pub guard: String,
    /// Operation id, for the JSON API.
    pub operation: Option<String>,
}

/// `GET /patients/:person; read-record on section:record; -`
impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.as_deref().unwrap_or("-");
        write!(f, "{} {}; {}; {operation}", self.method, self.path, self.guard)
    }
}

fn listed(method: &Method, path: &str, guard: &impl fmt::Display, operation: Option<&str>) -> Vec<Listed> {
    let row = Listed {
        path: path.to_owned(),
        method: method.to_string(),
        guard: guard.to_string(),
        operation: operation.map(str::to_owned),
    };
    let head = (*method == Method::GET).then(|| Listed { method: Method::HEAD.to_string(), ..row.clone() });
    std::iter::once(row).chain(head).collect()
}

/// The rows of a table that stands below `prefix`.
pub fn list(prefix: &str, table: &[RouteEntry<(Object, Act)>]) -> Vec<Listed> {
    let rows = table.iter();
    rows.flat_map(|row| listed(&row.method, &format!("{prefix}{}", row.path), &row.guard, None)).collect()
}

/// The rows that take files.
pub fn uploads<P>(table: &[RouteEntry<P>]) -> Vec<UploadRoute> {
    let taking = table.iter().filter(|row| row.files > 0);
    taking.map(|row| UploadRoute { method: row.method.clone(), path: row.path, most: row.files }).collect()
}

/// A row of the table.
pub struct RouteEntry<P> {
    /// GET also answers HEAD.
    pub method: Method,
    /// poem's pattern: `/patients/:id`.
    pub path: &'static str,
    /// Who may.
    pub guard: Guard<P>,
    /// What happens.
    pub endpoint: BoxEndpoint<'static, Response>,
    /// Bytes of files that a form may bring; 0 on routes that take none.
    pub files: usize,
}

impl<P> RouteEntry<P> {
    /// A page or form action.
    pub fn new(
        method: Method,
        path: &'static str,
        guard: Guard<P>,
        endpoint: impl IntoEndpoint<Endpoint: 'static>,
    ) -> Self {
        Self { method, path, guard, endpoint: endpoint.map_to_response().boxed(), files: 0 }
    }

    /// Takes files of so many bytes together: see [`crate::upload`].
    #[must_use]
    pub fn with_files(self, most: usize) -> Self {
        Self { files: most, ..self }
    }
}

/// The pattern a request was matched by: for logs and figures, which never see the path itself.
#[derive(Clone, Copy, Debug)]
pub struct RoutePattern(pub &'static str);

/// Puts the table together.
pub fn build<G: Gate>(gate: &Arc<G>, table: Vec<RouteEntry<G::Permission>>) -> poem::Route {
    let mut paths: BTreeMap<&'static str, RouteMethod> = BTreeMap::new();
    for entry in table {
        let guarded = Guarded { gate: gate.clone(), guard: entry.guard, path: entry.path, inner: entry.endpoint };
        let methods = paths.remove(entry.path).unwrap_or_default();
        paths.insert(entry.path, methods.method(entry.method, guarded));
    }
    paths.into_iter().fold(poem::Route::new(), |route, (path, methods)| route.at(path, methods))
}

struct Guarded<G: Gate> {
    gate: Arc<G>,
    guard: Guard<G::Permission>,
    path: &'static str,
    inner: BoxEndpoint<'static, Response>,
}

impl<G: Gate> Endpoint for Guarded<G> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let passed = pass(&*self.gate, Safeguard::RouteGate, &request, &self.guard, self.path).await;
        let mut answer = match passed {
            Ok(()) => self.inner.call(request).await,
            Err(failure) => Err(failure.into()),
        };
        match &mut answer {
            Ok(response) => {
                response.extensions_mut().insert(RoutePattern(self.path));
            }
            Err(error) => error.set_data(RoutePattern(self.path)),
        }
        answer
    }
}

/// Guards of an OpenAPI service's operations, by operation id.
pub struct OperationGuards<P> {
    operations: Vec<Operation<P>>,
}

struct Operation<P> {
    id: String,
    method: Method,
    path: Vec<Segment>,
    pattern: &'static str,
    guard: Guard<P>,
}

enum Segment {
    Text(String),
    Any,
}

/// An operation of the API that the table does not name, or a row that names none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("API operation `{0}` and the table of permissions disagree")]
pub struct UnguardedOperation(pub String);

impl<P: Clone> OperationGuards<P> {
    /// Matches the service's OpenAPI document with the table.
    ///
    /// # Errors
    /// [`UnguardedOperation`] for the first operation without a row, or row without an operation.
    pub fn new(
        spec: &serde_json::Value,
        table: &[(&'static str, &'static str, Guard<P>)],
    ) -> Result<Self, UnguardedOperation> {
        let mut left: BTreeMap<&str, _> = table.iter().map(|(id, pattern, guard)| (*id, (*pattern, guard))).collect();
        let mut known = Vec::new();
        let paths = spec["paths"].as_object().into_iter().flatten();
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                let id = operation["operationId"].as_str().unwrap_or(path);
                let (pattern, guard) = left.remove(id).ok_or_else(|| UnguardedOperation(id.to_owned()))?;
                let method = method.to_uppercase().parse().map_err(|_| UnguardedOperation(id.to_owned()))?;
                let (id, path) = (id.to_owned(), segments(path));
                known.push(Operation { id, method, path, pattern, guard: guard.clone() });
            }
        }
        match left.into_keys().next() {
            Some(unknown) => Err(UnguardedOperation(unknown.to_owned())),
            None => Ok(Self { operations: known }),
        }
    }

    fn find(&self, method: &Method, path: &str) -> Option<(&'static str, &Guard<P>)> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let found = self.operations.iter().find(|operation| {
            operation.method == *wanted
                && operation.path.len() == parts.len()
                && operation.path.iter().zip(&parts).all(|(segment, part)| match segment {
                    Segment::Text(text) => text == part,
                    Segment::Any => true,
                })
        });
        found.map(|operation| (operation.pattern, &operation.guard))
    }
}

impl OperationGuards<(Object, Act)> {
    /// Every operation with its guard; patterns are from the root already.
    pub fn list(&self) -> Vec<Listed> {
        let all = self.operations.iter();
        all.flat_map(|one| listed(&one.method, one.pattern, &one.guard, Some(&one.id))).collect()
    }
}

fn segments(path: &str) -> Vec<Segment> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| if part.starts_with('{') { Segment::Any } else { Segment::Text(part.to_owned()) })
        .collect()
}

/// An API whose every operation is guarded before poem-openapi sees the request.
pub struct GuardedApi<G: Gate> {
    /// Decides.
    pub gate: Arc<G>,
    /// The table.
    pub guards: OperationGuards<G::Permission>,
    /// The OpenAPI service.
    pub inner: BoxEndpoint<'static, Response>,
}

impl<G: Gate> Endpoint for GuardedApi<G> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let Some((name, guard)) = self.guards.find(request.method(), request.uri().path()) else {
            return Err(Failure::new(Fault::NotFound).into());
        };
        let passed = pass(&*self.gate, Safeguard::OperationGate, &request, guard, name).await;
        let mut answer = match passed {
            Ok(()) => self.inner.call(request).await,
            Err(failure) => Err(failure.into()),
        };
        match &mut answer {
            Ok(response) => {
                response.extensions_mut().insert(RoutePattern(name));
            }
            Err(error) => error.set_data(RoutePattern(name)),
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guards(table: &[(&'static str, &'static str, Guard<u8>)]) -> Result<OperationGuards<u8>, UnguardedOperation> {
        let spec = serde_json::json!({"paths": {
            "/session": {"get": {"operationId": "session"}},
            "/patients/{id}/links": {"get": {"operationId": "links"}},
        }});
        OperationGuards::new(&spec, table)
    }

    #[test]
    fn an_operation_without_a_row_is_refused() {
        let missing = guards(&[("session", "/session", Guard::Public)]);
        assert_eq!(missing.err(), Some(UnguardedOperation("links".into())));
        let extra = guards(&[
            ("session", "/session", Guard::Public),
            ("links", "/l", Guard::SignedIn),
            ("gone", "/g", Guard::SignedIn),
        ]);
        assert_eq!(extra.err(), Some(UnguardedOperation("gone".into())));
    }

    #[test]
    fn operations_are_found_by_method_and_path() {
        let guards = guards(&[
            ("session", "/api/v1/session", Guard::Public),
            ("links", "/api/v1/patients/:id/links", Guard::Permission(7)),
        ])
        .expect("complete");
        let check = |method: Method, path: &str, expect: Option<&str>| {
            assert_eq!(guards.find(&method, path).map(|(name, _)| name), expect, "{method} {path}");
        };
        check(Method::GET, "/session", Some("/api/v1/session"));
        check(Method::HEAD, "/patients/7/links", Some("/api/v1/patients/:id/links"));
        check(Method::POST, "/session", None);
        check(Method::GET, "/patients/7", None);
        check(Method::GET, "/patients/7/links/more", None);
    }
}
