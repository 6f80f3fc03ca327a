//! `source brands FILE`

use std::{collections::HashSet, fmt::Write as _, io::Write as _, path::Path, process::ExitCode};

use sources::{Brand, Bundle, MOST_BYTES};
use toml::Value;

use super::{complain, could_not_run, refused, say, serve};
use crate::config::Config;

/// Looks for hospitals in a brands bundle, and prints them as entries of `sources.toml`.
pub fn source_brands(file: &Path, bundle: &Path, search: &str, platform: &str) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(problems) => return complain(&problems),
    };
    let catalogue = match serve::catalogue(&config.sources) {
        Ok(catalogue) => catalogue,
        Err(problems) => return complain(&problems),
    };
    if catalogue.platforms().get(platform).is_none() {
        return refused(&format!("no platform `{platform}` in {}", config.sources.platforms.display()));
    }
    let read = match read(bundle) {
        Ok(read) => read,
        Err(error) => return could_not_run(&format!("{}: {error}", bundle.display())),
    };
    let read = match Bundle::read(&read) {
        Ok(read) => read,
        Err(error) => return refused(&format!("{}: {error}", bundle.display())),
    };
    for (why, count) in &read.left {
        // Entries may go into a file: what is told beside them does not.
        let _ = writeln!(std::io::stderr(), "left out, {}: {count}", why.as_str());
    }
    let mut ids: HashSet<String> = catalogue.all().map(|source| source.id.clone()).collect();
    let mut found = 0;
    for brand in read.brands.iter().filter(|brand| brand.matches(search)) {
        say(entry(brand, platform, &brand.free_id(&mut ids)));
        found += 1;
    }
    let _ = writeln!(std::io::stderr(), "{found} of {} found", read.brands.len());
    if found == 0 { refused(&"nothing of that name") } else { ExitCode::SUCCESS }
}

/// No more than can be read.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn entry(brand: &Brand, platform: &str, id: &str) -> String {
    let text = |text: &str| Value::String(text.to_owned()).to_string();
    let (zh, en) = brand.names();
    let mut entry = String::new();
    let about = [brand.cities.join(", "), brand.postcodes.join(", "), brand.portal.clone()];
    let about: Vec<String> = about.into_iter().filter(|part| !part.is_empty()).collect();
    if !about.is_empty() {
        let _ = writeln!(entry, "# {}", about.join(" · "));
    }
    if !brand.is_secure() {
        let _ = writeln!(entry, "# without TLS: ask for an address that begins with https");
    }
    let _ = writeln!(entry, "[[source]]\nid = {}", text(id));
    let _ = writeln!(entry, "name = {{ zh = {}, en = {} }}", text(zh), text(en));
    let _ = writeln!(entry, "platform = {}\nenvironment = \"production\"", text(platform));
    let _ = writeln!(entry, "base_url = {}\nauth = {{ kind = \"none\" }}", text(&brand.address));
    entry
}
