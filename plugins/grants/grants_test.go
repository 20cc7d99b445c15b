package grants

import (
	"encoding/json"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

func TestManifest(t *testing.T) { sdktest.Manifest(t, Plugin()) }

// The seed's grants: of Harbourlight Shop for payments, and two of Order Importer.
const (
	payments = "https://payments.harbourlight.example"
	orders   = "https://api.harbourlight.example/orders"
)

func TestGrants(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	sdktest.Script(t, Plugin(), tenant.Authorized(), []sdktest.Step{
		{Tool: "auth0_list_application_grants", Arguments: `{}`, Sent: []string{"GET /client-grants"},
			Answer: []string{`"application_grants":[`, payments, `"pagination"`}},
		{Tool: "auth0_list_application_grants", Arguments: `{"client_id":"Order Importer","audience":"Orders API"}`,
			Answer: []string{`"total":1`, orders, `client_id \"Order Importer\" is `}},
		{Tool: "auth0_list_application_grants", Arguments: `{"audience":"urn:none","subject_type":"user"}`,
			Sent: []string{"GET /client-grants?audience=urn%3Anone&subject_type=user"}, Answer: []string{`"total":0`}},
		{Tool: "auth0_get_application_grant", Arguments: `{"id":"Harbourlight Shop"}`, Answer: []string{payments}},
		{Tool: "auth0_get_application_grant", Arguments: `{"id":"Order Importer"}`,
			Failure: `2 application grants are called "Order Importer"`},
		{Tool: "auth0_get_application_grant", Arguments: `{"id":"Default App"}`, Failure: "no application grant has"},
		{Tool: "auth0_get_application_grant", Arguments: `{"id":"a|b #EXT#/c"}`,
			Failure: `no application has the id or the name "a|b #EXT#/c"`},
		{Tool: "auth0_get_application_grant", Arguments: `{"id":"cgr_a|b #EXT#/c"}`, Failure: "404",
			Sent: []string{"GET /client-grants/cgr_a%7Cb%20%23EXT%23%2Fc"}},
		{Tool: "auth0_get_application_grant", Arguments: `{"id":"cgr_x/../y"}`, Failure: "path", Sent: []string{}},
		{Tool: "auth0_create_application_grant", Failure: "already exists",
			Arguments: `{"client_id":"Harbourlight Shop","audience":"` + payments + `","scope":["create:payments"]}`},
		{Tool: "auth0_create_application_grant", Failure: "Missing required property: scope",
			Arguments: `{"client_id":"Default App","audience":"` + payments + `"}`},
		{Tool: "auth0_create_application_grant", Failure: "not defined on the resource server: fly",
			Arguments: `{"client_id":"Default App","audience":"Payments API","scope":["fly"]}`},
		{Tool: "auth0_create_application_grant", Failure: `no API has the id or the name "Payment"`,
			Arguments: `{"client_id":"Default App","audience":"Payment","scope":[]}`},
		{Tool: "auth0_update_application_grant", Arguments: `{"id":"cgr_x"}`, Failure: "nothing to update", Sent: []string{}},
	})
}

// A grant from its creation, by names, to its removal.
func TestLifeOfAGrant(t *testing.T) {
	auth0 := sandbox.New(sandbox.Options{}).Authorized()
	r := sdktest.Call(t, Plugin(), auth0, "auth0_create_application_grant",
		`{"audience":"Payments API","client_id":"Default App","allow_all_scopes":true}`)
	var made struct {
		ID     string `json:"id"`
		Client string `json:"client_id"`
	}
	if err := json.Unmarshal(r.JSON, &made); err != nil {
		t.Fatal(err, r.Failure)
	}
	sdktest.Script(t, Plugin(), auth0, []sdktest.Step{
		{Tool: "auth0_get_application_grant", Arguments: `{"id":"` + made.Client + `"}`, Answer: []string{made.ID, payments}},
		{Tool: "auth0_update_application_grant",
			Arguments: `{"id":"` + made.ID + `","allow_all_scopes":false,"scope":["refund:payments"]}`,
			Sent:      []string{"PATCH /client-grants/" + made.ID + ` {"allow_all_scopes":false,"scope":["refund:payments"]}`},
			Answer:    []string{`"scope":["refund:payments"]`}},
		{Tool: "auth0_update_application_grant", Arguments: `{"id":"` + made.ID + `","scope":[]}`,
			Answer: []string{`"scope":[]`}},
		{Tool: "auth0_delete_application_grant", Arguments: `{"id":"Default App"}`,
			Answer: []string{`"result":"deleted"`, `"id":"` + made.ID + `"`, `"name":"` + payments + `"`}},
		{Tool: "auth0_delete_application_grant", Arguments: `{"id":"Default App"}`, Failure: "no application grant has"},
	})
}
