package conformance

import (
	"bytes"
	"slices"
	"testing"

	"github.com/thalassa-cloud/client-go/secrets"
)

// TestLifeOfASecret walks one secret from its creation to its deletion.
func TestLifeOfASecret(t *testing.T) {
	ctx, api := t.Context(), owner(t).Secrets()
	const path = "/conformance/life/password"

	created := must[*secrets.Secret](t)(api.CreateSecret(ctx, server.Region, secrets.CreateSecretRequest{
		Path:           path,
		Description:    "the whole life of a secret",
		Labels:         map[string]string{"team": "platform"},
		Annotations:    map[string]string{"ticket": "42"},
		KmsKeyIdentity: server.KmsKeyIdentity,
		SecretString:   secrets.EncodeBytes([]byte("first")),
	}))
	equal(t, "path", created.Path, path)
	equal(t, "current version", created.CurrentVersion, 1)
	equal(t, "object version", created.ObjectVersion, 1)
	equal(t, "label", created.Labels["team"], "platform")
	equal(t, "annotation", created.Annotations["ticket"], "42")
	if created.KmsKey == nil || created.KmsKey.Identity != server.KmsKeyIdentity {
		t.Errorf("the secret does not name its key: %+v", created.KmsKey)
	}
	if created.Region == nil || created.Region.Slug != server.Region {
		t.Errorf("the secret does not name its region: %+v", created.Region)
	}
	if created.CreatedAt.IsZero() || created.LastAccessedAt != nil {
		t.Errorf("created %v, accessed %v", created.CreatedAt, created.LastAccessedAt)
	}

	value, version, err := api.GetSecretString(ctx, server.Region, path, nil)
	if err != nil || string(value) != "first" || version != 1 {
		t.Fatalf("reveal: %q, version %d, %v", value, version, err)
	}

	put := must[*secrets.PutSecretValueResponse](t)(api.PutSecretString(ctx, server.Region, path, []byte("second")))
	equal(t, "put path", put.Path, path)
	equal(t, "put version", put.Version, 2)
	value, version, err = api.GetSecretString(ctx, server.Region, path, nil)
	if err != nil || string(value) != "second" || version != 2 {
		t.Fatalf("reveal after put: %q, version %d, %v", value, version, err)
	}
	one := 1
	value, _, err = api.GetSecretString(ctx, server.Region, path, &one)
	if err != nil || string(value) != "first" {
		t.Fatalf("reveal of version 1: %q, %v", value, err)
	}

	read := must[*secrets.Secret](t)(api.GetSecret(ctx, server.Region, path, true))
	equal(t, "versions", len(read.Versions), 2)
	equal(t, "current version", read.CurrentVersion, 2)
	if read.LastAccessedAt == nil {
		t.Error("a reveal leaves no access time")
	}
	without := must[*secrets.Secret](t)(api.GetSecret(ctx, server.Region, path, false))
	equal(t, "versions without asking", len(without.Versions), 0)

	if err := api.DestroySecretVersion(ctx, server.Region, path, 2); err != nil {
		t.Fatalf("destroy: %v", err)
	}
	after := must[*secrets.Secret](t)(api.GetSecret(ctx, server.Region, path, true))
	equal(t, "current version after destroy", after.CurrentVersion, 1)
	equal(t, "status of the destroyed version", after.Versions[1].Status, "destroyed")
	if after.Versions[1].DestroyedAt == nil {
		t.Error("a destroyed version does not say when")
	}
	two := 2
	_, err = api.GetSecretValue(ctx, server.Region, path, &two)
	wantNotFound(t, "reveal of a destroyed version", err)
	next := must[*secrets.PutSecretValueResponse](t)(api.PutSecretString(ctx, server.Region, path, []byte("third")))
	equal(t, "a number is never used again", next.Version, 3)

	if err := api.DeleteSecret(ctx, server.Region, path); err != nil {
		t.Fatalf("delete: %v", err)
	}
	_, err = api.GetSecret(ctx, server.Region, path, false)
	wantNotFound(t, "read of a deleted secret", err)
	again := must[*secrets.Secret](t)(api.CreateSecret(ctx, server.Region, secrets.CreateSecretRequest{
		Path:           path,
		KmsKeyIdentity: server.KmsKeyIdentity,
		GenerateSecret: &secrets.GenerateSecret{ByteLength: 32},
	}))
	equal(t, "a path starts anew", again.CurrentVersion, 1)
}

