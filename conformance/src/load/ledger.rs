//! The books: every request planned is settled once, every connection opened ends once, and the sums agree.

use thiserror::Error;

use crate::load::fate::{End, Fate, Weight};
use crate::load::population::{Method, Population};

/// A planned request that has no fate yet.
///
/// It can't be copied and settling consumes it, so that no request gets two fates; one that is dropped
/// without a fate makes [`Ledger::close`] fail.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Ticket {
    population: Population,
    method: Method,
    sent: bool,
}

impl Ticket {
    /// The population it belongs to.
    pub fn population(&self) -> Population {
        self.population
    }

    /// Its method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Whether an octet of it was handed to the kernel.
    pub fn is_sent(&self) -> bool {
        self.sent
    }
}

/// A connection, or the attempt at one, that has not ended yet; as [`Ticket`].
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Link {
    population: Population,
}

/// Counts of one run.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    planned: u64,
    sent: u64,
    opened: u64,
    contradictions: u64,
    fates: [[[u64; FATES]; METHODS]; POPULATIONS],
    ends: [[u64; ENDS]; POPULATIONS],
}

impl Ledger {
    /// Empty books.
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// Enters a request that is to be sent.
    pub fn plan(&mut self, population: Population, method: Method) -> Ticket {
        self.planned += 1;
        Ticket { population, method, sent: false }
    }

    /// Enters that the first octet of the request was handed to the kernel. A second call changes nothing.
    pub fn sent(&mut self, ticket: &mut Ticket) {
        if !ticket.sent {
            ticket.sent = true;
            self.sent += 1;
        }
    }

    /// Enters what became of the request.
    pub fn settle(&mut self, ticket: Ticket, fate: Fate) {
        if ticket.sent != fate.was_sent() {
            self.contradictions += 1;
        }
        self.fates[ticket.population.index()][ticket.method.index()][fate.index()] += 1;
    }

    /// Enters the attempt at a connection.
    pub fn open(&mut self, population: Population) -> Link {
        self.opened += 1;
        Link { population }
    }

    /// Enters how the connection ended.
    pub fn end(&mut self, link: Link, end: End) {
        self.ends[link.population.index()][end.index()] += 1;
    }

    /// Requests of `population` and `method` with this fate.
    pub fn fate(&self, population: Population, method: Method, fate: Fate) -> u64 {
        self.fates[population.index()][method.index()][fate.index()]
    }

    /// Requests of every population and method with this fate.
    pub fn fate_total(&self, fate: Fate) -> u64 {
        self.fates.iter().flatten().map(|row| row[fate.index()]).sum()
    }

    /// Connections of `population` with this end.
    pub fn ends(&self, population: Population, end: End) -> u64 {
        self.ends[population.index()][end.index()]
    }

    /// Connections of every population with this end.
    pub fn end_total(&self, end: End) -> u64 {
        self.ends.iter().map(|row| row[end.index()]).sum()
    }

    /// Requests whose fate weighs so.
    pub fn weighing(&self, weight: Weight) -> u64 {
        let mut total = 0;
        for population in Population::ALL {
            for method in Method::ALL {
                for fate in Fate::ALL {
                    if fate.weight(method) == weight {
                        total += self.fate(population, method, fate);
                    }
                }
            }
        }
        total
    }

    /// Requests planned so far.
    pub fn planned(&self) -> u64 {
        self.planned
    }

    /// Requests of which at least one octet was handed to the kernel.
    pub fn sent_total(&self) -> u64 {
        self.sent
    }

    /// Connections attempted so far.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// Checks the closing equation: planned = not sent + sent, sent = the sum of the fates, and every
    /// connection has an end.
    ///
    /// # Errors
    /// [`Imbalance`] with all the numbers; the run is then worth nothing, and the fault is this program's.
    pub fn close(&self) -> Result<(), Imbalance> {
        let sum = |sent: bool| -> u64 {
            Fate::ALL.iter().filter(|fate| fate.was_sent() == sent).map(|fate| self.fate_total(*fate)).sum()
        };
        let found = Imbalance {
            planned: self.planned,
            not_sent: sum(false),
            sent: self.sent,
            fates_of_sent: sum(true),
            contradictions: self.contradictions,
            opened: self.opened,
            ended: End::ALL.iter().map(|end| self.end_total(*end)).sum(),
        };
        let closes = found.planned == found.not_sent + found.sent
            && found.sent == found.fates_of_sent
            && found.contradictions == 0
            && found.opened == found.ended;
        if closes { Ok(()) } else { Err(found) }
    }
}

