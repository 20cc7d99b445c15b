package sdk

import "encoding/json"

// UnknownTotal says that the API does not tell how many items there are.
const UnknownTotal = -1

// Page is one page of a list. Every list tool answers the same shape: the items
// under their name, count, total and pagination.
type Page struct {
	// Name is the member that holds the items, such as "applications".
	Name  string
	Items []Object
	// Number is the 0-based page that was asked for, Size its per_page.
	Number, Size int
	// Total over all pages, or UnknownTotal.
	Total int
	// Last: the API gives no page after this one, whatever the total. Note says why.
	Last bool
	// Note tells the reader what the numbers do not, such as that a search had
	// to stop somewhere. Empty: nothing.
	Note string
}

// PageSchema is the [OutputSchema] of a tool that answers with a [Page] of items under name. item is the JSON schema of
// an item.
func PageSchema(name, item string) string {
	return `{"type":"object","properties":{"` + name + `":{"type":"array","items":` + item + `},` +
		`"count":{"type":"integer"},"total":{"description":"Null: not known."},` +
		`"pagination":{"type":"object","properties":{"page":{"type":"integer"},"per_page":{"type":"integer"},` +
		`"has_next":{"type":"boolean"}}}}}`
}

// WithNote adds to the page's note.
func (p Page) WithNote(note string) Page {
	if p.Note != "" {
		note = p.Note + "; " + note
	}
	p.Note = note
	return p
}

// MarshalJSON writes the page. With an unknown total, total and total_pages are
// null, and has_next is true if the page is full.
func (p Page) MarshalJSON() ([]byte, error) {
	var total, pages *int
	next := len(p.Items) > 0 && len(p.Items) == p.Size
	if p.Total != UnknownTotal {
		n := 0
		if p.Size > 0 {
			n = (p.Total + p.Size - 1) / p.Size
		}
		total, pages, next = &p.Total, &n, p.Number+1 < n
	}
	next = next && !p.Last
	rest, err := json.Marshal(struct {
		Count      int    `json:"count"`
		Total      *int   `json:"total"`
		Pagination any    `json:"pagination"`
		Note       string `json:"note,omitempty"`
	}{len(p.Items), total, struct {
		Page       int  `json:"page"`
		PerPage    int  `json:"per_page"`
		TotalPages *int `json:"total_pages"`
		HasNext    bool `json:"has_next"`
	}{p.Number, p.Size, pages, next}, p.Note})
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(p.Name)+sizeOf(p.Items)+len(rest)+len(`{"":,`))
	out = append(appendText(append(out, '{'), p.Name), ':')
	out = append(appendObjects(out, p.Items), ',')
	return append(out, rest[1:]...), nil
}
