//! Where labels go, so that none covers another, and how wide they are.

/// Heights near the `wanted` ones, at least `gap` apart and inside `low..=high`,
/// with the least squared displacement that keeps their order.
///
/// Pool-adjacent-violators: labels that would overlap form a block around
/// their common mean, and blocks that would overlap are merged.
pub fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // Each block: sum of the shifted wishes, and how many.
    let mut blocks: Vec<(f64, f64)> = Vec::new();
    for (place, &index) in order.iter().enumerate() {
        let mut block = (wanted[index] - place as f64 * gap, 1.0);
        while let Some(&(sum, count)) = blocks.last() {
            if sum / count <= block.0 / block.1 {
                break;
            }
            block = (block.0 + sum, block.1 + count);
            blocks.pop();
        }
        blocks.push(block);
    }
    let room = (high - (wanted.len().saturating_sub(1)) as f64 * gap).max(low);
    let shifted = blocks.iter().flat_map(|&(sum, count)| {
        std::iter::repeat_n((sum / count).clamp(low, room), count as usize)
    });
    let mut places = vec![0.0; wanted.len()];
    for ((place, &index), height) in order.iter().enumerate().zip(shifted) {
        places[index] = height + place as f64 * gap;
    }
    places
}

/// Width of a text in a proportional sans-serif of this size. An estimate on
/// the generous side: an SVG is drawn with whatever font its reader has.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

fn em(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.28,
        ' ' | '(' | ')' | 'f' | 'r' | 't' | '-' | '/' => 0.36,
        'm' | 'w' | 'M' | 'W' | '%' => 0.88,
        'A'..='Z' | '×' => 0.66,
        _ => 0.57,
    }
}

/// How much wider bold text is.
pub const BOLD: f64 = 1.08;

/// Words in lines that are no wider than `room`.
pub fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_do_not_touch_stay_where_they_are() {
        assert_eq!(spread(&[100.0, 10.0, 200.0], 30.0, 0.0, 300.0), [100.0, 10.0, 200.0]);
    }

    #[test]
    fn labels_on_one_spot_move_apart_around_it() {
        assert_eq!(spread(&[100.0, 100.0, 100.0], 30.0, 0.0, 300.0), [70.0, 100.0, 130.0]);
    }

    #[test]
    fn labels_at_the_edge_stay_inside() {
        assert_eq!(spread(&[299.0, 300.0], 30.0, 0.0, 300.0), [270.0, 300.0]);
        assert_eq!(spread(&[0.0, 1.0], 30.0, 0.0, 300.0), [0.0, 30.0]);
        assert_eq!(spread(&[], 30.0, 0.0, 300.0), [0.0; 0]);
    }

    #[test]
    fn any_labels_are_apart_and_in_order() {
        // A small congruential generator: the same cases every time.
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / f64::from(u32::MAX) * 2.0 * 600.0
        };
        for count in 0..12 {
            let wanted: Vec<f64> = (0..count).map(|_| random()).collect();
            let mut placed = spread(&wanted, 26.0, 0.0, 600.0);
            placed.sort_by(f64::total_cmp);
            for pair in placed.windows(2) {
                assert!(pair[1] - pair[0] >= 26.0 - 1e-6, "{wanted:?} -> {placed:?}");
            }
            assert!(placed.iter().all(|&p| (0.0..=600.0 + 1e-6).contains(&p)));
        }
    }

    #[test]
    fn words_are_wrapped_and_none_is_lost() {
        let text = "one feed over five transports, measured and drawn";
        let lines = wrap(text, 24.0, 200.0);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), text);
    }
}
