//! A mail server that keeps what it is given: EHLO, STARTTLS (RFC 3207) or TLS from the first byte, AUTH PLAIN and LOGIN
//! (RFC 4954), MAIL, RCPT, DATA. It delivers to nobody, and refuses what it is told to refuse.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    SandboxError,
    config::MailConfig,
    directory::identity,
    listen::{self, Tasks},
};

/// The longest line taken, bytes.
const MAX_LINE: u64 = 16 * 1024;
/// The longest e-mail taken, bytes.
const MAX_MAIL: usize = 1024 * 1024;
/// E-mails kept; the oldest go.
const KEPT: usize = 200;
/// Silent clients are let go.
const IDLE: Duration = Duration::from_secs(60);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailProtection {
    /// Not at all, and STARTTLS is not offered.
    #[default]
    None,
    /// STARTTLS is offered, and asked for before MAIL.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// An e-mail as it was given.
#[derive(Clone, Debug, Serialize)]
pub struct Letter {
    /// Of MAIL.
    pub from: String,
    /// Of RCPT.
    pub to: Vec<String>,
    /// Headers and body as they came, without the dots that DATA adds.
    pub text: String,
    /// Whether it came through TLS.
    pub secure: bool,
    /// Who had signed in.
    pub user: Option<String>,
}

pub(crate) struct Post {
    protection: MailProtection,
    sign_in: Option<(String, String)>,
    acceptor: TlsAcceptor,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    letters: VecDeque<Letter>,
    /// Verb and reply: the next command of that verb is answered so.
    replies: VecDeque<(String, String)>,
    connections: u64,
}

/// A mail server of a test's own. Stops when dropped.
pub struct RunningMail {
    /// Where it listens.
    pub address: SocketAddr,
    /// The authority (PEM) that signed its certificate.
    pub ca_pem: String,
    post: Arc<Post>,
    tasks: Tasks,
}

impl RunningMail {
    /// Starts it.
    ///
    /// # Errors
    /// [`SandboxError::Listen`].
    pub async fn start(config: &MailConfig) -> Result<Self, SandboxError> {
        let tasks = Tasks::default();
        let (address, ca_pem, post) = serve(config, &tasks).await?;
        Ok(Self { address, ca_pem, post, tasks })
    }

    /// What came so far, the oldest first.
    pub fn letters(&self) -> Vec<Letter> {
        self.post.state().letters.iter().cloned().collect()
    }

    /// The next `verb` (`RCPT`, `AUTH`, …; `.` for the end of DATA) is answered with `reply` (`451 4.7.1 later`); several
    /// are answered in turn. A reply of `-` ends the connection without a word; to the end of DATA, when the e-mail is kept.
    pub fn answer(&self, verb: &str, reply: &str) {
        self.post.state().replies.push_back((verb.to_owned(), reply.to_owned()));
    }

    /// Connections so far.
    pub fn connections(&self) -> u64 {
        self.post.state().connections
    }

    /// Stops listening, and waits until it does: its port can be taken again.
    pub async fn stop(self) {
        self.tasks.stop.cancel();
        self.tasks.tracker.close();
        self.tasks.tracker.wait().await;
    }
}

impl Drop for RunningMail {
    fn drop(&mut self) {
        self.tasks.stop.cancel();
    }
}

/// Starts the server; its address, authority and letters.
pub(crate) async fn serve(config: &MailConfig, tasks: &Tasks) -> Result<(SocketAddr, String, Arc<Post>), SandboxError> {
    let identity = identity::issue()?;
    let (listener, address) = listen::open(config.listen).await?;
    let sign_in = config.user.clone().map(|user| (user, config.password.clone()));
    let (protection, acceptor) = (config.protection, identity.acceptor);
    let post = Arc::new(Post { protection, sign_in, acceptor, state: Mutex::default() });
    let served = Arc::clone(&post);
    listen::accept(tasks, listener, move |stream| {
        let post = Arc::clone(&served);
        async move {
            // A client that goes away in the middle has ended its connection, nothing else.
            let _ = post.talk(stream).await;
        }
    });
    Ok((address, identity.ca_pem, post))
}

/// Of one connection.
#[derive(Default)]
struct Talk {
    secure: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// How a conversation ended.
#[derive(PartialEq, Eq)]
enum End {
    Closed,
    StartTls,
}

impl Post {
    /// For the control listener.
    pub(crate) fn told(&self) -> Value {
        json!({ "letters": self.state().letters })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        self.state().connections += 1;
        if self.protection == MailProtection::Implicit {
            let mut secured = BufReader::new(self.acceptor.accept(stream).await?);
            secured.write_all(b"220 sandbox ESMTP\r\n").await?;
            return self.converse(&mut secured, true).await.map(drop);
        }
        let mut plain = BufReader::new(stream);
        plain.write_all(b"220 sandbox ESMTP\r\n").await?;
        if self.converse(&mut plain, false).await? == End::Closed || !plain.buffer().is_empty() {
            // What was sent in the clear behind STARTTLS would be read as if it had been protected.
            return Ok(());
        }
        let mut secured = BufReader::new(self.acceptor.accept(plain.into_inner()).await?);
        self.converse(&mut secured, true).await.map(drop)
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        secure: bool,
    ) -> std::io::Result<End> {
        let mut talk = Talk { secure, ..Talk::default() };
        while let Some(line) = line(stream).await? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let reply = match self.told_to(&verb) {
                Some(reply) => reply,
                None if verb == "AUTH" => self.auth(stream, &mut talk, &line).await?,
                None if verb == "DATA" && talk.to.is_empty() => "503 5.5.1 RCPT first".to_owned(),
                None if verb == "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    let Some(text) = text(stream).await? else { return Ok(End::Closed) };
                    match self.told_to(".") {
                        Some(reply) if reply == "-" => {
                            self.keep(&mut talk, text);
                            reply
                        }
                        Some(reply) => reply,
                        None => self.keep(&mut talk, text),
                    }
                }
                None => self.command(&mut talk, &verb, &line),
            };
            if reply == "-" {
                return Ok(End::Closed);
            }
            stream.write_all(reply.as_bytes()).await?;
            stream.write_all(b"\r\n").await?;
            match verb.as_str() {
                "QUIT" => return Ok(End::Closed),
                "STARTTLS" if reply.starts_with("220") => return Ok(End::StartTls),
                _ => {}
            }
        }
        Ok(End::Closed)
    }

    /// The reply that somebody wants for this verb.
    fn told_to(&self, verb: &str) -> Option<String> {
        let mut state = self.state();
        let place = state.replies.iter().position(|(wanted, _)| wanted == verb)?;
        state.replies.remove(place).map(|(_, reply)| reply)
    }

    fn command(&self, talk: &mut Talk, verb: &str, line: &str) -> String {
        let offers = self.protection == MailProtection::StartTls && !talk.secure;
        let path = || line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| path.to_owned());
        match verb {
            "EHLO" => {
                *talk = Talk { secure: talk.secure, ..Talk::default() };
                let tls = if offers { "250-STARTTLS\r\n" } else { "" };
                let auth = if self.sign_in.is_some() && !offers { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
                format!("250-sandbox\r\n{tls}{auth}250 8BITMIME")
            }
            "STARTTLS" if offers => "220 2.0.0 ready".to_owned(),
            "MAIL" if offers => "530 5.7.0 STARTTLS first".to_owned(),
            "MAIL" if self.sign_in.is_some() && talk.user.is_none() => "530 5.7.0 sign in first".to_owned(),
            "MAIL" => {
                (talk.from, talk.to) = (path(), Vec::new());
                "250 2.1.0 fine".to_owned()
            }
            "RCPT" if talk.from.is_some() => {
                talk.to.extend(path());
                "250 2.1.5 fine".to_owned()
            }
            "RCPT" => "503 5.5.1 MAIL first".to_owned(),
            "RSET" => {
                (talk.from, talk.to) = (None, Vec::new());
                "250 2.0.0 fine".to_owned()
            }
            "NOOP" => "250 2.0.0 fine".to_owned(),
            "QUIT" => "221 2.0.0 bye".to_owned(),
            _ => "502 5.5.1 not here".to_owned(),
        }
    }

    async fn auth<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        talk: &mut Talk,
        line: &str,
    ) -> std::io::Result<String> {
        let mut words = line.split(' ').skip(1);
        let (mechanism, first) = (words.next().unwrap_or_default(), words.next());
        let (user, password) = match (mechanism, first) {
            ("PLAIN", Some(first)) => {
                let said = decoded(first);
                let mut parts = said.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            ("LOGIN", None) => {
                let user = asked(stream, "Username:").await?;
                (user, asked(stream, "Password:").await?)
            }
            _ => return Ok("504 5.5.4 not this way".to_owned()),
        };
        if self.sign_in.as_ref().is_some_and(|known| *known == (user.clone(), password)) {
            talk.user = Some(user);
            return Ok("235 2.7.0 welcome".to_owned());
        }
        Ok("535 5.7.8 not with this password".to_owned())
    }

    fn keep(&self, talk: &mut Talk, text: String) -> String {
        let letter = Letter {
            from: talk.from.take().unwrap_or_default(),
            to: std::mem::take(&mut talk.to),
            text,
            secure: talk.secure,
            user: talk.user.clone(),
        };
        let mut state = self.state();
        if state.letters.len() == KEPT {
            state.letters.pop_front();
        }
        state.letters.push_back(letter);
        "250 2.0.0 kept".to_owned()
    }
}

/// A line without its end; `None` when the client is gone, silent or says too much.
async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(IDLE, stream.take(MAX_LINE).read_until(b'\n', &mut bytes)).await;
    if !matches!(read, Ok(Ok(n)) if n > 0) || bytes.pop() != Some(b'\n') {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned()))
}

/// What follows DATA, until the line that is a dot (RFC 5321 §4.5.2).
async fn text<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    while let Some(line) = line(stream).await? {
        if line == "." {
            return Ok(Some(text));
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
        if text.len() > MAX_MAIL {
            break;
        }
    }
    Ok(None)
}

async fn asked<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, what: &str) -> std::io::Result<String> {
    stream.write_all(format!("334 {}\r\n", STANDARD.encode(what)).as_bytes()).await?;
    Ok(decoded(&line(stream).await?.unwrap_or_default()))
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(text).unwrap_or_default()).into_owned()
}
