// Package comparison finds what differs between the configurations of two tenants. It reads them through functions that
// it is given, and knows secrets by keyed hashes alone.
package comparison

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
)

// Input is what is compared.
type Input struct {
	// Kinds are names of kinds; none: all. Names are those of objects; none: all of these kinds.
	Kinds, Names []string
}

// InputError is a mistake in an Input.
type InputError struct{ Text string }

func (e *InputError) Error() string { return e.Text }

// Result is what a comparison found. Its order depends on the tenants alone.
type Result struct {
	Summary     []Summary
	Differences []Difference
	Gaps        []Gap
	// Requests are the reads of both tenants, first the first's.
	Requests [2]map[string]int
}

// Summary counts what was found of a kind.
type Summary struct {
	Kind         string `json:"kind"`
	Equal        int    `json:"equal"`
	Different    int    `json:"different"`
	OnlyInFirst  int    `json:"only_in_first"`
	OnlyInSecond int    `json:"only_in_second"`
	// Secrets are those that objects of both tenants have at the same place.
	EqualSecrets     int `json:"equal_secrets,omitempty"`
	DifferentSecrets int `json:"different_secrets,omitempty"`
}

// Difference is an object that is in one tenant alone, or not the same in both.
type Difference struct {
	Kind string `json:"kind"`
	Name string `json:"name,omitempty"`
	// In is the tenant that has it, "both" if both do.
	In     string  `json:"in"`
	Fields []Field `json:"fields,omitempty"`
	// More counts the fields that are left out.
	More int `json:"more_fields,omitempty"`
}

// Where an object is.
const (
	inFirst, inSecond, inBoth = "first", "second", "both"
)

// Field is a value that differs. A side that does not have it is absent.
type Field struct {
	Field  string          `json:"field"`
	First  json.RawMessage `json:"first,omitempty"`
	Second json.RawMessage `json:"second,omitempty"`
	// Items stands for both values of a list that has other items: "1 a, - 2 b, + 2 c".
	Items string `json:"items,omitempty"`
	// Hidden says that the values differ, and that they are shown alike because they hold secrets.
	Hidden bool `json:"hidden_values_differ,omitempty"`
}

