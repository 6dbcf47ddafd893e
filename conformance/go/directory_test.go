package conformance

import (
	"testing"
	"time"

	"github.com/thalassa-cloud/client-go/filters"
	"github.com/thalassa-cloud/client-go/iam"
	"github.com/thalassa-cloud/client-go/pkg/base"
	"github.com/thalassa-cloud/client-go/pkg/client"
	"github.com/thalassa-cloud/client-go/projects"
)

// TestServiceAccounts walks through the life of a service account and its access credential.
func TestServiceAccounts(t *testing.T) {
	ctx := t.Context()
	accounts := owner(t).IAM()
	description := "deploys"
	made := must[*iam.ServiceAccount](t)(accounts.CreateServiceAccount(ctx, iam.CreateServiceAccountRequest{
		Name:        "Conformance Robot",
		Description: &description,
		Labels:      map[string]string{"suite": "conformance"},
	}))
	equal(t, "slug", made.Slug, "conformance-robot")
	equal(t, "label", made.Labels["suite"], "conformance")
	name := "Renamed Robot"
	renamed := must[*iam.ServiceAccount](t)(accounts.UpdateServiceAccount(ctx, made.Identity, iam.UpdateServiceAccountRequest{Name: &name}))
	equal(t, "name", renamed.Name, name)
	equal(t, "version", renamed.ObjectVersion, 2)
	equal(t, "description", *renamed.Description, description)
	listed := must[[]iam.ServiceAccount](t)(accounts.ListServiceAccounts(ctx, &iam.ListServiceAccountsRequest{}))
	if len(listed) < 2 {
		t.Errorf("listed %d service accounts, want that of the server, too", len(listed))
	}

	end := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	issued := must[*iam.ServiceAccountCreatedAccessCredential](t)(accounts.CreateServiceAccountAccessCredentials(ctx, made.Identity, iam.CreateServiceAccountAccessCredentialRequest{
		ExpiresAt: &end,
		Scopes:    []iam.AccessCredentialsScope{iam.AccessCredentialsScopeAPIRead},
	}))
	equal(t, "scopes", len(issued.Scopes), 1)
	robot := connect(t, client.WithAuthOIDC(issued.AccessKey, issued.AccessSecret, server.Endpoint+"/oidc/token"))
	_, err := robot.Secrets().ListSecrets(ctx, server.Region, "/")
	wantStatus(t, "a service account without rights", err, 403)
	credentials := must[[]iam.ServiceAccountAccessCredential](t)(accounts.GetServiceAccountAccessCredentials(ctx, made.Identity))
	if len(credentials) != 1 || credentials[0].AccessKey != issued.AccessKey || credentials[0].LastUsedAt == nil {
		t.Errorf("credentials: %+v", credentials)
	}
	equal(t, "end", credentials[0].ExpiresAt.UTC(), end)

	if err := accounts.DeleteServiceAccountAccessCredentials(ctx, made.Identity, issued.Identity); err != nil {
		t.Fatal(err)
	}
	_, err = robot.Secrets().ListSecrets(ctx, server.Region, "/")
	wantStatus(t, "a deleted credential", err, 401)
	if err := accounts.DeleteServiceAccount(ctx, made.Identity); err != nil {
		t.Fatal(err)
	}
	_, err = accounts.GetServiceAccount(ctx, made.Identity)
	wantNotFound(t, "a deleted service account", err)
}

