//! Clients of raw bytes for the tests: they owe nothing to the code that they test.

#![allow(dead_code)] // each test file uses its own part
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

pub mod answer;
pub mod follow;
pub mod frame;
pub mod recorder;
pub mod secure;
pub mod served;

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use servers::listen::Io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// No assertion about speed: a test that hangs says what it was waiting for. Longer than any hold, also where the
/// time is paused.
const PATIENCE: Duration = Duration::from_secs(70);

/// Waits for something that must come.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// A connection to a port; a narrow one has a client for whom the kernel keeps next to nothing: if
/// it does not read, the server soon cannot write.
pub async fn tcp(addr: SocketAddr, narrow: bool) -> TcpStream {
    if narrow {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        return socket.connect(addr).await.unwrap();
    }
    let stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// One connection, as bytes.
pub struct Raw {
    io: Box<dyn Io>,
    buffer: Vec<u8>,
}

impl Raw {
    pub fn new(io: impl Io + 'static) -> Self {
        Self { io: Box::new(io), buffer: Vec::new() }
    }

    pub async fn connect(addr: SocketAddr) -> Self {
        Self::new(tcp(addr, false).await)
    }

    /// See [`tcp`].
    pub async fn connect_narrow(addr: SocketAddr) -> Self {
        Self::new(tcp(addr, true).await)
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("the server takes what is sent", self.io.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Sends what the server may refuse before it has all of it.
    pub async fn send_some(&mut self, bytes: &[u8]) {
        let _ = within("the server takes it or closes", self.io.write_all(bytes)).await;
    }

    /// No more will be sent.
    pub async fn finish(&mut self) {
        self.io.shutdown().await.unwrap();
    }

    /// Waits for more bytes; false at the end. A reset is an end, too: what came before it is there.
    async fn more(&mut self) -> bool {
        match within("the server says something", self.io.read_buf(&mut self.buffer)).await {
            Ok(read) => read > 0,
            Err(error) => {
                let kind = error.kind();
                assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
                false
            }
        }
    }

    /// Exactly so many bytes; none if the end comes first.
    pub async fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < count {
            if !self.more().await {
                return None;
            }
        }
        Some(self.buffer.drain(..count).collect())
    }

    /// All up to and with `end`; none if the connection ends first.
    pub async fn take_until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        let mut seen = 0;
        loop {
            let found = self.buffer[seen..].windows(end.len()).position(|window| window == end);
            if let Some(found) = found {
                return Some(self.buffer.drain(..seen + found + end.len()).collect());
            }
            seen = self.buffer.len().saturating_sub(end.len() - 1);
            if !self.more().await {
                return None;
            }
        }
    }

    /// All until the server has closed.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.buffer)
    }
}
