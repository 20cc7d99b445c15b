package clients

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// maxFileBytes bounds what is read. Claude Code keeps its history in the file of
// its servers, so that some are large.
const maxFileBytes = 16 << 20

// Target names one config file.
type Target struct {
	// Client is a client's name.
	Client string
	// Scope is one of the client's scopes, empty for the usual one.
	Scope string
	// Folder is the project's folder, for a scope that is a project's.
	Folder string
}

// Change is an edit of a client's file that has been worked out and not yet made.
type Change struct {
	Client Client
	Scope  Scope
	// Name is the entry's name.
	Name string
	// Was is what the entry of that name starts that is there already, as Entry.String has it; empty if there is none.
	Was string
	// Path is the client's file. If it is a symbolic link, the file that it leads
	// to is changed.
	Path string
	// Exists says that the file is there already.
	Exists bool
	// Before and After are the file's bytes. They may hold secrets of other
	// servers: Diff is what may be shown.
	Before, After []byte
	// Entry is what the entry says after the change, and Kept what it said before and the
	// change leaves: flags and variables, without values that may be secrets.
	Entry Entry
	Kept  []string
	// Marked says that the file began with a byte order mark, which After has not: clients
	// reject such a file.
	Marked bool
	// Backup is where Apply keeps what the file was; empty for a new file.
	Backup string
	// Repoints says that an entry of that name is made to start something else.
	Repoints bool

	diff string
	file file
	lock string
	body []byte // Before without its byte order mark
}

// NoOp reports whether the file is as it should be already.
func (c *Change) NoOp() bool { return bytes.Equal(c.Before, c.After) }

// Diff returns the change as a unified diff, empty if there is none. Values and
// comments of others, among them tokens, are written as ***.
func (c *Change) Diff() string { return c.diff }

// FileError means that a file is not as its client could have written it, or that
// there is no safe way to edit it. It was left alone.
type FileError struct {
	Path string
	// Line and Column count from 1, Column in characters.
	Line, Column int
	Problem      string
}

func (e *FileError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s; the file was left as it is: fix that place and run the command again", e.Path,
		e.Line, e.Column, e.Problem)
}

// ExistsError means that there is an entry of that name which starts another
// program, or runs with another profile.
type ExistsError struct {
	Path, Name string
	// Has and Wants say what the entry starts now and what it would start.
	Has, Wants string
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("%s has an entry %s already, which starts %s; it would start %s: pass --replace to change it",
		e.Path, e.Name, e.Has, e.Wants)
}

// file is what was found at a client's path.
type file struct {
	// target is path with symbolic links followed.
	path, target string
	exists       bool
	data         []byte
	mode         fs.FileMode
	info         fs.FileInfo
}

// readFile reads a config file. One that does not exist is no error, but a link to
// nothing is: the file that it should lead to may be on a disk that is not there.
func readFile(path string) (file, error) {
	f := file{path: path, target: path, mode: 0o600}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return f, fmt.Errorf("%s is a symbolic link to a file that does not exist: create that file, or remove the link",
				path)
		}
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("config file %s: %w", path, err)
	}
	f.target = target
	f.info, err = os.Stat(target)
	if err != nil {
		return f, fmt.Errorf("config file %s: %w", path, err)
	}
	// Opening a named pipe would hang.
	if !f.info.Mode().IsRegular() {
		return f, fmt.Errorf("%s is not a regular file (%s): move it away", path, f.info.Mode().Type())
	}
	f.exists, f.mode = true, f.info.Mode().Perm()
	in, err := os.Open(target)
	if err != nil {
		return f, fmt.Errorf("config file %s: %w", path, err)
	}
	defer in.Close()
	f.data, err = io.ReadAll(io.LimitReader(in, maxFileBytes+1))
	if err != nil {
		return f, fmt.Errorf("config file %s: %w", path, err)
	}
	if len(f.data) > maxFileBytes {
		return f, fmt.Errorf("%s is larger than %d MiB: make it smaller, or add the entry yourself", path, maxFileBytes>>20)
	}
	return f, nil
}

