//! Colours of the design, and whether they can be told apart (WCAG 2.2, contrast ratio and relative luminance).

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `#rrggbb` and nothing else: no names, no functions, nothing a style sheet would read on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^#[0-9a-f]{6}$"), with = "String")]
pub struct Colour(u8, u8, u8);

/// A text that is no colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a colour as #rrggbb: {0:?}")]
pub struct NotAColour(String);

impl Colour {
    /// Red, green, blue.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self(red, green, blue)
    }

    /// From `0xrrggbb`.
    pub(crate) const fn hex(code: u32) -> Self {
        Self((code >> 16 & 0xff) as u8, (code >> 8 & 0xff) as u8, (code & 0xff) as u8)
    }

    /// `None` unless it is `#` and six hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let sound = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        sound.then(|| u32::from_str_radix(digits, 16).ok().map(Self::hex))?
    }

    /// Relative luminance, 0 (black) to 1 (white).
    fn luminance(self) -> f64 {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(self.0) + 0.7152 * channel(self.1) + 0.0722 * channel(self.2)
    }

    /// Contrast ratio, 1 to 21, whichever of the two is in front.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

impl TryFrom<String> for Colour {
    type Error = NotAColour;

    fn try_from(text: String) -> Result<Self, NotAColour> {
        Self::parse(&text).ok_or(NotAColour(text))
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

/// The least contrast of text with what is behind it.
pub const LEAST_CONTRAST: f64 = 4.5;

/// A colour of the design that themes and skins may set: a custom property of `portal.css`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Token {
    /// Behind everything.
    Bg,
    /// Behind cards.
    Surface,
    /// Behind heads of cards and every other row.
    #[serde(rename = "surface-2")]
    Surface2,
    /// Text.
    Ink,
    /// Text beside the chief text.
    #[serde(rename = "ink-2")]
    Ink2,
    /// The least of texts.
    #[serde(rename = "ink-3")]
    Ink3,
    /// Lines between things.
    Line,
    /// The house's colour, as text and marks.
    Brand,
    /// Links.
    Link,
    /// Behind the chief button.
    Fill,
    /// Text on the chief button.
    #[serde(rename = "on-fill")]
    OnFill,
}

impl Token {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Bg,
        Self::Surface,
        Self::Surface2,
        Self::Ink,
        Self::Ink2,
        Self::Ink3,
        Self::Line,
        Self::Brand,
        Self::Link,
        Self::Fill,
        Self::OnFill,
    ];

    /// The custom property without `--`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bg => "bg",
            Self::Surface => "surface",
            Self::Surface2 => "surface-2",
            Self::Ink => "ink",
            Self::Ink2 => "ink-2",
            Self::Ink3 => "ink-3",
            Self::Line => "line",
            Self::Brand => "brand",
            Self::Link => "link",
            Self::Fill => "fill",
            Self::OnFill => "on-fill",
        }
    }
}

/// A scheme of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// By day.
    Light,
    /// By night.
    Dark,
}

impl Scheme {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];
}

/// Colours that differ from those of the design, by scheme.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Colours {
    /// By day.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub light: BTreeMap<Token, Colour>,
    /// By night.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dark: BTreeMap<Token, Colour>,
}

impl Colours {
    /// Those of one scheme.
    pub fn of(&self, scheme: Scheme) -> &BTreeMap<Token, Colour> {
        match scheme {
            Scheme::Light => &self.light,
            Scheme::Dark => &self.dark,
        }
    }

    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.light.is_empty() && self.dark.is_empty()
    }
}

/// A text that could not be read on what is behind it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LowContrast {
    /// By day or by night.
    pub scheme: Scheme,
    /// Custom property of the text.
    pub text: &'static str,
    /// Custom property of what is behind it.
    pub behind: &'static str,
    /// What it is, below [`LEAST_CONTRAST`].
    pub ratio: f64,
}

/// Every token's colour in one scheme.
pub type Palette = BTreeMap<Token, Colour>;

