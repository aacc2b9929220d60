//! What anchors and proofs are made of: the heads of what changed, and the links of chains.

use scrip_core::{Digest, WalletKey, genesis};
use serde_json::Map;

use super::world::{Factory, World, wallet};
use crate::anchors::{
    Anchor, AnchorKey, HeadsBehind, NotProven, Page, Statement, WalletHead, climb, heads_of,
    newest, numbered, pages_of, prove,
};
use crate::{NewRecord, RecordKind, SANDBOX, SYSTEM, Work};

/// Each wallet that changed has its last row, and nothing else has.
pub async fn have_the_heads_of_what_changed(make: &Factory<'_>) {
    let world = World::new(make).await;
    let nothing = world.ledger.heads_behind(0).await.unwrap();
    assert_eq!((nothing.heads.len(), nothing.rows, nothing.is_all), (0, 0, true));
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/gold"));
    world.grant(&ann, "a", "100").await;
    world.grant(&bob, "b", "100").await;
    world.consume(&ann, "k1", "3").await;
    let first = world.heads(0).await;
    // A grant is two rows: that it was made, and that it counts.
    assert_eq!((first.rows, first.is_all), (5, true));
    assert_eq!(first.heads, [world.head(&ann).await, world.head(&bob).await].sorted());
    world.consume(&bob, "k2", "4").await;
    world.consume(&bob, "k3", "4").await;
    let second = world.heads(first.reached).await;
    assert_eq!((second.rows, second.heads), (2, vec![world.head(&bob).await]));
    let all = world.heads(0).await;
    assert_eq!((all.rows, all.heads.len(), all.reached), (7, 2, second.reached));
}

/// The links of a chain follow on each other from the wallet's digest on, from wherever they are asked for.
pub async fn have_the_links_of_chains(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    assert_eq!(world.ledger.links(&ann, 1, 10).await.unwrap().links, []);
    world.grant(&ann, "a", "100").await;
    for number in 0..20 {
        world.consume(&ann, &format!("k{number}"), "1").await;
    }
    let all = world.ledger.links(&ann, 1, 100).await.unwrap();
    assert_eq!(all.previous, genesis(&ann));
    assert_eq!(
        all.links.iter().map(|link| link.sequence).collect::<Vec<_>>(),
        (1..=22).collect::<Vec<_>>()
    );
    for from in [1, 2, 7, 22] {
        for most in [1, 5, 100] {
            let some = world.ledger.links(&ann, from, most).await.unwrap();
            let at = usize::try_from(from - 1).unwrap();
            let until = all.links.len().min(at + usize::try_from(most).unwrap());
            assert_eq!(some.links, all.links[at..until], "{most} from {from}");
            let before = at.checked_sub(1).map_or(genesis(&ann), |at| all.links[at].hash);
            assert_eq!(some.previous, before, "{most} from {from}");
        }
    }
    assert_eq!(world.ledger.links(&ann, 23, 5).await.unwrap().links, []);
}

/// A row is proven by the soonest anchor that covers it.
pub async fn prove_rows(make: &Factory<'_>) {
    let world = World::new(make).await;
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/gold"));
    world.grant(&ann, "a", "100").await;
    world.grant(&bob, "b", "100").await;
    let proof = prove(world.ledger.as_ref(), &ann, 1, 1).await;
    assert_eq!(proof.unwrap_err(), NotProven::Uncovered);
    world.sign().await;
    world.consume(&ann, "k1", "1").await;
    world.consume(&ann, "k2", "1").await;
    world.sign().await;
    world.consume(&bob, "k3", "1").await;
    world.sign().await;
    let rows = [
        (&ann, 1, 1, 2),
        (&ann, 2, 1, 2),
        (&ann, 3, 2, 4),
        (&ann, 4, 2, 4),
        (&bob, 2, 1, 2),
        (&bob, 3, 3, 3),
    ];
    for (key, sequence, anchor, head) in rows {
        let proof = prove(world.ledger.as_ref(), key, sequence, sequence).await.unwrap();
        assert_eq!((proof.anchor.statement.number, proof.head.head.sequence), (anchor, head));
        assert_eq!(proof.next, None);
        let last = proof.links.last().unwrap();
        let leaf = WalletHead::new(genesis(key), last.sequence, last.hash).leaf();
        let statement = &proof.anchor.statement;
        let reached = climb(leaf, proof.head.index, statement.wallets, &proof.head.path);
        assert_eq!(reached, Some(statement.root), "{key:?} {sequence}");
    }
    let refused = |sequence, from| prove(world.ledger.as_ref(), &ann, sequence, from);
    assert_eq!(refused(5, 5).await.unwrap_err(), NotProven::Unknown(5));
    assert_eq!(refused(3, 5).await.unwrap_err(), NotProven::Beyond(4));
    assert_eq!(refused(3, 2).await.unwrap_err(), NotProven::Beyond(4));
    world.consume(&ann, "k4", "1").await;
    assert_eq!(refused(5, 5).await.unwrap_err(), NotProven::Uncovered);
}

