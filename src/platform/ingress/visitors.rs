//! Who is connected. When it gets tight, those who have not proved who they are leave
//! for those who come, the oldest first.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;
use tonic::codegen::http::Extensions;

use super::budget::Owner;
use super::network::network;

/// Generations of what is being sent: the present one, the one before, and the one
/// that must be gone.
const GENERATIONS: usize = 3;

/// A connection, as others see it.
pub struct Visitor {
    /// The network it comes from.
    peer: IpAddr,
    known: AtomicBool,
    calls: AtomicUsize,
    leave: Notify,
    generation: AtomicUsize,
    sending: [AtomicUsize; GENERATIONS],
}

impl Visitor {
    fn of(peer: IpAddr) -> Self {
        Self {
            peer,
            known: AtomicBool::default(),
            calls: AtomicUsize::default(),
            leave: Notify::default(),
            generation: AtomicUsize::default(),
            sending: Default::default(),
        }
    }

    /// Whose share is taken as long as nobody knows more.
    pub fn owner(&self) -> Owner {
        Owner::Peer(self.peer)
    }

    /// Who makes the call with these extensions has proved who they are.
    pub fn proves_identity(extensions: &Extensions) {
        // Not written each time: others read what is beside it.
        if let Some(visitor) = extensions.get::<Arc<Self>>()
            && !visitor.is_known()
        {
            visitor.known.store(true, Ordering::Relaxed);
        }
    }

    /// Whether somebody has.
    pub fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// Whether no call is being answered: none is worked on, and of no answer the end
    /// is still to come.
    pub fn is_idle(&self) -> bool {
        self.calls.load(Ordering::Relaxed) == 0
    }

    /// A call that is being answered.
    pub fn calls(self: &Arc<Self>) -> Calling {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Calling(Arc::clone(self))
    }

    /// Waits until somebody else needs its room.
    pub async fn must_leave(&self) {
        self.leave.notified().await;
    }

    /// Something that HTTP/2 is sending.
    pub fn sending(self: &Arc<Self>) -> Sending {
        let generation = self.generation.load(Ordering::Relaxed) % GENERATIONS;
        self.sending[generation].fetch_add(1, Ordering::Relaxed);
        Sending {
            visitor: Arc::clone(self),
            generation,
        }
    }

    /// Begins a new generation of what is being sent. False if something of the one
    /// before the last is still not sent.
    pub fn is_reading(&self) -> bool {
        let present = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
        let oldest = &self.sending[(present + 1) % GENERATIONS];
        oldest.load(Ordering::Relaxed) == 0
    }
}

/// A call that is being answered until this is dropped.
pub struct Calling(Arc<Visitor>);

impl Drop for Calling {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Something that is being sent until this is dropped.
pub struct Sending {
    visitor: Arc<Visitor>,
    generation: usize,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.visitor.sending[self.generation].fetch_sub(1, Ordering::Relaxed);
    }
}

/// All who are connected.
pub struct Visitors {
    limit: usize,
    /// Those from one address.
    peer_limit: usize,
    connected: Mutex<Connected>,
}

#[derive(Default)]
struct Connected {
    next: u64,
    /// In the order they came in.
    visitors: BTreeMap<u64, (IpAddr, Arc<Visitor>)>,
    peers: HashMap<IpAddr, usize>,
}

impl Connected {
    fn remove(&mut self, id: u64) -> Option<Arc<Visitor>> {
        let (peer, visitor) = self.visitors.remove(&id)?;
        if let Some(count) = self.peers.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                self.peers.remove(&peer);
            }
        }
        Some(visitor)
    }

    /// Makes the oldest of those leave whom nobody knows, who is none of those that
    /// are not `of` this peer; one that does nothing, unless `anyone` will do.
    fn make_room(&mut self, of: Option<IpAddr>, anyone: bool) -> bool {
        let oldest = self.visitors.iter().find(|(_, (peer, visitor))| {
            let may_leave = !visitor.is_known() && (anyone || visitor.is_idle());
            may_leave && of.is_none_or(|of| of == *peer)
        });
        let id = oldest.map(|(&id, _)| id);
        let leaving = id.and_then(|id| self.remove(id));
        leaving
            .inspect(|visitor| visitor.leave.notify_one())
            .is_some()
    }
}

impl Visitors {
    /// Nobody is yet; so many may be, and so many from one address.
    pub fn new(limit: usize, peer_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            peer_limit,
            connected: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connected> {
        self.connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets in somebody who comes from this address, if there is room, or somebody
    /// leaves for them.
    pub fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Admission> {
        let peer = network(peer);
        let mut connected = self.lock();
        let beside = connected.peers.get(&peer).copied().unwrap_or_default();
        if beside >= self.peer_limit {
            let left =
                connected.make_room(Some(peer), false) || connected.make_room(Some(peer), true);
            left.then_some(())?;
        }
        let count = connected.visitors.len();
        if count >= self.limit - self.limit / 4 {
            let left = connected.make_room(None, false);
            let left = left || count < self.limit || connected.make_room(None, true);
            left.then_some(())?;
        }
        let id = connected.next;
        connected.next += 1;
        let visitor = Arc::new(Visitor::of(peer));
        connected.visitors.insert(id, (peer, Arc::clone(&visitor)));
        *connected.peers.entry(peer).or_default() += 1;
        Some(Admission {
            visitors: Arc::clone(self),
            id,
            visitor,
        })
    }

    /// Makes room where the system has none.
    pub fn make_room(&self) {
        self.lock().make_room(None, false);
    }
}

/// A visitor who was let in, until this is dropped, or they had to leave for somebody else.
pub struct Admission {
    visitors: Arc<Visitors>,
    id: u64,
    /// Who has it.
    pub visitor: Arc<Visitor>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.visitors.lock().remove(self.id);
    }
}
