package diagnosis

import (
	"encoding/json"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// value reads the member at a path into a T; the zero value if there is none, or one of another kind.
func value[T any](o sdk.Object, path ...string) (v T) {
	for _, name := range path[:len(path)-1] {
		o = member(o, name)
	}
	raw, ok := o.Get(path[len(path)-1])
	if !ok || json.Unmarshal(raw, &v) != nil {
		var zero T
		return zero
	}
	return v
}

func texts(o sdk.Object, path ...string) []string { return value[[]string](o, path...) }

func isTrue(o sdk.Object, path ...string) bool { return value[bool](o, path...) }

// isFalse reports whether a member is there and false.
func isFalse(o sdk.Object, path ...string) bool {
	v := value[*bool](o, path...)
	return v != nil && !*v
}

func number(o sdk.Object, path ...string) float64 { return value[float64](o, path...) }

func has(list []string, item string) bool { return slices.Contains(list, item) }

// is is the proof that a member has a value, if it does.
func is(holds bool, name string, v any) []evidence {
	if !holds {
		return nil
	}
	return []evidence{{name, v}}
}
