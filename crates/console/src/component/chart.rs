//! Charts: drawn here as SVG, with a table of the same numbers.

use maud::{Markup, html};

use super::amount::{Amount, per_mille};
use super::table;

/// Stacked columns over time.
pub struct Chart {
    /// What it shows, for whoever does not see it.
    pub title: String,
    /// What each column is called: when it begins.
    pub columns: Vec<String>,
    /// What the columns are made of, from below.
    pub series: Vec<Series>,
}

/// A part of each column.
pub struct Series {
    /// What it is called.
    pub name: String,
    /// A value for each column.
    pub values: Vec<Amount>,
}

/// Colours that can be told apart; what is beyond them shares the last.
const COLOURS: usize = 6;
/// The drawing's height and a column's width, in units of the drawing.
const HEIGHT: u16 = 200;
const COLUMN: usize = 20;
const GAP: usize = 4;

impl Chart {
    /// The chart, its legend and its numbers.
    pub fn show(&self) -> Markup {
        let highest = self.highest();
        let width = self.columns.len().saturating_mul(COLUMN).max(COLUMN);
        let view = format!("0 0 {width} {HEIGHT}");
        html! {
            figure.chart {
                figcaption { (self.title) }
                @if self.series.len() > 1 { (self.legend()) }
                div.plot {
                    p.scale aria-hidden="true" { span { (highest.to_string()) } span { "0" } }
                    svg viewBox=(view) preserveAspectRatio="none" role="img"
                        aria-label={ (self.title) ". The numbers are in the table below." } {
                        @for place in 0..self.columns.len() { (self.column(place, highest)) }
                    }
                }
                p.ends aria-hidden="true" {
                    @if let (Some(first), Some(last)) = (self.columns.first(), self.columns.last()) {
                        span { (first) } span { (last) }
                    }
                }
                details { summary { "The numbers" } (self.numbers()) }
            }
        }
    }

    fn legend(&self) -> Markup {
        html! {
            ul.legend {
                @for (index, series) in self.series.iter().enumerate() {
                    li { span.swatch data-colour=(index.min(COLOURS - 1)) {} (series.name) }
                }
            }
        }
    }

    fn column(&self, place: usize, highest: Amount) -> Markup {
        let x = place.saturating_mul(COLUMN) + GAP / 2;
        let mut foot = HEIGHT;
        let mut parts = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let value = series.values.get(place).copied().unwrap_or_default();
            let height = (u32::from(per_mille(value, highest)) * u32::from(HEIGHT)).div_ceil(1_000);
            let height = u16::try_from(height).unwrap_or(HEIGHT).min(foot);
            foot -= height;
            let name = format!("{}: {} {value}", self.columns[place], series.name);
            parts.push((index.min(COLOURS - 1), foot, height, name));
        }
        html! {
            @for (colour, y, height, name) in parts {
                @if height > 0 {
                    rect data-colour=(colour) x=(x) y=(y) width=(COLUMN - GAP) height=(height) {
                        title { (name) }
                    }
                }
            }
        }
    }

    fn numbers(&self) -> Markup {
        let heads: Vec<(&str, bool)> = std::iter::once(("From", false))
            .chain(self.series.iter().map(|series| (series.name.as_str(), true)))
            .collect();
        table(
            &self.title,
            &heads,
            html! {
                @for (place, column) in self.columns.iter().enumerate() {
                    tr {
                        th scope="row" { (column) }
                        @for series in &self.series {
                            td.number { (series.values.get(place).copied().unwrap_or_default()) }
                        }
                    }
                }
            },
        )
    }

    /// The sum of the highest column.
    fn highest(&self) -> Amount {
        let sum = |place: usize| {
            let values = self.series.iter().filter_map(|series| series.values.get(place));
            values.fold(Amount::ZERO, |sum, value| sum.plus(value.at_least_zero()).unwrap_or(sum))
        };
        (0..self.columns.len()).map(sum).max().unwrap_or_default()
    }
}
