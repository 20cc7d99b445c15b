package catalog

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Permissions are what a tool may do, as its manifest declares it and the host enforces it.
type Permissions struct {
	Effect pluginv1.Effect `json:"effect"`
	Scopes []string        `json:"scopes,omitempty"`
	// Paths are its requests; "*" alone for every path that the effect allows. An external tool has none.
	Paths []string `json:"paths,omitempty"`
	// Files are the roots below which it may write.
	Files []string `json:"files,omitempty"`
	// Reads are the files of a project that it may read, and Secrets says that it puts secrets into env files.
	Reads   []string `json:"reads,omitempty"`
	Secrets bool     `json:"secrets,omitempty"`
	// External tools work outside of the tenant, where nothing of this is enforced.
	External bool `json:"external,omitempty"`
}

// everyPath stands for a tool that declares no paths. No declared path can be the same.
const everyPath = "*"

// PermissionsOf are those of each tool of a manifest, by its name.
func PermissionsOf(m pluginv1.Manifest) map[string]Permissions {
	tools := make(map[string]Permissions, len(m.Tools))
	for _, t := range m.Tools {
		may := Permissions{Effect: t.Effect, Scopes: t.Scopes, Paths: t.Paths, Files: t.Files, Reads: t.Reads,
			Secrets: t.Secrets, External: t.External}
		if len(may.Paths) == 0 && !t.External {
			may.Paths = []string{everyPath}
		}
		tools[t.Name] = may.sorted()
	}
	return tools
}

func (p Permissions) sorted() Permissions {
	return Permissions{Effect: p.Effect, Scopes: sortedList(p.Scopes), Paths: sortedList(p.Paths),
		Files: sortedList(p.Files), Reads: sortedList(p.Reads), Secrets: p.Secrets, External: p.External}
}

// sortedList is nil for an empty list, which JSON then leaves out.
func sortedList(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// Widened lists what tools may do that before did not let them do, one line each, in the order of the tools' names.
// Line breaks and invisible characters in names are escaped.
func Widened(before, now map[string]Permissions) []string {
	var wider []string
	for _, name := range names(now) {
		is := now[name]
		was, known := before[name]
		if !known {
			wider = append(wider, fmt.Sprintf("new tool %s [%s]", quoted(name), is.Effect))
			continue
		}
		if effectRank(is.Effect) > effectRank(was.Effect) {
			wider = append(wider, fmt.Sprintf("%s: effect %s → %s", quoted(name), was.Effect, is.Effect))
		}
		for _, scope := range without(is.Scopes, was.Scopes) {
			wider = append(wider, fmt.Sprintf("%s: scope %s", quoted(name), quoted(scope)))
		}
		if !slices.Contains(was.Paths, everyPath) {
			for _, path := range without(is.Paths, was.Paths) {
				wider = append(wider, fmt.Sprintf("%s: request %s", quoted(name), quoted(path)))
			}
		}
		for _, root := range without(is.Files, was.Files) {
			wider = append(wider, fmt.Sprintf("%s: files below %s", quoted(name), quoted(root)))
		}
		for _, rule := range without(is.Reads, was.Reads) {
			wider = append(wider, fmt.Sprintf("%s: reads %s", quoted(name), quoted(rule)))
		}
		if is.Secrets && !was.Secrets {
			wider = append(wider, quoted(name)+": puts secrets into env files")
		}
		if is.External && !was.External {
			wider = append(wider, quoted(name)+": works outside of the tenant")
		}
	}
	return wider
}

// Differs names a tool whose permissions are not those of the entry, "" if there is none. An entry of version 1 of the
// format records none.
func (e LockEntry) Differs(m pluginv1.Manifest) string {
	if e.Tools == nil {
		return ""
	}
	declared := PermissionsOf(m)
	for _, name := range names(declared) {
		locked, ok := e.Tools[name]
		if !ok || !locked.sorted().equal(declared[name]) {
			return name
		}
	}
	for _, name := range names(e.Tools) {
		if _, ok := declared[name]; !ok {
			return name
		}
	}
	return ""
}

func (p Permissions) equal(other Permissions) bool {
	return p.Effect == other.Effect && slices.Equal(p.Scopes, other.Scopes) && slices.Equal(p.Paths, other.Paths) &&
		slices.Equal(p.Files, other.Files) && slices.Equal(p.Reads, other.Reads) && p.Secrets == other.Secrets &&
		p.External == other.External
}

// Platform is this system and architecture, as Go names them: "linux/amd64".
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

func isPlatform(s string) bool {
	system, architecture, ok := strings.Cut(s, "/")
	word := func(s string) bool {
		return s != "" && len(s) <= 16 && onlyBytes(s, func(c byte) bool { return isLower(c) || isDigit(c) })
	}
	return ok && word(system) && word(architecture)
}
