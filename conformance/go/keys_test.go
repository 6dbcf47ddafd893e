package conformance

import (
	"testing"

	"github.com/thalassa-cloud/client-go/filters"
	"github.com/thalassa-cloud/client-go/kms"
)

// TestLifeOfAKey walks a key of each symmetric type through everything that it can do.
func TestLifeOfAKey(t *testing.T) {
	types := []kms.KmsKeyType{
		kms.KmsKeyTypeAES128GCM96, kms.KmsKeyTypeAES256GCM96, kms.KmsKeyTypeChaCha20Poly1305,
	}
	for _, keyType := range types {
		t.Run(string(keyType), func(t *testing.T) { lifeOfAKey(t, keyType) })
	}
}

func lifeOfAKey(t *testing.T, keyType kms.KmsKeyType) {
	ctx, api := t.Context(), owner(t).KMS()
	key := must[*kms.KmsKey](t)
	name := "Life of " + string(keyType)

	created := key(api.CreateKey(ctx, server.Region, kms.CreateKmsKeyRequest{
		Name:    name,
		KeyType: keyType,
		Labels:  map[string]string{"type": string(keyType)},
	}))
	equal(t, "type", created.KeyType, keyType)
	equal(t, "status", created.Status, kms.KmsKeyStatusActive)
	equal(t, "slug", created.Slug, "life-of-"+string(keyType))
	equal(t, "latest version", created.LatestVersion, 1)
	equal(t, "versions", len(created.Versions), 1)
	if created.RotationPeriodInDays != nil {
		t.Errorf("a rotation period that nobody set: %d", *created.RotationPeriodInDays)
	}
	id := created.Identity
	equal(t, "read by slug", key(api.GetKey(ctx, server.Region, created.Slug)).Identity, id)

	filtered := must[[]kms.KmsKey](t)(api.ListKeys(ctx, server.Region, &kms.ListKeysRequest{
		Filters: []filters.Filter{&filters.LabelFilter{MatchLabels: map[string]string{"type": string(keyType)}}},
	}))
	if len(filtered) != 1 || filtered[0].Identity != id {
		t.Errorf("listed by label: %+v", filtered)
	}

	message := []byte("a message")
	old := must[*kms.EncryptResponse](t)(api.EncryptBytes(ctx, server.Region, id, message))
	equal(t, "key version", old.KeyVersion, "1")
	equal(t, "rotated", key(api.RotateKey(ctx, server.Region, id)).LatestVersion, 2)
	young := must[*kms.EncryptResponse](t)(api.EncryptBytes(ctx, server.Region, id, message))
	equal(t, "key version after the rotation", young.KeyVersion, "2")
	pinned := must[*kms.EncryptResponse](t)(api.Encrypt(ctx, server.Region, id, kms.EncryptRequest{
		Plaintext: kms.EncodeBytes(message), KeyVersion: "1",
	}))
	equal(t, "key version asked for", pinned.KeyVersion, "1")
	for _, ciphertext := range []string{old.Ciphertext, young.Ciphertext, pinned.Ciphertext} {
		decrypted := must[[]byte](t)(api.DecryptBytes(ctx, server.Region, id, ciphertext))
		equal(t, "decrypted", string(decrypted), string(message))
	}

	enabled, days := true, 30
	rotating := key(api.UpdateRotation(ctx, server.Region, id, kms.UpdateRotationRequest{
		KeyRotationEnabled: &enabled, RotationPeriodInDays: &days,
	}))
	if !rotating.KeyRotationEnabled || rotating.RotationPeriodInDays == nil || *rotating.RotationPeriodInDays != days {
		t.Errorf("rotation settings: %+v", rotating)
	}
	unchanged := key(api.UpdateRotation(ctx, server.Region, id, kms.UpdateRotationRequest{}))
	equal(t, "an empty change changes nothing", unchanged.KeyRotationEnabled, true)

	equal(t, "disabled", key(api.DisableKey(ctx, server.Region, id)).Status, kms.KmsKeyStatusDisabled)
	_, err := api.DecryptBytes(ctx, server.Region, id, old.Ciphertext)
	wantBadRequest(t, "decrypt with a disabled key", err)
	equal(t, "enabled", key(api.EnableKey(ctx, server.Region, id)).Status, kms.KmsKeyStatusActive)

	if err := api.DeleteKey(ctx, server.Region, id); err != nil {
		t.Fatalf("delete: %v", err)
	}
	equal(t, "deleted", key(api.GetKey(ctx, server.Region, id)).Status, kms.KmsKeyStatusPendingDeletion)
	_, err = api.EncryptBytes(ctx, server.Region, id, message)
	wantBadRequest(t, "encrypt with a key that is to be deleted", err)
	if err := api.CancelDeletion(ctx, server.Region, id); err != nil {
		t.Fatalf("cancel the deletion: %v", err)
	}
	decrypted := must[[]byte](t)(api.DecryptBytes(ctx, server.Region, id, old.Ciphertext))
	equal(t, "decrypted after all", string(decrypted), string(message))
}

// TestKeyErrors checks the error kinds of the key routes.
func TestKeyErrors(t *testing.T) {
	ctx, api := t.Context(), owner(t).KMS()
	_, err := api.GetKey(ctx, server.Region, "no-such-key")
	wantNotFound(t, "an unknown key", err)
	_, err = api.ListKeys(ctx, "atlantis-1", nil)
	wantNotFound(t, "an unknown region", err)
	_, err = api.CreateKey(ctx, server.Region, kms.CreateKmsKeyRequest{Name: "x", KeyType: "rot13"})
	wantBadRequest(t, "an unknown key type", err)
	_, err = api.DecryptBytes(ctx, server.Region, server.KmsKeyIdentity, "thalassa:v1:AAAA")
	wantBadRequest(t, "a ciphertext that is none", err)

	twice := kms.CreateKmsKeyRequest{Name: "Twice", KeyType: kms.KmsKeyTypeAES256GCM96}
	must[*kms.KmsKey](t)(api.CreateKey(ctx, server.Region, twice))
	_, err = api.CreateKey(ctx, server.Region, twice)
	wantStatus(t, "a slug that is taken", err, 409)
}

// TestSummary counts the keys of the region.
func TestSummary(t *testing.T) {
	summary := must[*kms.KmsSummary](t)(owner(t).KMS().GetSummary(t.Context()))
	equal(t, "feature", summary.FeatureEnabled, true)
	for _, region := range summary.Regions {
		if region.Slug == server.Region {
			if !region.KmsAvailable || region.ActiveKeys < 1 || region.TotalKeys < region.ActiveKeys {
				t.Errorf("summary of the region: %+v", region)
			}
			return
		}
	}
	t.Errorf("the summary lacks the region %s: %+v", server.Region, summary.Regions)
}
