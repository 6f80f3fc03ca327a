//! The style sheet of a revision: the colours that a page's policy of contents (`style-src 'self'`) lets a page have. Where
//! things stand are classes of the portal's own sheet, since it differs for each viewer.
//!
//! Ids are names of letters, digits and `-`, colours are `#rrggbb`: nothing that somebody wrote as text gets here.

use std::fmt::Write as _;

use crate::model::{Container, Node, Page, Palette, Scheme, Skin, skin_sets, theme_sets};

/// The style sheet of a page. Containers and regions are `[data-node="{id}"]`, items `#w-{id}`.
pub fn stylesheet(page: &Page) -> String {
    let mut sheet = Sheet::default();
    for scheme in Scheme::ALL {
        sheet.colours(&node(&page.root.id), "bg", scheme, &theme_sets(&page.theme, scheme));
    }
    sheet.container(&page.root);
    sheet.finish()
}

fn node(id: &crate::model::NodeId) -> String {
    format!("[data-node=\"{id}\"]")
}

/// By day, by night: rules.
#[derive(Default)]
struct Sheet([String; 2]);

impl Sheet {
    fn container(&mut self, container: &Container) {
        for child in &container.children {
            match child {
                Node::Container(inner) => self.container(inner),
                Node::Region(region) => {
                    self.skin(&node(&region.id), "bg", region.skin.as_ref());
                    for item in &region.items {
                        self.skin(&format!("#w-{}", item.instance), "surface", item.skin.as_ref());
                    }
                }
            }
        }
    }

    fn skin(&mut self, selector: &str, behind: &str, skin: Option<&Skin>) {
        let Some(skin) = skin else { return };
        for scheme in Scheme::ALL {
            self.colours(selector, behind, scheme, &skin_sets(skin, scheme));
        }
    }

    fn colours(&mut self, selector: &str, behind: &str, scheme: Scheme, sets: &Palette) {
        if sets.is_empty() {
            return;
        }
        let mut declarations = String::new();
        // Writing to a text in memory never fails.
        for (token, colour) in sets {
            let _ = write!(declarations, "--{}:{colour};", token.as_str());
        }
        let part = &mut self.0[usize::from(scheme == Scheme::Dark)];
        let _ = writeln!(part, "{selector}{{{declarations}background:var(--{behind});color:var(--ink)}}");
    }

    /// Paper keeps its own colours.
    fn finish(self) -> String {
        let Self([light, dark]) = self;
        let mut sheet = String::new();
        let mut screen = |condition: &str, root: &str, rules: &str| {
            for rule in rules.lines() {
                let _ = writeln!(sheet, "@media {condition}{{{root} {rule}}}");
            }
        };
        screen("screen", ":root:not([data-theme=\"dark\"])", &light);
        screen("screen and (prefers-color-scheme:dark)", ":root:not([data-theme=\"light\"])", &dark);
        screen("screen", ":root[data-theme=\"dark\"]", &dark);
        sheet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bilingual, NodeId, PageId, Portal, Region, SkinName, Slug, Theme, ThemeName};

    fn page() -> Page {
        let id = |text: &str| NodeId::parse(text).unwrap();
        let mut left = Region::new(id("left"));
        left.name = Some(Bilingual::new("</style><script>", "}*{display:none}"));
        let mut right = Region::new(id("right"));
        right.skin = Some(Skin { name: SkinName::Accent, ..Skin::default() });
        let row = Container::columns(id("row"), vec![8, 4], vec![Node::Region(left), Node::Region(right)]);
        Page {
            id: PageId::parse("p-a").unwrap(),
            portal: Portal::Internal,
            parent: None,
            slug: Slug::parse("a").unwrap(),
            title: Bilingual::new("</style>", "a{}"),
            home: None,
            theme: Theme { name: ThemeName::Calm, ..Theme::default() },
            root: Container::rows(id("root"), vec![Node::Container(row)]),
        }
    }

    #[test]
    fn colours_are_there_and_no_text_is() {
        let sheet = stylesheet(&page());
        for part in [
            ":root[data-theme=\"dark\"] [data-node=\"right\"]{",
            ":root:not([data-theme=\"dark\"]) [data-node=\"root\"]{",
            "--brand:#1d5c3f",
        ] {
            assert!(sheet.contains(part), "{part} is not in\n{sheet}");
        }
        for text in ["</style", "script", "display:none", "*{"] {
            assert!(!sheet.contains(text), "{text} is in\n{sheet}");
        }
        assert_eq!(sheet.matches('{').count(), sheet.matches('}').count());
    }
}
