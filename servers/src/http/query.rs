//! The query of a request, by key.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The keys and values of a query, decoded when they are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Query<'a>(&'a [u8]);

impl<'a> Query<'a> {
    /// The query of a URI, if it has one.
    pub(crate) fn new(query: Option<&'a str>) -> Self {
        Self(query.unwrap_or_default().as_bytes())
    }

    /// The value of a key. Keys that nobody asks for are ignored; one that comes twice is not
    /// guessed about.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Cow<'a, str>>, String> {
        let mut found = None;
        for pair in self.0.split(|byte| *byte == b'&') {
            let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(end);
            let matches = name == key.as_bytes()
                || (name.contains(&b'%') && percent_decode(name).eq(key.bytes()));
            if matches && found.replace(value.strip_prefix(b"=").unwrap_or(value)).is_some() {
                return Err(format!("{key}: given more than once"));
            }
        }
        let Some(value) = found else { return Ok(None) };
        let decoded = percent_decode(value).decode_utf8();
        decoded.map(Some).map_err(|_| format!("{key}: not UTF-8 when percent-decoded"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(query: &str, key: &str) -> Result<Option<String>, String> {
        Query::new(Some(query)).get(key).map(|value| value.map(Cow::into_owned))
    }

    #[test]
    fn values_are_percent_decoded() {
        assert_eq!(get("after=k3f9%3A8&limit=2", "after"), Ok(Some("k3f9:8".to_owned())));
        assert_eq!(get("%61fter=k3f9:8", "after"), Ok(Some("k3f9:8".to_owned())));
    }

    #[test]
    fn an_absent_key_is_none_and_an_empty_one_is_empty() {
        assert_eq!(get("limit=2&_=17", "after"), Ok(None));
        assert_eq!(get("after=", "after"), Ok(Some(String::new())));
        assert_eq!(get("after", "after"), Ok(Some(String::new())));
        assert_eq!(Query::new(None).get("after"), Ok(None));
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        assert_eq!(
            get("after=1&x&after=1", "after"),
            Err("after: given more than once".to_owned())
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        assert!(get("after=%ff", "after").is_err());
    }
}
