package auth0v1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Find is the whole item that key means: the one with that id or, if there is none, the
// only one with exactly that name. Otherwise the failure lists the candidates.
func (a *API) Find(ctx context.Context, c Collection, key string) (json.RawMessage, error) {
	return a.FindPart(ctx, c, key, nil)
}

// FindPart is [API.Find] with a query that says which members to read.
func (a *API) FindPart(ctx context.Context, c Collection, key string, query url.Values) (json.RawMessage, error) {
	item, err := a.byID(ctx, c, key, query)
	if !notAnID(err) {
		return item, err
	}
	named, err := a.named(ctx, c, key, err)
	switch {
	case err != nil:
		return nil, err
	case c.Whole:
		return named.MarshalJSON()
	}
	return a.Get(ctx, query, slices.Concat(c.Path, []string{named.Text(c.id())})...)
}

// ID is the id of the item that key means, as for [API.Find]: what a tool needs that goes on
// to write. With a token that may not read, key is taken for an id.
func (a *API) ID(ctx context.Context, c Collection, key string) (string, error) {
	var brief url.Values
	if c.BriefByID {
		brief = c.Brief
	}
	raw, err := a.byID(ctx, c, key, brief)
	var item sdk.Object
	switch {
	case notAnID(err):
		if item, err = a.named(ctx, c, key, err); err != nil {
			return "", err
		}
	case Answered(err, http.StatusForbidden):
		return key, nil
	case err != nil:
		return "", err
	default:
		if err := json.Unmarshal(raw, &item); err != nil {
			return "", fmt.Errorf("%s %s is not an object: %w", c.What, short(key), err)
		}
	}
	if id := item.Text(c.id()); id != "" {
		return id, nil
	}
	return key, nil // it is there, and does not say its id
}

// Update sends the call's arguments, but for the named ones, as a PATCH of the item that
// key means: what the caller gave reaches Auth0 as given. Without a setting it sends nothing
// and says so.
func (a *API) Update(ctx context.Context, call *sdk.Call, c Collection, key string, without ...string) (json.RawMessage,
	error) {
	body, err := call.Body(without...)
	if err != nil {
		return nil, err
	}
	if string(body) == "{}" {
		return nil, sdk.InvalidArgument("nothing to update: besides %s, give at least one setting that can be changed",
			strings.Join(without, " and "))
	}
	id, err := a.ID(ctx, c, key)
	if err != nil {
		return nil, err
	}
	return a.Send(ctx, http.MethodPatch, body, slices.Concat(c.Path, []string{id})...)
}

// errNotAnID says that a key has not the form of an id.
var errNotAnID = errors.New("not the form of an id")

// notAnID reports whether a key can only be a name: no item has it as an id, Auth0 takes it
// for none, or no path can hold it.
func notAnID(err error) bool {
	return errors.Is(err, errNotAnID) || sdk.IsInvalidArgument(err) || Answered(err, http.StatusNotFound) ||
		Answered(err, http.StatusBadRequest)
}

// byID gets the item with that id.
func (a *API) byID(ctx context.Context, c Collection, id string, query url.Values) (json.RawMessage, error) {
	if id == "" || c.IDForm != nil && !c.IDForm.MatchString(id) {
		return nil, errNotAnID
	}
	return a.Get(ctx, query, slices.Concat(c.Path, []string{id})...)
}

// named is the one item of that name; refused is what Auth0 said to the key as an id.
func (a *API) named(ctx context.Context, c Collection, key string, refused error) (sdk.Object, error) {
	if key == "" {
		return nil, sdk.InvalidArgument("which %s is meant? Give its id or its exact name", c.What)
	}
	item, err := a.ByName(ctx, c, key)
	if sdk.IsNotFound(err) && Answered(refused, http.StatusBadRequest) {
		return nil, refused
	}
	return item, err
}

