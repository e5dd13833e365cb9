//! `--mix`: how many clients of which kind.

use std::net::SocketAddr;
use std::str::FromStr;

use workerspec_conformance::load::{Group, LoadPlan, Population};

/// A mix as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mix {
    /// Some of everything that the server has.
    All,
    /// These kinds and no others.
    Of(Vec<Share>),
}

/// Clients of one kind: `KIND=CONNECTIONS`, `KIND=CONNECTIONS@PER-SECOND` or `KIND=@PER-SECOND`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share {
    population: Population,
    connections: usize,
    rate: Option<f64>,
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Mix, String> {
        if text == "all" {
            return Ok(Mix::All);
        }
        let mut shares: Vec<Share> = Vec::new();
        for part in text.split(',') {
            let share = share(part)?;
            if shares.iter().any(|known| known.population == share.population) {
                return Err(format!("`{part}`: this kind is named twice"));
            }
            shares.push(share);
        }
        Ok(Mix::Of(shares))
    }
}

fn share(text: &str) -> Result<Share, String> {
    let wrong = |why: &str| format!("`{text}` {why}: write such as http=32, paced=16@500 or fresh=@200");
    let (name, amount) = text.split_once('=').ok_or_else(|| wrong("has no amount"))?;
    let population =
        KINDS.iter().find(|(known, _)| *known == name).map(|(_, population)| *population).ok_or_else(
            || {
                let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
                format!("`{name}` is no kind of client; there are {} and all", known.join(", "))
            },
        )?;
    let (count, rate) = match amount.split_once('@') {
        Some((count, rate)) => (count, Some(rate)),
        None => (amount, None),
    };
    let is_single = matches!(population, Population::Fresh | Population::Unclosed);
    let connections = match count {
        "" if is_single => 0,
        _ => count.parse().map_err(|_| wrong("has no number of connections"))?,
    };
    let rate = rate.map(str::parse::<f64>).transpose().map_err(|_| wrong("has no rate"))?;
    if 20_000 < connections || rate.is_some_and(|rate| !(0.001..=200_000.0).contains(&rate)) {
        return Err(wrong("is out of bounds (20000 connections, 0.001 to 200000 a second)"));
    }
    match (population, connections, rate) {
        (_, 0, Some(_)) if is_single => {}
        _ if is_single => return Err(wrong("opens connections by a rate alone")),
        (Population::Paced, _, None) => return Err(wrong("needs a rate")),
        (Population::Busy | Population::WebSocketIdle | Population::Events, _, Some(_)) => {
            return Err(wrong("has no rate"));
        }
        (_, 0, _) => return Err(wrong("has no connections")),
        _ => {}
    }
    Ok(Share { population, connections, rate })
}

/// What a server has to offer.
pub(crate) struct Offer<'a> {
    /// Where a port of this name listens.
    pub(crate) port: &'a dyn Fn(&str) -> Option<SocketAddr>,
    /// Whether it answers everything of the contract.
    pub(crate) full: bool,
    /// Whether it streams events as the contract has it.
    pub(crate) events: bool,
    /// Whether it is known by its URL alone.
    pub(crate) outside: bool,
}

impl Offer<'_> {
    /// Why there can be no clients of this kind; `None` if there can.
    fn lacks(&self, population: Population) -> Option<String> {
        match population {
            Population::Busy
            | Population::Paced
            | Population::Fresh
            | Population::Unclosed
            | Population::Pipelined => None,
            Population::Events => None,
            _ if self.outside => Some("a server that is known by its URL alone can't be asked for it".into()),
            Population::Slow | Population::Download if !self.full => {
                Some("it needs a testee of the full tier".into())
            }
            _ if (self.port)(population.port()).is_none() => {
                Some(format!("the testee has no port `{}`", population.port()))
            }
            _ => None,
        }
    }
}

/// Makes the mix part of a plan.
///
/// # Errors
/// The server lacks what a kind needs.
pub(crate) fn apply(mix: &Mix, offer: &Offer<'_>, plan: &mut LoadPlan) -> Result<(), String> {
    let shares = match mix {
        Mix::Of(shares) => {
            (plan.busy, plan.paced, plan.rate, plan.fresh_rate) = (0, 0, 0.0, 0.0);
            shares.clone()
        }
        Mix::All => ALL
            .into_iter()
            .filter(|share| share.population != Population::Events || offer.events)
            .filter(|share| offer.lacks(share.population).is_none())
            .collect(),
    };
    for Share { population, connections, rate } in shares {
        if let Some(why) = offer.lacks(population) {
            return Err(format!("--mix {}: {why}", population.short()));
        }
        match population {
            Population::Busy => plan.busy = connections,
            Population::Paced => (plan.paced, plan.rate) = (connections, rate.unwrap_or(0.0)),
            Population::Fresh => plan.fresh_rate = rate.unwrap_or(0.0),
            _ => {
                let address = (offer.port)(population.port()).ok_or("the port http was lost")?;
                plan.groups.push(Group { population, address, connections, rate });
            }
        }
    }
    Ok(())
}

const KINDS: [(&str, Population); 14] = [
    ("http", Population::Busy),
    ("paced", Population::Paced),
    ("fresh", Population::Fresh),
    ("unclosed", Population::Unclosed),
    ("pipelined", Population::Pipelined),
    ("slow", Population::Slow),
    ("upload", Population::Upload),
    ("download", Population::Download),
    ("sse", Population::Events),
    ("https", Population::Https),
    ("websocket", Population::WebSocket),
    ("websocket-idle", Population::WebSocketIdle),
    ("text", Population::Text),
    ("frame", Population::Frame),
];

/// Besides the three of every run.
const ALL: [Share; 10] = [
    Share { population: Population::Pipelined, connections: 4, rate: Some(50.0) },
    Share { population: Population::Slow, connections: 4, rate: None },
    Share { population: Population::Upload, connections: 2, rate: None },
    Share { population: Population::Download, connections: 2, rate: None },
    Share { population: Population::Events, connections: 2, rate: None },
    Share { population: Population::Https, connections: 4, rate: Some(50.0) },
    Share { population: Population::WebSocket, connections: 4, rate: Some(50.0) },
    Share { population: Population::WebSocketIdle, connections: 4, rate: None },
    Share { population: Population::Text, connections: 4, rate: Some(50.0) },
    Share { population: Population::Frame, connections: 4, rate: Some(50.0) },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_connections_and_rates() {
        let Ok(Mix::Of(shares)) = "http=32,paced=16@500,fresh=@200,websocket=8".parse() else {
            panic!("no mix")
        };
        let told: Vec<(usize, Option<f64>)> =
            shares.iter().map(|share| (share.connections, share.rate)).collect();
        assert_eq!(told, [(32, None), (16, Some(500.0)), (0, Some(200.0)), (8, None)]);
    }

    #[test]
    fn what_is_no_share_is_refused_with_what_there_is() {
        for (wrong, says) in [
            ("http", "has no amount"),
            ("spdy=1", "websocket-idle"),
            ("http=x", "no number"),
            ("http=1,http=2", "twice"),
            ("paced=4", "needs a rate"),
            ("text=0", "no connections"),
            ("fresh=3", "rate alone"),
            ("text=1@0", "out of bounds"),
        ] {
            let why = Mix::from_str(wrong).expect_err(wrong);
            assert!(why.contains(says), "{wrong}: {why}");
        }
    }
}