// Kinds are the names of all kinds.
func Kinds() (names []string) {
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// choose finds the kinds that are asked for.
func choose(names []string) ([]kind, error) {
	if len(names) == 0 {
		return kinds(), nil
	}
	for _, name := range names {
		if _, ok := find(name); !ok {
			return nil, &InputError{fmt.Sprintf("kinds: there is no %q: want some of %s", name, strings.Join(Kinds(), ", "))}
		}
	}
	return slices.DeleteFunc(kinds(), func(k kind) bool { return !slices.Contains(names, k.name) }), nil
}

// Compare reads both tenants and compares them. progress hears how many kinds both have been read of. The error is an
// *[InputError], or one of a tenant's Read.
func Compare(ctx context.Context, first, second Tenant, in Input, progress func(done, of int)) (Result, error) {
	chosen, err := choose(in.Kinds)
	if err != nil {
		return Result{}, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	a, b := newSide(first, key), newSide(second, key)
	readA, readB, err := readBoth(ctx, a, b, chosen, progress)
	if err != nil {
		return Result{}, err
	}
	result := Result{Differences: []Difference{}, Gaps: []Gap{}, Requests: [2]map[string]int{a.requests, b.requests}}
	found := map[string]bool{}
	for i, k := range chosen {
		if a.lacks(k.name) || b.lacks(k.name) {
			continue
		}
		ofA, ofB := readA[i], readB[i]
		if len(in.Names) > 0 {
			ofA, ofB = called(ofA, in.Names, found), called(ofB, in.Names, found)
		}
		summary, differences, err := compareKind(k, ofA, ofB)
		if err != nil {
			return Result{}, err
		}
		result.Summary = append(result.Summary, summary)
		result.Differences = append(result.Differences, differences...)
	}
	for _, g := range append(a.gaps, b.gaps...) {
		if slices.ContainsFunc(chosen, func(k kind) bool { return k.name == g.Kind }) {
			result.Gaps = append(result.Gaps, g)
		}
	}
	for _, name := range in.Names {
		if !found[name] {
			return Result{}, &InputError{fmt.Sprintf("names: neither tenant has %q among the kinds that were compared", name)}
		}
	}
	return result, nil
}

func newSide(t Tenant, key []byte) *side {
	return &side{Tenant: t, key: key, names: map[string]string{}, lists: map[string][]object{}, requests: map[string]int{}}
}

// readBoth reads both tenants at once.
func readBoth(ctx context.Context, a, b *side, chosen []kind, progress func(done, of int)) (readA, readB [][]named,
	err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	done := 0
	all := func(s *side) (read [][]named, err error) {
		for _, k := range chosen {
			objects, err := s.comparable(ctx, k)
			if err != nil {
				cancel(err)
				return nil, err
			}
			read = append(read, objects)
			mu.Lock()
			done++
			progress(done, 2*len(chosen)) //nolint:mnd // two tenants
			mu.Unlock()
		}
		return read, nil
	}
	var errA, errB error
	var both sync.WaitGroup
	both.Go(func() { readA, errA = all(a) })
	both.Go(func() { readB, errB = all(b) })
	both.Wait()
	if errA != nil || errB != nil {
		return nil, nil, context.Cause(ctx) // the other was ended by it
	}
	return readA, readB, nil
}

// called are the objects with one of some names, of which those that were found are noted.
func called(objects []named, names []string, found map[string]bool) []named {
	return slices.DeleteFunc(slices.Clone(objects), func(o named) bool {
		has := slices.Contains(names, o.name)
		found[o.name] = found[o.name] || has
		return !has
	})
}

// compareKind compares the objects of a kind by their names. Of several with one name, those that are the same belong
// together, and then those that come first.
func compareKind(k kind, ofA, ofB []named) (Summary, []Difference, error) {
	summary := Summary{Kind: k.name}
	byA, byB := group(ofA), group(ofB)
	all := maps.Clone(byA)
	maps.Copy(all, byB)
	var found []Difference
	for _, name := range slices.Sorted(maps.Keys(all)) {
		restA, restB, equal := withoutEqual(byA[name], byB[name])
		summary.Equal += len(equal)
		for _, o := range equal {
			summary.EqualSecrets += len(hashes(o.object))
		}
		for i := range min(len(restA), len(restB)) {
			one, err := differ(k, restA[i], restB[i], &summary)
			if err != nil {
				return summary, nil, err
			}
			summary.Different++
			found = append(found, one)
		}
		shared := min(len(restA), len(restB))
		for range restA[shared:] {
			summary.OnlyInFirst++
			found = append(found, Difference{Kind: k.name, Name: name, In: inFirst})
		}
		for range restB[shared:] {
			summary.OnlyInSecond++
			found = append(found, Difference{Kind: k.name, Name: name, In: inSecond})
		}
	}
	return summary, found, nil
}

func group(objects []named) map[string][]named {
	by := map[string][]named{}
	for _, o := range objects {
		by[o.name] = append(by[o.name], o)
	}
	return by
}

func withoutEqual(a, b []named) (restA, restB, equal []named) {
	restB = slices.Clone(b)
	for _, o := range a {
		at := slices.IndexFunc(restB, func(other named) bool { return other.form == o.form })
		if at < 0 {
			restA = append(restA, o)
			continue
		}
		equal = append(equal, o)
		restB = slices.Delete(restB, at, at+1)
	}
	return restA, restB, equal
}

// differ is what differs between two objects.
func differ(k kind, a, b named, summary *Summary) (Difference, error) {
	hashesB := hashes(b.object)
	for at, hash := range hashes(a.object) {
		switch other, both := hashesB[at]; {
		case both && other == hash:
			summary.EqualSecrets++
		case both:
			summary.DifferentSecrets++
		}
	}
	change := plan.Change{Before: json.RawMessage(a.form), After: json.RawMessage(b.form)}
	differences, err := change.Differences(func(doc []byte) ([]byte, error) { return doc, nil })
	if err != nil {
		return Difference{}, err
	}
	found := Difference{Kind: k.name, Name: a.name, In: inBoth}
	for _, d := range differences {
		found.Fields = append(found.Fields, field(d))
	}
	return found, nil
}

// hashes are the hashes of an object's secrets by their places.
func hashes(o object) map[string]string {
	found := map[string]string{}
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch value := value.(type) {
		case string:
			for i, hash := range hashInText.FindAllString(value, -1) {
				found[fmt.Sprintf("%s#%d", at, i)] = hash
			}
		case object:
			for name, item := range value {
				walk(at+"/"+name, item)
			}
		case []any:
			for i, item := range value {
				walk(fmt.Sprintf("%s/%d", at, i), item)
			}
		}
	}
	walk("", o)
	return found
}
