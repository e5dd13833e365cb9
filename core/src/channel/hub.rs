//! Who gets what: subscriptions and queues, without a socket in sight.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::message::{Delivery, Request};

/// A client, by its connection's number.
pub(super) type ClientId = u64;

/// What is waiting in all queues together, in bytes of JSON. More is refused.
const MAX_WAITING: usize = 64 * 1024 * 1024;

/// Subscriptions, queues, and what is being worked on.
#[derive(Debug, Default)]
pub(super) struct Hub {
    subscribers: BTreeMap<String, BTreeSet<ClientId>>,
    queues: BTreeMap<String, Queue>,
    /// Handed out and not done with.
    taken: BTreeMap<u64, (ClientId, String, Message)>,
    last: u64,
    /// Bytes of what waits.
    waiting: usize,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    watchers: BTreeSet<ClientId>,
    /// Who may have a message, the oldest first.
    credits: VecDeque<ClientId>,
}

#[derive(Debug, Clone)]
struct Message {
    data: Value,
    size: usize,
}

/// What is to be sent to whom.
pub(super) type Deliveries = Vec<(ClientId, Delivery)>;

impl Hub {
    /// Does what a client asks; `size` is that of the request.
    pub(super) fn serve(&mut self, client: ClientId, request: Request, size: usize) -> Deliveries {
        let mut out = Vec::new();
        match request {
            Request::Subscribe { channels } => channels.into_iter().for_each(|channel| {
                self.subscribers.entry(channel).or_default().insert(client);
            }),
            Request::Unsubscribe { channels } => {
                channels.iter().for_each(|channel| self.unsubscribe(client, channel));
            }
            Request::Publish { channels, data } => {
                for channel in channels {
                    let subscribers = self.subscribers.get(&channel).into_iter().flatten();
                    out.extend(subscribers.map(|subscriber| {
                        (*subscriber, Delivery::Event { channel: channel.clone(), data: data.clone() })
                    }));
                }
            }
            Request::Watch { channels } => channels.into_iter().for_each(|channel| {
                self.queues.entry(channel).or_default().watchers.insert(client);
            }),
            Request::Unwatch { channels } => {
                channels.iter().for_each(|channel| self.unwatch(client, channel));
            }
            Request::Enqueue { channels, data } => {
                for channel in channels {
                    if MAX_WAITING < self.waiting + size {
                        out.push((client, Delivery::Refused { channel }));
                        continue;
                    }
                    let queue = self.queues.entry(channel.clone()).or_default();
                    queue.messages.push_back(Message { data: data.clone(), size });
                    self.waiting += size;
                    self.hand_out(&channel, &mut out);
                }
            }
            Request::Reserve { channels } => self.reserve(client, channels, &mut out),
            Request::Done { id } => {
                self.take_back(client, id);
            }
            Request::Back { id } => {
                if let Some((channel, message)) = self.take_back(client, id) {
                    self.put_first(&channel, message);
                    self.hand_out(&channel, &mut out);
                }
            }
        }
        out
    }

    /// Forgets a client. What it had and was not done with goes back to the front of its queue.
    pub(super) fn leave(&mut self, client: ClientId) -> Deliveries {
        self.subscribers.retain(|_, subscribers| {
            subscribers.remove(&client);
            !subscribers.is_empty()
        });
        let watched: Vec<String> = self.queues.keys().cloned().collect();
        watched.iter().for_each(|channel| self.unwatch(client, channel));
        let held: Vec<u64> =
            self.taken.iter().filter(|(_, (holder, ..))| *holder == client).map(|(id, _)| *id).collect();
        let mut touched = BTreeSet::new();
        for id in held.into_iter().rev() {
            let Some((channel, message)) = self.take_back(client, id) else { continue };
            self.put_first(&channel, message);
            touched.insert(channel);
        }
        let mut out = Vec::new();
        touched.iter().for_each(|channel| self.hand_out(channel, &mut out));
        out
    }

    /// Takes what `client` has been handed under `id`.
    fn take_back(&mut self, client: ClientId, id: u64) -> Option<(String, Message)> {
        self.taken.get(&id).filter(|(holder, ..)| *holder == client)?;
        self.taken.remove(&id).map(|(_, channel, message)| (channel, message))
    }

    fn put_first(&mut self, channel: &str, message: Message) {
        self.waiting += message.size;
        self.queues.entry(channel.to_owned()).or_default().messages.push_front(message);
    }

    fn unsubscribe(&mut self, client: ClientId, channel: &str) {
        if let Some(subscribers) = self.subscribers.get_mut(channel) {
            subscribers.remove(&client);
            if subscribers.is_empty() {
                self.subscribers.remove(channel);
            }
        }
    }

    fn unwatch(&mut self, client: ClientId, channel: &str) {
        if let Some(queue) = self.queues.get_mut(channel) {
            queue.watchers.remove(&client);
            queue.credits.retain(|holder| *holder != client);
            if queue.watchers.is_empty() && queue.messages.is_empty() {
                self.queues.remove(channel);
            }
        }
    }

    fn reserve(&mut self, client: ClientId, channels: Option<Vec<String>>, out: &mut Deliveries) {
        let watched = |queue: &Queue| queue.watchers.contains(&client);
        let channels = channels.unwrap_or_else(|| {
            self.queues.iter().filter(|(_, queue)| watched(queue)).map(|(name, _)| name.clone()).collect()
        });
        for channel in channels {
            if let Some(queue) = self.queues.get_mut(&channel).filter(|queue| watched(queue)) {
                queue.credits.push_back(client);
                self.hand_out(&channel, out);
            }
        }
    }

