//! What happens to every request, over real connections.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use poem::{
    EndpointExt, Request, Response, Route, get, handler,
    http::{Method, StatusCode},
    post,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::Instant,
};
use web::{
    Failure, Visit,
    cookies::CookieRules,
    csrf, keys,
    server::{self, Limits},
    session::{Lifetimes, Sessions},
    shell::{ErrorForm, ErrorPages, Shell, ShellSettings},
    upload::{Upload, UploadRoute},
};

struct Fixed;

impl ErrorPages for Fixed {
    fn draw(&self, _visit: &Visit, failure: &Failure, form: ErrorForm) -> Option<String> {
        Some(match form {
            ErrorForm::Page => format!("<!doctype html><title>{}</title>", failure.problem()),
            ErrorForm::Part => format!("<section id=\"error\">{}</section>", failure.problem()),
        })
    }
}

#[handler]
fn page(visit: &Visit) -> Response {
    Response::builder().content_type("text/html; charset=utf-8").body(format!("<p>{}</p>", visit.path))
}

#[handler]
fn fails() -> Result<Response, Failure> {
    Err(Failure::internal(std::io::Error::other("secret-canary 440101199001011234")))
}

#[handler]
fn panics() -> Response {
    panic!("secret-canary");
}

#[handler]
fn mine(visit: &Visit) -> Result<String, Failure> {
    visit
        .session
        .as_ref()
        .map(|session| session.subject.clone())
        .ok_or_else(|| Failure::new(access::Fault::NotSignedIn))
}

#[handler]
async fn files(upload: &Upload) -> Vec<u8> {
    upload.file("file").to_vec()
}

#[handler]
async fn changes(request: &Request, body: String) -> String {
    format!("{} {body}", request.uri().path())
}

struct Running {
    address: SocketAddr,
    key: keys::Key,
    sessions: Sessions,
    store: store::Store,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
    _database: testbed::Database,
}

async fn start(limits: Limits) -> Running {
    let database = testbed::Database::sqlite().await.expect("database");
    let store = super::session::store(&database).await;
    let sessions = Sessions::new(store.clone(), "staff_session", Lifetimes::INTERNAL);
    let key = keys::random().expect("random");
    let settings = ShellSettings {
        public_url: "http://localhost:8080".parse().expect("url"),
        trusted_proxies: Vec::new(),
        cookies: CookieRules::new("portal-internal", false),
        sessions: sessions.clone(),
        csrf_key: key.clone(),
        errors: Arc::new(Fixed),
        uploads: vec![UploadRoute { method: Method::POST, path: "/files/:one", most: 4096 }],
    };
    let routes = Route::new()
        .at("/", get(page))
        .at("/fails", get(fails))
        .at("/panics", get(panics))
        .at("/mine", get(mine))
        .at("/changes", post(changes))
        .at("/files/:one", post(files))
        .at("/api/v1/session", post(changes).delete(changes));
    let app = Shell::new(Arc::new(settings), routes.map_to_response());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("address");
    let (stop, stops) = watch::channel(false);
    let served = tokio::spawn(server::serve(listener, app, limits, stops));
    Running { address, key, sessions, store, stop, served, _database: database }
}

