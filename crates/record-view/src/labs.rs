//! 检验结果 for clinicians: filters, the matrix, trends beside it, one analyte's history, conflicts.

mod filters;
mod grid;
mod history;
mod table;

use ehr::{
    Banner, Gathered, Section,
    labs::{LabMatrix, LabResult, Row, trend},
};
use serde::Serialize;
use web::render::Html;

pub(crate) use filters::push_encoded;
pub use filters::{Filters, Period};
pub(crate) use grid::{Grid, is_abnormal, results};
pub(crate) use history::full_value;
pub use history::{Conflict, FlagView, History, HistoryRow, Said};
pub(crate) use table::{status_key, value_text};

use crate::{
    Choice, RecordShell, Scene, chart::Chart, filters::hospitals, review::OpenView, scene::short_source_of,
    sources::Sources,
};

/// Charts beside the matrix.
const CHARTS: usize = 3;

/// What the page is made from.
pub struct LabsInput<'a> {
    /// Who.
    pub banner: &'a Banner,
    /// What came and who answered.
    pub gathered: &'a Gathered<LabResult>,
    /// All of it (`ehr::labs::matrix` with the default window): filters and the page of columns are applied here.
    pub matrix: &'a LabMatrix<'a>,
    /// From the URL.
    pub filters: &'a Filters,
    /// Who prints it, for the foot of a print.
    pub reader: &'a str,
    /// Language and time.
    pub scene: Scene<'a>,
}

/// `record/lab_results.html`.
#[derive(Debug, Serialize)]
pub struct LabsPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Who answered.
    pub sources: Sources,
    /// The filter form.
    pub filters: FiltersView,
    /// `results`, or why there are none: `filtered` (the filters leave nothing), `none` (every linked source said so),
    /// `unknown` (nothing came, but not everyone answered), `not-linked`.
    pub state: &'static str,
    /// How many results there are before the filters.
    pub total: usize,
    /// The matrix.
    pub matrix: Option<MatrixView>,
    /// Trends beside it.
    pub charts: Vec<Chart>,
    /// One analyte, result by result.
    pub history: Option<History>,
    /// Critical values that wait for somebody.
    pub critical: OpenView,
    /// Results that contradict each other.
    pub conflicts: Vec<Conflict>,
    /// Foot of a print: who, when.
    pub printed: String,
}

/// The matrix with what stands round it.
#[derive(Debug, Serialize)]
pub struct MatrixView {
    /// The table.
    pub table_html: Html,
    /// One line about it.
    pub summary: String,
    /// The page of older columns.
    pub older_href: Option<String>,
    /// The page of newer columns.
    pub newer_href: Option<String>,
    /// `还有 24 次更早的`
    pub older: usize,
    /// Analytes without a result in these columns.
    pub rows_elsewhere: usize,
}

/// The filter form.
#[derive(Debug, Serialize)]
pub struct FiltersView {
    /// Where the form leads: the plain page.
    pub action: String,
    /// Panels.
    pub panels: Vec<Choice>,
    /// Sources.
    pub sources: Vec<Choice>,
    /// Periods.
    pub periods: Vec<Choice>,
    /// Only abnormal.
    pub abnormal: bool,
    /// Text.
    pub text: String,
    /// Does it narrow?
    pub narrows: bool,
    /// The filters in words, for the empty state.
    pub words: String,
}

/// The clinician's results page.
pub fn page(input: &LabsInput<'_>) -> LabsPage {
    let LabsInput { banner, gathered, matrix, filters, scene, .. } = input;
    let path = format!("/patients/{}/{}", banner.person, Section::LabResults.slug());
    let sources = Sources::new(gathered, &retry_href(&path, filters), scene);
    let grid = Grid::new(matrix, filters, scene.now);
    let state = state(gathered, &grid, &sources);
    let matrix_view = (!grid.columns.is_empty()).then(|| MatrixView {
        table_html: table::html(&grid, (&gathered.sources, &gathered.reviews), filters, &path, scene),
        summary: table::summary(&grid, scene),
        older_href: (grid.older > matrix.columns_left_out)
            .then(|| format!("{path}{}", filters.skipping(grid.newer + grid::WINDOW))),
        newer_href: (grid.newer > 0)
            .then(|| format!("{path}{}", filters.skipping(grid.newer.saturating_sub(grid::WINDOW)))),
        older: grid.older,
        rows_elsewhere: grid.rows_elsewhere,
    });
    LabsPage {
        shell: RecordShell::new(banner, Section::LabResults, scene),
        filters: filters_view(input, &path),
        state,
        total: gathered.items.len(),
        matrix: matrix_view,
        charts: charts(input, &grid),
        history: history::of(input),
        critical: OpenView::new(
            &ehr::open_critical(&gathered.items, &gathered.reviews, scene.now),
            (banner.person, Section::LabResults),
            &gathered.sources,
            scene,
        ),
        conflicts: history::conflicts(gathered, matrix, scene),
        printed: scene.printed(input.reader),
        sources,
    }
}

