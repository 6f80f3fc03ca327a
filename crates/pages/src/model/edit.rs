//! The tree's own moves: finding, taking out, putting in. Widths of neighbours follow; nothing is checked here.

use super::{COLUMNS, Container, Flow, InstanceId, Item, Node, NodeId, Region};

/// A node taken out of the tree, and the width it had.
pub(crate) struct Taken {
    pub node: Node,
    pub track: Option<u8>,
}

impl Container {
    /// The container of this id, this one included.
    pub(crate) fn container_mut(&mut self, id: &NodeId) -> Option<&mut Self> {
        if self.id == *id {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| match child {
            Node::Container(inner) => inner.container_mut(id),
            Node::Region(_) => None,
        })
    }

    /// The region of this id.
    pub(crate) fn region_mut(&mut self, id: &NodeId) -> Option<&mut Region> {
        self.regions_mut().into_iter().find(|region| region.id == *id)
    }

    /// The item of this id.
    pub(crate) fn item_mut(&mut self, id: &InstanceId) -> Option<&mut Item> {
        self.regions_mut().into_iter().find_map(|region| region.items.iter_mut().find(|item| item.instance == *id))
    }

    /// The region or container of this id below this one.
    pub(crate) fn node(&self, id: &NodeId) -> Option<&Node> {
        self.children.iter().find_map(|child| match child {
            child if child.id() == id => Some(child),
            Node::Container(inner) => inner.node(id),
            Node::Region(_) => None,
        })
    }

    /// The place of the region or container of this id, to put something else there.
    pub(crate) fn node_mut(&mut self, id: &NodeId) -> Option<&mut Node> {
        self.children.iter_mut().find_map(|child| match child {
            child if child.id() == id => Some(child),
            Node::Container(inner) => inner.node_mut(id),
            Node::Region(_) => None,
        })
    }

    /// Takes an item out.
    pub(crate) fn take_item(&mut self, id: &InstanceId) -> Option<Item> {
        self.regions_mut().into_iter().find_map(|region| {
            let at = region.items.iter().position(|item| item.instance == *id)?;
            Some(region.items.remove(at))
        })
    }

    /// Takes a node out; its neighbour gets its width. What is empty then stays: see [`Container::prune`].
    pub(crate) fn take_node(&mut self, id: &NodeId) -> Option<Taken> {
        if let Some(at) = self.children.iter().position(|child| child.id() == id) {
            let node = self.children.remove(at);
            let track = (self.flow == Flow::Columns && at < self.tracks.len()).then(|| self.tracks.remove(at));
            if let (Some(track), Some(last)) = (track, self.tracks.len().checked_sub(1)) {
                self.tracks[at.saturating_sub(1).min(last)] += track;
            }
            return Some(Taken { node, track });
        }
        self.children.iter_mut().find_map(|child| match child {
            Node::Container(inner) => inner.take_node(id),
            Node::Region(_) => None,
        })
    }

    /// Puts a node among the children: `before` another, else at the end. Side by side it takes `track` of the widest, or
    /// half of it. `false` when there is no width to take.
    pub(crate) fn put(&mut self, node: Node, before: Option<&NodeId>, track: Option<u8>) -> bool {
        let end = self.children.len();
        let at = before.and_then(|id| self.children.iter().position(|child| child.id() == id)).unwrap_or(end);
        if self.flow == Flow::Columns {
            let widest = self.tracks.iter().enumerate().max_by_key(|(at, track)| (**track, std::cmp::Reverse(*at)));
            match widest.map(|(at, track)| (at, *track)) {
                None => self.tracks.push(COLUMNS),
                Some((_, 0 | 1)) => return false,
                Some((widest, width)) => {
                    let own = track.filter(|track| *track < width).unwrap_or(width / 2);
                    self.tracks[widest] -= own;
                    self.tracks.insert(at, own);
                }
            }
        }
        self.children.insert(at, node);
        true
    }

    /// Removes containers without children, from the inside out.
    pub(crate) fn prune(&mut self) {
        for child in &mut self.children {
            if let Node::Container(inner) = child {
                inner.prune();
            }
        }
        let empty = |child: &Node| matches!(child, Node::Container(inner) if inner.children.is_empty());
        while let Some(id) = self.children.iter().find(|child| empty(child)).map(|child| child.id().clone()) {
            self.take_node(&id);
        }
    }
}

impl Region {
    /// Puts an item in: `before` another, else at the end.
    pub(crate) fn put(&mut self, item: Item, before: Option<&InstanceId>) {
        let end = self.items.len();
        let at = before.and_then(|id| self.items.iter().position(|other| other.instance == *id)).unwrap_or(end);
        self.items.insert(at, item);
    }
}
