package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/thalassa-cloud/client-go/filters"
	"github.com/thalassa-cloud/client-go/iam"
	"github.com/thalassa-cloud/client-go/pkg/client"
	"github.com/thalassa-cloud/client-go/secrets"
)

const (
	// issuer is the `iss` of the tokens here; its keys are pinned, so nobody is asked for them.
	issuer   = "https://issuer.conformance.example"
	audience = "https://api.thalassa.cloud"
	// account is the slug of the service account that `strongroom dev` makes.
	account = "dev-client"
)

// pipeline is an issuer with one key on P-256.
type pipeline struct{ key *ecdsa.PrivateKey }

func part(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }

func (p pipeline) keys() *iam.LocalJWKS {
	point := sure(p.key.PublicKey.Bytes())
	return &iam.LocalJWKS{Keys: []map[string]any{{
		"kty": "EC", "crv": "P-256", "kid": "k", "alg": "ES256", "use": "sig",
		"x": part(point[1:33]), "y": part(point[33:]),
	}}}
}

// token is signed for ES256 (RFC 7518, section 3.4).
func (p pipeline) token(t *testing.T, subject, ref string) string {
	t.Helper()
	now := time.Now().Unix()
	signed := part(must[[]byte](t)(json.Marshal(map[string]any{"alg": "ES256", "kid": "k", "typ": "JWT"}))) +
		"." + part(must[[]byte](t)(json.Marshal(map[string]any{
		"iss": issuer, "sub": subject, "aud": audience, "ref": ref,
		"iat": now, "nbf": now, "exp": now + 300,
	})))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + part(signature)
}

