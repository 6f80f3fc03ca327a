//! Pages of both portals as people get them: words, honesty about missing sources, charts.

mod charts;
mod honesty;
mod sample;
mod summary;
mod words;
