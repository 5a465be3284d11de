use super::segment::{ACK, FIN, RST, SYN};
use super::*;

const CLIENT: u16 = 40_000;
const SERVER: u16 = 80;
/// IPv4 and TCP headers without options.
const HEADERS: u64 = 40;

/// A connection that is written down packet by packet, with initial numbers of our choice.
struct Talk {
    account: Account,
    /// Next number of the client and of the server.
    next: [u32; 2],
}

impl Talk {
    fn new(client: u32, server: u32) -> Self {
        Self { account: Account::default(), next: [client, server] }
    }

    fn packet(direction: Direction, flags: u8, numbers: (u32, u32), payload: usize) -> Vec<u8> {
        let bytes = HEADERS as usize + payload;
        let mut packet = vec![0; bytes];
        packet[0] = 0x45;
        packet[2..4].copy_from_slice(&(bytes as u16).to_be_bytes());
        packet[9] = 6;
        let (from, to) = match direction {
            Direction::Up => (CLIENT, SERVER),
            Direction::Down => (SERVER, CLIENT),
        };
        packet[20..22].copy_from_slice(&from.to_be_bytes());
        packet[22..24].copy_from_slice(&to.to_be_bytes());
        packet[24..28].copy_from_slice(&numbers.0.to_be_bytes());
        packet[28..32].copy_from_slice(&numbers.1.to_be_bytes());
        packet[32] = 5 << 4;
        packet[33] = flags;
        packet
    }

    /// Sends what comes next, acknowledging all that the other has sent.
    fn send(&mut self, direction: Direction, flags: u8, payload: usize) {
        let own = self.next[direction as usize];
        self.again(direction, flags, own, payload);
        let counted = u32::from(flags & (SYN | FIN) != 0);
        self.next[direction as usize] = own.wrapping_add(payload as u32 + counted);
    }

    /// Sends from a number on, whatever was sent before; it arrives.
    fn again(&mut self, direction: Direction, flags: u8, from: u32, payload: usize) {
        let packet = self.lose(direction, flags, from, payload);
        self.account.arrive(direction, &packet);
    }

    /// The same, and it does not arrive.
    fn lose(&mut self, direction: Direction, flags: u8, from: u32, payload: usize) -> Vec<u8> {
        let other = self.next[direction.reverse() as usize];
        let packet = Self::packet(direction, flags, (from, other), payload);
        self.account.observe(direction, &packet);
        packet
    }

    fn connect(&mut self) {
        self.send(Direction::Up, SYN, 0);
        self.send(Direction::Down, SYN | ACK, 0);
        self.send(Direction::Up, ACK, 0);
    }

    fn up(&self) -> Traffic {
        self.account.traffic(Direction::Up)
    }

    fn down(&self) -> Traffic {
        self.account.traffic(Direction::Down)
    }
}

fn amount(packets: u64, bytes: u64) -> Amount {
    Amount { packets, bytes }
}

#[test]
fn a_whole_connection_is_parted_by_cause_and_is_closed_at_the_end() {
    // Numbers that wrap after the first bytes: TCP counts in 32 bits.
    for initial in [1, u32::MAX - 50, u32::MAX] {
        let mut talk = Talk::new(initial, initial.wrapping_sub(7));
        talk.connect();
        talk.send(Direction::Up, ACK, 100);
        talk.send(Direction::Down, ACK, 0);
        talk.send(Direction::Down, ACK, 1000);
        talk.send(Direction::Up, ACK, 0);
        assert_eq!((talk.account.opened(), talk.account.unclosed()), (1, 1));
        talk.send(Direction::Up, FIN | ACK, 0);
        talk.send(Direction::Down, FIN | ACK, 0);
        assert_eq!(talk.account.unclosed(), 1);
        talk.send(Direction::Up, ACK, 0);
        assert_eq!((talk.account.opened(), talk.account.unclosed()), (1, 0));
        let (up, down) = (talk.up(), talk.down());
        assert_eq!(up.handshake, amount(3, 3 * HEADERS));
        assert_eq!((up.acks, up.headers), (amount(2, 2 * HEADERS), amount(0, HEADERS)));
        assert_eq!((up.payload, up.retransmitted), (amount(1, 100), amount(0, 0)));
        assert_eq!(down.handshake, amount(2, 2 * HEADERS));
        assert_eq!((down.acks, down.payload), (amount(1, HEADERS), amount(1, 1000)));
        assert_eq!(talk.account.largest_bytes(Direction::Down), 1000 + HEADERS);
    }
}

