//! Ready arrangements of regions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Container, Flow, Node, NodeId, Region};

/// A ready arrangement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// One column.
    Single,
    /// Two of one width.
    TwoEqual,
    /// The left one wide.
    WideLeft,
    /// The right one wide.
    WideRight,
    /// Three, the middle one wide.
    ThreeColumns,
    /// One over the whole width, below it a wide and a narrow one.
    FullWidthAndTwo,
}

impl Template {
    /// All of them, in the order of the designer.
    pub const ALL: [Self; 6] =
        [Self::Single, Self::TwoEqual, Self::WideLeft, Self::WideRight, Self::ThreeColumns, Self::FullWidthAndTwo];

    /// As in JSON and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::TwoEqual => "two-equal",
            Self::WideLeft => "wide-left",
            Self::WideRight => "wide-right",
            Self::ThreeColumns => "three-columns",
            Self::FullWidthAndTwo => "full-width-and-two",
        }
    }

    /// From JSON and forms.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == text)
    }

    /// Widths of each row of regions, in twelfths.
    pub const fn rows(self) -> &'static [&'static [u8]] {
        match self {
            Self::Single => &[&[12]],
            Self::TwoEqual => &[&[6, 6]],
            Self::WideLeft => &[&[8, 4]],
            Self::WideRight => &[&[4, 8]],
            Self::ThreeColumns => &[&[3, 6, 3]],
            Self::FullWidthAndTwo => &[&[12], &[8, 4]],
        }
    }

    /// Its regions, empty, with ids that no other page has.
    pub fn root(self) -> Container {
        let region = || Node::Region(Region::new(NodeId::fresh()));
        let row = |widths: &&[u8]| match widths {
            [_] => region(),
            widths => Node::Container(Container::columns(
                NodeId::fresh(),
                widths.to_vec(),
                widths.iter().map(|_| region()).collect(),
            )),
        };
        Container::rows(NodeId::fresh(), self.rows().iter().map(row).collect())
    }

    /// An arrangement with ids that no other page has, for another page. Items keep theirs.
    pub fn anew(root: &Container) -> Container {
        let mut root = root.clone();
        refresh(&mut root);
        root
    }

    /// Which one a page's arrangement is, whatever its ids.
    pub fn of(root: &Container) -> Option<Self> {
        Self::ALL.into_iter().find(|template| shape(root) == shape(&template.root()))
    }
}

fn refresh(container: &mut Container) {
    container.id = NodeId::fresh();
    for child in &mut container.children {
        match child {
            Node::Container(inner) => refresh(inner),
            Node::Region(region) => region.id = NodeId::fresh(),
        }
    }
}

/// An arrangement without ids.
fn shape(container: &Container) -> Vec<(usize, bool, Vec<u8>)> {
    fn walk(container: &Container, depth: usize, found: &mut Vec<(usize, bool, Vec<u8>)>) {
        found.push((depth, container.flow == Flow::Columns, container.tracks.clone()));
        for child in &container.children {
            match child {
                Node::Container(inner) => walk(inner, depth + 1, found),
                Node::Region(_) => found.push((depth + 1, false, Vec::new())),
            }
        }
    }
    let mut found = Vec::new();
    walk(container, 0, &mut found);
    found
}
