package resource

import (
	"context"
	"net/url"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Collection is a list of the Management API.
type Collection struct {
	// Path are the segments below /api/v2/. In a [Tool] a segment in braces is an argument, as in its Operation.
	Path []string
	// Items is the member of the envelope that holds the items.
	Items string
	// As is what the items are called in the tool's answer; empty: Items.
	As string
	// What is one item in messages, such as "application".
	What string
	// ID is the member that holds an item's id; empty: "id".
	ID string
	// IsID reports whether a key has the form of an id: others are taken for names at once. nil: not known.
	IsID func(key string) bool
	// Name is the member that holds an item's name; empty: "name".
	Name string
	// NameQuery is the query parameter by which the API narrows the list to items with a name, or with a part of it.
	NameQuery string
	// Candidates are the items that a key which is no id can mean, for what is not found by walking the list, such as
	// users by their e-mail address. It sends GET requests to CandidatePaths alone.
	Candidates     func(ctx context.Context, c *sdk.Call, key string) ([]sdk.Object, error)
	CandidatePaths []string
	// Scope lets the API list the items. A reading tool that looks one up needs it beside its own.
	Scope string
	// Key says what finds an item; empty: "Id or exact name."
	Key string
	// Keys are other members that the API takes for an id, such as an API's identifier.
	Keys []string
	// Brief is a query that leaves of each item what a lookup needs: id, name and Keys. nil:
	// the API has none.
	Brief url.Values
	// BriefByID: the API takes Brief where it answers one item too.
	BriefByID bool
	// Whole: an item of the list is all there is of it.
	Whole bool
	// AlwaysTotals: the API sends the envelope unasked and refuses include_totals,
	// as for actions.
	AlwaysTotals bool
	// Checkpoint: the API also pages with take and from, which reach beyond the first
	// 1000 items.
	Checkpoint bool
	// CheckpointOnly: the API has no numbered pages. Those of a tool are then read by checkpoints from the beginning.
	CheckpointOnly bool
	// Unpaged: the API answers all items at once.
	Unpaged bool
	// Narrow tells a caller how to reach items beyond the first 1000, such as "filter by
	// identifiers"; empty: there is no way.
	Narrow string
	// Show are the members that a list shows unasked; nil: all.
	Show []string
	// Untrusted are the members of an item that others than the caller can have written.
	Untrusted []string
}

func (c Collection) name() string {
	if c.As != "" {
		return c.As
	}
	return c.Items
}

func (c Collection) nameMember() string {
	if c.Name != "" {
		return c.Name
	}
	return "name"
}

func (c Collection) plural() string { return strings.ReplaceAll(c.name(), "_", " ") }

func (c Collection) id() string {
	if c.ID != "" {
		return c.ID
	}
	return "id"
}

// PageOf are the paging arguments that every list tool takes; embed it in an input.
type PageOf struct {
	Page          *int  `json:"page,omitempty" schema:"min=0,fold"`
	PerPage       *int  `json:"per_page,omitempty" schema:"min=1,max=100,default=20,fold"`
	IncludeTotals *bool `json:"include_totals,omitempty"`
}

// DefaultPerPage is the size of a page when none is asked for.
const DefaultPerPage = 20

// Number is the page asked for, Size its size.
func (p PageOf) Number() int { return valueOr(p.Page, 0) }

// Size is the number of items on a page.
func (p PageOf) Size() int { return valueOr(p.PerPage, DefaultPerPage) }

// Totals reports whether the caller wants them.
func (p PageOf) Totals() bool { return valueOr(p.IncludeTotals, true) }

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
