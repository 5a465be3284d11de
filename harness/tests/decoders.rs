//! The load clients' decoders against independent oracles, whatever the cuts between reads.
#![allow(clippy::unwrap_used)] // a test that unwraps fails with the line that is wrong

use harness::decode::event_stream::EventStream;
use harness::decode::{Listener, Said, answer, frame};
use proptest::prelude::*;
use results::Causes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

/// Writes down all that it hears.
#[derive(Default)]
struct Notebook {
    numbers: Vec<u64>,
    gaps: Vec<Option<u64>>,
    causes: Causes,
}

impl Listener for Notebook {
    fn hear(&mut self, said: Said, causes: Causes) {
        self.overhead(causes);
        match said {
            Said::Update(stamp) => self.numbers.push(stamp.n),
            Said::Gap(lost) => self.gaps.push(lost),
        }
    }

    fn overhead(&mut self, causes: Causes) {
        self.causes = self.causes.plus(causes);
    }
}

fn envelope(n: u64, pad: usize) -> String {
    format!(r#"{{"seq":{n},"data":{{"n":{n},"t":{},"pad":"{}"}}}}"#, n * 7, "x".repeat(pad))
}

/// Feeds bytes in the given pieces, as reads would, and keeps what was not taken.
fn feed(pieces: &[&[u8]], mut read: impl FnMut(&[u8]) -> usize) -> Vec<u8> {
    let mut undecoded = Vec::new();
    for piece in pieces {
        undecoded.extend_from_slice(piece);
        let used = read(&undecoded);
        undecoded.drain(..used);
    }
    undecoded
}

fn cut(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
}

fn slices(pieces: &[Vec<u8>]) -> Vec<&[u8]> {
    pieces.iter().map(Vec::as_slice).collect()
}

proptest! {
    #[test]
    fn an_event_stream_means_the_same_however_it_is_chunked_and_read(
        pads in prop::collection::vec(0_usize..300, 1..12),
        chunk_cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        read_cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9),
        // Ours ends lines with LF and puts a space after the colon; others need do neither.
        line_end in prop::sample::select(vec!["\n", "\r\n"]),
        space in prop::sample::select(vec![" ", ""]),
    ) {
        let mut events = String::from(":\n\nevent: gap\nid: a:0\ndata: {\"gap\":{\"reason\":\"evicted\",\"lost\":3}}\n\n");
        for (n, pad) in (1..).zip(&pads) {
            events += &format!("id: a:{n}\ndata: {}\n\n", envelope(n, *pad));
        }
        let events = events.replace(": ", &format!(":{space}")).replace('\n', line_end);
        let mut wire = Vec::new();
        for chunk in cut(events.as_bytes(), &chunk_cuts).iter().filter(|chunk| !chunk.is_empty()) {
            wire.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            wire.extend(chunk);
            wire.extend(b"\r\n");
        }
        wire.extend(b"0\r\n\r\n");
        let pieces = cut(&wire, &read_cuts);
        let mut notebook = Notebook::default();
        let mut stream = EventStream::default();
        let rest = feed(&slices(&pieces), |bytes| stream.read(bytes, &mut notebook).unwrap());
        prop_assert_eq!(rest.len(), 0);
        prop_assert!(stream.ended);
        prop_assert_eq!(&notebook.numbers, &(1..=pads.len() as u64).collect::<Vec<_>>());
        prop_assert_eq!(&notebook.gaps, &[Some(3)]);
        prop_assert_eq!(notebook.causes.total(), wire.len() as u64, "every byte has a cause");
    }

    #[test]
    fn frames_written_by_tungstenite_are_read_back(
        lengths in prop::collection::vec(prop_oneof![0_usize..300, 65_500_usize..65_600], 1..6),
        read_cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut wire = Vec::new();
        for length in &lengths {
            let frame = Frame::message(vec![b'x'; *length], OpCode::Data(Data::Text), true);
            frame.format(&mut wire).unwrap();
        }
        let pieces = cut(&wire, &read_cuts);
        let mut seen = Vec::new();
        let rest = feed(&slices(&pieces), |bytes| {
            let mut used = 0;
            while let Some(frame) = frame::read(&bytes[used..]).unwrap() {
                used += frame.bytes();
                seen.push(frame.payload.len());
            }
            used
        });
        prop_assert_eq!(rest.len(), 0);
        prop_assert_eq!(seen, lengths);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = frame::read(&bytes);
        let _ = harness::decode::head::read(&bytes);
        let _ = harness::decode::envelope::read(&bytes);
        let _ = EventStream::default().read(&bytes, &mut Notebook::default());
        let _ = answer::read(&bytes, &mut String::new(), &mut Notebook::default());
    }
}

#[test]
fn tungstenite_reads_the_pong_that_we_write() {
    let bytes = frame::masked_control(frame::Opcode::Pong, b"heartbeat", [7, 8, 9, 10]);
    let mut cursor = std::io::Cursor::new(&bytes);
    let (header, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
    assert_eq!(header.opcode, OpCode::Control(Control::Pong));
    assert_eq!((length, header.mask), (9, Some([7, 8, 9, 10])));
    let masked = &bytes[cursor.position() as usize..];
    let plain: Vec<u8> =
        masked.iter().zip([7, 8, 9, 10].iter().cycle()).map(|(b, k)| b ^ k).collect();
    assert_eq!(plain, b"heartbeat");
}

#[test]
fn a_polls_body_is_payload_and_envelope_and_nothing_else() {
    let body = format!(
        r#"{{"cursor":"k3f9:9","updates":[{},{}],"gap":{{"reason":"evicted","lost":2}}}}"#,
        envelope(8, 10),
        envelope(9, 0)
    );
    let mut cursor = String::new();
    let mut notebook = Notebook::default();
    answer::read(body.as_bytes(), &mut cursor, &mut notebook).unwrap();
    assert_eq!(cursor, "k3f9:9");
    assert_eq!((notebook.numbers, notebook.gaps), (vec![8, 9], vec![Some(2)]));
    assert_eq!(notebook.causes.total(), body.len() as u64);
    let payloads: usize =
        [10, 0].map(|pad| envelope(8, pad).len() - r#"{"seq":8,"data":}"#.len()).iter().sum();
    assert_eq!(notebook.causes.payload, payloads as u64);
}