/// One request over a connection of its own; the whole answer.
async fn ask(address: SocketAddr, head: &str, body: &str) -> String {
    let mut socket = TcpStream::connect(address).await.expect("connected");
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\n{length}\r\n{body}");
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("read");
    answer
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[tokio::test]
async fn every_answer_carries_the_guards_of_browsers() {
    let running = start(Limits::default()).await;
    for path in ["/", "/nowhere", "/fails", "/mine"] {
        let answer = ask(running.address, &format!("GET {path} HTTP/1.1"), "").await.to_lowercase();
        for header in [
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: private, no-store",
            "x-request-id: ",
        ] {
            assert!(answer.contains(header), "{path}: {header}\n{answer}");
        }
    }
}

#[tokio::test]
async fn an_error_asked_for_by_a_script_is_a_part_for_the_page_that_stays() {
    let running = start(Limits::default()).await;
    let accept = "accept: text/html";
    for (path, expected) in [("/fails", "500"), ("/nowhere", "404")] {
        let whole = ask(running.address, &format!("GET {path} HTTP/1.1\r\n{accept}"), "").await;
        assert!(whole.contains("<!doctype html>") && !whole.to_lowercase().contains("hx-retarget"), "{whole}");
        let part = ask(running.address, &format!("GET {path} HTTP/1.1\r\n{accept}\r\nhx-request: true"), "").await;
        assert!(status(&part) == expected && part.contains("<section id=\"error\">"), "{part}");
        for header in ["hx-retarget: #main", "hx-reswap: innerHTML", "hx-reselect: #error"] {
            assert!(part.contains(header), "{header}: {part}");
        }
        assert!(!part.contains("canary") && !part.contains("<!doctype"), "{part}");
    }
    let door = ask(running.address, &format!("GET /mine HTTP/1.1\r\n{accept}\r\nhx-request: true"), "").await;
    assert!(door.contains("hx-redirect: /sign-in"), "who is not signed in leaves the page: {door}");
}

#[tokio::test]
async fn causes_stay_inside() {
    let running = start(Limits::default()).await;
    for path in ["/fails", "/panics"] {
        for accept in ["text/html", "application/json"] {
            let answer = ask(running.address, &format!("GET {path} HTTP/1.1\r\naccept: {accept}"), "").await;
            assert_eq!(status(&answer), "500", "{answer}");
            assert!(!answer.contains("canary") && !answer.contains("4401"), "{answer}");
        }
    }
    let problem = ask(running.address, "GET /api/nothing HTTP/1.1\r\naccept: text/html", "").await;
    assert!(
        problem.contains("application/problem+json") && problem.contains("\"type\":\"/problems/not-found\""),
        "{problem}"
    );
}

#[tokio::test]
async fn unsafe_requests_need_a_token_of_this_visitor() {
    let running = start(Limits::default()).await;
    let binding = "A".repeat(43);
    let token = csrf::token(&running.key, &binding).expect("token");
    let foreign = csrf::token(&running.key, &"B".repeat(43)).expect("token");
    let form = "content-type: application/x-www-form-urlencoded";
    let post = async |headers: &str, body: &str| {
        let head = format!("POST /changes HTTP/1.1\r\ncookie: portal-internal-visitor={binding}\r\n{headers}");
        ask(running.address, &head, body).await
    };
    let with = format!("csrf_token={token}&a=1");
    assert_eq!(status(&post(form, &with).await), "200");
    assert_eq!(status(&post(&format!("{form}\r\nsec-fetch-site: same-origin"), &with).await), "200");
    assert_eq!(status(&post(&format!("{form}\r\nx-csrf-token: {token}"), "a=1").await), "200");
    assert_eq!(status(&post(form, "a=1").await), "403");
    assert_eq!(status(&post(form, &format!("csrf_token={foreign}")).await), "403");
    assert_eq!(status(&post(&format!("{form}\r\nsec-fetch-site: cross-site"), &with).await), "403");
    assert_eq!(status(&post(&format!("{form}\r\norigin: http://localhost:8081"), &with).await), "403");
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "text/xml"] {
        let headers = format!("content-type: {kind}\r\nx-csrf-token: {token}");
        assert_eq!(status(&post(&headers, "<x/>").await), "415", "{kind}");
    }
}

#[tokio::test]
async fn files_come_on_the_routes_that_say_so_from_people_signed_in_with_a_token() {
    let running = start(Limits::default()).await;
    let cookie = super::session::begin(&running.store, &running.sessions, jiff::Timestamp::now()).await;
    let session = running.sessions.load(&cookie, jiff::Timestamp::now()).await.expect("read").expect("a session");
    let token = csrf::token(&running.key, &session.csrf_secret).expect("token");
    let form = |token: &str, file: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{token}\r\n--b\r\nContent-Disposition: \
             form-data; name=\"file\"; filename=\"x\"\r\n\r\n{file}\r\n--b--\r\n"
        )
    };
    let send = async |path: &str, cookie: &str, body: &str| {
        let head = format!(
            "POST {path} HTTP/1.1\r\ncookie: portal-internal={cookie}\r\ncontent-type: multipart/form-data; boundary=b"
        );
        ask(running.address, &head, body).await
    };
    let good = send("/files/7", &cookie, &form(&token, "PNG")).await;
    assert!(status(&good) == "200" && good.ends_with("PNG"), "{good}");
    // The token is in the form or nowhere; another's opens nothing.
    assert_eq!(status(&send("/files/7", &cookie, &form("", "PNG")).await), "403");
    let foreign = csrf::token(&running.key, "another").expect("token");
    assert_eq!(status(&send("/files/7", &cookie, &form(&foreign, "PNG")).await), "403");
    // Everywhere else, and for everybody else, a file is not read at all.
    assert_eq!(status(&send("/changes", &cookie, &form(&token, "PNG")).await), "415");
    assert_eq!(status(&send("/files/7", "nobody", &form(&token, "PNG")).await), "415");
    assert_eq!(status(&send("/files/7", &cookie, &form(&token, &"x".repeat(128 << 10))).await), "413");
    assert_eq!(status(&send("/files/7", &cookie, "--b\r\nbroken").await), "422");
}

#[tokio::test]
async fn signing_in_by_json_needs_no_token_but_no_other_site_can_do_it() {
    let running = start(Limits::default()).await;
    let sign_in =
        async |headers: &str| ask(running.address, &format!("POST /api/v1/session HTTP/1.1\r\n{headers}"), "{}").await;
    assert_eq!(status(&sign_in("content-type: application/json").await), "200");
    assert_eq!(status(&sign_in("content-type: application/json\r\norigin: http://evil.example").await), "403");
    assert_eq!(status(&sign_in("content-type: text/plain").await), "415");
    assert_eq!(status(&sign_in("content-type: application/x-www-form-urlencoded").await), "403");
    let out = ask(running.address, "DELETE /api/v1/session HTTP/1.1\r\ncontent-type: application/json", "{}").await;
    assert_eq!(status(&out), "403");
}

