//! Which lane takes an order: the more orders share a transaction, the less each costs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::flight;
use super::lane::Waiting;
use crate::Work;
use crate::queue::Sender;

/// A lane with this much to do gets no more while another has less.
const BUSY_WEIGHT: usize = 128;
/// Nor does one that has been at it for so long: it may wait for somebody else's lock.
const BUSY_FOR: Duration = Duration::from_millis(50);

/// Where orders enter a lane.
pub struct Door {
    /// What waits there.
    pub sender: Sender<Waiting>,
    /// What the lane took.
    pub taken: Arc<Taken>,
}

/// The weight of what a lane took and has not answered yet, and since when.
#[derive(Default)]
pub struct Taken(Mutex<Option<(usize, Instant)>>);

impl Taken {
    /// Something was taken, or all of it was answered.
    pub fn set(&self, weight: Option<usize>) {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = weight.map(|weight| (weight, Instant::now()));
    }

    fn get(&self) -> Option<(usize, Instant)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    fn is_busy(&self) -> bool {
        let (weight, is_slow) = match self.taken.get() {
            Some((weight, since)) => (weight, since.elapsed() > BUSY_FOR),
            None => (0, false),
        };
        is_slow || self.sender.weight() + weight >= BUSY_WEIGHT
    }
}

/// The first lane that is not busy; else the one of the customer's bucket. What changes records stands
/// alone and may take long, and goes where fewest others do.
pub fn choose<'d>(doors: &'d [Door], work: &Work, bucket: usize) -> Option<&'d Door> {
    if flight::changes_records(work) {
        return doors.last();
    }
    let idle = doors.iter().find(|door| !door.is_busy());
    idle.or_else(|| doors.get(bucket % doors.len().max(1)))
}
