//! Themes of pages and skins of regions and items: variations of the design's colours, named or chosen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::colour::{Colour, Colours, LowContrast, Palette, Scheme, Token, design, low_contrast};

/// A ready variation for a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeName {
    /// The design as it is.
    #[default]
    Standard,
    /// Greens.
    Calm,
    /// Warm greys.
    Warm,
    /// Black on white, white on black.
    Contrast,
}

/// A ready variation for a region or an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SkinName {
    /// As the page.
    #[default]
    Plain,
    /// A quieter background.
    Quiet,
    /// In the house's colour.
    Accent,
    /// The strongest.
    Bold,
}

/// Colours of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Theme {
    /// The ready variation.
    pub name: ThemeName,
    /// What differs from it.
    #[serde(skip_serializing_if = "Colours::is_empty")]
    pub colours: Colours,
}

/// Colours of a region or an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Skin {
    /// The ready variation.
    pub name: SkinName,
    /// What differs from it.
    #[serde(skip_serializing_if = "Colours::is_empty")]
    pub colours: Colours,
}

impl ThemeName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Standard, Self::Calm, Self::Warm, Self::Contrast];

    /// As in JSON, message keys and style sheets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Calm => "calm",
            Self::Warm => "warm",
            Self::Contrast => "contrast",
        }
    }

    fn differs(self, scheme: Scheme) -> Vec<(Token, u32)> {
        use Token::{Bg, Brand, Fill, Ink, Ink2, Ink3, Line, Link, OnFill, Surface, Surface2};
        match (self, scheme) {
            (Self::Standard, _) => Vec::new(),
            (Self::Calm, Scheme::Light) => {
                vec![(Bg, 0xeff5f1), (Line, 0xd3e0d8), (Brand, 0x1d5c3f), (Link, 0x17593b), (Fill, 0x1d5c3f)]
            }
            (Self::Calm, Scheme::Dark) => {
                vec![
                    (Bg, 0x0d1813),
                    (Surface, 0x13221b),
                    (Surface2, 0x192b22),
                    (Line, 0x2a4035),
                    (Brand, 0x7cc9a0),
                    (Fill, 0x1d6b48),
                ]
            }
            (Self::Warm, Scheme::Light) => {
                vec![
                    (Bg, 0xf6f3ee),
                    (Surface2, 0xfaf8f4),
                    (Line, 0xe3dcd0),
                    (Ink3, 0x66665c),
                    (Brand, 0x7a3b12),
                    (Fill, 0x7a3b12),
                ]
            }
            (Self::Warm, Scheme::Dark) => {
                vec![
                    (Bg, 0x1a1611),
                    (Surface, 0x241f19),
                    (Surface2, 0x2c261f),
                    (Line, 0x443b31),
                    (Brand, 0xe0a878),
                    (Fill, 0x8a4a1c),
                ]
            }
            (Self::Contrast, Scheme::Light) => vec![
                (Bg, 0xffffff),
                (Surface2, 0xffffff),
                (Ink, 0x000000),
                (Ink2, 0x1c1c1c),
                (Ink3, 0x333333),
                (Line, 0x000000),
                (Brand, 0x00303c),
                (Link, 0x00318c),
                (Fill, 0x00303c),
                (OnFill, 0xffffff),
            ],
            (Self::Contrast, Scheme::Dark) => vec![
                (Bg, 0x000000),
                (Surface, 0x000000),
                (Surface2, 0x000000),
                (Ink, 0xffffff),
                (Ink2, 0xf0f0f0),
                (Ink3, 0xd8d8d8),
                (Line, 0xffffff),
                (Brand, 0x9be6f5),
                (Link, 0x9bd8ff),
                (Fill, 0xffffff),
                (OnFill, 0x000000),
            ],
        }
    }
}

