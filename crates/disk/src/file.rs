//! A file as the disk has it, as everybody reads it, and what lies between.

use crate::chance::Chance;

/// What a disk writes whole.
pub(crate) const SECTOR_BYTES: usize = 512;
/// What the kernel writes again when a byte of it changes.
const PAGE_SECTORS: usize = 8;

/// A file that somebody opened for writing.
#[derive(Default)]
pub(crate) struct FileState {
    /// What its last sync made sure of.
    durable: Vec<u8>,
    /// What is read from it.
    cached: Vec<u8>,
    /// What was done since its last sync, in order.
    events: Vec<Event>,
    writes: u64,
    /// Its last write was torn: then that is what is seen of the power loss.
    pub(crate) is_torn: bool,
}

enum Event {
    /// A sector as a write left it.
    Sector {
        write: u64,
        sector: usize,
        content: Box<[u8; SECTOR_BYTES]>,
        /// A sync of it failed: the kernel takes it for written and never writes it.
        is_dropped: bool,
    },
    /// A new length; what lay behind it is gone, and what comes between is zeros.
    Length(usize),
}

/// What a power loss did to a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) sectors: usize,
    pub(crate) writes_torn: usize,
}

impl FileState {
    /// A file that lies there, synced.
    pub(crate) fn at_rest(content: Vec<u8>) -> Self {
        Self { durable: content.clone(), cached: content, ..Self::default() }
    }

    pub(crate) fn cached(&self) -> &[u8] {
        &self.cached
    }

    pub(crate) fn wrote(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset.saturating_add(bytes.len());
        if bytes.is_empty() {
            return;
        }
        if end > self.cached.len() {
            self.set_length(end);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        self.writes += 1;
        for sector in offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES) {
            let content = Box::new(self.sector(sector));
            let write = self.writes;
            self.events.push(Event::Sector { write, sector, content, is_dropped: false });
        }
    }

    pub(crate) fn set_length(&mut self, length: usize) {
        if length != self.cached.len() {
            self.cached.resize(length, 0);
            self.events.push(Event::Length(length));
        }
    }

    /// A sync that succeeds.
    pub(crate) fn sync(&mut self) {
        self.take_up_again();
        let events = std::mem::take(&mut self.events);
        let durable = std::mem::take(&mut self.durable);
        let is_kept = |event: &Event| !matches!(event, Event::Sector { is_dropped: true, .. });
        self.durable = replay(durable, &events, usize::MAX, |_, event| is_kept(event));
        self.events = events.into_iter().filter(|event| !is_kept(event)).collect();
    }

    /// A sync that fails: what it should have written is taken for written from now on.
    pub(crate) fn drop_unsynced(&mut self) {
        for event in &mut self.events {
            if let Event::Sector { is_dropped, .. } = event {
                *is_dropped = true;
            }
        }
    }

    /// A page that was dropped and written again is written as a whole.
    fn take_up_again(&mut self) {
        let mut pages = std::collections::BTreeSet::new();
        for event in self.events.iter_mut().rev() {
            let Event::Sector { sector, is_dropped, .. } = event else { continue };
            let page = *sector / PAGE_SECTORS;
            if !*is_dropped {
                pages.insert(page);
            }
            *is_dropped &= !pages.contains(&page);
        }
    }

    /// What a disk may hold when the power fails, and what is lost of it.
    pub(crate) fn after_power_loss(&self, chance: &mut Chance) -> (Vec<u8>, Lost) {
        let count = self.events.len();
        let lengths = self.events.iter().filter(|event| matches!(event, Event::Length(_))).count();
        let way = if self.is_torn { Way::Everything } else { Way::by(chance) };
        let first = chance.below(count + 1);
        let before = |end: usize| {
            let events = self.events.iter().take(end);
            events.filter(|event| matches!(event, Event::Length(_))).count()
        };
        let lengths_kept = match way {
            Way::Nothing => 0,
            Way::Everything => lengths,
            Way::First => before(first),
            Way::Writes | Way::Sectors => chance.below(lengths + 1),
        };
        let mut coins = chance.clone();
        let (mut write_before, mut is_write_kept) = (0, false);
        let kept: Vec<bool> = (0..)
            .zip(&self.events)
            .map(|(index, event)| {
                let Event::Sector { write, is_dropped, .. } = event else { return true };
                if *write != write_before {
                    (write_before, is_write_kept) = (*write, coins.coin());
                }
                let is_kept = match way {
                    Way::Nothing => false,
                    Way::Everything => true,
                    Way::First => index < first,
                    Way::Writes => is_write_kept,
                    Way::Sectors => coins.coin(),
                };
                is_kept && !is_dropped
            })
            .collect();
        let content =
            replay(self.durable.clone(), &self.events, lengths_kept, |index, _| kept[index]);
        (content, self.lost(&kept))
    }

