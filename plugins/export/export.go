// Package export is the plugin that writes a tenant's configuration to files.
package export

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/auth0v1"
)

// root is the name of the folder that the user gives.
const root = "export"

// Plugin is the export plugin.
func Plugin() sdk.Plugin {
	return sdk.Plugin{Name: "export", Version: "0.1.0",
		Display: sdk.Display{Description: "The tenant's configuration as files, for auth0-deploy-cli or Terraform."},
		Tools: []sdk.Tool{
			sdk.NewTool("auth0_export", sdk.Write,
				"Write the tenant's configuration to files, for auth0-deploy-cli or as Terraform import blocks. Secrets become "+
					"placeholders.",
				export, sdk.OutputSchema(shape), sdk.Title("Export tenant"), sdk.Idempotent(), sdk.Files(root),
				sdk.Scopes(scopes()...),
				sdk.Paths(paths()...), sdk.Untrusted("exported", "placeholders", "not_exported")),
		}}
}

// shape is what every answer says.
const shape = `{"type":"object","properties":{` +
	`"files":{"type":"integer","description":"That are as they shall be now."},` +
	`"exported":{"type":"object","description":"Objects of each kind."},"next_step":{"type":"string"}}}`

const (
	deployCLI = "deploy-cli"
	terraform = "terraform"
)

type input struct {
	Format   string   `json:"format,omitempty" schema:"enum=deploy-cli|terraform,default=deploy-cli"`
	Kinds    []string `json:"kinds,omitempty" jsonschema:"Such as clients, actions; default: all."`
	Folder   string   `json:"folder,omitempty" jsonschema:"Below the root; default: the root."`
	MaxFiles int      `json:"max_files,omitempty" schema:"min=1,max=500,default=500" jsonschema:"Of a call; 90 can be approved at once."`
	Cursor   string   `json:"cursor,omitempty" jsonschema:"next_cursor of the call before."`
}

type answer struct {
	Format   string         `json:"format"`
	Files    int            `json:"files"`
	Exported map[string]int `json:"exported"`
	// Placeholders stand for secrets in the files.
	Placeholders []string `json:"placeholders,omitempty"`
	NotExported  []gap    `json:"not_exported"`
	NextCursor   string   `json:"next_cursor,omitempty"`
	NextStep     string   `json:"next_step"`
}

// gap is what could not be read.
type gap struct {
	Kind  string `json:"kind"`
	Why   string `json:"why"`
	Scope string `json:"scope,omitempty"`
}

// maxFiles is how many files a call writes at most, or a few more: a host lets one call make 1,000 changes.
// approvedFiles is how many can be approved at once, with those few: a plan has 100 changes.
const maxFiles, approvedFiles = 500, 90

func export(ctx context.Context, c *sdk.Call, in input) (answer, error) {
	if in.Format == "" {
		in.Format = deployCLI
	}
	chosen, err := choose(in.Kinds)
	if err != nil {
		return answer{}, err
	}
	from, err := parseCursor(in.Cursor, chosen)
	if err != nil {
		return answer{}, err
	}
	api, err := auth0v1.New(ctx, c)
	if err != nil {
		return answer{}, err
	}
	x := &exporter{api: api, call: c, folder: strings.Trim(in.Folder, "/"), maxFiles: cmp.Or(in.MaxFiles, maxFiles),
		out:          answer{Format: in.Format, Exported: map[string]int{}, NotExported: []gap{}},
		placeholders: newPlaceholders(), applications: map[string]string{}}
	if in.Format == terraform {
		err = x.imports(ctx, chosen)
	} else {
		err = x.directory(ctx, chosen, from)
	}
	if err != nil {
		return answer{}, x.partly(err)
	}
	x.out.Placeholders = x.placeholders.names()
	x.out.NextStep = x.nextStep()
	return x.out, nil
}

// exporter is one export in progress.
type exporter struct {
	api          *auth0v1.API
	call         *sdk.Call
	folder       string
	maxFiles     int
	out          answer
	placeholders placeholders
	// applications are the names of applications by their ids, as far as a name means one of them.
	applications map[string]string
}

