package forms

import _ "embed"

// The schemas are generated, see schemas.txt. Requests are made of the arguments as given,
// never of the types below, so nothing in them can be lost.
var (
	//go:embed schemas/auth0_create_form.json
	createSchema []byte
	//go:embed schemas/auth0_update_form.json
	updateSchema []byte
)

type createInput struct {
	Name   string         `json:"name"`
	Export map[string]any `json:"export"`
}

type updateInput struct {
	ID string `json:"id"`
}
