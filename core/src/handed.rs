//! Descriptors that one process hands to another that it starts: in order from number 3 on, with a list
//! of their names in a variable, so that two releases need not agree on a position.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::sys::inherited;
use crate::sys::spawn::Spawn;

/// What is to be handed over.
#[derive(Debug, Default)]
pub(crate) struct Handed<'a> {
    descriptors: Vec<(String, BorrowedFd<'a>)>,
}

impl<'a> Handed<'a> {
    /// One more, under a name without spaces and commas.
    pub(crate) fn and(mut self, name: impl Into<String>, descriptor: BorrowedFd<'a>) -> Self {
        self.descriptors.push((name.into(), descriptor));
        self
    }

    /// The names as the other side reads them.
    pub(crate) fn names(&self) -> String {
        let names: Vec<&str> = self.descriptors.iter().map(|(name, _)| name.as_str()).collect();
        names.join(",")
    }

    /// Gives them to a program that is about to be started.
    pub(crate) fn to(self, spawn: Spawn<'a>) -> Spawn<'a> {
        self.descriptors.into_iter().fold(spawn, |spawn, (_, descriptor)| spawn.hand(descriptor))
    }
}

/// What was handed over, on the other side. What is not asked for is closed.
#[derive(Debug)]
pub(crate) struct Taken {
    descriptors: VecDeque<(String, OwnedFd)>,
}

impl Taken {
    /// Takes all of `names`; each is close-on-exec again.
    ///
    /// # Errors
    /// Where one is not open.
    pub(crate) fn take(names: &str) -> io::Result<Self> {
        let names = names.split(',').filter(|name| !name.is_empty());
        let take = |(number, name): (i32, &str)| Ok((name.to_owned(), inherited::take_fd(number)?));
        let descriptors = (Spawn::FIRST_FD..).zip(names).map(take).collect::<io::Result<_>>()?;
        Ok(Self { descriptors })
    }

    /// The first one of that name.
    pub(crate) fn optional(&mut self, name: &str) -> Option<OwnedFd> {
        let index = self.descriptors.iter().position(|(candidate, _)| candidate == name)?;
        self.descriptors.remove(index).map(|(_, descriptor)| descriptor)
    }

    /// # Errors
    /// `NotFound` where there is none.
    pub(crate) fn required(&mut self, name: &str) -> io::Result<OwnedFd> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("no {name} was handed over"));
        self.optional(name).ok_or_else(missing)
    }

    /// All of that name, in order.
    pub(crate) fn all(&mut self, name: &str) -> Vec<OwnedFd> {
        std::iter::from_fn(|| self.optional(name)).collect()
    }
}