#[test]
fn what_was_sent_before_is_told_from_what_is_sent_for_the_first_time() {
    for initial in [9, u32::MAX - 120] {
        let mut talk = Talk::new(initial, 5);
        talk.connect();
        let first = talk.next[0];
        talk.send(Direction::Up, ACK, 100);
        talk.again(Direction::Up, ACK, first, 100);
        assert_eq!(talk.up().retransmitted, amount(1, 100 + HEADERS));
        // 60 bytes again and 40 for the first time.
        talk.again(Direction::Up, ACK, first.wrapping_add(40), 100);
        assert_eq!(talk.up().retransmitted, amount(1, 100 + HEADERS + 60));
        assert_eq!(talk.up().payload, amount(2, 140));
        assert_eq!(talk.up().headers, amount(0, 2 * HEADERS));
        // A probe of one number before carries nothing.
        talk.again(Direction::Up, ACK, first.wrapping_add(139), 0);
        assert_eq!(talk.up().acks, amount(1, HEADERS));
        assert_eq!(talk.up().retransmitted, amount(1, 100 + HEADERS + 60));
    }
}

#[test]
fn repeated_handshakes_and_farewells_are_retransmissions() {
    let mut talk = Talk::new(100, 200);
    talk.send(Direction::Up, SYN, 0);
    talk.again(Direction::Up, SYN, 100, 0);
    talk.send(Direction::Down, SYN | ACK, 0);
    talk.again(Direction::Down, SYN | ACK, 200, 0);
    assert_eq!(talk.account.opened(), 1);
    talk.send(Direction::Up, ACK, 0);
    talk.send(Direction::Up, ACK, 0);
    let fin = talk.next[0];
    talk.send(Direction::Up, FIN | ACK, 0);
    talk.again(Direction::Up, FIN | ACK, fin, 0);
    let (up, down) = (talk.up(), talk.down());
    assert_eq!((up.handshake.packets, up.retransmitted.packets, up.acks.packets), (3, 2, 1));
    assert_eq!((down.handshake.packets, down.retransmitted.packets), (1, 1));
}

#[test]
fn a_farewell_with_data_is_parted() {
    let mut talk = Talk::new(100, 200);
    talk.connect();
    let handshake = talk.up().handshake.bytes;
    let first = talk.next[0];
    talk.send(Direction::Up, FIN | ACK, 10);
    assert_eq!(talk.up().handshake.bytes, handshake + HEADERS);
    assert_eq!(talk.up().payload, amount(1, 10));
    talk.again(Direction::Up, FIN | ACK, first, 10);
    assert_eq!(talk.up().retransmitted, amount(1, 10 + HEADERS));
    // All data again, and the first FIN with it.
    talk.send(Direction::Down, ACK, 30);
    talk.again(Direction::Down, FIN | ACK, 201, 30);
    assert_eq!(talk.down().retransmitted, amount(0, 30));
    assert_eq!(talk.down().handshake, amount(2, 2 * HEADERS));
    talk.next[1] = 232;
    talk.send(Direction::Up, ACK, 0);
    assert_eq!(talk.account.unclosed(), 0);
}

#[test]
fn a_reset_closes_at_once_and_only_once() {
    let mut talk = Talk::new(100, 200);
    talk.connect();
    talk.send(Direction::Down, RST, 0);
    talk.send(Direction::Up, RST, 0);
    assert_eq!((talk.account.opened(), talk.account.unclosed()), (1, 0));
    // A port where nobody listens.
    let mut talk = Talk::new(100, 0);
    talk.send(Direction::Up, SYN, 0);
    assert_eq!(talk.account.unclosed(), 1);
    talk.send(Direction::Down, RST | ACK, 0);
    assert_eq!(talk.account.unclosed(), 0);
    assert_eq!(talk.down().handshake, amount(1, HEADERS));
}

#[test]
fn a_farewell_of_which_an_end_has_not_heard_that_it_arrived_may_be_sent_again() {
    for initial in [5, u32::MAX - 40] {
        let mut talk = Talk::new(initial, 200);
        talk.connect();
        talk.send(Direction::Up, ACK, 40);
        talk.send(Direction::Up, FIN | ACK, 0);
        let fin = talk.next[1];
        talk.send(Direction::Down, FIN | ACK, 0);
        // The last acknowledgement is lost, so the server sends its FIN again.
        let last = talk.next[0];
        talk.lose(Direction::Up, ACK, last, 0);
        assert_eq!(talk.account.unclosed(), 1);
        talk.again(Direction::Down, FIN | ACK, fin, 0);
        assert_eq!(talk.account.unclosed(), 1);
        talk.send(Direction::Up, ACK, 0);
        assert_eq!(talk.account.unclosed(), 0);
        assert_eq!(talk.down().retransmitted, amount(1, HEADERS));
    }
}

