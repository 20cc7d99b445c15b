package clients

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Installed is an entry in a client's file that starts auth0-mcp.
type Installed struct {
	Client Client
	Scope  Scope
	// Path is the client's file, Name the entry's name in it.
	Path, Name string
	// Entry is what the entry says. Its Command may be relative.
	Entry Entry
	// Extra says that there are arguments which auth0-mcp would not have written.
	// They are not told: they may hold a secret.
	Extra bool
	// Env are the names of the variables that the entry gives to its server, sorted;
	// nil if unknown. Their values stay in the file.
	Env []string
	// Missing says that Command is an absolute path that leads to no file: the
	// client can't start it.
	Missing bool
	// Marked says that the file begins with a byte order mark, so that most clients reject it.
	Marked bool

	set map[string]string
}

// Environ is what the entry's server gets besides the variables that every client gives, as
// NAME=value; values may be secrets. getenv reads the client's own environment.
func (i Installed) Environ(getenv func(string) string) []string {
	var environ []string
	for _, name := range i.Env {
		value, set := i.set[name]
		if !set {
			value = getenv(name)
		}
		if set || value != "" {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}

// Sets is the value of a variable in the entry's env; ok is false if it sets none.
func (i Installed) Sets(name string) (value string, ok bool) {
	value, ok = i.set[name]
	return value, ok
}

// List returns the entries of ours in the files of all clients, and those in the
// project's folder if it is not empty. Files that can't be read or parsed do not
// hide the others: they make up the error, which may come with entries.
func List(p Places, folder string) ([]Installed, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var all []Installed
	var errs []error
	for _, c := range All() {
		for _, s := range c.Scopes {
			in := ""
			if s.Project {
				if in = folder; in == "" {
					continue
				}
			}
			path, err := s.Path(p, in)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			installed, err := listFile(c, s, path)
			all = append(all, installed...)
			errs = append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}

func listFile(c Client, s Scope, path string) ([]Installed, error) {
	f, err := readFile(path)
	if err != nil || !f.exists {
		return nil, err
	}
	body, marked, err := decodeText(path, f.data)
	if err != nil {
		return nil, err
	}
	doc, err := parse(c, body)
	if err == nil {
		err = doc.check("")
	}
	if err != nil {
		return nil, fileError(path, body, err)
	}
	var all []Installed
	list := servers(doc.tree(), c.key)
	for _, name := range slices.Sorted(maps.Keys(list)) {
		entry, _ := list[name].(map[string]any)
		has := readFound(entry)
		if !has.isOurs() {
			continue
		}
		e := readArgs(has.args)
		e.Command = has.command
		all = append(all, Installed{
			Client: c, Scope: s, Path: path, Name: name, Entry: e, Extra: len(e.more) > 0,
			Env: has.env, Missing: isMissing(e.Command), Marked: marked, set: has.set,
		})
	}
	return all, nil
}

func isMissing(command string) bool {
	if !filepath.IsAbs(command) {
		return false
	}
	info, err := os.Stat(command)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular()
}
