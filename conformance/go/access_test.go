package conformance

import (
	"testing"

	"github.com/thalassa-cloud/client-go/pkg/client"
	"github.com/thalassa-cloud/client-go/secrets"
)

// TestWaysToAuthenticate reads the same secret with every kind of credential.
func TestWaysToAuthenticate(t *testing.T) {
	const path = "/conformance/access/secret"
	must[*secrets.Secret](t)(owner(t).Secrets().CreateSecret(t.Context(), server.Region, secrets.CreateSecretRequest{
		Path:           path,
		KmsKeyIdentity: server.KmsKeyIdentity,
		SecretString:   secrets.EncodeBytes([]byte("shared")),
	}))
	tokenURL := server.Endpoint + "/oidc/token"
	ways := map[string]client.Option{
		"personal token":     client.WithAuthPersonalToken(server.Token),
		"bearer token":       client.WithToken(server.Token),
		"client credentials": client.WithAuthOIDC(server.ClientID, server.ClientSecret, tokenURL),
		"basic":              client.WithAuthBasic(server.ClientID, server.ClientSecret),
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			value, _, err := connect(t, way).Secrets().GetSecretString(t.Context(), server.Region, path, nil)
			if err != nil || string(value) != "shared" {
				t.Errorf("reveal: %q, %v", value, err)
			}
		})
	}
}

// TestStrangers are turned away, whatever they ask for.
func TestStrangers(t *testing.T) {
	tokenURL := server.Endpoint + "/oidc/token"
	list := func(t *testing.T, options ...client.Option) error {
		t.Helper()
		_, err := connect(t, options...).Secrets().ListSecrets(t.Context(), server.Region, "/")
		return err
	}
	wantStatus(t, "nobody", list(t, client.WithAuthNone()), 401)
	wantStatus(t, "a made-up token", list(t, client.WithAuthPersonalToken("tc_pat_made-up")), 401)
	wantStatus(t, "a wrong secret", list(t, client.WithAuthBasic(server.ClientID, "wrong")), 401)
	if err := list(t, client.WithAuthOIDC(server.ClientID, "wrong", tokenURL)); err == nil {
		t.Error("a wrong client secret got a token")
	}
	elsewhere := []client.Option{
		client.WithAuthPersonalToken(server.Token), client.WithOrganisation("somebody-else"),
	}
	wantStatus(t, "another organisation", list(t, elsewhere...), 403)
}

// TestProjectsAreApart keeps a secret of a project out of the organisation's own, and the other way.
func TestProjectsAreApart(t *testing.T) {
	if server.Project == "" {
		t.Fatal("`strongroom dev --json` names no project, so the scope cannot be tested")
	}
	ctx := t.Context()
	outside := owner(t)
	inside := owner(t, client.WithProject(server.Project))
	const path = "/conformance/project/secret"

	_, err := inside.KMS().GetKey(ctx, server.Region, server.KmsKeyIdentity)
	wantNotFound(t, "the organisation's key, asked for in the project", err)
	key, err := inside.KMS().CreateKey(ctx, server.Region, keyOfTheProject)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "project of the key", key.ProjectID, server.Project)
	must[*secrets.Secret](t)(inside.Secrets().CreateSecret(ctx, server.Region, secrets.CreateSecretRequest{
		Path:           path,
		KmsKeyIdentity: key.Identity,
		SecretString:   secrets.EncodeBytes([]byte("inside")),
	}))
	value, _, err := inside.Secrets().GetSecretString(ctx, server.Region, path, nil)
	if err != nil || string(value) != "inside" {
		t.Errorf("reveal inside the project: %q, %v", value, err)
	}
	_, err = outside.Secrets().GetSecretValue(ctx, server.Region, path, nil)
	wantNotFound(t, "reveal outside the project", err)
	listed := must[[]secrets.Secret](t)(outside.Secrets().ListSecrets(ctx, server.Region, "/conformance/project/"))
	equal(t, "listed outside the project", len(listed), 0)

	nowhere := owner(t, client.WithProject("no-such-project"))
	_, err = nowhere.Secrets().ListSecrets(ctx, server.Region, "/")
	wantNotFound(t, "an unknown project", err)
}