#[test]
fn a_farewell_that_is_lost_itself_leaves_the_connection_open() {
    let mut talk = Talk::new(100, 200);
    talk.connect();
    talk.send(Direction::Up, FIN | ACK, 0);
    let fin = talk.next[1];
    talk.lose(Direction::Down, FIN | ACK, fin, 0);
    // An acknowledgement of what was sent before it.
    talk.send(Direction::Up, ACK, 0);
    assert_eq!(talk.account.unclosed(), 1);
    talk.next[1] = fin + 1;
    talk.again(Direction::Down, FIN | ACK, fin, 0);
    talk.send(Direction::Up, ACK, 0);
    assert_eq!(talk.account.unclosed(), 0);
}

#[test]
fn a_reset_that_is_lost_closes_only_what_has_nothing_to_send_again() {
    for has_data in [false, true] {
        let mut talk = Talk::new(100, 200);
        talk.connect();
        let data = talk.next[1];
        if has_data {
            talk.lose(Direction::Down, ACK, data, 10);
            talk.next[1] += 10;
        }
        let own = talk.next[0];
        talk.lose(Direction::Up, RST, own, 0);
        assert_eq!(talk.account.unclosed(), u64::from(has_data));
        // What comes again is answered with another one.
        if has_data {
            talk.again(Direction::Down, ACK, data, 10);
            assert_eq!(talk.account.unclosed(), 1);
            talk.again(Direction::Up, RST, own, 0);
        }
        assert_eq!(talk.account.unclosed(), 0);
    }
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let mut talk = Talk::new(100, 200);
    talk.connect();
    talk.send(Direction::Up, ACK, 50);
    // The first one was never closed; its port cannot be used again unless it is gone.
    talk.next = [70_000, 90];
    talk.connect();
    talk.send(Direction::Up, ACK, 50);
    assert_eq!((talk.account.opened(), talk.account.unclosed()), (2, 1));
    assert_eq!(talk.up().payload, amount(2, 100));
    assert_eq!(talk.up().retransmitted, amount(0, 0));
    assert_eq!(talk.up().handshake.packets, 4);
}

#[test]
fn what_is_not_tcp_over_ipv4_is_counted_as_something_else() {
    let mut account = Account::default();
    let good = Talk::packet(Direction::Up, ACK, (1, 1), 10);
    let change = |at: usize, value: u8| {
        let mut packet = good.clone();
        packet[at] = value;
        packet
    };
    let strange = [
        change(0, 0x65),     // IPv6
        change(0, 0x44),     // a header too short
        change(9, 17),       // UDP
        change(7, 1),        // a later fragment
        change(6, 0x20),     // the first of several fragments
        change(3, 9),        // a length that is not the packet's
        change(32, 0xf0),    // options beyond the end
        good[..30].to_vec(), // cut short
        vec![0x45],
        Vec::new(),
    ];
    for packet in &strange {
        account.observe(Direction::Up, packet);
    }
    let bytes = strange.iter().map(|packet| packet.len() as u64).sum();
    let traffic = account.traffic(Direction::Up);
    assert_eq!(traffic.other, amount(strange.len() as u64, bytes));
    assert_eq!(traffic.total(), traffic.other);
}

proptest::proptest! {
    #[test]
    fn the_causes_add_up_to_all_bytes_and_packets_whatever_comes(
        packets in proptest::collection::vec(
            (proptest::bool::ANY, 0_u8..32, 0_u32..400, 0_u32..400, 0_usize..200, proptest::bool::ANY), 0..60),
    ) {
        let mut account = Account::default();
        let mut sums = [Amount::default(); 2];
        for (is_up, flags, sequence, acknowledged, payload, arrives) in packets {
            let direction = if is_up { Direction::Up } else { Direction::Down };
            // Around the place where numbers wrap.
            let numbers = (sequence.wrapping_sub(200), acknowledged.wrapping_sub(200));
            let packet = Talk::packet(direction, flags, numbers, payload);
            account.observe(direction, &packet);
            if arrives {
                account.arrive(direction, &packet);
            }
            sums[direction as usize].add(packet.len() as u64);
        }
        for direction in Direction::BOTH {
            proptest::prop_assert_eq!(account.traffic(direction).total(), sums[direction as usize]);
        }
        proptest::prop_assert!(account.unclosed() <= account.opened());
    }
}
