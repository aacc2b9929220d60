//! Scenarios that every ledger must pass, in the words of the domain.
//!
//! A ledger joins by one line, [`conformance!`](crate::conformance!) with its factory. The
//! scenarios work in the sandbox, whose test clock they move; real time is moved only where the
//! factory used the clock it was given.

pub mod accounts;
pub mod anchors;
pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod batches;
mod between;
pub mod charged_recharges;
pub mod claims;
pub mod clock;
pub mod collections;
pub mod consumption;
pub mod currencies;
pub mod customers;
pub mod disputes;
pub mod editing;
pub mod environments;
pub mod erasure;
pub mod events;
pub mod export;
pub mod grant_lists;
pub mod granting;
pub mod holds;
pub mod integrations;
pub mod invoices;
pub mod money_back;
pub mod open_holds;
pub mod overdraft;
pub mod overdraft_defaults;
pub mod own_grants;
mod paging;
pub mod past;
pub mod people;
pub mod record_lists;
pub mod refunds;
pub mod resources;
pub mod revenue;
pub mod row_filters;
pub mod row_lists;
pub mod settlement;
pub mod time;
pub mod usage;
pub mod voiding;
pub mod webhooks;
mod world;

pub use between::{Behind, Between};
pub use holds::{extend_of, release_of, reserve_of};
pub use refunds::refund_of;
pub use world::{
    Factory, Given, Made, Making, PRODUCTION, SANDBOX, World, credits, everything, grant_of,
    instant, item, record, rows_of, start, wallet,
};

