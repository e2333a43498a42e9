//! The table of figures: what was measured, beside its budget.

use std::fmt;

/// One figure, its samples and its budget, all in one unit.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) samples: Vec<f64>,
    pub(crate) budget: f64,
}

impl Figure {
    /// A figure with at least one sample.
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, samples: Vec<f64>, budget: f64) -> Self {
        assert!(!samples.is_empty(), "a figure has samples");
        Self { name: name.into(), unit, samples, budget }
    }

    /// Medians are compared, because one slow run on a busy machine says nothing about the code.
    pub(crate) fn is_over(&self) -> bool {
        median(&self.samples) > self.budget
    }
}

/// The middle sample, the lower one of two.
pub(crate) fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) / 2]
}

/// Shows as a table, a line for each figure.
pub(crate) struct Table<'a>(pub(crate) &'a [Figure]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.0.iter().map(|figure| figure.name.len()).max().unwrap_or(0);
        writeln!(f, "{:wide$}  {:>10}  {:>19}  {:>3}  {:>10}", "figure", "median", "range", "n", "budget")?;
        for figure in self.0 {
            let least = figure.samples.iter().copied().fold(f64::INFINITY, f64::min);
            let most = figure.samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            writeln!(
                f,
                "{:wide$}  {:>10}  {:>19}  {:>3}  {:>10}  {}",
                figure.name,
                shown(median(&figure.samples), figure.unit),
                format!("{} – {}", shown(least, ""), shown(most, "")),
                figure.samples.len(),
                shown(figure.budget, figure.unit),
                if figure.is_over() { "OVER" } else { "ok" },
            )?;
        }
        Ok(())
    }
}

/// Three figures are enough for a measurement.
fn shown(value: f64, unit: &str) -> String {
    let digits =
        if value.abs() >= 100.0 || value.fract() == 0.0 { 0 } else { usize::from(value.abs() < 10.0) + 1 };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}