// sure is for what cannot fail.
func sure[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// TestFederation makes a provider and a federated identity, and lets a pipeline in with its token.
func TestFederation(t *testing.T) {
	ctx := t.Context()
	manager := owner(t).IAM()
	ci := pipeline{key: must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
	provider := must[*iam.FederatedIdentityProvider](t)(manager.CreateFederatedIdentityProvider(ctx,
		iam.CreateFederatedIdentityProviderRequest{
			Name:           "conformance",
			Description:    "a pipeline",
			Labels:         map[string]string{"team": "platform"},
			ProviderIssuer: issuer,
			LocalJWKS:      ci.keys(),
		}))
	equal(t, "issuer", provider.ProviderIssuer, issuer)
	equal(t, "status", provider.Status, iam.FederatedIdentityProviderStatusActive)
	equal(t, "keys", len(provider.LocalJWKS.Keys), 1)
	_, err := manager.CreateFederatedIdentityProvider(ctx, iam.CreateFederatedIdentityProviderRequest{
		Name: "again", ProviderIssuer: issuer,
	})
	wantStatus(t, "the same issuer again", err, 409)
	_, err = manager.CreateFederatedIdentityProvider(ctx, iam.CreateFederatedIdentityProviderRequest{
		Name: "plain", ProviderIssuer: "http://issuer.conformance.example",
	})
	wantBadRequest(t, "an issuer without TLS", err)

	identity := must[*iam.FederatedIdentity](t)(manager.CreateFederatedIdentity(ctx,
		iam.CreateFederatedIdentityRequest{
			Name:                   "conformance",
			ServiceAccountIdentity: account,
			ProviderIdentity:       provider.Identity,
			ProviderSubject:        "repo:acme/*",
			TrustedAudiences:       []string{audience},
			AudienceMatchMode:      iam.AudienceMatchModeAny,
			AllowedScopes:          []iam.AccessCredentialsScope{"api:read", "api:write"},
			Conditions:             map[string]any{"ref": "refs/heads/main"},
		}))
	equal(t, "provider", identity.Provider.Identity, provider.Identity)
	equal(t, "service account", identity.ServiceAccount.Slug, account)
	equal(t, "status", identity.Status, iam.FederatedIdentityStatusActive)

	exchanges(t, ci, identity.ServiceAccount.Identity)
	used := must[*iam.FederatedIdentity](t)(manager.GetFederatedIdentity(ctx, identity.Identity))
	if used.LastUsedAt == nil {
		t.Error("the use is not shown")
	}
	listed(t, manager, provider.Identity, identity.Identity)
	ends(t, manager, ci, provider.Identity, identity)
}

// exchange is the option that lets a client in with such a token.
func exchange(subjectToken, accountIdentity string) client.Option {
	return client.WithAuthOIDCTokenExchange(client.OIDCTokenExchangeConfig{
		TokenURL:            server.Endpoint + "/oidc/token",
		SubjectToken:        subjectToken,
		OrganisationID:      server.Organisation,
		ServiceAccountID:    accountIdentity,
		AccessTokenLifetime: "39600s",
	})
}

func reveal(t *testing.T, path string, way client.Option) error {
	t.Helper()
	_, _, err := connect(t, way).Secrets().GetSecretString(t.Context(), server.Region, path, nil)
	return err
}

// exchanges lets the right token in, given as text or as a file, and no other.
func exchanges(t *testing.T, ci pipeline, accountIdentity string) {
	t.Helper()
	const path = "/conformance/federation/secret"
	must[*secrets.Secret](t)(owner(t).Secrets().CreateSecret(t.Context(), server.Region, secrets.CreateSecretRequest{
		Path:           path,
		KmsKeyIdentity: server.KmsKeyIdentity,
		SecretString:   secrets.EncodeBytes([]byte("shared")),
	}))
	right := ci.token(t, "repo:acme/shop:ref:refs/heads/main", "refs/heads/main")
	if err := reveal(t, path, exchange(right, accountIdentity)); err != nil {
		t.Errorf("reveal with an exchanged token: %v", err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(right+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mounted := client.WithAuthOIDCTokenExchange(client.OIDCTokenExchangeConfig{
		TokenURL:         server.Endpoint + "/oidc/token",
		SubjectTokenFile: file,
		OrganisationID:   server.Organisation,
		ServiceAccountID: accountIdentity,
	})
	if err := reveal(t, path, mounted); err != nil {
		t.Errorf("reveal with a mounted token: %v", err)
	}
	for what, token := range map[string]string{
		"another repository": ci.token(t, "repo:other/shop", "refs/heads/main"),
		"another branch":     ci.token(t, "repo:acme/shop", "refs/heads/topic"),
		"another key": pipeline{
			key: must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		}.token(t, "repo:acme/shop", "refs/heads/main"),
	} {
		if err := reveal(t, path, exchange(token, accountIdentity)); err == nil {
			t.Errorf("%s got in", what)
		}
	}
}

func listed(t *testing.T, manager *iam.Client, provider, identity string) {
	t.Helper()
	ctx := t.Context()
	byName := []filters.Filter{&filters.FilterKeyValue{Key: filters.FilterName, Value: "conformance"}}
	providers := must[[]iam.FederatedIdentityProvider](t)(manager.ListFederatedIdentityProviders(ctx,
		&iam.ListFederatedIdentityProvidersRequest{Filters: byName}))
	if len(providers) != 1 || providers[0].Identity != provider {
		t.Errorf("listed providers: %v", providers)
	}
	identities := must[[]iam.FederatedIdentity](t)(manager.ListFederatedIdentities(ctx,
		&iam.ListFederatedIdentitiesRequest{Filters: byName}))
	if len(identities) != 1 || identities[0].Identity != identity {
		t.Errorf("listed identities: %v", identities)
	}
	none := []filters.Filter{&filters.FilterKeyValue{Key: filters.FilterName, Value: "none"}}
	nothing := must[[]iam.FederatedIdentity](t)(manager.ListFederatedIdentities(ctx,
		&iam.ListFederatedIdentitiesRequest{Filters: none}))
	equal(t, "listed under another name", len(nothing), 0)
}

// ends changes both, revokes the identity, and removes them.
func ends(t *testing.T, manager *iam.Client, ci pipeline, provider string, identity *iam.FederatedIdentity) {
	t.Helper()
	ctx := t.Context()
	renamed := must[*iam.FederatedIdentityProvider](t)(manager.UpdateFederatedIdentityProvider(ctx, provider,
		iam.UpdateFederatedIdentityProviderRequest{Name: "renamed"}))
	equal(t, "name", renamed.Name, "renamed")
	equal(t, "label that stays", renamed.Labels["team"], "platform")
	equal(t, "version", renamed.ObjectVersion, 2)
	revoked := must[*iam.FederatedIdentity](t)(manager.UpdateFederatedIdentity(ctx, identity.Identity,
		iam.UpdateFederatedIdentityRequest{Status: iam.FederatedIdentityStatusRevoked}))
	equal(t, "status", revoked.Status, iam.FederatedIdentityStatusRevoked)
	token := ci.token(t, "repo:acme/shop", "refs/heads/main")
	if err := reveal(t, "/conformance/federation/secret", exchange(token, identity.ServiceAccount.Identity)); err == nil {
		t.Error("a revoked identity let a token in")
	}
	wantStatus(t, "deleting a provider in use", manager.DeleteFederatedIdentityProvider(ctx, provider), 409)
	if err := manager.DeleteFederatedIdentity(ctx, identity.Identity); err != nil {
		t.Error(err)
	}
	_, err := manager.GetFederatedIdentity(ctx, identity.Identity)
	wantNotFound(t, "a deleted identity", err)
	if err := manager.DeleteFederatedIdentityProvider(ctx, provider); err != nil {
		t.Error(err)
	}
	_, err = manager.GetFederatedIdentityProvider(ctx, provider)
	wantNotFound(t, "a deleted provider", err)
}
