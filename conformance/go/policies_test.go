package conformance

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/thalassa-cloud/client-go/iam"
	"github.com/thalassa-cloud/client-go/pkg/base"
	"github.com/thalassa-cloud/client-go/pkg/client"
	"github.com/thalassa-cloud/client-go/thalassa"
)

// The pinned client has no package for policies yet, so that these calls go through its core with
// the fields that the contract names, in the Go types that its newer packages decode them into.

const (
	policiesURL   = "/v1/projects/iam/policies"
	elevationsURL = "/v1/projects/iam/access-elevations"
	myRequestsURL = "/v1/projects/iam/my-access-elevations"
)

type policy struct {
	iam.OrganisationRole
	ReplicateToChildren bool                   `json:"replicateToChildren"`
	Conditionals        *policyConditionals    `json:"conditionals"`
	Project             *struct{ Slug string } `json:"project"`
	Bindings            []policyBinding        `json:"bindings"`
}

type policyConditionals struct {
	Allowed []policyCondition `json:"allowed,omitempty"`
	Denied  []policyCondition `json:"denied,omitempty"`
}

type policyCondition struct {
	Type string   `json:"type"`
	IPs  []string `json:"ips,omitempty"`
}

type policyBinding struct {
	Identity       string              `json:"identity"`
	CreatedAt      time.Time           `json:"createdAt"`
	UpdatedAt      *time.Time          `json:"updatedAt"`
	ObjectVersion  int64               `json:"objectVersion"`
	IamPolicy      *policy             `json:"iamPolicy"`
	User           *base.AppUser       `json:"user"`
	ServiceAccount *iam.ServiceAccount `json:"serviceAccount"`
	ExpiresAt      *time.Time          `json:"expiresAt"`
}

type elevation struct {
	Identity           string         `json:"identity"`
	Status             string         `json:"status"`
	RequestedExpiresAt time.Time      `json:"requestedExpiresAt"`
	Requester          *base.AppUser  `json:"requester"`
	ReviewedAt         *time.Time     `json:"reviewedAt"`
	IamPolicy          *policy        `json:"iamPolicy"`
	IamPolicyBinding   *policyBinding `json:"iamPolicyBinding"`
}

type resourceAccess struct {
	ResourceIdentity string `json:"resourceIdentity"`
	Bindings         []struct {
		BindingType       string   `json:"bindingType"`
		PrincipalType     string   `json:"principalType"`
		PrincipalIdentity string   `json:"principalIdentity"`
		Permissions       []string `json:"permissions"`
	} `json:"bindings"`
}

// ask makes a call through the client's core.
func ask[T any](t *testing.T, by thalassa.Client, method, url string, body any) (T, error) {
	t.Helper()
	var result T
	var sent []byte
	if body != nil {
		sent = must[[]byte](t)(json.Marshal(body))
	}
	core := by.GetClient()
	reply, err := core.RawRequest(t.Context(), method, url, sent)
	if err != nil {
		return result, err
	}
	if err := core.Check(reply); err != nil || reply.StatusCode() == 204 {
		return result, err
	}
	return result, json.Unmarshal(reply.Body(), &result)
}

