//! The system calls that have no safe wrapper in std, nix, mio or socket2. Nothing above this module
//! uses unsafe.
//!
//! What it supplies: [`spawn::Spawn`] (fork and exec with chosen descriptors), [`exclusive`] (a listener
//! that wakes one worker and not all), [`inherited`] (descriptors that an exec brought along),
//! [`pidfd`] (a process that can't turn
//! into another), [`shared`] (memory that master and workers see alike).

pub(crate) mod exclusive;
pub(crate) mod inherited;
pub(crate) mod pidfd;
pub(crate) mod shared;
pub(crate) mod spawn;
