//! What a server writes, write by write, seen from its end of the connection.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// The writes so far.
pub type Writes = Arc<Mutex<Vec<Vec<u8>>>>;

/// The server's end of a pipe, the client's, and what the server writes.
pub fn pipe() -> (Recorder, DuplexStream, Writes) {
    let (pipe, client) = tokio::io::duplex(1 << 20);
    let writes = Writes::default();
    (Recorder { pipe, writes: Arc::clone(&writes) }, client, writes)
}

/// A pipe that remembers each write, as a socket with `TCP_NODELAY` would put it on the wire.
pub struct Recorder {
    pipe: DuplexStream,
    writes: Writes,
}

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, buf)
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.pipe).poll_write(cx, buf);
        assert!(matches!(written, Poll::Ready(Ok(all)) if all == buf.len()), "the pipe is wide");
        self.writes.lock().unwrap().push(buf.to_vec());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}
