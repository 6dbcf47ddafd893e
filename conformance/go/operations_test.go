package conformance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/thalassa-cloud/client-go/kms"
)

// create makes a key of a type.
func create(t *testing.T, keyType kms.KmsKeyType, name string, exportable bool) *kms.KmsKey {
	t.Helper()
	return must[*kms.KmsKey](t)(owner(t).KMS().CreateKey(t.Context(), server.Region, kms.CreateKmsKeyRequest{
		Name: name, KeyType: keyType, ExportAllowed: exportable,
	}))
}

// TestSignatures signs with every type that can, and checks each signature here and there.
func TestSignatures(t *testing.T) {
	for _, keyType := range []kms.KmsKeyType{
		kms.KmsKeyTypeEd25519,
		kms.KmsKeyTypeECDSAP256, kms.KmsKeyTypeECDSAP384, kms.KmsKeyTypeECDSAP521,
		kms.KmsKeyTypeRSA2048, kms.KmsKeyTypeRSA3072, kms.KmsKeyTypeRSA4096,
	} {
		t.Run(string(keyType), func(t *testing.T) { signatures(t, keyType) })
	}
}

func signatures(t *testing.T, keyType kms.KmsKeyType) {
	ctx, api := t.Context(), owner(t).KMS()
	id := create(t, keyType, "Signs "+string(keyType), false).Identity
	message := []byte("a message")
	input := kms.EncodeBytes(message)

	signed := must[*kms.SignResponse](t)(api.Sign(ctx, server.Region, id, kms.SignRequest{
		Input: input, HashAlgorithm: "sha256",
	}))
	equal(t, "key version", signed.KeyVersion, "1")
	for given, want := range map[string]bool{input: true, kms.EncodeBytes([]byte("another")): false} {
		verified := must[*kms.VerifySignatureResponse](t)(api.VerifySignature(ctx, server.Region, id,
			kms.VerifySignatureRequest{Input: given, Signature: signed.Signature, HashAlgorithm: "sha256"}))
		equal(t, "valid", verified.Valid, want)
	}
	malformed := must[*kms.VerifySignatureResponse](t)(api.VerifySignature(ctx, server.Region, id,
		kms.VerifySignatureRequest{Input: input, Signature: "none", HashAlgorithm: "sha256"}))
	equal(t, "malformed", malformed.Valid, false)

	version := 1
	public := must[*kms.GetPublicKeyResponse](t)(api.GetPublicKey(ctx, server.Region, id, &version))
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(signed.Signature, "thalassa:v1:"))
	if err != nil {
		t.Fatalf("the signature %q is not prefixed base64: %v", signed.Signature, err)
	}
	if !verifiesHere(t, public.Keys["1"], message, raw) {
		t.Error("the signature does not verify with the published key")
	}
	_, err = api.EncryptBytes(ctx, server.Region, id, message)
	if !strings.HasPrefix(string(keyType), "rsa-") {
		wantBadRequest(t, "encrypt with a key that only signs", err)
	}
}

// verifiesHere checks a signature over the SHA-256 of a message with Go's own library.
func verifiesHere(t *testing.T, public string, message, signature []byte) bool {
	t.Helper()
	digest := sha256.Sum256(message)
	block, _ := pem.Decode([]byte(public))
	if block == nil {
		key := must[[]byte](t)(base64.StdEncoding.DecodeString(public))
		return ed25519.Verify(key, message, signature)
	}
	switch key := must[any](t)(x509.ParsePKIXPublicKey(block.Bytes)).(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest[:], signature)
	case *rsa.PublicKey:
		options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, options) == nil
	default:
		t.Fatalf("a public key of an unknown kind: %T", key)
		return false
	}
}

