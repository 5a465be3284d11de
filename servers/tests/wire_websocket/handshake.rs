//! The opening handshake.

use super::raw::answer::get_with;
use super::raw::frame::{CLOSE, PING, PONG, UPGRADE, frame};
use super::raw::served::Setup;

const UP: &str = "Upgrade: websocket\r\n";
const CONNECTION: &str = "Connection: Upgrade\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[tokio::test]
async fn the_sample_of_rfc_6455_is_accepted_with_its_value() {
    let served = Setup::default().serve();
    let mut client = served.connect().await;
    let answer = client.upgrade("/websocket").await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert!(answer.header("connection").unwrap().eq_ignore_ascii_case("upgrade"));
    assert_eq!(answer.header("content-length"), None);
    assert_eq!(client.text().await, "{\"cursor\":\"k3f9:0\"}");
}

#[tokio::test]
async fn names_and_lists_are_read_as_rfc_9110_says() {
    let served = Setup::default().serve();
    for (upgrade, connection) in [
        ("Upgrade: WebSocket\r\n", "Connection: upgrade\r\n"),
        ("upgrade: h2c, websocket\r\n", "connection: keep-alive, Upgrade\r\n"),
        (
            "Upgrade: h2c\r\nUpgrade: websocket\r\n",
            "Connection: keep-alive\r\nConnection: UPGRADE\r\n",
        ),
        ("Upgrade:websocket,h2c\r\n", "Connection:Upgrade,keep-alive\r\n"),
        ("Upgrade: \twebsocket\t\r\n", "Connection: \t, ,Upgrade \t,\r\n"),
    ] {
        let mut client = served.connect().await;
        client.send(get_with("/websocket", &[upgrade, connection, VERSION, KEY].concat())).await;
        assert_eq!(client.head().await.status, 101, "{upgrade}{connection}");
        assert_eq!(client.text().await, "{\"cursor\":\"k3f9:0\"}");
    }
}

#[tokio::test]
async fn what_was_not_asked_of_us_is_not_granted() {
    let served = Setup::default().serve();
    let lines = "Sec-WebSocket-Protocol: chat, feed\r\nOrigin: http://elsewhere\r\n\
                 Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7, x-unknown\r\n";
    let mut client = served.connect().await;
    client.send(get_with("/websocket", &[UPGRADE, lines].concat())).await;
    let answer = client.head().await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("sec-websocket-protocol"), None);
    assert_eq!(answer.header("sec-websocket-extensions"), None);
}