/// Of two anchors of one number the first stays.
pub async fn have_one_of_each_number(make: &Factory<'_>) {
    let world = World::new(make).await;
    let first = world.sign().await;
    let other =
        world.anchor(1, Statement::NO_PREVIOUS, &HeadsBehind { rows: 7, ..HeadsBehind::default() });
    assert!(world.execute(SYSTEM, Work::CreateRecord(other.record())).await.is_err());
    assert_eq!(numbered(world.ledger.as_ref(), 1).await.unwrap().unwrap(), first);
    let nobody = NewRecord { kind: RecordKind::Anchor, id: "2".to_owned(), body: Map::new() };
    world.execute(SYSTEM, Work::CreateRecord(nobody)).await.unwrap();
    assert!(newest(world.ledger.as_ref()).await.is_err());
}

trait Sorted {
    fn sorted(self) -> Vec<WalletHead>;
}

impl<const N: usize> Sorted for [WalletHead; N] {
    fn sorted(self) -> Vec<WalletHead> {
        let mut heads = self.to_vec();
        heads.sort_unstable();
        heads
    }
}

impl World {
    async fn heads(&self, behind: u64) -> HeadsBehind {
        let mut found = self.ledger.heads_behind(behind).await.unwrap();
        found.heads.sort_unstable();
        found
    }

    /// A wallet's last row.
    async fn head(&self, key: &WalletKey) -> WalletHead {
        let links = self.ledger.links(key, 1, 1_000).await.unwrap().links;
        let last = links.last().unwrap();
        WalletHead::new(genesis(key), last.sequence, last.hash)
    }

    fn anchor(&self, number: u64, previous: Digest, heads: &HeadsBehind) -> Anchor {
        let key = AnchorKey::of_pem(&AnchorKey::pem_of([5; 32])).unwrap();
        let statement = Statement {
            number,
            previous,
            signed_at: self.ledger.now(SANDBOX),
            rows: heads.rows,
            wallets: heads.heads.len() as u64,
            root: pages_of(heads.heads.clone()).0,
            public_key: key.public_key(),
        };
        key.sign(statement, heads.reached)
    }

    /// Signs the next anchor.
    async fn sign(&self) -> Anchor {
        let last = newest(self.ledger.as_ref()).await.unwrap();
        let (number, previous, position) = last.map_or((0, Statement::NO_PREVIOUS, 0), |last| {
            (last.statement.number, last.statement.hash(), last.position)
        });
        let heads = self.ledger.heads_behind(position).await.unwrap();
        let anchor = self.anchor(number + 1, previous, &heads);
        let pages = pages_of(heads.heads).1;
        let records = pages.iter().map(|page: &Page| page.record(&anchor.statement)).collect();
        self.execute(SYSTEM, Work::PutRecords(records)).await.unwrap();
        self.execute(SYSTEM, Work::CreateRecord(anchor.record())).await.unwrap();
        assert!(heads_of(self.ledger.as_ref(), &anchor.statement).await.unwrap().is_some());
        anchor
    }
}
