package pluginv1

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

const roles = `{"name":"roles","version":"0.1.0","protocols":[1],"executable":"roles","tools":[
 {"name":"auth0_list_roles","description":"List roles.","effect":"read","paths":["GET /api/v2/roles"],"inputSchema":{"type":"object"}}]}`

func TestParseManifestRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"misspelt field": `{"name":"x","path":["GET /api/v2/roles"]}`,
		"trailing data":  roles + `{}`,
		"cut short":      roles[:40],
		"wrong type":     `{"name":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			if m, err := ParseManifest([]byte(data)); err == nil {
				t.Errorf("accepted: %+v", m)
			}
		})
	}
}

func TestSameDeclaration(t *testing.T) {
	parse := func() Manifest {
		m, err := ParseManifest([]byte(roles))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	tests := map[string]struct {
		change func(*Manifest)
		want   bool
	}{
		"installed elsewhere": {func(m *Manifest) { m.Executable, m.Args = "other", []string{"roles"} }, true},
		"white space":         {func(m *Manifest) { m.Tools[0].InputSchema = []byte(`{ "type": "object" }`) }, true},
		"wider effect":        {func(m *Manifest) { m.Tools[0].Effect = EffectWrite }, false},
		"no paths":            {func(m *Manifest) { m.Tools[0].Paths = nil }, false},
		"other version":       {func(m *Manifest) { m.Version = "0.2.0" }, false},
		"other schema":        {func(m *Manifest) { m.Tools[0].InputSchema = []byte(`{}`) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, b := parse(), parse()
			tt.change(&b)
			if got := a.SameDeclaration(b); got != tt.want {
				t.Errorf("SameDeclaration = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestEncodeRoundTrips(t *testing.T) {
	m, err := ParseManifest([]byte(roles))
	if err != nil {
		t.Fatal(err)
	}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseManifest(data)
	if err != nil {
		t.Fatal(err)
	}
	if !back.SameDeclaration(m) || back.Executable != m.Executable {
		t.Errorf("round trip changed the manifest:\n%s", data)
	}
}

// The constant, the package name and the header comment of the contract must
// name the same major version, or a plugin negotiates one and speaks another.
func TestProtocolVersionIsTheContracts(t *testing.T) {
	src, err := os.ReadFile("../auth0mcp/plugin/v1/plugin.proto")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{`Major version (\d+)\.`, `package auth0mcp\.plugin\.v(\d+);`} {
		m := regexp.MustCompile(pattern).FindSubmatch(src)
		if m == nil || string(m[1]) != strconv.Itoa(ProtocolVersion) {
			t.Errorf("%s: found %q, want %d", pattern, m, ProtocolVersion)
		}
	}
}
