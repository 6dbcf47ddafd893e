//! What policies allow.

use std::sync::Arc;

use strongroom_authz::{AddPolicyRule, Grant, RemovePolicyRule, ResourceType};
use strongroom_types::RuleId;

use super::{KIND, own, place};
use crate::call::{Call, Recorded};
use crate::directory::admin::NewRule;
use crate::directory::levels::Place;
use crate::directory::manage::giving::Gift;
use crate::directory::manage::role_views::RuleView;
use crate::directory::manage::roles::MOST_RULES;
use crate::directory::manage::{ManageError, Management, Result, Thing, concern};
use crate::directory::rights::parse;
use crate::rows::directory::RuleRow;

impl Management<'_> {
    /// Lets a policy allow more. Everybody who has it gets that at the next request, so that the
    /// caller must hold it wherever the policy counts.
    pub async fn add_policy_rule(
        &self,
        grant: Grant<AddPolicyRule>,
        call: &Arc<Call>,
        new: NewRule,
    ) -> Result<Recorded<RuleView>> {
        let (level, now) = (*grant.scope(), self.now());
        let added = RuleRow {
            identity: Some(RuleId::from_bytes(self.0.vault.draw()?)),
            ..RuleRow::from(new)
        };
        let rule = parse(&added).map_err(ManageError::Rule)?;
        let known = |word: &str| word == "*" || word.parse::<ResourceType>().is_ok();
        if !rule.resources().all(known) {
            return Err(ManageError::UnknownResource);
        }
        self.change(call, level.organisation, |view, changes| {
            let mut row = own(view, &grant, grant.target())?.clone();
            concern(call, KIND, &row.identity);
            let gift = Gift {
                place: Place::Level {
                    project: row.project,
                    below: row.policy.as_ref().is_some_and(|policy| policy.replicates),
                },
                rules: std::slice::from_ref(&rule),
                until: None,
            };
            gift.may_come_from(view, grant.caller(), now)?;
            if row.rules.len() >= MOST_RULES {
                let (thing, max) = (Thing::Rule, MOST_RULES);
                return Err(ManageError::TooMany { thing, max });
            }
            row.rules.push(added.clone());
            row.described.changed(now);
            changes.put(place(level.organisation, row.identity), &row)?;
            Ok(RuleView::of(&added, row.rules.len()))
        })
        .await
    }

    /// Lets a policy allow less.
    pub async fn remove_policy_rule(
        &self,
        grant: Grant<RemovePolicyRule>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let (level, now) = (*grant.scope(), self.now());
        let (of, rule) = grant.target();
        self.change(call, level.organisation, |view, changes| {
            let mut row = own(view, &grant, of)?.clone();
            concern(call, KIND, &row.identity);
            let before = row.rules.len();
            let mut number = 0;
            row.rules.retain(|each| {
                number += 1;
                RuleView::identity_of(each, number) != *rule
            });
            if row.rules.len() == before {
                return Err(ManageError::NotFound(Thing::Rule));
            }
            row.described.changed(now);
            changes.put(place(level.organisation, row.identity), &row)?;
            Ok(())
        })
        .await
    }
}