/// The same view, asked anew.
pub(crate) fn retry_href(path: &str, filters: &Filters) -> String {
    let query = filters.query();
    format!("{path}{query}{}refresh=true", if query.is_empty() { '?' } else { '&' })
}

fn state(gathered: &Gathered<LabResult>, grid: &Grid<'_, '_>, sources: &Sources) -> &'static str {
    match () {
        () if !grid.columns.is_empty() => "results",
        () if !gathered.items.is_empty() => "filtered",
        () if !sources.linked => "not-linked",
        () if sources.complete => "none",
        () => "unknown",
    }
}

fn filters_view(input: &LabsInput<'_>, path: &str) -> FiltersView {
    let LabsInput { gathered, matrix, filters, scene, .. } = input;
    let panels = matrix.panels.iter().map(|panel| Choice {
        value: panel.id.clone(),
        name: panel.name.as_ref().map_or_else(|| scene.text("panel-other"), |name| scene.of(name)),
        chosen: filters.panel.as_ref() == Some(&panel.id),
    });
    let sources = hospitals(&gathered.sources, filters.source.as_ref(), scene);
    let periods = Period::ALL.into_iter().map(|period| Choice {
        value: period.name().to_owned(),
        name: scene.text(&format!("period-{}", period.name())),
        chosen: filters.period == period,
    });
    let (panels, periods): (Vec<_>, Vec<_>) = (panels.collect(), periods.collect());
    let mut words: Vec<String> = [&panels, &sources]
        .into_iter()
        .flatten()
        .filter(|choice| choice.chosen)
        .map(|choice| choice.name.clone())
        .collect();
    if filters.period != Period::All {
        words.extend(periods.iter().filter(|choice| choice.chosen).map(|choice| choice.name.clone()));
    }
    if filters.abnormal {
        words.push(scene.text("filter-abnormal"));
    }
    if !filters.text.is_empty() {
        words.push(filters.text.clone());
    }
    FiltersView {
        action: path.to_owned(),
        panels,
        sources,
        periods,
        abnormal: filters.abnormal,
        text: filters.text.clone(),
        narrows: filters.narrows(),
        words: scene.list(&words),
    }
}

/// The chosen analyte first, then what is critical or abnormal now, then the longest histories.
fn charts<'a>(input: &LabsInput<'a>, grid: &Grid<'_, 'a>) -> Vec<Chart> {
    let LabsInput { gathered, filters, scene, .. } = input;
    let urgency = |row: &&Row<'a>| {
        let chosen = filters.show.as_ref() == Some(&row.key);
        let newest = results(row).next().map(|(_, one)| one);
        (
            !chosen,
            !newest.is_some_and(grid::is_critical),
            !newest.is_some_and(is_abnormal),
            usize::MAX - results(row).count(),
        )
    };
    let mut rows: Vec<&Row<'a>> = grid.rows().filter(|row| row.has_trend).collect();
    rows.sort_by_key(urgency);
    let since = filters.period.since(scene.now).and_then(|since| since.to_zoned(web::render::clock_zone()).ok());
    let since = since.map(|since| since.timestamp().as_second());
    let mut charts = Vec::new();
    for row in rows {
        let Some(mut trend) = trend(row) else { continue };
        trend.points.retain(|point| since.is_none_or(|since| point.at >= since));
        trend.points.retain(|point| filters.source.as_ref().is_none_or(|source| *source == point.source));
        let name_of = |id: &str| short_source_of(&gathered.sources, id, scene);
        charts.extend(Chart::new(&trend, &name_of, scene));
        if charts.len() == CHARTS {
            break;
        }
    }
    charts
}
