//! The promises of the ports, one function each, for the tests of every adapter. A promise gets an empty store of its own.
//!
//! [`every_promise`](crate::every_promise) hands the whole list to a macro of the adapter, which makes a test of each.

pub mod api_keys;
pub mod approvals;
pub mod checkpoints;
pub mod overrides;
pub mod records;
pub mod sample;
pub mod usage;
pub mod votes;

use std::sync::{Arc, Mutex};

use futures_util::future::{BoxFuture, join_all};

use crate::Store;

/// An empty store, and what a promise needs to try it.
pub struct Subject {
    pub store: Store,
    /// Opens the same data again, as a second replica or a later start does.
    pub again: Box<dyn Fn() -> BoxFuture<'static, Store> + Send + Sync>,
    /// Runs a future on any thread, at once; the answer is ready when it is.
    pub spawn: fn(BoxFuture<'static, ()>) -> BoxFuture<'static, ()>,
}

impl Subject {
    /// Runs all of them at the same time, on as many threads as there are, and gathers what they say, in any order.
    pub async fn race<T: Send + 'static>(
        &self,
        contenders: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
    ) -> Vec<T> {
        let said = Arc::new(Mutex::new(Vec::new()));
        let running: Vec<_> = contenders
            .into_iter()
            .map(|contender| {
                let said = said.clone();
                (self.spawn)(Box::pin(async move {
                    let word = contender.await;
                    said.lock().expect("no contender panics here").push(word);
                }))
            })
            .collect();
        join_all(running).await;
        let mut said = said.lock().expect("no contender panics here");
        std::mem::take(&mut *said)
    }
}

/// Calls `$run!` with every promise as `module::function`.
#[macro_export]
macro_rules! every_promise {
    ($run:ident) => {
        $run! {
            api_keys::a_key_is_found_by_its_public_id,
            api_keys::an_id_is_taken_once,
            api_keys::an_id_is_data_and_nothing_else,
            api_keys::keys_are_listed_by_tenant_newest_first,
            api_keys::revoking_is_for_good_and_keeps_the_first_moment,
            api_keys::another_tenants_key_is_not_there_to_revoke,
            api_keys::a_revoked_key_is_revoked_for_every_replica,
            api_keys::last_use_never_moves_back,
            approvals::a_request_reads_back_as_it_was_written,
            approvals::the_same_thing_is_asked_for_once,
            approvals::of_racing_opens_one_is_fresh,
            approvals::a_principal_cannot_flood_the_approvers,
            approvals::an_overdue_request_gives_way_and_is_reported,
            approvals::a_grant_is_used_once_and_for_its_binding_only,
            approvals::of_a_hundred_racing_consumes_one_wins,
            approvals::a_grant_runs_out,
            approvals::what_ran_out_is_reported_once,
            approvals::what_is_cancelled_is_over,
            approvals::requests_and_grants_survive_a_restart,
            approvals::approvals_are_filtered_and_paged,
            votes::votes_count_by_group_and_start_the_second_clock,
            votes::one_deny_kills,
            votes::nobody_decides_on_their_own_request,
            votes::one_person_votes_once_whatever_the_account,
            votes::of_one_persons_racing_votes_one_counts,
            votes::who_is_in_no_group_has_no_say,
            votes::a_late_vote_is_refused,
            votes::what_nobody_asked_for_cannot_be_voted_on,
            overrides::an_override_reads_back_as_it_was_written,
            overrides::an_override_ends_when_it_expires,
            overrides::a_lifted_override_is_over_and_says_who_lifted_it,
            overrides::all_writes_are_given_back_by_two_people,
            overrides::one_persons_racing_lifts_are_one,
            overrides::an_override_holds_for_every_replica,
            overrides::overrides_are_filtered_and_paged,
            records::lines_read_back_byte_for_byte,
            records::a_batch_that_does_not_follow_leaves_nothing,
            records::a_record_id_is_taken_once,
            records::a_second_writer_is_fenced_off,
            records::a_batch_may_be_large,
            records::a_chain_is_read_in_order_in_bounded_pages,
            records::heads_move_with_their_lines,
            records::what_was_received_is_unfinished_until_it_is_complete,
            records::each_filter_holds_what_matches,
            records::pages_join_without_gap_or_double,
            checkpoints::the_latest_covers_the_most,
            checkpoints::a_chain_never_shrinks,
            usage::counters_say_what_was_last_put,
            usage::counters_of_ended_windows_are_forgotten,
            usage::sums_are_the_sums_of_the_records,
        }
    };
}
