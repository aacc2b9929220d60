//! Where the buckets lie. On one server all lie in one place; in a distributed database (Citus, decision 33)
//! each lies in a shard, and a shard on one of the workers.
//!
//! A statement is carried out by one worker, as it stands, if it says in words of its own that it asks for
//! buckets of one shard. Those that are about many buckets say how in a comment, which is made part of
//! them where the database is distributed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use scrip_core::WalletKey;

use super::tables::bucket_of;

/// What [`Shards`] are read with: the shards of all buckets, in order.
pub const OF_BUCKETS: &str = "
    select array_agg(get_shard_id_for_distribution_column('scrip.wallets', bucket::smallint)
                     order by bucket) as shards
    from generate_series(0, 1023) as b (bucket)";

/// Whether this is a distributed database, and whether one may ask its workers here.
pub const IS_DISTRIBUTED: &str = "
    select current_setting('server_version_num') as version,
           count(*) = 2 as is_distributed
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where (n.nspname, c.relname) in (('pg_catalog', 'pg_dist_partition'), ('scrip', 'turns'))";

/// What every connection to a distributed database is told beside the rest. The coordinator knows the shard
/// of a statement once its values are known, and not before; what is set for a transaction counts on the
/// workers too.
pub const SETTINGS: &str = "
    set plan_cache_mode = force_custom_plan;
    set citus.propagate_set_commands = 'local';";

/// What begins such a comment, and what ends it.
const MARK: (&str, &str) = ("/* one shard: ", " */");

/// A shard's number; 0 on one server.
pub type Shard = i64;

/// Which shard each bucket lies in.
#[derive(Clone, Debug, Default)]
pub struct Shards {
    /// None on one server. Every lane has them, and hands them on with what it takes.
    of_buckets: Option<Arc<[Shard]>>,
}

impl Shards {
    /// As they were read.
    pub fn of(of_buckets: Vec<Shard>) -> Self {
        Self { of_buckets: (!of_buckets.is_empty()).then(|| of_buckets.into()) }
    }

    /// The database is distributed.
    pub const fn is_distributed(&self) -> bool {
        self.of_buckets.is_some()
    }

    /// The shard of a bucket.
    pub fn shard(&self, bucket: i16) -> Shard {
        let Some(of_buckets) = &self.of_buckets else { return 0 };
        let at = usize::try_from(bucket).ok();
        at.and_then(|at| of_buckets.get(at)).copied().unwrap_or(0)
    }

    /// The shard of a wallet.
    pub fn of_wallet(&self, key: &WalletKey) -> Shard {
        // On one server nothing is hashed for it.
        if self.is_distributed() {
            self.shard(bucket_of(key.environment, &key.customer))
        } else {
            0
        }
    }

    /// Wallets by their shards, in the order in which everybody locks them.
    pub fn apart<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k WalletKey>,
    ) -> BTreeMap<Shard, Vec<&'k WalletKey>> {
        let mut apart = BTreeMap::<Shard, Vec<&WalletKey>>::new();
        for key in keys {
            apart.entry(self.of_wallet(key)).or_default().push(key);
        }
        apart
    }

    /// Those of some wallets that lie where the first does: what can be written in a transaction that stays
    /// on one worker.
    pub fn beside_the_first(&self, mut keys: Vec<WalletKey>) -> Vec<WalletKey> {
        if let Some(first) = keys.first().map(|key| self.of_wallet(key)) {
            keys.retain(|key| self.of_wallet(key) == first);
        }
        keys
    }

    /// The buckets of each shard.
    pub fn buckets(&self) -> Vec<Vec<i16>> {
        let mut buckets = BTreeMap::<Shard, Vec<i16>>::new();
        for (bucket, shard) in (0..).zip(self.of_buckets.iter().flat_map(|all| all.iter())) {
            buckets.entry(*shard).or_default().push(bucket);
        }
        buckets.into_values().collect()
    }

    /// A statement as it is sent.
    pub fn worded(&self, sql: &'static str) -> Cow<'static, str> {
        if !self.is_distributed() || !sql.contains(MARK.0) {
            return Cow::Borrowed(sql);
        }
        let mut worded = String::with_capacity(sql.len());
        let mut rest = sql;
        while let Some((before, behind)) = rest.split_once(MARK.0) {
            let (condition, after) = behind.split_once(MARK.1).unwrap_or((behind, ""));
            worded.extend([before, "and ", condition]);
            rest = after;
        }
        worded.push_str(rest);
        Cow::Owned(worded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_counts_where_there_are_shards() {
        let sql = "select 1 from wallets w where true /* one shard: w.bucket = any ($1) */ limit 1";
        assert_eq!(Shards::default().worded(sql), sql);
        let shards = Shards::of(vec![7; 1_024]);
        let wanted = "select 1 from wallets w where true and w.bucket = any ($1) limit 1";
        assert_eq!(shards.worded(sql), wanted);
        assert_eq!(shards.worded("select 1"), "select 1");
    }

    #[test]
    fn a_bucket_lies_in_its_shard() {
        let shards = Shards::of((0..1_024).map(|bucket| 100 + bucket / 256).collect());
        assert_eq!([0, 255, 256, 1_023].map(|bucket| shards.shard(bucket)), [100, 100, 101, 103]);
        assert_eq!(Shards::default().shard(1_023), 0);
    }
}
