//! A comparison as a chart: a bar for each program's median, a line from its lowest to its highest
//! round.

use html_escape::encode_text;

use crate::figures::{Row, Section};
use crate::table::count;

/// Sizes, in pixels: of the picture, of the names to the left, of a row.
const WIDTH: f64 = 760.0;
const NAMES: f64 = 290.0;
const FIGURES: f64 = 80.0;
const ROW: f64 = 30.0;
const TOP: f64 = 44.0;

/// The chart as SVG, for light and dark pages.
pub fn svg(section: &Section) -> String {
    let rates = section.rows.iter().map(|row| row.rate.max);
    let highest = rates.fold(1.0, f64::max);
    let scale = (WIDTH - NAMES - FIGURES) / highest;
    let mut bars = String::new();
    let mut y = TOP;
    for (number, row) in section.rows.iter().enumerate() {
        bars += &bar(row, y, scale, number == 0);
        y += ROW;
    }
    let height = y + 10.0;
    let title = format!("{} ({}/s)", section.title, section.unit);
    let title = encode_text(&title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>{title}</title>\n\
         <style>text{{font:14px system-ui,sans-serif;fill:#222}}.title{{font-weight:600}}\
         rect{{fill:#8fb3d9}}rect.first{{fill:#b9b9b9}}line{{stroke:#222;stroke-width:1.5}}\
         @media(prefers-color-scheme:dark){{text{{fill:#ddd}}line{{stroke:#ddd}}\
         rect{{fill:#3d6a99}}rect.first{{fill:#666}}}}</style>\n\
         <text class=\"title\" x=\"8\" y=\"24\">{title}</text>\n\
         {bars}</svg>\n"
    )
}

fn bar(row: &Row, y: f64, scale: f64, first: bool) -> String {
    let length = row.rate.median * scale;
    let (low, high) = (NAMES + row.rate.min * scale, NAMES + row.rate.max * scale);
    let (text, middle) = (y + 17.0, y + 12.0);
    let class = if first { " class=\"first\"" } else { "" };
    format!(
        "<text x=\"{:.0}\" y=\"{text:.0}\" text-anchor=\"end\">{}</text>\
         <rect{class} x=\"{NAMES:.0}\" y=\"{y:.0}\" width=\"{length:.1}\" height=\"24\"/>\
         <line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{middle:.0}\" y2=\"{middle:.0}\"/>\
         <text x=\"{:.1}\" y=\"{text:.0}\">{}</text>\n",
        NAMES - 8.0,
        encode_text(&row.name),
        high + 6.0,
        count(row.rate.median),
    )
}
