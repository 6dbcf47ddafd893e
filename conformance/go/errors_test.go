package conformance

import (
	"strings"
	"testing"

	"github.com/thalassa-cloud/client-go/kms"
	"github.com/thalassa-cloud/client-go/secrets"
)

var keyOfTheProject = kms.CreateKmsKeyRequest{Name: "Of the project", KeyType: kms.KmsKeyTypeAES256GCM96}

// TestSecretErrors checks the error kinds that the client tells apart.
func TestSecretErrors(t *testing.T) {
	ctx, api := t.Context(), owner(t).Secrets()
	value := secrets.EncodeBytes([]byte("x"))
	create := func(request secrets.CreateSecretRequest) error {
		_, err := api.CreateSecret(ctx, server.Region, request)
		return err
	}
	good := secrets.CreateSecretRequest{
		Path: "/conformance/errors/secret", KmsKeyIdentity: server.KmsKeyIdentity, SecretString: value,
	}
	if err := create(good); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, "a path that is taken", create(good), 409)

	changed := func(change func(*secrets.CreateSecretRequest)) secrets.CreateSecretRequest {
		request := good
		request.Path = "/conformance/errors/other"
		change(&request)
		return request
	}
	refused := map[string]func(*secrets.CreateSecretRequest){
		"no value":             func(r *secrets.CreateSecretRequest) { r.SecretString = "" },
		"two values":           func(r *secrets.CreateSecretRequest) { r.GenerateSecret = &secrets.GenerateSecret{ByteLength: 32} },
		"a value in the clear": func(r *secrets.CreateSecretRequest) { r.SecretString = "not base64!" },
		"too few bytes": func(r *secrets.CreateSecretRequest) {
			r.SecretString, r.GenerateSecret = "", &secrets.GenerateSecret{ByteLength: 8}
		},
		"a value too long":    func(r *secrets.CreateSecretRequest) { r.SecretString = secrets.EncodeBytes(make([]byte, 4097)) },
		"a path with //":      func(r *secrets.CreateSecretRequest) { r.Path = "/a//b" },
		"a path with ..":      func(r *secrets.CreateSecretRequest) { r.Path = "/a/../b" },
		"a path that is open": func(r *secrets.CreateSecretRequest) { r.Path = "/a/" },
		"no leading slash":    func(r *secrets.CreateSecretRequest) { r.Path = "a/b" },
		"a long path":         func(r *secrets.CreateSecretRequest) { r.Path = "/" + strings.Repeat("a", 512) },
	}
	for what, change := range refused {
		wantBadRequest(t, what, create(changed(change)))
	}
	wantNotFound(t, "an unknown key", create(changed(func(r *secrets.CreateSecretRequest) { r.KmsKeyIdentity = "kms-none" })))
	_, err := api.GetSecret(ctx, "atlantis-1", good.Path, false)
	wantNotFound(t, "an unknown region", err)
	_, err = api.GetSecret(ctx, server.Region, "/conformance/errors/missing", false)
	wantNotFound(t, "a missing secret", err)

	for what, version := range map[string]int{"version 0": 0, "version -1": -1} {
		_, err := api.GetSecretValue(ctx, server.Region, good.Path, &version)
		wantBadRequest(t, what, err)
	}
	missing := 99
	_, err = api.GetSecretValue(ctx, server.Region, good.Path, &missing)
	wantNotFound(t, "a missing version", err)
	wantNotFound(t, "destroying a missing version", api.DestroySecretVersion(ctx, server.Region, good.Path, missing))
	wantNotFound(t, "deleting a missing secret", api.DeleteSecret(ctx, server.Region, "/conformance/errors/missing"))
}

// TestKeyOfASecret follows what the state of its key does to a secret.
func TestKeyOfASecret(t *testing.T) {
	ctx, api := t.Context(), owner(t)
	const path = "/conformance/key-state/secret"
	key := must[*kms.KmsKey](t)(api.KMS().CreateKey(ctx, server.Region, kms.CreateKmsKeyRequest{
		Name: "Switched off", KeyType: kms.KmsKeyTypeChaCha20Poly1305,
	}))
	must[*secrets.Secret](t)(api.Secrets().CreateSecret(ctx, server.Region, secrets.CreateSecretRequest{
		Path: path, KmsKeyIdentity: key.Slug, SecretString: secrets.EncodeBytes([]byte("x")),
	}))
	must[*kms.KmsKey](t)(api.KMS().RotateKey(ctx, server.Region, key.Identity))
	old := must[*secrets.GetSecretValueResponse](t)(api.Secrets().GetSecretValue(ctx, server.Region, path, nil))
	equal(t, "a rotation needs no new value", old.KmsKeyVersion, "1")

	must[*kms.KmsKey](t)(api.KMS().DisableKey(ctx, server.Region, key.Identity))
	_, err := api.Secrets().GetSecretValue(ctx, server.Region, path, nil)
	wantBadRequest(t, "reveal with a disabled key", err)
	_, err = api.Secrets().PutSecretString(ctx, server.Region, path, []byte("y"))
	wantBadRequest(t, "put with a disabled key", err)
	read := must[*secrets.Secret](t)(api.Secrets().GetSecret(ctx, server.Region, path, false))
	equal(t, "status of the key", read.KmsKey.Status, kms.KmsKeyStatusDisabled)
	if err := api.Secrets().DeleteSecret(ctx, server.Region, path); err != nil {
		t.Errorf("delete with a disabled key: %v", err)
	}
}
