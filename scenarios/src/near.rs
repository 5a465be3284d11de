//! "Did you mean …?"

/// The first candidate that is close to what was typed.
pub(crate) fn nearest<'a>(typed: &str, candidates: &[&'a str]) -> Option<&'a str> {
    candidates.iter().copied().find(|candidate| close(candidate, typed))
}

/// At most two slips of the finger apart (Levenshtein), or one the beginning of the other.
fn close(a: &str, b: &str) -> bool {
    if a.len().abs_diff(b.len()) > 2 {
        return b.len() > 2 && a.starts_with(b) || a.len() > 2 && b.starts_with(a);
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let substitute = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().is_some_and(|slips| *slips <= 2)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        for typed in ["duratoin", "durations", "dur", "Duration"] {
            assert_eq!(nearest(typed, &["repeat", "duration"]), Some("duration"), "{typed}");
        }
    }

    #[test]
    fn something_else_is_not() {
        assert_eq!(nearest("colour", &["repeat", "duration"]), None);
        assert_eq!(nearest("", &["repeat", "duration"]), None);
    }
}
