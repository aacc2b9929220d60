//! Threads that give way to whoever answers requests.

/// How much less they are to the kernel, as `nice` counts it. One of them that never rests gets a tenth of a
/// processor that somebody else wants too, and whoever wakes up goes before it at once; otherwise a
/// request would wait until the kernel takes the processor from it, some milliseconds.
#[cfg(target_os = "linux")]
const LESS: i32 = 10;

/// From now on this thread gives way. It may still use whatever processor is free.
#[cfg(target_os = "linux")]
pub(super) fn give_way() {
    // Asked to be less, the kernel has no reason to refuse; where it does, requests wait a little.
    if let Err(error) = rustix::process::nice(LESS) {
        tracing::debug!(%error, "a thread does not give way");
    }
}

/// Elsewhere it would be the whole process.
#[cfg(not(target_os = "linux"))]
pub(super) const fn give_way() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn only_the_thread_that_asks_gives_way() {
        let own = getpriority_process(None).unwrap();
        let other = std::thread::spawn(|| {
            give_way();
            getpriority_process(None).unwrap()
        });
        assert_eq!(other.join().unwrap(), (own + LESS).min(19));
        assert_eq!(getpriority_process(None).unwrap(), own);
    }
}
