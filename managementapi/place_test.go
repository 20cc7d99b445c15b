package managementapi

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
)

// reach calls f for each place below one, with a path that leads there.
func reach(p *Place, f func(p *Place, path []string)) {
	seen := map[*Place]bool{nil: true}
	var visit func(p *Place, path []string)
	visit = func(p *Place, path []string) {
		if seen[p] {
			return
		}
		seen[p] = true
		f(p, path)
		visit(p.Item(), append(slices.Clip(path), "0"))
		visit(p.Member([]byte("none has this name")), append(slices.Clip(path), "none has this name"))
		for name, below := range p.members {
			visit(below, append(slices.Clip(path), name))
		}
	}
	visit(p, nil)
}

// The places of every operation agree with Schema.Secret, and there are not many: schemas that refer to themselves have
// a finite number.
func TestPlacesOfAllOperations(t *testing.T) {
	places, marked := 0, 0
	for o := range All() {
		for _, s := range []*Schema{o.Body, o.Answer} {
			if s == nil {
				continue
			}
			of := 0
			reach(s.Root(), func(p *Place, path []string) {
				of++
				if p.Scalar() {
					marked++
				}
				if p.Scalar() != s.Secret(path...) {
					t.Errorf("%s: place %q is marked: %v, Secret says the opposite", o.Name(), path, p.Scalar())
				}
			})
			if of > 1500 {
				t.Errorf("%s has %d places", o.Name(), of)
			}
			places += of
		}
	}
	if marked < 150 || places > 10_000 {
		t.Errorf("%d places, of which %d are marked", places, marked)
	}
}

func TestPlacesOfRecursiveSchemas(t *testing.T) {
	s, err := ParseSchema(`{a?:{...{b?!:string c?:[{key?!:string cert?:string}]}}}`)
	if err != nil {
		t.Fatal(err)
	}
	unnamed := s.Root().Member([]byte("a")).Member([]byte("x"))
	if again := s.Root().Member([]byte("a")).Member([]byte("y")); unnamed == nil || unnamed != again {
		t.Error("members that no schema names have places of their own: a document decides how many there are")
	}
	var nothing *Place
	if nothing.Member([]byte("a")) != nil || nothing.Item() != nil || nothing.Scalar() || nothing.Object() ||
		nothing.Array() {
		t.Error("the nil Place marks something")
	}
}

func TestPlacesAreSafeForConcurrentUse(t *testing.T) {
	o, _ := ByName("GET /api/v2/connections/{id}")
	s, err := ParseSchema(o.Answer.String())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	found := make([]int, 8)
	for i := range found {
		wg.Go(func() {
			reach(s.Root(), func(p *Place, _ []string) {
				if p.Scalar() {
					found[i]++
				}
			})
		})
	}
	wg.Wait()
	if slices.Min(found) == 0 || slices.Min(found) != slices.Max(found) {
		t.Error(found)
	}
}

// What is read along the places allocates nothing, once they are known.
func TestPlacesAllocateNothing(t *testing.T) {
	o, _ := ByName("GET /api/v2/clients/{id}")
	names := [][]byte{[]byte("name"), []byte("client_secret"), []byte("unknown")}
	if n := testing.AllocsPerRun(100, func() {
		for _, name := range names {
			o.Answer.Root().Member(name).Scalar()
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSecretsOfADocument(b *testing.B) {
	o, _ := ByName("GET /api/v2/clients/{id}")
	var document any
	if err := json.Unmarshal([]byte(`{"client_id":"x","client_secret":"y","name":"n","callbacks":["a","b"],
		"jwt_configuration":{"alg":"RS256"},"signing_keys":[{"cert":"c"}]}`), &document); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for range o.Answer.Secrets(document) {
			continue
		}
	}
}
