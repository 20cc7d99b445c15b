package comparison

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// Answer is what a tenant answers to a read.
type Answer struct {
	Status int
	Body   []byte
}

// Tenant is one of the two that are compared.
type Tenant struct {
	// Name is what a user calls it, and Domain where it is.
	Name, Domain string
	// Read reads a path of the Management API. Its error ends the comparison.
	Read func(ctx context.Context, path, query string) (Answer, error)
}

// Gap is what was not compared.
type Gap struct {
	Kind   string `json:"kind"`
	Tenant string `json:"tenant"`
	Why    string `json:"why"`
	Scope  string `json:"scope,omitempty"`
}

// side is what is known of one tenant.
type side struct {
	Tenant
	// key makes the hashes that stand for secrets. Both sides have the same.
	key []byte
	// names are those of objects by their ids.
	names map[string]string
	// lists are the objects of the kinds that were read.
	lists    map[string][]object
	gaps     []Gap
	requests map[string]int // by operation
	// words replaces ids and the tenant's domain in texts.
	words *strings.Replacer
}

// pageSize is the most that Auth0 answers at once, and maxObjects how many of a kind are compared: beyond, most of its
// lists end.
const pageSize, maxObjects = 100, 1000

// objects are those of a kind, as the tenant has them. complete is false if they could not all be read: why is a gap.
func (s *side) objects(ctx context.Context, k kind) (all []object, err error) {
	if known, ok := s.lists[k.name]; ok {
		return known, nil
	}
	switch {
	case k.each != nil:
		for _, one := range k.each() {
			doc, err := s.read(ctx, k, k.list, one, nil)
			if err != nil {
				return nil, err
			}
			if o, ok := doc.(object); ok {
				all = append(all, o)
			}
		}
	case k.label == nil:
		doc, err := s.read(ctx, k, k.list, "", nil)
		if err != nil {
			return nil, err
		}
		switch doc := doc.(type) {
		case object:
			all = []object{doc}
		case []any:
			all = []object{{"values": doc}}
		}
	default:
		if all, err = s.list(ctx, k, k.list, ""); err != nil {
			return nil, err
		}
	}
	if k.once {
		all = distinct(s, k, all)
	}
	s.lists[k.name] = all
	for _, o := range all {
		s.note(k, o)
	}
	return all, nil
}

// distinct leaves the first of objects with one name.
func distinct(s *side, k kind, all []object) (first []object) {
	seen := map[string]bool{}
	for _, o := range all {
		if name := k.label(s, o); !seen[name] {
			seen[name] = true
			first = append(first, o)
		}
	}
	return first
}

// note notes what an object is called.
func (s *side) note(k kind, o object) {
	id := k.id
	if id == "" {
		id = "id"
	}
	if k.label != nil && text(o, id) != "" && k.name != "triggers" {
		s.names[text(o, id)] = k.name + "/" + k.label(s, o)
	}
}

// list reads all pages of a list.
func (s *side) list(ctx context.Context, k kind, operation, id string) (all []object, err error) {
	o, ok := managementapi.ByName(operation)
	if !ok {
		return nil, fmt.Errorf("%s is no operation", operation)
	}
	query := url.Values{}
	for page := 0; ; page++ {
		switch {
		case o.Paging.Offset:
			query.Set("per_page", strconv.Itoa(pageSize))
			query.Set("page", strconv.Itoa(page))
		case o.Paging.Checkpoint:
			query.Set("take", strconv.Itoa(pageSize))
		}
		doc, err := s.read(ctx, k, operation, id, query)
		if err != nil || doc == nil {
			return all, err
		}
		items, next := itemsOf(o, doc)
		for _, item := range items {
			if one, ok := item.(object); ok {
				all = append(all, one)
			}
		}
		if len(all) >= maxObjects {
			s.lack(Gap{Kind: k.name, Why: fmt.Sprintf("only the first %d are compared", maxObjects)})
			return all[:maxObjects], nil
		}
		switch {
		case o.Paging.Offset && len(items) == pageSize:
		case !o.Paging.Offset && o.Paging.Checkpoint && next != "":
			query.Set("from", next)
		default:
			return all, nil
		}
	}
}