// TestValueInputs creates with each of the three inputs and reads each back.
func TestValueInputs(t *testing.T) {
	ctx, api := t.Context(), owner(t).Secrets()
	create := func(path string, request secrets.CreateSecretRequest) {
		t.Helper()
		request.Path, request.KmsKeyIdentity = path, server.KmsKeyIdentity
		must[*secrets.Secret](t)(api.CreateSecret(ctx, server.Region, request))
	}
	reveal := must[*secrets.GetSecretValueResponse](t)

	binary := []byte{0, 1, 0xfe, 0xff, '\n'}
	create("/conformance/inputs/string", secrets.CreateSecretRequest{SecretString: secrets.EncodeBytes(binary)})
	got := reveal(api.GetSecretValue(ctx, server.Region, "/conformance/inputs/string", nil))
	decoded := must[[]byte](t)(secrets.DecodeBytes("secretString", got.SecretString))
	if !bytes.Equal(decoded, binary) {
		t.Errorf("a string came back as %v", decoded)
	}
	equal(t, "key of the value", got.KmsKeyIdentity, server.KmsKeyIdentity)
	equal(t, "key version of the value", got.KmsKeyVersion, "1")

	entries := map[string]string{
		"user":        secrets.EncodeBytes([]byte("app")),
		"db.password": secrets.EncodeBytes([]byte("p+/=")),
	}
	create("/conformance/inputs/entries", secrets.CreateSecretRequest{SecretKeyValues: entries})
	got = reveal(api.GetSecretValue(ctx, server.Region, "/conformance/inputs/entries", nil))
	equal(t, "entries", len(got.SecretKeyValues), len(entries))
	for name, want := range entries {
		equal(t, "entry "+name, got.SecretKeyValues[name], want)
	}
	equal(t, "no string beside entries", got.SecretString, "")
	if _, _, err := api.GetSecretString(ctx, server.Region, "/conformance/inputs/entries", nil); err == nil {
		t.Error("entries were read as a string")
	}

	create("/conformance/inputs/generated", secrets.CreateSecretRequest{
		GenerateSecret: &secrets.GenerateSecret{ByteLength: 48},
	})
	first, _, err := api.GetSecretString(ctx, server.Region, "/conformance/inputs/generated", nil)
	if err != nil || len(first) != 48 {
		t.Fatalf("generated %d bytes: %v", len(first), err)
	}
	must[*secrets.PutSecretValueResponse](t)(api.PutSecretValue(ctx, server.Region, "/conformance/inputs/generated",
		secrets.PutSecretValueRequest{GenerateSecret: &secrets.GenerateSecret{ByteLength: 48}}))
	second, _, err := api.GetSecretString(ctx, server.Region, "/conformance/inputs/generated", nil)
	if err != nil || bytes.Equal(first, second) {
		t.Errorf("generated the same value twice: %v", err)
	}

	must[*secrets.PutSecretValueResponse](t)(api.PutSecretValue(ctx, server.Region, "/conformance/inputs/string",
		secrets.PutSecretValueRequest{SecretKeyValues: entries}))
	got = reveal(api.GetSecretValue(ctx, server.Region, "/conformance/inputs/string", nil))
	equal(t, "a version has a format of its own", len(got.SecretKeyValues), len(entries))
}