/// The design's own, as in `portal.css` (a test compares them).
pub fn design(scheme: Scheme) -> Palette {
    let codes: [u32; 11] = match scheme {
        Scheme::Light => [
            0xf1f4f5, 0xffffff, 0xf7f9fa, 0x14232b, 0x445963, 0x5c707a, 0xd8e0e3, 0x0b5a6b, 0x0a5878, 0x0b5a6b,
            0xffffff,
        ],
        Scheme::Dark => [
            0x0d171c, 0x142127, 0x1a2930, 0xe6eef1, 0xb3c3ca, 0x99acb4, 0x2b3e47, 0x5fb8cc, 0x79c7e3, 0x12697c,
            0xffffff,
        ],
    };
    Token::ALL.into_iter().zip(codes.map(Colour::hex)).collect()
}

/// Texts whose colours no theme sets, because they say what a value is: they must be read on every surface.
pub(crate) fn signals(scheme: Scheme) -> [(&'static str, Colour); 5] {
    let codes: [u32; 5] = match scheme {
        Scheme::Light => [0xa8201a, 0x1d4c9e, 0x8c0d14, 0x7a4a00, 0x17633a],
        Scheme::Dark => [0xff9d94, 0x9fc0ff, 0xff9d94, 0xf5c66b, 0x86d3a5],
    };
    let mut colours = codes.into_iter();
    ["high", "low", "crit", "warn", "ok"].map(|name| (name, Colour::hex(colours.next().unwrap_or_default())))
}

/// Every pair of text and background that can't be read.
pub fn low_contrast(scheme: Scheme, palette: &Palette) -> Vec<LowContrast> {
    let of = |token: Token| palette.get(&token).copied();
    let mut pairs: Vec<(&'static str, Token, Option<Colour>)> = Vec::new();
    for behind in [Token::Bg, Token::Surface, Token::Surface2] {
        for text in [Token::Ink, Token::Ink2, Token::Ink3, Token::Brand, Token::Link] {
            pairs.push((text.as_str(), behind, of(text)));
        }
        pairs.extend(signals(scheme).map(|(name, colour)| (name, behind, Some(colour))));
    }
    pairs.push((Token::OnFill.as_str(), Token::Fill, of(Token::OnFill)));
    let judged = pairs.into_iter().filter_map(|(text, behind, colour)| {
        let ratio = colour?.contrast(of(behind)?);
        (ratio < LEAST_CONTRAST).then_some(LowContrast { scheme, text, behind: behind.as_str(), ratio })
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_as_in_the_recommendation() {
        let colour = |text| Colour::parse(text).expect("a colour");
        for (one, two, expect) in [
            ("#000000", "#ffffff", 21.0),
            ("#ffffff", "#ffffff", 1.0),
            ("#777777", "#ffffff", 4.478),
            ("#767676", "#ffffff", 4.542),
            ("#0000ff", "#ffffff", 8.592),
            ("#ff0000", "#ffffff", 3.998),
        ] {
            let ratio = colour(one).contrast(colour(two));
            assert!((ratio - expect).abs() < 0.001, "{one} on {two}: {ratio}");
            assert!((colour(two).contrast(colour(one)) - ratio).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        for text in
            ["red", "#fff", "#12345g", "#1234567", "rgb(0 0 0)", "#000000;}", "var(--x)", "url(x)", "", "#", "#+12345"]
        {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
        assert_eq!(Colour::parse("#0B5A6b").map(|c| c.to_string()), Some("#0b5a6b".to_owned()));
    }

    #[test]
    fn the_design_is_the_one_of_the_style_sheet_and_can_be_read() {
        let sheet = include_str!("../../../web/static/portal.css");
        let (light, dark) = sheet.split_once(":root[data-theme=\"dark\"]").expect("both schemes");
        for (scheme, part) in [(Scheme::Light, light), (Scheme::Dark, dark)] {
            let texts = design(scheme).into_iter().map(|(token, colour)| (token.as_str(), colour));
            for (name, colour) in texts.chain(signals(scheme)) {
                let written = part.split_once(&format!("--{name}: ")).expect(name).1;
                assert_eq!(&written[..7], colour.to_string(), "{scheme:?} {name}");
            }
            assert_eq!(low_contrast(scheme, &design(scheme)), []);
        }
    }
}
