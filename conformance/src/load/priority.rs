//! The server's share of the processor.

use std::io;

use rustix::process::{Pid, setpriority_process};

use crate::testee::Testee;

/// Makes the testee's processes nicer than the driver, and with them all that they start later.
///
/// A client on a machine of its own answers at once. On a machine shared with the server it competes for
/// the processor, the two fall into step, and what a busy server loses stays unseen: measured with nginx
/// on two cores under other load, 3 of 10 reloads showed losses at equal priority, 9 at this one. It also
/// keeps triggers on time.
///
/// # Errors
/// When the system refuses; a process that is gone meanwhile is no error.
pub fn yield_to_driver(testee: &Testee, nice: u8) -> io::Result<()> {
    // Twice: a worker may have been started by a master that was not nice yet.
    for _ in 0..2 {
        for process in testee.tree() {
            let Some(pid) = Pid::from_raw(process.pid.as_raw()) else { continue };
            match setpriority_process(Some(pid), i32::from(nice)) {
                Err(error) if error != rustix::io::Errno::SRCH => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(())
}