// ByName is the one item with exactly that name, or with that value of one of c.Keys, which
// go first. Names that differ in invisible characters alone count as equal: a reader sees no
// difference. The failure lists the candidates if there are several, and similar names if
// there is none.
func (a *API) ByName(ctx context.Context, c Collection, name string) (sdk.Object, error) {
	var keyed, found []sdk.Object
	var near []string
	shown, lower := visible(name), strings.ToLower(name) // once: a name may be a text of any length
	examined, complete, err := a.walk(ctx, c, c.Brief, func(item sdk.Object) {
		candidate := item.Text("name")
		switch {
		case slices.ContainsFunc(c.Keys, func(member string) bool { return item.Text(member) == name }):
			keyed = append(keyed, item)
		case visible(candidate) == shown:
			found = append(found, item)
		case len(near) < 5 && strings.Contains(strings.ToLower(candidate), lower):
			near = append(near, c.label(item))
		}
	})
	if len(keyed) > 0 {
		found = keyed
	}
	switch {
	case err != nil:
		return nil, err
	case len(found) > 1:
		return nil, sdk.Ambiguous("%d %s are called %s: give the id of one of them: %s", len(found), c.plural(), short(name),
			labels(c, found))
	// One was found, but another may be beyond what was examined.
	case len(found) == 1 && !complete:
		return nil, sdk.Ambiguous("only the first %d %s could be examined: if %s is meant, give its id", examined, c.plural(),
			c.label(found[0]))
	case len(found) == 1:
		return found[0], nil
	}
	hint := ""
	if len(near) > 0 {
		hint = ". Similar names: " + strings.Join(slices.Sorted(slices.Values(near)), ", ")
	}
	if !complete {
		hint += fmt.Sprintf(". Only the first %d were examined: give the id", examined)
	}
	return nil, sdk.NotFound("no %s has the id or the name %s%s", c.What, short(name), hint)
}

// visible is a name without the characters that are not displayed.
func visible(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector) {
			return -1
		}
		return r
	}, name)
}

// maxCandidates is how many candidates a failure lists.
const maxCandidates = 20

func labels(c Collection, items []sdk.Object) string {
	all := make([]string, 0, maxCandidates)
	for _, item := range items[:min(len(items), maxCandidates)] {
		all = append(all, c.label(item))
	}
	if len(items) > maxCandidates {
		all = append(all, "…")
	}
	return strings.Join(all, ", ")
}

// label is an item's name, and its id to choose it by.
func (c Collection) label(item sdk.Object) string {
	return fmt.Sprintf("%s (%s)", short(item.Text("name")), item.Text(c.id()))
}

// short quotes what others wrote, which may be of any length.
func short(name string) string {
	const limit = 100
	if runes := []rune(name); len(runes) > limit {
		return strconv.Quote(string(runes[:limit])) + "…"
	}
	return strconv.Quote(name)
}

// Filter walks a list and returns the items that keep keeps. complete is false if the list
// goes on beyond what was examined: 1000 items, or 5000 where the API has checkpoints.
func (a *API) Filter(ctx context.Context, c Collection, query url.Values,
	keep func(sdk.Object) bool) (found []sdk.Object, complete bool, err error) {
	_, complete, err = a.walk(ctx, c, query, func(item sdk.Object) {
		if keep(item) {
			found = append(found, item)
		}
	})
	return found, complete, err
}

// Search is one page of the items that keep keeps: for what the API cannot filter itself.
// Its note says if the list goes on beyond what was examined.
func (a *API) Search(ctx context.Context, c Collection, p PageOf, query url.Values,
	keep func(sdk.Object) bool) (sdk.Page, error) {
	page := sdk.Page{Name: c.name(), Number: p.Number(), Size: p.Size()}
	var found []sdk.Object
	examined, complete, err := a.walk(ctx, c, query, func(item sdk.Object) {
		if keep(item) {
			found = append(found, item)
		}
	})
	if err != nil {
		return page, err
	}
	page.Total = len(found)
	if !complete {
		page.Note = fmt.Sprintf("only the first %d %s were searched: there may be more", examined, c.plural())
	}
	// Clamped before the multiplication, which a huge page would overflow.
	start := min(page.Number, page.Total/page.Size+1) * page.Size
	start = min(start, page.Total)
	page.Items = found[start:min(start+page.Size, page.Total)]
	return page, nil
}

// walk visits the items of a list as far as the API reaches, and counts them.
func (a *API) walk(ctx context.Context, c Collection, query url.Values, visit func(sdk.Object)) (examined int,
	complete bool, err error) {
	for number := range Window / pageMax {
		items, total, err := a.fetch(ctx, c, number, pageMax, true, query)
		if err != nil {
			return 0, false, err
		}
		if number == 0 && c.Checkpoint && total > Window {
			if examined, err = a.walkCheckpoints(ctx, c, query, visit); err != nil || examined > 0 {
				return examined, examined < searchCap || examined >= total, err
			}
		}
		for _, item := range items {
			visit(item)
		}
		examined += len(items)
		if len(items) < pageMax || total != sdk.UnknownTotal && examined >= total {
			return examined, true, nil
		}
	}
	return examined, false, nil
}

func (a *API) walkCheckpoints(ctx context.Context, c Collection, query url.Values,
	visit func(sdk.Object)) (examined int, err error) {
	err = a.checkpoints(ctx, c, query, func(at int) int { return min(pageMax, searchCap-at) },
		func(at int, page []sdk.Object) {
			for _, item := range page {
				visit(item)
			}
			examined = at + len(page)
		})
	return examined, err
}
