//! To come.

use crate::tests;

tests![];