#[tokio::test]
async fn a_cookie_opens_its_session_until_it_is_revoked() {
    let running = start(Limits::default()).await;
    let now = jiff::Timestamp::now();
    let cookie = super::session::begin(&running.store, &running.sessions, now).await;
    let ask_mine = async || {
        let head = format!("GET /mine HTTP/1.1\r\ncookie: other=1; portal-internal={cookie}");
        ask(running.address, &head, "").await
    };
    let answer = ask_mine().await;
    assert!(status(&answer) == "200" && answer.contains("u:region/1"), "{answer}");
    let session = running.sessions.load(&cookie, now).await.expect("asked").expect("lives");
    let sessions = running.sessions.clone();
    running
        .store
        .write::<_, store::StoreError, _>(move |tx| {
            Box::pin(async move { sessions.end_all(tx, &session.subject, now).await })
        })
        .await
        .expect("revoked");
    assert_eq!(status(&ask_mine().await), "401");
    let refused = ask(running.address, "GET /mine?a=1&lang=en HTTP/1.1\r\naccept: text/html", "").await.to_lowercase();
    assert!(status(&refused) == "303" && refused.contains("location: /sign-in?next=%2fmine%3fa%3d1"), "{refused}");
}

#[tokio::test]
async fn too_much_is_refused() {
    let running = start(Limits::default()).await;
    let json = "POST /changes HTTP/1.1\r\ncontent-type: application/json";
    let cookie = super::session::begin(&running.store, &running.sessions, jiff::Timestamp::now()).await;
    let signed_in = format!("{json}\r\ncookie: portal-internal={cookie}");
    // Without a token even the right size is refused, but only after it was read.
    for (head, bytes, expect) in [
        (json, 16 << 10, "403"),
        (json, (16 << 10) + 1, "413"),
        (json, 1 << 20, "413"),
        (signed_in.as_str(), 1 << 20, "403"),
        (signed_in.as_str(), (1 << 20) + 1, "413"),
    ] {
        assert_eq!(status(&ask(running.address, head, &"x".repeat(bytes)).await), expect, "{bytes}");
    }
    let long = format!("GET / HTTP/1.1\r\nx-long: {}", "y".repeat(64 * 1024));
    let answer = ask(running.address, &long, "").await;
    assert_ne!(status(&answer), "200", "{answer}");
}

#[tokio::test]
async fn a_dripping_body_is_told_so_in_time() {
    let running = start(Limits::default()).await;
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let begun = Instant::now();
    let mut drips = Vec::new();
    for _ in 0..20 {
        let mut socket = TcpStream::connect(running.address).await.expect("connected");
        socket.write_all(format!("{head}content-length: 100\r\n\r\n").as_bytes()).await.expect("sent");
        drips.push(tokio::spawn(async move {
            let (mut read, mut write) = socket.split();
            let mut answer = String::new();
            let drip = async {
                while write.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = read.read_to_string(&mut answer) => {}
                () = drip => {}
            }
            answer
        }));
    }
    for drip in drips {
        let answer = drip.await.expect("dripped");
        assert_eq!(status(&answer), "408", "{answer}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn dripping_headers_are_cut_and_others_are_served_meanwhile() {
    let running = start(Limits { header: Duration::from_secs(2), ..Limits::default() }).await;
    let mut drips = Vec::new();
    for _ in 0..50 {
        let mut socket = TcpStream::connect(running.address).await.expect("connected");
        socket.write_all(b"GET / HTTP/1.1\r\nhost: loc").await.expect("sent");
        drips.push(socket);
    }
    let begun = Instant::now();
    assert_eq!(status(&ask(running.address, "GET / HTTP/1.1", "").await), "200");
    for mut socket in drips {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), socket.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "a dripping connection was kept");
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight() {
    let running = start(Limits::default()).await;
    let mut socket = TcpStream::connect(running.address).await.expect("connected");
    let token = csrf::token(&running.key, &"A".repeat(43)).expect("token");
    let body = format!("csrf_token={token}");
    let head = format!(
        "POST /changes HTTP/1.1\r\nhost: localhost\r\ncookie: portal-internal-visitor={}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        "A".repeat(43),
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("sent");
    socket.write_all(&body.as_bytes()[..5]).await.expect("sent");
    // Accepted for sure once another connection that came later was served.
    assert_eq!(status(&ask(running.address, "GET / HTTP/1.1", "").await), "200");
    running.stop.send_replace(true);
    socket.write_all(&body.as_bytes()[5..]).await.expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("read");
    assert_eq!(status(&answer), StatusCode::OK.as_str(), "{answer}");
    tokio::time::timeout(Duration::from_secs(5), running.served).await.expect("stopped").expect("served");
    assert!(TcpStream::connect(running.address).await.is_err(), "still listening");
}
