package conformance

import (
	"crypto/aes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"hash"
	"strings"
	"testing"

	"github.com/thalassa-cloud/client-go/kms"
)

// TestKeyWrapVectors checks our own AES-KWP against the two examples of RFC 5649, section 6.
func TestKeyWrapVectors(t *testing.T) {
	unhex := func(text string) []byte { return must[[]byte](t)(hex.DecodeString(text)) }
	kek := unhex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
	for target, want := range map[string]string{
		"c37b7e6492584340bed12207808941155068f738": "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
		"466f7250617369": "afbeb0f07dfbf5419200f2ccb50bb24f",
	} {
		equal(t, "wrapped", hex.EncodeToString(keyWrap(t, kek, unhex(target))), want)
	}
}

// keyWrap is AES-KWP (RFC 5649, section 4.1) over a target of at least one byte.
func keyWrap(t *testing.T, kek, target []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatalf("the key that wraps: %v", err)
	}
	head := binary.BigEndian.AppendUint32([]byte{0xa6, 0x59, 0x59, 0xa6}, uint32(len(target)))
	padded := append([]byte(nil), target...)
	for len(padded)%8 != 0 {
		padded = append(padded, 0)
	}
	buffer := append(head, padded...)
	if len(padded) == 8 {
		block.Encrypt(buffer, buffer)
		return buffer
	}
	// RFC 3394, section 2.2.1, with that head instead of its initial value.
	half := make([]byte, 16)
	copy(half, buffer[:8])
	for step := range 6 * (len(padded) / 8) {
		place := 8 + step%(len(padded)/8)*8
		copy(half[8:], buffer[place:place+8])
		block.Encrypt(half, half)
		copy(buffer[place:], half[8:])
		count := binary.BigEndian.Uint64(half[:8]) ^ uint64(step+1)
		binary.BigEndian.PutUint64(half[:8], count)
	}
	copy(buffer, half[:8])
	return buffer
}

// wrapForImport wraps a key the way that the region's wrapping key asks for.
func wrapForImport(t *testing.T, oaep hash.Hash, target []byte) string {
	t.Helper()
	wrapping := must[*kms.WrappingKeyResponse](t)(owner(t).KMS().GetWrappingKey(t.Context(), server.Region))
	block, _ := pem.Decode([]byte(wrapping.PublicKey))
	if block == nil {
		t.Fatalf("no PEM: %q", wrapping.PublicKey)
	}
	public, ok := must[any](t)(x509.ParsePKIXPublicKey(block.Bytes)).(*rsa.PublicKey)
	if !ok {
		t.Fatalf("the wrapping key is no RSA key: %q", wrapping.PublicKey)
	}
	ephemeral := make([]byte, 32)
	if _, err := rand.Read(ephemeral); err != nil {
		t.Fatal(err)
	}
	head := must[[]byte](t)(rsa.EncryptOAEP(oaep, rand.Reader, public, ephemeral, nil))
	return kms.EncodeBytes(append(head, keyWrap(t, ephemeral, target)...))
}

// importKey makes a key of material from here.
func importKey(t *testing.T, request kms.CreateKmsKeyRequest) *kms.KmsKey {
	t.Helper()
	created := must[*kms.KmsKey](t)(owner(t).KMS().CreateKey(t.Context(), server.Region, request))
	equal(t, "imported", created.Imported, true)
	equal(t, "type", created.KeyType, request.KeyType)
	return created
}

// TestImportedSymmetricKeys encrypts and decrypts with keys from here, wrapped under every hash.
func TestImportedSymmetricKeys(t *testing.T) {
	hashes := map[string]hash.Hash{
		"": sha256.New(), "sha1": sha1.New(), "sha256": sha256.New(), "sha384": sha512.New384(), "sha512": sha512.New(),
	}
	for name, oaep := range hashes {
		for keyType, length := range map[kms.KmsKeyType]int{
			kms.KmsKeyTypeAES128GCM96: 16, kms.KmsKeyTypeAES256GCM96: 32, kms.KmsKeyTypeChaCha20Poly1305: 32,
		} {
			t.Run(name+" "+string(keyType), func(t *testing.T) {
				material := make([]byte, length)
				if _, err := rand.Read(material); err != nil {
					t.Fatal(err)
				}
				importedSymmetricKey(t, material, kms.CreateKmsKeyRequest{
					Name: "Imported " + name + " " + string(keyType), KeyType: keyType, ExportAllowed: true,
					ImportKeyMaterial: wrapForImport(t, oaep, material), HashFunction: name,
				})
			})
		}
	}
}