    /// A message for each credit, as long as there are both.
    fn hand_out(&mut self, channel: &str, out: &mut Deliveries) {
        let Some(queue) = self.queues.get_mut(channel) else { return };
        while let Some(client) = queue.credits.front().copied() {
            let Some(message) = queue.messages.pop_front() else { break };
            queue.credits.pop_front();
            self.waiting -= message.size;
            self.last += 1;
            let (channel, data) = (channel.to_owned(), message.data.clone());
            self.taken.insert(self.last, (client, channel.clone(), message));
            out.push((client, Delivery::Queue { channel, data, id: self.last }));
        }
        if queue.watchers.is_empty() && queue.messages.is_empty() {
            self.queues.remove(channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn queued(deliveries: &Deliveries) -> Vec<(ClientId, &Value)> {
        deliveries
            .iter()
            .filter_map(|(client, delivery)| match delivery {
                Delivery::Queue { data, .. } => Some((*client, data)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn an_event_goes_once_to_each_subscriber_the_publisher_too() {
        // CHAN-4
        let mut hub = Hub::default();
        for client in [1, 2, 2] {
            hub.serve(client, Request::Subscribe { channels: names(&["a", "b"]) }, 0);
        }
        hub.serve(1, Request::Unsubscribe { channels: names(&["b"]) }, 0);
        let publish = |hub: &mut Hub, channels: &[&str]| {
            let out = hub.serve(2, Request::Publish { channels: names(channels), data: 7.into() }, 0);
            out.into_iter().map(|(client, _)| client).collect::<Vec<_>>()
        };
        assert_eq!(publish(&mut hub, &["a", "b", "nobody"]), [1, 2, 2]);
        hub.leave(2);
        assert_eq!(publish(&mut hub, &["a", "b"]), [1]);
    }

    #[test]
    fn a_message_goes_to_the_oldest_credit_and_back_if_its_holder_leaves() {
        // CHAN-6, CHAN-7
        let mut hub = Hub::default();
        let enqueue = |hub: &mut Hub, data: u64| {
            hub.serve(9, Request::Enqueue { channels: names(&["q"]), data: data.into() }, 10)
        };
        assert!(enqueue(&mut hub, 1).is_empty());
        for client in [1, 2] {
            hub.serve(client, Request::Watch { channels: names(&["q", "r"]) }, 0);
        }
        // One credit on each queue that is watched.
        let got = hub.serve(1, Request::Reserve { channels: None }, 0);
        assert_eq!(queued(&got), [(1, &1.into())]);
        hub.serve(2, Request::Reserve { channels: None }, 0);
        let got = hub.serve(9, Request::Enqueue { channels: names(&["r"]), data: 5.into() }, 10);
        assert_eq!(queued(&got), [(1, &5.into())]);
        // Both are with 1, who leaves: the first goes to 2, whose credit waits; the other waits.
        let got = hub.leave(1);
        let mut again = queued(&got);
        again.sort_unstable_by_key(|(_, data)| data.as_u64());
        assert_eq!(again, [(2, &1.into()), (2, &5.into())]);
        hub.serve(2, Request::Done { id: 3 }, 0);
        hub.serve(2, Request::Done { id: 4 }, 0);
        assert!(hub.leave(2).is_empty());
        assert!(hub.queues.is_empty() && hub.taken.is_empty() && hub.waiting == 0);
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let mut hub = Hub::default();
        let enqueue = |hub: &mut Hub| {
            hub.serve(1, Request::Enqueue { channels: names(&["q"]), data: Value::Null }, MAX_WAITING / 2)
        };
        assert!(enqueue(&mut hub).is_empty() && enqueue(&mut hub).is_empty());
        assert_eq!(enqueue(&mut hub), [(1, Delivery::Refused { channel: "q".into() })]);
    }

    proptest! {
        /// Each message of a queue is with one consumer or waits, in the order it came, whatever happens.
        #[test]
        fn no_message_is_lost_or_doubled(steps in prop::collection::vec((0u8..5, 0u64..3), 0..60)) {
            let (mut hub, mut sent, mut done) = (Hub::default(), 0u64, Vec::new());
            let mut holding: Vec<(u64, ClientId, u64)> = Vec::new();
            for (step, client) in steps {
                let q = || names(&["q"]);
                let out = match step {
                    0 => { sent += 1; hub.serve(99, Request::Enqueue { channels: q(), data: sent.into() }, 1) }
                    1 => hub.serve(client, Request::Watch { channels: q() }, 0),
                    2 => hub.serve(client, Request::Reserve { channels: Some(q()) }, 0),
                    3 => match holding.iter().position(|(_, holder, _)| *holder == client) {
                        Some(at) => {
                            let (id, _, data) = holding.remove(at);
                            done.push(data);
                            hub.serve(client, Request::Done { id }, 0)
                        }
                        None => Vec::new(),
                    },
                    _ => { holding.retain(|(_, holder, _)| *holder != client); hub.leave(client) }
                };
                for (client, delivery) in out {
                    if let Delivery::Queue { id, data, .. } = delivery {
                        holding.push((id, client, data.as_u64().expect("a number")));
                    }
                }
                let waiting = hub.queues.get("q").map_or(0, |queue| queue.messages.len());
                prop_assert_eq!(sent as usize, done.len() + holding.len() + waiting);
                prop_assert_eq!(hub.waiting, waiting);
                prop_assert_eq!(hub.taken.len(), holding.len());
                let mut all: Vec<u64> = done.iter().copied().chain(holding.iter().map(|(.., data)| *data)).collect();
                all.sort_unstable();
                let count = all.len();
                all.dedup();
                prop_assert_eq!(all.len(), count);
            }
        }
    }
}
