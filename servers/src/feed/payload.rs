//! What may be published: any JSON value on one line, kept byte by byte.

use serde_json::value::RawValue;

/// A JSON value on one line, checked and otherwise opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'a>(&'a str);

/// Checked payloads, one per line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payloads<'a>(&'a str);

/// Why something cannot be published.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadPayload {
    /// The body has no line.
    #[error("the body is empty: one JSON payload per line is expected")]
    Empty,
    /// One line cannot be read; nothing of the body was published.
    #[error("line {line}: {problem}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl<'a> Payload<'a> {
    /// One payload. White space around it does not belong to it.
    pub fn parse(text: &'a [u8]) -> Result<Self, String> {
        Self::parse_text(std::str::from_utf8(text).map_err(|_| NOT_UTF8.to_owned())?)
    }

    /// One payload per line; the last line may end in a line feed. One bad line spoils all.
    pub fn lines(body: &'a [u8]) -> Result<Payloads<'a>, BadPayload> {
        let body = body.strip_suffix(b"\n").unwrap_or(body);
        if body.is_empty() {
            return Err(BadPayload::Empty);
        }
        let text = std::str::from_utf8(body).map_err(|error| {
            let before = &body[..error.valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count();
            BadPayload::Line { line, problem: NOT_UTF8.to_owned() }
        })?;
        for (index, line) in text.split('\n').enumerate() {
            Self::parse_text(line)
                .map_err(|problem| BadPayload::Line { line: index + 1, problem })?;
        }
        // Checked and thrown away: a list of many tiny payloads would be many times as large as the
        // body.
        Ok(Payloads(text))
    }

    fn parse_text(text: &'a str) -> Result<Self, String> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Err("no JSON value".to_owned());
        }
        // A payload travels inside lines (NDJSON up, `data:` of an event stream down), where a line
        // break, harmless white space to JSON, would cut it in two.
        if text.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
            return Err("a line break inside the payload".to_owned());
        }
        serde_json::from_str::<&RawValue>(text).map_err(|error| format!("not JSON: {error}"))?;
        Ok(Self(text))
    }

    /// The bytes as they were given.
    pub fn as_str(&self) -> &'a str {
        self.0
    }
}

const NOT_UTF8: &str = "not UTF-8";

impl<'a> IntoIterator for Payloads<'a> {
    type Item = Payload<'a>;
    type IntoIter = std::iter::Map<std::str::Split<'a, char>, fn(&'a str) -> Payload<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.split('\n').map(|line| Payload(line.trim_ascii()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_as_they_are() {
        let text = r#"{"b":1.0,  "a":1e2,"a":"\u00e9\u2028"}"#;
        assert_eq!(Payload::parse(text.as_bytes()).unwrap().as_str(), text);
    }

    #[test]
    fn any_json_value_is_a_payload() {
        for text in ["1", "null", "\"x\"", "[]", "{}"] {
            assert!(Payload::parse(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn lines_may_end_in_crlf_and_the_last_one_in_nothing() {
        let lines = Payload::lines(b"{\"n\":1}\r\n{\"n\":2}").unwrap();
        let lines: Vec<_> = lines.into_iter().map(|payload| payload.as_str()).collect();
        assert_eq!(lines, ["{\"n\":1}", "{\"n\":2}"]);
    }

    #[test]
    fn a_bad_line_is_named() {
        for (body, line) in [
            (&b"{}\n{\n"[..], 2),
            (b"{}\n\n{}\n", 2),
            (b"nope", 1),
            (b"{}{}", 1),
            (b"{\"a\":\r1}", 1),
            (b"\"\xff\"", 1),
            (b"{}\n\"\x00\"", 2),
            (b"\n", 1),
        ] {
            match Payload::lines(body) {
                Err(BadPayload::Line { line: named, .. }) => assert_eq!(named, line, "{body:?}"),
                Err(BadPayload::Empty) => assert_eq!(body, b"\n"),
                Ok(payloads) => panic!("{body:?} gave {payloads:?}"),
            }
        }
        assert_eq!(Payload::lines(b""), Err(BadPayload::Empty));
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = [b"[".repeat(1 << 20), b"]".repeat(1 << 20)].concat();
        // Accepted or refused, but answered.
        let _ = Payload::parse(&deep);
    }
}