impl SkinName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Quiet, Self::Accent, Self::Bold];

    /// As in JSON, message keys and style sheets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Quiet => "quiet",
            Self::Accent => "accent",
            Self::Bold => "bold",
        }
    }

    fn differs(self, scheme: Scheme) -> Vec<(Token, u32)> {
        use Token::{Bg, Brand, Fill, Ink, Ink2, Ink3, Line, Link, OnFill, Surface, Surface2};
        match (self, scheme) {
            (Self::Plain, _) => Vec::new(),
            (Self::Quiet, Scheme::Light) => vec![(Surface, 0xf7f9fa), (Surface2, 0xf1f4f5)],
            (Self::Quiet, Scheme::Dark) => vec![(Surface, 0x111c21), (Surface2, 0x142127)],
            (Self::Accent, Scheme::Light) => vec![
                (Surface, 0xe9f3f5),
                (Surface2, 0xe9f3f5),
                (Ink, 0x0c2f3a),
                (Ink2, 0x2f4a54),
                (Ink3, 0x4a5f68),
                (Line, 0xa9c9d1),
                (Brand, 0x08424f),
                (Link, 0x084a66),
                (Fill, 0x08424f),
                (OnFill, 0xffffff),
            ],
            (Self::Accent, Scheme::Dark) => vec![
                (Surface, 0x10303a),
                (Surface2, 0x10303a),
                (Ink, 0xe6f4f7),
                (Ink2, 0xc2d6dc),
                (Ink3, 0xb0c6cd),
                (Line, 0x2f5a66),
                (Brand, 0x8fd3e2),
                (Link, 0x9bd8ee),
                (Fill, 0x12697c),
                (OnFill, 0xffffff),
            ],
            (Self::Bold, Scheme::Light) => vec![
                (Surface, 0xffffff),
                (Surface2, 0xffffff),
                (Ink, 0x000000),
                (Ink2, 0x1c1c1c),
                (Ink3, 0x333333),
                (Line, 0x14232b),
                (Brand, 0x08424f),
                (Link, 0x00477a),
                (Fill, 0x14232b),
                (OnFill, 0xffffff),
            ],
            (Self::Bold, Scheme::Dark) => vec![
                (Bg, 0x000000),
                (Surface, 0x000000),
                (Surface2, 0x000000),
                (Ink, 0xffffff),
                (Ink2, 0xf0f0f0),
                (Ink3, 0xd8d8d8),
                (Line, 0xe6eef1),
                (Brand, 0x8fd3e2),
                (Link, 0x9bd8ee),
                (Fill, 0x12697c),
                (OnFill, 0xffffff),
            ],
        }
    }
}

fn overlay(palette: &mut Palette, ready: Vec<(Token, u32)>, chosen: &Palette) {
    palette.extend(ready.into_iter().map(|(token, code)| (token, Colour::hex(code))));
    palette.extend(chosen.iter().map(|(token, colour)| (*token, *colour)));
}

/// The colours a place has: the design's, then the page's, then those of each skin round it, outermost first.
pub fn palette(scheme: Scheme, theme: &Theme, skins: &[&Skin]) -> Palette {
    let mut palette = design(scheme);
    overlay(&mut palette, theme.name.differs(scheme), theme.colours.of(scheme));
    for skin in skins {
        overlay(&mut palette, skin.name.differs(scheme), skin.colours.of(scheme));
    }
    palette
}

/// What a theme sets.
pub(crate) fn theme_sets(theme: &Theme, scheme: Scheme) -> Palette {
    let mut sets = Palette::new();
    overlay(&mut sets, theme.name.differs(scheme), theme.colours.of(scheme));
    sets
}

/// What a skin sets.
pub(crate) fn skin_sets(skin: &Skin, scheme: Scheme) -> Palette {
    let mut sets = Palette::new();
    overlay(&mut sets, skin.name.differs(scheme), skin.colours.of(scheme));
    sets
}

/// Everything that could not be read where this theme and these skins meet.
pub fn unreadable(theme: &Theme, skins: &[&Skin]) -> Vec<LowContrast> {
    Scheme::ALL.into_iter().flat_map(|scheme| low_contrast(scheme, &palette(scheme, theme, skins))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_theme_with_every_ready_skin_can_be_read() {
        for name in ThemeName::ALL {
            let theme = Theme { name, colours: Colours::default() };
            assert_eq!(unreadable(&theme, &[]), [], "{name:?}");
            for outer in SkinName::ALL {
                for inner in SkinName::ALL {
                    let [outer, inner] = [outer, inner].map(|name| Skin { name, colours: Colours::default() });
                    assert_eq!(unreadable(&theme, &[&outer, &inner]), [], "{name:?} {outer:?} {inner:?}");
                }
            }
        }
    }

    #[test]
    fn a_pale_text_is_found_with_its_place() {
        let pale = [(Token::Ink2, Colour::parse("#bbbbbb").expect("a colour"))];
        let colours = Colours { light: Palette::from(pale), dark: Palette::new() };
        let found = unreadable(&Theme { name: ThemeName::Standard, colours }, &[]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().all(|low| low.text == "ink-2" && low.scheme == Scheme::Light && low.ratio < 2.0));
        // Another background under the words of warnings is found too.
        let skin = [(Token::Surface, Colour::parse("#d99a1f").expect("a colour"))];
        let skin =
            Skin { name: SkinName::Plain, colours: Colours { light: Palette::from(skin), dark: Palette::new() } };
        assert!(unreadable(&Theme::default(), &[&skin]).iter().any(|low| low.text == "warn"));
    }
}
