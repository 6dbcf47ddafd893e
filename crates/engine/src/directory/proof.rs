//! What stands once a credential was found right: that it may still be used, and from here.
//!
//! An access credential, and every token issued for it, lives as long as its row in its own
//! organisation, whatever organisation a request names. What is used from where it may not be reads
//! to its caller like what is wrong; the record tells them apart.

use std::sync::Arc;

use strongroom_audit::{Action, Resource, ServiceEvent};
use strongroom_types::{CredentialId, OrganisationId, Timestamp};

use super::authenticate::{Credential, Identified, Unproven};
use super::enter::{EnterError, Entry};
use super::rights::Caption;
use super::view::OrganisationView;
use crate::call::Call;
use crate::engine::Inner;
use crate::evidence::{Evidence, Reason};
use crate::rows::RowFault;

/// Who calls, and the one organisation that they belong to where there is only one.
pub(super) struct Proof {
    pub(super) identified: Identified,
    pub(super) home: Option<Arc<OrganisationView>>,
}

impl Inner {
    /// Who the credential proves its caller to be. What proves nothing is noted as `event`.
    pub(super) async fn prove(
        &self,
        call: &Call,
        credential: &Credential<'_>,
        entry: &Entry<'_>,
        event: Action,
        now: Timestamp,
    ) -> Result<Proof, Unproven> {
        let proof = match self.attempts.begin(call.client_ip(), credential, now) {
            Err(wait) => Err(Unproven::TooMany(wait)),
            Ok(attempt) => {
                let proof = self.proof(call, credential, entry, now).await;
                match &proof {
                    Ok(_) => self.attempts.succeeded(&attempt),
                    Err(Unproven::Invalid | Unproven::Elsewhere) => {
                        self.attempts.failed(&attempt, now);
                    }
                    // What was right once is no guess.
                    Err(Unproven::Expired | Unproven::TooMany(_) | Unproven::Row(_)) => {}
                }
                proof
            }
        };
        proof.inspect_err(|unproven| {
            call.note(ServiceEvent::new(event, None).refused(unproven.reason()));
        })
    }

    async fn proof(
        &self,
        call: &Call,
        credential: &Credential<'_>,
        entry: &Entry<'_>,
        now: Timestamp,
    ) -> Result<Proof, Unproven> {
        let mut identified = self.authenticate(call, credential, now).await?;
        let home = match identified.organisation {
            None => None,
            Some(own) => {
                let view = self.views.current(&self.vault, own).await?;
                Some(view.ok_or(Unproven::Invalid)?)
            }
        };
        if let (Some(federated), Some(home)) = (identified.federated, &home) {
            let scopes = home.scopes_in_force(federated, now);
            identified.scopes = scopes.ok_or(Unproven::Invalid)?;
        }
        if let (Some(sign_in), Some(home)) = (&identified.sign_in, &home)
            && !home.counts_still(sign_in)
        {
            return Err(Unproven::Invalid);
        }
        let proof = Proof { identified, home };
        let ending = proof.ending()?;
        if !proof.may_come_from(call) {
            Box::pin(self.witness(call, &proof, entry, now)).await?;
            return Err(Unproven::Elsewhere);
        }
        match ending {
            Some(end) if end <= now => Err(Unproven::Expired),
            _ => Ok(proof),
        }
    }

    /// Puts on record whose credential was used from where it may not be, and where they belong.
    async fn witness(
        &self,
        call: &Call,
        proof: &Proof,
        entry: &Entry<'_>,
        now: Timestamp,
    ) -> Result<(), RowFault> {
        let view = match &proof.home {
            Some(home) => Some(Arc::clone(home)),
            None => match self.organisation(&proof.identified, entry).await {
                Ok(organisation) => self.views.current(&self.vault, organisation).await?,
                Err(EnterError::Row(fault)) => return Err(fault),
                // The request names no place where the caller could be known.
                Err(_) => None,
            },
        };
        let principal = proof.identified.principal;
        let known = view.and_then(|view| {
            let rights = view.rights(principal, None, now)?;
            Some((view.organisation.identity, rights))
        });
        if let Some((organisation, rights)) = known {
            call.identify(Caption {
                principal,
                rights,
                credential: proof.identified.name,
            });
            call.place(organisation, None, None);
        }
        Ok(())
    }
}

impl Proof {
    /// When what was presented ends. Fails if the access credential behind it is gone.
    fn ending(&self) -> Result<Option<Timestamp>, Unproven> {
        match (&self.home, self.identified.credential) {
            (Some(home), Some(credential)) => {
                let row = home.credentials.get(&credential);
                let row = row.ok_or(Unproven::Invalid)?;
                let ends = [row.expires_at, self.identified.expires_at];
                Ok(ends.into_iter().flatten().min())
            }
            _ => Ok(self.identified.expires_at),
        }
    }

    fn may_come_from(&self, call: &Call) -> bool {
        let behind = self.identified.credential.zip(self.home.as_ref());
        let behind = behind.and_then(|(credential, home)| home.credentials.get(&credential));
        let from = call.client_ip();
        self.identified.allowed_ips.admit(from)
            && behind.is_none_or(|credential| credential.allowed_ips.admit(from))
    }
}

/// Tells an organisation that one of its access keys was tried with a wrong secret.
pub(super) fn concern(call: &Call, organisation: OrganisationId, credential: CredentialId) {
    call.place(organisation, None, None);
    call.concerns(Resource {
        kind: "access_credential".into(),
        identity: credential.to_string().into(),
    });
}

impl Unproven {
    fn reason(&self) -> Reason {
        match self {
            Self::Invalid => Reason::Credential,
            Self::Expired => Reason::Expired,
            Self::Elsewhere => Reason::SourceAddress,
            Self::TooMany(_) => Reason::Attempts,
            Self::Row(_) => Reason::Fault,
        }
    }
}
