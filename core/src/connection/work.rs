use std::fmt;
use std::rc::Rc;

use super::Connection;
use super::served::Served;
use crate::protocol::Protocol;

/// A message that is still being worked on, after its callback has returned.
///
/// While it lives, a worker that drains neither says goodbye to the connection nor hands it over, and a peer that has
/// half-closed is still answered; the drain timeout ends it all the same. HTTP needs none: a request that
/// was not answered is work by itself. Dropping it lets the connection go on as it would have.
///
/// ```no_run
/// # use std::time::Duration;
/// # use workerspec_core::{Service, Timer};
/// Service::text("127.0.0.1:5678").on_message(|conn, line| {
///     let work = conn.work();
///     let answer = line.to_vec();
///     Timer::after(Duration::from_secs(1), move || {
///         work.connection().send(answer);
///     });
/// });
/// ```
///
/// Workers only. Workerman has nothing like it: a reload cuts what is worked on (SF-1).
pub struct Work<P: Protocol> {
    served: Rc<Served<P>>,
}

impl<P: Protocol> Connection<P> {
    /// Says that what came last is still being worked on, until the value is dropped.
    #[must_use = "the work is over when the value is dropped"]
    pub fn work(&self) -> Work<P> {
        self.served.works.set(self.served.works.get() + 1);
        Work { served: Rc::clone(&self.served) }
    }
}

impl<P: Protocol> Work<P> {
    /// Whose message it is.
    pub fn connection(&self) -> Connection<P> {
        Connection { served: Rc::clone(&self.served) }
    }
}

impl<P: Protocol> Drop for Work<P> {
    fn drop(&mut self) {
        let left = self.served.works.get() - 1;
        self.served.works.set(left);
        if left == 0 {
            self.served.look_again();
        }
    }
}

impl<P: Protocol> fmt::Debug for Work<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Work").field("conn", &self.served.id).finish()
    }
}