// Plan works out how the entry gets into the client's file, and changes nothing.
// An entry of that name is updated: its command and arguments (and its type, where
// the client wants one) are set, other keys in it, and arguments that e does not know or
// leaves, are kept. If it starts another
// program or runs with another profile, it is an *ExistsError unless replace is
// true. A file that is not understood is a *FileError.
func Plan(p Places, t Target, e Entry, replace bool) (*Change, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	c, doc, err := open(p, t, e.Name())
	if err != nil {
		return nil, err
	}
	if err := c.checkFolder(t.Folder); err != nil {
		return nil, err
	}
	if entry, ok := servers(doc.tree(), c.Client.key)[c.Name].(map[string]any); ok {
		has := readFound(entry)
		if err := c.compare(has, e, replace); err != nil {
			return nil, err
		}
		if has.isOurs() {
			e, c.Kept = e.onto(has)
		}
	}
	c.Entry = e
	fields := e.fields(c.Client.typed)
	edits, err := doc.set(c.Name, fields)
	if err != nil {
		return nil, c.fileError(err)
	}
	if err := c.finish(doc, edits, fields); err != nil {
		return c, err
	}
	return c, c.checkWritable(c.file)
}

// SetProfile works out how the entry called name gets to run with another profile, and changes nothing. It keeps its
// name, by which clients remember what a user allowed, and everything else. An entry that is not there, or is not ours,
// is an error.
func SetProfile(p Places, t Target, name, profile string) (*Change, error) {
	c, doc, err := open(p, t, name)
	if err != nil {
		return nil, err
	}
	entry, _ := servers(doc.tree(), c.Client.key)[name].(map[string]any)
	has := readFound(entry)
	if !has.isOurs() {
		return nil, fmt.Errorf("%s: the entry %s does not start %s: change it yourself", c.Path, printable(name), programName)
	}
	e := Entry{Command: has.command, Profile: profile, KeepTools: true, KeepPreset: true, KeepReadOnly: true}
	c.Entry, c.Kept = e.onto(has)
	fields := c.Entry.fields(c.Client.typed)
	edits, err := doc.set(name, fields)
	if err != nil {
		return nil, c.fileError(err)
	}
	if err := c.finish(doc, edits, fields); err != nil {
		return c, err
	}
	return c, c.checkWritable(c.file)
}

// checkWritable refuses a file whose owner keeps it from being written, although a
// file that is put in its place would not ask: it may come from a store of its own.
func (c *Change) checkWritable(f file) error {
	if c.NoOp() || !f.exists || f.mode&0o200 != 0 {
		return nil
	}
	return fmt.Errorf("%s is read-only: make it writable for its owner, or edit it where it comes from", c.Path)
}

// Remove works out how the entry called name gets out of the client's file, and
// changes nothing. If there is none, the change is a no-op; one that is neither
// called nor started like ours is an error. What held the entry
// stays, even when it is empty then: an empty list of servers says the same to
// every client, and it may have been there before.
func Remove(p Places, t Target, name string) (*Change, error) {
	c, doc, err := open(p, t, name)
	if err != nil {
		return nil, err
	}
	if entry, ok := servers(doc.tree(), c.Client.key)[name].(map[string]any); ok && !isName(name) &&
		!readFound(entry).isOurs() {
		return nil, fmt.Errorf("%s: the entry %s does not start %s: remove it yourself if it should go", c.Path,
			printable(name), programName)
	}
	edits, err := doc.remove(name)
	if err != nil {
		return nil, c.fileError(err)
	}
	return c, c.finish(doc, edits, nil)
}

// open reads and parses the target's file.
func open(p Places, t Target, name string) (*Change, document, error) {
	client, err := Find(t.Client)
	if err != nil {
		return nil, nil, err
	}
	scope, err := client.Scope(t.Scope)
	if err != nil {
		return nil, nil, err
	}
	path, err := scope.Path(p, t.Folder)
	if err != nil {
		return nil, nil, err
	}
	f, err := readFile(path)
	if err != nil {
		return nil, nil, err
	}
	c := &Change{
		Client: client, Scope: scope, Name: name, Path: path, Exists: f.exists,
		Before: f.data, After: f.data, file: f, lock: filepath.Join(p.apps(), "auth0-mcp", "clients.lock"),
	}
	if f.exists {
		c.Backup = backupPath(p, f.target)
	}
	if c.body, c.Marked, err = decodeText(path, f.data); err != nil {
		return nil, nil, err
	}
	doc, err := parse(client, c.body)
	if err == nil {
		err = doc.check(name)
	}
	if err != nil {
		return nil, nil, c.fileError(err)
	}
	return c, doc, nil
}

