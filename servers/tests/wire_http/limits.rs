//! What is too long, and what is not HTTP.

use super::raw::Raw;
use super::raw::answer::{get, get_with};
use super::raw::served::Setup;
use super::three;

#[tokio::test]
async fn a_query_of_more_than_4_kib_is_414() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    for (length, status) in [(4096, 200), (4097, 414), (10_000, 414)] {
        for path in ["/short-poll", "/long-poll", "/healthz"] {
            let target = format!("{path}?{}", "x".repeat(length));
            assert_eq!(client.ask(get(&target)).await.status, status, "{path} {length}");
        }
    }
    let answer = client.ask(get(&format!("/sse?after={}", "9".repeat(10_000)))).await;
    assert_eq!(answer.status, 414);
    assert!(answer.error().contains("4096"));
}

#[tokio::test]
async fn a_head_of_more_than_16_kib_is_431() {
    let served = three(Setup::default()).await;
    let fits = get_with("/healthz", &format!("X-Pad: {}\r\n", "x".repeat(15_000)));
    assert_eq!(served.connect().await.ask(fits).await.status, 200);
    for lines in [
        format!("X-Pad: {}\r\n", "x".repeat(16 << 10)),
        format!("X-Pad: {}\r\n", "x".repeat(70 << 10)),
        "X-Pad: x\r\n".repeat(150),
    ] {
        let mut client = served.connect().await;
        client.send_some(get_with("/healthz", &lines).as_bytes()).await;
        assert_eq!(client.head().await.status, 431, "{} bytes", lines.len());
        client.rest().await;
    }
    // Too long already in its first line.
    let mut client = served.connect().await;
    client.send_some(get(&format!("/{}", "x".repeat(20 << 10))).as_bytes()).await;
    assert_eq!(client.head().await.status, 431);
    assert_eq!(served.connect().await.ask(get("/healthz")).await.status, 200);
}

#[tokio::test]
async fn a_publish_of_more_than_16_mib_is_413_before_the_body_is_sent() {
    let served = three(Setup::default()).await;
    for length in ["16777217", "9223372036854775808"] {
        let mut publisher = Raw::connect(served.control).await;
        let head = format!("POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        publisher.send(head).await;
        let answer = publisher.answer().await;
        assert_eq!(answer.status, 413, "{length}");
        assert!(answer.error().contains("16 MiB"));
    }
}

#[tokio::test]
async fn a_publish_that_grows_beyond_16_mib_is_413() {
    let served = three(Setup::default()).await;
    let mut publisher = Raw::connect(served.control).await;
    publisher.send("POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let chunk = [&b"100000\r\n"[..], &b" ".repeat(1 << 20), b"\r\n"].concat();
    for _ in 0..16 {
        publisher.send(&chunk).await;
    }
    publisher.send_some(b"1\r\n \r\n").await;
    assert_eq!(publisher.answer().await.status, 413);
    assert_eq!(served.feed.head(), 3);
}

#[tokio::test]
async fn a_publish_of_exactly_16_mib_is_taken() {
    let served = Setup::default().serve();
    let body = format!("\"{}\"", "x".repeat((16 << 20) - 2));
    let mut publisher = Raw::connect(served.control).await;
    let answer = publisher.ask(super::raw::answer::post("/publish", &body)).await;
    assert_eq!((answer.status, served.feed.head()), (200, 1));
}

#[tokio::test]
async fn a_request_has_exactly_one_host() {
    let served = three(Setup::default()).await;
    for (request, status) in [
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        // It may be empty, but not absent.
        ("GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nhOST: [::1]:80\r\n\r\n", 200),
        ("GET http://feed/healthz HTTP/1.1\r\nHost: feed\r\n\r\n", 200),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
    ] {
        for addr in [served.http, served.control] {
            let answer = Raw::connect(addr).await.ask(request).await;
            assert_eq!(answer.status, status, "{request}");
            if status == 400 {
                assert!(answer.error().contains("Host"), "{answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_http_is_400_and_the_connection_closed() {
    let served = three(Setup::default()).await;
    for request in [
        "GET /healthz\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "G@T /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}",
        "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n{}",
        "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        "POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n{}",
        "POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n{}",
        "POST /publish HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // The hello of a TLS client.
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}",
    ] {
        let mut client = Raw::connect(served.control).await;
        client.send(request).await;
        assert_eq!(client.head().await.status, 400, "{request:?}");
        assert!(client.rest().await.is_empty(), "{request:?}");
        assert_eq!(served.feed.head(), 3, "{request:?}");
    }
}

#[tokio::test]
async fn a_client_of_http_2_is_turned_away() {
    let served = three(Setup::default()).await;
    let mut client = served.connect().await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0").await;
    client.rest().await;
    assert_eq!(served.connect().await.ask(get("/healthz")).await.status, 200);
}

#[tokio::test]
async fn a_length_beyond_all_counting_is_refused_and_the_connection_closed() {
    let served = three(Setup::default()).await;
    for (length, status) in [
        ("18446744073709551613", 413),
        // hyper keeps the two highest numbers for itself, takes such a length for a head that is
        // too large, and answers before there is a request that we could look at.
        ("18446744073709551614", 431),
        ("18446744073709551615", 431),
        // No number to it, as any other text: RFC 9112 section 6.3, item 5.
        ("18446744073709551616", 400),
        ("99999999999999999999999999999999", 400),
    ] {
        let mut publisher = Raw::connect(served.control).await;
        let head = format!("POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        publisher.send(head + "{}").await;
        let answer = publisher.answer().await;
        assert_eq!(answer.status, status, "{length}");
        assert!(publisher.rest().await.is_empty(), "{length}");
        assert_eq!(served.feed.head(), 3, "{length}");
    }
}