// TestRoles gives a service account a role of its own, changes what it allows and takes it again.
func TestRoles(t *testing.T) {
	ctx := t.Context()
	api := owner(t).IAM()
	account := must[*iam.ServiceAccount](t)(api.CreateServiceAccount(ctx, iam.CreateServiceAccountRequest{Name: "Role Holder"}))
	issued := must[*iam.ServiceAccountCreatedAccessCredential](t)(api.CreateServiceAccountAccessCredentials(ctx, account.Identity, iam.CreateServiceAccountAccessCredentialRequest{}))
	holder := connect(t, client.WithAuthBasic(issued.AccessKey, issued.AccessSecret))
	list := func() error {
		_, err := holder.Secrets().ListSecrets(ctx, server.Region, "/")
		return err
	}

	role := must[*iam.OrganisationRole](t)(api.CreateOrganisationRole(ctx, iam.CreateOrganisationRoleRequest{
		Name: "Conformance Role", Description: "lists",
	}))
	equal(t, "slug", role.Slug, "conformance-role")
	rule := must[*iam.OrganisationRolePermissionRule](t)(api.AddRoleRule(ctx, role.Identity, iam.OrganisationRolePermissionRule{
		Resources: []string{"secret"}, Permissions: []iam.PermissionType{iam.PermissionTypeList}, Note: "for the test",
	}))
	binding := must[*iam.OrganisationRoleBinding](t)(api.CreateRoleBinding(ctx, role.Identity, iam.CreateRoleBinding{
		Name: "holder", ServiceAccountIdentity: &account.Identity,
	}))
	if binding.ServiceAccount == nil || binding.ServiceAccount.Identity != account.Identity {
		t.Errorf("binding: %+v", binding)
	}
	if err := list(); err != nil {
		t.Errorf("with the role: %v", err)
	}
	shown := must[*iam.OrganisationRole](t)(api.GetOrganisationRole(ctx, role.Identity))
	if len(shown.Rules) != 1 || shown.Rules[0].Note != "for the test" || len(shown.Bindings) != 1 {
		t.Errorf("role: %+v", shown)
	}
	bindings := must[[]iam.OrganisationRoleBinding](t)(api.ListRoleBindings(ctx, role.Identity, nil))
	equal(t, "bindings", len(bindings), 1)

	if err := api.DeleteRuleFromRole(ctx, role.Identity, rule.Identity); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, "after the rule went", list(), 403)
	if err := api.DeleteRoleBinding(ctx, role.Identity, binding.Identity); err != nil {
		t.Fatal(err)
	}
	if err := api.DeleteOrganisationRole(ctx, role.Identity); err != nil {
		t.Fatal(err)
	}
	_, err := api.GetOrganisationRole(ctx, role.Identity)
	wantNotFound(t, "a deleted role", err)
	for _, each := range must[[]iam.OrganisationRole](t)(api.ListOrganisationRoles(ctx, nil)) {
		if each.System != each.IsReadOnly {
			t.Errorf("%s: system %t, read only %t", each.Name, each.System, each.IsReadOnly)
		}
		if each.System {
			wantBadRequest(t, each.Name, api.DeleteOrganisationRole(ctx, each.Identity))
		}
	}
	if err := api.DeleteServiceAccount(ctx, account.Identity); err != nil {
		t.Fatal(err)
	}
}

// TestTeamsAndMembers puts the owner into a team and finds them among the members.
func TestTeamsAndMembers(t *testing.T) {
	ctx := t.Context()
	api := owner(t).IAM()
	members := must[[]iam.OrganisationMember](t)(api.ListOrganisationMembers(ctx, &iam.ListMembersRequest{}))
	if len(members) != 1 || members[0].MemberType != iam.OrganisationMemberTypeOwner || members[0].User == nil {
		t.Fatalf("members: %+v", members)
	}
	me := members[0]
	team := must[*iam.Team](t)(api.CreateTeam(ctx, iam.CreateTeam{Name: "Conformance Team"}))
	equal(t, "slug", team.Slug, "conformance-team")
	if err := api.AddTeamMember(ctx, team.Identity, iam.AddTeamMemberRequest{UserIdentity: me.User.Subject, Role: "LEAD"}); err != nil {
		t.Fatal(err)
	}
	shown := must[*iam.Team](t)(api.GetTeam(ctx, team.Identity, nil))
	if len(shown.Members) != 1 || shown.Members[0].Role != "LEAD" || shown.Members[0].User.Subject != me.User.Subject {
		t.Fatalf("team: %+v", shown)
	}
	if err := api.RemoveTeamMember(ctx, team.Identity, shown.Members[0].Identity); err != nil {
		t.Fatal(err)
	}
	renamed := must[*iam.Team](t)(api.UpdateTeam(ctx, team.Identity, iam.UpdateTeam{Name: "Renamed Team"}))
	equal(t, "name", renamed.Name, "Renamed Team")
	equal(t, "members", len(renamed.Members), 0)
	if err := api.DeleteTeam(ctx, team.Identity); err != nil {
		t.Fatal(err)
	}
	equal(t, "teams", len(must[[]iam.Team](t)(api.ListTeams(ctx, nil))), 0)

	demoted := iam.UpdateOrganisationMemberRequest{MemberType: iam.OrganisationMemberTypeMember}
	wantBadRequest(t, "demoting the last owner", api.UpdateOrganisationMember(ctx, me.Identity, demoted))
	wantBadRequest(t, "removing the last owner", api.DeleteOrganisationMember(ctx, me.Identity))
	mine := must[[]base.Organisation](t)(owner(t).Me().ListMyOrganisations(ctx))
	if len(mine) != 1 || (mine[0].Slug != server.Organisation && mine[0].Identity != server.Organisation) {
		t.Errorf("my organisations: %+v", mine)
	}
}