func choose(names []string) ([]kind, error) {
	all := kinds()
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, k := range all {
		known = append(known, k.name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, sdk.InvalidArgument("kinds: there is no %q: want some of %s", name, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(k kind) bool { return !slices.Contains(names, k.name) }), nil
}

// position is where an export goes on: behind an object of a kind.
type position struct {
	kind int
	// behind is the object, as its mark; empty: at the first.
	behind string
}

// markLength is that of a mark, in characters.
const markLength = 24

// mark stands for an object in a cursor.
func (o named) mark() string {
	digest := sha256.Sum256([]byte(o.id))
	return hex.EncodeToString(digest[:])[:markLength]
}

func parseCursor(cursor string, chosen []kind) (position, error) {
	if cursor == "" {
		return position{}, nil
	}
	name, behind, ok := strings.Cut(cursor, ":")
	at := slices.IndexFunc(chosen, func(k kind) bool { return k.name == name })
	if at < 0 || !ok || behind != "" && len(behind) != markLength {
		return position{}, sdk.InvalidArgument("cursor: %q is no next_cursor of a call with these kinds", cursor)
	}
	return position{at, behind}, nil
}

// first is where among the objects of a kind an export goes on. If the object is gone that was the last, it begins
// again: files that are as they should be are left alone.
func (p position) first(objects []named) int {
	return 1 + slices.IndexFunc(objects, func(o named) bool { return o.mark() == p.behind })
}

// directory writes the layout of auth0-deploy-cli.
func (x *exporter) directory(ctx context.Context, chosen []kind, from position) error {
	for n, k := range chosen {
		if n < from.kind {
			continue
		}
		x.call.Progress(float64(n), float64(len(chosen)), "exporting "+k.name)
		objects, err := x.read(ctx, k)
		if err != nil {
			return err
		}
		stems := stemsOf(objects)
		first := 0
		if n == from.kind {
			first = from.first(objects)
		}
		for i := first; i < len(objects); i++ {
			if x.out.Files >= x.maxFiles {
				x.out.NextCursor = k.name + ":"
				if i > 0 {
					x.out.NextCursor += objects[i-1].mark()
				}
				return nil
			}
			if err := x.object(ctx, k, objects[i], stems[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// object writes the files of one object.
func (x *exporter) object(ctx context.Context, k kind, o named, stem string) error {
	keep(o.object, k.writes)
	x.hide(k, o.object, stem)
	files, err := k.files(x, ctx, o.object, stem)
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasSuffix(f.path, ".json") {
			f.content = x.placeholders.plain(f.content)
		}
		if err := x.write(ctx, f.path, f.content); err != nil {
			return err
		}
	}
	x.out.Exported[k.name]++
	return nil
}

func (x *exporter) write(ctx context.Context, path string, content []byte) error {
	if x.folder != "" {
		path = x.folder + "/" + path
	}
	if _, err := x.call.WriteFile(ctx, sdk.File{Root: root, Path: path, Content: content}); err != nil {
		return err
	}
	x.out.Files++
	return nil
}

// partly says how far an export came that ended with an error.
func (x *exporter) partly(err error) error {
	switch {
	case x.out.Files == 0:
		return err
	case x.call.DryRun() && x.out.Files >= approvedFiles:
		return sdk.Partly(fmt.Sprintf("Call with max_files %d, and again with cursor.", approvedFiles), err)
	case x.call.DryRun():
		return err
	}
	return sdk.Partly(fmt.Sprintf("%d files were written. Call again: files that are as they should be are left alone.",
		x.out.Files), err)
}

func (x *exporter) nextStep() string {
	switch {
	case x.out.NextCursor != "":
		return "Call again with cursor to export the rest."
	case x.out.Format == terraform:
		return "Run terraform plan -generate-config-out=auth0_generated.tf beside the file, then move what you need."
	case len(x.placeholders.used) > 0:
		return "Before an import by auth0-deploy-cli, give each placeholder a value in AUTH0_KEYWORD_REPLACE_MAPPINGS, or " +
			"remove the members that hold one."
	}
	return "The files can be imported by auth0-deploy-cli."
}
