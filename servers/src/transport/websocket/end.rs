//! Why a session ends, and the close code that says so.

use std::io;

use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Why a session ends.
pub(super) enum End {
    /// The closing handshake is over, or the client has gone: nothing left to say.
    Gone,
    /// Say why, then close.
    Close(CloseCode, &'static str),
    /// The client has closed; tungstenite has the answer, which may not be out yet.
    Closed,
}

impl End {
    /// The close code that belongs to an error of the protocol (RFC 6455 section 7.4.1).
    pub(super) fn of(error: &Error) -> Self {
        use tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
        match error {
            Error::Protocol(ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(_) => Self::Close(CloseCode::Protocol, "protocol error"),
            Error::Utf8(_) => Self::Close(CloseCode::Invalid, "not UTF-8"),
            Error::Capacity(
                CapacityError::MessageTooLong { .. } | CapacityError::TooManyHeaders,
            ) => Self::Close(CloseCode::Size, "a message is at most 64 KiB"),
            Error::Io(error) if error.kind() == io::ErrorKind::QuotaExceeded => {
                Self::Close(CloseCode::Size, "too many fragments")
            }
            _ => Self::Gone,
        }
    }
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}
