//! The Rust sources as tokens: with line numbers, and once more without what only tests see.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;

/// What a source file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Part of what is shipped.
    Product,
    /// Tests, benches, examples, build scripts, and the crates that only they use.
    Proof,
}

/// A token and where it stands. Groups are flattened to their delimiters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// As written.
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// A parsed file.
pub struct SourceFile {
    /// Relative to the root.
    pub path: String,
    /// Name of the package it belongs to.
    pub package: String,
    /// See [`Role`].
    pub role: Role,
    /// As read.
    pub text: String,
    /// The syntax tree, whole.
    pub syntax: syn::File,
    /// Tokens outside tests and documentation; empty for [`Role::Proof`].
    pub product: Vec<Token>,
}

/// Every Rust file of the workspace.
pub struct Sources {
    /// In the order of their paths.
    pub files: Vec<SourceFile>,
}

/// Packages that are never shipped to a hospital.
const PROOF_PACKAGES: [&str; 3] = ["testbed", "xtask", "sandbox"];

impl Sources {
    /// Reads `crates/*`, `portal-*` and `migrations` below `root`.
    ///
    /// # Errors
    /// A file can't be read or is no Rust.
    pub fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for package in package_folders(root)? {
            let name = package.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            for entry in walkdir::WalkDir::new(&package).sort_by_file_name() {
                let entry = entry?;
                if entry.path().extension().is_none_or(|extension| extension != "rs") {
                    continue;
                }
                let path = entry.path().strip_prefix(root)?.display().to_string();
                let text = std::fs::read_to_string(entry.path())?;
                files.push(SourceFile::parse(&path, &name, text)?);
            }
        }
        Ok(Self { files })
    }
}

fn package_folders(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        folders.push(entry?.path());
    }
    folders.extend(["portal-internal", "portal-external", "migrations"].map(|name| root.join(name)));
    folders.retain(|folder| folder.join("Cargo.toml").exists());
    folders.sort();
    Ok(folders)
}

impl SourceFile {
    /// Parses `text`; `path` decides its [`Role`].
    ///
    /// # Errors
    /// It is no Rust.
    pub fn parse(path: &str, package: &str, text: String) -> Result<Self> {
        let syntax = syn::parse_file(&text).with_context(|| path.to_owned())?;
        let role = role(path, package);
        let mut product = Vec::new();
        if role == Role::Product {
            let mut shipped = syntax.clone();
            drop_tests(&mut shipped.items);
            flatten(shipped.to_token_stream(), &mut product);
        }
        Ok(Self { path: path.to_owned(), package: package.to_owned(), role, text, syntax, product })
    }

    /// Is this a program's `main.rs`, where printing is the point?
    pub fn is_main(&self) -> bool {
        self.path.ends_with("src/main.rs") || self.path.contains("/src/bin/")
    }

    /// Is there a comment `// WORD reason` on `line` or within the `reach` lines above it?
    pub fn excused(&self, word: &str, line: usize, reach: usize) -> bool {
        let first = line.saturating_sub(reach + 1);
        self.text.lines().skip(first).take(line - first).any(|text| {
            let reason = text.split_once("// ").and_then(|(_, comment)| comment.strip_prefix(word));
            reason.is_some_and(|reason| !reason.trim().is_empty())
        })
    }

    /// Lines of the product where `pattern`, one text a token, stands.
    pub fn find(&self, pattern: &[&str]) -> Vec<usize> {
        self.product
            .windows(pattern.len())
            .filter(|window| window.iter().zip(pattern).all(|(token, text)| token.text == *text))
            .map(|window| window[0].line)
            .collect()
    }
}

fn role(path: &str, package: &str) -> Role {
    let inside = |folder: &str| path.contains(&format!("/{folder}/"));
    let tests = inside("tests") || inside("benches") || inside("examples") || path.ends_with("/tests.rs");
    if tests || path.ends_with("/build.rs") || PROOF_PACKAGES.contains(&package) { Role::Proof } else { Role::Product }
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let called_test = path.segments.last().is_some_and(|segment| segment.ident == "test");
        let cfg_test = path.is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                let mut tokens = Vec::new();
                flatten(list.tokens.clone(), &mut tokens);
                let says = |text: &str| tokens.iter().any(|token| token.text == text);
                says("test") && !says("not")
            });
        called_test || cfg_test
    })
}

fn drop_tests(items: &mut Vec<syn::Item>) {
    items.retain(|item| !is_test_only(attributes(item)));
    for item in items {
        match item {
            syn::Item::Mod(module) => {
                if let Some((_, inner)) = &mut module.content {
                    drop_tests(inner);
                }
            }
            syn::Item::Impl(block) => block.items.retain(|item| match item {
                syn::ImplItem::Fn(function) => !is_test_only(&function.attrs),
                _ => true,
            }),
            _ => {}
        }
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Documentation is left out: it may quote anything.
fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        if is_punct(&tree, '#') {
            // `#[doc = "…"]` is an outer, `#![doc = "…"]` an inner comment.
            let mut ahead = trees.clone();
            ahead.next_if(|next| is_punct(next, '!'));
            if ahead.next().is_some_and(|next| is_documentation(&next)) {
                trees = ahead;
                continue;
            }
        }
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push(Token { text: open.to_owned(), line });
                flatten(group.stream(), out);
                out.push(Token { text: close.to_owned(), line: group.span_close().start().line });
            }
            other => out.push(Token { text: other.to_string(), line }),
        }
    }
}

fn is_punct(tree: &TokenTree, letter: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == letter)
}

fn is_documentation(tree: &TokenTree) -> bool {
    let TokenTree::Group(group) = tree else { return false };
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket && matches!(first, Some(TokenTree::Ident(ident)) if ident == "doc")
}

#[cfg(test)]
pub(super) fn product(package: &str, text: &str) -> SourceFile {
    SourceFile::parse(&format!("crates/{package}/src/made_up.rs"), package, text.to_owned()).expect("Rust")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_documentation_are_no_product() {
        let file = product(
            "web",
            "//! Says `marker()`.\n/// Says `marker()`.\nfn a() { other() }\n#[cfg(test)]\nmod tests { fn b() { marker() } }\n#[test]\nfn c() { marker() }",
        );
        assert_eq!(file.find(&["marker"]), Vec::<usize>::new());
        assert_eq!(file.find(&["other", "("]), [3]);
    }

    #[test]
    fn code_inside_macros_is_product() {
        assert_eq!(product("web", "fn a() { format!(\"{}\", x.unwrap()) }").find(&["unwrap", "("]), [1]);
    }

    #[test]
    fn a_module_without_tests_is_kept() {
        assert_eq!(product("web", "#[cfg(not(test))]\nfn a() { marker() }").find(&["marker"]), [2]);
    }
}
