//! Pages of both portals as people get them: words, honesty about missing sources, charts.

mod bedside;
mod charts;
mod first_page;
mod honesty;
mod medicine_sheets;
mod money;
mod sample;
mod stays;
mod summary;
mod versions;
mod waiting;
mod words;
