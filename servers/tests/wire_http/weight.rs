//! Answers' heads with a given number of bytes.

use super::raw::Raw;
use super::raw::answer::{get, get_with};
use super::raw::served::{Setup, payloads};
use super::three;

fn kaazing() -> Setup {
    Setup { headers: "kaazing", ..Setup::default() }
}

/// The head as it came, and its body.
async fn ask(client: &mut Raw, request: String) -> (String, Vec<u8>) {
    let has_body = !request.starts_with("HEAD");
    client.send(request).await;
    let head = client.take_until(b"\r\n\r\n").await.unwrap();
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().unwrap());
    let body = if has_body { client.take(length).await.unwrap() } else { Vec::new() };
    (head, body)
}

#[tokio::test]
async fn kaazing_answers_have_193_bytes_whatever_they_carry() {
    let served = kaazing().serve();
    let mut client = served.connect().await;
    let mut head = 0;
    // Cursors of one to five digits, pages of two to seven.
    for count in [1, 8, 1, 89, 1, 899, 1, 8999, 1] {
        served.publish(&payloads(head + 1..=head + count)).await;
        head += count;
        for (query, known, status) in [
            (String::new(), "a".to_owned(), "200"),
            ("after=0&limit=1".to_owned(), "a".to_owned(), "200"),
            ("after=0&limit=100000".to_owned(), "a".to_owned(), "200"),
            (format!("after=k3f9:{}", head - 1), "a".to_owned(), "200"),
            (format!("after=k3f9:{head}"), "a".to_owned(), "204"),
            (format!("after=k3f9:{head}"), format!("k3f9:{head}"), "304"),
            ("after=x:1&limit=3".to_owned(), "a".to_owned(), "200"),
        ] {
            for path in ["/short-poll?", "/long-poll?hold=0&"] {
                let lines = format!("If-None-Match: \"{known}\"\r\n");
                let request = get_with(&format!("{path}{query}"), &lines);
                let (head, body) = ask(&mut client, request.clone()).await;
                assert_eq!((&head[9..12], head.len()), (status, servers::ANSWER_BYTES), "{head}");
                let expected = servers::kaazing_answer(body.len());
                assert_eq!(expected.bytes, head.len());
                if status == "200" {
                    assert_eq!(head.matches("\r\n").count(), expected.lines, "{head}");
                }
                let (same, _) = ask(&mut client, request.replacen("GET", "HEAD", 1)).await;
                assert_eq!(same.len(), head.len());
                let lines = format!("{lines}Connection: close\r\n");
                let mut last = served.connect().await;
                let (closing, _) =
                    ask(&mut last, get_with(&format!("{path}{query}"), &lines)).await;
                assert_eq!(closing.len(), servers::ANSWER_BYTES, "{closing}");
                assert!(closing.contains("\r\nconnection: close\r\n"));
                assert!(last.rest().await.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn kaazing_answers_have_193_bytes_also_where_a_long_cursor_leaves_no_room_for_a_line() {
    const LONGEST: &str = "0123456789abcdef";
    let mut without_a_name = 0;
    for epoch in (1..=LONGEST.len()).map(|digits| &LONGEST[..digits]) {
        let served = Setup { epoch, ..kaazing() }.serve();
        served.publish(&payloads(1..=12_345)).await;
        for query in ["after=0&limit=1", "after=0&limit=99", "after=0&limit=12345"] {
            let lines = "Connection: close\r\n";
            let mut client = served.connect().await;
            let (head, _) =
                ask(&mut client, get_with(&format!("/short-poll?{query}"), lines)).await;
            assert_eq!(head.len(), servers::ANSWER_BYTES, "{head}");
            without_a_name += u32::from(!head.contains("\r\nserver: "));
        }
    }
    assert!(without_a_name > 3, "{without_a_name}");
}

#[tokio::test]
async fn a_stop_makes_no_head_heavier() {
    let served = three(kaazing()).await;
    let mut parked = served.connect().await;
    parked.send(get("/long-poll?after=k3f9:3&hold=55")).await;
    served.until_clients("long-poll", 1).await;
    served.begin_stop();
    let head = parked.take_until(b"\r\n\r\n").await.unwrap();
    assert_eq!(head.len(), servers::ANSWER_BYTES, "{}", String::from_utf8_lossy(&head));
    assert!(head.starts_with(b"HTTP/1.1 204 "));
    assert!(parked.rest().await.is_empty());
}

#[tokio::test]
async fn only_kaazing_names_the_server() {
    for (headers, named) in [("bare", false), ("browser", false), ("kaazing", true)] {
        let served = three(Setup { headers, ..Setup::default() }).await;
        let mut client = served.connect().await;
        for target in ["/short-poll", "/short-poll?after=k3f9:3", "/long-poll?after=0"] {
            let answer = client.ask(get(target)).await;
            assert_eq!(answer.header("server").is_some(), named, "{headers} {target}");
        }
        // A stream has one head for its life, and it is as it is.
        let mut events = served.connect().await;
        events.send(get("/sse")).await;
        assert_eq!(events.head().await.header("server"), None, "{headers}");
    }
}