    fn lost(&self, kept: &[bool]) -> Lost {
        let mut of_writes = std::collections::BTreeMap::new();
        for (event, is_kept) in self.events.iter().zip(kept) {
            if let Event::Sector { write, .. } = event {
                let (kept, lost) = of_writes.entry(*write).or_insert((0_usize, 0_usize));
                *(if *is_kept { kept } else { lost }) += 1;
            }
        }
        let torn = of_writes.values().filter(|(kept, lost)| *kept > 0 && *lost > 0).count();
        Lost { sectors: of_writes.values().map(|(_, lost)| lost).sum(), writes_torn: torn }
    }

    fn sector(&self, sector: usize) -> [u8; SECTOR_BYTES] {
        let mut content = [0; SECTOR_BYTES];
        let start = sector * SECTOR_BYTES;
        let there = self.cached.get(start..).unwrap_or_default();
        let there = &there[..there.len().min(SECTOR_BYTES)];
        content[..there.len()].copy_from_slice(there);
        content
    }
}

/// How much of what was not synced a disk happens to hold.
#[derive(Clone, Copy)]
enum Way {
    Nothing,
    Everything,
    /// What came first, up to the midst of a write.
    First,
    /// Some writes, in any order.
    Writes,
    /// Some sectors of each write, in any order.
    Sectors,
}

impl Way {
    fn by(chance: &mut Chance) -> Self {
        match chance.below(5) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 => Self::First,
            3 => Self::Writes,
            _ => Self::Sectors,
        }
    }
}

/// Does again what is kept. Lengths hold in their order, up to one of them. A sector that came
/// behind a cut which did not hold has no place.
fn replay(
    mut image: Vec<u8>,
    events: &[Event],
    lengths_kept: usize,
    is_kept: impl Fn(usize, &Event) -> bool,
) -> Vec<u8> {
    let (mut length, mut lengths, mut cut) = (image.len(), 0, usize::MAX);
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Length(new) if lengths < lengths_kept => {
                image.resize(*new, 0);
                (length, lengths) = (*new, lengths + 1);
            }
            Event::Length(new) => cut = cut.min(*new),
            Event::Sector { sector, content, .. } => {
                let start = sector * SECTOR_BYTES;
                let end = start + SECTOR_BYTES;
                if start >= cut || !is_kept(index, event) {
                    continue;
                }
                if image.len() < end {
                    image.resize(end, 0);
                }
                image[start..end].copy_from_slice(content.as_slice());
            }
        }
    }
    image.resize(length, 0);
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(file: &FileState) -> std::collections::BTreeSet<Vec<u8>> {
        (0..400).map(|seed| file.after_power_loss(&mut Chance::of(seed)).0).collect()
    }

    fn filled(bytes: &[u8]) -> Vec<u8> {
        bytes.iter().flat_map(|byte| [*byte; SECTOR_BYTES]).collect()
    }

    #[test]
    fn what_was_synced_stays() {
        let mut file = FileState::default();
        file.wrote(0, &filled(b"abc"));
        file.sync();
        assert_eq!(outcomes(&file), [filled(b"abc")].into());
    }

    #[test]
    fn two_writes_may_reach_the_disk_in_any_order() {
        let mut file = FileState::at_rest(filled(b"ab"));
        file.wrote(0, &filled(b"A"));
        file.wrote(SECTOR_BYTES, &filled(b"B"));
        let all = [b"ab", b"Ab", b"aB", b"AB"].map(|bytes| filled(bytes));
        assert_eq!(outcomes(&file), all.into());
    }

    #[test]
    fn a_write_tears_between_sectors_and_never_within() {
        let mut file = FileState::at_rest(filled(b"ab"));
        file.wrote(0, &filled(b"AB"));
        assert_eq!(outcomes(&file), [b"ab", b"Ab", b"aB", b"AB"].map(|b| filled(b)).into());
        let mut file = FileState::at_rest(filled(b"a"));
        file.wrote(10, b"xyz");
        assert_eq!(outcomes(&file).len(), 2);
    }

    #[test]
    fn a_length_may_come_without_what_fills_it() {
        let mut file = FileState::at_rest(filled(b"a"));
        file.wrote(SECTOR_BYTES, &filled(b"b"));
        assert_eq!(outcomes(&file), [filled(b"a"), filled(b"ab"), filled(b"a\0")].into());
    }

    #[test]
    fn what_follows_a_cut_is_not_there_without_the_cut() {
        let mut file = FileState::at_rest(filled(b"ab"));
        file.set_length(0);
        file.wrote(0, &filled(b"x"));
        let all = [b"ab".as_slice(), b"", b"x", b"\0"].map(filled);
        assert_eq!(outcomes(&file), all.into());
    }

    #[test]
    fn a_failed_sync_drops_what_it_should_have_written() {
        let mut file = FileState::at_rest(filled(b"a"));
        file.wrote(0, &filled(b"b"));
        file.drop_unsynced();
        file.sync();
        assert_eq!(file.cached(), filled(b"b"));
        assert_eq!(outcomes(&file), [filled(b"a")].into(), "a later sync does not know of it");
        file.wrote(0, b"c");
        file.sync();
        assert_eq!(outcomes(&file), [file.cached().to_vec()].into(), "its page is written again");
    }
}
