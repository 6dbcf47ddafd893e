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
