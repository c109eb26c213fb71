//! The memory for lines that are read and not acknowledged: how much of it there is, and how tenants share it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A tenant may use this many times what it leaves free for the others. The tenant that uses most then leaves an eighth,
/// and however many are not taken from, there is room for one more.
const TIMES: usize = 7;
/// A tenant of which nothing waits may always have this much, in bytes: it is not stopped by others.
const LEAST: usize = 16 * 1024;
/// Accounts of tenants of which nothing waits are forgotten when there are more than this.
const ACCOUNTS: usize = 1024;

/// A limit of the memory for lines that are read and not acknowledged.
#[derive(Debug)]
pub struct Budget {
    used: AtomicUsize,
    limit: usize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), limit })
    }

    /// The limit, in bytes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes bytes for an account; they are given back when the share is dropped.
    pub fn take(self: &Arc<Self>, bytes: usize, account: &Account) -> Share {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        account.0.fetch_add(bytes, Ordering::Relaxed);
        Share { budget: self.clone(), account: account.clone(), bytes }
    }

    /// How many bytes more may be read for a tenant that holds `held`, while there are `open` bytes in batches that are
    /// filled. `None`: it waits until some of its lines are acknowledged.
    ///
    /// This is the dynamic threshold of shared-memory switches (Choudhury and Hahne, 1998).
    pub fn allowance(&self, held: usize, open: usize) -> Option<usize> {
        let free = self.limit.saturating_sub(self.used() + open);
        let more = (TIMES * free).saturating_sub(held) / (TIMES + 1);
        match more {
            0 if held > 0 => None,
            more => Some(more.max(if held == 0 { LEAST } else { 1 })),
        }
    }
}

/// What a tenant holds of the budget, in bytes.
#[derive(Debug, Clone, Default)]
pub struct Account(Arc<AtomicUsize>);

impl Account {
    /// Bytes that it holds, without those in batches that are filled.
    pub fn held(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether it is the same account.
impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The accounts of all tenants.
#[derive(Debug, Default)]
pub struct Accounts(HashMap<Option<Arc<str>>, Account>);

impl Accounts {
    /// The account of a tenant; `None`: that of lines for which no stage names one.
    pub fn of(&mut self, tenant: Option<&Arc<str>>) -> Account {
        if self.0.len() > ACCOUNTS {
            // Where someone else has it, it is in use.
            self.0.retain(|_, account| Arc::strong_count(&account.0) > 1);
        }
        self.0.entry(tenant.cloned()).or_default().clone()
    }
}

/// A part of a [`Budget`] that is in use.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    account: Account,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
        self.account.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads for a tenant until it has to wait; gives what it got.
    fn hog(budget: &Arc<Budget>, account: &Account, shares: &mut Vec<Share>) -> usize {
        while let Some(more) = budget.allowance(account.held(), 0) {
            shares.push(budget.take(more.min(128 * 1024), account));
        }
        account.held()
    }

    #[test]
    fn tenants_that_are_refused_leave_room_for_the_others() {
        let budget = Budget::new(4 << 20);
        let (mut accounts, mut shares) = (Accounts::default(), Vec::new());
        let most = hog(&budget, &accounts.of(None), &mut shares);
        assert!((3 << 20..=7 << 19).contains(&most), "one alone has nearly all: {most}");
        for number in 0..100 {
            let tenant: Arc<str> = number.to_string().into();
            assert!(hog(&budget, &accounts.of(Some(&tenant)), &mut shares) > 0);
        }
        assert!(budget.used() < (4 << 20) + 100 * LEAST, "{}", budget.used());
        let late: Arc<str> = "late".into();
        assert!(budget.allowance(accounts.of(Some(&late)).held(), 0).is_some());
        shares.clear();
        assert_eq!((budget.used(), accounts.of(None).held()), (0, 0));
    }

    #[test]
    fn accounts_that_are_not_in_use_are_forgotten_and_the_others_kept() {
        let (mut accounts, tenant) = (Accounts::default(), Arc::from("kept"));
        let kept = accounts.of(Some(&tenant));
        for number in 0..3 * ACCOUNTS {
            accounts.of(Some(&number.to_string().into()));
        }
        assert!(accounts.0.len() <= ACCOUNTS + 1);
        assert!(accounts.of(Some(&tenant)) == kept);
    }
}
