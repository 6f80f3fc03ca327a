//! What a widget says of itself before it is drawn.

use std::time::Duration;

use access::{
    Act, Domain, Grant, Object, Role, Ruleset, SubjectId,
    policy::{Placement, RoleSet},
};

use super::Field;

/// Where the list of widgets shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Patients and their records.
    Record,
    /// Articles, notices, feeds.
    Content,
    /// Ways to other places.
    Ways,
    /// About the viewer and the portal itself.
    Portal,
}

impl Category {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Record, Self::Content, Self::Ways, Self::Portal];

    /// Behind `widget-category-` in message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Content => "content",
            Self::Ways => "ways",
            Self::Portal => "portal",
        }
    }
}

/// Who sees it as the portal is installed; grants on `widget:KIND` change that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever sees the page.
    Everybody,
    /// These staff groups alone (`manager`, …).
    Groups(&'static [&'static str]),
}

/// Who may be shown the same drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheScope {
    /// Drawn anew each time.
    Never,
    /// The same person.
    Person(Duration),
    /// Whoever is in the same groups. Only for what is decided by groups: a person may hold grants of their own.
    RoleSet(Duration),
    /// All who see it.
    Everybody(Duration),
}

impl CacheScope {
    /// How long a drawing is good for.
    pub const fn lifetime(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Person(lifetime) | Self::RoleSet(lifetime) | Self::Everybody(lifetime) => Some(lifetime),
        }
    }
}

/// When it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loading {
    /// With the page, when it is quick enough.
    WithPage,
    /// Asked for by the page when that has been drawn: what asks hospitals.
    AfterPage,
}

/// What is drawn round it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A card with a line for icon, title, note and action.
    Card,
    /// A card with a large title, for what a page is for.
    Hero,
}

impl Frame {
    /// As in templates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Hero => "hero",
        }
    }
}

/// What a widget is.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// Its name in pages and in the policy: lower-case letters, digits and `-`.
    pub kind: &'static str,
    /// Changes when settings of before no longer fit.
    pub major: u16,
    /// Where the list of widgets shows it.
    pub category: Category,
    /// Name in the sprite.
    pub icon: &'static str,
    /// Portals that have it.
    pub portals: &'static [Domain],
    /// What can be set, in the order of the form.
    pub fields: &'static [Field],
    /// Who sees it.
    pub audience: Audience,
    /// What one must be allowed besides seeing the widget: without it the widget is not there. A function, so that
    /// declarations can be statics.
    pub needs: Option<(fn() -> Object, Act)>,
    /// Who may be shown the same drawing.
    pub cache: CacheScope,
    /// When it is drawn.
    pub loading: Loading,
    /// What is drawn round it.
    pub frame: Frame,
    /// After that it has failed.
    pub deadline: Duration,
}

impl Declaration {
    /// A widget that everybody sees, with nothing to set, drawn anew each time within three seconds. The fields that differ
    /// are set with `..Declaration::of(…)`.
    pub const fn of(kind: &'static str, category: Category, icon: &'static str, portals: &'static [Domain]) -> Self {
        Self {
            kind,
            major: 1,
            category,
            icon,
            portals,
            fields: &[],
            audience: Audience::Everybody,
            needs: None,
            cache: CacheScope::Never,
            loading: Loading::WithPage,
            frame: Frame::Card,
            deadline: Duration::from_secs(3),
        }
    }

    /// What the policy calls it; `None` for a kind that is no name.
    pub fn object(&self) -> Option<Object> {
        Object::parse(&format!("widget:{}", self.kind))
    }

    /// Its place in the policy's tree, and who may see it where not everybody may.
    pub(super) fn rules(&self, object: Object, domain: Domain) -> Ruleset {
        let parent = match domain {
            Domain::Internal => Object::SITE_INTERNAL,
            Domain::External => Object::SITE_EXTERNAL,
        };
        let (blocked, groups) = match self.audience {
            Audience::Everybody => (RoleSet::NONE, [].as_slice()),
            // Whoever administers the site decides who sees it; nobody sees it for being a user of the site.
            Audience::Groups(groups) => (RoleSet::of(&[Role::User, Role::PrivilegedUser, Role::Editor]), groups),
        };
        let grant = |group: &&str| Grant::allow(SubjectId::group(group), domain, Role::User, object.clone());
        let grants = groups.iter().map(grant).collect();
        Ruleset { grants, placements: vec![Placement { object, parent, blocked }], memberships: Vec::new() }
    }
}