#[tokio::test]
async fn a_request_that_is_no_handshake_is_refused_with_what_to_do() {
    let served = Setup::default().serve();
    let key = |value: &str| format!("Sec-WebSocket-Key: {value}\r\n");
    let version = |value: &str| format!("Sec-WebSocket-Version: {value}\r\n");
    let all = [UP, CONNECTION, VERSION, KEY].concat();
    let upgrade = Some(("upgrade", "websocket"));
    let thirteen = Some(("sec-websocket-version", "13"));
    for (lines, status, hint) in [
        // Not meant as one at all.
        (String::new(), 426, upgrade),
        ([CONNECTION, VERSION, KEY].concat(), 426, upgrade),
        (["Upgrade: h2c\r\n", CONNECTION, VERSION, KEY].concat(), 426, upgrade),
        (["Upgrade: websockets\r\n", CONNECTION, VERSION, KEY].concat(), 426, upgrade),
        ([UP, VERSION, KEY].concat(), 400, None),
        ([UP, "Connection: keep-alive\r\n", VERSION, KEY].concat(), 400, None),
        // Another version, or none.
        ([UP, CONNECTION, &version("8"), KEY].concat(), 426, thirteen),
        ([UP, CONNECTION, &version("25"), KEY].concat(), 426, thirteen),
        ([UP, CONNECTION, &version("013"), KEY].concat(), 426, thirteen),
        ([UP, CONNECTION, &version(""), KEY].concat(), 426, thirteen),
        ([UP, CONNECTION, KEY].concat(), 426, thirteen),
        ([UP, CONNECTION, VERSION, VERSION, KEY].concat(), 400, None),
        // The key is 16 bytes in base64, once.
        ([UP, CONNECTION, VERSION].concat(), 400, None),
        ([UP, CONNECTION, VERSION, &key("")].concat(), 400, None),
        ([UP, CONNECTION, VERSION, &key("dGhlIHNhbXBsZSBub25j")].concat(), 400, None),
        ([UP, CONNECTION, VERSION, &key("dGhlIHNhbXBsZSBub25jZQ")].concat(), 400, None),
        ([UP, CONNECTION, VERSION, &key("dGhlIHNhbXBsZSBub25jZWU=")].concat(), 400, None),
        ([UP, CONNECTION, VERSION, &key("!!!!IHNhbXBsZSBub25jZQ==")].concat(), 400, None),
        ([all.as_str(), KEY].concat(), 400, None),
        ([all.as_str(), &key("AAAAAAAAAAAAAAAAAAAAAA==")].concat(), 400, None),
    ] {
        let mut client = served.connect().await;
        let answer = client.ask(get_with("/websocket", &lines)).await;
        assert_eq!(answer.status, status, "{lines}");
        assert!(!answer.error().is_empty());
        if let Some((name, value)) = hint {
            assert_eq!(answer.header(name), Some(value), "{lines}");
        }
        // No upgrade, so the connection still speaks HTTP.
        assert_eq!(client.ask(get_with("/healthz", "")).await.status, 200, "{lines}");
    }
}

#[tokio::test]
async fn only_a_get_of_http_1_1_upgrades() {
    let served = Setup::default().serve();
    let request = get_with("/websocket", UPGRADE);
    for method in ["POST", "PUT", "OPTIONS"] {
        let answer = served.connect().await.ask(request.replacen("GET", method, 1)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")), "{method}");
    }
    let answer = served.connect().await.ask(request.replacen("HTTP/1.1", "HTTP/1.0", 1)).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_is_400_before_the_upgrade() {
    let served = Setup::default().serve();
    let mut client = served.connect().await;
    for after in ["", "-1", "abc", "1e9", "%00", "%ff", "k3f9:18446744073709551616", "0&after=0"] {
        let request = get_with(&format!("/websocket?after={after}"), UPGRADE);
        let answer = client.ask(request).await;
        assert_eq!(answer.status, 400, "{after}");
        assert!(answer.error().contains("after"), "{answer:?}");
    }
    let long = get_with(&format!("/websocket?after={}", "9".repeat(10_000)), UPGRADE);
    assert_eq!(client.ask(long).await.status, 414);
}

#[tokio::test]
async fn bytes_behind_the_request_belong_to_the_websocket() {
    let served = Setup::default().serve();
    let mut client = served.connect().await;
    let request = get_with("/websocket", UPGRADE);
    let early = [request.as_bytes(), &frame(PING, "early"), &frame(PING, "bird")[..3]].concat();
    client.send(early).await;
    assert_eq!(client.head().await.status, 101);
    assert_eq!(client.text().await, "{\"cursor\":\"k3f9:0\"}");
    assert_eq!(client.frame().await, Some((PONG, "early".into())));
    client.send(&frame(PING, "bird")[3..]).await;
    assert_eq!(client.frame().await, Some((PONG, "bird".into())));
}

#[tokio::test]
async fn bytes_behind_the_request_that_are_no_frame_are_no_request_either() {
    let served = Setup::default().serve();
    let mut client = served.connect().await;
    client.send(get_with("/websocket", UPGRADE) + &get_with("/healthz", "")).await;
    assert_eq!(client.head().await.status, 101);
    client.text().await;
    let (first, payload) = client.frame().await.unwrap();
    assert_eq!((first, &payload[..2]), (CLOSE, &1002_u16.to_be_bytes()[..]));
    assert!(client.rest().await.is_empty());
}
