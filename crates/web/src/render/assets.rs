//! Static files under addresses that change with their content, so that browsers may keep them for good.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use super::{RenderError, embedded_files};
use crate::compress::{Coding, Packed, coded_tag};

/// The sprite that `icon()` points into.
const SPRITE: &str = "icons.svg";

/// Static files a crate brings along.
pub struct Static(Vec<(Cow<'static, str>, Cow<'static, [u8]>)>);

impl Static {
    /// Every embedded file, under its path; the lock file (`*.toml`) is no file for browsers.
    pub fn embedded<E: rust_embed::RustEmbed>() -> Self {
        Self(embedded_files::<E>().filter(|(path, _)| !path.ends_with(".toml")).collect())
    }
}

/// A static file as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Asset<'a> {
    /// Content.
    pub bytes: &'a [u8],
    /// Media type.
    pub content_type: &'static str,
    /// Strong validator, quotes included (RFC 9110 §8.8.3).
    pub etag: &'a str,
    /// Was it asked for by its current address? Then it may be kept for a year (`immutable`); else a page of another
    /// version of the portal asks for it, and it must not be kept at all.
    pub immutable: bool,
    packed: &'a Packed,
}

impl Asset<'_> {
    /// The bytes and the validator for a client that takes `accept_encoding`, and the coding they are in.
    pub(crate) fn coded(&self, accept_encoding: &str) -> (&[u8], String, Option<&'static str>) {
        let coding = Coding::accepted(accept_encoding);
        match coding.and_then(|coding| Some((coding, self.packed.get(coding)?))) {
            Some((coding, bytes)) => (bytes, coded_tag(self.etag, coding), Some(coding.name())),
            None => (self.bytes, self.etag.to_owned(), None),
        }
    }

    /// Does a browser that sends this `If-None-Match` have the file, in whatever coding (RFC 9110 §13.1.2)?
    pub(crate) fn is_known(&self, if_none_match: &str) -> bool {
        let own = self.etag.trim_matches('"');
        if_none_match.split(',').any(|tag| {
            let tag = tag.trim().trim_start_matches("W/").trim_matches('"');
            tag.split('-').next() == Some(own)
        })
    }
}

#[derive(Clone)]
pub(super) struct Assets(Arc<Files>);

struct Files {
    by_path: BTreeMap<String, File>,
    icons: BTreeSet<String>,
}

struct File {
    bytes: Cow<'static, [u8]>,
    version: String,
    etag: String,
    packed: Packed,
}

impl Assets {
    pub(super) fn new(statics: Vec<Static>) -> Result<Self, RenderError> {
        let mut by_path = BTreeMap::new();
        for (path, bytes) in statics.into_iter().flat_map(|files| files.0) {
            let digest = Sha256::digest(&bytes);
            let version: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            let etag = format!("\"{version}\"");
            let packed =
                Packed::new(&bytes, content_type(&path)).map_err(|error| RenderError::Asset(error.to_string()))?;
            if by_path.insert(path.to_string(), File { bytes, version, etag, packed }).is_some() {
                return Err(RenderError::Asset(format!("{path} is there twice")));
            }
        }
        let sprite = by_path.get(SPRITE).ok_or_else(|| RenderError::Asset(SPRITE.to_owned()))?;
        let icons = String::from_utf8_lossy(&sprite.bytes)
            .split("<symbol id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next().map(str::to_owned))
            .collect();
        Ok(Self(Arc::new(Files { by_path, icons })))
    }

    /// `/static/<version>/<path>`
    pub(super) fn address(&self, path: &str) -> Option<String> {
        self.0.by_path.get(path).map(|file| format!("/static/{}/{path}", file.version))
    }

    pub(super) fn icon(&self, name: &str) -> Option<String> {
        let address = self.0.icons.contains(name).then(|| self.address(SPRITE)).flatten()?;
        Some(format!(
            "<svg class=\"i\" aria-hidden=\"true\" focusable=\"false\"><use href=\"{address}#{name}\"/></svg>"
        ))
    }

    /// `<version>/<path>` → file.
    pub(super) fn get(&self, address: &str) -> Option<Asset<'_>> {
        let (version, path) = address.split_once('/')?;
        let file = self.0.by_path.get(path)?;
        Some(Asset {
            bytes: &file.bytes,
            content_type: content_type(path),
            etag: &file.etag,
            immutable: version == file.version,
            packed: &file.packed,
        })
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "js" => "text/javascript; charset=utf-8",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
