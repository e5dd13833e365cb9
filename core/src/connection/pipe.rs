//! Passing on what one connection gets to another, as fast as that one takes it (CONN-22).

use std::rc::Rc;

use super::{Connection, Sent};
use crate::protocol::{Encode, Protocol};

impl<P: Protocol> Connection<P> {
    /// Sends each message that comes here to `to`, in its protocol, and closes it when this one closes. While the
    /// send buffer of `to` is full, nothing is read here, so the back-pressure reaches the peer. For both
    /// directions, pipe both ways.
    ///
    /// `convert` turns a message of this protocol into one of the other; for bytes that is
    /// `|bytes| bytes.to_vec()`. Takes the place of `on_message` and `on_close` here, and of `on_buffer_full` and
    /// `on_buffer_drain` there (CONN-22).
    pub fn pipe<Q, T>(&self, to: &Connection<Q>, convert: impl for<'a> Fn(P::Message<'a>) -> T + 'static)
    where
        Q: Protocol + Encode<T>,
    {
        let target = to.clone();
        self.on_message(move |from, message| {
            if target.send(convert(message)) == Sent::Refused {
                // The buffer of a target that is open is never full here: it pauses us before that.
                from.close();
            }
        });
        let target = to.clone();
        self.on_close(move |_| target.close());
        let source = Rc::downgrade(&self.served);
        to.on_buffer_full(move |_| source.upgrade().into_iter().for_each(|served| served.pause()));
        let source = Rc::downgrade(&self.served);
        to.on_buffer_drain(move |_| source.upgrade().into_iter().for_each(|served| served.resume()));
    }
}
