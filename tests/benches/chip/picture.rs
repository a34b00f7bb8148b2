//! A line chart as SVG, with logarithmic axes. It has its own background, so that it is readable on light and dark pages.

use std::fmt;

/// A line and its name.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A chart.
pub(crate) struct Picture<'a> {
    pub(crate) title: &'a str,
    /// The name of the horizontal axis.
    pub(crate) below: &'a str,
    /// The values with a mark on the horizontal axis, ascending.
    pub(crate) across: &'a [u64],
    /// The same of the vertical axis.
    pub(crate) up: &'a [u64],
    pub(crate) lines: &'a [Line],
}

/// The width and height of the picture.
const SIZE: (f64, f64) = (720.0, 400.0);
/// The left, right, upper and lower ends of the axes. The names of the lines are to the right.
const FRAME: [f64; 4] = [44.0, 450.0, 44.0, 350.0];
/// Names of lines are at least this far from each other.
const APART: f64 = 17.0;

/// Light, then dark: `prefers-color-scheme` is that of the reader's system. The colours of the lines are distinguishable with any colour vision
/// (Okabe and Ito), and each line has its name at its end.
const STYLE: &str = "\
<style>
text { font: 13px system-ui, \"DejaVu Sans\", sans-serif; fill: #1f2328; }
.title { font-weight: bold; } .up { text-anchor: end; } .across { text-anchor: middle; }
.panel { fill: #ffffff; } .grid { stroke: #d1d9e0; } polyline { fill: none; stroke-width: 2.5; }
.c0 { stroke: #009e73; } .c1 { stroke: #0072b2; } .c2 { stroke: #56b4e9; } .c3 { stroke: #d55e00; } .c4 { stroke: #e69f00; }
@media (prefers-color-scheme: dark) { text { fill: #d1d7e0; } .panel { fill: #0d1117; } .grid { stroke: #3d444d; } }
</style>";

impl Picture<'_> {
    fn x(&self, value: f64) -> f64 {
        FRAME[0] + (FRAME[1] - FRAME[0]) * position(self.across, value)
    }

    fn y(&self, value: f64) -> f64 {
        FRAME[3] - (FRAME[3] - FRAME[2]) * position(self.up, value)
    }

    /// Returns the height of each line's name: that of the line's end, and lower if names would overlap.
    fn heights(&self) -> Vec<f64> {
        let ends = self.lines.iter().map(|line| self.y(line.points.last().expect("a point").1));
        let mut ends: Vec<(usize, f64)> = ends.enumerate().collect();
        ends.sort_by(|one, other| one.1.total_cmp(&other.1));
        for at in 1..ends.len() {
            ends[at].1 = ends[at].1.max(ends[at - 1].1 + APART);
        }
        ends.sort_by_key(|(line, _)| *line);
        ends.into_iter().map(|(_, height)| height).collect()
    }
}

/// Returns the position of a value between the first and the last mark, from 0 to 1.
fn position(marks: &[u64], value: f64) -> f64 {
    let log = |mark: u64| f64::from(u32::try_from(mark).expect("a small mark")).ln();
    let (first, last) = (log(marks[0]), log(marks[marks.len() - 1]));
    (value.ln() - first) / (last - first)
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((width, height), [left, right, top, bottom]) = (SIZE, FRAME);
        let title = self.title;
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">"
        )?;
        writeln!(f, "{STYLE}\n<rect class=\"panel\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>")?;
        writeln!(f, "<text class=\"title\" x=\"16\" y=\"26\">{title}</text>")?;
        for mark in self.up {
            let y = self.y(f64::from(u32::try_from(*mark).expect("a small mark")));
            writeln!(f, "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>")?;
            writeln!(f, "<text class=\"up\" x=\"{}\" y=\"{:.1}\">{mark}</text>", left - 6.0, y + 4.0)?;
        }
        for mark in self.across {
            let x = self.x(f64::from(u32::try_from(*mark).expect("a small mark")));
            writeln!(f, "<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/>")?;
            writeln!(f, "<text class=\"across\" x=\"{x:.1}\" y=\"{}\">{mark}</text>", bottom + 18.0)?;
        }
        writeln!(f, "<text x=\"{left}\" y=\"{}\">{}</text>", bottom + 38.0, self.below)?;
        for (number, (line, height)) in self.lines.iter().zip(self.heights()).enumerate() {
            let at = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", self.x(*x), self.y(*y));
            let points: Vec<String> = line.points.iter().map(at).collect();
            let values = |(x, y): &(f64, f64)| format!("{y:.1} at {x} ms");
            let values: Vec<String> = line.points.iter().map(values).collect();
            writeln!(
                f,
                "<polyline class=\"c{number}\" points=\"{}\"><title>{}: {}</title></polyline>",
                points.join(" "),
                line.name,
                values.join(", ")
            )?;
            let (_, end) = line.points.last().expect("a point");
            let end = self.y(*end);
            writeln!(
                f,
                "<path class=\"c{number}\" d=\"M{right} {end:.1}L{:.1} {height:.1}\"/>",
                right + 12.0
            )?;
            writeln!(f, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", right + 16.0, height + 4.0, line.name)?;
        }
        writeln!(f, "</svg>")
    }
}
