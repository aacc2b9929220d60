//! A ledger that everything is written to through a door: it can be shut before or behind the writing
//! of what a provider said, and it can fail.

use std::sync::Arc;

use async_trait::async_trait;
use scrip_ledger::conformance::Between;
use scrip_ledger::{Executed, Ledger, LedgerError, Order, Work};

use crate::provider::{Gate, Step};

pub struct Door(pub Arc<Gate>);

#[async_trait]
impl Between for Door {
    async fn execute(&self, inner: &dyn Ledger, order: Order) -> Result<Executed, LedgerError> {
        if !matches!(order.work, Work::Collect(_)) {
            return inner.execute(order).await;
        }
        if self.0.fails() {
            return Err(LedgerError::Busy);
        }
        self.0.pass(Step::BeforeWrite).await;
        let answer = inner.execute(order).await;
        self.0.pass(Step::AfterWrite).await;
        answer
    }
}