func (c *Change) fileError(err error) error {
	return fileError(c.Path, c.body, err)
}

func fileError(path string, body []byte, err error) error {
	position, ok := errors.AsType[*positionError](err)
	if !ok {
		return fmt.Errorf("config file %s: %w", path, err)
	}
	line, column := lineColumn(body, position.offset)
	return &FileError{Path: path, Line: line, Column: column, Problem: position.problem}
}

// checkFolder refuses a project that is not there: a misspelt folder must not be
// made, and no client would look into it.
func (c *Change) checkFolder(folder string) error {
	if c.Exists {
		return nil
	}
	if !c.Scope.Project {
		folder = filepath.Dir(c.Path)
	}
	info, err := os.Stat(folder)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is not a folder", folder)
	case errors.Is(err, fs.ErrNotExist) && c.Scope.create && !c.Scope.Project:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the folder %s does not exist: create it, or name another", folder)
	}
	return err
}

// compare refuses to change what an entry starts unless the user asked for it.
func (c *Change) compare(has found, e Entry, replace bool) error {
	if has.remote {
		return fmt.Errorf("%s: the entry %s is a server that is reached by a URL, not a program: remove it first, or "+
			"rename it", c.Path, c.Name)
	}
	old := readArgs(has.args)
	old.Command = has.command
	if c.Was = old.String(); !has.isOurs() {
		c.Was = describeOther(has.command) // the arguments of another program may hold a secret
	}
	c.Repoints = has.command != e.Command || !has.isOurs() || old.Profile != e.Profile || old.Sandbox != e.Sandbox
	if !c.Repoints || replace {
		return nil
	}
	wants := describe(e.Command, e)
	if !has.isOurs() {
		// The arguments of another program may hold a secret.
		return &ExistsError{Path: c.Path, Name: c.Name, Has: describeOther(has.command), Wants: wants}
	}
	return &ExistsError{Path: c.Path, Name: c.Name, Has: describe(has.command, old), Wants: wants}
}

func describe(command string, e Entry) string {
	switch {
	case e.Sandbox:
		return describeOther(command) + " with the sandbox"
	case e.Profile == "":
		return describeOther(command) + " with the default profile"
	}
	return describeOther(command) + " with profile " + printable(e.Profile)
}

func describeOther(command string) string {
	if command == "" {
		return "no program"
	}
	return printable(command)
}

// printable keeps a file's text from steering the terminal.
func printable(s string) string {
	if isPlain(s) {
		return s
	}
	return strconv.Quote(s)
}

// finish makes the edits and proves that they did what they should and nothing
// else: what comes out must be a document that means the same as the old one but
// for the entry.
func (c *Change) finish(doc document, edits []edit, fields []field) error {
	body := c.body
	if len(edits) == 0 {
		if fields != nil {
			c.After = body // an entry that is as it should be is of no use in a file that no client reads
		}
		return nil
	}
	showOld := true
	if entry, ok := servers(doc.tree(), c.Client.key)[c.Name].(map[string]any); ok {
		showOld = len(readArgs(readFound(entry).args).more) == 0
	}
	masked := blot(body, doc.private(c.Name, showOld))
	after := splice(body, edits)
	changed, err := parse(c.Client, after)
	if err == nil {
		err = changed.check(c.Name)
	}
	if err != nil || !c.isOnlyEntry(doc.tree(), changed.tree(), fields) {
		return fmt.Errorf("%s: the entry %s can't be edited without a change to something else; the file was left as it "+
			"is: edit it yourself", c.Path, printable(c.Name))
	}
	c.After = after
	c.diff = diffOf(c.Path, masked, blot(after, changed.private(c.Name, len(c.Entry.more) == 0)))
	return nil
}

// isOnlyEntry reports whether nothing but the entry differs between two decoded
// documents, and the entry as it should. It changes the old one.
func (c *Change) isOnlyEntry(before, after map[string]any, fields []field) bool {
	apply(before, c.Client.key, c.Name, fields)
	dropEmpty(before, c.Client.key)
	dropEmpty(after, c.Client.key)
	return equal(before, after)
}
