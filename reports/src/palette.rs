//! One colour per transport, the same in every chart, table and page.
//!
//! The set of Okabe and Ito, which people with any kind of colour vision can
//! tell apart; the floor is grey because it is the measure and not a contender.
//! Lines need a contrast of 3:1 and text one of 4.5:1 against the paper, so a
//! transport has a shade for lines and one for labels, in light and in dark.
//! No chart relies on colour alone: every line and bar carries its name.

use plotters::style::RGBColor;

/// Text.
pub const INK: Shade = Shade("#1B1F24", "#E9ECEF");
/// Secondary text.
pub const MUTED: Shade = Shade("#57606A", "#A3ADB8");
/// Grid lines.
pub const GRID: Shade = Shade("#E3E6EA", "#2E353D");
/// Zones in the background of a chart.
pub const ZONE: Shade = Shade("#F4F5F7", "#1D232A");
/// The background of charts and page.
pub const PAPER: Shade = Shade("#FFFFFF", "#14181D");
/// SUSPECT.
pub const SUSPECT: Shade = Shade("#8A4B00", "#FFB454");
/// INVALID.
pub const INVALID: Shade = Shade("#B3261E", "#FF8A80");
/// VALID.
pub const VALID: Shade = Shade("#00664A", "#3CCB9F");

/// A colour on light and on dark paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shade(pub &'static str, pub &'static str);

impl Shade {
    /// The light colour for plotters, which draws light charts; see [`css`] for the dark ones.
    pub fn rgb(self) -> RGBColor {
        let part = |at: usize| u8::from_str_radix(&self.0[at..at + 2], 16).unwrap_or_default();
        RGBColor(part(1), part(3), part(5))
    }
}

/// A transport's shades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// For lines and bars.
    pub line: Shade,
    /// For its name.
    pub text: Shade,
}

const fn color(
    line: &'static str,
    line_dark: &'static str,
    text: &'static str,
    text_dark: &'static str,
) -> Color {
    Color { line: Shade(line, line_dark), text: Shade(text, text_dark) }
}

const KNOWN: [(&str, Color); 5] = [
    ("short-poll", color("#D55E00", "#F0833A", "#AF4D00", "#FF9B57")),
    ("long-poll", color("#C46C9C", "#D48BB5", "#A04878", "#E5A5C9")),
    ("sse", color("#009E73", "#1FBF92", "#007455", "#3CCB9F")),
    ("websocket", color("#0072B2", "#3D9BDB", "#005F94", "#6DB8EA")),
    ("tcp", color("#6B7682", "#8D98A4", "#4A545E", "#B4BEC9")),
];

/// For transports that join later.
const SPARE: [Color; 3] = [
    color("#3D97CC", "#56B4E9", "#1F6F9F", "#85CBF2"),
    color("#B87A00", "#E69F00", "#8A5B00", "#F2B93D"),
    color("#9A8F00", "#D9CE3A", "#6E6600", "#E6DE70"),
];

/// The colour of a transport. A name that is not known here gets a spare one, always the same.
pub fn of(transport: &str) -> Color {
    KNOWN.iter().find(|(name, _)| *name == transport).map_or_else(
        || {
            let sum: usize = transport.bytes().map(usize::from).sum();
            SPARE[sum % SPARE.len()]
        },
        |(_, color)| *color,
    )
}

/// Order in which transports are shown: from the one that asks most to the floor.
pub fn rank(transport: &str) -> (usize, String) {
    let place = KNOWN.iter().position(|(name, _)| *name == transport);
    // A sixth transport goes before the floor.
    let place = place.map_or(KNOWN.len() * 2 - 3, |place| place * 2);
    (place, transport.to_owned())
}

/// Rules that turn a light chart into a dark one: a style sheet outranks an
/// SVG's own attributes, so the very picture that is exported follows the page.
pub fn css() -> String {
    let fixed = [INK, MUTED, GRID, ZONE, PAPER, SUSPECT, INVALID, VALID];
    let transports = KNOWN.iter().map(|(_, color)| color).chain(&SPARE);
    let all = fixed.into_iter().chain(transports.flat_map(|color| [color.line, color.text]));
    let mut rules = String::new();
    for Shade(light, dark) in all {
        for attribute in ["fill", "stroke"] {
            rules += &format!(".chart [{attribute}=\"{light}\"]{{{attribute}:{dark}}}");
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(hex: &str) -> f64 {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_line_is_seen_and_every_label_is_read_on_both_papers() {
        let all = KNOWN.iter().map(|(_, color)| color).chain(&SPARE);
        for color in all {
            for (paper, line, text) in
                [(PAPER.0, color.line.0, color.text.0), (PAPER.1, color.line.1, color.text.1)]
            {
                assert!(contrast(paper, line) >= 3.0, "{line} on {paper}");
                assert!(contrast(paper, text) >= 4.5, "{text} on {paper}");
            }
        }
        for shade in [INK, MUTED, SUSPECT, INVALID, VALID] {
            assert!(contrast(PAPER.0, shade.0) >= 4.5, "{}", shade.0);
            assert!(contrast(PAPER.1, shade.1) >= 4.5, "{}", shade.1);
        }
    }

    #[test]
    fn a_sixth_transport_has_a_colour_of_its_own_and_stands_before_the_floor() {
        assert_eq!(of("mqtt"), of("mqtt"));
        assert!(KNOWN.iter().all(|(_, color)| *color != of("mqtt")));
        let mut names = ["tcp", "mqtt", "sse", "short-poll"];
        names.sort_by_key(|name| rank(name));
        assert_eq!(names, ["short-poll", "sse", "mqtt", "tcp"]);
    }

    #[test]
    fn no_two_shades_are_the_same_so_that_dark_mode_can_tell_them_apart() {
        let css = css();
        let mut selectors: Vec<&str> = css.split('}').filter_map(|r| r.split('{').next()).collect();
        let count = selectors.len();
        selectors.sort_unstable();
        selectors.dedup();
        assert_eq!(selectors.len(), count);
    }
}
