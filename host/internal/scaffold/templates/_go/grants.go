package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const perPage = 50

type listInput struct {
	ClientID string `json:"client_id,omitempty" jsonschema:"Only those of this application."`
	Page     int    `json:"page,omitempty" jsonschema:"The page, from 0." schema:"min=0"`
}

// list answers one page of client grants: which APIs and scopes an application may use by itself.
func list(ctx context.Context, c *sdk.Call, in listInput) (sdk.Page, error) {
	query := url.Values{"page": {strconv.Itoa(in.Page)}, "per_page": {strconv.Itoa(perPage)}, "include_totals": {"true"}}
	if in.ClientID != "" {
		query.Set("client_id", in.ClientID)
	}
	var answer struct {
		Grants []sdk.Object `json:"client_grants"`
		Total  int          `json:"total"`
	}
	err := c.WithQuery(query).Get(ctx, &answer, "client-grants")
	return sdk.Page{Name: "client_grants", Items: answer.Grants, Number: in.Page, Size: perPage, Total: answer.Total}, err
}

type updateInput struct {
	ID    string   `json:"id" jsonschema:"The grant's id, from auth0_list_client_grants."`
	Scope []string `json:"scope" jsonschema:"All scopes: others are removed."`
}

func update(ctx context.Context, c *sdk.Call, in updateInput) (grant sdk.Object, err error) {
	body, err := c.Body("id")
	if err != nil {
		return nil, err
	}
	err = c.Send(ctx, http.MethodPatch, &grant, body, "client-grants", in.ID)
	return grant, err
}
