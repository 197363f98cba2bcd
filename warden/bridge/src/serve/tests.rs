use super::*;
use crate::calls::Limits;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};

fn pair() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap()
}

#[test]
fn a_busy_connection_gets_one_turn_however_many_events_it_has() {
    let ((control, _library), (hub, _front)) = (pair(), pair());
    let ((client, from), (to, _server)) = (pair(), pair());
    let mut bridge = Bridge::new(Control::new(control), hub).unwrap();
    // Each read takes one byte, so that its data lasts for several turns.
    bridge.buffer = vec![0; 1];
    send(&client, &[b'x'; 1000], SendFlags::empty()).unwrap();
    let limits = Limits { bytes_per_second: None, bytes: None, idle_ms: None };
    let ends = ["a".to_owned(), "b".to_owned()];
    let join = Join { connection: 1, channel: 1, ends, header: Vec::new(), first: [Vec::new(), Vec::new()], limits };
    let mut channel = Channel::new(limits);
    let closer = Closer::start();
    let now = Instant::now();
    let mut around = Around { channel: &mut channel, closer: &closer, buffer: &mut [0], now, way: 0 };
    let (made, _) = Pair::new(1, join, [from, to], &mut around);
    bridge.channels.insert(1, channel);
    bridge.pairs.insert(2, made);
    for _ in 0..4 {
        bridge.turn(&[2, 3]).unwrap();
        assert_eq!(bridge.again.len(), 1);
    }
}
