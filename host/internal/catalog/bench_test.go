package catalog

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// eightKilobytes is a manifest of the size of a first-party one: five tools with
// schemas of some 700 bytes, 8 kB as indented JSON.
func eightKilobytes(name string) pluginv1.Manifest {
	var tools []pluginv1.ToolManifest
	for i := range 5 {
		var properties []string
		for j := range 4 {
			properties = append(properties, fmt.Sprintf(
				`"argument_%d":{"type":"string","description":"What the argument does, in a sentence of the usual length: %d.","maxLength":100}`, j, j))
		}
		properties = append(properties,
			`"nested":`+closed(`"alg":{"enum":["a","b"]},"n":{"anyOf":[{"type":"integer"},{"type":"null"}]}`))
		m := aTool(fmt.Sprintf("auth0_%s_%d", name, i), pluginv1.EffectWrite)
		m.Scopes, m.Paths = []string{"read:" + name}, []string{"GET /api/v2/" + name + "/{id}"}
		m.InputSchema = json.RawMessage(closed(strings.Join(properties, ",")))
		tools = append(tools, m)
	}
	return aManifest(name, tools...)
}

// Load is on the path to the answer of initialize.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	var paths []string
	for _, name := range []string{"applications", "actions", "logs", "forms", "apis"} {
		paths = append(paths, writePlugin(b, dir, name+".manifest.json", eightKilobytes(name)))
	}
	src := Sources{BundledDir: dir, UserDir: filepath.Join(dir, "none"), Bundled: lockOf(b, paths...)}
	b.ReportAllocs()
	for b.Loop() {
		c, err := Load(src)
		if err != nil || len(c.Plugins()) != 5 {
			b.Fatal(err, c.Refused())
		}
	}
}

func BenchmarkCompileSchema(b *testing.B) {
	raw := eightKilobytes("logs").Tools[0].InputSchema
	b.ReportAllocs()
	for b.Loop() {
		if _, err := newToolSchema(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckArguments(b *testing.B) {
	tool := toolWith(pluginv1.EffectWrite, clientSchema)
	raw := json.RawMessage(`{"name":"a","per_page":50,"callbacks":["https://a","https://b"],"jwt_configuration":{"alg":"RS256"},"metadata":{"k":[1,2,3]}}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := tool.check(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// The worst that fits into the limits must not hold up the host for long.
func BenchmarkCheckLargestArguments(b *testing.B) {
	tool := toolWith(pluginv1.EffectWrite, clientSchema)
	raw := json.RawMessage(`{"name":"a","items":[` + strings.Repeat("0,", 49_000) + `0]}`)
	for b.Loop() {
		if err := tool.check(raw); err == nil {
			b.Fatal("accepted")
		}
	}
}
