//! The requests of one endpoint: one at a time for each tenant of a lane, so that streams stay in order, and each tenant
//! for itself, so that one that is refused stops no other.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::queue::{Item, Key, Shared};
use super::sender::{Sender, Tried};

/// Requests to one endpoint that are under way at once. Those that wait for their next try are not.
const AT_ONCE: usize = 16;
/// The pause after a file of the spool could not be read.
const UNREADABLE: Duration = Duration::from_secs(10);

/// Delivers items until all of their senders are gone and they are delivered.
pub(super) async fn dispatch(sender: Sender, mut items: UnboundedReceiver<Arc<Item>>, shared: Arc<Shared>) {
    let (sender, permits) = (Arc::new(sender), Arc::new(Semaphore::new(AT_ONCE)));
    // What waits behind the item of the same key that is under way.
    let mut behind: HashMap<Key, VecDeque<Arc<Item>>> = HashMap::new();
    let mut under_way = JoinSet::new();
    let mut more = true;
    while more || !under_way.is_empty() {
        let next = tokio::select! {
            item = items.recv(), if more => match item {
                None => {
                    more = false;
                    continue;
                }
                Some(item) => match behind.entry(item.key) {
                    Entry::Occupied(mut queue) => {
                        queue.get_mut().push_back(item);
                        continue;
                    }
                    Entry::Vacant(queue) => {
                        queue.insert(VecDeque::new());
                        item
                    }
                },
            },
            Some(delivered) = under_way.join_next() => {
                // A panic has been told, and what it was about stays undelivered.
                let Ok(key) = delivered else { continue };
                match behind.get_mut(&key).and_then(VecDeque::pop_front) {
                    Some(item) => item,
                    None => {
                        behind.remove(&key);
                        continue;
                    }
                }
            }
        };
        under_way.spawn(deliver(next, sender.clone(), permits.clone(), shared.clone()));
    }
}

/// Sends an item until each of its lines is taken or refused for good. While it waits, nothing is kept but how far it got.
async fn deliver(item: Arc<Item>, sender: Arc<Sender>, permits: Arc<Semaphore>, shared: Arc<Shared>) -> Key {
    let (mut delivered, mut progress) = (0, sender.progress());
    loop {
        // The semaphore is never closed.
        let permit = permits.acquire().await;
        let loaded = match shared.load(&item) {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::warn!(%error, "a file of the spool cannot be read now; trying again");
                drop(permit);
                tokio::time::sleep(UNREADABLE).await;
                continue;
            }
        };
        let Some(request) = loaded.requests().get(delivered) else { break };
        match sender.send(request, &mut progress).await {
            Tried::Done => (delivered, progress) = (delivered + 1, sender.progress()),
            Tried::Later(pause) => {
                drop((loaded, permit));
                tokio::time::sleep(pause).await;
            }
        }
    }
    shared.done(&item);
    item.key
}
