//! What a running server says of itself: gathered by the master, shown by the commands `status` and `connections`.

mod snapshot;
mod table;

pub(crate) use snapshot::{
    Busy, Connections, Exits, SCHEMA, ServiceRow, SlotRow, Snapshot, Totals, WorkerRow,
};
pub(crate) use table::{connections, status};
