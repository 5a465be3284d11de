//! HTTP as bytes: requests are written out, answers are taken apart.

use super::Raw;

/// One answer. The `date` was there and is left out, because it is another one each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, sorted: neither order nor case means anything.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert_eq!(values.next(), None, "{name} comes once");
        value
    }

    /// The sentence of a refusal, which is always JSON with its length.
    pub fn error(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body.as_object().unwrap().len(), 1, "{self:?}");
        body["error"].as_str().unwrap().to_owned()
    }
}

/// A GET with nothing but the Host.
pub fn get(target: &str) -> String {
    get_with(target, "")
}

/// A GET with more header lines, each with its CRLF.
pub fn get_with(target: &str, lines: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: feed\r\n{lines}\r\n")
}

/// A POST with a length.
pub fn post(target: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {target} HTTP/1.1\r\nHost: feed\r\nContent-Length: {length}\r\n\r\n{body}")
}

impl Raw {
    pub async fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request).await;
        self.answer().await
    }

    /// The head of an answer; the body is left where it is.
    pub async fn head(&mut self) -> Answer {
        self.try_head().await.expect("an answer before the end of the connection")
    }

    pub async fn try_head(&mut self) -> Option<Answer> {
        let head = self.take_until(b"\r\n\r\n").await?;
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap();
        let status = status.strip_prefix("HTTP/1.1 ").or(status.strip_prefix("HTTP/1.0 ")).unwrap();
        let mut headers: Vec<_> = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_ascii_lowercase(), value.to_owned())
            })
            .collect();
        headers.sort();
        let date = headers.iter().position(|(name, _)| name == "date");
        let (_, date) = headers.remove(date.expect("a server with a clock sends a date"));
        assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
        Some(Answer { status: status[..3].parse().unwrap(), headers, body: String::new() })
    }

    /// An answer with a body of known length, or with none by its status.
    pub async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        let length = answer.header("content-length").map(|length| length.parse().unwrap());
        let length: usize = if matches!(answer.status, 100..=199 | 204 | 304) {
            assert_eq!(length, None, "RFC 9110 section 8.6: {answer:?}");
            0
        } else {
            length.expect("polls, publishes and refusals have a length")
        };
        let body = self.take(length).await.expect("the whole body");
        answer.body = String::from_utf8(body).unwrap();
        answer
    }

    /// One chunk; empty for the last one; none when the connection ended without it.
    pub async fn chunk(&mut self) -> Option<String> {
        let length = self.take_until(b"\r\n").await?;
        let length = std::str::from_utf8(&length).unwrap().trim_end();
        let length = usize::from_str_radix(length, 16).unwrap();
        let mut chunk = self.take(length + 2).await?;
        assert_eq!(chunk.split_off(length), b"\r\n");
        Some(String::from_utf8(chunk).unwrap())
    }
}
