//! The file of published heads: one line of JSON for each, appended and synced, outside the database.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines, Take};

use super::mac;

/// The end of the chain at some time. Whoever keeps it can tell later that nothing up to there was changed or removed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// Of the last seal, from 1.
    pub position: i64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
    /// When it was published.
    pub at: Timestamp,
    /// The form in which the program that published it writes rows; 1 where a head says nothing. From the first head of
    /// form 2 on, no row of the intranet portal is in form 1.
    #[serde(default = "first_format")]
    pub format: i16,
}

fn first_format() -> i16 {
    mac::SHARED_KEY
}

impl Head {
    pub(crate) fn new(position: i64, hash: &[u8], at: Timestamp) -> Self {
        Self { position, hash: hexadecimal(hash), at, format: mac::FORMAT }
    }

    pub(crate) fn has_hash(&self, hash: &[u8]) -> bool {
        self.hash == hexadecimal(hash)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Appends a head and returns when it is on the disk. Processes that share the file never put an older head behind a
/// newer one; nor does a chain that was cut and began anew, until it is longer than what was published.
pub(crate) fn append(path: &Path, head: &Head) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
    }
    let is_new = !path.exists();
    let mut file = File::options().read(true).append(true).create(true).open(path)?;
    file.lock()?;
    cut_torn_line(&mut file)?;
    if last_of(&mut file)?.is_some_and(|published| published.position >= head.position) {
        return Ok(());
    }
    let mut line = serde_json::to_vec(head)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()?;
    match folder {
        Some(folder) if is_new => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// The last whole line.
pub(crate) fn last(path: &Path) -> io::Result<Option<Head>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => last_of(&mut other?),
    }
}

fn last_of(file: &mut File) -> io::Result<Option<Head>> {
    let tail = tail(file)?;
    let whole = &tail[..tail.iter().rposition(|byte| *byte == b'\n').unwrap_or(0)];
    let line = whole.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    // A line that is no head is `verify`'s to tell; it must not keep new heads from being published.
    Ok(serde_json::from_slice(line).ok())
}

/// A line that the power took in mid-write was never published.
fn cut_torn_line(file: &mut File) -> io::Result<()> {
    let tail = tail(file)?;
    if tail.last().is_none_or(|byte| *byte == b'\n') {
        return Ok(());
    }
    let torn = tail.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
    file.set_len(file.metadata()?.len() - torn)
}

/// The last few lines: far more than one.
fn tail(file: &mut File) -> io::Result<Vec<u8>> {
    const ENOUGH: u64 = 4096;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(ENOUGH)))?;
    let mut tail = Vec::new();
    file.take(ENOUGH).read_to_end(&mut tail)?;
    Ok(tail)
}

/// Reads heads one after another, as far as the file went when it was opened.
pub(crate) struct Heads {
    lines: Lines<BufReader<Take<tokio::fs::File>>>,
}

/// A line of the file.
pub(crate) enum Line {
    Head(Head),
    Garbage,
    End,
}

impl Heads {
    /// `None` when there is no file.
    pub(crate) async fn open(path: &Path) -> io::Result<Option<Self>> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let torn = tail(&mut file)?.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
        let whole = file.metadata()?.len() - torn;
        file.seek(SeekFrom::Start(0))?;
        let lines = BufReader::new(tokio::fs::File::from_std(file).take(whole)).lines();
        Ok(Some(Self { lines }))
    }

    pub(crate) async fn next(&mut self) -> io::Result<Line> {
        match self.lines.next_line().await {
            Ok(Some(line)) => Ok(serde_json::from_str(&line).map_or(Line::Garbage, Line::Head)),
            Ok(None) => Ok(Line::End),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Line::Garbage),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(position: i64) -> Head {
        Head::new(position, &[position as u8; 32], Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn heads_are_appended_and_a_torn_line_is_not_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/heads.jsonl");
        assert_eq!(last(&path).unwrap(), None);
        append(&path, &head(1)).unwrap();
        append(&path, &head(2)).unwrap();
        File::options().append(true).open(&path).unwrap().write_all(b"{\"position\":3,").unwrap();
        assert_eq!(last(&path).unwrap(), Some(head(2)));
        append(&path, &head(4)).unwrap();
        append(&path, &head(3)).unwrap();
        let mut heads = Heads::open(&path).await.unwrap().unwrap();
        let mut seen = Vec::new();
        while let Line::Head(head) = heads.next().await.unwrap() {
            seen.push(head.position);
        }
        assert_eq!(seen, [1, 2, 4]);
    }
}
