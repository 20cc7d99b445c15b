package resource

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
func (c Collection) Find(ctx context.Context, call *sdk.Call, key string) (json.RawMessage, error) {
	return c.FindPart(ctx, call, key, nil)
}

// FindPart is [Collection.Find] with a query that says which members to read.
func (c Collection) FindPart(ctx context.Context, call *sdk.Call, key string, query url.Values) (json.RawMessage,
	error) {
	item, err := c.byID(ctx, call, key, query)
	if !notAnID(err) {
		return item, err
	}
	named, err := c.named(ctx, call, key, err)
	switch {
	case err != nil:
		return nil, err
	case c.Whole:
		return named.MarshalJSON()
	}
	return c.read(ctx, call, query, named.Text(c.id()))
}

// IDOf is the id of the item that key means, as for [Collection.Find]: what a tool needs that goes on
// to write. With a token that may not read, key is taken for an id.
func (c Collection) IDOf(ctx context.Context, call *sdk.Call, key string) (string, error) {
	var brief url.Values
	if c.BriefByID {
		brief = c.Brief
	}
	raw, err := c.byID(ctx, call, key, brief)
	var item sdk.Object
	switch {
	case notAnID(err):
		if item, err = c.named(ctx, call, key, err); err != nil {
			return "", err
		}
	case answered(err, http.StatusForbidden):
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
func (c Collection) Update(ctx context.Context, call *sdk.Call, key string, without ...string) (json.RawMessage,
	error) {
	body, err := call.Body(without...)
	if err != nil {
		return nil, err
	}
	if string(body) == "{}" {
		return nil, sdk.InvalidArgument("nothing to update: besides %s, give at least one setting that can be changed",
			strings.Join(without, " and "))
	}
	id, err := c.IDOf(ctx, call, key)
	if err != nil {
		return nil, err
	}
	var answer json.RawMessage
	err = call.Send(ctx, http.MethodPatch, &answer, body, slices.Concat(c.Path, []string{id})...)
	return answer, err
}

func (c Collection) read(ctx context.Context, call *sdk.Call, query url.Values, id string) (answer json.RawMessage,
	err error) {
	err = call.WithQuery(query).Get(ctx, &answer, slices.Concat(c.Path, []string{id})...)
	return answer, err
}

// answered reports whether err is an answer of the Management API with that status.
func answered(err error, status int) bool {
	answer, ok := errors.AsType[*sdk.APIError](err)
	return ok && answer.StatusCode == status
}

// Absent reports whether Auth0 answered that there is no such thing.
func Absent(err error) bool { return answered(err, http.StatusNotFound) }

// Forbidden reports whether Auth0 refused the request: for want of a scope, or because the tenant has not what it asks
// for.
func Forbidden(err error) bool { return answered(err, http.StatusForbidden) }

// errNotAnID says that a key has not the form of an id.
var errNotAnID = errors.New("not the form of an id")

// notAnID reports whether a key can only be a name: no item has it as an id, Auth0 takes it
// for none, or no path can hold it.
func notAnID(err error) bool {
	return errors.Is(err, errNotAnID) || sdk.IsInvalidArgument(err) || answered(err, http.StatusNotFound) ||
		answered(err, http.StatusBadRequest)
}

// byID gets the item with that id.
func (c Collection) byID(ctx context.Context, call *sdk.Call, id string, query url.Values) (json.RawMessage, error) {
	if id == "" || c.IsID != nil && !c.IsID(id) {
		return nil, errNotAnID
	}
	return c.read(ctx, call, query, id)
}

// named is the one item of that name; refused is what Auth0 said to the key as an id.
func (c Collection) named(ctx context.Context, call *sdk.Call, key string, refused error) (sdk.Object, error) {
	if key == "" {
		return nil, sdk.InvalidArgument("which %s is meant? Give its id or its exact name", c.What)
	}
	item, err := c.ByName(ctx, call, key)
	if sdk.IsNotFound(err) && answered(refused, http.StatusBadRequest) {
		return nil, refused
	}
	return item, err
}

// ByName is the one item with exactly that name, or with that value of one of c.Keys, which
// go first. Names that differ in invisible characters alone count as equal: a reader sees no
// difference. The failure lists the candidates if there are several, and similar names if
// there is none.
func (c Collection) ByName(ctx context.Context, call *sdk.Call, name string) (sdk.Object, error) {
	var keyed, found []sdk.Object
	var near []string
	shown, lower := visible(name), strings.ToLower(name) // once: a name may be a text of any length
	examined, complete, err := c.candidates(ctx, call, name, func(item sdk.Object) {
		candidate := item.Text(c.nameMember())
		switch {
		case slices.ContainsFunc(c.Keys, func(member string) bool { return item.Text(member) == name }):
			keyed = append(keyed, item)
		case c.Candidates != nil, visible(candidate) == shown:
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

// candidates visits the items among which one of that name is searched.
func (c Collection) candidates(ctx context.Context, call *sdk.Call, name string, visit func(sdk.Object)) (examined int,
	complete bool, err error) {
	if c.Candidates != nil {
		items, err := c.Candidates(ctx, call, name)
		for _, item := range items {
			visit(item)
		}
		return len(items), true, err
	}
	query := c.Brief
	if c.NameQuery != "" {
		query = withQuery(query, c.NameQuery, name)
	}
	return c.walk(ctx, call, query, visit)
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
	return fmt.Sprintf("%s (%s)", short(item.Text(c.nameMember())), item.Text(c.id()))
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
func (c Collection) Filter(ctx context.Context, call *sdk.Call, query url.Values,
	keep func(sdk.Object) bool) (found []sdk.Object, complete bool, err error) {
	_, complete, err = c.walk(ctx, call, query, func(item sdk.Object) {
		if keep(item) {
			found = append(found, item)
		}
	})
	return found, complete, err
}

// Search is one page of the items that keep keeps: for what the API cannot filter itself.
// Its note says if the list goes on beyond what was examined.
func (c Collection) Search(ctx context.Context, call *sdk.Call, p PageOf, query url.Values,
	keep func(sdk.Object) bool) (sdk.Page, error) {
	page := sdk.Page{Name: c.name(), Number: p.Number(), Size: p.Size()}
	var found []sdk.Object
	examined, complete, err := c.walk(ctx, call, query, func(item sdk.Object) {
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
func (c Collection) walk(ctx context.Context, call *sdk.Call, query url.Values, visit func(sdk.Object)) (examined int,
	complete bool, err error) {
	if c.CheckpointOnly {
		examined, err = c.walkCheckpoints(ctx, call, query, visit)
		return examined, examined < searchCap, err
	}
	if c.Unpaged {
		items, _, err := c.list(ctx, call, query)
		for _, item := range items {
			visit(item)
		}
		return len(items), true, err
	}
	for number := range Window / pageMax {
		items, total, err := c.fetch(ctx, call, number, pageMax, true, query)
		if err != nil {
			return 0, false, err
		}
		if number == 0 && c.Checkpoint && total > Window {
			if examined, err = c.walkCheckpoints(ctx, call, query, visit); err != nil || examined > 0 {
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

func (c Collection) walkCheckpoints(ctx context.Context, call *sdk.Call, query url.Values,
	visit func(sdk.Object)) (examined int, err error) {
	err = c.checkpoints(ctx, call, query, func(at int) int { return min(pageMax, searchCap-at) },
		func(at int, page []sdk.Object) {
			for _, item := range page {
				visit(item)
			}
			examined = at + len(page)
		})
	return examined, err
}
