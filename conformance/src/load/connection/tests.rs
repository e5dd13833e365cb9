use proptest::prelude::*;

use super::*;
use crate::load::exchange::Limits;
use crate::load::identity::Identity;
use crate::load::messages::closing;
use crate::load::population::Method;
use crate::load::receipt::{Expectation, Wanted};
use crate::load::request::{EMPTY_SUM, Sum};

const ID: &str = "00000001-b-000001-000000-0";
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(1),
    answer: Duration::from_secs(5),
    parting: Duration::from_secs(2),
};

fn releases() -> Releases {
    Releases::new(vec!["r0".to_owned(), "r1".to_owned()])
}

fn answer(fields: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn right() -> Vec<u8> {
    answer("", &format!("{ID} r0 77 0\n"))
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A connection with its books.
struct Bench {
    ledger: Ledger,
    connection: Connection,
}

impl Bench {
    fn new(population: Population) -> Bench {
        let mut ledger = Ledger::new();
        let link = ledger.open(population);
        Bench { connection: Connection::new(1, population, link, None, at(0)), ledger }
    }

    fn connected(population: Population) -> Bench {
        let mut bench = Bench::new(population);
        assert!(bench.connection.connected(at(0)).is_none());
        bench
    }

    fn exchange(&mut self) -> Exchange {
        let ticket = self.ledger.plan(self.connection.population, Method::Get);
        let id = Identity { run: 1, population: Population::Busy, connection: 1, ordinal: 0, attempt: 0 };
        let mut exchange = Exchange::new(ticket, at(0));
        exchange.length = 150;
        exchange.expects = Some(Expectation {
            id: id.text(),
            run: 1,
            sum: Sum { length: 0, fnv: EMPTY_SUM },
            wanted: Wanted::Line,
        });
        exchange
    }

    /// Puts a request on and writes it.
    fn request(&mut self) -> &mut Bench {
        let exchange = self.exchange();
        self.connection.begin(exchange);
        self.connection.wrote(150, at(1), &mut self.ledger);
        self
    }

    fn octets(&mut self, octets: &[u8]) -> Turn {
        self.connection.octets(octets, at(2), &mut releases())
    }

    /// One request answered well: the next one is on a used connection.
    fn used() -> Bench {
        let mut bench = Bench::connected(Population::Busy);
        let turn = bench.request().octets(&right());
        assert_eq!(fate(&turn), Some(Fate::Current));
        bench
    }
}

fn fate(turn: &Turn) -> Option<Fate> {
    turn.settled.as_ref().map(|settled| settled.fate)
}

#[track_caller]
fn assert_turn(turn: Turn, expected_fate: Option<Fate>, expected_end: Option<End>) {
    assert_eq!((fate(&turn), turn.end), (expected_fate, expected_end));
    assert!(turn.returned.is_none());
}

#[test]
fn a_right_answer_leaves_the_connection_idle() {
    let mut bench = Bench::used();
    assert!(bench.connection.is_idle());
    assert_turn(bench.connection.cut(Cut::Fin), None, Some(End::IdleClosed));
}

#[test]
fn an_announced_close_is_clean_in_both_books() {
    let mut bench = Bench::connected(Population::Busy);
    let turn = bench.request().octets(&answer("Connection: close\r\n", &format!("{ID} r0 77 0\n")));
    assert_turn(turn, Some(Fate::Announced), None);
    assert!(!bench.connection.is_idle());
    assert_turn(bench.connection.cut(Cut::Fin), None, Some(End::Announced));
}

#[test]
fn an_announced_close_that_does_not_come_is_noted() {
    let mut bench = Bench::connected(Population::Busy);
    bench.request().octets(&answer("Connection: close\r\n", &format!("{ID} r0 77 0\n")));
    assert_turn(bench.connection.expire(at(3), &LIMITS), None, None);
    assert_turn(bench.connection.expire(at(4), &LIMITS), None, Some(End::AnnouncedHeld));
}

#[test]
fn a_request_on_an_announced_connection_is_our_own_fault() {
    let mut bench = Bench::connected(Population::Busy);
    bench.request().octets(&answer("Connection: close\r\n", &format!("{ID} r0 77 0\n")));
    bench.request();
    assert_turn(bench.connection.cut(Cut::Reset), Some(Fate::ClientFault), Some(End::Cut));
}

#[test]
fn a_first_request_dropped_without_an_octet_is_a_fresh_drop() {
    for cut in [Cut::Fin, Cut::Reset] {
        let mut bench = Bench::connected(Population::Busy);
        bench.request();
        assert_turn(bench.connection.cut(cut), Some(Fate::FreshDrop), Some(End::Cut));
    }
}

#[test]
fn a_later_request_dropped_without_an_octet_is_a_keep_alive_race() {
    for cut in [Cut::Fin, Cut::Reset] {
        let mut bench = Bench::used();
        bench.request();
        assert_turn(bench.connection.cut(cut), Some(Fate::KeepAliveRace), Some(End::Cut));
    }
}

#[test]
fn a_cut_within_the_answer_is_truncation_at_every_octet() {
    let whole = right();
    for end in 1..whole.len() {
        let mut bench = Bench::used();
        assert_turn(bench.request().octets(&whole[..end]), None, None);
        assert_turn(bench.connection.cut(Cut::Fin), Some(Fate::Truncated), Some(End::Cut));
    }
}

#[test]
fn a_close_seen_before_writing_costs_nothing_on_a_used_connection() {
    let mut bench = Bench::used();
    let exchange = bench.exchange();
    bench.connection.begin(exchange);
    let turn = bench.connection.cut(Cut::Fin);
    assert_eq!((turn.end, turn.settled.is_none()), (Some(End::IdleClosed), true));
    assert!(turn.returned.is_some_and(|exchange| !exchange.ticket.is_sent()));
}

#[test]
fn a_close_seen_before_writing_is_a_loss_on_a_new_connection() {
    let mut bench = Bench::connected(Population::Fresh);
    let exchange = bench.exchange();
    bench.connection.begin(exchange);
    assert_turn(bench.connection.cut(Cut::Fin), Some(Fate::Unheard), Some(End::Cut));
}

#[test]
fn the_answer_to_another_request_is_crosstalk() {
    let mut bench = Bench::connected(Population::Busy);
    let turn = bench.request().octets(&answer("", "00000001-b-000002-000000-0 r0 77 0\n"));
    assert_turn(turn, Some(Fate::Crosstalk), Some(End::GivenUp));
}

#[test]
fn statuses_are_told_apart() {
    let mut bench = Bench::connected(Population::Busy);
    let turn = bench.request().octets(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    assert_turn(turn, Some(Fate::ServerError), None);
    let turn = bench.request().octets(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_turn(turn, Some(Fate::WrongAnswer), Some(End::GivenUp));
}

#[test]
fn nothing_until_the_deadline_is_stuck() {
    let mut bench = Bench::connected(Population::Busy);
    bench.request();
    assert_turn(bench.connection.expire(at(5), &LIMITS), None, None);
    assert_turn(bench.connection.expire(at(6), &LIMITS), Some(Fate::Stuck), Some(End::GivenUp));
}

#[test]
fn octets_nobody_asked_for_end_the_connection() {
    let mut bench = Bench::used();
    assert_turn(bench.octets(b"HTTP/1.1 408 Timeout\r\n"), None, Some(End::Unasked));

    let mut two = right();
    two.push(b'H');
    let mut bench = Bench::connected(Population::Busy);
    assert_turn(bench.request().octets(&two), Some(Fate::Current), Some(End::Unasked));
}

#[test]
fn a_handshake_that_fails_takes_its_request_along() {
    for (why, expected_fate, expected_end) in [
        (NoConnection::Refused, Fate::Refused, End::Refused),
        (NoConnection::Reset, Fate::ConnectReset, End::ConnectReset),
        (NoConnection::Timeout, Fate::ConnectTimeout, End::ConnectTimeout),
        (NoConnection::Ours, Fate::OurFault, End::OurFault),
    ] {
        let mut bench = Bench::new(Population::Fresh);
        let first = bench.exchange();
        bench.connection.state = State::Connecting(Some(first));
        assert_turn(bench.connection.not_connected(why), Some(expected_fate), Some(expected_end));
    }
}

/// Anything that can happen to a connection, in any order.
#[derive(Debug, Clone)]
enum Happening {
    Connected,
    NotConnected(u8),
    Begin,
    Wrote(usize),
    Right(usize),
    Octets(Vec<u8>),
    Cut(bool),
    Expire(u64),
    CloseIdle,
    Abandon,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => Just(Happening::Connected),
        1 => (0..4u8).prop_map(Happening::NotConnected),
        5 => Just(Happening::Begin),
        5 => (0..200usize).prop_map(Happening::Wrote),
        5 => (1..200usize).prop_map(Happening::Right),
        1 => proptest::collection::vec(any::<u8>(), 1..40).prop_map(Happening::Octets),
        1 => any::<bool>().prop_map(Happening::Cut),
        1 => (0..12u64).prop_map(Happening::Expire),
        1 => Just(Happening::CloseIdle),
        1 => Just(Happening::Abandon),
    ]
}

proptest! {
    /// Whatever happens in whatever order: every request is settled once or comes back unsent, the
    /// connection ends once, and the books close.
    #[test]
    fn any_order_of_happenings_closes_the_books(
        happenings in proptest::collection::vec(happening(), 0..60),
        bound: bool,
        pairs: bool,
    ) {
        let mut bench = Bench::new(Population::Busy);
        if bound {
            let first = bench.exchange();
            bench.connection.state = State::Connecting(Some(first));
        }
        let mut ended = 0;
        let take = |bench: &mut Bench, turn: Turn, ended: &mut u32| {
            for settled in turn.settled.into_iter().chain(turn.more) {
                bench.ledger.settle(settled.exchange.ticket, settled.fate);
            }
            if let Some(returned) = turn.returned {
                assert!(!returned.ticket.is_sent());
                bench.ledger.settle(returned.ticket, Fate::NotSent);
            }
            if let Some(end) = turn.end {
                *ended += 1;
                let link = bench.connection.link.take().expect("a connection ends once");
                bench.ledger.end(link, end);
            }
        };
        for happening in happenings {
            let turn = match happening {
                Happening::Connected => {
                    let first = bench.connection.connected(at(0));
                    if let Some(first) = first {
                        bench.connection.begin(first);
                    }
                    Turn::default()
                }
                Happening::NotConnected(which) => bench.connection.not_connected(
                    [NoConnection::Refused, NoConnection::Reset, NoConnection::Timeout, NoConnection::Ours]
                        [usize::from(which)],
                ),
                Happening::Begin if bench.connection.is_idle() => {
                    let exchange = bench.exchange();
                    bench.connection.begin(exchange);
                    if pairs {
                        let second = bench.exchange();
                        bench.connection.follow(second);
                    }
                    Turn::default()
                }
                Happening::Begin => Turn::default(),
                Happening::Wrote(octets) => {
                    bench.connection.wrote(octets, at(1), &mut bench.ledger);
                    Turn::default()
                }
                Happening::Right(end) => {
                    let whole = right();
                    bench.octets(&whole[..end.min(whole.len())])
                }
                Happening::Octets(octets) => bench.octets(&octets),
                Happening::Cut(fin) => bench.connection.cut(if fin { Cut::Fin } else { Cut::Reset }),
                Happening::Expire(now) => bench.connection.expire(at(now), &LIMITS),
                Happening::CloseIdle => bench.connection.close_idle(),
                Happening::Abandon => bench.connection.abandon(),
            };
            take(&mut bench, turn, &mut ended);
        }
        let turn = bench.connection.abandon();
        take(&mut bench, turn, &mut ended);
        prop_assert_eq!(ended, 1);
        prop_assert_eq!(bench.ledger.close(), Ok(()));
    }
}

#[test]
fn what_is_behind_an_answer_that_closes_is_lost_and_what_was_answered_is_not() {
    let mut bench = Bench::connected(Population::Pipelined);
    let (first, second) = (bench.exchange(), bench.exchange());
    bench.connection.begin(first);
    bench.connection.follow(second);
    bench.connection.wrote(300, at(1), &mut bench.ledger);
    let turn = bench.octets(&right());
    assert_eq!((fate(&turn), turn.more.len(), turn.end), (Some(Fate::Current), 0, None));
    let turn = bench.connection.cut(Cut::Fin);
    assert_turn(turn, Some(Fate::KeepAliveRace), Some(End::Cut));

    let mut bench = Bench::connected(Population::Pipelined);
    let (first, second) = (bench.exchange(), bench.exchange());
    bench.connection.begin(first);
    bench.connection.follow(second);
    bench.connection.wrote(300, at(1), &mut bench.ledger);
    let turn = bench.octets(&[right(), right()].concat());
    assert_eq!((fate(&turn), turn.more.len(), turn.end), (Some(Fate::Current), 1, None));
    assert_eq!(turn.more[0].fate, Fate::Current);
}

#[test]
fn a_websocket_is_told_goodbye_or_cut() {
    let opened = || {
        let mut bench = Bench::connected(Population::WebSocket);
        let mut upgrade = bench.exchange();
        upgrade.expects = upgrade.expects.map(|expects| Expectation { wanted: Wanted::Upgrade, ..expects });
        bench.connection.begin(upgrade);
        bench.connection.expect(Wanted::Upgrade);
        bench.connection.wrote(150, at(1), &mut bench.ledger);
        let turn = bench.octets(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
        assert_eq!((fate(&turn), turn.end), (Some(Fate::Current), None));
        bench
    };
    let close = b"\x88\x02\x03\xe9";
    let mut bench = opened();
    let turn = bench.octets(close);
    assert_eq!(turn.say, closing(1001));
    assert_turn(bench.connection.cut(Cut::Fin), None, Some(End::Announced));
    assert_turn(opened().connection.cut(Cut::Fin), None, Some(End::Abrupt));
    assert_turn(opened().request().octets(close), Some(Fate::Crossed), None);
    assert_turn(opened().request().connection.cut(Cut::Fin), Some(Fate::CutMessage), Some(End::Cut));
}
