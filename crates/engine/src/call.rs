//! One call, as evidence: who asked for what, from where, and how it ended.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use strongroom_audit::{Credential, Header, Principal, Record, RecordId, Resource, ServiceEvent};
use strongroom_authz::{Action, Extent};
use strongroom_types::{Clock, OrganisationId, ProjectId, Region, Timestamp};

use crate::directory::{Caption, CredentialName, PrincipalId};
use crate::evidence::{self, Evidence, Reason};

/// What is known of a call as soon as its request line and headers are there.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// Correlates the answer, the logs and the record.
    pub request_id: String,
    /// The HTTP method.
    pub method: String,
    /// The URL's path, without its query: never a value, a key or a credential.
    pub path: String,
    /// The caller's address, as far as proxies are trusted.
    pub client_ip: Option<IpAddr>,
    /// The caller's software.
    pub user_agent: Option<String>,
    /// Further headers from the safe subset of contract 5.2.
    pub headers: Vec<(&'static str, String)>,
    /// The status that a successful answer will have.
    pub success_status: u16,
    /// Whether the system made the call of its own accord.
    pub system: bool,
}

/// The evidence of one call, gathered while it is served.
#[derive(Debug)]
pub struct Call {
    arrival: Arrival,
    at: Timestamp,
    found: Mutex<Found>,
}

/// What is learnt on the way.
#[derive(Debug, Default)]
struct Found {
    caption: Option<Caption>,
    organisation: Option<OrganisationId>,
    region: Option<Region>,
    project: Option<ProjectId>,
    resource: Option<Resource<'static>>,
    events: Vec<ServiceEvent<'static>>,
}

impl Call {
    /// A call that arrived just now.
    pub fn arrived(clock: &dyn Clock, arrival: Arrival) -> Arc<Self> {
        Arc::new(Self {
            arrival,
            at: clock.now(),
            found: Mutex::default(),
        })
    }

    /// The identifier that the caller also gets.
    pub fn request_id(&self) -> &str {
        &self.arrival.request_id
    }

    /// The caller's address.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.arrival.client_ip
    }

    /// Says what the call is about, for the record: the thing that the action's target names.
    pub fn about<A: Action>(&self, target: &A::Target) {
        if let Some(resource) = named::<A>(target) {
            self.concerns(resource);
        }
    }

    /// Notes that the caller's roles and policies do not permit the action.
    pub fn denied<A: Action>(&self, target: &A::Target) {
        self.deny::<A>(named::<A>(target));
    }

    pub(crate) fn deny<A: Action>(&self, resource: Option<Resource<'static>>) {
        if let Some(event) = evidence::event_of(A::NAME) {
            self.note(ServiceEvent::new(event, resource).refused(Reason::Iam));
        }
    }

    pub(crate) fn identify(&self, caption: Caption) {
        self.found.lock().caption = Some(caption);
    }

    /// The credential that the caller proved to have.
    pub(crate) fn credential(&self) -> Option<CredentialName> {
        let found = self.found.lock();
        found.caption.as_ref().map(|caption| caption.credential)
    }

    pub(crate) fn place(
        &self,
        organisation: OrganisationId,
        region: Option<Region>,
        project: Option<ProjectId>,
    ) {
        let mut found = self.found.lock();
        found.organisation = Some(organisation);
        found.region = region;
        found.project = project;
    }

    /// What the call is about, for the generic record.
    pub(crate) fn concerns(&self, resource: Resource<'static>) {
        self.found.lock().resource = Some(resource);
    }

    /// Adds what a service did, or refused to do, in this call.
    pub(crate) fn note(&self, event: ServiceEvent<'static>) {
        self.found.lock().events.push(event);
    }

    /// Forgets noted events: a change that is tried again is noted again.
    pub(crate) fn forget_events(&self) {
        self.found.lock().events.clear();
    }

    /// Forgets who was about to be the caller: somebody who did not come to be names nobody.
    pub(crate) fn forget_caller(&self) {
        self.found.lock().caption = None;
    }

    pub(crate) fn success_status(&self) -> u16 {
        self.arrival.success_status
    }

    /// Lets `use_it` see the record of this call, as ended now with this status. The record takes
    /// what was noted; what is noted afterwards goes into the next one.
    pub(crate) fn with_record<T>(
        &self,
        random: [u8; 8],
        now: Timestamp,
        status: u16,
        use_it: impl FnOnce(&Record<'_>) -> T,
    ) -> T {
        let mut found = self.found.lock();
        let arrival = &self.arrival;
        let events = std::mem::take(&mut found.events);
        let found = &*found;
        let id = RecordId::new(self.at, random);
        let mut record = Record::new(id, self.at, &arrival.method, &arrival.path, status);
        record.duration_us = elapsed(self.at, now);
        record.organisation = found.organisation;
        record.project = found.project;
        record.system = arrival.system;
        record.region = found.region.as_ref().map(|region| region.as_str().into());
        record.client_ip = arrival.client_ip;
        record.user_agent = arrival.user_agent.as_deref().map(Into::into);
        record.request_id = Some(arrival.request_id.as_str().into());
        record.headers = arrival
            .headers
            .iter()
            .map(|(name, value)| Header {
                name: (*name).into(),
                value: value.as_str().into(),
            })
            .collect();
        if let Some(caption) = &found.caption {
            record.principal = Some(principal(caption));
            let (id, kind) = caption.credential.shown();
            record.credential = Some(Credential {
                id: id.into(),
                kind: kind.into(),
            });
        }
        record.resource.clone_from(&found.resource);
        record.events = events;
        use_it(&record)
    }
}

fn named<A: Action>(target: &A::Target) -> Option<Resource<'static>> {
    match A::extent(target) {
        Extent::Named(name) => Some(Resource {
            kind: A::RESOURCE.as_str().into(),
            identity: name.to_owned().into(),
        }),
        Extent::Some | Extent::Every => None,
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_microsecond() - from.as_microsecond()).unwrap_or(0)
}

fn principal(caption: &Caption) -> Principal<'_> {
    let name = Some(caption.rights.name.as_str().into());
    let contact = Some(caption.rights.contact.as_str().into());
    match caption.principal {
        PrincipalId::User(id) => Principal::User {
            id,
            name,
            email: contact,
        },
        PrincipalId::ServiceAccount(id) => Principal::ServiceAccount {
            id,
            name,
            slug: contact,
        },
    }
}

/// Something whose call is durably on record: the only form in which results leave the engine.
#[must_use]
pub struct Recorded<T>(T);

impl<T> Recorded<T> {
    /// Only the trail makes one, once the record is durable.
    pub(crate) const fn proven(value: T) -> Self {
        Self(value)
    }

    /// What the call came to.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// The same proof for something made of it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Recorded<U> {
        Recorded(make(self.0))
    }
}
