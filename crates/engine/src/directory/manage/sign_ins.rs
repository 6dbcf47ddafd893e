//! Ending one's own sign-ins.

use std::sync::Arc;

use strongroom_authz::{EndOwnSignIns, Grant};

use super::members;
use super::{ManageError, Management, Result, Thing, user_of};
use crate::call::{Call, Recorded};

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
}
