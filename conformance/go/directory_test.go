package conformance

import (
	"testing"
	"time"

	"github.com/thalassa-cloud/client-go/iam"
	"github.com/thalassa-cloud/client-go/pkg/client"
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
