package sdktest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Project is the project of a user for whom a tool is called.
type Project struct {
	// Files are contents by their paths below the root. The tool reads those that it declares.
	Files map[string]string
	// EnvFailure, if set, is why no env file can be written.
	EnvFailure *pluginv1.Failure
	// DryRun is as in the function of that name.
	DryRun bool
}

// CallIn is Call for a tool that reads a project, or sets variables of its env files.
func CallIn(t testing.TB, p sdk.Plugin, auth0 http.Handler, project Project, tool, arguments string) Result {
	t.Helper()
	declared := declaration(t, p, tool)
	checkArguments(t, declared, arguments)

	c := connect(t, p, declared)
	defer c.close()
	c.dryRun, c.host.project = project.DryRun, project
	return c.call(t, auth0, arguments)
}

// ReadFiles answers the files that fit what the tool declares. A folder is what its caller called it.
func (h *fakeHost) ReadFiles(_ context.Context, r *pluginv1.ReadFilesRequest) (*pluginv1.ReadFilesResponse, error) {
	found := &pluginv1.FoundFiles{Folder: strings.Trim(r.GetFolder(), "/")}
	declared := false
	for _, text := range h.tool.Reads {
		rule, err := pluginv1.ParseReadRule(text)
		if err != nil || rule.Root != r.GetRoot() {
			continue
		}
		declared = true
		for _, name := range slices.Sorted(maps.Keys(h.project.Files)) {
			below, ok := strings.CutPrefix(name, strings.TrimPrefix(found.GetFolder()+"/", "/"))
			if !ok || !matches(rule.Segments, strings.Split(below, "/")) {
				continue
			}
			found.Files = append(found.Files, &pluginv1.FoundFile{Path: below, Content: []byte(h.project.Files[name])})
		}
	}
	if r.GetCallId() != callID || !declared {
		h.t.Errorf("refused: %s declares no reads below %q", h.tool.Name, r.GetRoot())
	}
	return &pluginv1.ReadFilesResponse{Outcome: &pluginv1.ReadFilesResponse_Found{Found: found}}, nil
}

func matches(segments, names []string) bool {
	if len(segments) != len(names) {
		return false
	}
	for i, segment := range segments {
		if !pluginv1.MatchName(segment, names[i]) {
			return false
		}
	}
	return true
}

// setEnv notes an edit of an env file.
func (h *fakeHost) setEnv(r *pluginv1.WriteFileRequest) *pluginv1.WriteFileResponse {
	if failure := h.project.EnvFailure; failure != nil {
		return &pluginv1.WriteFileResponse{Outcome: &pluginv1.WriteFileResponse_Failure{Failure: failure}}
	}
	f := sdk.EnvFile{Root: r.GetRoot(), Path: r.GetPath()}
	written := &pluginv1.WrittenFile{Path: r.GetRoot() + ":" + r.GetPath()}
	for _, v := range r.GetVariables() {
		switch {
		case v.GetStored() != nil:
			if !h.tool.Secrets {
				h.t.Errorf("refused: %s does not declare that it puts secrets", h.tool.Name)
			}
			f.Variables = append(f.Variables, sdk.SetStored(v.GetName(), v.GetStored().GetPath(), v.GetStored().GetMember()))
		case v.GetRandomBytes() != 0:
			f.Variables = append(f.Variables, sdk.SetRandom(v.GetName(), v.GetRandomBytes()))
		default:
			f.Variables = append(f.Variables, sdk.SetText(v.GetName(), v.GetText()))
		}
		written.Variables = append(written.Variables, v.GetName())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.envFiles = append(h.envFiles, f)
	return &pluginv1.WriteFileResponse{Outcome: &pluginv1.WriteFileResponse_Written{Written: written}}
}

// noteMade notes the path of what a POST has made.
func (h *fakeHost) noteMade(collection string, answer []byte) {
	var made map[string]any
	if json.Unmarshal(answer, &made) != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, id := range made {
		if text, ok := id.(string); ok && (name == "id" || strings.HasSuffix(name, "_id")) {
			h.made = append(h.made, fmt.Sprintf("%s/%s", collection, url.PathEscape(text)))
		}
	}
}

// undoes reports whether a request deletes what the same call has made, which needs no declaration.
func (h *fakeHost) undoes(method string, at pluginv1.Path) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return method == http.MethodDelete && slices.Contains(h.made, at.String())
}