// TestInvites invites somebody, who comes in with the code, joins a team and gets a role. The client
// only lists invitations; the other calls go through its core, and the newcomer has no client yet.
func TestInvites(t *testing.T) {
	ctx := t.Context()
	api := owner(t)
	team := must[*iam.Team](t)(api.IAM().CreateTeam(ctx, iam.CreateTeam{Name: "Welcome Team"}))
	made := must[map[string]string](t)(ask[map[string]string](t, api, "POST", "/v1/invites", map[string]any{
		"email": "ann@example.com", "role": "MEMBER", "joinTeamOnAccept": team.Identity,
		"rolebindingOnAccept": "secrets:ReadAccess", "duration": "24h",
	}))
	listed := must[[]iam.OrganisationMemberInvite](t)(api.IAM().ListOrganisationMemberInvites(ctx, nil))
	if len(listed) != 1 {
		t.Fatalf("invites: %+v", listed)
	}
	invite := listed[0]
	equal(t, "code", invite.InviteCode, made["inviteCode"])
	equal(t, "role", invite.Role, iam.OrganisationMemberTypeMember)
	if invite.Organisation == nil || invite.InvitedByUser == nil || invite.ExpiresAt == nil ||
		invite.JoinTeamOnAccept == nil || invite.JoinTeamOnAccept.Slug != "welcome-team" ||
		invite.RolebindingOnAccept == nil || invite.RolebindingOnAccept.Name != "secrets:ReadAccess" {
		t.Errorf("invite: %+v", invite)
	}

	type joined struct {
		Membership iam.OrganisationMember `json:"membership"`
		Token      string                 `json:"token"`
	}
	answer := must[joined](t)(ask[joined](t, connect(t), "POST", "/v1/invites/accept", map[string]any{
		"code": made["acceptCode"], "name": "Ann Example",
	}))
	newcomer := connect(t, client.WithAuthPersonalToken(answer.Token))
	if _, err := newcomer.Secrets().ListSecrets(ctx, server.Region, "/"); err != nil {
		t.Errorf("with the role: %v", err)
	}
	shown := must[*iam.Team](t)(api.IAM().GetTeam(ctx, team.Identity, nil))
	if len(shown.Members) != 1 || shown.Members[0].User.Name != "Ann Example" {
		t.Errorf("team: %+v", shown)
	}
	equal(t, "left", len(must[[]iam.OrganisationMemberInvite](t)(api.IAM().ListOrganisationMemberInvites(ctx, nil))), 0)

	again := must[map[string]string](t)(ask[map[string]string](t, api, "POST", "/v1/invites", map[string]any{"email": "bo@example.com"}))
	if _, err := ask[any](t, api, "DELETE", "/v1/invites/"+again["inviteCode"], nil); err != nil {
		t.Fatal(err)
	}
	_, err := ask[joined](t, connect(t), "POST", "/v1/invites/accept", map[string]any{"code": again["acceptCode"]})
	wantNotFound(t, "a withdrawn invitation", err)
	if err := api.IAM().DeleteOrganisationMember(ctx, answer.Membership.Identity); err != nil {
		t.Fatal(err)
	}
	if err := api.IAM().DeleteTeam(ctx, team.Identity); err != nil {
		t.Fatal(err)
	}
}

// TestProjects makes a project inside another and removes both.
func TestProjects(t *testing.T) {
	ctx := t.Context()
	// The header of a project that does not exist is not sent by these calls.
	api := owner(t, client.WithProject("not-sent")).Projects()
	parent := must[*projects.Project](t)(api.CreateProject(ctx, projects.CreateProjectRequest{
		Name: "Conformance Parent", Labels: map[string]string{"suite": "conformance"},
	}))
	child := must[*projects.Project](t)(api.CreateProject(ctx, projects.CreateProjectRequest{
		Name: "Conformance Child", ParentProjectIdentity: &parent.Identity,
	}))
	if child.ParentProject == nil || child.ParentProject.Identity != parent.Identity {
		t.Errorf("child: %+v", child)
	}
	wantBadRequest(t, "removing a project with a child", api.DeleteProject(ctx, parent.Slug))
	none := ""
	freed := must[*projects.Project](t)(api.UpdateProject(ctx, child.Slug, projects.UpdateProjectRequest{
		Name: "Free", ParentProjectIdentity: &none,
	}))
	if freed.ParentProject != nil || freed.ObjectVersion != 2 || freed.Slug != child.Slug {
		t.Errorf("freed: %+v", freed)
	}
	found := must[[]projects.Project](t)(api.ListProjects(ctx, &projects.ListProjectsRequest{
		Filters: []filters.Filter{&filters.LabelFilter{MatchLabels: map[string]string{"suite": "conformance"}}},
	}))
	if len(found) != 1 || found[0].Identity != parent.Identity {
		t.Errorf("found: %+v", found)
	}
	for _, each := range []string{parent.Slug, child.Identity} {
		if err := api.DeleteProject(ctx, each); err != nil {
			t.Fatal(err)
		}
	}
	_, err := api.GetProject(ctx, parent.Slug)
	wantNotFound(t, "a deleted project", err)
}