// TestPolicies gives a service account a policy of its own for a while and under conditions.
func TestPolicies(t *testing.T) {
	ctx := t.Context()
	api := owner(t)
	account := must[*iam.ServiceAccount](t)(api.IAM().CreateServiceAccount(ctx, iam.CreateServiceAccountRequest{Name: "Policy Holder"}))
	issued := must[*iam.ServiceAccountCreatedAccessCredential](t)(api.IAM().CreateServiceAccountAccessCredentials(ctx, account.Identity, iam.CreateServiceAccountAccessCredentialRequest{}))
	holder := connect(t, client.WithAuthBasic(issued.AccessKey, issued.AccessSecret))
	list := func() error {
		_, err := holder.Secrets().ListSecrets(ctx, server.Region, "/")
		return err
	}

	made := must[policy](t)(ask[policy](t, api, "POST", policiesURL, map[string]any{
		"name": "Conformance Policy", "description": "lists", "labels": nil, "annotations": nil,
	}))
	equal(t, "slug", made.Slug, "conformance-policy")
	one := policiesURL + "/" + made.Identity
	rule := must[iam.OrganisationRolePermissionRule](t)(ask[iam.OrganisationRolePermissionRule](t, api, "POST", one+"/rules", map[string]any{
		"resources": []string{"secret"}, "permissions": []string{"list"},
	}))
	binding := must[policyBinding](t)(ask[policyBinding](t, api, "POST", one+"/bindings", map[string]any{
		"name": "holder", "userIdentity": nil, "serviceAccountIdentity": account.Identity, "duration": "24h",
	}))
	if binding.ServiceAccount == nil || binding.ServiceAccount.Identity != account.Identity || binding.ExpiresAt == nil {
		t.Errorf("binding: %+v", binding)
	}
	if err := list(); err != nil {
		t.Errorf("with the policy: %v", err)
	}
	shown := must[policy](t)(ask[policy](t, api, "GET", one, nil))
	if len(shown.Rules) != 1 || len(shown.Bindings) != 1 || shown.Conditionals != nil || shown.Project != nil {
		t.Errorf("policy: %+v", shown)
	}
	access := must[resourceAccess](t)(ask[resourceAccess](t, api, "GET", "/v1/projects/iam/access-bindings?resourceType=secret&resourceIdentity=/a&bindingTypes=iam_policy", nil))
	if len(access.Bindings) != 1 || access.Bindings[0].PrincipalIdentity != account.Identity || access.Bindings[0].PrincipalType != "service_account" {
		t.Errorf("access: %+v", access)
	}

	elsewhere := policyConditionals{Allowed: []policyCondition{{Type: "ip", IPs: []string{"192.0.2.0/24"}}}}
	limited := must[policy](t)(ask[policy](t, api, "PUT", one, map[string]any{"conditionals": elsewhere}))
	if limited.Conditionals == nil || limited.Conditionals.Allowed[0].IPs[0] != "192.0.2.0/24" {
		t.Errorf("conditionals: %+v", limited.Conditionals)
	}
	wantStatus(t, "from elsewhere", list(), 403)
	must[policy](t)(ask[policy](t, api, "PUT", one, map[string]any{"conditionals": policyConditionals{}}))
	if err := list(); err != nil {
		t.Errorf("without conditions: %v", err)
	}
	must[any](t)(ask[any](t, api, "DELETE", one+"/rules/"+rule.Identity, nil))
	wantStatus(t, "after the rule went", list(), 403)
	must[any](t)(ask[any](t, api, "DELETE", one+"/bindings/"+binding.Identity, nil))
	must[any](t)(ask[any](t, api, "DELETE", one, nil))
	_, err := ask[policy](t, api, "GET", one, nil)
	wantNotFound(t, "a deleted policy", err)
	for _, each := range must[[]policy](t)(ask[[]policy](t, api, "GET", policiesURL, nil)) {
		_, err := ask[any](t, api, "DELETE", policiesURL+"/"+each.Identity, nil)
		wantBadRequest(t, each.Name, err)
	}
	if err := api.IAM().DeleteServiceAccount(ctx, account.Identity); err != nil {
		t.Fatal(err)
	}
}

// TestAccessElevations asks for a policy, finds that nobody approves themselves, and takes it back.
func TestAccessElevations(t *testing.T) {
	api := owner(t)
	asked := must[elevation](t)(ask[elevation](t, api, "POST", myRequestsURL, map[string]any{
		"policyIdentity": "secrets:ReadAccess", "reason": "conformance", "duration": "1h", "labels": nil, "annotations": nil,
	}))
	equal(t, "status", asked.Status, "pending")
	if asked.Requester == nil || asked.IamPolicy == nil || time.Until(asked.RequestedExpiresAt) > time.Hour {
		t.Errorf("request: %+v", asked)
	}
	equal(t, "waiting", len(must[[]elevation](t)(ask[[]elevation](t, api, "GET", elevationsURL, nil))), 1)
	_, err := ask[elevation](t, api, "POST", elevationsURL+"/"+asked.Identity+"/approve", map[string]string{"reviewNote": "me"})
	wantBadRequest(t, "approving one's own request", err)
	cancelled := must[elevation](t)(ask[elevation](t, api, "POST", myRequestsURL+"/"+asked.Identity+"/cancel", nil))
	equal(t, "status", cancelled.Status, "cancelled")
	_, err = ask[elevation](t, api, "POST", elevationsURL+"/"+asked.Identity+"/reject", map[string]string{"reviewNote": ""})
	wantBadRequest(t, "refusing what was taken back", err)
}
