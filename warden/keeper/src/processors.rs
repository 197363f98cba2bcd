//! The host processors that each sandbox starts on. Programs count the processors that they may run on, so a sandbox
//! with a quota of two processors starts on two. A workload that widens the set gains nothing: its quota stays the
//! same.

use crate::read;
use bulkhead_order::Offer;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

pub struct Processors {
    /// The processors that the broker itself may run on.
    allowed: Vec<u32>,
    /// The number of sandboxes on each of them.
    sandboxes: Rc<RefCell<Vec<u32>>>,
    /// Where the search starts: brokers do not know of each other, and must not all start with the same processor.
    first: Cell<usize>,
    described: OnceCell<Vec<(u32, String)>>,
}

/// The processors that one sandbox occupies, until this is dropped.
pub struct Share {
    sandboxes: Rc<RefCell<Vec<u32>>>,
    taken: Vec<usize>,
}

impl Processors {
    pub fn find() -> Self {
        let allowed = bulkhead_sys::affinity(0).unwrap_or_default();
        let sandboxes = Rc::new(RefCell::new(vec![0; allowed.len()]));
        let first = Cell::new(std::process::id() as usize);
        Self { allowed, sandboxes, first, described: OnceCell::new() }
    }

    /// Processors for a sandbox that needs this many. The sandbox chooses among them when it is ready, near the one it
    /// runs on by then.
    pub fn offer(&self, milli_cpus: u64) -> Offer {
        let wanted = usize::try_from(milli_cpus.div_ceil(1000)).unwrap_or(usize::MAX);
        let all = self.allowed.len();
        if wanted >= all {
            return Offer::default();
        }
        let first = self.first.replace(self.first.get().wrapping_add(wanted)) % all;
        let mut order: Vec<usize> = (first..all).chain(0..first).collect();
        let sandboxes = self.sandboxes.borrow();
        order.sort_by_key(|&index| sandboxes.get(index).copied());
        let of = |index: usize| sandboxes.get(index).copied();
        let equal = order.iter().take_while(|&&index| of(index) == order.first().and_then(|&least| of(least))).count();
        order.truncate(wanted.max(equal));
        let narrow = |count: usize| u32::try_from(count).unwrap_or(0);
        Offer {
            wanted: narrow(wanted),
            equal: narrow(equal),
            processors: order.iter().filter_map(|&index| self.allowed.get(index).copied()).collect(),
        }
    }

    /// Counts the processors that a sandbox chose.
    pub fn settled(&self, pid: i32) -> Option<Share> {
        let chosen = bulkhead_sys::affinity(pid).ok()?;
        if chosen.len() >= self.allowed.len() {
            return None;
        }
        let taken: Vec<usize> =
            (0..).zip(&self.allowed).filter(|(_, one)| chosen.contains(one)).map(|(at, _)| at).collect();
        for &index in &taken {
            if let Some(count) = self.sandboxes.borrow_mut().get_mut(index) {
                *count += 1;
            }
        }
        Some(Share { sandboxes: Rc::clone(&self.sandboxes), taken })
    }

    /// Each processor's block of /proc/cpuinfo, read once: on a large host the kernel asks every processor for its
    /// frequency.
    pub fn described(&self) -> &[(u32, String)] {
        self.described.get_or_init(|| {
            let text = read::text("/proc/cpuinfo").unwrap_or_default();
            let number =
                |block: &str| block.lines().next()?.strip_prefix("processor")?.split(':').nth(1)?.trim().parse().ok();
            text.split("\n\n").filter_map(|block| Some((number(block)?, block.to_owned()))).collect()
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut sandboxes = self.sandboxes.borrow_mut();
        for &index in &self.taken {
            if let Some(count) = sandboxes.get_mut(index) {
                *count = count.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: u32) -> Processors {
        let sandboxes = Rc::new(RefCell::new(vec![0; count as usize]));
        Processors { allowed: (0..count).collect(), sandboxes, first: Cell::new(1), described: OnceCell::new() }
    }

    #[test]
    fn the_quietest_come_first_and_in_turn() {
        let processors = of(4);
        assert_eq!(processors.offer(1000).processors, [1, 2, 3, 0]);
        let Offer { wanted, equal, processors: offered } = processors.offer(1001);
        assert_eq!((wanted, equal, offered), (2, 4, vec![2, 3, 0, 1]));
        *processors.sandboxes.borrow_mut() = vec![1, 0, 1, 0];
        let Offer { wanted, equal, processors: offered } = processors.offer(1001);
        assert_eq!((wanted, equal, offered), (2, 2, vec![1, 3]));
    }

    #[test]
    fn whoever_needs_all_is_bound_to_none() {
        assert_eq!(of(2).offer(1001), Offer::default());
        assert_eq!(of(0).offer(10), Offer::default());
    }

    #[test]
    fn each_processor_is_described_once() {
        let processors = Processors::find();
        let described = processors.described();
        assert!(processors.allowed.iter().all(|number| described.iter().filter(|(one, _)| one == number).count() == 1));
    }
}
