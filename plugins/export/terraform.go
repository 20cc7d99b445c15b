package export

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func all(sdk.Object) bool { return true }

// imports writes one file of Terraform's import blocks, from which terraform plan -generate-config-out makes the rest.
// It holds ids and names, no settings and no secrets. https://developer.hashicorp.com/terraform/language/import
func (x *exporter) imports(ctx context.Context, chosen []kind) error {
	var b strings.Builder
	used := map[string]bool{}
	for n, k := range chosen {
		if k.resource == "" {
			continue
		}
		x.call.Progress(float64(n), float64(len(chosen)), "listing "+k.name)
		objects, err := x.read(ctx, k)
		if err != nil {
			return err
		}
		for _, o := range blocks(k, objects) {
			name := strings.ToLower(identifier(o.name))
			if name == "" || name[0] >= '0' && name[0] <= '9' {
				name = "_" + name
			}
			address := k.resource + "." + name
			for n := 2; used[address]; n++ {
				address = k.resource + "." + name + "_" + strconv.Itoa(n)
			}
			used[address] = true
			fmt.Fprintf(&b, "import {\n  to = %s\n  id = %s\n}\n\n", address, quoted(o.id))
			x.out.Exported[k.name]++
		}
	}
	return x.write(ctx, "auth0_import.tf", []byte(strings.TrimSuffix(b.String(), "\n")))
}

// blocks are the objects of a kind as Terraform counts them: each trigger with Actions is one.
func blocks(k kind, objects []named) []named {
	if k.name != "triggers" || len(objects) == 0 {
		return objects
	}
	var bound []named
	for _, id := range slices.Sorted(maps.Keys(objects[0].object)) {
		if list, ok := objects[0].object[id].([]any); ok && len(list) > 0 {
			bound = append(bound, named{id: id, name: id})
		}
	}
	return bound
}

// quoted is a text in Terraform's language: without interpolation.
func quoted(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(s))
}