// itemsOf are the items of a page, and where the next begins.
func itemsOf(o *managementapi.Operation, doc any) (items []any, next string) {
	switch doc := doc.(type) {
	case []any:
		return doc, ""
	case object:
		items, _ = doc[o.Paging.Items].([]any)
		for _, value := range doc { // a list without pages, as of triggers
			if list, ok := value.([]any); ok && o.Paging.Items == "" {
				items = list
			}
		}
		return items, text(doc, o.Paging.Next)
	}
	return nil, ""
}

// read reads one document, with hashes in the place of its secrets; nil if there is none, or if it cannot be read.
func (s *side) read(ctx context.Context, k kind, operation, id string, query url.Values) (any, error) {
	o, ok := managementapi.ByName(operation)
	if !ok {
		return nil, fmt.Errorf("%s is no operation", operation)
	}
	s.requests[operation]++
	path := parameter.ReplaceAllLiteralString(o.Path, url.PathEscape(id))
	answer, err := s.Read(ctx, path, query.Encode())
	switch {
	case err != nil:
		return nil, err
	case answer.Status == notFound:
		return nil, nil //nolint:nilnil // a setting that does not exist, such as the e-mail provider
	case answer.Status < 200 || answer.Status > 299:
		g := Gap{Kind: k.name, Why: fmt.Sprintf("Auth0 answered %d to %s", answer.Status, operation)}
		if answer.Status == forbidden && len(o.Scopes) > 0 {
			g.Scope = o.Scopes[0]
		}
		s.lack(g)
		return nil, nil //nolint:nilnil // it is a gap
	}
	return s.hashed(o, answer.Body)
}

// HTTP statuses.
const forbidden, notFound = 403, 404

var parameter = regexp.MustCompile(`\{[^}]*\}`)

func (s *side) lack(g Gap) {
	g.Tenant = s.Name
	for _, known := range s.gaps {
		if known == g {
			return
		}
	}
	s.gaps = append(s.gaps, g)
}

// lacks reports whether a kind could not be read.
func (s *side) lacks(kind string) bool {
	for _, g := range s.gaps {
		if g.Kind == kind && !strings.HasPrefix(g.Why, "only the first") {
			return true
		}
	}
	return false
}

// A hash stands for a secret between two characters that no text of Auth0 has.
const hashMark = "\x00"

var hashInText = regexp.MustCompile(hashMark + `[0-9a-f]{64}` + hashMark)

// hashed decodes an answer. Each secret is replaced by its keyed hash at once: equal ones stay equal, and nothing else
// can be told from it.
func (s *side) hashed(o *managementapi.Operation, body []byte) (any, error) {
	var doc any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("%s: %s answered something that is not JSON", s.Name, o.Name())
	}
	for _, secret := range redact.Secrets(o.Answer, body) {
		mac := hmac.New(sha256.New, s.key)
		mac.Write([]byte(secret.Value))
		hash := hashMark + hex.EncodeToString(mac.Sum(nil)) + hashMark
		put(doc, secret, hash)
	}
	return doc, nil
}

// put puts a hash in the place of a secret.
func put(doc any, secret redact.Secret, hash string) {
	for i, step := range secret.At {
		last := i == len(secret.At)-1
		name, isName := step.Name()
		index, _ := step.Index()
		switch at := doc.(type) {
		case object:
			if !isName {
				return
			}
			if last {
				at[name] = inPlace(at[name], secret, hash)
			}
			doc = at[name]
		case []any:
			if isName || index >= len(at) {
				return
			}
			if last {
				at[index] = inPlace(at[index], secret, hash)
			}
			doc = at[index]
		default:
			return
		}
	}
}

func inPlace(value any, secret redact.Secret, hash string) any {
	if whole, isText := value.(string); isText && secret.Part {
		return strings.ReplaceAll(whole, secret.Value, hash)
	}
	return hash
}

// hide replaces hashes by the marker of a hidden value.
func hide(doc []byte) []byte {
	escaped := string(jsondoc.Text(hashMark))
	escaped = escaped[1 : len(escaped)-1]
	inJSON := regexp.MustCompile(regexp.QuoteMeta(escaped) + `[0-9a-f]{64}` + regexp.QuoteMeta(escaped))
	return inJSON.ReplaceAll(doc, []byte(redact.Marker))
}
