//! Log lines for programs that set up no logging of their own.

use tracing_subscriber::fmt;

/// Sends events of level info and above to standard error, unless the program has a subscriber.
pub(crate) fn init() {
    let format = fmt::format().with_target(false).compact();
    let _ = fmt().event_format(format).with_ansi(false).with_writer(std::io::stderr).try_init();
}