// TestBrowseAndList looks at a small tree from above.
func TestBrowseAndList(t *testing.T) {
	ctx, api := t.Context(), owner(t).Secrets()
	paths := []string{
		"/conformance/tree/a",
		"/conformance/tree/a/b",
		"/conformance/tree/c+d/e.f",
		"/conformance/tree/z",
	}
	for _, path := range paths {
		must[*secrets.Secret](t)(api.CreateSecret(ctx, server.Region, secrets.CreateSecretRequest{
			Path:           path,
			KmsKeyIdentity: server.KmsKeyIdentity,
			SecretString:   secrets.EncodeBytes([]byte("x")),
		}))
	}
	names := func(all []secrets.Secret) []string {
		var names []string
		for _, secret := range all {
			names = append(names, secret.Path)
		}
		return names
	}

	level := must[*secrets.BrowseSecretsResponse](t)(api.BrowseSecrets(ctx, server.Region, "/conformance/tree/"))
	equal(t, "browsed directory", level.Path, "/conformance/tree/")
	if want := []string{"/conformance/tree/a/", "/conformance/tree/c+d/"}; !slices.Equal(level.Prefixes, want) {
		t.Errorf("directories: got %v, want %v", level.Prefixes, want)
	}
	if want := []string{paths[0], paths[3]}; !slices.Equal(names(level.Secrets), want) {
		t.Errorf("secrets: got %v, want %v", names(level.Secrets), want)
	}
	plus := must[*secrets.BrowseSecretsResponse](t)(api.BrowseSecrets(ctx, server.Region, "/conformance/tree/c+d/"))
	equal(t, "below a plus", len(plus.Secrets), 1)
	nothing := must[*secrets.BrowseSecretsResponse](t)(api.BrowseSecrets(ctx, server.Region, "/conformance/nothing/"))
	equal(t, "an unknown directory", len(nothing.Secrets)+len(nothing.Prefixes), 0)

	listed := must[[]secrets.Secret](t)(api.ListSecrets(ctx, server.Region, "/conformance/tree/"))
	if !slices.Equal(names(listed), paths) {
		t.Errorf("list: got %v, want %v", names(listed), paths)
	}
	listed = must[[]secrets.Secret](t)(api.ListSecrets(ctx, server.Region, "/conformance/nothing"))
	equal(t, "an empty list", len(listed), 0)
	read := must[*secrets.Secret](t)(api.GetSecret(ctx, server.Region, paths[2], false))
	equal(t, "a path with a plus", read.Path, paths[2])
}

// TestAccessPolicy sets, enforces and clears the policy of a secret.
func TestAccessPolicy(t *testing.T) {
	ctx, api := t.Context(), owner(t).Secrets()
	const path = "/conformance/policy/secret"
	policy := secrets.SecretPolicy{Statements: []secrets.SecretPolicyStatement{
		{Effect: "Deny", Actions: []string{"secrets:get-value"}, Principals: []string{"*"}},
	}}
	created := must[*secrets.Secret](t)(api.CreateSecret(ctx, server.Region, secrets.CreateSecretRequest{
		Path:           path,
		KmsKeyIdentity: server.KmsKeyIdentity,
		SecretString:   secrets.EncodeBytes([]byte("guarded")),
		AccessPolicy:   &policy,
	}))
	if created.AccessPolicy == nil || created.AccessPolicy.Statements[0].Effect != "Deny" {
		t.Errorf("the policy is not echoed as it was sent: %+v", created.AccessPolicy)
	}
	_, err := api.GetSecretValue(ctx, server.Region, path, nil)
	wantStatus(t, "reveal against the policy", err, 403)
	must[*secrets.PutSecretValueResponse](t)(api.PutSecretString(ctx, server.Region, path, []byte("still writable")))

	cleared := must[*secrets.Secret](t)(api.UpdateAccessPolicy(ctx, server.Region, path, secrets.UpdateAccessPolicyRequest{}))
	if cleared.AccessPolicy != nil {
		t.Errorf("a cleared policy is still there: %+v", cleared.AccessPolicy)
	}
	value, _, err := api.GetSecretString(ctx, server.Region, path, nil)
	if err != nil || string(value) != "still writable" {
		t.Errorf("reveal without a policy: %q, %v", value, err)
	}

	updated := must[*secrets.Secret](t)(api.UpdateAccessPolicy(ctx, server.Region, path, secrets.UpdateAccessPolicyRequest{
		AccessPolicy: secrets.SecretPolicy{Statements: []secrets.SecretPolicyStatement{
			{Effect: "allow", Actions: []string{"read"}, Principals: []string{"team:platform"}},
		}},
	}))
	equal(t, "statements", len(updated.AccessPolicy.Statements), 1)
	_, err = api.GetSecretValue(ctx, server.Region, path, nil)
	wantStatus(t, "reveal by somebody whom no statement allows", err, 403)
}
