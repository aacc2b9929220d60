//! The drawing: p50, p99 and p99.9 against the rate, of the server and of the reference.

use std::time::Duration;

use anyhow::anyhow;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::combinators::{IntoLogRange as _, LogCoord};
use plotters::coord::types::RangedCoordu64;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{DashedPathElement, PathElement, Text};
use plotters::prelude::SVGBackend;
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::{Color as _, IntoFont as _, RGBColor, ShapeStyle, TextStyle};

use super::{Curve, Who};
use crate::figures::Figures;
use crate::output::decimal;

const SIZE: (u32, u32) = (960, 540);
/// What is left of it for the chart, beside its legend.
const CHART_WIDTH: u32 = 800;
/// Between two lines of the legend.
const LEGEND_STEP: usize = 24;
const LEGEND_TOP: i32 = 56;
const FONT: &str = "sans-serif";

/// In a light place; [`STYLE`] gives each its dark twin.
const BACKGROUND: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(31, 35, 40);
const GRID: RGBColor = RGBColor(222, 226, 230);
const SERVER: RGBColor = RGBColor(9, 105, 218);
const REFERENCE: RGBColor = RGBColor(188, 76, 0);

const STYLE: &str = "<style>@media (prefers-color-scheme: dark) {\
    [fill=\"#FFFFFF\"] { fill: #0d1117 } [stroke=\"#FFFFFF\"] { stroke: #0d1117 }\
    [fill=\"#1F2328\"] { fill: #e6edf3 } [stroke=\"#1F2328\"] { stroke: #e6edf3 }\
    [stroke=\"#DEE2E6\"] { stroke: #30363d }\
    [stroke=\"#0969DA\"] { stroke: #58a6ff } [stroke=\"#BC4C00\"] { stroke: #f0883e }\
}</style>";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordu64, LogCoord<u64>>>;

/// Which of a figure's latencies a line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantile {
    P50,
    P99,
    P999,
}

impl Quantile {
    const ALL: [Self; 3] = [Self::P50, Self::P99, Self::P999];

    fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
        }
    }

    fn of(self, figures: &Figures) -> u64 {
        microseconds(match self {
            Self::P50 => figures.p50,
            Self::P99 => figures.p99,
            Self::P999 => figures.p999,
        })
    }

    /// Pixels of a dash, if it is dashed, and how wide the line is.
    fn stroke(self) -> (Option<i32>, u32) {
        match self {
            Self::P50 => (None, 1),
            Self::P99 => (None, 3),
            Self::P999 => (Some(6), 2),
        }
    }
}

/// A time as a number; at least one, as there is no logarithm of nothing.
pub fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

/// Draws both.
pub fn draw(curves: &[Curve; 2]) -> anyhow::Result<String> {
    let mut drawn = String::new();
    {
        let area = SVGBackend::with_string(&mut drawn, SIZE).into_drawing_area();
        draw_on(&area, curves).map_err(|error| anyhow!("the plot is not drawn: {error}"))?;
    }
    // The colours of a dark place go where styles are looked for first: behind the opening tag.
    let opened = drawn.find("<svg").and_then(|tag| drawn[tag..].find('>').map(|end| tag + end + 1));
    drawn.insert_str(opened.unwrap_or_default(), STYLE);
    Ok(drawn)
}

type Drawn<T> = Result<T, Box<dyn std::error::Error>>;

