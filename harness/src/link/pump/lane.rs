//! One direction of the pump: its effects, and the packets that wait until they are due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use super::super::effect::{Amount, Path};

/// More than the largest packet: one that fills it may have been cut short.
const BUFFER_BYTES: usize = 2048;
const _: () = assert!(BUFFER_BYTES as u64 > scenarios::MTU_BYTES);

/// A packet in a buffer that is used again.
pub struct Packet {
    buffer: Box<[u8; BUFFER_BYTES]>,
    length: usize,
}

impl Packet {
    /// The packet, from its IP header on.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Default for Packet {
    fn default() -> Self {
        Self { buffer: Box::new([0; BUFFER_BYTES]), length: 0 }
    }
}

/// Packets that are gone, for their buffers.
#[derive(Default)]
pub struct Pool(Vec<Packet>);

impl Pool {
    /// Reads the next packet of a device; `None` if it has none.
    pub fn read(&mut self, mut device: &File) -> io::Result<Option<Packet>> {
        let mut packet = self.0.pop().unwrap_or_default();
        match device.read(&mut packet.buffer[..]) {
            Ok(BUFFER_BYTES) => Err(io::Error::other("a packet is larger than the link's MTU")),
            Ok(length) => {
                packet.length = length;
                Ok(Some(packet))
            }
            Err(error) => {
                self.put_back(packet);
                let is_empty =
                    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted);
                if is_empty { Ok(None) } else { Err(error) }
            }
        }
    }

    /// Takes back the buffer of a packet that is gone.
    pub fn put_back(&mut self, packet: Packet) {
        self.0.push(packet);
    }
}

/// A packet with the time at which it is due. `number` keeps the order of those that are due at
/// once.
struct Waiting {
    due_ns: u64,
    number: u64,
    packet: Packet,
}

impl Waiting {
    fn order(&self) -> Reverse<(u64, u64)> {
        Reverse((self.due_ns, self.number))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    /// The greatest is due first, as a heap wants it.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

enum Queue {
    /// Packets are due in the order in which they came.
    Ordered(VecDeque<Waiting>),
    /// They may overtake each other.
    Unordered(BinaryHeap<Waiting>),
}

impl Queue {
    fn push(&mut self, waiting: Waiting) {
        match self {
            Self::Ordered(queue) => queue.push_back(waiting),
            Self::Unordered(heap) => heap.push(waiting),
        }
    }

    fn first(&self) -> Option<&Waiting> {
        match self {
            Self::Ordered(queue) => queue.front(),
            Self::Unordered(heap) => heap.peek(),
        }
    }

    fn pop(&mut self) -> Option<Waiting> {
        match self {
            Self::Ordered(queue) => queue.pop_front(),
            Self::Unordered(heap) => heap.pop(),
        }
    }
}

/// One direction.
pub struct Lane {
    /// Its effects.
    pub path: Path,
    queue: Queue,
    admitted: Amount,
    /// What the device at its end took.
    pub delivered: Amount,
    /// What that device did not take.
    pub refused: Amount,
}

impl Lane {
    /// A direction with nothing on its way.
    pub fn new(path: Path) -> Self {
        let queue = if path.reorders() {
            Queue::Unordered(BinaryHeap::new())
        } else {
            Queue::Ordered(VecDeque::new())
        };
        let (admitted, delivered, refused) = Default::default();
        Self { path, queue, admitted, delivered, refused }
    }

    /// Lets a packet in, or gives it back because it is dropped.
    pub fn admit(&mut self, now_ns: u64, packet: Packet) -> Option<Packet> {
        let bytes = packet.length as u64;
        let Ok(due_ns) = self.path.admit(now_ns, bytes) else { return Some(packet) };
        let number = self.admitted.packets;
        self.admitted.add(bytes);
        self.queue.push(Waiting { due_ns, number, packet });
        None
    }

    /// When the next packet is due.
    pub fn next_due_ns(&self) -> Option<u64> {
        self.queue.first().map(|waiting| waiting.due_ns)
    }

    /// The next packet that is due, and since when.
    pub fn next_due_by(&mut self, now_ns: u64) -> Option<(u64, Packet)> {
        self.next_due_ns().filter(|due_ns| *due_ns <= now_ns)?;
        self.queue.pop().map(|waiting| (waiting.due_ns, waiting.packet))
    }

    /// Hands a packet to the device at the end. One that it does not take whole is lost; whether it
    /// did.
    pub fn write(&mut self, mut device: &File, packet: &Packet) -> bool {
        let is_taken = device.write(packet.bytes()).is_ok_and(|written| written == packet.length);
        let fate = if is_taken { &mut self.delivered } else { &mut self.refused };
        fate.add(packet.length as u64);
        is_taken
    }

    /// What was let in and has not been written.
    pub fn waiting(&self) -> Amount {
        self.admitted.since(self.delivered).since(self.refused)
    }
}
