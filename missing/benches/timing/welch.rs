//! Welch's t-test over two classes of times, on all of them and on those below several percentiles.

/// The times of two classes, in nanoseconds.
#[derive(Default)]
pub(crate) struct Comparison([Vec<u32>; 2]);

/// Count, mean and variance of numbers.
struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Comparison {
    pub(crate) fn add(&mut self, class: usize, time: u32) {
        if let Some(times) = self.0.get_mut(class) {
            times.push(time);
        }
    }

    /// The median of each class.
    pub(crate) fn medians(&self) -> [u32; 2] {
        self.0.each_ref().map(|times| {
            let mut sorted = times.clone();
            sorted.sort_unstable();
            sorted.get(sorted.len() / 2).copied().unwrap_or_default()
        })
    }

    /// Returns the largest |t|. An interrupt makes a sample long for unrelated reasons, so more and more of the largest times are left out,
    /// as in the paper.
    pub(crate) fn t(&self) -> f64 {
        let mut all = self.0.concat();
        all.sort_unstable();
        let crops = [100, 99, 95, 90, 75, 50, 25].into_iter();
        crops
            .filter_map(|percent| all.get((all.len().saturating_sub(1)).saturating_mul(percent) / 100))
            .map(|&limit| {
                let [first, second] = self.0.each_ref().map(|times| moments(times, limit));
                let error = first.variance / first.count + second.variance / second.count;
                ((first.mean - second.mean) / error.sqrt()).abs()
            })
            .fold(0.0, f64::max)
    }
}

/// Returns the moments of the times up to the limit (Welford's algorithm).
fn moments(times: &[u32], limit: u32) -> Moments {
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for &time in times.iter().filter(|&&time| time <= limit) {
        let time = f64::from(time);
        let delta = time - mean;
        count += 1.0;
        mean += delta / count;
        squares += delta * (time - mean);
    }
    Moments { count, mean, variance: squares / (count - 1.0) }
}