// TestPrehashed signs a digest, which must be as long as its hash.
func TestPrehashed(t *testing.T) {
	ctx, api := t.Context(), owner(t).KMS()
	id := create(t, kms.KmsKeyTypeECDSAP384, "Prehashed", false).Identity
	digest := sha512.Sum384([]byte("a message"))
	signed := must[*kms.SignResponse](t)(api.Sign(ctx, server.Region, id, kms.SignRequest{
		Input: kms.EncodeBytes(digest[:]), HashAlgorithm: "sha384", Prehashed: true,
	}))
	verified := must[*kms.VerifySignatureResponse](t)(api.VerifySignature(ctx, server.Region, id,
		kms.VerifySignatureRequest{
			Input: kms.EncodeBytes([]byte("a message")), Signature: signed.Signature, HashAlgorithm: "sha384",
		}))
	equal(t, "valid over the message", verified.Valid, true)
	_, err := api.Sign(ctx, server.Region, id, kms.SignRequest{
		Input: kms.EncodeBytes(digest[:10]), HashAlgorithm: "sha384", Prehashed: true,
	})
	wantBadRequest(t, "a digest of the wrong length", err)
}

// TestMACs makes and checks codes with every type that can.
func TestMACs(t *testing.T) {
	ctx, api := t.Context(), owner(t).KMS()
	input := kms.EncodeBytes([]byte("a message"))
	for keyType, algorithm := range map[kms.KmsKeyType]string{
		kms.KmsKeyTypeHMAC: "sha384", kms.KmsKeyTypeHMACSHA256: "", kms.KmsKeyTypeHMACSHA512: "",
	} {
		id := create(t, keyType, "Code "+string(keyType), false).Identity
		made := must[*kms.HMACResponse](t)(api.HMAC(ctx, server.Region, id, kms.HMACRequest{
			Input: input, Algorithm: algorithm,
		}))
		for given, want := range map[string]bool{input: true, kms.EncodeBytes([]byte("other")): false} {
			checked := must[*kms.VerifyHMACResponse](t)(api.VerifyHMAC(ctx, server.Region, id,
				kms.VerifyHMACRequest{Input: given, HMAC: made.HMAC, HashAlgorithm: algorithm}))
			equal(t, string(keyType)+" valid", checked.Valid, want)
		}
		_, err := api.GetPublicKey(ctx, server.Region, id, nil)
		wantBadRequest(t, "the public key of an HMAC key", err)
	}
}

// TestExport gets material out only where the key was made for it.
func TestExport(t *testing.T) {
	ctx, api := t.Context(), owner(t).KMS()
	open := create(t, kms.KmsKeyTypeAES256GCM96, "May leave", true).Identity
	exported := must[*kms.ExportKeyResponse](t)(api.ExportKey(ctx, server.Region, open, kms.ExportKeyRequest{}))
	material := must[[]byte](t)(base64.StdEncoding.DecodeString(exported.KeyMaterial))
	equal(t, "length of the material", len(material), 32)
	shut := create(t, kms.KmsKeyTypeAES256GCM96, "May not leave", false).Identity
	_, err := api.ExportKey(ctx, server.Region, shut, kms.ExportKeyRequest{})
	wantBadRequest(t, "export of a key that may not leave", err)
}

// TestWrappingKey fetches the key that imports are wrapped for.
func TestWrappingKey(t *testing.T) {
	ctx, api := t.Context(), owner(t).KMS()
	wrapping := must[*kms.WrappingKeyResponse](t)(api.GetWrappingKey(ctx, server.Region))
	block, _ := pem.Decode([]byte(wrapping.PublicKey))
	if block == nil {
		t.Fatalf("no PEM: %q", wrapping.PublicKey)
	}
	key, ok := must[any](t)(x509.ParsePKIXPublicKey(block.Bytes)).(*rsa.PublicKey)
	if !ok || key.Size() != 512 {
		t.Errorf("no RSA key of 4096 bits: %+v", key)
	}
	_, err := api.CreateKey(ctx, server.Region, kms.CreateKmsKeyRequest{
		Name: "Broken import", KeyType: kms.KmsKeyTypeAES256GCM96,
		ImportKeyMaterial: kms.EncodeBytes(make([]byte, 552)),
	})
	wantBadRequest(t, "an import that does not unwrap", err)
}
