//! Latency and CPU per request as bars: an SVG that needs nothing around it.

use std::fmt::Write as _;

use super::report::{Report, Row};
use super::table::figure;

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 190.0;
const PANEL: f64 = 310.0;
const GAP: f64 = 130.0;
const BAR: f64 = 14.0;
const TOP: f64 = 84.0;
/// One colour for each server, readable on light and on dark.
const COLOURS: [&str; 2] = ["#d9822b", "#2f7fd6"];

/// One of the two plots: bars on a logarithmic scale, since a page and a hash lie far apart.
struct Panel {
    x: f64,
    low: f64,
    high: f64,
}

impl Panel {
    fn new<'a>(x: f64, values: impl Iterator<Item = f64> + 'a) -> Self {
        let (low, high) = values
            .filter(|value| *value > 0.0)
            .fold((f64::MAX, 0.0_f64), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        // Nothing to draw still is a plot.
        let (low, high) = if high > 0.0 { (low, high) } else { (1.0, 1.0) };
        Self {
            x,
            low: (low.log10() - 0.05).floor(),
            high: (high.log10() + 0.05).ceil(),
        }
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value.max(f64::MIN_POSITIVE).log10() - self.low) / (self.high - self.low);
        self.x + share.clamp(0.0, 1.0) * PANEL
    }

    fn grid(&self, svg: &mut String, title: &str, bottom: f64) {
        let _ = writeln!(svg, r#"<text x="{:.0}" y="56" class="head">{title}</text>"#, self.x);
        for power in self.low as i32..=self.high as i32 {
            let value = 10_f64.powi(power);
            let x = self.at(value);
            let _ = writeln!(
                svg,
                r#"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{bottom:.0}" class="grid"/><text x="{x:.1}" y="76" class="tick">{value}</text>"#
            );
        }
    }

    /// A bar, a mark where there is one to compare with, and the label behind both.
    fn bar(&self, svg: &mut String, y: f64, value: f64, colour: &str, mark: Option<(f64, &str)>, label: &str) {
        let end = self.at(value).max(self.x + 1.0);
        let _ = writeln!(
            svg,
            r#"<rect x="{:.1}" y="{y:.1}" width="{:.1}" height="{:.0}" fill="{colour}"/>"#,
            self.x,
            end - self.x,
            BAR - 2.0,
        );
        let mut last = end;
        if let Some((marked, class)) = mark {
            let (x, middle) = (self.at(marked), y + BAR / 2.0 - 1.0);
            let _ = writeln!(
                svg,
                r#"<path d="M{end:.1} {middle:.1}H{x:.1}M{x:.1} {:.1}V{:.1}" class="{class}"/>"#,
                y - 1.0,
                y + BAR - 1.0,
            );
            last = last.max(x);
        }
        let _ = writeln!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" class="value">{label}</text>"#,
            last + 6.0,
            y + BAR - 4.0
        );
    }
}

/// Draws both plots, a group of bars per scenario.
pub fn draw(report: &Report) -> String {
    let p99 = |row: &Row| {
        row.measured
            .as_ref()
            .ok()
            .and_then(|measured| measured.latencies.percentile(0.99))
    };
    let p50 = |row: &Row| {
        row.measured
            .as_ref()
            .ok()
            .and_then(|measured| measured.latencies.percentile(0.50))
    };
    let cpu = |row: &Row| row.measured.as_ref().ok().and_then(|measured| measured.cpu_ms);
    let target = |row: &Row| row.own.then_some(row.target_ms);
    let latency = Panel::new(LEFT, report.rows.iter().flat_map(|row| [p50(row), p99(row)]).flatten());
    let work = Panel::new(
        LEFT + PANEL + GAP,
        report.rows.iter().flat_map(|row| [cpu(row), target(row)]).flatten(),
    );

    let groups = report.rows.len() as f64 / report.servers.len().max(1) as f64;
    let bottom = TOP + report.rows.len() as f64 * BAR + groups * 8.0;
    let mut svg = head(report, bottom + 16.0);
    latency.grid(&mut svg, "Latency in ms: bar p50, line to p99", bottom);
    work.grid(&mut svg, "CPU of the server per request in ms; red: target", bottom);
    let mut y = TOP;
    let mut before = None;
    for row in &report.rows {
        if before != Some(row.scenario) {
            y += 8.0;
            let _ = writeln!(
                svg,
                r#"<text x="{:.0}" y="{:.1}" class="name">{}</text>"#,
                LEFT - 12.0,
                y + BAR - 4.0,
                row.scenario.name()
            );
        }
        before = Some(row.scenario);
        let colour = COLOURS[usize::from(row.own)];
        match p50(row) {
            Some(value) => {
                let most = p99(row).unwrap_or(value);
                let label = format!("{} / {}", figure(value), figure(most));
                latency.bar(&mut svg, y, value, colour, Some((most, "most")), &label);
            }
            None => latency.bar(&mut svg, y, 0.0, "none", None, "not measured"),
        }
        if let Some(value) = cpu(row) {
            work.bar(
                &mut svg,
                y,
                value,
                colour,
                target(row).map(|most| (most, "target")),
                &figure(value),
            );
        }
        y += BAR;
    }
    svg + "</svg>\n"
}

fn head(report: &Report, height: f64) -> String {
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" font-family="system-ui, sans-serif" font-size="11">
<style>
text {{ fill: #1f2933 }} .grid {{ stroke: #d5dbe1 }} .most, .target {{ fill: none; stroke: #1f2933; stroke-width: 1.5 }} .back {{ fill: #ffffff }}
.head, .title {{ font-weight: 600 }} .title {{ font-size: 15px }} .name {{ text-anchor: end }} .tick {{ text-anchor: middle; opacity: .7 }}
.value {{ font-size: 10px }} .target {{ stroke: #e0245e }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6eaee }} .grid {{ stroke: #3a444e }} .most {{ stroke: #e6eaee }} .back {{ fill: #14191e }} }}
</style>
<rect class="back" width="100%" height="100%"/>
<text x="16" y="28" class="title">vestibule bench</text>
"#
    );
    let mut x = LEFT;
    for (own, name) in report.server_names() {
        let _ = writeln!(
            svg,
            r#"<rect x="{x:.0}" y="18" width="11" height="11" fill="{}"/><text x="{:.0}" y="28">{}</text>"#,
            COLOURS[usize::from(own)],
            x + 17.0,
            escape(name)
        );
        x += 40.0 + name.chars().count() as f64 * 7.0;
    }
    svg
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_spans_whole_powers_of_ten() {
        let panel = Panel::new(100.0, [0.03, 80.0].into_iter());
        assert!((panel.low - -2.0).abs() < 1e-9 && (panel.high - 2.0).abs() < 1e-9);
        assert!((panel.at(1.0) - (100.0 + PANEL / 2.0)).abs() < 1e-9);
        assert!((panel.at(0.0) - 100.0).abs() < 1e-9);
        let empty = Panel::new(0.0, std::iter::empty());
        assert!(empty.high > empty.low);
    }

    #[test]
    fn names_are_escaped() {
        assert_eq!(escape("a<b>&"), "a&lt;b&gt;&amp;");
    }
}
