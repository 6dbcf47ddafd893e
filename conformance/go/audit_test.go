package conformance

import (
	"testing"

	"github.com/thalassa-cloud/client-go/audit"
	"github.com/thalassa-cloud/client-go/secrets"
)

// TestAuditOfAReveal finds the records of one reveal, and nothing of its value.
func TestAuditOfAReveal(t *testing.T) {
	ctx, api := t.Context(), owner(t)
	const path = "/conformance/audit/secret"
	must[*secrets.Secret](t)(api.Secrets().CreateSecret(ctx, server.Region, secrets.CreateSecretRequest{
		Path: path, KmsKeyIdentity: server.KmsKeyIdentity, SecretString: secrets.EncodeBytes([]byte("seen")),
	}))
	for range 3 {
		must[*secrets.GetSecretValueResponse](t)(api.Secrets().GetSecretValue(ctx, server.Region, path, nil))
	}
	list := func(page, limit int, actions ...string) *audit.PagedResult[audit.AuditLog] {
		t.Helper()
		return must[*audit.PagedResult[audit.AuditLog]](t)(api.Audit().ListAuditLogs(ctx, &audit.ListAuditLogsRequest{
			Page: page, Limit: limit, Filter: &audit.AuditLogFilter{Actions: actions, ResourceIdentity: path},
		}))
	}

	reveals := list(1, 100, "secret.get_value")
	equal(t, "reveals", reveals.TotalCount, 3)
	seen := map[string]bool{}
	for _, entry := range reveals.Items {
		seen[entry.EventID] = true
		if entry.CreatedAt.IsZero() || entry.Action != "secret.get_value" {
			t.Errorf("entry: %+v", entry)
		}
		if entry.ResourceType == nil || *entry.ResourceType != "secret" || entry.UserIdentity == nil {
			t.Errorf("the entry does not say who read what: %+v", entry)
		}
		if _, leaked := entry.Context["secretString"]; leaked {
			t.Error("the entry holds a value")
		}
	}
	equal(t, "events are told apart", len(seen), 3)
	for i := 1; i < len(reveals.Items); i++ {
		if reveals.Items[i].CreatedAt.After(reveals.Items[i-1].CreatedAt) {
			t.Error("the newest entry is not the first")
		}
	}

	first, second := list(1, 2, "secret.get_value"), list(2, 2, "secret.get_value")
	equal(t, "pages", first.TotalPages, 2)
	equal(t, "first page", len(first.Items), 2)
	equal(t, "second page", len(second.Items), 1)
	equal(t, "both kinds", list(1, 100, "secret.get_value", "secret.create").TotalCount, 4)
}

// TestAuditOfADenial finds the record of a call that was refused.
func TestAuditOfADenial(t *testing.T) {
	ctx, api := t.Context(), owner(t)
	if _, err := api.Secrets().GetSecretValue(ctx, server.Region, "/conformance/audit/missing", nil); err == nil {
		t.Fatal("revealed a secret that is not there")
	}
	found := must[*audit.PagedResult[audit.AuditLog]](t)(api.Audit().ListAuditLogs(ctx, &audit.ListAuditLogsRequest{
		Filter: &audit.AuditLogFilter{ResponseStatus: 404, SearchText: "/conformance/audit/missing"},
	}))
	if found.TotalCount < 1 {
		t.Error("a refused call left no record")
	}
}