/// The books do not close: requests or connections were lost by the driver itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the books do not close: planned {planned} against not sent {not_sent} + sent {sent}; \
     sent {sent} against fates {fates_of_sent}; contradictions {contradictions}; \
     connections opened {opened} against ended {ended}"
)]
pub struct Imbalance {
    /// Requests planned.
    pub planned: u64,
    /// Requests with a fate that says they were never sent.
    pub not_sent: u64,
    /// Requests of which an octet was handed to the kernel.
    pub sent: u64,
    /// Requests with a fate that says they were sent.
    pub fates_of_sent: u64,
    /// Requests whose fate contradicts whether they were sent.
    pub contradictions: u64,
    /// Connections attempted.
    pub opened: u64,
    /// Connections with an end.
    pub ended: u64,
}

const POPULATIONS: usize = Population::ALL.len();
const METHODS: usize = Method::ALL.len();
const FATES: usize = Fate::ALL.len();
const ENDS: usize = End::ALL.len();

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_without_a_fate_keeps_the_books_open() {
        let mut ledger = Ledger::new();
        let mut ticket = ledger.plan(Population::Busy, Method::Get);
        ledger.sent(&mut ticket);
        drop(ticket);
        let open = ledger.close().expect_err("one request has no fate");
        assert_eq!((open.planned, open.sent, open.fates_of_sent), (1, 1, 0));
    }

    #[test]
    fn a_connection_without_an_end_keeps_the_books_open() {
        let mut ledger = Ledger::new();
        drop(ledger.open(Population::Fresh));
        assert_eq!(ledger.close().map_err(|open| (open.opened, open.ended)), Err((1, 0)));
    }

    #[test]
    fn a_fate_that_contradicts_the_sending_keeps_the_books_open() {
        let mut ledger = Ledger::new();
        let unsent = ledger.plan(Population::Paced, Method::Get);
        ledger.settle(unsent, Fate::Truncated);
        let mut sent = ledger.plan(Population::Paced, Method::Get);
        ledger.sent(&mut sent);
        ledger.settle(sent, Fate::Refused);
        // The sums alone would agree: each error hides the other.
        assert_eq!(ledger.close().map_err(|open| open.contradictions), Err(2));
    }

    /// What may happen next in a random life of the books.
    #[derive(Debug, Clone)]
    enum Step {
        Plan(usize, bool),
        Send(usize),
        Settle(usize, usize),
        Open(usize),
        End(usize, usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..POPULATIONS, any::<bool>()).prop_map(|(population, post)| Step::Plan(population, post)),
            any::<usize>().prop_map(Step::Send),
            (any::<usize>(), 0..FATES).prop_map(|(which, fate)| Step::Settle(which, fate)),
            (0..POPULATIONS).prop_map(Step::Open),
            (any::<usize>(), 0..ENDS).prop_map(|(which, end)| Step::End(which, end)),
        ]
    }

    proptest! {
        #[test]
        fn close_exactly_when_nothing_is_open(steps in proptest::collection::vec(step(), 0..200)) {
            let mut ledger = Ledger::new();
            let (mut tickets, mut links) = (Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::Plan(population, post) => {
                        let method = if post { Method::Post } else { Method::Get };
                        tickets.push(ledger.plan(Population::ALL[population], method));
                    }
                    Step::Send(which) if !tickets.is_empty() => {
                        let at = which % tickets.len();
                        ledger.sent(&mut tickets[at]);
                    }
                    Step::Settle(which, fate) if !tickets.is_empty() => {
                        let at = which % tickets.len();
                        let ticket = tickets.swap_remove(at);
                        // The next fate of the list that agrees with the ticket.
                        let fate = (fate..fate + FATES)
                            .map(|at| Fate::ALL[at % FATES])
                            .find(|fate| fate.was_sent() == ticket.is_sent())
                            .expect("both kinds are in the list");
                        ledger.settle(ticket, fate);
                    }
                    Step::Open(population) => links.push(ledger.open(Population::ALL[population])),
                    Step::End(which, end) if !links.is_empty() => {
                        let at = which % links.len();
                        ledger.end(links.swap_remove(at), End::ALL[end]);
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(ledger.close().is_ok(), tickets.is_empty() && links.is_empty());
            for ticket in tickets {
                let fate = if ticket.is_sent() { Fate::Stuck } else { Fate::NotSent };
                ledger.settle(ticket, fate);
            }
            for link in links {
                ledger.end(link, End::RunOver);
            }
            prop_assert_eq!(ledger.close(), Ok(()));
        }
    }
}
