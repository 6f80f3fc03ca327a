//! What objects, subjects and roles are called.

use std::collections::HashMap;

use access::{Act, Object, Role, SubjectId, policy::Known};
use web::render::{Arg, Words};

/// Names in one language.
pub struct Names<'a> {
    words: &'a Words,
    people: HashMap<SubjectId, Known>,
}

impl<'a> Names<'a> {
    /// With the names of those who are known.
    pub fn new(words: &'a Words, people: Vec<Known>) -> Self {
        Self { words, people: people.into_iter().map(|one| (one.subject.clone(), one)).collect() }
    }

    /// The words themselves.
    pub fn words(&self) -> &'a Words {
        self.words
    }

    /// `Audit log`, `Page ward`.
    pub fn object(&self, object: &Object) -> String {
        let name = object.as_str();
        let slug = name.replace([':', '/', '.', '_'], "-");
        if let Some(section) = name.strip_prefix("record:")
            && self.words.has(&format!("section-{section}"))
        {
            return self.words.text(&format!("section-{section}"));
        }
        let key = format!("policy-object-{slug}");
        if self.words.has(&key) {
            return self.words.text(&key);
        }
        let kind = format!("policy-kind-{}", object.kind());
        let id = name.split_once(':').map_or(name, |(_, id)| id);
        if self.words.has(&kind) { self.words.with(&kind, &[("name", Arg::from(id))]) } else { name.to_owned() }
    }

    /// A person's name, a group's name.
    pub fn subject(&self, subject: &SubjectId) -> String {
        let text = subject.as_str();
        match (subject.kind(), text.split_once(':').map_or(text, |(_, rest)| rest)) {
            ("g", group) if self.words.has(&format!("role-{group}")) => self.words.text(&format!("role-{group}")),
            ("g", group) => group.to_owned(),
            ("d", rest) => {
                let name = rest.split_once('/').map_or(rest, |(_, name)| name);
                let first = name.split(',').next().unwrap_or(name);
                first.split_once('=').map_or(first, |(_, value)| value).to_owned()
            }
            _ => self.people.get(subject).map_or_else(|| text.to_owned(), |one| one.name.clone()),
        }
    }

    /// What kind of subject it is, and what tells it from others of its name.
    pub fn kind(&self, subject: &SubjectId) -> String {
        let text = subject.as_str();
        match subject.kind() {
            "g" => self.words.text("policy-subject-group"),
            "d" => {
                let name = text.split_once('/').map_or(text, |(_, name)| name);
                self.words.with("policy-subject-directory", &[("name", Arg::from(name))])
            }
            "u" => match self.people.get(subject) {
                Some(one) => {
                    let department = one.department.as_deref().unwrap_or(&one.organisation);
                    let args = [("user", Arg::from(one.username.as_str())), ("department", Arg::from(department))];
                    self.words.with("policy-subject-person", &args)
                }
                None => self.words.text("policy-subject-unknown"),
            },
            _ => text.to_owned(),
        }
    }

    /// `Editor`.
    pub fn role(&self, role: Role) -> String {
        self.words.text(&format!("preset-{role}"))
    }

    /// `edit`.
    pub fn act(&self, act: Act) -> String {
        self.words.text(&format!("act-{act}"))
    }

    /// `view, edit`.
    pub fn acts(&self, acts: &[Act]) -> String {
        let names: Vec<String> = acts.iter().map(|act| self.act(*act)).collect();
        names.join(&self.words.text("policy-comma"))
    }

    /// A way from top to bottom.
    pub fn way(&self, path: &[Object]) -> String {
        let names: Vec<String> = path.iter().map(|object| self.object(object)).collect();
        names.join(" → ")
    }

    /// From a person through their groups.
    pub fn members(&self, members: &[SubjectId]) -> String {
        let names: Vec<String> = members.iter().map(|subject| self.subject(subject)).collect();
        names.join(" → ")
    }
}