func importedSymmetricKey(t *testing.T, material []byte, request kms.CreateKmsKeyRequest) {
	ctx, api := t.Context(), owner(t).KMS()
	id := importKey(t, request).Identity
	message := []byte("a message")
	sealed := must[*kms.EncryptResponse](t)(api.EncryptBytes(ctx, server.Region, id, message))
	opened := must[[]byte](t)(api.DecryptBytes(ctx, server.Region, id, sealed.Ciphertext))
	equal(t, "decrypted", string(opened), string(message))
	exported := must[*kms.ExportKeyResponse](t)(api.ExportKey(ctx, server.Region, id, kms.ExportKeyRequest{}))
	equal(t, "exported", exported.KeyMaterial, base64.StdEncoding.EncodeToString(material))
	_, err := api.RotateKey(ctx, server.Region, id)
	wantBadRequest(t, "rotate an imported key that may not rotate", err)
}

// TestImportedECDSAKey signs with a key from here, and the half that stayed here agrees.
func TestImportedECDSAKey(t *testing.T) {
	ours := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	importedSigner(t, kms.KmsKeyTypeECDSAP256, ours, &ours.PublicKey)
}

// TestImportedRSAKey does so with RSA, and decrypts here what the service encrypts.
func TestImportedRSAKey(t *testing.T) {
	ours := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
	id := importedSigner(t, kms.KmsKeyTypeRSA2048, ours, &ours.PublicKey)
	sealed := must[*kms.EncryptResponse](t)(
		owner(t).KMS().EncryptBytes(t.Context(), server.Region, id, []byte("a message")))
	raw := must[[]byte](t)(base64.StdEncoding.DecodeString(strings.TrimPrefix(sealed.Ciphertext, "thalassa:v1:")))
	opened := must[[]byte](t)(rsa.DecryptOAEP(sha256.New(), nil, ours, raw, nil))
	equal(t, "decrypted here", string(opened), "a message")
}

// importedSigner imports a private key and signs with it; the published key is the one from here.
func importedSigner(t *testing.T, keyType kms.KmsKeyType, private, public any) string {
	t.Helper()
	ctx, api := t.Context(), owner(t).KMS()
	document := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(private))
	id := importKey(t, kms.CreateKmsKeyRequest{
		Name: "Imported " + string(keyType), KeyType: keyType,
		ImportKeyMaterial: wrapForImport(t, sha256.New(), document), HashFunction: "SHA256",
	}).Identity
	version := 1
	published := must[*kms.GetPublicKeyResponse](t)(api.GetPublicKey(ctx, server.Region, id, &version))
	spki := must[[]byte](t)(x509.MarshalPKIXPublicKey(public))
	equal(t, "public key", published.Keys["1"],
		string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})))

	message := []byte("a message")
	input := kms.EncodeBytes(message)
	signed := must[*kms.SignResponse](t)(api.Sign(ctx, server.Region, id, kms.SignRequest{
		Input: input, HashAlgorithm: "sha256",
	}))
	raw := must[[]byte](t)(base64.StdEncoding.DecodeString(strings.TrimPrefix(signed.Signature, "thalassa:v1:")))
	equal(t, "verified here", verifiesHere(t, published.Keys["1"], message, raw), true)
	for given, want := range map[string]bool{input: true, kms.EncodeBytes([]byte("another")): false} {
		verified := must[*kms.VerifySignatureResponse](t)(api.VerifySignature(ctx, server.Region, id,
			kms.VerifySignatureRequest{Input: given, Signature: signed.Signature, HashAlgorithm: "sha256"}))
		equal(t, "valid", verified.Valid, want)
	}
	return id
}

// TestRefusedImports wraps properly what the service must not take.
func TestRefusedImports(t *testing.T) {
	ours := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	document := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(ours))
	for what, request := range map[string]kms.CreateKmsKeyRequest{
		"a key that is too short": {
			KeyType: kms.KmsKeyTypeAES256GCM96, ImportKeyMaterial: wrapForImport(t, sha256.New(), make([]byte, 16)),
		},
		"a key on another curve": {
			KeyType: kms.KmsKeyTypeECDSAP256, ImportKeyMaterial: wrapForImport(t, sha256.New(), document),
		},
		"a wrap under another hash": {
			KeyType: kms.KmsKeyTypeAES256GCM96, HashFunction: "SHA512",
			ImportKeyMaterial: wrapForImport(t, sha256.New(), make([]byte, 32)),
		},
		"an HMAC key": {
			KeyType: kms.KmsKeyTypeHMAC, ImportKeyMaterial: wrapForImport(t, sha256.New(), make([]byte, 32)),
		},
	} {
		request.Name = "Refused import"
		_, err := owner(t).KMS().CreateKey(t.Context(), server.Region, request)
		wantBadRequest(t, what, err)
	}
}
