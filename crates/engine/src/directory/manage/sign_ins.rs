//! Ending sign-ins: one's own, and those of a member.

use std::sync::Arc;

use strongroom_authz::{EndMemberSignIns, EndOwnSignIns, Grant};

use super::members;
use super::{ManageError, Management, Result, Thing, concern, user_of};
use crate::call::{Call, Recorded};
use crate::rows::sign_in::SignInsRow;

impl Management<'_> {
    /// Ends all of the caller's sign-ins to the organisation: the tokens that were issued for them
    /// are dead at the next request.
    pub async fn end_own_sign_ins(
        &self,
        grant: Grant<EndOwnSignIns>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        // Service accounts sign in nowhere.
        let user = user_of(grant.caller()).ok_or(ManageError::NotFound(Thing::Member))?;
        self.change(call, organisation, |view, changes| {
            let row = view.members.get(&user);
            let mut row = row.ok_or(ManageError::NotFound(Thing::Member))?.clone();
            row.sign_ins.ended_at = Some(self.now());
            changes.put(members::place(organisation, user), &row)?;
            Ok(())
        })
        .await
    }

    /// Ends all sign-ins of a member to the organisation, and forgets which subjects of the providers
    /// they are: the next one to sign in with their verified e-mail address is them. Only owners do
    /// this to an owner.
    pub async fn end_member_sign_ins(
        &self,
        grant: Grant<EndMemberSignIns>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let mut row = members::member(view, &grant, grant.target())?.clone();
            concern(call, members::KIND, &row.user);
            if row.owner {
                members::only_owners(view, grant.caller())?;
            }
            row.sign_ins = SignInsRow {
                links: Vec::new(),
                ended_at: Some(self.now()),
            };
            changes.put(members::place(organisation, row.user), &row)?;
            Ok(())
        })
        .await
    }
}
