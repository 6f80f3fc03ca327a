//! record-view