/// Runs every scenario against the ledgers of a factory: an async function from
/// [`Given`](crate::conformance::Given) to [`Made`](crate::conformance::Made), by a path from the
/// crate's root. Each scenario becomes a test of tokio.
#[macro_export]
macro_rules! conformance {
    ($factory:path) => {
        $crate::conformance! { @ $factory:
            customers {
                are_made_and_read
                keep_their_identifier_for_ever
                are_patched_member_by_member
                are_archived_and_brought_back
                are_imported
                are_imported_all_or_none
                are_made_by_first_use_where_wanted
            }
            integrations {
                are_made_changed_and_removed
                are_refused_by_what_there_is
                of_every_vendor_stay
                are_limited_in_number
                go_on_for_archived_customers
                changed_at_once_are_all_there
            }
            currencies {
                are_made_patched_and_archived
                free_their_identifier_when_archived
                are_limited_in_number
                used_again_keep_their_wallets
            }
            resources {
                appear_with_their_first_grant
                appear_with_their_first_consumption
                do_not_share_credits
            }
            granting {
                answers_with_the_whole_grant
                records_what_a_grant_cost
                refuses_in_order_of_precedence
                refuses_an_identifier_that_is_taken
                refuses_sums_beyond_the_bound
                settles_a_deficit
            }
            voiding {
                takes_back_what_is_left
                takes_back_what_never_counted
                takes_back_what_is_spent
                knows_what_time_brought_first
                is_refused_for_what_has_ended
                goes_on_for_archived_customers
            }
            editing {
                changes_what_is_given
                changes_what_is_spent
                is_refused_for_what_has_ended
                checks_times_before_the_state
                of_nothing_writes_no_row
            }
            invoices {
                come_with_their_grants
                paid_let_their_grants_count
                paid_early_let_their_grants_wait
                paid_too_late_are_told_of
                canceled_are_never_paid
                end_with_their_grants
                go_on_for_archived_customers
                are_found_where_they_are
                are_listed
            }
            money_back {
                takes_as_much_of_the_credits
                goes_back_once_for_each_key
                is_refused
                takes_what_was_consumed
                waits_for_holds
                consumptions_that_moved_are_given_back
                counts_what_was_voided
            }
            disputes {
                take_at_once_and_give_back_when_won
                stay_taken_when_lost
                take_when_lost_if_that_is_wanted
                heard_again_change_nothing
                that_are_won_late_give_time_back
                of_held_credits_wait_for_their_hold
                give_back_only_what_they_took
                know_what_time_brought_first
            }
            collections {
                come_with_their_grants
                cost_whole_minor_units
                paid_let_their_grants_count
                stand_alike_in_any_order
                failed_are_collected_again
                without_an_answer_stay_as_they_are
                of_voided_grants_are_canceled
                of_voided_grants_paid_first_say_so
                canceled_by_the_provider_wait
                are_not_marked_by_hand
                are_found_by_the_providers_name
                make_customers_known
                go_on_for_archived_customers
            }
            charged_recharges {
                wait_for_their_charge
                stop_when_declined
                wait_for_a_payer_who_must_act
                paid_after_a_decline_give_nothing
            }
            consumption {
                burns_and_answers_the_balance
                happens_once_for_each_key
                of_the_same_key_with_another_request_conflicts
                keys_belong_to_their_wallet
                is_the_same_request_whatever_the_order_of_members
                refuses_in_order_of_precedence
                goes_on_in_an_archived_currency
                that_was_refused_leaves_its_key_free
                is_attributed_to_its_instant
            }
            batches {
                carry_out_every_item
                with_one_bad_item_are_refused_whole
                go_by_the_time_of_the_wallet
                name_the_first_bad_item
                refuse_one_key_with_two_contents
                count_a_repeated_item_once
                list_what_the_state_refuses
                are_completed_by_a_repeat
            }
            overdraft {
                opens_when_the_balance_is_short
                is_settled_by_what_becomes_usable
                is_settled_by_a_scheduled_grant
                cannot_be_touched_by_hand
            }
            overdraft_defaults {
                hold_where_the_request_does_not_say
                change_at_once
                are_the_same_request_as_their_word
            }
            refunds {
                give_back_the_last_leg_first
                happen_once_for_each_key
                are_refused_in_order_of_precedence
                go_to_grants_that_left
                of_what_was_overdrawn_follow_the_debt
                of_releases_go_by_the_reservation
            }
            export {
                tells_every_row_once
                is_of_whom_it_is_asked_for
                goes_on_slice_by_slice
                has_what_is_due
                knows_that_rows_were_lost
            }
            usage {
                is_seen_at_once_in_its_bucket
                is_grouped_by_dimensions
                is_reduced_by_refunds
            }
            revenue {
                adds_up
                waits_for_payments
                follows_disputes
                of_closed_months_stays
            }
            events {
                are_there_with_the_answer
                of_what_is_refused_are_none
                of_time_carry_their_instants
                are_paged_upward
                are_forgotten_but_for_the_newest
            }
            webhooks {
                are_put_whole
                change_their_secrets
                change_what_they_are_told_of
                are_asked_for
                tell_that_they_are_disabled
                are_limited_in_number
            }
            own_grants {
                recharge_in_the_commit_that_makes_them_due
                recharge_at_the_currencys_price
                recharge_is_refused_when_it_could_not_work
                are_read_at_once_when_they_are_due
                recharge_through_a_month
                rest_while_customer_or_currency_is_archived
                recur_from_their_anchor_on
                recur_as_they_were_put_last
                recur_until_they_are_removed
                recur_through_a_leap_of_the_clock
                make_their_resource_with_the_first_one
            }
            holds {
                set_credits_aside
                are_placed_as_long_as_credits_last
                that_are_denied_leave_nothing
                are_placed_once_for_each_reservation
                tell_a_repeat_that_they_are_closed
                of_the_same_name_with_another_request_conflict
                belong_to_their_wallet
                are_refused_in_order_of_precedence
                go_on_in_an_archived_currency
                make_no_customers
            }
            open_holds {
                end_when_it_was_said_last
                are_extended_only_while_open
                are_read_open_and_closed
                are_read_as_of_now_without_writing
                page_both_ways
                filter_by_currency_and_resource
            }
            settlement {
                returns_what_the_job_left
                happens_once
                is_late_when_the_hold_has_ended
                finds_holds_that_ended_unwritten
                brings_timeouts_at_their_exact_instants
                charges_grants_that_ended
                goes_on_for_archived_customers
                is_refused_for_what_was_never_reserved
                settles_a_deficit
                is_remembered_like_any_order
            }
            time {
                brings_rows_at_their_exact_instants
                is_folded_into_balances_without_writing
                brings_everything_up_to_the_moved_clock
                never_goes_back_in_a_wallet
                moves_many_wallets_at_once
                is_written_by_a_read_of_a_grant
                leaves_the_balance_at_every_instant_behind
                is_written_by_a_read_of_the_past
            }
            past {
                has_the_wallets_of_a_customer
                shows_holds_expiries_and_deficits
                is_folded_now_and_written_then
                is_what_was_answered_live
                is_explained_at_every_instant
                is_explained_with_what_is_due
            }
            clock {
                moves_forward_only
                moves_at_most_a_year_after_its_first_setting
                belongs_to_the_sandbox
                leaves_other_environments_alone
                is_told_to_repeats
            }
            claims {
                answer_the_repeat
                conflict_with_another_body
                run_once_at_a_time
                keep_definite_refusals
                keep_refusals_that_needed_no_order
                that_store_nothing_run_again
                keep_the_first_answer
            }
            attempts {
                answer_the_retry_of_an_effect
                run_a_retry_without_effect
                do_not_count_when_refused
                answer_with_the_latest
                are_forgotten_after_five_minutes
                do_not_meet_other_requests
            }
            row_lists {
                are_empty_for_who_has_none
                follow_the_decided_order_over_wallets
                page_both_ways_at_one_instant
                page_both_ways_through_parts_of_a_row
                stay_in_place_while_rows_arrive
                show_what_was_answered
                refuse_a_cursor_of_other_wallets
            }
            row_filters {
                combine_in_every_way
                by_reservation_are_empty_without_reservations
            }
            grant_lists {
                page_both_ways
                show_one_scope
                filter_by_currency_and_creation
                show_grants_as_they_are_now
                show_spent_grants
            }
            record_lists {
                page_both_ways
                filter_by_secondary_keys_and_creation
                filter_by_archive_state
                end_exactly_though_records_change
            }
            api_keys {
                of_the_first_release_may_everything
                may_what_their_scopes_say
                end_when_they_expire
                change_their_secrets
                are_revoked_for_good
                have_secrets_of_their_own
            }
            anchors {
                have_the_heads_of_what_changed
                have_the_links_of_chains
                prove_rows
                have_one_of_each_number
            }
            people {
                are_invited_and_found
                keep_an_owner
                who_leave_at_once_leave_one
                get_links_that_work_once
                use_a_link_once_at_once
                lose_their_sessions
                belong_to_accounts_apart
                are_not_taken_over
                leave_no_links_behind
            }
            audit {
                tells_what_people_did
                tells_what_keys_manage
                shows_no_secret
            }
            erasure {
                leaves_no_word
                keeps_credits_and_chain
                is_of_what_was_written_by_then
                is_finished_by_others
                is_of_customers_that_were_made
                is_in_the_log
                goes_on_through_many_rows
            }
            environments {
                know_nothing_of_each_other
                have_their_keys
                are_bootstrapped_once
                leave_a_given_key_as_it_is
                keep_nothing_if_their_keys_cannot_be_kept
                forget_an_archived_key
            }
            accounts {
                are_made_with_a_key
                are_refused_by_what_there_is
                stand_still_when_archived
                archived_at_once_leave_one
                of_an_archived_account_are_archived
                begin_anew_when_reset
                get_their_given_key_after_a_reset
            }
        }
    };
    (@ $factory:path: $($group:ident { $($scenario:ident)* })*) => {
        $(
            mod $group {
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $scenario() {
                        let make = |given| -> $crate::conformance::Making {
                            Box::pin($factory(given))
                        };
                        $crate::conformance::$group::$scenario(&make).await;
                    }
                )*
            }
        )*
    };
}