fn draw_on(area: &Area<'_>, curves: &[Curve; 2]) -> Drawn<()> {
    area.fill(&BACKGROUND)?;
    let (left, right) = area.split_horizontally(CHART_WIDTH);
    let points = || curves.iter().flat_map(|curve| &curve.0);
    let rate_max = points().map(|point| point.rate).max().unwrap_or(1);
    let all = || points().flat_map(|point| Quantile::ALL.map(|of| of.of(&point.figures)));
    let (least, most) = (all().min().unwrap_or(1), all().max().unwrap_or(1));
    let latencies = decade_below(least)..decade_above(most);
    let mut chart = ChartBuilder::on(&left)
        .caption("Latency against load", text(20))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(72)
        .build_cartesian_2d(0..rate_max + rate_max / 20 + 1, latencies.log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(BACKGROUND)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text(13))
        .axis_desc_style(text(14))
        .x_desc("requests due each second")
        .y_desc("latency in ms, from the instant at which a request was due")
        .y_label_formatter(&|microseconds| in_milliseconds(*microseconds))
        .draw()?;
    for (who, curve) in Who::BOTH.into_iter().zip(curves) {
        for quantile in Quantile::ALL {
            line(&mut chart, who, quantile, curve)?;
        }
    }
    legend(&right)?;
    area.present()?;
    Ok(())
}

fn text(pixels: u32) -> TextStyle<'static> {
    (FONT, pixels).into_font().color(&INK)
}

fn line(chart: &mut Chart<'_, '_>, who: Who, quantile: Quantile, curve: &Curve) -> Drawn<()> {
    let points = curve.0.iter().map(|point| (point.rate, quantile.of(&point.figures)));
    let (style, dash) = stroke(who, quantile);
    match dash {
        None => chart.draw_series(LineSeries::new(points, style))?,
        Some(dash) => chart.draw_series(DashedLineSeries::new(points, dash, dash, style))?,
    };
    Ok(())
}

/// Beside the chart, so that it covers no line.
fn legend(area: &Area<'_>) -> Drawn<()> {
    let lines = Who::BOTH.into_iter().flat_map(|who| Quantile::ALL.map(|quantile| (who, quantile)));
    for ((who, quantile), y) in lines.zip((LEGEND_TOP..).step_by(LEGEND_STEP)) {
        let (style, dash) = stroke(who, quantile);
        let sample = [(0, y), (28, y)];
        match dash {
            None => area.draw(&PathElement::new(sample, style))?,
            Some(dash) => area.draw(&DashedPathElement::new(sample, dash, dash, style))?,
        }
        let label = format!("{}, {}", who.name(), quantile.name());
        area.draw(&Text::new(label, (36, y - 8), text(14)))?;
    }
    Ok(())
}

/// How a line is drawn, and the pixels of its dashes, if it has any.
fn stroke(who: Who, quantile: Quantile) -> (ShapeStyle, Option<i32>) {
    let colour = match who {
        Who::Server => SERVER,
        Who::Reference => REFERENCE,
    };
    let (dash, width) = quantile.stroke();
    (ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: width }, dash)
}

fn decade_below(number: u64) -> u64 {
    10_u64.pow(number.max(1).ilog10())
}

fn decade_above(number: u64) -> u64 {
    decade_below(number).saturating_mul(10)
}

fn in_milliseconds(microseconds: u64) -> String {
    let hundredths = decimal(u128::from(microseconds) / 10);
    hundredths.strip_suffix(".00").unwrap_or(&hundredths).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::tests::curves;

    #[test]
    fn a_drawing_says_what_it_shows() {
        let drawn = draw(&curves()).unwrap();
        for said in [
            "requests due each second",
            "latency in ms",
            "server, p50",
            "reference, p99.9",
            "prefers-color-scheme: dark",
        ] {
            assert!(drawn.contains(said), "{said}");
        }
        // Every colour that has a dark twin is one that is drawn.
        for colour in ["#FFFFFF", "#1F2328", "#DEE2E6", "#0969DA", "#BC4C00"] {
            assert!(drawn.matches(colour).count() > STYLE.matches(colour).count(), "{colour}");
        }
    }

    #[test]
    fn axes_begin_and_end_with_decades() {
        assert_eq!((decade_below(999), decade_above(999)), (100, 1_000));
        assert_eq!((decade_below(1_000), decade_above(1_000)), (1_000, 10_000));
        assert_eq!(decade_below(0), 1);
        assert_eq!([100, 1_000, 10, 12_000].map(in_milliseconds), ["0.10", "1", "0.01", "12"]);
    }
}
