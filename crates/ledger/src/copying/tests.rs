//! A copy that fails again and again arrives all the same, and the same.

use std::collections::HashMap;
use std::path::Path;

use scrip_core::WalletKey;

use super::{Chunk, CopyError, Standing, Target, copy};
use crate::conformance::{Given, Made, Making, World, item, reserve_of, wallet};
use crate::embedded::copying::{CopySource, CopyTarget};
use crate::embedded::{Embedded, OpenError, Options, verify};
use crate::slot::{Slot, WalletNumber};
use crate::work::{Settings, StoreError};
use crate::{Ledger as _, Work};

/// How many things are carried in one commit.
const CHUNK: usize = 3;

/// A target that refuses what comes after so many chunks.
struct Failing {
    target: CopyTarget,
    left: usize,
}

impl Target for Failing {
    const IS_WITHOUT_GAPS: bool = CopyTarget::IS_WITHOUT_GAPS;

    fn standing(&self) -> Result<Standing, StoreError> {
        self.target.standing()
    }

    fn all_slots(&self) -> Result<Option<HashMap<WalletNumber, Slot>>, StoreError> {
        self.target.all_slots()
    }

    fn slot(&self, key: &WalletKey) -> Result<Option<Slot>, StoreError> {
        self.target.slot(key)
    }

    fn write(&mut self, chunk: &Chunk<'_>, progress: &[u8]) -> Result<(), StoreError> {
        let Some(left) = self.left.checked_sub(1) else { return Err(StoreError::DiskFull) };
        self.left = left;
        self.target.write(chunk, progress)
    }

    fn finish(
        &mut self,
        secret: Option<[u8; 32]>,
        frozen: &[(WalletNumber, String)],
    ) -> Result<(), StoreError> {
        self.target.finish(secret, frozen)
    }
}

async fn fill(directory: &Path) {
    let opened = Embedded::open(directory, Options::default(), |_, _| {}).unwrap();
    let make = |_: Given| -> Making {
        let ledger = opened.clone();
        Box::pin(async { Made { ledger, follows_given_clock: false, keep: Box::new(()) } })
    };
    let world = World::with(&make, Settings::default()).await;
    for name in ["ann/gold", "bob/silver", "ann/gold/r1"] {
        let key = wallet(name);
        world.grant(&key, "main", "50").await;
        world.done(Work::Reserve(Box::new(reserve_of(&key, "job", "5")))).await;
        for n in 0..4 {
            world.done(Work::Consume(Box::new(item(&key, &format!("k{n}"), "2")))).await;
        }
    }
    opened.close().await;
}

#[tokio::test]
async fn whatever_ends_a_copy_it_goes_on() {
    let source = tempfile::tempdir().unwrap();
    fill(source.path()).await;
    let expected = verify(source.path(), |_, _| {}).unwrap();
    let target = tempfile::tempdir().unwrap();
    let to = target.path().join("copy");
    let mut runs = 0;
    let copied = loop {
        let from = CopySource::open(source.path()).unwrap();
        let mut failing = Failing { target: CopyTarget::open(&to).unwrap(), left: runs % 3 };
        runs += 1;
        match copy(&from, &mut failing, CHUNK, |_, _| {}) {
            Ok(copied) => break copied,
            Err(CopyError::Target(StoreError::DiskFull)) => {}
            Err(error) => panic!("{error}"),
        }
        drop(failing);
        if runs > 2 {
            let refused = Embedded::open(&to, Options::default(), |_, _| {}).err();
            assert!(matches!(refused, Some(OpenError::Unfinished { .. })), "{refused:?}");
        }
    };
    assert!(runs > 5, "{runs} runs");
    assert_eq!(copied.rows, expected.rows);
    let again = verify(&to, |_, _| {}).unwrap();
    assert_eq!((again.rows, again.chains), (expected.rows, expected.chains));
    Embedded::open(&to, Options::default(), |_, _| {}).unwrap().close().await;
}

#[tokio::test]
async fn what_is_not_empty_is_left_alone() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(one.path()).await;
    fill(other.path()).await;
    let from = CopySource::open(one.path()).unwrap();
    let mut to = CopyTarget::open(other.path()).unwrap();
    let refused = copy(&from, &mut to, CHUNK, |_, _| {});
    assert!(matches!(refused, Err(CopyError::NotEmpty)), "{refused:?}");
}

#[tokio::test]
async fn an_unfinished_copy_of_another_store_is_not_gone_on_with() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(one.path()).await;
    fill(other.path()).await;
    let target = tempfile::tempdir().unwrap();
    let from = CopySource::open(one.path()).unwrap();
    let mut failing = Failing { target: CopyTarget::open(target.path()).unwrap(), left: 2 };
    assert!(copy(&from, &mut failing, CHUNK, |_, _| {}).is_err());
    failing.left = usize::MAX;
    let another = CopySource::open(other.path()).unwrap();
    let refused = copy(&another, &mut failing, CHUNK, |_, _| {});
    assert!(matches!(refused, Err(CopyError::OfAnother)), "{refused:?}");
    copy(&from, &mut failing, CHUNK, |_, _| {}).unwrap();
}
