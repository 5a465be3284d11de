//! Many looks at one pair of runs.

/// Which of several chances count as a difference so that, where there is none at all, any is called
/// in at most a share of `alarm` of cases, however the looks depend on one another.
///
/// Holm's step-down (Scandinavian Journal of Statistics 6, 1979): the smallest chance must be below
/// `alarm` divided by the number of looks, the next below `alarm` divided by one fewer, and so on to
/// the first that is not.
pub fn holm(chances: &[f64], alarm: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|&one, &other| chances[one].total_cmp(&chances[other]));
    let mut called = vec![false; chances.len()];
    for (place, index) in order.into_iter().enumerate() {
        let looks = (chances.len() - place) as f64;
        called[index] = chances[index] * looks <= alarm;
        if !called[index] {
            break;
        }
    }
    called
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_chance_explains_ends_the_list() {
        assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005], 0.05), [true, false, false, true]);
        assert_eq!(holm(&[0.04], 0.05), [true]);
        assert_eq!(holm(&[0.04, 0.04], 0.05), [false, false]);
        assert_eq!(holm(&[f64::NAN, 0.0], 0.05), [false, true]);
        assert!(holm(&[], 0.05).is_empty());
    }
}
