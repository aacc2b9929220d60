//! One scenario for each rule and each refusal, in the words of the domain.

mod bounds;
mod burn_order;
mod consumption;
mod editing;
mod extending;
mod granting;
mod holds;
mod holds_on_dead_grants;
mod money_back;
mod moved_consumption;
mod notices;
mod overdraft;
mod recharging;
mod recurring;
mod refunds;
mod spent;
mod time;
mod voiding;
